"""One request in, exactly one answer out, with any failure in between."""

import json
import logging
import os
import threading
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from crhelper import CfnResource

import stack_requests
from cdk_lightsail_containers_handler import main
from cdk_lightsail_containers_handler.cloudformation.crhelper_guard import CrhelperGuard
from cdk_lightsail_containers_handler.cloudformation.response import Undeliverable
from cdk_lightsail_containers_handler.properties.container_image import NOT_REGISTERED
from cdk_lightsail_containers_handler.resources import delete, put
from deployment_requests import FakeLambda, deployment
from fake_time import FakeTime
from image_requests import reason
from lightsail_local.server import Fault
from patience import wait_until
from response_url import SIGNATURE
from stack_requests import Stack, digest
from world import environment

IMAGES, REGISTER = "GetContainerImages", "RegisterContainerImage"


class TestAnswer:
    def test_names_the_request_it_answers(self, stack: Stack) -> None:
        request = stack.request("Create")

        answer = stack.send(request)

        for key in ("StackId", "RequestId", "LogicalResourceId"):
            assert answer[key] == request[key]
        assert set(answer) == {
            "Status",
            "PhysicalResourceId",
            "StackId",
            "RequestId",
            "LogicalResourceId",
            "Data",
        }

    def test_carries_nothing_over_from_the_request_before(self, stack: Stack) -> None:
        stack.create()

        failed = stack.create(Label="!")
        deleted = stack.delete(NOT_REGISTERED)

        assert failed["PhysicalResourceId"] == NOT_REGISTERED
        assert "Data" not in failed
        assert deleted["Data"] == {}

    def test_of_a_failed_create_is_an_id_that_delete_knows(self, stack: Stack) -> None:
        failed = stack.create(Digest="?")

        calls = len(stack.lightsail.requests)
        answer = stack.delete(failed["PhysicalResourceId"])

        assert answer["Status"] == "SUCCESS"
        assert len(stack.lightsail.requests) == calls

    def test_of_a_delete_without_an_id_has_one(self, stack: Stack) -> None:
        assert stack.send(stack.request("Delete"))["PhysicalResourceId"] == NOT_REGISTERED

    @pytest.mark.parametrize("fault", [500, "reset"])
    def test_is_sent_again_after_a_fault(self, stack: Stack, fault: int | str) -> None:
        stack.response.faults = [fault, fault]

        assert stack.create()["Status"] == "SUCCESS"

    def test_that_is_not_taken_is_given_to_the_repetition(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.response.faults = [503] * 8
        request = stack.request("Create")

        # AWS Lambda repeats what raises.
        with (
            caplog.at_level(logging.INFO),
            pytest.raises(Undeliverable, match=r"^the answer did not reach .* \(status 503\)$"),
        ):
            stack.handler(request, stack.context())
        assert stack.response.answers == []
        assert "the answer did not reach CloudFormation (status 503)" in caplog.text

        assert stack.send(request)["PhysicalResourceId"] == ":shop.web.1"
        assert stack.calls("RegisterContainerImage") == 1


class TestMalformedRequests:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"ServiceName": None}, "ServiceName is missing from the resource properties"),
            ({"Label": "Web"}, "Label must be 1-53 lowercase letters"),
            ({"Digest": ["a"]}, "Digest must be 'sha256:'"),
            ({"MaxVersions": "many"}, "MaxVersions must be a whole number from 1 to 150"),
            ({"ResourceType": "Custom::Other"}, "does not know the resource type 'Custom::Other'"),
        ],
    )
    def test_fail_with_a_sentence_and_call_nothing(
        self, stack: Stack, changes: dict[str, Any], sentence: str
    ) -> None:
        calls = len(stack.lightsail.requests)

        answer = stack.create(**changes)

        assert sentence in reason(answer)
        assert answer["PhysicalResourceId"] == NOT_REGISTERED
        assert len(stack.lightsail.requests) == calls

    @pytest.mark.parametrize("properties", [None, [], "text", 7])
    def test_fail_when_the_properties_are_no_object(self, stack: Stack, properties: object) -> None:
        request = stack.request("Create")
        request["ResourceProperties"] = properties

        assert "resource properties must be an object" in reason(stack.send(request))

    def test_of_another_type_are_deleted_by_doing_nothing(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]

        assert stack.delete(name, ResourceType="Custom::Other")["Status"] == "SUCCESS"
        assert stack.images() == [name]

    def test_without_a_kind_are_answered(self, stack: Stack) -> None:
        request = stack.request("Create")
        del request["RequestType"]

        assert "RequestType must be Create, Update or Delete, got None" in reason(
            stack.send(request)
        )

    @pytest.mark.parametrize("kind", ["Import", "", 7])
    def test_of_another_kind_are_answered(self, stack: Stack, kind: object) -> None:
        request = stack.request("Create")
        request["RequestType"] = kind

        assert "RequestType must be Create, Update or Delete" in reason(stack.send(request))

    @pytest.mark.parametrize("event", [None, [], {}, {"RequestType": "Create"}])
    def test_that_cannot_be_answered_say_what_they_are_not(
        self, stack: Stack, event: object
    ) -> None:
        with pytest.raises(ValueError, match="not a request of CloudFormation, it has no "):
            stack.handler(event, stack.context())

        assert stack.response.bodies == []

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.170.2/answer",
            "http://127.0.0.1:80@service.internal/answer",
            "ftp://service.internal/answer",
            "service.internal",
        ],
    )
    def test_that_would_be_answered_without_tls_are_not(self, stack: Stack, url: str) -> None:
        event = {**stack.request("Create"), "ResponseURL": url}

        with pytest.raises(ValueError, match="its ResponseURL is not https") as refused:
            stack.handler(event, stack.context())

        assert "service.internal" not in str(refused.value)
        assert stack.images() == []

    def test_cannot_make_crhelper_poll(self, stack: Stack) -> None:
        request = stack.request("Create")
        request |= {"CrHelperPoll": True, "CrHelperData": {"ImageName": "x"}}

        assert stack.send(request)["Data"]["ImageName"] == ":shop.web.1"


class TestLightsailRefuses:
    @pytest.mark.parametrize(
        ("operation", "code", "message", "sentence"),
        [
            (
                REGISTER,
                "NotFoundException",
                "The image does not exist.",
                (
                    f"Lightsail has no pushed image {digest(1)} for container service 'shop': "
                    "push it again, and deploy at once"
                ),
            ),
            (
                REGISTER,
                "InvalidInputException",
                "Not a valid image.",
                (
                    "Lightsail refused RegisterContainerImage for container service 'shop': Not a "
                    "valid image: correct it and deploy again"
                ),
            ),
            (
                REGISTER,
                "UnauthenticatedException",
                "Who?",
                (
                    "Lightsail refused RegisterContainerImage for container service 'shop' with "
                    "UnauthenticatedException: Who?: fix that and deploy again"
                ),
            ),
            (
                IMAGES,
                "RegionSetupInProgressException",
                "Wait.",
                (
                    "Lightsail is still being set up in the Region of container service 'shop': "
                    "deploy again in some minutes"
                ),
            ),
        ],
    )
    def test_each_exception_is_one_sentence(
        self, stack: Stack, operation: str, code: str, message: str, sentence: str
    ) -> None:
        stack.lightsail.faults.append(
            Fault(operation=operation, code=code, message=message, times=2)
        )

        assert reason(stack.create()) == sentence

    def test_a_service_that_does_not_exist(self, stack: Stack) -> None:
        assert reason(stack.create(ServiceName="blog")) == (
            "container service 'blog' does not exist in the account and Region of the stack: "
            "create it, or correct its name"
        )

    def test_a_service_that_was_deleted_outside_of_the_stack(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]
        stack.client().delete_container_service(serviceName="shop")
        stack.time.now += 60

        assert reason(stack.update(name, Digest=digest(2))) == (
            "container service 'shop' was deleted outside of the stack: create it again with 'aws "
            "lightsail create-container-service', or let the stack make another one under a new "
            "name"
        )
        assert "does not exist" in reason(stack.update(name, ServiceName="blog"))
        assert stack.delete(name)["Status"] == "SUCCESS"

    def test_a_service_that_is_deleted_while_the_request_is_carried_out(self, stack: Stack) -> None:
        def delete() -> None:
            stack.client().delete_container_service(serviceName="shop")
            stack.time.now += 60

        stack.lightsail.faults.append(Fault(operation=REGISTER, code="InvalidInputException"))
        stack.before["GetContainerServices"] = delete

        assert "was deleted outside of the stack" in reason(stack.create())

    @pytest.mark.parametrize("code", ["", "\x1b[31mBroken", "x" * 81])
    def test_an_error_whose_name_is_none(self, stack: Stack, code: str) -> None:
        class Client:
            def get_container_images(self, **_: str) -> None:
                raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetContainerImages")

        stack.handler = main.make_handler(lambda _service: Client())

        assert reason(stack.create()) == (
            "Lightsail refused GetContainerImages for container service 'shop' with an error "
            "without a name: no: fix that and deploy again"
        )

    def test_a_digest_that_was_not_pushed(self) -> None:
        with stack_requests.stack(missing_digest="refused") as stack:
            assert digest(1) in reason(stack.create())
            assert stack.images() == []

    def test_a_long_text_of_lightsails_is_shortened_before_the_fix(self, stack: Stack) -> None:
        stack.lightsail.faults.append(
            Fault(operation=REGISTER, code="InvalidInputException", message="long " * 200, times=2)
        )

        text = reason(stack.create())

        assert len(text) == 240
        assert text.endswith("...: correct it and deploy again")

    def test_a_permission_that_has_not_arrived_yet_is_waited_for(self, stack: Stack) -> None:
        stack.lightsail.faults.append(Fault(operation=IMAGES, kind="denied", times=3))

        assert stack.create()["Status"] == "SUCCESS"

    def test_a_permission_that_is_missing(self, stack: Stack) -> None:
        stack.lightsail.faults.append(Fault(operation=REGISTER, kind="denied", times=1000))
        began = stack.time.now

        text = reason(stack.create())

        assert text == (
            "the function's role may not call lightsail:RegisterContainerImage on container "
            "service 'shop': allow it, also in the organization's policies and permissions "
            "boundaries"
        )
        assert stack.time.now - began < 30


class TestFaults:
    @pytest.mark.parametrize("operation", [IMAGES, REGISTER])
    @pytest.mark.parametrize(
        "kind",
        ["throttle", "error", "unavailable", "garbage", "reset_before", "reset_after", "cut"],
    )
    def test_are_tried_again(self, stack: Stack, operation: str, kind: str) -> None:
        stack.lightsail.faults.append(Fault(operation=operation, kind=kind, times=2))

        assert stack.create()["PhysicalResourceId"] == ":shop.web.1"
        assert stack.images() == [":shop.web.1"]
        assert stack.time.slept

    @pytest.mark.parametrize("operation", ["GetContainerServices", "DeleteContainerImage"])
    @pytest.mark.parametrize("kind", ["throttle", "error", "reset_before", "reset_after", "cut"])
    def test_are_tried_again_when_deleting(self, stack: Stack, operation: str, kind: str) -> None:
        name = stack.create()["PhysicalResourceId"]
        stack.lightsail.faults.append(Fault(operation=operation, kind=kind, times=2))

        assert stack.delete(name)["Status"] == "SUCCESS"
        assert stack.images() == []

    @pytest.mark.parametrize("operation", [IMAGES, REGISTER])
    @pytest.mark.parametrize("kind", ["throttle", "error", "reset_before"])
    def test_that_do_not_end_are_told_before_the_time_is_over(
        self, stack: Stack, operation: str, kind: str
    ) -> None:
        stack.lightsail.faults.append(Fault(operation=operation, kind=kind, times=10_000))
        began = stack.time.now

        text = reason(stack.create())

        assert f"Lightsail did not answer {operation} for container service 'shop' in time" in text
        assert stack.time.now - began < stack.seconds - 30
        assert ("fewer stacks at once" in text) == (kind == "throttle")

    def test_after_the_registration_fail_nothing(self, stack: Stack) -> None:
        request = stack.request("Create")
        original = stack.lightsail.faults
        original.append(Fault(operation=REGISTER, kind="throttle"))

        def deny_reads_once_registered() -> None:
            original.append(Fault(operation=IMAGES, kind="denied", times=10_000))

        stack.time.on_sleep = deny_reads_once_registered
        answer = stack.send(request)

        assert answer["PhysicalResourceId"] == ":shop.web.1"

    def test_of_a_service_that_throttles_every_other_call(self) -> None:
        with stack_requests.stack(throttle_every=2) as stack:
            name = stack.create(MaxVersions="1")["PhysicalResourceId"]
            stack.delete(name)

            stack.lightsail.behaviour.throttle_every = 0
            assert stack.images() == []

    def test_of_a_connection_that_hangs_are_tried_again(self, stack: Stack) -> None:
        stack.handler = stack.new_handler(read_timeout=0.2)
        stack.lightsail.faults.append(Fault(operation=IMAGES, kind="hang"))

        assert stack.create()["Status"] == "SUCCESS"

    def test_of_a_registration_that_hangs_register_once(self, stack: Stack) -> None:
        stack.handler = stack.new_handler(read_timeout=0.2)
        stack.lightsail.faults.append(Fault(operation=REGISTER, kind="hang"))

        assert stack.create()["Status"] == "SUCCESS"
        assert stack.images() == [":shop.web.1"]

    def test_of_an_endpoint_that_does_not_answer_name_the_fix(self, stack: Stack) -> None:
        stack.lightsail.stop()

        assert reason(stack.create()).endswith(
            "(EndpointConnectionError): deploy again, in a Region that has Lightsail, and in a VPC "
            "with a way to the internet"
        )

    def test_of_tls_are_tried_again_and_named(self, stack: Stack) -> None:
        stack.handler = stack.new_handler(url=stack.lightsail.url.replace("http:", "https:"))
        began = stack.time.now

        assert "(SSLError)" in reason(stack.create())
        assert stack.time.now - began > 200

    def test_of_a_call_that_cannot_be_made_are_told_at_once(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps what it found before
        stack.handler = stack.new_handler()

        assert reason(stack.create()) == (
            "GetContainerImages for container service 'shop' could not be made "
            "(NoCredentialsError): Unable to locate credentials: check the role and the "
            "environment of the function, and deploy again"
        )

    def test_are_logged_with_what_a_sentence_has_no_room_for(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.lightsail.faults.append(
            Fault(operation=IMAGES, code="ThrottlingException", message="slower, " * 100)
        )

        stack.create()

        (line,) = [
            json.loads(record.getMessage())
            for record in caplog.records
            if '"call failed"' in record.getMessage()
        ]
        assert (line["operation"], line["cause"]) == (IMAGES, "ThrottlingException")
        assert "slower, " * 100 in line["text"]
        assert line["aws_request"]

    @pytest.mark.parametrize(
        ("kind", "fix"),
        [
            ("Create", "deploy with --no-rollback to keep the log"),
            ("Update", "its log is in log group Shop-Log"),
        ],
    )
    def test_that_are_unexpected_say_what_they_are_and_how_to_get_at_the_log(
        self,
        stack: Stack,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        kind: str,
        fix: str,
    ) -> None:
        monkeypatch.setenv("AWS_LAMBDA_LOG_GROUP_NAME", "Shop-Log")

        class Client:
            def get_container_images(self, **_: str) -> None:
                raise AssertionError("no\x1b[1m list\nof https://a.b/c?sig=1")

        stack.handler = main.make_handler(lambda _service: Client())

        answer = stack.send(stack.request(kind, PhysicalResourceId=":shop.web.1"))

        assert reason(answer) == (
            f"unexpected AssertionError: no list of https://a.b/c?***: report it, {fix}"
        )
        assert "Traceback" in caplog.text
        assert "sig=1" not in caplog.text

    def test_that_are_unexpected_and_say_nothing_are_named(self, stack: Stack) -> None:
        class Client:
            def get_container_images(self, **_: str) -> None:
                raise AssertionError

        stack.handler = main.make_handler(lambda _service: Client())

        assert reason(stack.create()).startswith("unexpected AssertionError: report it, ")


def test_what_crhelper_fails_at_is_answered(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no log")

    monkeypatch.setattr("crhelper.log_helper.setup", fail)

    assert reason(stack.create()) == "unexpected error: no log: deploy again"


class TestDeadline:
    class Context(environment.Context):
        """An invocation that is nearly over when its timer is set."""

        def __init__(self, *seconds: float) -> None:
            super().__init__(FakeTime(), 0)
            self._left = list(seconds)

        def get_remaining_time_in_millis(self) -> int:
            left = self._left.pop(0) if len(self._left) > 1 else self._left[0]
            return int(left * 1000)

    def test_is_answered_before_it_even_when_lightsail_hangs(self, stack: Stack) -> None:
        stack.before[IMAGES] = lambda: wait_until(lambda: bool(stack.response.taken))

        stack.handler(stack.request("Create"), self.Context(100, 15.2))

        assert reason(stack.response.answer) == (
            "the function's time was over before Lightsail answered: deploy again"
        )
        assert stack.response.answer["PhysicalResourceId"] == NOT_REGISTERED

    def test_is_answered_before_it_with_the_id_that_the_resource_has(self, stack: Stack) -> None:
        stack.before[IMAGES] = lambda: wait_until(lambda: bool(stack.response.taken))
        request = stack.request("Update", PhysicalResourceId=":shop.web.1")

        stack.handler(request, self.Context(100, 15.2))

        assert stack.response.answer["PhysicalResourceId"] == ":shop.web.1"

    def test_leaves_an_answer_that_is_lost_to_another_invocation(self, stack: Stack) -> None:
        stack.response.faults = [503] * 8
        others = stack.clients["lambda"] = FakeLambda()
        stack.before["GetContainerServiceDeployments"] = lambda: wait_until(
            lambda: bool(others.payloads)
        )

        stack.handler(deployment("Create", stack), self.Context(100, 15.2))

        assert stack.response.answers == []
        (handed,) = others.payloads
        stack.response.faults.clear()
        assert stack.send(handed)["Status"] == "SUCCESS"

    def test_of_a_request_that_is_answered_answers_nothing(
        self, stack: Stack, fire_timer: Callable[[], None]
    ) -> None:
        stack.create()

        fire_timer()

        assert len(stack.response.taken) == 1

    def test_that_comes_while_the_answer_is_sent_answers_nothing_and_the_image_stays(
        self, stack: Stack, fire_timer: Callable[[], None]
    ) -> None:
        timer = threading.Thread(target=fire_timer)
        stack.response.on_answer = timer.start

        answer = stack.create()

        timer.join()
        assert answer["Status"] == "SUCCESS"
        assert len(stack.response.taken) == 1
        assert stack.lightsail.requests.count("DeleteContainerImage") == 0

    def test_leaves_no_time_for_a_call(self, stack: Stack) -> None:
        stack.seconds = 29
        calls = len(stack.lightsail.requests)

        assert "(no time was left)" in reason(stack.create())
        assert len(stack.lightsail.requests) == calls

    def test_leaves_no_timer_behind(self, stack: Stack) -> None:
        stack.create()

        timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
        assert all(timer.finished.is_set() for timer in timers)


class TestLog:
    def test_has_one_line_of_json_for_each_step_with_the_ids_of_the_request(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        request = stack.request("Create")

        stack.send(request)

        lines = [
            json.loads(record.getMessage())
            for record in caplog.records
            if record.name.startswith("cdk_lightsail_containers_handler")
        ]
        assert [line["step"] for line in lines] == ["began", "registered", "answered"]
        assert lines[1]["image"] == ":shop.web.1"
        for line in lines:
            assert line["request"] == request["RequestId"]
            assert line["stack"] == "Shop"
            assert line["resource"] == "Image"
            assert line["ms"] >= 0

    def test_never_holds_the_signed_url(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.response.faults = [500, "reset"]

        with caplog.at_level(logging.INFO):
            name = stack.create()["PhysicalResourceId"]
            stack.create(Label="?")
            stack.delete(name)
            stack.response.faults = [403]
            with pytest.raises(Undeliverable):
                stack.handler(stack.request("Create"), stack.context())

        assert len(caplog.records) > 8
        assert SIGNATURE not in caplog.text
        assert stack.response.url not in caplog.text

    def test_shows_no_traceback_of_what_the_user_can_fix(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.create(Label="?")

        assert "Traceback" not in caplog.text


class TestColdStart:
    def test_makes_none_of_the_clients_for_polling(self) -> None:
        resource = CrhelperGuard(put, delete)

        clients = {"_lambda_client", "_events_client", "_logs_client"}
        assert not clients & set(vars(resource))
        assert "AWS_SAM_LOCAL" not in os.environ

    def test_crhelper_would_make_them(self) -> None:
        assert "_events_client" in vars(CfnResource())
