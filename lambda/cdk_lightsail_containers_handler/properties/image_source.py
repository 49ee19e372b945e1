"""Where an image is pushed from, in the contract."""

import re
from dataclasses import dataclass
from enum import StrEnum

from cdk_lightsail_containers_handler.registry.reference import TAG_RULE, Reference, is_tag

from .rules import mapping, show, text

_LONGEST_TAG = 512
# https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys
_ARCHIVE_TAG = re.compile(rf"[A-Za-z0-9._:@+/-]{{1,{_LONGEST_TAG}}}")


class SourceProperty(StrEnum):
    """The properties of a source: an image of a registry, or an archive in Amazon S3."""

    IMAGE = "Image"
    CREDENTIALS_SECRET_ARN = "CredentialsSecretArn"  # nosec B105  # noqa: S105 - a name
    BUCKET = "Bucket"
    KEY = "Key"
    TAG = "Tag"


def check_image(value: object, what: str = "image") -> str:
    """Validate the reference of an image in a registry and return it."""
    if not isinstance(value, str):
        raise ValueError(f"{what} must be registry/repository:tag or @digest, got {show(value)}")
    Reference.parse(value)
    return value


def check_tag(value: object, what: str) -> str:
    """Validate a tag and return it."""
    if isinstance(value, str) and is_tag(value):
        return value
    raise ValueError(f"{what} must be {TAG_RULE}, got {show(value)}")


def check_archive_tag(value: object, what: str = "tag") -> str:
    """Validate the name of an image in an archive and return it."""
    if isinstance(value, str) and _ARCHIVE_TAG.fullmatch(value):
        return value
    rule = f"{what} must be 1-{_LONGEST_TAG} letters, digits and any of . _ - : @ + /"
    raise ValueError(f"{rule}, got {show(value)}")


@dataclass(frozen=True, kw_only=True)
class RegistrySource:
    """An image in a registry.

    Args:
        reference: its name there.
        credentials_secret_arn: the secret with a user name and password, None for none.
    """

    reference: Reference
    credentials_secret_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class ArchiveSource:
    """An image in an archive in Amazon S3.

    Args:
        bucket: the archive's bucket.
        key: its key.
        tag: which image of several, by a name that the archive gives it; None for the only one.
    """

    bucket: str
    key: str
    tag: str | None = None


SourceSpec = RegistrySource | ArchiveSource


def parse_source(value: object, what: str) -> SourceSpec:
    """Validate the source of an object and return it."""
    given = mapping(value, what)
    if SourceProperty.IMAGE in given:
        secret = given.get(SourceProperty.CREDENTIALS_SECRET_ARN)
        return RegistrySource(
            reference=Reference.parse(check_image(given[SourceProperty.IMAGE], f"{what}.Image")),
            credentials_secret_arn=(
                None if secret is None else text(secret, f"{what}.CredentialsSecretArn")
            ),
        )
    if SourceProperty.BUCKET in given and SourceProperty.KEY in given:
        tag = given.get(SourceProperty.TAG)
        return ArchiveSource(
            bucket=text(given[SourceProperty.BUCKET], f"{what}.Bucket"),
            key=text(given[SourceProperty.KEY], f"{what}.Key"),
            tag=None if tag is None else check_archive_tag(tag, f"{what}.Tag"),
        )
    raise ValueError(f"{what} must hold either Image, or Bucket and Key")
