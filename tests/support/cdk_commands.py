"""The real CDK command line on a local cloud."""

import json
import os
import runpy
import shutil
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock

import aws_cdk
import boto3
from botocore.exceptions import ClientError
from demo.cdk_program import QUICK_POLLS, ROOT, Ended, run_cdk

from lightsail_local.cloud import LocalCloud
from patience import wait_until

APP = "app.py"
_CONTEXT = {
    f"aws:cdk:{name}": True
    for name in ("enable-path-metadata", "enable-asset-metadata", "version-reporting")
}
_DEPLOY = ("deploy", "--all", "--require-approval", "never")
_BOOTSTRAP = ROOT / "node_modules/aws-cdk/lib/api/bootstrap/bootstrap-template.yaml"


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
        """Create the stack of `cdk bootstrap`, which the demo and a test of the cloud run."""
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName="CDKToolkit",
            TemplateBody=_BOOTSTRAP.read_text(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        wait_until(lambda: self.status("CDKToolkit") != "CREATE_IN_PROGRESS")
        assert self.status("CDKToolkit") == "CREATE_COMPLETE"

    def deploy(self, app: str = APP, /, *arguments: str, **context: object) -> Ended:
        """Deploy an app, synthesized in this process, and return the outputs of its stacks."""
        self.synthesize(app, context)
        return self._run(*_DEPLOY, *arguments, app=str(self.assembly))

    def deploy_program(self, app: str = APP, /, **context: object) -> Ended:
        """Deploy an app that the command line starts, which takes seconds, as a user's."""
        return self._run(*_DEPLOY, app=f'exec "{sys.executable}" "{app}"', context=context)

    def synthesize(self, app: str, context: Mapping[str, object]) -> None:
        """Run an app as the command line does, with the context of cdk.json and its own."""
        shutil.rmtree(self.assembly, ignore_errors=True)
        # A folder may have changed since the last app of this process.
        aws_cdk.AssetStaging.clear_asset_hash_cache()
        settings = json.loads((ROOT / "cdk.json").read_text())["context"]
        given = settings | _CONTEXT | {name: str(value) for name, value in context.items()}
        made = aws_cdk.App(outdir=str(self.assembly), context=given)
        place = {
            "CDK_DEFAULT_ACCOUNT": self.cloud.endpoints.account,
            "CDK_DEFAULT_REGION": self.cloud.endpoints.region,
        }
        with mock.patch("aws_cdk.App", return_value=made), mock.patch.dict(os.environ, place):
            runpy.run_path(str(ROOT / app), run_name="__main__")

    def destroy(self) -> Ended:
        """Destroy the stacks of the last app."""
        return self._run("destroy", "--all", "--force", app=str(self.assembly))

    def rollback(self, stack: str) -> Ended:
        """Roll back a stack of the last app."""
        return self._run("rollback", stack, app=str(self.assembly))

    def delete(self, *stacks: str) -> None:
        """Delete stacks that are there, as a user without the app does."""
        cloudformation = self.client("cloudformation")
        for stack in stacks:
            cloudformation.delete_stack(StackName=stack)
        for stack in stacks:
            wait_until(partial(self._is_gone, stack))

    def _is_gone(self, stack: str) -> bool:
        try:
            status = self.status(stack)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":  # of one that is not there
                raise
            return True
        assert status != "DELETE_FAILED", stack
        return status == "DELETE_COMPLETE"

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
        return self._run("synth", "-q", app=f'exec "{sys.executable}" "{app}"', context=context)

    def _run(
        self,
        *words: str,
        app: str,
        context: Mapping[str, object] = MappingProxyType({}),
    ) -> Ended:
        return run_cdk(
            *words,
            assembly=self.assembly,
            environment=self._environment,
            app=app,
            context=context,
            folder=self._project,
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
