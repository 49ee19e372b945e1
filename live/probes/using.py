"""What deployments do to images: U3, U10."""

from __future__ import annotations

from live.answers import Answer
from live.probed_service import ProbedService


def delete_in_use(service: ProbedService) -> Answer:
    """U3: delete an image that the current deployment runs."""
    image = service.serving()
    said = service.ask_to_delete(image)
    return Answer(
        unknown="U3",
        found="refused" if said.is_refused else "done",
        sides={"delete_in_use": "refused" if said.is_refused else "done"},
        evidence=(str(said),),
    )


def deploy_latest(service: ProbedService) -> Answer:
    """U10: deploy `:service.label.latest`."""
    service.serving()  # so that no other deployment is in progress
    image = service.register("u10", service.push("u10"))
    service.wait_for_image(image)
    latest = f":{service.name}.u10.latest"
    said = service.ask_to_deploy(latest)
    if said.is_refused:
        return Answer(
            unknown="U10", found="refused", sides={"latest": "refused"}, evidence=(str(said),)
        )
    coming = said.answer["containerService"]["nextDeployment"]
    answered = coming["containers"]["web"]["image"]
    state = service.wait_for_deployment(coming["version"])
    (shown,) = [
        one["containers"]["web"]["image"]
        for one in service.deployments()
        if one["version"] == coming["version"]
    ]
    is_echoed = latest in (answered, shown)
    return Answer(
        unknown="U10",
        found="accepted, and kept as it is written" if is_echoed else "accepted, and resolved",
        sides={"latest": "echoed" if is_echoed else "resolved"},
        evidence=(f"answered {answered}, then shown as {shown}, deployment {state}",),
    )
