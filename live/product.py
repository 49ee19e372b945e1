"""The product on real CloudFormation: create, update, a version that fails, destroy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from demo.cdk_program import Ended

import archives
from oci_images import Made

from .address import ask
from .cdk import Cdk
from .document import Step
from .images import failing_image, serving_image
from .lightsail import CallFailed
from .probed_service import ProbedService
from .stack import RunStack
from .waiting import TookTooLong

_SHOWS_SECONDS = 60.0
_SHOWN_LINES = 12
_OUR_TYPES = ("AWS::Lightsail::", "Custom::Lightsail")
FAILURE = "this version fails on purpose"


class NotAsItShouldBe(Exception):
    """Something came out wrong; the message says what."""


@dataclass(kw_only=True)
class Product:
    """The steps, one after the other; `tell` gets each when it is over."""

    service: str  # the name of the stack's
    asked: ProbedService  # that the questions are put to
    stack: RunStack
    cdk: Cdk
    tell: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)
    _url: str = ""

    def synthesize(self) -> Ended:
        """Synthesize the stack that is created first, before anything is made."""
        return self.cdk.synth(self._write(serving_image("first")))

    def take(self, title: str) -> Step:
        """Take one of `STEPS`, and return what came of it."""
        step = Step(title=title)
        self.steps.append(step)
        began = datetime.now(UTC)
        try:
            STEPS[title](self, step)
            step.is_right = True
        except (NotAsItShouldBe, TookTooLong, CallFailed, ClientError, BotoCoreError) as error:
            step.results.append(f"not as it should be: {error}")
        step.parts = self._parts(began)
        self.tell(step)
        return step

    def create(self, step: Step) -> None:
        """Create the stack."""
        self._serve(step, "first")

    def update(self, step: Step) -> None:
        """Update it to another image."""
        self._serve(step, "second")

    def fail(self, step: Step) -> None:
        """Update it to an image that fails, which has to be rolled back."""
        before = self._current()
        digests = self._digests()
        run = self._deploy(step, failing_image(FAILURE))
        self._must(run.returncode != 0, "the deploy fails")
        self._must(
            self.stack.status() == "UPDATE_ROLLBACK_COMPLETE",
            f"the stack is UPDATE_ROLLBACK_COMPLETE, not {self.stack.status()}",
        )
        reason = self.stack.reason("UPDATE_FAILED")
        step.results.append(f"the stack's event: {reason}")
        self._shows(lambda: self._current() == before, "the deployment before serves on")
        self._shows(lambda: self._digests() == digests, "the image before is the only one")
        self._must(FAILURE in reason, "the event quotes what the container printed")
        self._check_address(step, "second")

    def destroy(self, step: Step) -> None:
        """Destroy it."""
        run = self._timed(step, self.cdk.destroy)
        self._must(run.returncode == 0, f"the destroy succeeds\n{_end(run)}")
        self._must(not self.stack.status(), "the stack is gone")
        names = self.asked.lightsail.service_names
        self._shows(lambda: self.service not in names(), "the service is gone")
        step.results.append("stack and service are gone")

    def _serve(self, step: Step, text: str) -> None:
        """Deploy an image that serves a string, and look whether it does."""
        made = serving_image(text)
        run = self._deploy(step, made)
        self._must(run.returncode == 0, f"the deploy succeeds\n{_end(run)}")
        self._url = _output(run, "Url")
        image, version = _output(run, "ImageName"), _output(run, "DeploymentVersion")
        digest = _output(run, "ImageDigest")
        # Where the registry takes Docker's manifests only, an image has another digest there.
        is_right = self.asked.is_docker or digest == made.digest
        self._must(is_right, f"the digest is {made.digest}")
        wanted = (version, "ACTIVE", image)
        self._shows(lambda: self._current() == wanted, f"deployment {version} serves {image}")
        self._shows(lambda: self._digests() == {digest}, "its image is the only one")
        step.results.append(f"deployment {version} is ACTIVE with {image}, the only image")
        self._check_address(step, text)

    def _deploy(self, step: Step, made: Made) -> Ended:
        """Deploy an image from an archive, an OCI image layout."""
        archive = self._write(made)
        return self._timed(step, lambda: self.cdk.deploy(archive))

    def _write(self, made: Made) -> Path:
        folder = self.cdk.folder / made.digest[-12:]
        return folder if folder.exists() else archives.write(folder, archives.layout(made))

    def _timed(self, step: Step, command: Callable[[], Ended]) -> Ended:
        began = self.asked.waiting.clock()
        try:
            return command()
        finally:
            step.seconds = self.asked.waiting.clock() - began

    def _check_address(self, step: Step, text: str) -> None:
        reply = ask(self._url, text, self.asked.waiting)
        step.results.append(f"the address {reply.text}")
        self._must(reply.is_possible, f"the address answers {text!r}")

    def _current(self) -> tuple[str, str, str]:
        """Return version, state and image of what serves."""
        answer = self.asked.lightsail.tell("GetContainerServices", serviceName=self.service)
        current = answer["containerServices"][0].get("currentDeployment", {})
        container = current.get("containers", {}).get("web", {})
        version = str(current.get("version", ""))
        return version, current.get("state", ""), container.get("image", "")

    def _digests(self) -> set[str]:
        return {image["digest"] for image in self.asked.lightsail.images(self.service)}

    def _parts(self, since: datetime) -> dict[str, float]:
        try:
            took = self.stack.seconds(since)
        except (ClientError, BotoCoreError):
            return {}  # it is gone
        return {kind: took[kind] for kind in took if kind.startswith(_OUR_TYPES)}

    def _shows(self, look: Callable[[], bool], what: str) -> None:
        """Check something that reads may show a moment late."""
        try:
            self.asked.waiting.until(look, _SHOWS_SECONDS, what)
        except TookTooLong:
            raise NotAsItShouldBe(f"it is not so that {what}") from None

    def _must(self, is_so: Any, what: str) -> None:
        if not is_so:
            raise NotAsItShouldBe(f"it is not so that {what}")


def _end(run: Ended) -> str:
    return "\n".join(run.output.splitlines()[-_SHOWN_LINES:])


def _output(run: Ended, name: str) -> str:
    """Return the output whose name has a part, nothing without one."""
    return next((value for key, value in run.outputs.items() if name in key), "")


STEPS: Mapping[str, Callable[[Product, Step], None]] = {
    "create a service, an image and a deployment": Product.create,
    "update to another image": Product.update,
    "update to a version that fails": Product.fail,
    "destroy": Product.destroy,
}
"""The steps by their titles."""
