"""Images out of Amazon ECR, whose registry says what the function's role may pull."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import certificates
from fake_ecr import HOST, led_to_ecr
from fake_registry import PASSWORD, USERNAME, FakeRegistry, fake_registry
from image_requests import LAYERS, refusal
from lightsail_local.wire.http_server import Connection
from oci_images import image
from registry_faults import errors
from stack_requests import Stack

SAID = f"User: arn:aws:sts::000000000000:assumed-role/Role is not authorized to pull from {HOST}"


class Tokens:
    """Gives the login of Amazon ECR's registries."""

    def get_authorization_token(self) -> dict[str, Any]:
        token = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        return {"authorizationData": [{"authorizationToken": token}]}


@pytest.fixture
def ecr(stack: Stack, tmp_path: Path) -> Iterator[FakeRegistry]:
    certificate = certificates.certificate(tmp_path, HOST)
    stack.clients["ecr"] = Tokens()
    with fake_registry(certificate, login="basic") as registry:
        assert registry.server is not None
        registry.add(image(*LAYERS), "1")
        with led_to_ecr(registry.server.server_port, certificate):
            yield registry


def deny(connection: Connection) -> bool:
    is_in = "Authorization" in connection.headers
    return is_in and bool(errors(403, "DENIED", SAID)(connection))


def create(stack: Stack) -> Any:
    source = {"Image": f"{HOST}/web:1"}
    return stack.send(stack.request("Create", Digest=None, Source=source))


@pytest.mark.parametrize("denied", ["manifests", "blobs"])
def test_waits_for_new_permissions_to_pull(stack: Stack, ecr: FakeRegistry, denied: str) -> None:
    ecr.fail(denied, deny, times=4)

    assert create(stack)["Status"] == "SUCCESS"


def test_a_permission_to_pull_that_is_missing(stack: Stack, ecr: FakeRegistry) -> None:
    began = stack.time.now
    ecr.fail("manifests", deny, times=1000)

    assert "403 DENIED" in refusal(create(stack))
    assert 12 <= stack.time.now - began < 40
