"""Leads an interpreter to this machine for Amazon ECR's registries, which it calls by their names.

No test can take the names and ports of AWS, so the interpreter that a function runs in is given
other ways: what a hosts file and a router would do for a machine.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certificates import Certificate
from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION

HOST = f"{DEFAULT_ACCOUNT}.dkr.ecr.{DEFAULT_REGION}.amazonaws.com"
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


def environment_that_leads_to_ecr(
    folder: Path, port: int, certificate: Certificate
) -> dict[str, str]:
    """Return the environment in which a new interpreter is led there, and trusts a certificate."""
    (folder / "sitecustomize.py").write_text(_WAYS.format(hosts=(HOST,), port=port))
    return {"PYTHONPATH": str(folder), "SSL_CERT_FILE": str(certificate.certificate)}


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
