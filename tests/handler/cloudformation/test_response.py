"""The answer's way to CloudFormation."""

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import certificates
from cdk_lightsail_containers_handler.cloudformation import response
from cdk_lightsail_containers_handler.cloudformation.response import Undeliverable, deliver, encode
from fake_proxy import FakeProxy, fake_proxy
from fake_time import FakeTime
from installed import needs
from lightsail_local.wire.http_server import Answer
from response_url import SIGNATURE, ResponseUrl, response_url

ANSWER = {
    "Status": "SUCCESS",
    "PhysicalResourceId": ":shop.web.1",
    "StackId": "arn:stack",
    "RequestId": "request",
    "LogicalResourceId": "Image",
    "Data": {"ImageName": ":shop.web.1"},
}


@pytest.fixture
def cloudformation() -> Iterator[ResponseUrl]:
    with response_url() as received:
        yield received


def test_puts_the_answer_with_an_empty_content_type(cloudformation: ResponseUrl) -> None:
    deliver(cloudformation.url, encode(ANSWER), FakeTime().deadline(10))

    assert cloudformation.answers == [ANSWER]
    assert cloudformation.headers[0]["content-type"] == ""


@pytest.mark.parametrize("fault", [500, 503, "reset"])
def test_tries_again_after_a_fault(cloudformation: ResponseUrl, fault: int | str) -> None:
    cloudformation.faults = [fault, fault]
    time = FakeTime()

    deliver(cloudformation.url, encode(ANSWER), time.deadline(60))

    assert cloudformation.answers == [ANSWER]
    assert len(cloudformation.bodies) == 3
    assert len(time.slept) == 2


def test_tries_again_when_nothing_is_answered(cloudformation: ResponseUrl) -> None:
    cloudformation.faults = ["hang"]

    deliver(cloudformation.url, encode(ANSWER), FakeTime().deadline(1.5))

    assert cloudformation.answers == [ANSWER]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_gives_up_at_once_when_the_answer_is_refused(
    cloudformation: ResponseUrl, status: int
) -> None:
    cloudformation.faults = [status]

    with pytest.raises(Undeliverable, match=f"status {status}"):
        deliver(cloudformation.url, encode(ANSWER), FakeTime().deadline(60))

    assert len(cloudformation.bodies) == 1


def test_neither_follows_a_redirect_nor_takes_it_for_an_answer(
    cloudformation: ResponseUrl,
) -> None:
    cloudformation.faults = [307]

    deliver(cloudformation.url, encode(ANSWER), FakeTime().deadline(60))

    assert cloudformation.answers == [ANSWER]
    assert len(cloudformation.bodies) == 2


def test_gives_up_after_some_attempts_however_much_time_there_is(
    cloudformation: ResponseUrl,
) -> None:
    cloudformation.faults = [503] * 100

    with pytest.raises(Undeliverable, match="status 503"):
        deliver(cloudformation.url, encode(ANSWER), FakeTime().deadline(10_000))

    assert len(cloudformation.bodies) == 8


def test_gives_up_when_the_time_is_over_and_says_nothing_of_the_url() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"http://127.0.0.1:{port}/answer?{SIGNATURE}"

    with pytest.raises(Undeliverable) as error:
        deliver(url, encode(ANSWER), FakeTime().deadline(2))

    assert str(error.value) == "the answer did not reach CloudFormation (NewConnectionError)"


@needs("openssl")
class TestProxy:
    @pytest.fixture
    def received(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ResponseUrl]:
        certificate = certificates.certificate(tmp_path, "localhost")
        trusted = ssl.create_default_context(cafile=certificate.certificate)
        monkeypatch.setattr(response, "_trusted", lambda: trusted)
        for name in ("https_proxy", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        with ResponseUrl().served(certificate) as received:
            received.url = received.url.replace("127.0.0.1", "localhost") + f"/?{SIGNATURE}"
            yield received

    @pytest.fixture
    def proxy(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProxy]:
        with fake_proxy() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            yield proxy

    def test_leads_the_answer_on(
        self, received: ResponseUrl, proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass-7@{proxy.host}")

        deliver(received.url, encode(ANSWER), FakeTime().deadline(10))

        assert received.answers == [ANSWER]
        assert proxy.asked == [urlsplit(received.url).netloc]
        assert proxy.logins == ["Basic dXNlcjpwYXNzLTc="]

    def test_is_left_out_for_what_no_proxy_names(
        self, received: ResponseUrl, proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_PROXY", "localhost")

        deliver(received.url, encode(ANSWER), FakeTime().deadline(10))

        assert received.answers == [ANSWER]
        assert proxy.asked == []

    @pytest.mark.parametrize("status", [403, 407, 502])
    def test_that_refuses_is_gone_around(
        self, received: ResponseUrl, proxy: FakeProxy, status: int
    ) -> None:
        """Amazon S3 has an endpoint in many a VPC."""
        proxy.answer = lambda connection: connection.send(Answer(status=status))

        deliver(received.url, encode(ANSWER), FakeTime().deadline(10))

        assert received.answers == [ANSWER]
        assert len(proxy.asked) == 1

    @pytest.mark.parametrize(
        "value", ["http://127.0.0.1:9", "http://a:b:c", "http://[", "socks5://127.0.0.1:9"]
    )
    def test_that_is_none_is_gone_around(
        self, received: ResponseUrl, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", value)

        deliver(received.url, encode(ANSWER), FakeTime().deadline(10))

        assert received.answers == [ANSWER]

    def test_that_is_there_is_asked_again_where_nothing_else_leads(
        self, received: ResponseUrl, proxy: FakeProxy
    ) -> None:
        received.faults = ["reset", "reset"]

        deliver(received.url, encode(ANSWER), FakeTime().deadline(60))

        assert received.answers == [ANSWER]
        assert len(proxy.asked) == 2  # at the first and the third attempt


def test_fails_instead_of_sending_more_than_cloudformation_reads() -> None:
    body = encode({**ANSWER, "Data": {"ImageName": "x" * 5000}})

    answer = json.loads(body)
    assert len(body) <= 4096
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == ":shop.web.1"
    assert "the answer has 51" in answer["Reason"]
    assert "Data" not in answer


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 2000, "😀" * 2000])
def test_cuts_a_reason_that_is_too_long_and_keeps_its_fix(text: str) -> None:
    failed = {**ANSWER, "Status": "FAILED", "PhysicalResourceId": "p" * 1024}

    body = encode({**failed, "Reason": f"it failed: {text}: correct it"})

    answer = json.loads(body)
    assert 4080 < len(body) <= 4096
    assert answer["Reason"].startswith(f"it failed: {text[:100]}")
    assert answer["Reason"].endswith("...: correct it")
    assert "Data" not in answer


def test_cuts_a_reason_whose_fix_is_too_long() -> None:
    body = encode({**ANSWER, "Status": "FAILED", "Reason": f"it failed: {'x' * 5000}"})

    assert len(body) == 4096
    assert json.loads(body)["Reason"].startswith("it failed: xxx")


def test_sends_as_much_as_cloudformation_reads() -> None:
    room = 4096 - len(encode({**ANSWER, "Data": {"ImageName": ""}}))

    body = encode({**ANSWER, "Data": {"ImageName": "x" * room}})

    assert len(body) == 4096
    assert json.loads(body)["Status"] == "SUCCESS"
