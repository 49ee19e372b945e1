"""Cases in which an image may stay, or a deployment go on, that no stack stands for.

docs/architecture.md lists them under "What is left", with others that do not come about in a
simulated world: Lightsail answers before CloudFormation's time is over, names are not resolved, and
each ResponseURL has a date. Something is in one of these only if all shows that it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cdk_lightsail_containers_handler.properties.container_image import ImageName
from world.custom_resource import Exchange
from world.world import Put, World

_ON_ITS_WAY_SECONDS = 1.0


class Window(StrEnum):
    """A case, by its name."""

    FAILED_FIRST = "a duplicate delivery answered FAILED first"
    KILLED = "killed right after it registered, and not able to look again"
    CANCELLED = "cancelled while its answer was on its way"
    DEPLOYED = "cancelled while its deployment was on its way"


def window_of(world: World, image: Mapping[str, Any], exchange: Exchange) -> Window | None:
    """Return the case in which a request left an image, as Lightsail lists it, if it did."""
    answers = [(put, json.loads(put.body)) for put in exchange.puts]
    if not answers or exchange.event["RequestType"] == "Delete":
        return None
    first, answer = answers[0]
    rolled_back = _rolled_back(world, exchange)
    is_failed = answer["Status"] == "FAILED"
    # When the function answers that it has the image, it looks whether that is still wanted.
    for put, one in answers:
        if one["Status"] == "SUCCESS" and one["PhysicalResourceId"] == image["image"]:
            if is_failed and put.at <= rolled_back:
                return Window.FAILED_FIRST
            if exchange.rolled_back and rolled_back <= put.at < rolled_back + _ON_ITS_WAY_SECONDS:
                return Window.CANCELLED
    is_its_own = _is_asked_for(image, exchange) and image["createdAt"] >= int(_began(exchange))
    if is_failed and is_its_own and image["createdAt"] + 1 < first.began:
        return None if _has_looked(world, first) else Window.KILLED
    return None


def window_of_deployment(
    world: World, deployment: Mapping[str, Any], exchange: Exchange
) -> Window | None:
    """Return the case in which a request left a deployment that goes on, if there is one."""
    if not deployment or exchange.rolled_back_during != "CreateContainerServiceDeployment":
        return None
    is_late = deployment["createdAt"] >= int(_rolled_back(world, exchange))
    containers = exchange.event["ResourceProperties"]["Containers"]
    wanted = {name: one["Image"] for name, one in containers.items()}
    images = {name: one["image"] for name, one in deployment["containers"].items()}
    return Window.DEPLOYED if is_late and images == wanted else None


def _began(exchange: Exchange) -> float:
    return exchange.ends - float(exchange.event["ResourceProperties"]["ServiceTimeout"])


def _rolled_back(world: World, exchange: Exchange) -> float:
    """Return when a stack's rollback began after a request, infinity if it did not."""
    shown = world.aws.cloudformation.stacks.get(exchange.event["StackId"])
    times = (
        event.at
        for event in (shown.events if shown else ())
        if event.status.endswith("ROLLBACK_IN_PROGRESS") and event.at >= _began(exchange)
    )
    return min(times, default=float("inf"))


def _is_asked_for(image: Mapping[str, Any], exchange: Exchange) -> bool:
    name, wanted = ImageName.parse(image["image"]), exchange.event["ResourceProperties"]
    named = name and (name.service, name.label)
    is_digest = wanted.get("Digest", image["digest"]) == image["digest"]
    return named == (wanted["ServiceName"], wanted["Label"]) and is_digest


def _has_looked(world: World, put: Put) -> bool:
    """Return whether the invocation that answered has seen the images before."""
    return any(
        request.operation == "GetContainerImages"
        and request.status == 200  # noqa: PLR2004
        and put.began <= request.time <= put.at
        for request in world.lightsail.requests
    )
