"""The main job on the local cloud: deploy, update, a deploy that must fail, destroy.

`IMAGE=<reference>` has the update carry that image, of any registry that this machine reaches.

Everything is real but AWS itself: an OCI image, pushed to a registry; the CDK command line; the
function's asset; CloudFormation's requests and answers. It all listens on 127.0.0.1 and is gone
at the end, also after Ctrl-C.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import boto3

from lightsail_local.cloud import LocalCloud
from lightsail_local.engine import EngineError
from lightsail_local.sample_image import push_sample_image
from lightsail_local.sample_registry import SampleRegistry

from .screen import Screen

ROOT = Path(__file__).parent.parent
STACK = "LightsailContainerImage"
SERVICE, LABEL = "shop", "web"
NOT_PUSHED = "sha256:" + "0" * 64
_YES = ("--require-approval", "never")
_EVENT = re.compile(r"\| (?P<status>[A-Z_]{6,}) +\| (?P<type>\S+) +\| (?P<id>\S+)")


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

    def deploy(self, source: Mapping[str, str]) -> str:
        """Deploy an image, show the outputs of the stack, and return the image's digest."""
        file = self._folder / "outputs.json"
        self._cdk("deploy", *_YES, "--outputs-file", str(file), source=source)
        outputs: dict[str, str] = json.loads(file.read_text())[STACK]
        for name, value in outputs.items():
            self._screen.line(f"{name:<11} = {value}")
        return outputs["ImageDigest"]

    def deploy_pushed(self, digest: str) -> None:
        """Deploy an image that is in the Lightsail registry already."""
        found = self.deploy({"digest": digest})
        self._check(found == digest, "the digest came back unchanged")

    def deploy_from(self, image: str) -> None:
        """Deploy an image that is in another registry: the function pushes it."""
        before = len(self._cloud.lightsail.registry_requests)
        self.deploy({"image": image})
        requests = self._cloud.lightsail.registry_requests[before:]
        blobs = sum(1 for request in requests if request.operation == "PutUpload")
        self._screen.line(f"the function pushed its linux/amd64 image: {blobs} blobs, 1 manifest")
        self._check(blobs > 0, "the function pushed the image")

    def deploy_that_fails(self, digest: str) -> None:
        """Deploy what was never pushed, and show what the stack's events say."""
        self._cdk("deploy", *_YES, source={"digest": digest}, fails=True)
        events = self._cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        reason = next(
            event["ResourceStatusReason"]
            for event in events
            if event["ResourceStatus"] == "UPDATE_FAILED"
        )
        self._screen.line("the stack's event:")
        sentence = reason.partition("Message returned: ")[2].partition(" (RequestId")[0]
        for part in sentence.split(": "):
            self._screen.line(f"  {part}")
        (stack,) = self._cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        self._screen.line(f"the stack is {stack['StackStatus']}")
        self._check(stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", "the update rolled back")

    def destroy(self) -> None:
        """Remove the stack."""
        self._cdk("destroy", "--force")

    def images_are(self, *expected: str) -> None:
        """Show the images of the service, and check that they are these."""
        answer = self._lightsail.get_container_images(serviceName=SERVICE)
        images = sorted(image["image"] for image in answer["containerImages"])
        self._screen.line(f"images of {SERVICE}: {', '.join(images) or 'none'}")
        self._check(images == [*expected], f"the images are {', '.join(expected) or 'none'}")

    def _check(self, is_so: bool, what: str) -> None:
        if not is_so:
            raise DemoFailed(f"it is not so that {what}")

    def _cdk(
        self, *words: str, source: Mapping[str, str] | None = None, fails: bool = False
    ) -> None:
        """Run the CDK command line, and show its events as they come."""
        context = {"service_name": SERVICE, "label": LABEL, **source} if source else {}
        given = [part for key, value in context.items() for part in ("-c", f"{key}={value}")]
        self._screen.command(["cdk", words[0], *given])
        is_of_app = words[0] != "bootstrap"
        quiet = ["--no-notices", "--no-color", "--output", str(self._folder / "cdk.out")]
        output = []
        with subprocess.Popen(  # noqa: S603 - the words are the demo's own
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
            finally:
                process.terminate()  # when this is interrupted; it has ended otherwise
        if (process.returncode != 0) != fails:
            raise DemoFailed(f"cdk {words[0]} ended with {process.returncode}:\n{''.join(output)}")


def main() -> int:
    """Run the demo; the exit code is 0 when all of it was as it says."""
    screen = Screen()
    signal.signal(signal.SIGTERM, _interrupt)
    screen.title("cdk-lightsail-containers: one `cdk deploy` gives a pushed image its name")
    screen.line("A local cloud on 127.0.0.1; no AWS account is touched.")
    screen.line()
    try:
        with tempfile.TemporaryDirectory(prefix="lightsail-demo-") as folder:
            results = _run(screen, Path(folder))
    except KeyboardInterrupt:
        screen.line("interrupted: everything is stopped and removed")
        return 130
    except (DemoFailed, EngineError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    screen.title("What happened")
    times = [f"{seconds:.1f} s" for _, seconds in screen.seconds]
    titles = [title for title, _ in screen.seconds]
    screen.table([("step", "result", "time"), *zip(titles, results, times, strict=True)])
    screen.line()
    screen.line("The local cloud is gone. To try your own stack on one: README.md, 'Local cloud'.")
    return 0


def _run(screen: Screen, folder: Path) -> list[str]:
    """Run every step, and return what each of them came to."""
    results = []
    with ExitStack() as running:
        with screen.step("Start the local cloud, with a container service"):
            cloud = running.enter_context(LocalCloud())
            demo = Demo(screen, cloud, folder)
            demo.create_service()
            results.append(f"service {SERVICE}")
        with screen.step("Make a small image and push it"):
            first = demo.push("Hello from the first image\n")
            results.append(f"{first[:19]}...")
        with screen.step("Bootstrap the account for the CDK"):
            demo.bootstrap()
            results.append("CDKToolkit")
        with screen.step("Deploy the image by its digest"):
            demo.deploy_pushed(first)
            demo.images_are(f":{SERVICE}.{LABEL}.1")
            results.append(f":{SERVICE}.{LABEL}.1")
        with screen.step("Deploy a second image, from another registry"):
            registry = running.enter_context(SampleRegistry())
            demo.deploy_from(os.environ.get("IMAGE") or registry.image("second"))
            demo.images_are(f":{SERVICE}.{LABEL}.2")
            results.append(f":{SERVICE}.{LABEL}.2, and .1 is gone")
        with screen.step("Deploy an image that was never pushed: must fail"):
            demo.deploy_that_fails(NOT_PUSHED)
            demo.images_are(f":{SERVICE}.{LABEL}.2")
            results.append(f"rolled back, :{SERVICE}.{LABEL}.2 stays")
        with screen.step("Destroy the stack"):
            demo.destroy()
            demo.images_are()
            results.append("no image left")
    return results


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
