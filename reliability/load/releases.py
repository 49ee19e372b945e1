"""Functions of two releases in one account: the earlier one is taken out of the repository.

The record of what earlier constructs asked for, which `make test` holds the present function
against, is in tests/releases; here the earlier functions themselves run, too.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crhelper
from aws_cdk import App, Stack

import stack_requests
from cdk_lightsail_containers import Handler
from cdk_lightsail_containers.handler_asset import ENTRY_POINT
from lightsail_local.behaviour import Behaviour
from lightsail_local.lambda_runtime import LambdaRuntime
from lightsail_local.server import LightsailServer
from reliability import ROOT
from response_url import ResponseUrl, response_url

from .crowd import Answer, Broken, Properties
from .crowds import deployment, image, pushed, registry_of_images
from .memory import RUNTIME

RELEASES = {
    "registers": "61720b4",
    "pushes": "7d63bd1",
    "deploys": "d415dac",
}
"""The states before, by what was new in them, and their commits."""
_HANDLER = "lambda/cdk_lightsail_containers_handler"
_LATER = {"Later": {"Than": ["this"]}}
"""A property of a release to come."""


class NotHere(Exception):  # noqa: N818 - says where a commit is not
    """The clone does not reach back to a commit."""


@dataclass(frozen=True, kw_only=True)
class Two:
    """An earlier function and the present one, before one Lightsail.

    Args:
        earlier: the earlier one.
        present: the present one.
        lightsail: where both act.
        response: where their answers arrive.
    """

    earlier: LambdaRuntime
    present: LambdaRuntime
    lightsail: LightsailServer
    response: ResponseUrl

    def send(
        self,
        function: LambdaRuntime,
        kind: str,
        properties: Properties,
        physical_id: str | None = None,
        old: Properties | None = None,
    ) -> Answer:
        """Have a function carry a request out, with success."""
        event = stack_requests.request(kind, self.response.url)
        event["ResourceProperties"] = properties
        if "Containers" in properties:
            event["ResourceType"] = "Custom::LightsailContainerServiceDeployment"
        if physical_id is not None:
            event["PhysicalResourceId"] = physical_id
        if old is not None:
            event["OldResourceProperties"] = old
        invocation = function.invoke(event)
        answers = self.response.answers_to(event["RequestId"])
        if [answer["Status"] for answer in answers] != ["SUCCESS"]:
            raise Broken(f"{kind}: {answers} {invocation.error} {invocation.log}")
        return answers[0]

    def both(self, *requests: tuple[LambdaRuntime, Properties]) -> list[Answer]:
        """Have each function create a resource, at once."""
        with ThreadPoolExecutor() as threads:
            return list(threads.map(lambda one: self.send(one[0], "Create", one[1]), requests))

    def hold(self, *names: str) -> None:
        """Look that exactly these images are registered.

        Raises:
            Broken: they are not.
        """
        service = self.lightsail.lightsail.call("GetContainerImages", {"serviceName": "shop"})
        found = sorted(image["image"] for image in service["containerImages"])
        if found != sorted(names):
            raise Broken(f"there are {found}, not {sorted(names)}")


@contextmanager
def two(commit: str) -> Iterator[Two]:
    """Run the function of a commit and the present one.

    Raises:
        NotHere: the clone does not reach back to it.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        LightsailServer(
            Behaviour(missing_digest="accepted", service_seconds=0, deployment_seconds=3)
        ) as lightsail,
        response_url() as response,
        _run(_asset_of(commit, Path(folder) / "earlier"), lightsail) as earlier,
        _run(_present_asset(Path(folder) / "present"), lightsail) as present,
    ):
        lightsail.lightsail.call(
            "CreateContainerService", {"serviceName": "shop", "power": "nano", "scale": 1}
        )
        yield Two(earlier=earlier, present=present, lightsail=lightsail, response=response)


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
    with registry_of_images() as registry:
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


def _asset_of(commit: str, target: Path) -> Path:
    """Stage the function of a commit: its package, and crhelper."""
    archived = subprocess.run(  # noqa: S603 - our own repository
        ["git", "archive", commit, _HANDLER],  # noqa: S607 - found as the developer's
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if archived.returncode:
        raise NotHere(f"this clone does not reach back to {commit}")
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as packed:
        packed.extractall(target, filter="data")
    staged = target / "asset"
    shutil.move(target / _HANDLER, staged / Path(_HANDLER).name)
    shutil.copytree(Path(str(crhelper.__file__)).parent, staged / "crhelper")
    return staged


def _present_asset(assembly: Path) -> Path:
    app = App(outdir=str(assembly))
    Handler(Stack(app, "Stack"), "Handler")
    app.synth()
    (asset,) = assembly.glob("asset.*")
    return asset


@contextmanager
def _run(asset: Path, lightsail: LightsailServer) -> Iterator[LambdaRuntime]:
    environment: dict[str, Any] = {"AWS_ENDPOINT_URL_LIGHTSAIL": lightsail.url}
    with LambdaRuntime(
        asset,
        ENTRY_POINT,
        python=RUNTIME,
        timeout=120,
        init_timeout=120,
        environment=environment,
    ) as runtime:
        yield runtime
