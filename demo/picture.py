"""`make picture`: the local cloud's page after an update that failed, in a real browser."""

import base64
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from lightsail_local.cloud import LocalCloud
from lightsail_local.containers.find_container_engine import (
    NoContainerEngineError,
    find_container_engine,
)
from lightsail_local.containers.image_builder import ImageBuilder
from lightsail_local.containers.real_containers import RealContainers
from lightsail_local.containers.started_clouds import started_cloud
from lightsail_local.page.cloud_page import cloud_page
from lightsail_local.running_clouds import state_folder

from .cdk_program import ROOT
from .demo import SITE_APP, Demo
from .screen import Screen
from .site import Site

_PICTURE = ROOT / "docs" / "lightsail-local.png"
_WIDTH, _HEIGHT = 1280, 1000
_OPTIONS = "headless=new no-sandbox disable-gpu no-first-run disable-background-networking"
_SETTLED_SECONDS = 60


def main() -> int:
    """Write the picture; the exit code is 1 without an engine or a browser."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        sys.stderr.write("install chromium and chromedriver: the picture is one of theirs\n")
        return 1
    screen = Screen()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="lightsail-picture-") as folder,
            page_of_failed_update(screen, Path(folder)) as url,
            browser(folder) as driver,
        ):
            _PICTURE.write_bytes(picture(driver, url, _WIDTH, _HEIGHT))
    except NoContainerEngineError as error:
        sys.stderr.write(f"containers cannot be started: {error}\n")
        return 1
    screen.line(f"written: {_PICTURE.relative_to(ROOT)}")
    return 0


@contextmanager
def page_of_failed_update(screen: Screen, folder: Path) -> Iterator[str]:
    """Give the address of the page of a cloud that serves one version and refused the next."""
    with ExitStack() as running:
        started = running.enter_context(started_cloud(state_folder()))
        engine = find_container_engine(started)
        containers = RealContainers(engine=engine, port=0, folder=started.folder)
        builder = ImageBuilder.of(engine.command[0])
        cloud = running.enter_context(LocalCloud(containers=containers, builder=builder))
        running.callback(engine.remove_built_images, cloud.endpoints.ecr)
        page = running.enter_context(cloud_page(cloud, 0))
        demo, site = Demo(screen, cloud, folder, app=SITE_APP), Site(folder / "site")
        with screen.step("Deploy a page, and a version that crashes"):
            demo.bootstrap()
            demo.serve_site(site, "<h1>Hello</h1>\n")
            demo.serve_site_that_crashes(site, "<h1>Hello</h1>\n")
        yield page.url


@contextmanager
def browser(folder: str) -> Iterator[webdriver.Chrome]:
    """Give a browser that leaves nothing behind."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for option in _OPTIONS.split():
        options.add_argument(f"--{option}")
    options.add_argument(f"--user-data-dir={folder}/browser")
    # With its path, selenium looks for no driver in the network.
    driver = webdriver.Chrome(
        options=options, service=Service(executable_path=shutil.which("chromedriver"))
    )
    try:
        yield driver
    finally:
        driver.quit()


def picture(
    driver: webdriver.Chrome, url: str, width: int, height: int, scheme: str = "light"
) -> bytes:
    """Return a PNG of the page, once it shows what the cloud knows.

    Args:
        driver: the browser.
        url: the page's address.
        width: the window's width.
        height: the window's height.
        scheme: `light` or `dark`.
    """
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    still = {"name": "prefers-reduced-motion", "value": "reduce"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature, still]})
    driver.get(url)
    shows_all = "return document.querySelector('.service') && document.querySelector('.stack')"
    WebDriverWait(driver, _SETTLED_SECONDS).until(lambda _: driver.execute_script(shows_all))
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    sys.exit(main())
