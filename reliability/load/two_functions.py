"""Two functions before one Lightsail: that of an earlier commit, and the present one."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crhelper

import stack_requests
from cdk_lightsail_containers._handler.asset import ENTRY_POINT
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.engine.lambda_runtime import LambdaRuntime
from lightsail_local.server import LightsailServer
from reliability import ROOT
from reliability.broken import Broken
from response_url import ResponseUrl, response_url
from staged_asset import staged_asset

from .memory import RUNTIME
from .properties import Properties, kind_of

_HANDLER = "lambda/cdk_lightsail_containers_handler"


class NotHere(Exception):
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
    ) -> dict[str, Any]:
        """Send a request to a function, which must succeed."""
        event = stack_requests.request(kind, self.response.url)
        event["ResourceProperties"] = properties
        event["ResourceType"] = kind_of(properties)
        if physical_id is not None:
            event["PhysicalResourceId"] = physical_id
        if old is not None:
            event["OldResourceProperties"] = old
        invocation = function.invoke(event)
        answers = self.response.answers_to(event["RequestId"])
        if [answer["Status"] for answer in answers] != ["SUCCESS"]:
            raise Broken(f"{kind}: {answers} {invocation.error} {invocation.log}")
        return answers[0]

    def both(self, *requests: tuple[LambdaRuntime, Properties]) -> list[dict[str, Any]]:
        """Create a resource with each function, at once."""
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
        _run(staged_asset(Path(folder) / "present"), lightsail) as present,
    ):
        lightsail.lightsail.call(
            "CreateContainerService", {"serviceName": "shop", "power": "nano", "scale": 1}
        )
        yield Two(earlier=earlier, present=present, lightsail=lightsail, response=response)


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
