"""Why containers of a deployment do not come to serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import invalid
from ..behaviour.failure import DESCRIPTION_LABEL, FAILS_LABEL, Failure
from ..images.image_store import ImageStore
from .container_output import Problem
from .container_service import PLATFORM, RegisteredImage


def find_problems(
    containers: Mapping[str, Mapping[str, Any]],
    own: Mapping[str, RegisteredImage],
    behaviour: Behaviour,
    images: ImageStore,
    *,
    are_run: bool = False,
) -> dict[str, Problem]:
    """Return the problems of containers by the container's name; most have none.

    Args:
        containers: the containers by name, in the API's shape.
        own: the service's own images that they run, by the container's name.
        behaviour: which images of other registries fail.
        images: what the registry holds.
        are_run: whether the containers show by themselves how they fail, once they are started.

    Raises:
        LightsailError: an image says that it fails in a way that there is not.
    """
    problems = {}
    for name, container in containers.items():
        image = container["image"]
        if failure := behaviour.failing_images.get(image):
            problems[name] = Problem(failure=failure, reason=image)
        elif name in own:
            problem = _own_problem(own[name], images)
            if problem and not (are_run and problem.is_started):
                problems[name] = problem
    return problems


def _own_problem(image: RegisteredImage, images: ImageStore) -> Problem | None:
    """Return the problem of an image of the service's."""
    configs = images.configs(image.digest)
    if not configs:
        reason = f"the image {image.name} could not be pulled"
        return Problem(failure="crash", reason=reason, is_started=False)
    config = next((each for each in configs if each.platform == PLATFORM), None)
    # Images of other platforms are pushed and registered without complaint: U4.
    if config is None:
        return Problem(failure="crash", reason="exec format error", is_started=False)
    failure = config.labels.get(FAILS_LABEL)
    if failure is None:
        return None
    if failure not in get_args(Failure):
        raise invalid(
            f'The image "{image.name}" has the label {FAILS_LABEL}="{failure}". '
            f"It is one of {', '.join(get_args(Failure))}."
        )
    return Problem(failure=failure, reason=str(config.labels.get(DESCRIPTION_LABEL, image.name)))
