"""Amazon ECR: ministack's API, with a registry of our own behind it.

ministack's registry keeps every blob in memory, asks for no login, takes manifests whose layers
are missing, and does not answer `Range`. Of an image that is not there, ministack's API answers
with an empty list. The CDK's command line takes every answer but the error for an image that is
there already, and would build and push nothing.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

import base64
import json
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ministack.core import tls
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    set_request_account_id,
    set_request_region,
)
from ministack.services import account, ecr

from lightsail_local.behaviour.errors import RegistryError
from lightsail_local.ecr.registry import EcrRegistry
from lightsail_local.ecr.tokens import USERNAME, Home, Tokens
from lightsail_local.images.manifest import DIGEST, Manifest

FUNCTIONS_WAY = """\
import re, socket

def lead():
    name = re.compile(
        r"[0-9]{{12}}\\.dkr[.-]ecr(-fips)?\\.[a-z0-9-]+\\.(amazonaws\\.com(\\.cn)?|on\\.aws)"
    )
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def look_up_ecr(host, *more, **options):
        is_ecr = isinstance(host, str) and name.fullmatch(host)
        return look_up("{address}" if is_ecr else host, *more, **options)

    def connect_to_ecr(self, address):
        return connect(self, ("127.0.0.1", {port}) if address == ("{address}", 443) else address)

    socket.getaddrinfo, socket.socket.connect = look_up_ecr, connect_to_ecr

lead()
"""
# Of this computer alone, and nothing listens there.
_ADDRESS = "127.3.3.3"


def registry_names() -> list[str]:
    """Return the host names of all registries, with a `*` for the account."""
    return [f"*.dkr.ecr.{region}.amazonaws.com" for region in account._REGIONS_LIST]


def install(listener: int, folder: Path) -> str:
    """Serve the registry, and make ministack's API know it.

    Args:
        listener: a file descriptor of a socket that is bound.
        folder: for blobs.

    Returns:
        A program that leads a Python function to it, by the registries' own names.
    """
    certificate, key = tls.resolve_tls_material()
    tokens = Tokens()
    registry = EcrRegistry(
        listener=socket.socket(fileno=listener),
        certificate=Path(certificate),
        key=Path(key),
        folder=folder,
        records=_Records(),
        tokens=tokens,
    )
    ecr._get_authorization_token = lambda _: _authorization(registry, tokens)
    _name_the_registry(registry.host)
    _report_missing_images()
    _drop_deleted_images(registry)
    return FUNCTIONS_WAY.format(address=_ADDRESS, port=registry.host.rpartition(":")[2])


class _Records:
    """The repositories and images of ministack's API."""

    def created(self, home: Home, repository: str) -> object | None:
        _enter(home)
        created: object | None = ecr._repositories.get(repository)
        return created

    def manifest(self, home: Home, repository: str, reference: str) -> tuple[str, bytes] | None:
        _enter(home)
        key = "imageDigest" if ":" in reference else "imageTag"
        image = ecr._find_image(repository, {key: reference})
        return image and (image["imageManifestMediaType"], image["imageManifest"].encode())

    def add(self, home: Home, repository: str, manifest: Manifest, tag: str | None) -> None:
        _enter(home)
        image = {
            "repositoryName": repository,
            "imageManifest": manifest.content.decode(),
            "imageManifestMediaType": manifest.media_type,
            "imageTag": tag,
        }
        tagged = ecr._find_image(repository, {"imageTag": tag})
        if tagged and tagged["imageDigest"] == manifest.digest:
            return
        status, _, body = ecr._put_image(image)
        if status >= 400:  # noqa: PLR2004
            raise RegistryError(400, "TAG_INVALID", json.loads(body)["message"])

    def tags(self, home: Home, repository: str) -> list[str]:
        _enter(home)
        return sorted(tag for image in ecr._images[repository] for tag in image["imageTags"])


def _enter(home: Home) -> None:
    """Let this thread see what is an account's, in a Region."""
    set_request_account_id(home.account)
    set_request_region(home.region)


def _authorization(registry: EcrRegistry, tokens: Tokens) -> Any:
    token = tokens.create(Home(get_account_id(), get_region()))
    login = base64.b64encode(f"{USERNAME}:{token.password}".encode()).decode()
    data = {
        "authorizationToken": login,
        "expiresAt": int(token.expires_at),
        # The CDK's command line logs in there.
        "proxyEndpoint": f"https://{registry.host}",
    }
    return json_response({"authorizationData": [data]})


def _name_the_registry(host: str) -> None:
    """Make the API say where to push: an engine does not find Amazon ECR's own names here."""
    shape = ecr._repo_shape
    ecr._repo_shape = lambda repository: {
        **shape(repository),
        "repositoryUri": f"{host}/{repository['repositoryName']}",
    }


def _report_missing_images() -> None:
    describe = ecr._describe_images

    def describe_strictly(request: Mapping[str, Any]) -> Any:
        answer = describe(request)
        wanted = request.get("imageIds")
        if wanted and json.loads(answer[2]).get("imageDetails") == []:
            repository = request["repositoryName"]
            return error_response_json(
                "ImageNotFoundException",
                f"The image with imageId {wanted[0]} does not exist in the repository "
                f"'{repository}'",
            )
        return answer

    ecr._describe_images = describe_strictly


def _drop_deleted_images(registry: EcrRegistry) -> None:
    delete = ecr._batch_delete_image

    def delete_with_blobs(request: Mapping[str, Any]) -> Any:
        repository = request.get("repositoryName", "")
        before = _blobs(ecr._images.get(repository, []))
        answer = delete(request)
        unused = before - _blobs(ecr._images.get(repository, []))
        registry.drop(Home(get_account_id(), get_region()), repository, unused)
        return answer

    ecr._batch_delete_image = delete_with_blobs


def _blobs(images: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the digests that the manifests of images name."""
    return frozenset(
        digest for image in images for digest in DIGEST.findall(image["imageManifest"])
    )
