"""What must hold of the answers to CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cdk_lightsail_containers_handler.properties.container_image import (
    CONTAINER_IMAGE_TYPE,
    ImageAttribute,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
    DeploymentAttribute,
)
from cdk_lightsail_containers_handler.properties.domains import (
    CERTIFICATE_VALIDATION_TYPE,
    DOMAIN_ENTRY_TYPE,
    ValidationAttribute,
)
from world.custom_resource import Exchange

from .advice import is_sentence

_MOST_BYTES = 4096
_ATTRIBUTES: Mapping[str, Collection[str]] = {
    CONTAINER_IMAGE_TYPE: set(ImageAttribute),
    DEPLOYMENT_TYPE: set(DeploymentAttribute),
    CERTIFICATE_VALIDATION_TYPE: set(ValidationAttribute),
    DOMAIN_ENTRY_TYPE: set(),
}
_NAMES = ("StackId", "RequestId", "LogicalResourceId")


def wrong_answers(
    exchange: Exchange, dropped: Collection[str], duplicated: Collection[str] = ()
) -> Iterator[str]:
    """Say what is wrong with the answers to a request; those that AWS Lambda drops have none.

    Of two deliveries at once one may fail first, see "What is left" in docs/architecture.md.
    """
    event, puts = exchange.event, exchange.puts
    what = f"{event['RequestType']} of {event['LogicalResourceId']}"
    bodies = {put.body for put in puts}
    # Once it is answered, CloudFormation takes no other answer, and goes on with the stack.
    while_asked = [json.loads(put.body) for put in puts if put.began <= puts[0].at]
    told = {(one["Status"], one["PhysicalResourceId"]) for one in while_asked}
    may_fail_first = event["RequestId"] in duplicated
    if may_fail_first or (while_asked and while_asked[0]["Status"] == "SUCCESS"):
        # So a failure that comes later harms nothing; one that comes first is no success.
        told = {one for one in told if one[0] == "SUCCESS"}
    if not puts and event["RequestId"] not in dropped:
        yield f"{what} was never answered"
    # Of a request that it has cancelled, CloudFormation takes none.
    if len(told) > 1 and not exchange.rolled_back:
        yield f"{what} was answered in {len(told)} ways: {sorted(told)}"
    for body in sorted(bodies):
        if problem := _wrong(event, body):
            yield f"{what} was answered wrongly: {problem}"
    if not exchange.rolled_back and any(put.at > exchange.ends for put in puts[:1]):
        yield f"{what} was answered too late"


def _wrong(event: Any, body: bytes) -> str:
    """Return what is wrong with an answer, nothing when it is right."""
    if len(body) > _MOST_BYTES:
        return f"{len(body)} bytes"
    answer = json.loads(body)
    for name in _NAMES:
        if answer.get(name) != event[name]:
            return f"{name} is {answer.get(name)}"
    if not answer.get("PhysicalResourceId"):
        return "it has no PhysicalResourceId"
    if answer["Status"] == "FAILED":
        return "" if is_sentence(answer["Reason"]) else f"its reason is {answer['Reason']!r}"
    wanted = _ATTRIBUTES[event["ResourceType"]]
    if event["RequestType"] != "Delete" and set(answer["Data"]) != wanted:
        return f"its attributes are {sorted(answer['Data'])}"
    return ""
