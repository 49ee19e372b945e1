"""A site that an engine builds, and someone who looks at it all the time."""

import http.client
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lightsail_local.samples.sample_image import PROGRAM

_DOCKERFILE = """\
FROM scratch
COPY httpd /httpd
COPY index.html /srv/index.html
EXPOSE 80
ENTRYPOINT ["/httpd"]
"""
_SERVE, _CRASH = '["-f", "-h", "/srv"]', '["crash", "there is no database"]'
_PAUSE_SECONDS = 0.02


class Site:
    """A folder with a Dockerfile, which needs no other image, and a page.

    Args:
        folder: Where to write it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        shutil.copy(PROGRAM, folder / "httpd")
        (folder / "httpd").chmod(0o755)

    def write(self, page: str, *, crashes: bool = False) -> None:
        """Write the page, and what its image runs."""
        (self.folder / "index.html").write_text(page)
        command = _CRASH if crashes else _SERVE
        (self.folder / "Dockerfile").write_text(f"{_DOCKERFILE}CMD {command}\n")

    @property
    def dockerfile(self) -> str:
        """What the image is built of."""
        return (self.folder / "Dockerfile").read_text()


@dataclass
class Visits:
    """How requests to a page ended."""

    answered: int = 0
    failed: int = 0
    pages: set[str] = field(default_factory=set)


def fetch(url: str) -> tuple[int, str]:
    """Return the status and the body that a service's URL answers."""
    address = urlsplit(url)
    # Python resolves no names below localhost.
    connection = http.client.HTTPConnection("127.0.0.1", address.port or 80, timeout=30)
    with closing(connection):
        connection.request("GET", "/", headers={"Host": address.netloc})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@contextmanager
def visited(url: str) -> Iterator[Visits]:
    """Ask a URL again and again for as long as the block lasts."""
    visits, is_over = Visits(), threading.Event()

    def visit() -> None:
        while not is_over.is_set():
            try:
                status, page = fetch(url)
            except (OSError, http.client.HTTPException):
                status, page = 0, ""
            visits.answered += status == http.HTTPStatus.OK
            visits.failed += status != http.HTTPStatus.OK
            visits.pages.add(page.strip())
            time.sleep(_PAUSE_SECONDS)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield visits
    finally:
        is_over.set()
        visitor.join()
