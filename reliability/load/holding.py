"""What must hold of many stacks in one service."""

from __future__ import annotations

from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from reliability.broken import Broken

from .crowd import Crowd
from .member import Answer

MOST = 150
FULL = "container service 'shop' stores 150 images, the most that Lightsail keeps"


def hold(condition: bool, otherwise: str) -> None:
    """Look that something holds.

    Raises:
        Broken: it does not.
    """
    if not condition:
        raise Broken(otherwise)


def hold_images(crowd: Crowd, before: set[str]) -> None:
    """Look that the stacks' images are registered, those before them, and no others.

    Raises:
        Broken: they are not.
    """
    if crowd.members[0].resource_type == CONTAINER_IMAGE_TYPE:
        lost = (before | crowd.living()) - crowd.images()
        orphaned = crowd.images() - before - crowd.living()
        hold(not lost, f"{sorted(lost)} are gone")
        hold(not orphaned, f"{sorted(orphaned)} belong to no stack")


def hold_full(crowd: Crowd, answers: list[Answer], room: int) -> None:
    """Look that as many had success as there was room for, and that the others say why not."""
    told = [answer["Reason"] for answer in answers if answer["Status"] == "FAILED"]
    hold(len(answers) - len(told) == room, f"{len(answers) - len(told)} of {room} succeeded")
    hold(all(one.startswith(FULL) for one in told), f"a failure without its cause: {told}")
    hold(len(crowd.images()) <= MOST, "Lightsail stores more than it can")
    hold(crowd.living() <= crowd.images(), "an image of a stack is gone")
    others = {name for name in crowd.images() if not name.startswith(":shop.old.")}
    hold(others == crowd.living(), f"{sorted(others - crowd.living())} belong to no stack")


def hold_deployed(crowd: Crowd, answers: list[Answer], tag: int) -> None:
    """Look that each success has a version of its own, which runs what that stack asked for."""
    deployments = crowd.deployments()
    versions = {int(answer["Data"]["DeploymentVersion"]) for answer in answers}
    hold(len(versions) == len(answers), "two stacks have the same deployment")
    for answer in answers:
        made = deployments[int(answer["Data"]["DeploymentVersion"])]
        web = made["containers"]["web"]
        stack = answer["StackId"].rpartition("-")[2]
        own = web["environment"]["STACK"] == stack and web["image"] == f"nginx:{tag}"
        hold(own and made["state"] in ("ACTIVE", "INACTIVE"), f"{made} is not stack {stack}'s")
