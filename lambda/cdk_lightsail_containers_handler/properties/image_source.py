"""Where an image is pushed from, in the contract."""

from dataclasses import dataclass
from enum import StrEnum

from cdk_lightsail_containers_handler.registry.reference import TAG_RULE, Reference, is_tag

from .rules import mapping, show, text


class SourceProperty(StrEnum):
    """The properties of a source: an image of a registry, or an archive in Amazon S3."""

    IMAGE = "Image"
    CREDENTIALS_SECRET_ARN = "CredentialsSecretArn"  # nosec B105  # noqa: S105 - a name
    BUCKET = "Bucket"
    KEY = "Key"


def check_image(value: object, what: str = "image") -> str:
    """Return the reference of an image in a registry, or raise the `ValueError` with its rule."""
    if not isinstance(value, str):
        raise ValueError(f"{what} must be registry/repository:tag or @digest, got {show(value)}")  # noqa: TRY004 - one kind of error for a user
    Reference.parse(value)
    return value


def check_tag(value: object, what: str) -> str:
    """Return a tag, or raise the `ValueError` that says its rule."""
    if isinstance(value, str) and is_tag(value):
        return value
    raise ValueError(f"{what} must be {TAG_RULE}, got {show(value)}")


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
    """An image in an archive in Amazon S3."""

    bucket: str
    key: str


Source = RegistrySource | ArchiveSource


def parse_source(value: object, what: str) -> Source:
    """Return the source of an object, or raise the `ValueError` that says what it holds."""
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
        return ArchiveSource(
            bucket=text(given[SourceProperty.BUCKET], f"{what}.Bucket"),
            key=text(given[SourceProperty.KEY], f"{what}.Key"),
        )
    raise ValueError(f"{what} must hold either Image, or Bucket and Key")
