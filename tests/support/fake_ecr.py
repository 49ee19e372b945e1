"""The registry of Amazon ECR on loopback, by its own name and over TLS for the functions.

The names and ports of AWS are nobody's to take, so the interpreter that a function runs in is
given other ways: what a hosts file and a router would do for a machine.
"""

import base64
import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import certificates
import fake_registry
from certificates import Certificate
from fake_registry import FakeRegistry
from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION
from oci_images import Made

HOST = f"{DEFAULT_ACCOUNT}.dkr.ecr.{DEFAULT_REGION}.amazonaws.com"
# What ministack gives as authorization token.
_BASIC = "Basic " + base64.b64encode(b"AWS:ministack-auth-token").decode()
# An interpreter runs this before anything else: https://docs.python.org/3/library/site.html
_WAYS = """\
import socket

connect, look_up = socket.create_connection, socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **options: look_up(
    "127.0.0.1" if host == {host!r} else host, *more, **options
)
socket.create_connection = lambda address, *more, **options: connect(
    ("127.0.0.1", {port}) if address == ("127.0.0.1", 443) else address, *more, **options
)
"""


@dataclass(frozen=True, kw_only=True)
class FakeEcr:
    """Amazon ECR, and a Docker that pushes to it.

    Args:
        registry: what it has.
        engine_environment: with which functions find it.
        environment: with which the CDK command line finds that Docker.
        folder: where that Docker's settings and commands are.
    """

    registry: FakeRegistry
    engine_environment: dict[str, str]
    environment: dict[str, str]
    folder: Path

    def build(self, made: Made) -> None:
        """Have Docker build this, whatever it is told to build."""
        self.registry.blobs |= made.blobs
        settings = {
            "host": HOST,
            "port": int(self.registry.host.rpartition(":")[2]),
            "certificate": str(self.folder / "certificate.pem"),
            "media_type": made.media_type,
            "manifest": made.content.decode(),
        }
        (self.folder / "settings.json").write_text(json.dumps(settings))

    def commands(self, command: str) -> list[list[str]]:
        """Return the arguments of each command of a kind that Docker was given."""
        lines = [json.loads(line) for line in (self.folder / "commands").read_text().splitlines()]
        return [arguments for name, *arguments in lines if name == command]


@contextmanager
def fake_ecr(folder: Path) -> Iterator[FakeEcr]:
    """Run a registry, empty."""
    certificate = certificates.certificate(folder, HOST)
    shutil.copy(certificate.certificate, folder / f"{_name(certificate)}.0")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)

    with fake_registry.fake_registry(
        lambda plain: context.wrap_socket(plain, server_side=True),
        host=HOST,
        scheme="https",
        login="basic",
        basic=_BASIC,
    ) as registry:
        port = int(registry.host.rpartition(":")[2])
        (folder / "sitecustomize.py").write_text(_WAYS.format(host=HOST, port=port))
        yield FakeEcr(
            registry=registry,
            engine_environment={"PYTHONPATH": str(folder), "SSL_CERT_DIR": str(folder)},
            environment={
                "CDK_DOCKER": str(Path(__file__).with_name("fake_docker.py")),
                "FAKE_DOCKER": str(folder),
            },
            folder=folder,
        )


def lead_to_ecr(port: int) -> None:
    """Have this very interpreter reach Amazon ECR's registry on a port of this machine."""
    exec(_WAYS.format(host=HOST, port=port), {})  # noqa: S102 - what other interpreters run first


def _name(certificate: Certificate) -> str:
    """Return what OpenSSL looks for in `SSL_CERT_DIR`."""
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(certificate.certificate)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
