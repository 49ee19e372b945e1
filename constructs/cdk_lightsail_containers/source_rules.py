"""The rules for what a source of an image is made from, checked before anything is."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

from cdk_lightsail_containers_handler.properties.container_image import check_digest
from cdk_lightsail_containers_handler.properties.image_source import check_image
from cdk_lightsail_containers_handler.properties.rules import show

from .tokens import is_token

# https://docs.aws.amazon.com/general/latest/gr/ecr.html
# Account and Region may be tokens, and the CDK itself leaves the domain to CloudFormation.
_PRIVATE_ECR = re.compile(
    r"[^/]+\.dkr[.-]ecr(?:-fips)?\.[^/]+"
    r"(?:amazonaws\.com(?:\.cn)?|on\.aws|\bAWS::URLSuffix\b[^/]*)/."
)
_DIGEST_PREFIX = "sha256:"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md, and
# https://github.com/moby/docker-image-spec/blob/main/spec.md of what `docker save` writes.
_TABLES_OF_CONTENTS = ("index.json", "manifest.json")


def check_archive(path: str | os.PathLike[str]) -> None:
    """Raise the `ValueError` that says what an image's archive must be."""
    rule = "path must be an uncompressed tar file, or a folder with index.json or manifest.json"
    archive = Path(path)
    if not os.fspath(path) or not archive.exists():
        raise ValueError(f"{rule}, got {os.fspath(path)!r}, which does not exist")
    if archive.is_dir():
        if not any((archive / name).is_file() for name in _TABLES_OF_CONTENTS):
            raise ValueError(f"{rule}, got {os.fspath(path)!r}, which has neither")
        return
    try:
        tarfile.open(archive, "r:").close()
    except tarfile.ReadError:
        raise ValueError(f"{rule}, got {os.fspath(path)!r}, which is none") from None


def check_credentials(credentials: object) -> None:
    """Raise the `ValueError` that says what credentials must be, without showing what they are."""
    if credentials is not None and not hasattr(credentials, "secret_arn"):
        rule = "credentials must be a secret of AWS Secrets Manager, not what is in it"
        raise ValueError(f"{rule}, got a value of type {type(credentials).__name__!r}")


def check_dockerfile(directory: str | os.PathLike[str], file: str | None) -> None:
    """Raise the `ValueError` that says what a build needs."""
    if not os.fspath(directory) or not Path(directory).is_dir():
        raise ValueError(f"directory must be a folder, got {os.fspath(directory)!r}")
    file = "Dockerfile" if file is None else file
    if not Path(directory, file).is_file():
        rule = f"file must be a Dockerfile in the folder {os.fspath(directory)!r}"
        raise ValueError(f"{rule}, got {file!r}, which does not exist")


def check_public(image: str) -> None:
    """Raise the `ValueError` that says which image takes more than its name, or its template text.

    Args:
        image: what names the image, as a text or as a template has it.
    """
    if is_private_ecr(image):
        raise ValueError(
            "image must be of a public registry, or have credentials; one of a private repository "
            f"of Amazon ECR is ImageSource.from_ecr_repository(...), got {show(image)}"
        )


def check_registry_image(image: object, credentials: object) -> None:
    """Raise the `ValueError` that says what names an image of a registry, and of which."""
    if is_token(image):
        return
    image = check_image(image)
    if credentials is None:
        check_public(image)


def check_revision(revision: object) -> None:
    """Raise the `ValueError` that says what a revision must be."""
    if revision is not None and not isinstance(revision, str):
        raise ValueError(f"revision must be a text, got {revision!r}")


def is_private_ecr(image: str) -> bool:
    """Return whether an image, as a template has it, is of a private repository of Amazon ECR."""
    return bool(_PRIVATE_ECR.match(image))


def check_tag_or_digest(value: object) -> None:
    """Raise the `ValueError` that says what names an image in a repository."""
    if is_token(value):
        return
    if isinstance(value, str) and value.startswith(_DIGEST_PREFIX):
        check_digest(value, "tag_or_digest")
    elif not isinstance(value, str) or not _TAG.fullmatch(value):
        rule = (
            "tag_or_digest must be a tag, which is 1-128 letters, digits, '_', '.' and '-' and "
            "begins with neither '.' nor '-', or a digest 'sha256:...'"
        )
        raise ValueError(f"{rule}, got {value!r}")
