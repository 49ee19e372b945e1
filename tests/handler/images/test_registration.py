"""Images that are registered, or found again, over the wire to a local Lightsail."""

import threading

import pytest

import stack_requests
from cdk_lightsail_containers_handler.cloudformation.response import Undeliverable
from image_requests import reason
from lightsail_local.server import Fault
from stack_requests import Stack, digest

BOTH = pytest.mark.parametrize("register_again", ["new", "old"])


class TestCreate:
    def test_answers_name_digest_and_time_of_the_registered_image(self, stack: Stack) -> None:
        answer = stack.create()

        (image,) = stack.client().get_container_images(serviceName="shop")["containerImages"]
        assert answer["Status"] == "SUCCESS"
        assert answer["PhysicalResourceId"] == ":shop.web.1"
        assert answer["Data"] == {
            "ImageName": ":shop.web.1",
            "ImageDigest": digest(1),
            "CreatedAt": image["createdAt"].isoformat(),
        }

    def test_takes_an_image_that_is_registered_already(self, stack: Stack) -> None:
        stack.client().register_container_image(serviceName="shop", label="web", digest=digest(1))

        answer = stack.create()

        assert answer["PhysicalResourceId"] == ":shop.web.1"
        assert stack.calls("RegisterContainerImage") == 1

    def test_registers_a_digest_that_only_another_label_has(self, stack: Stack) -> None:
        stack.create(Label="worker")

        answer = stack.create()

        assert answer["PhysicalResourceId"] == ":shop.web.1"
        assert stack.images() == [":shop.web.1", ":shop.worker.1"]

    def test_takes_the_lowest_of_several_numbers(self) -> None:
        with stack_requests.stack(order="shuffled") as stack:
            for _ in range(4):
                stack.client().register_container_image(
                    serviceName="shop", label="web", digest=digest(1)
                )

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    def test_registers_again_what_reads_still_show_although_it_is_deleted(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.delete(name)

            answer = stack.create()

            assert answer["PhysicalResourceId"] == ":shop.web.2"
            assert stack.images() == [":shop.web.2"]


class TestTheSameRequestTwice:
    @BOTH
    def test_one_after_the_other_registers_once(self, register_again: str) -> None:
        with stack_requests.stack(register_again=register_again) as stack:
            request = stack.request("Create")

            first, second = stack.send(request), stack.send(request)

            assert first == second
            assert stack.calls("RegisterContainerImage") == 1

    @BOTH
    @pytest.mark.parametrize("stale_seconds", [0, 4])
    def test_before_reads_have_caught_up_leaves_one_image(
        self, register_again: str, stale_seconds: float
    ) -> None:
        with stack_requests.stack(
            register_again=register_again, stale_seconds=stale_seconds
        ) as stack:
            first = stack.create()
            second = stack.create()

            assert first["PhysicalResourceId"] == second["PhysicalResourceId"]
            assert stack.images() == [":shop.web.1"]

    @BOTH
    def test_at_once_leaves_one_image(self, register_again: str) -> None:
        with stack_requests.stack(register_again=register_again) as stack:
            request = stack.request("Create")
            handlers = [stack.new_handler() for _ in range(4)]
            together = threading.Barrier(len(handlers))

            def send(handler: stack_requests.Handler) -> None:
                together.wait()
                handler(request, stack.context())

            threads = [threading.Thread(target=send, args=(one,)) for one in handlers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            (kept,) = stack.images()
            assert {answer["PhysicalResourceId"] for answer in stack.response.answers} == {kept}

    def test_does_not_wait_for_reads_to_catch_up_longer_than_there_is_time(self) -> None:
        with stack_requests.stack(stale_seconds=40) as stack:
            stack.seconds = 33

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    def test_whose_second_image_cannot_be_deleted_answers_the_first(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            stack.time.now += 60
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(1)
            )
            stack.lightsail.faults.append(
                Fault(operation="DeleteContainerImage", kind="denied", times=1000)
            )

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    @BOTH
    @pytest.mark.parametrize("kind", ["reset_after", "cut"])
    def test_after_a_lost_answer_finds_what_was_registered(
        self, register_again: str, kind: str
    ) -> None:
        with stack_requests.stack(register_again=register_again) as stack:
            stack.lightsail.faults.append(Fault(operation="RegisterContainerImage", kind=kind))

            answer = stack.create()

            assert answer["PhysicalResourceId"] == ":shop.web.1"
            assert stack.images() == [":shop.web.1"]
            assert stack.calls("RegisterContainerImage") == 1

    def test_after_an_answer_lost_in_stale_reads_leaves_one_image(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            stack.lightsail.faults.append(
                Fault(operation="RegisterContainerImage", kind="reset_after")
            )

            answer = stack.create()

            assert [answer["PhysicalResourceId"]] == stack.images() == [":shop.web.1"]

    def test_after_a_crash_between_register_and_answer_registers_once(self, stack: Stack) -> None:
        stack.response.faults = [403]
        request = stack.request("Create")
        with pytest.raises(Undeliverable):
            stack.handler(request, stack.context())
        assert stack.response.answers == []

        answer = stack.send(request)

        assert answer["PhysicalResourceId"] == ":shop.web.1"
        assert stack.calls("RegisterContainerImage") == 1


class TestUpdate:
    def test_to_a_new_digest_answers_a_new_id_and_leaves_the_old_image(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]

        new = stack.update(old, Digest=digest(2))

        assert new["PhysicalResourceId"] == ":shop.web.2"
        assert new["Data"]["ImageDigest"] == digest(2)
        assert stack.images() == [":shop.web.1", ":shop.web.2"]

    def test_to_a_new_label_answers_a_new_id(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]

        assert stack.update(old, Label="worker")["PhysicalResourceId"] == ":shop.worker.1"

    def test_of_anything_else_keeps_the_id(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]

        answer = stack.update(old, RemovalPolicy="Retain", MaxVersions="9")

        assert answer["PhysicalResourceId"] == old
        assert stack.calls("RegisterContainerImage") == 1

    def test_keeps_its_own_id_among_several_of_the_same_digest(self, stack: Stack) -> None:
        for _ in range(2):
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(1)
            )

        assert stack.update(":shop.web.2")["PhysicalResourceId"] == ":shop.web.2"

    def test_that_is_rolled_back_finds_the_old_image_and_registers_nothing(
        self, stack: Stack
    ) -> None:
        old = stack.create()["PhysicalResourceId"]
        new = stack.update(old, Digest=digest(2))["PhysicalResourceId"]

        back = stack.update(new, Digest=digest(1))
        gone = stack.delete(new, Digest=digest(2))

        assert back["PhysicalResourceId"] == old
        assert gone["Status"] == "SUCCESS"
        assert stack.images() == [old]
        assert stack.calls("RegisterContainerImage") == 2

    def test_that_fails_keeps_the_id(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]

        answer = stack.update(old, Digest="no digest")

        assert "Digest must be" in reason(answer)
        assert answer["PhysicalResourceId"] == old

    def test_does_not_read_the_old_properties_which_another_release_wrote(
        self, stack: Stack
    ) -> None:
        old = stack.create()["PhysicalResourceId"]
        request = stack.request("Update", PhysicalResourceId=old, Digest=digest(2))
        request["OldResourceProperties"] = {"Something": [{"else": "entirely"}]}

        assert stack.send(request)["PhysicalResourceId"] == ":shop.web.2"


class TestBusyService:
    def test_waits_while_lightsail_takes_no_image(self) -> None:
        with stack_requests.stack(busy_service="refused", deployment_seconds=40) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.deploy(name)
            stack.time.now -= 3600
            calls = stack.calls("RegisterContainerImage")

            answer = stack.create(Digest=digest(2))

            assert answer["PhysicalResourceId"] == ":shop.web.2"
            assert stack.calls("RegisterContainerImage") > calls + 1

    def test_tries_again_when_it_is_not_busy_any_more(self, stack: Stack) -> None:
        stack.lightsail.faults.append(
            Fault(operation="RegisterContainerImage", code="InvalidInputException", times=1)
        )

        assert stack.create()["Status"] == "SUCCESS"

    def test_waits_though_reads_do_not_show_yet_that_it_is_busy(self) -> None:
        with stack_requests.stack(
            busy_service="refused", service_seconds=40, stale_seconds=4
        ) as stack:
            stack.client().update_container_service(serviceName="shop", scale=2)

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    def test_says_so_when_it_takes_too_long(self) -> None:
        with stack_requests.stack(busy_service="refused", deployment_seconds=1000) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.deploy(name)
            stack.time.now -= 3600

            assert reason(stack.create(Digest=digest(2))) == (
                "container service 'shop' was DEPLOYING all the time and took no change: "
                "deploy again when it is READY or RUNNING"
            )
