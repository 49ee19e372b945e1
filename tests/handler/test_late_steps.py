"""A step that fails for want of time only: the next invocation goes on, as far as there is one."""

from collections.abc import Iterator
from typing import Any

import pytest

import oci_images
import signed_images
import stack_requests
from deployment_requests import FakeLambda, FakeSecrets, deployment
from fake_kms import KEY, FakeKms
from fake_registry import PASSWORD, USERNAME, FakeRegistry
from lightsail_local.server import Fault
from stack_requests import Stack

MADE = oci_images.image(*oci_images.layers(2, 3000))
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:registry-a1b2c3"
OTHER_SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:other-a1b2c3"
# An invocation has 32 s for its calls here, and what comes late has less than half of them.
SECONDS = 62
LATE = 20

pytestmark = pytest.mark.behaviour(missing_digest="refused")


@pytest.fixture
def source(source: FakeRegistry) -> FakeRegistry:
    source.add(MADE, "1")
    return source


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.clients["lambda"] = FakeLambda()
    stack.seconds = SECONDS
    return stack


@pytest.fixture
def kms() -> Iterator[FakeKms]:
    with FakeKms(keys={KEY: signed_images.public_key("deploy")}).served() as given:
        yield given


class LateSecrets(FakeSecrets):
    """AWS Secrets Manager, with two secrets: one takes its time, then the other is throttled."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(**{SECRET: "hunter22", OTHER_SECRET: "hunter23"})
        self._time = stack.time
        self.is_late = True

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        if self.is_late and SecretId == OTHER_SECRET:
            self.refusals.append("ThrottlingException")
        elif self.is_late:
            self._time.now += LATE
        return super().get_secret_value(SecretId)


def pushed(stack: Stack, source: FakeRegistry, **more: Any) -> dict[str, Any]:
    """A request for an image of a registry, given in CloudFormation's words."""
    secret = {"CredentialsSecretArn": more.pop("secret")} if "secret" in more else {}
    image = {"Image": f"{source.host}/web:1", **secret}
    return stack.request("Create", Digest=None, Source=image, **more)


def comes_late(stack: Stack, source: FakeRegistry, seconds: float = LATE) -> None:
    """Let the source take its time, once."""

    def act(_: object) -> None:
        stack.time.now += seconds

    source.fail("GET .*manifests/1", act)


def throttle(stack: Stack, operation: str) -> None:
    stack.lightsail.faults.append(Fault(operation=operation, kind="throttle", times=99))


def handed_over(stack: Stack, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request that one invocation does not carry out, and return what is left of it."""
    stack.handler(request, stack.context())
    assert stack.response.answers == []
    (handed,) = stack.clients["lambda"].payloads
    stack.clients["lambda"].payloads.clear()
    return dict(handed)


def refusal(stack: Stack, request: dict[str, Any]) -> str:
    """Send a request that fails in its first invocation, and return the reason."""
    answer = stack.send(request)
    assert answer["Status"] == "FAILED", answer
    assert stack.clients["lambda"].payloads == []
    return str(answer["Reason"])


class TestOfAPush:
    def test_the_check_of_a_signature(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-3"))
        stack.urls["kms"] = kms.url
        comes_late(stack, source)
        kms.errors += [(500, "KMSInternalException")] * 99

        handed = handed_over(stack, pushed(stack, source, SignedBy=KEY))
        kms.errors.clear()

        assert stack.send(handed)["Status"] == "SUCCESS"

    def test_the_check_of_a_signature_that_had_its_time_fails(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-3"))
        stack.urls["kms"] = kms.url
        kms.errors += [(500, "KMSInternalException")] * 99

        assert f"key {KEY} could not verify the signature" in refusal(
            stack, pushed(stack, source, SignedBy=KEY)
        )

    def test_the_reading_of_a_login(self, stack: Stack, source: FakeRegistry) -> None:
        source.login = "basic"
        secrets = FakeSecrets(**{SECRET: f"{USERNAME}:{PASSWORD}"})
        secrets.refusals += ["ThrottlingException"] * 99
        stack.clients["secretsmanager"] = secrets
        comes_late(stack, source)

        handed = handed_over(stack, pushed(stack, source, secret=SECRET))
        secrets.refusals.clear()

        assert stack.send(handed)["Data"]["ImageDigest"] == MADE.digest

    def test_the_look_for_the_image(self, stack: Stack, source: FakeRegistry) -> None:
        comes_late(stack, source)
        throttle(stack, "GetContainerImages")

        handed = handed_over(stack, pushed(stack, source))
        stack.lightsail.faults.clear()

        assert stack.send(handed)["Data"]["ImageDigest"] == MADE.digest

    def test_the_look_for_the_image_that_had_its_time_fails(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        throttle(stack, "GetContainerImages")

        assert "did not answer GetContainerImages" in refusal(stack, pushed(stack, source))

    def test_the_second_look_at_a_service_that_is_full(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        stack.lightsail.behaviour.stored_images = 150
        stack.lightsail.behaviour.missing_digest = "accepted"
        for number in range(150):
            stack.client().register_container_image(
                serviceName="shop", label="other", digest=stack_requests.digest(1000 + number)
            )
        stack.before["GetContainerImages"] = lambda: stack.time.sleep(28)

        handed = handed_over(stack, pushed(stack, source))
        stack.client().delete_container_image(serviceName="shop", image=":shop.other.1")

        assert stack.send(handed)["Data"]["ImageDigest"] == MADE.digest

    def test_another_push_of_what_lightsail_has_dropped(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        stack.before["RegisterContainerImage"] = lambda: stack.time.sleep(32)
        stack.lightsail.faults.append(
            Fault(operation="RegisterContainerImage", code="NotFoundException")
        )

        handed = handed_over(stack, pushed(stack, source))

        assert stack.send(handed)["Data"]["ImageDigest"] == MADE.digest

    def test_the_deletion_in_a_service_that_is_busy(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        request = pushed(stack, source)
        name = stack.send(request)["PhysicalResourceId"]
        stack.response.taken.clear()
        stack.lightsail.behaviour.busy_service = "refused"
        stack.lightsail.behaviour.service_seconds = 40
        stack.client().update_container_service(serviceName="shop", scale=2)
        request = {**request, "RequestType": "Delete", "PhysicalResourceId": name}

        handed = handed_over(stack, request)
        assert stack.send(handed)["Status"] == "SUCCESS"

        assert stack.images() == []

    def test_the_deletion_of_what_was_not_pushed_fails(self, stack: Stack) -> None:
        """To register alone the function may not invoke itself."""
        stack.lightsail.behaviour.missing_digest = "accepted"
        name = stack.create()["PhysicalResourceId"]
        stack.lightsail.behaviour.busy_service = "refused"
        stack.lightsail.behaviour.service_seconds = 60
        stack.client().update_container_service(serviceName="shop", scale=2)

        assert "took no change" in refusal(stack, stack.request("Delete", PhysicalResourceId=name))


class TestOfADeployment:
    def test_the_reading_of_a_secret(self, stack: Stack) -> None:
        secrets = stack.clients["secretsmanager"] = LateSecrets(stack)
        both = {"A": {"SecretArn": SECRET}, "B": {"SecretArn": OTHER_SECRET}}

        handed = handed_over(stack, deployment("Create", stack, Secrets=both))
        secrets.is_late = False

        assert stack.send(handed)["Data"]["DeploymentVersion"] == "1"

    def test_the_first_look_at_the_deployments(self, stack: Stack) -> None:
        stack.clients["secretsmanager"] = LateSecrets(stack)
        throttle(stack, "GetContainerServiceDeployments")
        request = deployment("Create", stack, Secrets={"A": {"SecretArn": SECRET}})

        handed = handed_over(stack, request)
        stack.lightsail.faults.clear()

        assert stack.send(handed)["Data"]["DeploymentVersion"] == "1"
