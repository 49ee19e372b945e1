"""What deployments do to images: U3, U10."""

from __future__ import annotations

from live.answers import Answer, settled
from live.probed_service import ProbedService


def delete_in_use(service: ProbedService) -> Answer:
    """U3: delete an image that the current deployment runs."""
    image = service.serving()
    said = service.ask_to_delete(image)
    side = "refused" if said.is_refused else "done"
    return settled(side, {"delete_in_use": side}, said)


def deploy_latest(service: ProbedService) -> Answer:
    """U10: deploy `:service.label.latest`."""
    service.serving()  # so that no other deployment is in progress
    image = service.register("u10", service.push("u10"))
    service.wait_for_image(image)
    latest = f":{service.name}.u10.latest"
    said = service.ask_to_deploy(latest)
    if said.is_refused:
        return settled("refused", {"latest": "refused"}, said)
    coming = said.answer["containerService"]["nextDeployment"]
    answered = coming["containers"]["web"]["image"]
    state = service.wait_for_deployment(coming["version"])
    (shown,) = [
        one["containers"]["web"]["image"]
        for one in service.deployments()
        if one["version"] == coming["version"]
    ]
    evidence = f"answered {answered}, then shown as {shown}, deployment {state}"
    if latest in (answered, shown):
        return settled("accepted, and kept as it is written", {"latest": "echoed"}, evidence)
    return settled("accepted, and resolved", {"latest": "resolved"}, evidence)
