"""Answers of AWS that are cut off or not JSON, as bytes on the wire."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
)
from urllib3.exceptions import ProtocolError

from cdk_lightsail_containers_handler import resources
from cdk_lightsail_containers_handler.aws.whole_answers import whole_answers
from deployment_requests import deployment
from lightsail_local.server import Fault
from lightsail_local.wire.http_server import Connection, LoopbackServer
from stack_requests import Stack

IMAGES = json.dumps({"containerImages": [{"image": ":shop.web.1", "digest": "sha256:0"}]}).encode()
REFUSAL = json.dumps({"__type": "InvalidInputException", "message": "no such label"}).encode()
XML_REFUSAL = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"


class Aws:
    """A service that answers with bytes as they stand, and then ends the connection."""

    def __init__(self) -> None:
        self.server = LoopbackServer(0, self.respond)
        self.answer = b""
        self.count = 0

    def respond(self, connection: Connection) -> None:
        for _ in connection.body:
            pass
        self.count += 1
        connection.close_connection = True
        connection.wfile.write(self.answer)

    def says(self, body: bytes, *headers: str, status: str = "200 OK") -> None:
        self.answer = "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body

    def client(self, service: str = "lightsail") -> Any:
        url = f"http://{self.server.host}"
        return whole_answers(boto3.client)(
            service, endpoint_url=url, config=resources.CLIENT_CONFIG
        )

    def images(self) -> list[str]:
        answer = self.client().get_container_images(serviceName="shop")
        return [image["image"] for image in answer["containerImages"]]


@pytest.fixture
def aws() -> Iterator[Aws]:
    given = Aws()
    yield given
    given.server.close()


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


class TestThatAreCutOff:
    @pytest.mark.parametrize("comes", [0, 1, len(IMAGES) // 2, len(IMAGES) - 1])
    @pytest.mark.parametrize("said", [length(IMAGES), f"content-length:{len(IMAGES)}"])
    def test_are_connections_that_closed(self, aws: Aws, said: str, comes: int) -> None:
        aws.says(IMAGES[:comes], said)

        with pytest.raises(ConnectionClosedError):
            aws.images()

    def test_are_noticed_when_the_rest_is_json_by_itself(self, aws: Aws) -> None:
        body = b"{}" + b" " * 100
        aws.says(body[:2], length(body))

        with pytest.raises(ConnectionClosedError):
            aws.images()

    @pytest.mark.parametrize("status", ["400 Bad Request", "500 Internal Server Error"])
    def test_are_no_refusal(self, aws: Aws, status: str) -> None:
        aws.says(REFUSAL[:30], length(REFUSAL), status=status)

        with pytest.raises(ConnectionClosedError):
            aws.images()

    def test_are_no_refusal_of_amazon_s3(self, aws: Aws) -> None:
        aws.says(XML_REFUSAL[:20], length(XML_REFUSAL), status="403 Forbidden")

        # The first is what botocore before 1.43.115 lets through of an operation that streams.
        with pytest.raises((ProtocolError, ConnectionClosedError)):
            aws.client("s3").get_object(Bucket="assets", Key="image.tar")

    def test_are_noticed_in_the_other_protocols_too(self, aws: Aws) -> None:
        body = b"<DescribeStacksResponse><DescribeStacksResult/></DescribeStacksResponse>"
        aws.says(body, length(body + b"\n"))

        with pytest.raises(ConnectionClosedError):
            aws.client("cloudformation").describe_stacks(StackName="Shop")

    def test_are_noticed_where_urllib3_does_not_count(self, aws: Aws) -> None:
        # As since botocore 1.43.115: what has come is taken, with the length that was announced.
        client = aws.client()
        raw = SimpleNamespace(stream=lambda: iter([IMAGES[:30]]))
        answer = AWSResponse("http://127.0.0.1", 200, {"Content-Length": str(len(IMAGES))}, raw)
        client.meta.events.register("before-send", lambda **_: answer)

        with pytest.raises(ConnectionClosedError):
            client.get_container_images(serviceName="shop")

    def test_are_noticed_by_who_reads_a_stream(self, aws: Aws) -> None:
        aws.says(b"a part", "Content-Length: 100")
        body = aws.client("s3").get_object(Bucket="assets", Key="image.tar")["Body"]

        with pytest.raises(BotoCoreError):
            body.read()

    @pytest.mark.parametrize("rest", [b"", b"5", b"5\r\nab"])
    def test_are_noticed_between_and_in_chunks(self, aws: Aws, rest: bytes) -> None:
        chunk = b"%x\r\n%s\r\n" % (len(IMAGES), IMAGES)
        aws.says(chunk + rest, "Transfer-Encoding: chunked")

        with pytest.raises(HTTPClientError):
            aws.images()

    @pytest.mark.parametrize("comes", range(0, len(IMAGES), 7))
    def test_are_noticed_without_a_length(self, aws: Aws, comes: int) -> None:
        aws.says(IMAGES[:comes])

        with pytest.raises(ValueError, match=r"char \d+"):
            aws.images()


class TestThatAreNotJson:
    @pytest.mark.parametrize(
        "body",
        [b"<html>busy</html>", b"", b" ", b"\x00", b"\xff", b"\xef\xbb\xbf" + IMAGES, IMAGES * 2],
    )
    def test_are_not_taken_for_an_empty_list(self, aws: Aws, body: bytes) -> None:
        aws.says(body, length(body))

        with pytest.raises(ValueError, match=r"char \d+|can't decode|BOM"):
            aws.images()

    @pytest.mark.parametrize("body", [b"[]", b"null", b"5", b'"text"'])
    def test_are_no_object_either(self, aws: Aws, body: bytes) -> None:
        aws.says(body, length(body))

        with pytest.raises((AttributeError, TypeError)):
            aws.images()

    def test_are_the_error_that_their_status_says(self, aws: Aws) -> None:
        page = b"<html>busy</html>"
        aws.says(page, length(page), status="503 Service Unavailable")

        with pytest.raises(ClientError, match="503"):
            aws.images()


class TestThatAreWhole:
    @pytest.mark.parametrize(
        "headers",
        [
            (length(IMAGES),),
            (length(IMAGES), length(IMAGES)),
            (f"{length(IMAGES)}, {len(IMAGES)}",),
            ("Content-Length: many",),
            ("Content-Length: -5",),
            ("Content-Length: " + "9" * 5000,),
            (),
        ],
    )
    def test_are_taken_with_and_without_a_length(self, aws: Aws, headers: tuple[str]) -> None:
        aws.says(IMAGES, *headers)

        assert aws.images() == [":shop.web.1"]

    @pytest.mark.parametrize("coding", ["chunked", "Chunked"])
    @pytest.mark.parametrize("headers", [(), ("Content-Length: 5000",)])
    def test_are_taken_in_chunks(self, aws: Aws, coding: str, headers: tuple[str]) -> None:
        pieces = (IMAGES[:10], IMAGES[10:], b"")
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        aws.says(chunks, f"Transfer-Encoding: {coding}", *headers)

        assert aws.images() == [":shop.web.1"]

    def test_are_taken_when_their_bytes_are_coded(self, aws: Aws) -> None:
        # botocore decodes nothing, so the length is that of what has come.
        aws.says(IMAGES, length(IMAGES), "Content-Encoding: identity")

        assert aws.images() == [":shop.web.1"]

    def test_of_two_lengths_are_refused_as_before(self, aws: Aws) -> None:
        aws.says(IMAGES, length(IMAGES), "Content-Length: 5")

        with pytest.raises(HTTPClientError):
            aws.images()

    @pytest.mark.parametrize("body", [b"", b"{}"])
    def test_of_an_operation_that_returns_nothing_may_be_empty(self, aws: Aws, body: bytes) -> None:
        aws.says(body, length(body))

        aws.client().delete_container_image(serviceName="shop", image=":shop.web.1")
        aws.client("secretsmanager").untag_resource(SecretId="db", TagKeys=["a"])

    def test_of_a_head_have_a_length_without_a_body(self, aws: Aws) -> None:
        aws.says(b"", "Content-Length: 1000")

        assert aws.client("s3").head_object(Bucket="a", Key="b")["ContentLength"] == 1000

    @pytest.mark.parametrize(
        ("status", "act"),
        [
            ("204 No Content", lambda s3: s3.delete_object(Bucket="assets", Key="image.tar")),
            ("304 Not Modified", lambda s3: refusal(s3.get_object)),
        ],
    )
    def test_of_a_status_without_a_body_may_have_a_length(
        self, aws: Aws, status: str, act: Callable[[Any], Any]
    ) -> None:
        aws.says(b"", "Content-Length: 1000", status=status)

        assert act(aws.client("s3"))

    def test_that_refuse_are_told_as_they_stand(self, aws: Aws) -> None:
        aws.says(REFUSAL, length(REFUSAL), status="400 Bad Request")

        with pytest.raises(ClientError, match=r"InvalidInputException.*no such label"):
            aws.images()


def refusal(get_object: Callable[..., Any]) -> str:
    """Return what is raised for an object that has not changed."""
    with pytest.raises(ClientError) as raised:
        get_object(Bucket="assets", Key="image.tar", IfNoneMatch='"1"')
    return str(raised.value)


class TestOfTheHandler:
    @pytest.mark.parametrize("kind", ["cut", "garbage"])
    def test_do_not_deploy_again_what_is_deployed(self, stack: Stack, kind: Any) -> None:
        stack.send(deployment("Create", stack))
        operation = "GetContainerServiceDeployments"
        stack.lightsail.faults.append(Fault(operation=operation, kind=kind, times=2))

        again = stack.send(deployment("Update", stack))

        assert again["Data"]["DeploymentVersion"] == "1"
        assert stack.calls("CreateContainerServiceDeployment") == 1

    @pytest.mark.parametrize("kind", ["cut", "garbage"])
    def test_do_not_register_again_what_is_registered(self, stack: Stack, kind: Any) -> None:
        stack.create()
        stack.lightsail.faults.append(Fault(operation="GetContainerImages", kind=kind))

        assert stack.create()["PhysicalResourceId"] == ":shop.web.1"
        assert stack.calls("RegisterContainerImage") == 1


class TestOneAttempt:
    """The default mode of botocore's own attempts is `standard` since 1.44.0, before `legacy`."""

    @pytest.mark.parametrize("mode", ["", "legacy", "standard", "adaptive"])
    @pytest.mark.parametrize(
        ("status", "body"),
        [
            ("500 Internal Server Error", b"{}"),
            ("503 Service Unavailable", b"busy"),
            ("400 Bad Request", b'{"__type": "ThrottlingException"}'),
            ("200 OK", b"not JSON"),
        ],
    )
    def test_stays_one_in_every_mode(
        self, aws: Aws, monkeypatch: pytest.MonkeyPatch, mode: str, status: str, body: bytes
    ) -> None:
        if mode:
            monkeypatch.setenv("AWS_RETRY_MODE", mode)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{aws.server.host}")
        aws.says(body, length(body), status=status)

        with pytest.raises((ClientError, ValueError)):
            whole_answers(resources.make_client)("lightsail").get_container_images(
                serviceName="shop"
            )

        assert aws.count == 1

    def test_stays_one_when_nothing_is_answered(
        self, aws: Aws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{aws.server.host}")

        with pytest.raises(ConnectionClosedError):
            resources.make_client("lightsail").get_container_images(serviceName="shop")

        assert aws.count == 1


class Recorder:
    """A client before which another object stands, as programs do to record its calls."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


class Anything:
    """An object that has every attribute, and is no client."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda **_: None


@pytest.mark.parametrize("made", [SimpleNamespace(), SimpleNamespace(meta=None), Anything()])
def test_what_is_no_client_is_left_alone(made: Any) -> None:
    def make_client(service: str, **options: Any) -> Any:
        assert (service, options) == ("s3", {"region_name": "eu-west-1"})
        return made

    assert whole_answers(make_client)("s3", region_name="eu-west-1") is made


def test_a_client_behind_another_object_checks_its_answers(aws: Aws) -> None:
    url, config = f"http://{aws.server.host}", resources.CLIENT_CONFIG
    recorder = Recorder(boto3.client("lightsail", endpoint_url=url, config=config))
    aws.says(b"{", length(IMAGES))

    with pytest.raises(ConnectionClosedError):
        whole_answers(lambda _: recorder)("lightsail").get_container_images(serviceName="shop")


def test_a_client_that_is_handed_out_again_checks_each_answer_once(aws: Aws) -> None:
    client = aws.client()
    make = whole_answers(lambda _: client)
    for _ in range(3):
        make("lightsail")

    checks = client.meta.events.emit(
        "before-parse.lightsail.DeleteContainerImage",
        operation_model=client.meta.service_model.operation_model("DeleteContainerImage"),
        response_dict={"body": b"", "status_code": 200, "headers": {}},
    )

    assert len(checks) == 1
