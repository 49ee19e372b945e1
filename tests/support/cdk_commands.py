"""The real CDK command line on a local cloud."""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
from demo.cdk_program import QUICK_POLLS, ROOT, Ended, run_cdk

from lightsail_local.cloud import LocalCloud

APP = "app.py"


class Cdk:
    """Runs the CDK command line as a user does, in an environment that knows one cloud alone."""

    def __init__(
        self,
        cloud: LocalCloud,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        project: Path = ROOT,
    ) -> None:
        self.cloud = cloud
        self._folder = folder
        self._project = project
        self._clients: dict[str, Any] = {}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {
            **cloud.endpoints.environment_within(os.environ),
            "PATH": path,
            "HOME": str(folder),
            "CDK_VALIDATION": "false",
            **QUICK_POLLS,
            **(environment or {}),
        }

    @property
    def assembly(self) -> Path:
        """The folder of what the last app synthesized."""
        return self._folder / "cdk.out"

    def bootstrap(self) -> None:
        place = f"aws://{self.cloud.endpoints.account}/{self.cloud.endpoints.region}"
        run = self._run("bootstrap", place, folder=self._folder)  # no app there, and none needed
        assert run.returncode == 0, run.output

    def deploy(self, app: str = APP, /, *arguments: str, **context: object) -> Ended:
        """Deploy an app, and return the outputs of its stacks."""
        given = ("--all", "--require-approval", "never", *arguments)
        return self._run("deploy", *given, app=app, context=context)

    def destroy(self, app: str = APP, /, **context: object) -> Ended:
        return self._run("destroy", "--all", "--force", app=app, context=context)

    def rollback(self, stack: str) -> Ended:
        """Roll back a stack of the last app."""
        return self._run("rollback", "--app", str(self.assembly), stack)

    def delete(self, *stacks: str) -> None:
        """Delete stacks that are there, as a user without the app does."""
        cloudformation = self.client("cloudformation")
        for stack in stacks:
            cloudformation.delete_stack(StackName=stack)
        for stack in stacks:
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 0.2, "MaxAttempts": 3000}
            )

    def remove(self) -> None:
        """Delete the stacks of the last app, as a user without the app does."""
        self.delete(*self.stacks())

    def stacks(self) -> dict[str, dict[str, Any]]:
        """Return the stacks of the last app, by name."""
        manifest = json.loads((self.assembly / "manifest.json").read_text())
        return {
            name: artifact["properties"]
            for name, artifact in manifest["artifacts"].items()
            if artifact["type"] == "aws:cloudformation:stack"
        }

    def synth(self, app: str = APP, /, **context: object) -> Ended:
        return self._run("synth", "--quiet", app=app, context=context)

    def _run(
        self,
        *words: str,
        app: str = "",
        context: Mapping[str, object] = MappingProxyType({}),
        folder: Path | None = None,
    ) -> Ended:
        return run_cdk(
            *words,
            assembly=self.assembly,
            environment=self._environment,
            app=f"{sys.executable} {app}" if app else "",
            context=context,
            folder=folder or self._project,
        )

    def client(self, service: str) -> Any:
        """Return a boto3 client of the cloud's user, made once: a test that waits asks often."""
        if service not in self._clients:
            endpoints = self.cloud.endpoints
            is_lightsail = service == "lightsail"
            self._clients[service] = boto3.client(
                service,
                endpoint_url=endpoints.lightsail if is_lightsail else endpoints.engine,
                region_name=endpoints.region,
                verify=None if is_lightsail else endpoints.certificate,
            )
        return self._clients[service]

    def images(self, service: str = "shop") -> dict[str, str]:
        """Return the digests of a service's images by their names."""
        found = self.client("lightsail").get_container_images(serviceName=service)
        return {image["image"]: image["digest"] for image in found["containerImages"]}

    def status(self, stack: str) -> str:
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return str(found["StackStatus"])

    def reasons(self, stack: str, status: str) -> list[str]:
        """Return the reasons of a stack's events of a status, newest first."""
        events = self.client("cloudformation").describe_stack_events(StackName=stack)
        return [
            event.get("ResourceStatusReason", "")
            for event in events["StackEvents"]
            if event["ResourceStatus"] == status
        ]

    def function_log(self, until: str) -> str:
        """Return all that the functions have logged, once it has a string or a minute on.

        Lines arrive there in the end.
        """
        logs = self.client("logs")
        ends = time.monotonic() + 60
        while True:
            found = "\n".join(
                event["message"]
                for group in logs.describe_log_groups()["logGroups"]
                for page in logs.get_paginator("filter_log_events").paginate(
                    logGroupName=group["logGroupName"]
                )
                for event in page["events"]
            )
            if until in found or time.monotonic() > ends:
                return found
            time.sleep(0.1)
