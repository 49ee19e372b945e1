"""Functions of two releases in one account: the earlier one is taken out of the repository.

The record of what earlier constructs asked for, which `make test` holds the present function
against, is in tests/releases; here the earlier functions themselves run, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crowd_properties import NAME, deployment, image, pushed, resources
from reliability.broken import check
from world.custom_resource import BROKEN

from .two_functions import Two, two

RELEASES = {"registers": "61720b4", "pushes": "7d63bd1", "deploys": "d415dac"}
"""The states before, by what was new in them, and their commits."""
_LATER = {"Later": {"Than": ["this"]}}
"""A property of a release to come."""


def upgraded(given: Two) -> None:
    """A stack of the earlier release is upgraded, and then has another image."""
    (stack, _), (function, _) = given.stacks, given.functions
    given.put_first(image("web", 1))
    name = stack.image()
    function.runtime = given.present
    given.put_first({**image("web", 1), **_LATER})
    check("the image after an upgrade alone", stack.image(), name)
    given.put_first({**image("web", 2), **_LATER})
    given.check([stack.delete()])


def rolled_back(given: Two) -> None:
    """The upgrade fails, the earlier function comes back, and is sent what the later one made."""
    (stack, _), (function, _) = given.stacks, given.functions

    def come_back() -> None:
        function.runtime = given.earlier

    given.put_first(image("web", 1))
    name = stack.image()
    function.runtime = given.present
    later = {**resources({**image("web", 2), **_LATER}), "Broken": (BROKEN, lambda _: {})}
    outcome = stack.deploy(later, {"Broken": come_back})
    check("what became of the upgrade", outcome.status, "UPDATE_ROLLBACK_COMPLETE")
    given.check([outcome], succeeds=False)
    check("the image after the rollback", stack.image(), name)
    given.check([stack.delete()])


def side_by_side(given: Two) -> None:
    """Two stacks of one service and label, one of each release, at once."""
    given.both(image("web", 1), image("web", 2))
    given.check(given.delete())


def same_image(given: Two) -> None:
    """Two stacks, one of each release, that ask for the same image at once."""
    given.both(image("web", 1), image("web", 1))
    check("images", len({stack.image() for stack in given.stacks}), 1)
    given.check(given.delete())


def pushed_side_by_side(given: Two) -> None:
    """Both push images with a layer in common at once; each removes what the other has pushed."""
    given.both(*(pushed(given.world.source, "web", number) for number in (1, 2)))
    one, other = given.functions
    one.runtime, other.runtime = other.runtime, one.runtime
    given.check(given.delete())


def deployed_side_by_side(given: Two) -> None:
    """Both deploy at once, and take turns."""
    given.both(deployment(1, 1), deployment(2, 1))
    versions = sorted(
        stack.resources[NAME].attributes["DeploymentVersion"] for stack in given.stacks
    )
    check("the deployments", versions, ["1", "2"])


SCENARIOS: Mapping[str, Callable[[Two], None]] = {
    "upgraded": upgraded,
    "rolled back": rolled_back,
    "one label at once": side_by_side,
    "one image at once": same_image,
    "pushed at once": pushed_side_by_side,
    "deployed at once": deployed_side_by_side,
}
_SINCE = {"pushed at once": "pushes", "deployed at once": "deploys"}


def takes_part(release: str, scenario: str) -> bool:
    """Return whether a release can take part in a scenario."""
    names = list(RELEASES)
    return names.index(_SINCE.get(scenario, names[0])) <= names.index(release)


def run(release: str, scenario: str) -> None:
    """Run a scenario with the function of a release.

    Raises:
        Broken: something did not hold.
        NotHere: the clone does not reach back to it.
    """
    with two(RELEASES[release]) as given:
        SCENARIOS[scenario](given)
