"""The main job on the local cloud: deploy, a new version, one that crashes, a secret, destroy.

`IMAGE=<reference>` deploys that image first, of any registry that this machine reaches.

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
from lightsail_local.page.page_server import PageServer
from lightsail_local.page.page_state import page_state
from lightsail_local.samples.sample_registry import SampleRegistry

from .demo import LABEL, SERVICE, Demo, DemoFailed
from .image_check import check_image
from .screen import Screen


def main() -> int:
    """Run the demo; the exit code is 0 if every step did what its title says."""
    screen = Screen()
    signal.signal(signal.SIGTERM, _interrupt)
    own = os.environ.get("IMAGE")
    if own and (wrong := check_image(own)):
        sys.stderr.write(f"IMAGE cannot be deployed: {wrong}\n")
        return 1
    screen.title("cdk-lightsail-containers: one `cdk deploy`, from an image to a URL")
    screen.line("A local cloud on 127.0.0.1; no AWS account is touched.")
    screen.line()
    try:
        with tempfile.TemporaryDirectory(prefix="lightsail-demo-") as folder:
            results = _run(screen, Path(folder), own)
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


def _run(screen: Screen, folder: Path, own: str | None) -> list[str]:
    """Run every step, and return what each of them came to."""
    results = []
    name = f":{SERVICE}.web"
    with ExitStack() as running:
        with screen.step("Start the local cloud"):
            cloud = running.enter_context(LocalCloud())
            registry = running.enter_context(SampleRegistry())
            page = running.enter_context(PageServer(0, lambda: page_state(cloud.lightsail)))
            demo = Demo(screen, cloud, folder)
            screen.line(f"watch Lightsail's side of it in a browser: {page.url}")
            results.append("on 127.0.0.1")
        with screen.step("Bootstrap the account for the CDK"):
            demo.bootstrap()
            results.append("CDKToolkit")
        with screen.step("Deploy an image to a new service"):
            demo.show_app()
            demo.serve(own or registry.image("first"))
            demo.images_are("web", f"{name}.1")
            results.append("deployment 1 is ACTIVE")
        with screen.step("Deploy a new version"):
            second = registry.image("second")
            demo.serve(second)
            demo.images_are("web", f"{name}.2")
            results.append("2 is ACTIVE, image 1 is gone")
        with screen.step("Deploy a version that crashes: must fail"):
            demo.serve_what_fails(registry.image("crash"))
            demo.images_are("web", f"{name}.2")
            results.append("rolled back, 2 serves on")
        with screen.step("Give it a secret"):
            demo.serve_with_secret(second)
            results.append("arrived, and shown nowhere")
        with screen.step("Register an image alone, by its digest"):
            demo.register("A tool\n")
            demo.images_are(LABEL, f":{SERVICE}.{LABEL}.1")
            results.append(f":{SERVICE}.{LABEL}.1")
        with screen.step("Destroy both stacks"):
            demo.destroy()
            results.append("nothing is left")
    return results


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
