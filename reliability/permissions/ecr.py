"""Amazon ECR's registries on loopback, by their own names and over TLS."""

from __future__ import annotations

import base64
import os
import re
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import certificates
import fake_registry
from fake_registry import FakeRegistry, Seen

from .aws import ECR_LOGIN, Aws

_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
_PATH = re.compile(
    r"/v2/(?P<repository>.+)/(?P<kind>manifests|referrers|blobs|blobs/uploads)/[^/]*"
)
# What Amazon ECR's API says that a pull through the registry calls, and a push:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html
_ACTIONS = {
    ("GET", "manifests"): "ecr:BatchGetImage",
    ("HEAD", "manifests"): "ecr:BatchGetImage",
    ("GET", "referrers"): "ecr:BatchGetImage",
    ("PUT", "manifests"): "ecr:PutImage",
    ("GET", "blobs"): "ecr:GetDownloadUrlForLayer",
    ("HEAD", "blobs"): "ecr:BatchCheckLayerAvailability",
    ("POST", "blobs/uploads"): "ecr:InitiateLayerUpload",
    ("PATCH", "blobs/uploads"): "ecr:UploadLayerPart",
    ("PUT", "blobs/uploads"): "ecr:CompleteLayerUpload",
}


def record(aws: Aws, registry: FakeRegistry) -> None:
    """Remember what a registry of Amazon ECR was asked for with a login, as calls to AWS."""
    for seen in registry.seen:
        if "Authorization" in seen.headers:
            _record(aws, seen)
    registry.seen.clear()


def _record(aws: Aws, seen: Seen) -> None:
    host, path = _HOST.fullmatch(seen.headers["Host"]), _PATH.fullmatch(seen.path)
    if host is None or path is None:
        raise NotImplementedError(seen.line)
    repository = f"{host['region']}:{host['account']}:repository/{path['repository']}"
    aws.record(_ACTIONS[seen.method, path["kind"]], f"arn:aws:ecr:{repository}")


@contextmanager
def running_ecr(*hosts: str) -> Iterator[FakeRegistry]:
    """Run a registry that answers to the names of Amazon ECR's."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = certificates.certificate(Path(folder), *hosts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        basic = "Basic " + base64.b64encode(ECR_LOGIN.encode()).decode()
        with (
            fake_registry.fake_registry(
                lambda plain: context.wrap_socket(plain, server_side=True),
                host=hosts[0],
                scheme="https",
                login="basic",
                basic=basic,
            ) as registry,
            _ways(int(registry.host.rpartition(":")[2]), hosts, certificate.certificate),
        ):
            yield registry


@contextmanager
def _ways(port: int, hosts: tuple[str, ...], certificate: Path) -> Iterator[None]:
    """Have names lead to a port of loopback, as a hosts file and a router would do it."""
    connect, look_up = socket.create_connection, socket.getaddrinfo
    before = os.environ.get("SSL_CERT_FILE")

    def looked_up(host: Any, *more: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if host in hosts else host, *more, **options)

    def connected(address: Any, *more: Any, **options: Any) -> Any:
        to = ("127.0.0.1", port) if address == ("127.0.0.1", 443) else address
        return connect(to, *more, **options)

    socket.getaddrinfo, socket.create_connection = looked_up, connected
    os.environ["SSL_CERT_FILE"] = str(certificate)
    try:
        yield
    finally:
        socket.getaddrinfo, socket.create_connection = look_up, connect
        os.environ.pop("SSL_CERT_FILE")
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before
