"""The main job on the local cloud: deploy, a new version, one that crashes, a secret, destroy.

Where docker, podman, nerdctl or finch starts containers, the image is built from a Dockerfile, and
its page is fetched. `IMAGE=<reference>` deploys that image first instead, of any registry that this
machine reaches.

Everything is real but AWS itself: an OCI image, pushed to a registry; the CDK command line; the
function's asset; CloudFormation's requests and answers. It all listens on 127.0.0.1 and is gone
at the end, also after Ctrl-C.
"""

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NoReturn

from lightsail_local.cloud import LocalCloud
from lightsail_local.containers.container_engine import ContainerEngine, ContainerEngineError
from lightsail_local.containers.find_container_engine import (
    NoContainerEngineError,
    find_container_engine,
)
from lightsail_local.containers.image_builder import ImageBuilder
from lightsail_local.containers.real_containers import RealContainers
from lightsail_local.containers.started_clouds import started_cloud
from lightsail_local.engine.engine import EngineError
from lightsail_local.page.cloud_page import cloud_page
from lightsail_local.running_clouds import state_folder
from lightsail_local.samples.sample_registry import SampleRegistry

from .demo import LABEL, SERVICE, SITE_APP, Demo, DemoFailed
from .image_check import check_image
from .screen import Screen
from .site import Site


def main() -> int:
    """Run the demo; the exit code is 0 if every step did what its title says."""
    argparse.ArgumentParser(prog="python -m demo", description=__doc__).parse_args()
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
    with ExitStack() as running:
        with screen.step("Start the local cloud"):
            containers = None if own else _containers(screen, running)
            cloud = running.enter_context(_cloud(containers))
            page = running.enter_context(cloud_page(cloud, 0))
            screen.line(f"watch it in a browser: {page.url}")
        if containers is None:
            return ["on 127.0.0.1", *_run_simulated(screen, Demo(screen, cloud, folder), own)]
        running.callback(_remove_images, containers.engine, cloud.endpoints.ecr)
        demo = Demo(screen, cloud, folder, app=SITE_APP)
        return ["on 127.0.0.1", *_run_site(screen, demo, Site(folder / "site"))]


def _containers(screen: Screen, running: ExitStack) -> RealContainers | None:
    """Return what runs containers, None if nothing does."""
    screen.doing("looking for docker, podman, nerdctl or finch")
    started = running.enter_context(started_cloud(state_folder()))
    try:
        engine = find_container_engine(started)
    except NoContainerEngineError as error:
        screen.line(f"containers are simulated, because {error}")
        screen.line("With one of them, the demo also builds a Dockerfile and opens its page.")
        return None
    screen.line(f"images are built and containers run by {engine.version}")
    return RealContainers(engine=engine, port=0, folder=started.folder)


def _remove_images(engine: ContainerEngine, registry: str) -> None:
    """Leave nothing in the user's engine; if it has ended, there is nothing to do."""
    with suppress(ContainerEngineError):
        engine.remove_built_images(registry)


def _cloud(containers: RealContainers | None) -> LocalCloud:
    builder = ImageBuilder.of(containers.engine.command[0]) if containers else None
    return LocalCloud(containers=containers, builder=builder)


def _run_site(screen: Screen, demo: Demo, site: Site) -> list[str]:
    """Run the steps with containers that run."""
    first, second = "<h1>Hello</h1>\n", "<h1>Hello again</h1>\n"
    with screen.step("Bootstrap the account for the CDK"):
        demo.bootstrap()
    with screen.step("From a Dockerfile to a URL that answers"):
        demo.show_app()
        demo.serve_site(site, first)
    with screen.step("Change the page while it is looked at"):
        demo.serve_new_page(site, second)
    with screen.step("Deploy a version that crashes: must fail"):
        demo.serve_site_that_crashes(site, second)
    with screen.step("Give it a secret"):
        demo.serve_site_with_secret(site, second)
    with screen.step("Destroy the stack"):
        demo.destroy_service({"site": str(site.folder)})
    return [
        "CDKToolkit",
        "built, pushed, serves",
        "0 failed, new page serves",
        "0 failed, old page stays",
        "arrived, and shown nowhere",
        "nothing is left",
    ]


def _run_simulated(screen: Screen, demo: Demo, own: str | None) -> list[str]:
    """Run the steps with containers that are simulated."""
    results = []
    name = f":{SERVICE}.web"
    with SampleRegistry() as registry:
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
