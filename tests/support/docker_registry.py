"""Debian's docker-registry, the truth that the tests and the benchmark are held against."""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from certificates import Certificate

USERNAME, PASSWORD = "robot", "correct horse"
# htpasswd -nbB -C 4: the registry computes it for each request, and more rounds cost seconds.
_HTPASSWD = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"
_SHM = Path("/dev/shm")  # noqa: S108 - memory, so that no disk is measured


@dataclass(frozen=True, kw_only=True)
class DockerRegistry:
    host: str
    log: Path

    def requests(self) -> list[str]:
        """Return the requests so far, such as `GET /v2/web/manifests/1 HTTP/1.1`."""
        return [parts[1] for parts in self._lines()]

    def blob_bytes(self) -> int:
        return sum(
            int(parts[2].split()[1])
            for parts in self._lines()
            if parts[1].startswith("GET ") and "/blobs/" in parts[1]
        )

    def _lines(self) -> list[list[str]]:
        lines = [line.split('"') for line in self.log.read_text().splitlines()]
        return [
            parts
            for parts in lines
            if len(parts) > 1 and parts[1].endswith((" HTTP/1.1", " HTTP/2.0"))
        ]


@contextmanager
def docker_registry(
    *, with_login: bool = False, auth: dict[str, Any] | None = None, deletes: bool = True
) -> Iterator[DockerRegistry]:
    """Run a registry of an empty store."""
    with tempfile.TemporaryDirectory(dir=_SHM if _SHM.is_dir() else None) as name:
        folder = Path(name)
        if with_login:
            (folder / "htpasswd").write_text(f"{USERNAME}:{_HTPASSWD}\n")
            auth = {"htpasswd": {"realm": "basic-realm", "path": str(folder / "htpasswd")}}
        with _served(folder, "plain", {"delete": {"enabled": deletes}}, auth=auth) as registry:
            yield registry


@contextmanager
def over_tls(
    registry: DockerRegistry, name: str, certificate: Certificate
) -> Iterator[DockerRegistry]:
    """Run a registry with the same store that is reached over TLS, by a name of this machine."""
    files = {"certificate": str(certificate.certificate), "key": str(certificate.key)}
    with _served(registry.log.parent, "tls", {}, tls=files) as served:
        yield replace(served, host=f"{name}:{served.host.rpartition(':')[2]}")


@contextmanager
def _served(
    folder: Path,
    name: str,
    storage: dict[str, Any],
    *,
    auth: dict[str, Any] | None = None,
    tls: dict[str, str] | None = None,
) -> Iterator[DockerRegistry]:
    config_file, log_file = folder / f"{name}.yml", folder / f"{name}.log"
    with socket.socket() as port:
        # Held until the end: no one else is given the port, and the registry may listen on it as
        # long as both sockets allow that.
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{port.getsockname()[1]}"
        config = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, **storage},
            "http": {"addr": host, "secret": "not-a-secret", **({"tls": tls} if tls else {})},
            **({"auth": auth} if auth else {}),
        }
        config_file.write_text(json.dumps(config))  # JSON is YAML
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                ["docker-registry", "serve", str(config_file)], stdout=log, stderr=log
            )
        try:
            _wait_for(host, log_file, process)
            yield DockerRegistry(host=host, log=log_file)
        finally:
            process.kill()
            process.wait()


def _wait_for(host: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    name, _, port = host.partition(":")
    for _ in range(3000):
        try:
            socket.create_connection((name, int(port)), 1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
        else:
            return
    raise AssertionError(log.read_text())
