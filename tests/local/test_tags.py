"""Tagging and untagging services, over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour

Refused = Callable[..., tuple[str, str]]

TOO_MANY = ("InvalidInputException", "A resource can have at most 50 tags.")


def numbered(count: int) -> list[dict[str, str]]:
    return [{"key": str(number), "value": ""} for number in range(count)]


def service(api: Any) -> Any:
    return api.get_container_services(serviceName="shop")["containerServices"][0]


def tags(api: Any) -> Any:
    return service(api)["tags"]


def test_adds_tags_and_replaces_those_of_the_same_keys(api: Any, shop: str) -> None:
    api.tag_resource(resourceName=shop, tags=[{"key": "a", "value": "1"}, {"key": "b"}])

    api.tag_resource(resourceName=shop, tags=[{"key": "a", "value": "2"}])

    assert tags(api) == [{"key": "a", "value": "2"}, {"key": "b"}]


def test_removes_tags_by_their_keys(api: Any, shop: str) -> None:
    api.tag_resource(resourceName=shop, tags=numbered(3))

    api.untag_resource(resourceName=shop, tagKeys=["0", "2", "never there"])

    assert tags(api) == [{"key": "1", "value": ""}]


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [("tag_resource", {"tags": numbered(1)}), ("untag_resource", {"tagKeys": ["0"]})],
)
def test_answers_with_an_operation_that_is_done(
    api: Any, clock: Any, shop: str, operation: str, parameters: Any
) -> None:
    [done] = getattr(api, operation)(resourceName=shop, **parameters)["operations"]

    assert (done["resourceName"], done["resourceType"]) == (shop, "ContainerService")
    assert (done["status"], done["isTerminal"]) == ("Succeeded", True)
    assert done["createdAt"].timestamp() == done["statusChangedAt"].timestamp() == clock.now
    assert done["location"] == service(api)["location"]


def test_tags_a_service_without_changing_its_state(
    api: Any, behaviour: Behaviour, clock: Any, shop: str
) -> None:
    behaviour.service_seconds = 60

    api.tag_resource(resourceName=shop, tags=numbered(1))

    assert service(api)["state"] == "READY"


def test_takes_the_arn_beside_the_name(api: Any, shop: str) -> None:
    arn = service(api)["arn"]

    api.tag_resource(resourceName=shop, resourceArn=arn, tags=numbered(1))

    assert tags(api) == numbered(1)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [("tag_resource", {"tags": numbered(1)}), ("untag_resource", {"tagKeys": ["0"]})],
)
def test_knows_no_other_resources(
    refused: Refused, shop: str, operation: str, parameters: Any
) -> None:
    arn = "arn:aws:lightsail:us-east-1:000000000000:ContainerService/other"

    assert refused(operation, resourceName="other", **parameters) == (
        "NotFoundException",
        "The ContainerService does not exist: other",
    )
    assert refused(operation, resourceName=shop, resourceArn=arn, **parameters) == (
        "NotFoundException",
        f"The ContainerService does not exist: {arn}",
    )


def test_refuses_more_than_50_tags(api: Any, refused: Refused, shop: str) -> None:
    api.tag_resource(resourceName=shop, tags=numbered(50))

    assert refused("tag_resource", resourceName=shop, tags=[{"key": "one more"}]) == TOO_MANY
    api.tag_resource(resourceName=shop, tags=[{"key": "0", "value": "new"}])
    assert len(tags(api)) == 50


def test_creates_no_service_with_more_than_50_tags(api: Any, refused: Refused) -> None:
    parameters = {"serviceName": "shop", "power": "nano", "scale": 1, "tags": numbered(51)}

    assert refused("create_container_service", **parameters) == TOO_MANY
    assert api.get_container_services()["containerServices"] == []


@pytest.mark.parametrize("tag", [{"value": "1"}, {"key": "", "value": "1"}])
def test_refuses_a_tag_without_a_key(refused: Refused, shop: str, tag: Any) -> None:
    assert refused("tag_resource", resourceName=shop, tags=[tag]) == (
        "InvalidInputException",
        "A tag must have a key.",
    )
