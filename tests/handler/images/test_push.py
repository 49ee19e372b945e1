"""An image carried from a registry into the local Lightsail, and registered."""

import json
import time
from collections.abc import Callable, Iterator
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
import stack_requests
from cdk_lightsail_containers_handler import main
from cdk_lightsail_containers_handler.cloudformation.hand_over import INVOKE_SECONDS, Chain
from cdk_lightsail_containers_handler.errors import Unanswered
from cdk_lightsail_containers_handler.properties.container_image import NOT_REGISTERED
from fake_registry import PASSWORD, USERNAME, FakeRegistry, status
from lightsail_local.server import Fault
from oci_images import Made
from stack_requests import STACK_ID, Stack

SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:registry-a1b2c3"
LAYERS = oci_images.layers(3, 400_000)


@pytest.fixture
def source() -> Iterator[FakeRegistry]:
    with fake_registry.fake_registry() as registry:
        yield registry


@pytest.fixture
def stack() -> Iterator[Stack]:
    with stack_requests.stack(missing_digest="refused") as given:
        yield given


def create(stack: Stack, registry: FakeRegistry, image: str = "web:1", **more: Any) -> Any:
    return stack.send(create_request(stack, registry, image, **more))


def create_request(
    stack: Stack, registry: FakeRegistry, image: str = "web:1", **more: Any
) -> dict[str, Any]:
    secret = {"CredentialsSecretArn": more.pop("secret")} if "secret" in more else {}
    source = {"Image": f"{registry.host}/{image}", **secret}
    return stack.request("Create", Digest=None, Source=source, **more)


def reason(answer: dict[str, str]) -> str:
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == NOT_REGISTERED
    assert len(answer["Reason"]) <= 240
    return answer["Reason"]


def pushed(stack: Stack) -> list[str]:
    """The requests that carried bytes into Lightsail's registry."""
    carrying = {"PutUpload", "PatchUpload", "PutManifest"}
    return [
        request.operation
        for request in stack.lightsail.registry_requests
        if request.operation in carrying
    ]


Spoil = Callable[[FakeRegistry], None]


class Secrets:
    """AWS Secrets Manager with one secret."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's
        assert SecretId == SECRET
        if self._text is None:
            error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(error, "GetSecretValue")
        return {"SecretString": self._text}


class TestDockerManifestsOnly:
    def test_an_oci_image_is_registered_with_dockers_manifest_once(
        self, source: FakeRegistry
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        with stack_requests.stack(missing_digest="refused", media_types="docker") as stack:
            first, second = create(stack, source), create(stack, source)

            assert first["Status"] == "SUCCESS", first
            digest = first["Data"]["ImageDigest"]
            assert first["Data"] == second["Data"]
            assert stack.images() == [":shop.web.1"]
            assert stack.calls("RegisterContainerImage") == 1
            manifest = stack.lightsail.images.manifest(digest)
            assert manifest is not None
            assert manifest.media_type == oci_images.DOCKER_MANIFEST
            found = {blob.digest for blob in manifest.blobs}
            assert found == made.blobs.keys()

    def test_layers_of_zstd_are_refused_with_lightsails_own_words(
        self, source: FakeRegistry
    ) -> None:
        layer_type = oci_images.OCI_LAYER.replace("gzip", "zstd")
        source.add(oci_images.image(*LAYERS, layer_type=layer_type), "1")
        with stack_requests.stack(zstd_layers=False) as stack:
            assert "layers compressed with zstd are not taken" in reason(create(stack, source))
            assert stack.images() == []


class TestDroppedPushes:
    def test_is_pushed_again_however_often_registering_has_failed_otherwise(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        stack.lightsail.faults += [
            Fault(operation="RegisterContainerImage", kind="error", times=3),
            Fault(operation="RegisterContainerImage", code="NotFoundException"),
        ]

        answer = create(stack, source)

        assert answer["Status"] == "SUCCESS", answer
        assert stack.calls("RegisterContainerImage") == 5


class TestPush:
    @pytest.mark.parametrize("docker", [False, True])
    def test_carries_an_image_and_registers_it(
        self, stack: Stack, source: FakeRegistry, docker: bool
    ) -> None:
        made = oci_images.image(*LAYERS, docker=docker)
        source.add(made, "1")

        answer = create(stack, source)

        assert answer["Status"] == "SUCCESS", answer
        assert answer["Data"]["ImageName"] == ":shop.web.1"
        assert answer["Data"]["ImageDigest"] == made.digest

    def test_takes_the_amd64_image_of_an_index(self, stack: Stack, source: FakeRegistry) -> None:
        made = oci_images.multi_arch(*LAYERS)
        source.add(made, "1")

        answer = create(stack, source)

        (amd64,) = [
            one
            for one in made.manifests
            if one.platform == platform("amd64") and not one.annotations
        ]
        assert answer["Data"]["ImageDigest"] == amd64.digest

    def test_pushes_nothing_that_is_registered(self, stack: Stack, source: FakeRegistry) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        first = create(stack, source)
        before = len(stack.lightsail.registry_requests), len(source.seen)

        again = create(stack, source)

        assert again["PhysicalResourceId"] == first["PhysicalResourceId"]
        assert len(stack.lightsail.registry_requests) == before[0]
        assert len(source.seen) - before[1] <= 3

    def test_sends_no_blob_again_for_another_label(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        create(stack, source)
        before = len(pushed(stack))

        answer = create(stack, source, Label="worker")

        assert answer["PhysicalResourceId"] == ":shop.worker.1"
        assert pushed(stack)[before:] == ["PutManifest"]

    def test_looks_a_tag_up_again_on_each_update(self, stack: Stack, source: FakeRegistry) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        first = create(stack, source)
        moved = oci_images.image(LAYERS[0])
        source.add(moved, "1")
        request = create_request(stack, source, Revision="2")
        request |= {"RequestType": "Update", "PhysicalResourceId": first["PhysicalResourceId"]}

        answer = stack.send(request)

        assert answer["PhysicalResourceId"] == ":shop.web.2"
        assert answer["Data"]["ImageDigest"] == moved.digest

    def test_checks_that_there_is_room_before_it_pushes(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        stack.lightsail.behaviour.missing_digest = "accepted"
        for number in range(150):
            stack.client().register_container_image(
                serviceName="shop", label="other", digest=f"sha256:{number:064x}"
            )

        assert "stores 150 images" in reason(create(stack, source))
        assert pushed(stack) == []

    def test_refuses_an_arm64_image_before_it_pushes(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS, platform="linux/arm64"), "1")

        text = reason(create(stack, source))

        assert "is for linux/arm64, not for linux/amd64" in text
        assert text.endswith("build it with --platform linux/amd64")
        assert pushed(stack) == []

    @pytest.mark.parametrize(
        "behaviour",
        [
            {"manifest_reads": "answered"},
            {"manifest_reads": "denied"},
            {"manifest_reads": "not_found"},
            {"blob_uploads": "monolithic"},
            {"locations": "relative"},
            {"upload_host": "other"},
            {"blob_mount": "created"},
            {"register_again": "old"},
            {"busy_service": "refused"},
            {"stale_seconds": 6},
            {"throttle_every": 3},
        ],
        ids=json.dumps,
    )
    def test_reaches_lightsail_on_both_sides_of_what_nobody_knows(
        self, source: FakeRegistry, behaviour: dict[str, Any]
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        with stack_requests.stack(missing_digest="refused", **behaviour) as stack:
            answer = create(stack, source)

            assert answer["Data"]["ImageDigest"] == made.digest
            assert stack.images() == [":shop.web.1"]

    def test_says_what_lightsails_registry_does_not_take(self, source: FakeRegistry) -> None:
        zstd = "application/vnd.oci.image.layer.v1.tar+zstd"
        source.add(oci_images.image(*LAYERS, layer_type=zstd), "1")
        with stack_requests.stack(missing_digest="refused", zstd_layers=False) as stack:
            text = reason(create(stack, source))

            assert "did not take manifest" in text
            assert "MANIFEST_INVALID" in text
            assert text.endswith("check that the registry takes such images")
            assert stack.images() == []
        with stack_requests.stack(missing_digest="refused") as stack:
            assert create(stack, source)["PhysicalResourceId"] == ":shop.web.1"

    def test_pushes_again_what_lightsail_dropped_before_it_was_registered(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        gone = Fault(operation="RegisterContainerImage", code="NotFoundException", times=2)
        stack.lightsail.faults.append(gone)

        assert create(stack, source)["PhysicalResourceId"] == ":shop.web.1"
        assert pushed(stack).count("PutManifest") == 3

    def test_says_so_when_lightsail_always_drops_it(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        gone = Fault(operation="RegisterContainerImage", code="NotFoundException", times=100)
        stack.lightsail.faults.append(gone)

        assert "Lightsail has no pushed image" in reason(create(stack, source))
        assert stack.calls("RegisterContainerImage") == 4

    def test_tells_of_each_blob(
        self, stack: Stack, source: FakeRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")

        create(stack, source)

        lines = [json.loads(record.getMessage()) for record in caplog.records]
        blobs = [line for line in lines if line["step"] == "blob copied"]
        assert [line["done"] for line in blobs] == [f"{n} of 4 blobs" for n in range(1, 5)]
        assert blobs[-1]["left"] == 0
        assert all(line["mb_per_second"] > 0 for line in blobs)


def platform(architecture: str) -> dict[str, str]:
    return {"os": "linux", "architecture": architecture}


def no_registry(source: FakeRegistry) -> None:
    source.fail("GET", status(200, {"Content-Type": "text/html"}, b"<html>Hello"), times=3)


def manifest_of_10_mb(source: FakeRegistry) -> None:
    source.fail("GET", status(200, {"Content-Type": oci_images.OCI_INDEX}, b" " * 10_000_000))


def layer_that_lies(source: FakeRegistry) -> None:
    made = oci_images.image(*LAYERS)
    manifest = made.content.replace(b'"size": 400000', b'"size": 400001', 1)
    source.add(Made(content=manifest, media_type=made.media_type, blobs=made.blobs), "1")


def artefact(source: FakeRegistry) -> None:
    source.add(oci_images.image(b"thing", layer_type="application/x-thing"), "1")


class TestBadSources:
    def test_an_image_that_is_not_there(self, stack: Stack, source: FakeRegistry) -> None:
        text = reason(create(stack, source))

        assert text.startswith(
            f"{source.host} did not give manifest 1 of web (404 MANIFEST_UNKNOWN"
        )

    def test_a_blob_that_is_not_what_its_manifest_says(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        digest = oci_images.digest_of(LAYERS[0])
        source.blobs[digest] = bytes(len(LAYERS[0]))

        assert digest in reason(create(stack, source))
        assert "PutManifest" not in pushed(stack)
        assert stack.images() == []

    @pytest.mark.parametrize(
        ("spoil", "problem", "fix"),
        [
            (no_registry, "is no JSON object, is it a registry", "name a container image"),
            (manifest_of_10_mb, "is larger than 4 MiB", "name a container image"),
            (layer_that_lies, "not 400001 as its manifest says", "push the image to its registry"),
            (artefact, "of the unknown kind 'application/x-thing'", "name a container image"),
        ],
    )
    def test_leave_nothing_behind_and_say_what_to_do(
        self, stack: Stack, source: FakeRegistry, spoil: Spoil, problem: str, fix: str
    ) -> None:
        spoil(source)

        text = reason(create(stack, source))

        assert source.host in text
        assert problem in text
        assert text.rpartition(": ")[2].startswith(fix)
        assert stack.images() == []
        operations = [request.operation for request in stack.lightsail.registry_requests]
        assert "PutManifest" not in operations
        # One whose end is held up when another layer has failed is ended once more.
        ended = {
            request.parameters["upload"]
            for request in stack.lightsail.registry_requests
            if request.operation in {"PutUpload", "DeleteUpload"}
        }
        assert operations.count("StartUpload") == len(ended)

    @pytest.mark.parametrize(
        ("source_property", "sentence"),
        [
            ({}, "Source must hold either Image, or Bucket and Key"),
            ({"Image": "Web"}, "got 'Web'"),
            ({"Image": ["web"]}, "Source.Image must be"),
            ({"Image": "web", "CredentialsSecretArn": ""}, "Source.CredentialsSecretArn must be"),
            ({"Bucket": "", "Key": "k"}, "Source.Bucket must be a string, got ''"),
            ({"Bucket": "b", "Key": 1}, "Source.Key must be a string, got 1"),
            ("web:1", "Source must be an object, got 'web:1'"),
        ],
    )
    def test_a_source_that_is_malformed(
        self, stack: Stack, source_property: object, sentence: str
    ) -> None:
        answer = stack.create(Digest=None, Source=source_property)

        assert sentence in reason(answer)

    def test_a_source_and_a_digest(self, stack: Stack, source: FakeRegistry) -> None:
        answer = stack.create(Source={"Image": "web"})

        assert "must hold either Digest or Source" in reason(answer)


class TestCredentials:
    @pytest.mark.parametrize("login", ["basic", "bearer"])
    @pytest.mark.parametrize(
        "text",
        [
            json.dumps({"username": USERNAME, "password": PASSWORD, "more": 1}),
            f"{USERNAME}:{PASSWORD}\n",
        ],
    )
    def test_come_from_the_secret(
        self, stack: Stack, source: FakeRegistry, login: Any, text: str
    ) -> None:
        source.login = login
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        stack.clients["secretsmanager"] = Secrets(text)

        assert create(stack, source, secret=SECRET)["Data"]["ImageDigest"] == made.digest

    @pytest.mark.parametrize("text", ["", "token", "[1]", '{"username": "robot"}', ":", "null"])
    def test_that_are_none_are_refused_by_name_and_not_shown(
        self, stack: Stack, source: FakeRegistry, text: str
    ) -> None:
        source.login = "basic"
        stack.clients["secretsmanager"] = Secrets(text)

        assert reason(create(stack, source, secret=SECRET)) == (
            f'the secret {SECRET} holds no credentials: make it JSON with "username" and "password"'
        )

    def test_that_may_not_be_read_say_so(self, stack: Stack, source: FakeRegistry) -> None:
        source.login = "basic"
        stack.clients["secretsmanager"] = Secrets(None)

        assert "could not be read (AccessDeniedException)" in reason(
            create(stack, source, secret=SECRET)
        )

    def test_that_are_missing_say_so(self, stack: Stack, source: FakeRegistry) -> None:
        source.login = "basic"

        assert "401" in reason(create(stack, source))

    def test_are_in_no_log_and_in_no_answer(
        self, stack: Stack, source: FakeRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        source.login = "bearer"
        source.add(oci_images.image(*LAYERS), "1")
        stack.clients["secretsmanager"] = Secrets(f"{USERNAME}:{PASSWORD}")

        create(stack, source, secret=SECRET)
        stack.clients["secretsmanager"] = Secrets(f"{USERNAME}:wrong-horse")
        create(stack, source, "web:2", secret=SECRET)

        said = caplog.text + b"".join(stack.response.bodies).decode()
        secrets = [PASSWORD, "wrong-horse", fake_registry.BASIC, "Bearer", "token-0"]
        assert not [secret for secret in secrets if secret in said]


class Lambda:
    """AWS Lambda, as a function sees it that invokes itself.

    Args:
        error: what goes wrong.
        times: how often.
        first: what goes wrong before that, once.
        wait: passes the time that each call takes.
    """

    def __init__(
        self,
        error: Exception | None = None,
        times: int = 99,
        first: Exception | None = None,
        wait: Callable[[], None] = lambda: None,
    ) -> None:
        self.payloads: list[dict[str, Any]] = []
        self._error = error
        self._times = times
        self._first = first
        self._wait = wait

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert (FunctionName.rsplit(":", maxsplit=1)[-1], InvocationType) == ("handler", "Event")
        self._wait()
        if self._first:
            self._first, first = None, self._first
            raise first
        self._times -= 1
        if self._error and self._times >= 0:
            raise self._error
        self.payloads.append(json.loads(Payload))


class TestHandOver:
    """A copy that takes more time than an invocation has, here 32 seconds until its deadline."""

    @pytest.fixture(autouse=True)
    def short(self, stack: Stack, source: FakeRegistry, caplog: pytest.LogCaptureFixture) -> None:
        stack.seconds = 62
        stack.clients["lambda"] = Lambda()
        self.stack, self.source, self.log = stack, source, caplog

    def copied(self) -> int:
        return self.log.text.count('"blob copied"')

    def pass_time(self, seconds: float, copied: int = 0) -> fake_registry.Act:
        """Have time pass while a blob is waited for, but not before so many others are copied."""

        def act(_handler: fake_registry.Handler) -> None:
            for _ in range(2000):
                if self.copied() >= copied:
                    break
                time.sleep(0.01)
            self.stack.time.now += seconds

        return act

    def slow(self, *, times: int = 1) -> Made:
        """Have one layer take longer than an invocation has, and all the rest no time."""
        made = oci_images.image(*LAYERS)
        self.source.add(made, "1")
        slow = self.pass_time(40, copied=3)
        self.source.fail(f"GET .*{oci_images.digest_of(LAYERS[0])}", slow, times)
        return made

    def slow_in_the_middle(self, size: int, comes: int, seconds: float) -> Made:
        """Have so many bytes of the one layer come before so many seconds pass, each time."""
        layer = oci_images.some_bytes(size, "large")
        made = oci_images.image(layer)
        self.source.add(made, "1")
        get = f"GET .*{oci_images.digest_of(layer)}"
        for _ in range(2):
            # Who asks for the rest has read the beginning.
            self.source.fail(get, fake_registry.cut(comes))
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
        text = reason(stack.response.answer)
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

        assert "CloudFormation waits no longer" in reason(stack.send(request))
        assert stack.images() == []

    def test_ends_after_so_many_hand_overs(self, stack: Stack, source: FakeRegistry) -> None:
        self.slow()
        request = create_request(stack, source)
        request["HandOver"] = {"Count": 14, "Began": stack.time.now, "State": {}}

        assert "CloudFormation waits no longer" in reason(stack.send(request))

    @pytest.mark.parametrize("kind", ["throttle", "reset_after"])
    def test_goes_on_in_the_next_invocation_when_registering_got_no_answer(
        self, stack: Stack, source: FakeRegistry, kind: Any
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        # Just before the deadline the push is done, and there is no time to look or try again.
        # Not sooner: its connections wait no longer than is left, and the machine may be busy.
        stack.before["PutManifest"] = lambda: stack.time.sleep(31.8)
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

        told = reason(create(stack, source, ServiceTimeout="150"))

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
            invoked = stack.clients["lambda"] = Lambda()
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

            told = reason(create(stack, source, ServiceTimeout="600"))

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
        stack.clients["lambda"] = Lambda(fault, times=1)

        stack.handler(create_request(stack, source), stack.context())

        assert self.next()["HandOver"]["Count"] == 1

    @pytest.mark.parametrize("seconds", [62, 64, 66, 69])
    def test_whose_answers_are_lost_is_not_answered_but_repeated_by_aws_lambda(
        self, stack: Stack, source: FakeRegistry, seconds: float
    ) -> None:
        made = self.slow()
        stack.seconds = seconds
        stack.clients["lambda"] = Lambda(
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
        stack.clients["lambda"] = Lambda(refused, first=lost)

        with pytest.raises(Unanswered):
            stack.handler(create_request(stack, source), stack.context())

        assert stack.response.answers == []

    def test_that_never_reached_aws_lambda_says_so(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        self.slow()
        stack.clients["lambda"] = Lambda(EndpointConnectionError(endpoint_url="https://lambda"))

        told = reason(create(stack, source))

        assert "the function could not hand over to itself (EndpointConnectionError)" in told

    def test_asks_with_a_client_that_waits_no_longer_than_it_may(self) -> None:
        config = main.make_client("lambda").meta.config

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
        stack.clients["lambda"] = Lambda(denied)

        assert "allow it lambda:InvokeFunction on itself" in reason(create(stack, source))

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
