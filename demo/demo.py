"""What the demo does, with the real CDK command line on a local cloud."""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from lightsail_local.cloud import LocalCloud
from lightsail_local.samples.sample_image import push_sample_image

from .cdk_program import QUICK_POLLS, ROOT, event_in, run_cdk
from .screen import Screen
from .site import Site, Visits, fetch, visited

SERVICE = "shop"
STACK, APP, SITE_APP = "Shop", "demo/app.py", "demo/site_app.py"
REGISTERING_STACK, LABEL = "LightsailContainerImage", "tools"
SECRET, VARIABLE = "shop/password", "PASSWORD"
_PASSWORD = "kept-out-of-sight"  # nosec B105  # noqa: S105 - of the demo alone
_PACKAGE_CACHE = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"
_UNPACKED = Path.home() / ".cache" / "aws" / "jsii" / "package-cache"
_YES = ("--require-approval", "never")
# In a command it is shortened: it is longer than a line.
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]+")
_SAID = re.compile(r"Message returned: (.*) \(RequestId")


class DemoFailed(Exception):
    """Something was not as the demo says it is."""


class Demo:
    """The steps of the demo, and what the last of them left."""

    def __init__(self, screen: Screen, cloud: LocalCloud, folder: Path, *, app: str = APP) -> None:
        self._screen = screen
        self._cloud = cloud
        self._folder = folder
        self._app = app
        self._environment = {
            **cloud.endpoints.environment_within(os.environ),
            "HOME": str(folder),
            # Where the CDK is unpacked already, 200 MB, if it was ever used.
            _PACKAGE_CACHE: os.environ.get(_PACKAGE_CACHE, str(_UNPACKED)),
            # cdk.json names the interpreter `python3`.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            # The CDK's own checks of the template cost seconds a run; the tests have them on.
            "CDK_VALIDATION": "false",
            **QUICK_POLLS,
        }
        # With the environment of the cloud, a client is made as everywhere else.
        cloud.endpoints.enter()
        self._lightsail: Any = boto3.client("lightsail")
        self._cloudformation: Any = boto3.client("cloudformation")

    def bootstrap(self) -> None:
        """Prepare the account, as for every use of the CDK."""
        endpoints = self._cloud.endpoints
        self._cdk("bootstrap", f"aws://{endpoints.account}/{endpoints.region}")

    def show_app(self) -> None:
        """Print the construct that the stack is made of."""
        program = (ROOT / self._app).read_text()
        self._screen.line(f"{self._app}:")
        self._screen.code(
            program[program.index("ContainerWebService(\n") : program.index("\napp.")]
        )

    def serve(self, image: str, **context: str) -> None:
        """Deploy an image to the service's nodes, and wait until it serves."""
        self._serve({"image": image, **context})

    def serve_site(self, site: Site, page: str) -> None:
        """Build and deploy a page, and look at it where it is served."""
        site.write(page)
        self._screen.line("Dockerfile:")
        self._screen.code(site.dockerfile)
        self._serve({"site": str(site.folder)})
        self._page_is(page)

    def serve_new_page(self, site: Site, page: str) -> None:
        """Deploy a page in the place of one that is looked at all the time."""
        site.write(page)
        with visited(self._url()) as visits:
            self._serve({"site": str(site.folder)})
            self._page_is(page)
        self._show(visits)

    def serve_site_that_crashes(self, site: Site, page: str) -> None:
        """Deploy a version whose program crashes while the page of before is looked at."""
        site.write("never seen", crashes=True)
        with visited(self._url()) as visits:
            self._fail({"site": str(site.folder)})
            self._page_is(page)
        self._show(visits)

    def _serve(self, context: Mapping[str, str]) -> None:
        outputs = self._deploy(context, self._app)
        current = self._service()["currentDeployment"]
        self._screen.line(
            f"deployment {current['version']} is {current['state']}, it runs "
            f"{current['containers']['web']['image']}"
        )
        version = next(value for name, value in outputs.items() if "DeploymentVersion" in name)
        self._check(
            (str(current["version"]), current["state"]) == (version, "ACTIVE"),
            "the deployment is active",
        )

    def serve_what_fails(self, image: str) -> None:
        """Deploy an image whose program crashes, and show what the stack's events say."""
        self._fail({"image": image})

    def _fail(self, context: Mapping[str, str]) -> None:
        before = self._service()["currentDeployment"]["version"]
        self._cdk("deploy", *_YES, context=context, app=self._app, fails=True)
        self._screen.line("the stack's event:")
        for part in re.split(r", (?=container ')|(?<=[^:]): (?=fix it)", self._what_failed(STACK)):
            self._screen.line(f"  {part}")
        (stack,) = self._cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        self._screen.line(f"the stack is {stack['StackStatus']}")
        self._check(stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", "the update rolled back")
        found = self._lightsail.get_container_service_deployments(serviceName=SERVICE)
        states = sorted((one["version"], one["state"]) for one in found["deployments"])[-2:]
        shown = ", ".join(f"{version} is {state}" for version, state in states)
        self._screen.line(f"deployments of {SERVICE}: {shown}")
        self._check(
            states == [(before, "ACTIVE"), (before + 1, "FAILED")], "the version before serves on"
        )

    def serve_with_secret(self, image: str) -> None:
        """Deploy a container that gets a secret, and show where its value is."""
        self._serve_with_secret({"image": image})

    def serve_site_with_secret(self, site: Site, page: str) -> None:
        """Give the program that serves a page a secret, and show where its value is."""
        site.write(page)
        self._serve_with_secret({"site": str(site.folder)})
        self._page_is(page)

    def _serve_with_secret(self, context: Mapping[str, str]) -> None:
        client: Any = boto3.client("secretsmanager")
        client.create_secret(Name=SECRET, SecretString=_PASSWORD)
        self._serve({**context, "secret": SECRET})
        container = self._service()["currentDeployment"]["containers"]["web"]
        self._check(container["environment"] == {VARIABLE: _PASSWORD}, "the secret arrived")
        self._screen.line(f"its container gets {VARIABLE}, as AWS Secrets Manager has it")
        template = (self._folder / "cdk.out" / f"{STACK}.template.json").read_text()
        events = self._cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        shown = template + json.dumps(events, default=str) + self._function_log()
        self._check(_PASSWORD not in shown, "the secret is kept out of what is shown")
        self._screen.line("its value is not in the template, the stack's events or the logs")

    def register(self, text: str) -> None:
        """Push an image as `docker push` would, and register it by its digest."""
        digest = push_sample_image(self._cloud.lightsail.url, text)
        self._screen.line(f"pushed to {self._cloud.lightsail.registry}/sr, linux/amd64:")
        self._screen.line(f"  {digest}")
        context = {"service_name": SERVICE, "label": LABEL, "digest": digest}
        outputs = self._deploy(context)
        self._check(outputs["ImageDigest"] == digest, "the digest came back unchanged")

    def destroy(self) -> None:
        """Remove the stack that registers an image, then the one that serves."""
        self._cdk("destroy", "--force")
        self.images_are(LABEL)
        self.destroy_service({})

    def destroy_service(self, context: Mapping[str, str]) -> None:
        """Remove the stack that serves."""
        self._cdk("destroy", "--force", context=context, app=self._app)
        services = self._lightsail.get_container_services()["containerServices"]
        self._screen.line("no image of the stacks is left, and no container service")
        self._check(services == [], "no service is left")

    def images_are(self, label: str, *expected: str) -> None:
        """Show the images of a label, and check that they are these."""
        answer = self._lightsail.get_container_images(serviceName=SERVICE)
        names = (image["image"] for image in answer["containerImages"])
        images = sorted(name for name in names if name.startswith(f":{SERVICE}.{label}."))
        self._screen.line(f"images of {SERVICE}.{label}: {', '.join(images) or 'none'}")
        self._check(images == [*expected], f"the images are {', '.join(expected) or 'none'}")

    def _url(self) -> str:
        url: str = self._service()["url"]
        return url

    def _page_is(self, page: str) -> None:
        """Show what the service's URL answers."""
        url = self._url()
        status, body = fetch(url)
        self._screen.command(["curl", url])
        for line in body.splitlines():
            self._screen.line(line)
        self._check((status, body) == (200, page), f"{url} shows the page")

    def _show(self, visits: Visits) -> None:
        """Show how all the requests ended that went to the page meanwhile."""
        total = visits.answered + visits.failed
        self._screen.line(f"meanwhile {visits.failed} of {total} requests failed")
        self._check(visits.answered > 0 and not visits.failed, "no request failed")

    def _service(self) -> Any:
        answer = self._lightsail.get_container_services(serviceName=SERVICE)
        return answer["containerServices"][0]

    def _function_log(self) -> str:
        logs: Any = boto3.client("logs")
        return "".join(
            event["message"]
            for group in logs.describe_log_groups()["logGroups"]
            for page in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            )
            for event in page["events"]
        )

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

    def _deploy(self, context: Mapping[str, str], app: str = "") -> Mapping[str, str]:
        """Deploy the one stack of an app, show its outputs, and return them."""
        outputs = self._cdk("deploy", *_YES, context=context, app=app)
        for name, value in outputs.items():
            self._screen.line(f"{name} = {value}")
        return outputs

    def _cdk(
        self,
        *words: str,
        context: Mapping[str, str] | None = None,
        app: str = "",
        fails: bool = False,
    ) -> Mapping[str, str]:
        """Run the CDK command line, show its events as they come, and return a stack's outputs."""
        app = f"python3 {app}" if app else ""
        shown = [f'--app "{app}"'] if app else []
        settings = [f"{key}={value}" for key, value in (context or {}).items()]
        is_of_app = words[0] != "bootstrap"
        # Not the options that only suit a program.
        named = words[:1] if is_of_app else words
        shown += ["-c " + _DIGEST.sub(r"\1...", setting) for setting in settings]
        self._screen.command(["cdk", *named, *shown])
        ended = run_cdk(
            *words,
            assembly=self._folder / "cdk.out",
            environment=self._environment,
            app=app,
            context=context or {},
            # Without an app the bootstrap does not synthesize one first.
            folder=ROOT if is_of_app else self._folder,
            on_line=self._show_event,
        )
        if (ended.returncode != 0) == fails:
            return ended.outputs
        if words[0] == "deploy" and (
            said := self._what_failed(STACK if app else REGISTERING_STACK)
        ):
            raise DemoFailed(f"cdk deploy failed: {said}")
        raise DemoFailed(f"cdk {words[0]} ended with {ended.returncode}:\n{ended.output}")

    def _show_event(self, line: str) -> None:
        if event := event_in(line):
            self._screen.doing(event)
