"""Answers of Lightsail that no local Lightsail gives."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from cdk_lightsail_containers_handler.errors import HandlerError, Unanswered
from cdk_lightsail_containers_handler.lightsail.client import Lightsail
from cdk_lightsail_containers_handler.mask import Mask
from cdk_lightsail_containers_handler.properties.container_image import ImageName
from cdk_lightsail_containers_handler.resources import CLIENT_CONFIG
from certificates import certificate
from fake_time import FakeTime
from silent_log import SilentLog

DIGEST = "sha256:" + "0" * 64
IMAGE = {"image": ":shop.web.1", "digest": DIGEST, "createdAt": datetime(2026, 11, 23, tzinfo=UTC)}


@pytest.fixture
def answers() -> Iterator[Stubber]:
    client = boto3.client("lightsail")
    with Stubber(client) as stubber:
        yield stubber
    client.close()


def lightsail(answers: Stubber, seconds: float = 0.2) -> Lightsail:
    return Lightsail(answers.client, FakeTime().deadline(seconds), SilentLog())


@pytest.mark.parametrize("item", [{}, {**IMAGE, "image": ":shop.web.next"}, {"image": ":a.b.1"}])
def test_passes_over_a_listed_image_that_it_cannot_name(
    answers: Stubber, item: dict[str, Any]
) -> None:
    answers.add_response("get_container_images", {"containerImages": [item, IMAGE]})

    (image,) = lightsail(answers).images("shop")

    assert image.name == ImageName(service="shop", label="web", number=1)


def test_counts_a_registration_without_a_name_as_unanswered(answers: Stubber) -> None:
    answers.add_response("register_container_image", {"containerImage": {"digest": DIGEST}})

    with pytest.raises(Unanswered):
        lightsail(answers).register("shop", "web", DIGEST)


def test_takes_a_list_that_goes_on_missing_for_an_empty_one(answers: Stubber) -> None:
    for _ in range(4):
        answers.add_response("get_container_images", {})

    assert lightsail(answers, 60).images("shop") == []


def test_does_not_believe_one_answer_without_a_list(answers: Stubber) -> None:
    answers.add_response("get_container_images", {})
    answers.add_response("get_container_images", {"containerImages": [IMAGE]})

    assert [str(image.name) for image in lightsail(answers, 60).images("shop")] == [IMAGE["image"]]


def test_does_not_take_an_empty_list_for_a_service(answers: Stubber) -> None:
    answers.add_response("get_container_services", {"containerServices": []})

    with pytest.raises(HandlerError, match="does not understand"):
        lightsail(answers).service("shop")


@pytest.mark.parametrize(
    ("coming", "under_way"),
    [
        ({"nextDeployment": {"version": 7, "state": "ACTIVATING"}}, 7),
        ({"nextDeployment": {"version": 7, "state": "FAILED"}}, None),
        ({"nextDeployment": {"version": 7}}, None),
        ({}, None),
    ],
    ids=str,
)
def test_says_which_deployment_a_service_makes_but_not_of_one_that_has_ended(
    answers: Stubber, coming: dict[str, Any], under_way: int | None
) -> None:
    answers.add_response("get_container_services", {"containerServices": [coming]})

    assert lightsail(answers).service("shop").under_way == under_way


@pytest.mark.parametrize("item", [{}, {"version": 1}, {"createdAt": IMAGE["createdAt"]}])
def test_passes_over_a_listed_deployment_without_version_or_time(
    answers: Stubber, item: dict[str, Any]
) -> None:
    whole = {"version": 2, "createdAt": IMAGE["createdAt"]}
    answers.add_response("get_container_service_deployments", {"deployments": [item, whole]})

    (deployment,) = lightsail(answers).deployments("shop")

    assert deployment.version == 2
    assert (deployment.containers, deployment.public_endpoint) == ({}, None)


class Log:
    """Lightsail's client, for a log of so many pages of 50 lines, and each page takes its time."""

    def __init__(self, time: FakeTime, pages: int, seconds: float) -> None:
        self._time, self._pages, self._seconds = time, pages, seconds
        self.read = 0

    def get_container_log(self, **_: Any) -> dict[str, Any]:
        self.read += 1
        self._time.now += self._seconds
        at = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(hours=self.read)
        lines = [f"{self.read} {line}" for line in range(50)]
        events = [
            {"createdAt": at + timedelta(seconds=line), "message": text}
            for line, text in enumerate(lines)
        ]
        # In no order, and some without a time.
        page: dict[str, Any] = {"logEvents": [*reversed(events), {"message": "at no time"}]}
        return page if self.read == self._pages else {**page, "nextPageToken": str(self.read)}


@pytest.mark.parametrize(("pages", "seconds", "read"), [(30, 0.1, 30), (1, 40, 1), (90, 0.5, 60)])
def test_keeps_the_last_lines_of_a_log_of_as_many_pages_as_there_is_time_for(
    pages: int, seconds: float, read: int
) -> None:
    time = FakeTime()
    log = Log(time, pages, seconds)
    shop = Lightsail(log, time.deadline(800), SilentLog())  # type: ignore[arg-type]

    lines = [
        event.message
        for event in shop.container_log("shop", "web", datetime(2026, 11, 24, tzinfo=UTC))
    ]

    assert log.read == read
    every = [f"{page} {line}" for page in range(1, read + 1) for line in range(50)]
    assert lines == every[-1000:]


def test_reads_a_log_no_further_when_it_is_given_the_same_page_again(answers: Stubber) -> None:
    page = {"logEvents": [], "nextPageToken": "more"}
    for _ in range(2):
        answers.add_response("get_container_log", page)

    assert lightsail(answers).container_log("shop", "web", IMAGE["createdAt"]) == []  # type: ignore[arg-type]
    answers.assert_no_pending_responses()


def test_a_deployment_that_runs_what_it_cannot_read_counts_with_its_version_and_state(
    answers: Stubber,
) -> None:
    strange = {"web": {"image": "nginx:1", "ports": {"8000-8010": "TCP"}}}
    listed = {"version": 2, "state": "ACTIVE", "createdAt": IMAGE["createdAt"]}
    answers.add_response(
        "get_container_service_deployments",
        {"deployments": [{**listed, "containers": strange}, {**listed, "version": 1}]},
    )

    newest, _ = lightsail(answers).deployments("shop")

    assert (newest.version, newest.state, newest.containers) == (2, "ACTIVE", {})


class Client:
    """Lightsail's client, whose answers or errors are handed in."""

    def __init__(self, *outcomes: Any) -> None:
        self.calls = 0
        self._outcomes = outcomes

    def _answer(self, **_: str) -> Any:
        outcome = self._outcomes[min(self.calls, len(self._outcomes) - 1)]
        self.calls += 1
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    get_container_images = get_container_service_deployments = _answer
    get_container_services = register_container_image = _answer


def steps_with(client: Client, seconds: float) -> tuple[Lightsail, list[str], FakeTime]:
    time, log = FakeTime(), SilentLog()
    return Lightsail(client, time.deadline(seconds), log), log.steps, time  # type: ignore[arg-type]


def test_passes_over_an_item_that_it_cannot_read_and_logs_it() -> None:
    listed = {"version": 1, "createdAt": IMAGE["createdAt"]}
    client = Client({"deployments": [{**listed, "state": 7}, {**listed, "state": "ACTIVE"}]})
    shop, steps, _ = steps_with(client, 60)

    (deployment,) = shop.deployments("shop")

    assert deployment.state == "ACTIVE"
    assert steps == ["not understood"]


def test_says_in_seconds_that_it_does_not_understand_an_answer() -> None:
    client = Client({"containerServices": [{"state": 7}]})
    shop, _, time = steps_with(client, 870)
    began = time.now

    with pytest.raises(HandlerError) as caught:
        shop.service("shop")

    assert caught.value.sentence(Mask()) == (
        "Lightsail answered GetContainerServices for container service 'shop' with something that "
        "the function does not understand (TypeError): what should be a string is none: report it "
        "with the function's log, which a deploy with --no-rollback keeps"
    )
    assert time.now - began < 10


def test_says_that_it_is_not_allowed_also_when_there_was_no_time_to_wait_for_the_permission() -> (
    None
):
    answer = {
        "Error": {"Code": "AccessDeniedException", "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    shop, _, _ = steps_with(Client(ClientError(answer, "RegisterContainerImage")), 8)  # type: ignore[arg-type]

    with pytest.raises(HandlerError, match="may not call lightsail:RegisterContainerImage"):
        shop.register("shop", "web", DIGEST)


def test_a_registration_whose_answer_breaks_in_tls_may_have_been_carried_out(
    tmp_path: Path,
) -> None:
    made = certificate(tmp_path, "localhost")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.certificate, made.key)
    requests: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            with tls.wrap_socket(accepted, server_side=True) as connection:
                request = b""
                while not request.endswith(b"}"):
                    request += connection.recv(65536)
                requests.append(request)
                with socket.socket(fileno=connection.detach()) as raw:
                    raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)  # no record of this key

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        client = boto3.client(
            "lightsail",
            endpoint_url=f"https://localhost:{listening.getsockname()[1]}",
            verify=str(made.certificate),
            config=CLIENT_CONFIG,
        )
        try:
            with pytest.raises(Unanswered, match="SSLError"):
                Lightsail(client, FakeTime().deadline(60), SilentLog()).register(
                    "shop", "web", DIGEST
                )
        finally:
            client.close()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()

    assert len(requests) == 1
