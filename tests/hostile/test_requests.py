"""Requests of every shape: exactly one answer that CloudFormation can read, or a refusal."""

import json
import socket
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reliability.fuzz.wire_targets import check_event

from cdk_lightsail_containers_handler.cloudformation.hand_over import Chain
from cdk_lightsail_containers_handler.cloudformation.response import Undeliverable, deliver
from fake_time import FakeTime
from json_shapes import changed, strings, values
from resource_properties import DEPLOYED, IMAGES
from stack_requests import STACK_ID


def event(kind: str, properties: dict[str, Any], resource: str, **more: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": "https://answers.example/",
        "StackId": STACK_ID,
        "RequestId": "request-1",
        "LogicalResourceId": "Image",
        "ResourceType": f"Custom::Lightsail{resource}",
        "ResourceProperties": {"ServiceTimeout": "3600", **properties},
        **more,
    }


IMAGE, DEPLOYMENT = "ContainerImage", "ContainerServiceDeployment"
OLD = {"PhysicalResourceId": ":shop.web.1", "OldResourceProperties": IMAGES[0]}
HANDED = {"HandOver": {"Count": 1, "Began": 1.0, "State": {"Version": 1, "Settled": 1}}}
EVENTS = [
    *(event("Create", properties, IMAGE) for properties in IMAGES),
    event("Update", IMAGES[1], IMAGE, **OLD),
    event("Delete", IMAGES[0], IMAGE, PhysicalResourceId=":shop.web.1"),
    event("Create", DEPLOYED, DEPLOYMENT),
    event("Update", DEPLOYED, DEPLOYMENT, PhysicalResourceId="shop", **HANDED),
    event("Create", IMAGES[2], IMAGE, **HANDED),
]


@given(st.one_of(*map(changed, EVENTS), values))
def test_of_any_shape_are_answered_once_or_refused(given: Any) -> None:
    check_event(given)


@pytest.mark.parametrize("given", EVENTS, ids=lambda given: json.dumps(given)[:60])
def test_as_they_should_be_are_answered_once(given: dict[str, Any]) -> None:
    check_event(json.loads(json.dumps(given)))


@given(st.one_of(values, changed(HANDED["HandOver"])))
def test_are_gone_on_with_or_begun_again_with_anything_handed_over(given: Any) -> None:
    chain = Chain.of({"HandOver": given}, 1000.0)

    assert chain.is_possible({}, 1000.0, 60, 45) in (True, False)
    assert Chain.of(json.loads(chain.payload({}, chain.state)), 1000.0).count in range(1 << 99)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.filterwarnings("ignore:URLs without a scheme:FutureWarning")
@pytest.mark.usefixtures("no_network")
@given(st.one_of(strings, strings.map("https://{}".format), st.from_regex(r"https?://[!-~]{0,30}")))
@example("A://[")  # whose host Python itself cannot read
def test_are_not_answered_at_what_is_no_address(url: str) -> None:
    with pytest.raises(Undeliverable) as caught:
        deliver(url, b"{}", FakeTime().deadline(60))

    assert len(url) < 12 or url not in str(caught.value)
