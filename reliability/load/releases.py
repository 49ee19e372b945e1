"""Functions of two releases in one account: the earlier one is taken out of the repository.

The record of what earlier constructs asked for, which `make test` holds the present function
against, is in tests/releases; here the earlier functions themselves run, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fake_registry import fake_registry
from reliability.broken import Broken

from .properties import deployment, image, pushed
from .two_functions import Two, two

RELEASES = {
    "registers": "61720b4",
    "pushes": "7d63bd1",
    "deploys": "d415dac",
}
"""The states before, by what was new in them, and their commits."""
_LATER = {"Later": {"Than": ["this"]}}
"""A property of a release to come."""


def upgraded(given: Two) -> None:
    """A stack of the earlier release is upgraded, with another image."""
    old, new = image("web", 1), {**image("web", 2), **_LATER}
    name = given.send(given.earlier, "Create", old)["PhysicalResourceId"]
    same = given.send(given.present, "Update", {**old, **_LATER}, name, old)
    replaced = given.send(given.present, "Update", new, name, old)["PhysicalResourceId"]
    given.send(given.present, "Delete", old, name)
    given.hold(replaced)
    if same["PhysicalResourceId"] != name:
        raise Broken("an upgrade alone replaces the image")
    given.send(given.present, "Delete", new, replaced)
    given.hold()


def rolled_back(given: Two) -> None:
    """The upgrade fails, the earlier function comes back, and is sent what the later one made."""
    old, new = image("web", 1), {**image("web", 2), **_LATER}
    name = given.send(given.earlier, "Create", old)["PhysicalResourceId"]
    replaced = given.send(given.present, "Update", new, name, old)["PhysicalResourceId"]
    back = given.send(given.earlier, "Update", old, replaced, new)["PhysicalResourceId"]
    given.send(given.earlier, "Delete", new, replaced)
    given.hold(name)
    if back != name:
        raise Broken(f"the rollback made {back}")
    given.send(given.earlier, "Delete", old, name)
    given.hold()


def side_by_side(given: Two) -> None:
    """Two stacks of one service and label, one of each release, at once."""
    functions = given.earlier, given.present
    answers = given.both((given.earlier, image("web", 1)), (given.present, image("web", 2)))
    names = [answer["PhysicalResourceId"] for answer in answers]
    given.hold(*names)
    for function, name, number in zip(functions, names, (1, 2), strict=True):
        given.send(function, "Delete", image("web", number), name)
    given.hold()


def same_image(given: Two) -> None:
    """Two stacks, one of each release, that ask for the same image at once."""
    answers = given.both(*((one, image("web", 1)) for one in (given.earlier, given.present)))
    names = {answer["PhysicalResourceId"] for answer in answers}
    given.hold(*names)
    if len(names) != 1:
        raise Broken(f"one image was registered as {sorted(names)}")
    for function in (given.earlier, given.present):
        given.send(function, "Delete", image("web", 1), *names)
    given.hold()


def pushed_side_by_side(given: Two) -> None:
    """Both push images with a layer in common at once, and then the same image."""
    with fake_registry() as registry:
        wanted = [pushed(registry, "web", 1), pushed(registry, "web", 2)]
        answers = given.both((given.earlier, wanted[0]), (given.present, wanted[1]))
        names = [answer["PhysicalResourceId"] for answer in answers]
        given.hold(*names)
        given.send(given.present, "Delete", wanted[0], names[0])
        given.send(given.earlier, "Delete", wanted[1], names[1])
        given.hold()


def deployed_side_by_side(given: Two) -> None:
    """Both deploy at once, and take turns."""
    answers = given.both((given.earlier, deployment(1, 1)), (given.present, deployment(2, 1)))
    versions = sorted(answer["Data"]["DeploymentVersion"] for answer in answers)
    if versions != ["1", "2"]:
        raise Broken(f"the deployments are {versions}")


SCENARIOS: Mapping[str, Callable[[Two], None]] = {
    "upgraded": upgraded,
    "rolled back": rolled_back,
    "one label at once": side_by_side,
    "one image at once": same_image,
    "pushed at once": pushed_side_by_side,
    "deployed at once": deployed_side_by_side,
}
_SINCE = {"pushed at once": "pushes", "deployed at once": "deploys"}


def scenarios_of(release: str) -> list[str]:
    """Return the scenarios that a release can take part in."""
    names = list(RELEASES)
    reached = names[: names.index(release) + 1]
    return [name for name in SCENARIOS if _SINCE.get(name, names[0]) in reached]


def run(release: str, scenario: str) -> None:
    """Run a scenario with the function of a release.

    Raises:
        Broken: something did not hold.
        NotHere: the clone does not reach back to it.
    """
    with two(RELEASES[release]) as given:
        SCENARIOS[scenario](given)
