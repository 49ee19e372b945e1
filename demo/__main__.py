"""The main job on the local cloud: register, update, deploy, a version that must fail, destroy.

`IMAGE=<reference>` has it carry and deploy that image, of any registry that this machine reaches.

Everything is real but AWS itself: an OCI image, pushed to a registry; the CDK command line; the
function's asset; CloudFormation's requests and answers. It all listens on 127.0.0.1 and is gone
at the end, also after Ctrl-C.
"""

import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from lightsail_local.cloud import LocalCloud
from lightsail_local.engine.engine import EngineError
from lightsail_local.samples.sample_registry import SampleRegistry

from .demo import LABEL, SERVICE, Demo, DemoFailed
from .screen import Screen


def main() -> int:
    """Run the demo; the exit code is 0 if every step did what its title says."""
    screen = Screen()
    signal.signal(signal.SIGTERM, _interrupt)
    screen.title(
        "cdk-lightsail-containers: one `cdk deploy` takes an image to a service that serves"
    )
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
    screen.line("The local cloud is gone. To try your own stack on one: docs/local-cloud.md.")
    return 0


def _run(screen: Screen, folder: Path) -> list[str]:
    """Run every step, and return what each of them came to."""
    results = []
    own = os.environ.get("IMAGE")
    name = f":{SERVICE}.{LABEL}"
    with ExitStack() as running:
        with screen.step("Start the local cloud, with a container service"):
            cloud = running.enter_context(LocalCloud())
            registry = running.enter_context(SampleRegistry())
            demo = Demo(screen, cloud, folder)
            demo.create_service()
            results.append(f"service {SERVICE}")
        with screen.step("Make a small image and push it"):
            first = demo.push("Hello from the first image\n")
            results.append(f"{first[:19]}...")
        with screen.step("Bootstrap the account for the CDK"):
            demo.bootstrap()
            results.append("CDKToolkit")
        with screen.step("Register the image by its digest"):
            demo.register_pushed(first)
            demo.images_are(f"{name}.1")
            results.append(f"{name}.1")
        with screen.step("Update to a second image, from another registry"):
            demo.register_from(own or registry.image("second"))
            demo.images_are(f"{name}.2")
            results.append(f"{name}.2, and .1 is gone")
        with screen.step("Destroy the stack"):
            demo.destroy()
            demo.images_are()
            results.append("no image left")
        with screen.step("Deploy an image, and wait until it serves"):
            demo.serve(own or registry.image("third"))
            demo.images_are(f"{name}.3")
            results.append("deployment 1 is ACTIVE")
        with screen.step("Deploy a version that crashes: must fail"):
            demo.serve_what_fails(registry.image("crash"))
            demo.images_are(f"{name}.3")
            results.append("rolled back, deployment 1 serves on")
        with screen.step("Destroy the stack; its service is not the stack's"):
            demo.destroy_web()
            results.append("deployment 1 serves on")
    return results


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
