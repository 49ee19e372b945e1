"""What the library takes for granted, seen once: the names of errors, and what answers have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from live.lightsail import Lightsail, Said
from live.probed_service import ProbedService

Fact = tuple[str, str]

_DIGEST = f"sha256:{'0' * 64}"
_NOWHERE = "cdk-lsc-live-nowhere"


def before_the_first_service(lightsail: Lightsail) -> list[Fact]:
    """Return what is said to a login while the account has no service; nothing if it has."""
    if lightsail.services():
        return []
    said = lightsail.ask("CreateContainerServiceRegistryLogin")
    return [("a login without any service", str(said))]


def of_refusals(service: ProbedService) -> list[Fact]:
    """Return what is said to calls that name what is not there, or names it wrongly."""
    lightsail, name = service.lightsail, service.name
    said: dict[str, Said] = {
        "a service that is not there": lightsail.ask("GetContainerServices", serviceName=_NOWHERE),
        "the images of a service that is not there": lightsail.ask(
            "GetContainerImages", serviceName=_NOWHERE
        ),
        "a registration with a service that is not there": lightsail.ask(
            "RegisterContainerImage", serviceName=_NOWHERE, label="a", digest=_DIGEST
        ),
        "the deletion of an image that is not there": service.ask_to_delete(f":{name}.never.1"),
        "a deployment of an image that is not there": service.ask_to_deploy(f":{name}.never.1"),
        "a label with an underscore": service.ask_to_register("a_b", _DIGEST),
    }
    return [(what, str(one)) for what, one in said.items()]


def of_a_service(what: str, service: Mapping[str, Any]) -> Fact:
    """Return what an answer of a service that does something has that the library reads."""
    parts = [f"state {service.get('state')}"]
    if detail := service.get("stateDetail"):
        parts.append(f"stateDetail {detail.get('code')}: {detail.get('message')}")
    for key in ("currentDeployment", "nextDeployment"):
        if deployment := service.get(key):
            images = [one.get("image") for one in deployment.get("containers", {}).values()]
            parts.append(f"{key} {deployment.get('state')} with {', '.join(map(str, images))}")
    is_id = re.search(r":ContainerService/[0-9a-f-]{36}$", service.get("arn", ""))
    parts.append("ARN with an id" if is_id else "ARN without an id")
    url = service.get("url", "")
    form = re.fullmatch(r"https://[^/]+\.cs\.amazonlightsail\.com/", url)
    parts.append(f"url {'as documented' if form else 'of another form' if url else 'missing'}")
    return f"a service that {what}", "; ".join(parts)


def of_a_second_deployment(service: ProbedService, image: str) -> Fact:
    """Return what is said to a deployment while another one is in progress."""
    said = service.ask_to_deploy(image)
    if not said.is_refused:
        # It was taken, or the first one was over: the next question needs one that is.
        service.wait_for_deployment(said.answer["containerService"]["nextDeployment"]["version"])
    return "a deployment during another", str(said)


def of_a_log(service: ProbedService) -> Fact:
    """Return what is in the log of a container that serves."""
    said = service.ask_for_log()
    lines = [event.get("message", "") for event in said.answer.get("logEvents", [])]
    return "the log of a container that serves", " / ".join(lines) or str(said)
