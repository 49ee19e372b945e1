"""Work that takes longer than one invocation: another one goes on."""

import time
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from urllib3.exceptions import ProtocolError

import fake_registry
import oci_images
import registry_faults
import stack_requests
from cdk_lightsail_containers_handler import resources
from cdk_lightsail_containers_handler.cloudformation.hand_over import INVOKE_SECONDS, Chain
from cdk_lightsail_containers_handler.cloudformation.response import Undeliverable
from cdk_lightsail_containers_handler.errors import Unanswered
from deployment_requests import FakeLambda
from fake_registry import FakeRegistry
from image_requests import LAYERS, create, create_request, pushed, refusal
from lightsail_local.server import Fault
from oci_images import Made
from stack_requests import STACK_ID, Stack

pytestmark = pytest.mark.behaviour(missing_digest="refused")


class TestHandOver:
    """A copy that takes more time than an invocation has, here 32 seconds until its deadline."""

    @pytest.fixture(autouse=True)
    def short(self, stack: Stack, source: FakeRegistry, caplog: pytest.LogCaptureFixture) -> None:
        stack.seconds = 62
        stack.clients["lambda"] = FakeLambda()
        self.stack, self.source, self.log = stack, source, caplog

    def copied(self) -> int:
        return self.log.text.count('"blob copied"')

    def pass_time(self, seconds: float, copied: int = 0) -> fake_registry.Act:
        """Let time pass while a blob is waited for, but not before so many others are copied."""

        def act(_: object) -> None:
            for _ in range(2000):
                if self.copied() >= copied:
                    break
                time.sleep(0.01)
            self.stack.time.now += seconds

        return act

    def slow(self, *, times: int = 1) -> Made:
        """Let one layer take longer than an invocation has, and all the rest no time."""
        made = oci_images.image(*LAYERS)
        self.source.add(made, "1")
        slow = self.pass_time(40, copied=3)
        self.source.fail(f"GET .*{oci_images.digest_of(LAYERS[0])}", slow, times)
        return made

    def slow_in_the_middle(self, size: int, comes: int, seconds: float) -> Made:
        """Let so many bytes of the one layer come before so many seconds pass, each time."""
        layer = oci_images.some_bytes(size, "large")
        made = oci_images.image(layer)
        self.source.add(made, "1")
        get = f"GET .*{oci_images.digest_of(layer)}"
        for _ in range(2):
            # Who asks for the rest has read the beginning.
            self.source.fail(get, registry_faults.cut(comes))
            self.source.fail(get, self.pass_time(seconds, copied=1))
        return made

    def next(self) -> dict[str, Any]:
        """Return the one request that is handed over, and take it away."""
        (payload,) = self.stack.clients["lambda"].payloads
        assert self.stack.response.answers == []
        self.stack.clients["lambda"].payloads.clear()
        return dict(payload)

    def test_goes_on_in_the_next_invocation_and_answers_once(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        made = self.slow()
        stack.handler(create_request(stack, source), stack.context())
        handed = self.next()
        assert handed["HandOver"]["Count"] == 1

        stack.new_handler()(handed, stack.context())

        assert stack.response.answer["Data"]["ImageDigest"] == made.digest
        assert stack.response.answer["StackId"] == STACK_ID
        assert stack.images() == [":shop.web.1"]

    def test_gives_up_a_blob_that_would_pass_in_no_invocation(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        made = self.slow_in_the_middle(3_000_000, comes=1_500_000, seconds=40)
        stack.handler(create_request(stack, source), stack.context())
        handed = self.next()  # for the config was copied

        stack.new_handler()(handed, stack.context())

        (layer,) = [digest for digest, blob in made.blobs.items() if len(blob) == 3_000_000]
        text = refusal(stack.response.answer)
        assert text.startswith(
            f"blob {layer[:19]} has 3 MB, too many for the 32 s of an invocation at 0.03"
        )
        assert text.endswith("and 15 minutes, or split the layer")
        assert stack.clients["lambda"].payloads == []
        assert stack.images() == []

    def test_goes_on_with_a_blob_that_was_only_begun_late(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        made = self.slow_in_the_middle(3_000_000, comes=2_900_000, seconds=13)
        # The same happens in both invocations, but the first one copies the config.
        source.fail("GET .*/manifests/1", self.pass_time(20), times=2)
        stack.handler(create_request(stack, source), stack.context())
        stack.new_handler()(self.next(), stack.context())

        stack.new_handler()(self.next(), stack.context())

        assert stack.response.answer["Data"]["ImageDigest"] == made.digest

    def test_ends_before_cloudformation_gives_up(self, stack: Stack, source: FakeRegistry) -> None:
        self.slow()
        request = create_request(stack, source, ServiceTimeout="150")

        assert "CloudFormation waits no longer" in refusal(stack.send(request))
        assert stack.images() == []

    def test_ends_after_so_many_hand_overs(self, stack: Stack, source: FakeRegistry) -> None:
        self.slow()
        request = create_request(stack, source)
        request["HandOver"] = {"Count": 14, "Began": stack.time.now, "State": {}}

        assert "CloudFormation waits no longer" in refusal(stack.send(request))

    @pytest.mark.parametrize("kind", ["throttle", "reset_after"])
    def test_goes_on_in_the_next_invocation_when_registering_got_no_answer(
        self, stack: Stack, source: FakeRegistry, kind: Any
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        # Just before the deadline, so that there is no time to look or try again. Not sooner: the
        # connections of a push wait in real time for what is left, and the machine may be busy.
        stack.before["RegisterContainerImage"] = lambda: stack.time.sleep(31.8)
        fault = Fault(operation="RegisterContainerImage", kind=kind)
        stack.lightsail.faults.append(fault)

        stack.handler(create_request(stack, source), stack.context())
        assert fault.times == 0
        stack.new_handler()(self.next(), stack.context())

        assert stack.response.answer["Data"]["ImageDigest"] == made.digest
        assert stack.images() == [":shop.web.1"]

    def test_says_so_when_registering_got_no_answer_and_cloudformation_waits_no_longer(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        stack.lightsail.faults.append(
            Fault(operation="RegisterContainerImage", kind="throttle", times=99)
        )

        told = refusal(create(stack, source, ServiceTimeout="150"))

        assert told == (
            "container service 'shop' did not take the image while CloudFormation waited: "
            "deploy again"
        )
        assert stack.images() == []

    def test_goes_on_beside_a_service_that_is_busy_and_pushes_once_in_each_invocation(
        self, source: FakeRegistry
    ) -> None:
        with stack_requests.stack(missing_digest="refused", busy_service="refused") as stack:
            made = oci_images.image(*LAYERS)
            source.add(made, "1")
            stack.client().create_container_service(serviceName="other", power="nano", scale=1)
            stack.time.now += 3600
            stack.lightsail.behaviour.service_seconds = 400
            stack.client().update_container_service(serviceName="shop", scale=2)
            invoked = stack.clients["lambda"] = FakeLambda()
            manifests = "PutManifest"

            stack.handler(create_request(stack, source), stack.context())
            assert stack.calls("RegisterContainerImage") > 5
            assert pushed(stack).count(manifests) == 1
            (handed,) = invoked.payloads
            stack.new_handler()(handed, stack.context())

            assert stack.response.answer["Data"]["ImageDigest"] == made.digest
            assert pushed(stack).count(manifests) == 2

    def test_says_that_a_service_was_busy_until_cloudformation_waited_no_longer(
        self, source: FakeRegistry
    ) -> None:
        with stack_requests.stack(missing_digest="refused", busy_service="refused") as stack:
            source.add(oci_images.image(*LAYERS), "1")
            stack.client().create_container_service(serviceName="other", power="nano", scale=1)
            stack.time.now += 3600
            stack.lightsail.behaviour.service_seconds = 4000
            stack.client().update_container_service(serviceName="shop", scale=2)

            told = refusal(create(stack, source, ServiceTimeout="600"))

            assert "'shop' was UPDATING all the time and took no change" in told

    @pytest.mark.parametrize(
        "fault",
        [
            ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"),
            ConnectionClosedError(endpoint_url="https://lambda"),
            ProtocolError("the error's body broke off"),
        ],
    )
    def test_that_gets_no_answer_is_tried_again(
        self, stack: Stack, source: FakeRegistry, fault: Exception
    ) -> None:
        self.slow()
        stack.clients["lambda"] = FakeLambda(fault, times=1)

        stack.handler(create_request(stack, source), stack.context())

        assert self.next()["HandOver"]["Count"] == 1

    @pytest.mark.parametrize("seconds", [62, 64, 66, 69])
    def test_whose_answers_are_lost_is_not_answered_but_repeated_by_aws_lambda(
        self, stack: Stack, source: FakeRegistry, seconds: float
    ) -> None:
        made = self.slow()
        stack.seconds = seconds
        stack.clients["lambda"] = FakeLambda(
            ReadTimeoutError(endpoint_url="https://lambda"),
            wait=lambda: stack.time.sleep(INVOKE_SECONDS),
        )
        request, context = create_request(stack, source), stack.context()

        with pytest.raises(Unanswered, match="could not hand over to itself"):
            stack.handler(request, context)

        assert context.get_remaining_time_in_millis() > 4000
        assert stack.response.answers == []
        stack.new_handler()(request, stack.context())
        assert stack.response.answer["Data"]["ImageDigest"] == made.digest

    def test_that_is_refused_after_an_answer_was_lost_may_go_on_and_is_not_answered(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        self.slow()
        lost = ConnectionClosedError(endpoint_url="https://lambda")
        refused = ClientError({"Error": {"Code": "ResourceConflictException"}}, "Invoke")
        stack.clients["lambda"] = FakeLambda(refused, first=lost)

        with pytest.raises(Unanswered):
            stack.handler(create_request(stack, source), stack.context())

        assert stack.response.answers == []

    def test_that_never_reached_aws_lambda_says_so(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        self.slow()
        stack.clients["lambda"] = FakeLambda(EndpointConnectionError(endpoint_url="https://lambda"))

        told = refusal(create(stack, source))

        assert "the function could not hand over to itself (EndpointConnectionError)" in told

    def test_asks_with_a_client_that_waits_no_longer_than_it_may(self) -> None:
        config = resources.make_client("lambda").meta.config

        assert config.connect_timeout + config.read_timeout <= INVOKE_SECONDS
        assert config.retries["total_max_attempts"] == 1

    def test_goes_on_in_the_next_invocation_when_finding_the_image_took_all_the_time(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        source.fail("GET .*manifests", self.pass_time(40))

        stack.handler(create_request(stack, source), stack.context())
        stack.new_handler()(self.next(), stack.context())

        assert stack.response.answer["Data"]["ImageDigest"] == made.digest

    def test_that_is_not_allowed_says_so(self, stack: Stack, source: FakeRegistry) -> None:
        self.slow()
        denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke")
        stack.clients["lambda"] = FakeLambda(denied)

        assert "allow it lambda:InvokeFunction on itself" in refusal(create(stack, source))

    def lose_the_answer(self) -> None:
        """Let the image be registered right before the deadline, and let no answer arrive."""
        self.source.add(oci_images.image(*LAYERS), "1")
        self.stack.before["RegisterContainerImage"] = lambda: self.stack.time.sleep(31.8)
        self.stack.response.faults = [503] * 8

    def test_answers_for_an_invocation_whose_answer_was_lost_in_its_last_seconds(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        self.lose_the_answer()
        context = stack.context()

        stack.handler(create_request(stack, source), context)
        assert context.get_remaining_time_in_millis() > 4000
        stack.response.faults.clear()
        stack.new_handler()(self.next(), stack.context())

        assert stack.response.answer["PhysicalResourceId"] == ":shop.web.1"
        assert stack.images() == [":shop.web.1"]

    def test_leaves_what_was_made_to_the_next_invocation_when_the_answer_was_lost(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        self.lose_the_answer()
        stack.becomes("CREATE_IN_PROGRESS")
        stack.clients["lambda"] = FakeLambda(wait=lambda: stack.becomes("ROLLBACK_IN_PROGRESS"))

        stack.handler(create_request(stack, source), stack.context())
        assert stack.images() == [":shop.web.1"]
        stack.response.faults.clear()
        stack.new_handler()(self.next(), stack.context())

        assert "cancelled the request" in refusal(stack.response.answer)
        assert stack.images() == []

    @pytest.mark.parametrize("status", [403, 503])
    def test_is_left_to_aws_lambda_when_an_answer_was_lost_early(
        self, stack: Stack, source: FakeRegistry, status: int
    ) -> None:
        stack.seconds = 900
        self.lose_the_answer()
        stack.response.faults = [status] * 8

        with pytest.raises(Undeliverable):
            stack.handler(create_request(stack, source), stack.context())

        assert stack.clients["lambda"].payloads == []

    @pytest.mark.parametrize(
        ("error", "raised"),
        [
            (ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke"), Undeliverable),
            (ReadTimeoutError(endpoint_url="https://lambda"), Unanswered),
        ],
    )
    def test_that_fails_after_an_answer_was_lost_is_repeated_by_aws_lambda(
        self, stack: Stack, source: FakeRegistry, error: Exception, raised: type[Exception]
    ) -> None:
        self.lose_the_answer()
        stack.clients["lambda"] = FakeLambda(error)

        with pytest.raises(raised):
            stack.handler(create_request(stack, source), stack.context())

        assert stack.images() == [":shop.web.1"]

    def test_is_not_tried_without_permission_when_an_answer_was_lost(self, stack: Stack) -> None:
        stack.before["RegisterContainerImage"] = lambda: stack.time.sleep(31.8)
        stack.response.faults = [503] * 8

        with pytest.raises(Undeliverable):
            stack.handler(stack.request("Create"), stack.context())

        assert stack.clients["lambda"].payloads == []

    def test_counts_an_hour_when_no_timeout_is_given(self) -> None:
        begun = Chain.of({}, 1000.0)
        given = {"ResourceProperties": {"ServiceTimeout": "x"}}

        assert begun.is_possible(given, 1000.0, timeout=900, answered_in=2600)
        # The request may be older than the timeout of the function when it is begun.
        assert not begun.is_possible(
            {"ResourceProperties": []}, 1000.0, timeout=900, answered_in=2650
        )

    @pytest.mark.parametrize(("seconds", "invocations"), [(900, 3), (300, 11), (60, 15)])
    def test_has_as_many_invocations_as_fit_into_the_hour(
        self, seconds: float, invocations: int
    ) -> None:
        lasted, in_between = seconds - 30, 5
        possible = [
            Chain(count=count, began=0.0).is_possible(
                {}, (count + 1) * (lasted + in_between), seconds, seconds - 15
            )
            for count in range(20)
        ]

        assert possible.index(False) + 1 == invocations
