"""The registry of Amazon ECR on loopback, by its own name and over TLS for the functions.

No test can take the names and ports of AWS, so the interpreter that a function runs in is given
other ways: what a hosts file and a router would do for a machine.
"""

import base64
import os
import shutil
import socket
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

HOST = f"{DEFAULT_ACCOUNT}.dkr.ecr.{DEFAULT_REGION}.amazonaws.com"
# What ministack gives as authorization token.
_BASIC = "Basic " + base64.b64encode(b"AWS:ministack-auth-token").decode()
# An interpreter runs this before anything else: https://docs.python.org/3/library/site.html
_WAYS = """\
import socket

connect, look_up = socket.create_connection, socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **options: look_up(
    "127.0.0.1" if host in {hosts!r} else host, *more, **options
)
socket.create_connection = lambda address, *more, **options: connect(
    ("127.0.0.1", {port}) if address == ("127.0.0.1", 443) else address, *more, **options
)
"""


@dataclass(frozen=True, kw_only=True)
class FakeEcr:
    """Amazon ECR.

    Args:
        registry: what it has.
        engine_environment: with which functions find it.
    """

    registry: FakeRegistry
    engine_environment: dict[str, str]


@contextmanager
def fake_ecr(folder: Path) -> Iterator[FakeEcr]:
    """Run a registry, empty."""
    certificate = certificates.certificate(folder, HOST)
    shutil.copy(certificate.certificate, folder / f"{_name(certificate)}.0")
    context = _context(certificate)
    with fake_registry.fake_registry(
        lambda plain: context.wrap_socket(plain, server_side=True),
        host=HOST,
        scheme="https",
        login="basic",
        basic=_BASIC,
    ) as registry:
        port = int(registry.host.rpartition(":")[2])
        (folder / "sitecustomize.py").write_text(_WAYS.format(hosts=(HOST,), port=port))
        yield FakeEcr(
            registry=registry,
            engine_environment={"PYTHONPATH": str(folder), "SSL_CERT_DIR": str(folder)},
        )


def lead_to_ecr(port: int, *hosts: str) -> None:
    """Lead this interpreter to a port of this machine for Amazon ECR's registries."""
    exec(_WAYS.format(hosts=hosts or (HOST,), port=port), {})  # noqa: S102 - what others run first


@contextmanager
def led_to_ecr(port: int, certificate: Certificate, *hosts: str) -> Iterator[None]:
    """Do so for a while, and trust a certificate."""
    before = socket.create_connection, socket.getaddrinfo
    trusted = os.environ.get("SSL_CERT_FILE")
    lead_to_ecr(port, *hosts)
    os.environ["SSL_CERT_FILE"] = str(certificate.certificate)
    try:
        yield
    finally:
        socket.create_connection, socket.getaddrinfo = before
        del os.environ["SSL_CERT_FILE"]
        if trusted is not None:
            os.environ["SSL_CERT_FILE"] = trusted


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def _name(certificate: Certificate) -> str:
    """Return what OpenSSL looks for in `SSL_CERT_DIR`."""
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(certificate.certificate)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
