"""What the demo does, with the real CDK command line on a local cloud."""

import json
import os
import re
import subprocess  # nosec B404 # each call says what it runs
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from lightsail_local.cloud import LocalCloud
from lightsail_local.samples.sample_image import push_sample_image

from .screen import Screen

ROOT = Path(__file__).parent.parent
STACK = "LightsailContainerImage"
SERVICE, LABEL = "shop", "web"
WEB_STACK, WEB_APP = "ExistingServiceDeployment", "examples/existing_service_deployment.py"
_PACKAGE_CACHE = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"
_UNPACKED = Path.home() / ".cache" / "aws" / "jsii" / "package-cache"
_YES = ("--require-approval", "never")
_EVENT = re.compile(r"\| (?P<status>[A-Z_]{6,}) +\| (?P<type>\S+) +\| (?P<id>\S+)")
_SAID = re.compile(r"Message returned: (.*) \(RequestId")


class DemoFailed(Exception):  # noqa: N818 - reads as what it is
    """Something was not as the demo says it is."""


class Demo:
    """The steps of the demo, and what the last of them left."""

    def __init__(self, screen: Screen, cloud: LocalCloud, folder: Path) -> None:
        self._screen = screen
        self._cloud = cloud
        self._folder = folder
        self._command = ROOT / "node_modules" / ".bin" / "cdk"
        self._environment = {
            **cloud.endpoints.environment_within(os.environ),
            "HOME": str(folder),
            # Where the CDK is unpacked already, 200 MB, if it was ever used.
            _PACKAGE_CACHE: os.environ.get(_PACKAGE_CACHE, str(_UNPACKED)),
            # cdk.json names the interpreter `python3`.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            # The CDK's own checks of the template cost seconds a run; the tests have them on.
            "CDK_VALIDATION": "false",
        }
        # With the environment of the cloud, a client is made as everywhere else.
        cloud.endpoints.enter()
        self._lightsail: Any = boto3.client("lightsail")
        self._cloudformation: Any = boto3.client("cloudformation")

    def create_service(self) -> None:
        """Make the container service that a user has already."""
        self._lightsail.create_container_service(serviceName=SERVICE, power="nano", scale=1)

    def push(self, text: str) -> str:
        """Make an image on the spot, push it as `docker push` would, and return its digest."""
        digest = push_sample_image(self._cloud.lightsail.url, text)
        self._screen.line(f"pushed to {self._cloud.lightsail.registry}/sr, linux/amd64, {digest}")
        return digest

    def bootstrap(self) -> None:
        """Prepare the account, as for every use of the CDK."""
        endpoints = self._cloud.endpoints
        self._cdk("bootstrap", f"aws://{endpoints.account}/{endpoints.region}")

    def register(self, source: Mapping[str, str]) -> str:
        """Deploy the app that registers an image, and return the image's digest."""
        outputs = self._deploy(STACK, {"service_name": SERVICE, "label": LABEL, **source})
        return outputs["ImageDigest"]

    def register_pushed(self, digest: str) -> None:
        """Register an image that is in the Lightsail registry already."""
        found = self.register({"digest": digest})
        self._check(found == digest, "the digest came back unchanged")

    def register_from(self, image: str) -> None:
        """Register an image that is in another registry: the function pushes it."""
        before = len(self._cloud.lightsail.registry_requests)
        self.register({"image": image})
        requests = self._cloud.lightsail.registry_requests[before:]
        blobs = sum(1 for request in requests if request.operation == "PutUpload")
        self._screen.line(f"the function pushed its linux/amd64 image: {blobs} blobs, 1 manifest")
        self._check(blobs > 0, "the function pushed the image")

    def serve(self, image: str) -> None:
        """Deploy an image to the service's nodes, and wait until it serves."""
        outputs = self._deploy(WEB_STACK, {"image": image}, WEB_APP)
        current = self._service()["currentDeployment"]
        self._screen.line(
            f"deployment {current['version']} is {current['state']}, it runs "
            f"{current['containers']['web']['image']}"
        )
        self._check(
            (str(current["version"]), current["state"]) == (outputs["DeploymentVersion"], "ACTIVE"),
            "the deployment is active",
        )

    def serve_what_fails(self, image: str) -> None:
        """Deploy an image whose program crashes, and show what the stack's events say."""
        self._cdk("deploy", *_YES, context={"image": image}, app=WEB_APP, fails=True)
        self._screen.line("the stack's event:")
        sentence = self._what_failed(WEB_STACK)
        for part in re.split(r", (?=container ')|(?<=[^:]): (?=fix it)", sentence):
            self._screen.line(f"  {part}")
        (stack,) = self._cloudformation.describe_stacks(StackName=WEB_STACK)["Stacks"]
        self._screen.line(f"the stack is {stack['StackStatus']}")
        self._check(stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", "the update rolled back")
        found = self._lightsail.get_container_service_deployments(serviceName=SERVICE)
        states = sorted((one["version"], one["state"]) for one in found["deployments"])
        shown = ", ".join(f"{version} is {state}" for version, state in states)
        self._screen.line(f"deployments of {SERVICE}: {shown}")
        self._check(states == [(1, "ACTIVE"), (2, "FAILED")], "the version before serves on")

    def destroy(self) -> None:
        """Remove the stack that registers an image."""
        self._cdk("destroy", "--force")

    def destroy_web(self) -> None:
        """Remove the stack that deploys one; Lightsail serves on until its service goes."""
        self._cdk("destroy", "--force", app=WEB_APP)
        service = self._service()
        version = service["currentDeployment"]["version"]
        self._screen.line(f"service {SERVICE} is {service['state']}, with deployment {version}")
        self._check((service["state"], version) == ("RUNNING", 1), "the service runs on")

    def images_are(self, *expected: str) -> None:
        """Show the images of the service, and check that they are these."""
        answer = self._lightsail.get_container_images(serviceName=SERVICE)
        images = sorted(image["image"] for image in answer["containerImages"])
        self._screen.line(f"images of {SERVICE}: {', '.join(images) or 'none'}")
        self._check(images == [*expected], f"the images are {', '.join(expected) or 'none'}")

    def _service(self) -> Any:
        answer = self._lightsail.get_container_services(serviceName=SERVICE)
        return answer["containerServices"][0]

    def _what_failed(self, stack: str) -> str:
        """Return what the function said of the last request that failed; nothing if none did."""
        try:
            events = self._cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        except ClientError:  # there is no such stack yet
            return ""
        for event in events:
            said = _SAID.search(event.get("ResourceStatusReason", ""))
            if event["ResourceStatus"] in ("CREATE_FAILED", "UPDATE_FAILED") and said:
                return said[1]
        return ""

    def _check(self, is_so: bool, what: str) -> None:
        if not is_so:
            raise DemoFailed(f"it is not so that {what}")

    def _deploy(self, stack: str, context: Mapping[str, str], app: str = "") -> Mapping[str, str]:
        """Deploy a stack, show its outputs, and return them."""
        file = self._folder / "outputs.json"
        self._cdk("deploy", *_YES, "--outputs-file", str(file), context=context, app=app)
        outputs: dict[str, str] = json.loads(file.read_text())[stack]
        width = max(map(len, outputs))
        for name, value in outputs.items():
            self._screen.line(f"{name:<{width}} = {value}")
        return outputs

    def _cdk(
        self,
        *words: str,
        context: Mapping[str, str] | None = None,
        app: str = "",
        fails: bool = False,
    ) -> None:
        """Run the CDK command line, and show its events as they come."""
        given = ["--app", f"python3 {app}"] if app else []
        shown = ["--app", f'"python3 {app}"'] if app else []
        parts = [
            part for key, value in (context or {}).items() for part in ("-c", f"{key}={value}")
        ]
        is_of_app = words[0] != "bootstrap"
        # Not the options that only suit a program.
        named = words[:1] if is_of_app else words
        self._screen.command(["cdk", *named, *shown, *parts])
        given += parts
        quiet = ["--no-notices", "--no-color", "--output", str(self._folder / "cdk.out")]
        output = []
        with subprocess.Popen(  # nosec B603  # noqa: S603 - the words are the demo's own
            [str(self._command), *words, *given, *quiet],
            # Without an app the bootstrap does not synthesize one first.
            cwd=ROOT if is_of_app else self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                for line in process.stdout or []:
                    output.append(line)
                    event = _EVENT.search(line)
                    if event:
                        self._screen.doing(f"{event['status']} {event['type']}")
            except KeyboardInterrupt:
                process.terminate()
                raise
        if (process.returncode != 0) == fails:
            return
        if words[0] == "deploy" and (said := self._what_failed(WEB_STACK if app else STACK)):
            raise DemoFailed(f"cdk deploy failed: {said}")
        raise DemoFailed(f"cdk {words[0]} ended with {process.returncode}:\n{''.join(output)}")
