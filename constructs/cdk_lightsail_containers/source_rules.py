"""The rules for what a source of an image is made from, checked before anything is."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

from cdk_lightsail_containers_handler.properties.container_image import check_digest
from cdk_lightsail_containers_handler.properties.image_source import check_image, check_tag
from cdk_lightsail_containers_handler.properties.rules import show

from .tokens import check_known, is_known

# https://docs.aws.amazon.com/general/latest/gr/ecr.html
# Account and Region may be tokens, and the CDK itself leaves the domain to CloudFormation.
_PRIVATE_ECR = re.compile(
    r"[^/]+\.dkr[.-]ecr(?:-fips)?\.[^/]+"
    r"(?:amazonaws\.com(?:\.cn)?|on\.aws|\bAWS::URLSuffix\b[^/]*)/."
)
_DIGEST_PREFIX = "sha256:"
# https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md, and
# https://github.com/moby/docker-image-spec/blob/main/spec.md of what `docker save` writes.
_TABLES_OF_CONTENTS = ("index.json", "manifest.json")


def check_archive(path: object) -> str:
    """Return the path of an image's archive, or raise the `ValueError` that says what one is."""
    rule = "path must be an uncompressed tar file, or a folder with index.json or manifest.json"
    name = _path_of(path)
    if not name or not Path(name).exists():
        raise ValueError(f"{rule}, got {name or path!r}, which does not exist")
    archive = Path(name)
    if archive.is_dir():
        if not any((archive / table).is_file() for table in _TABLES_OF_CONTENTS):
            raise ValueError(f"{rule}, got {name!r}, which has neither")
        return name
    try:
        tarfile.open(archive, "r:").close()
    except tarfile.ReadError:
        raise ValueError(f"{rule}, got {name!r}, which is none") from None
    return name


def check_asset(asset: object) -> None:
    """Raise the `ValueError` that says what an image that the stack has built must be."""
    if not hasattr(asset, "image_uri"):
        raise ValueError(f"asset must be a DockerImageAsset, got {show(asset)}")


def check_dockerfile(directory: object, file: object) -> str:
    """Return the folder of a build, or raise the `ValueError` that says what one needs."""
    name = _path_of(directory)
    if not name or not Path(name).is_dir():
        raise ValueError(f"directory must be a folder, got {name or directory!r}")
    dockerfile = "Dockerfile" if file is None else _path_of(file)
    if not dockerfile or not Path(name, dockerfile).is_file():
        rule = f"file must be a Dockerfile in the folder {name!r}"
        raise ValueError(f"{rule}, got {dockerfile or file!r}, which does not exist")
    return name


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
    if not is_known(image):
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


def check_repository(repository: object) -> None:
    """Raise the `ValueError` that says what a repository of Amazon ECR must be."""
    if not hasattr(repository, "repository_arn"):
        rule = "repository must be an IRepository such as ecr.Repository"
        raise ValueError(f"{rule}, got {show(repository)}")


def check_tag_or_digest(value: object) -> None:
    """Raise the `ValueError` that says what names an image in a repository."""
    if isinstance(value, str) and value.startswith(_DIGEST_PREFIX):
        check_known(value, check_digest, "tag_or_digest")
    else:
        check_known(value, check_tag, "tag_or_digest, if no digest 'sha256:...',")


def _path_of(value: object) -> str:
    """Return a path as a text, which is empty for what is none."""
    return os.fspath(value) if isinstance(value, str | os.PathLike) else ""
