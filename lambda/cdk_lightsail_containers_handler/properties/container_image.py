"""The contract of `Custom::LightsailContainerImage`.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_RegisterContainerImage.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from cdk_lightsail_containers_handler.registry.reference import DIGEST

from .image_source import RegistrySource, SourceSpec, parse_source
from .rules import (
    check_name,
    check_number,
    check_service_name,
    mapping,
    required,
    sent_number,
    show,
)

CONTAINER_IMAGE_TYPE = "Custom::LightsailContainerImage"

NOT_REGISTERED = "LightsailContainerImage::NOT_REGISTERED"
"""The physical id of an image whose creation failed: Delete knows that there is nothing."""

STORED_IMAGES = 150
"""How many images a container service stores at most; Lightsail evicts none and raises no quota."""

_KEY = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}")
_IMAGE_NAME = re.compile(r":(?P<service>[^.]+)\.(?P<label>[^.]+)\.(?P<number>[1-9][0-9]*)")


class ImageProperty(StrEnum):
    """The resource properties of a container image."""

    SERVICE_NAME = "ServiceName"
    LABEL = "Label"
    DIGEST = "Digest"
    SOURCE = "Source"
    SIGNED_BY = "SignedBy"
    REVISION = "Revision"
    """No code reads it: another string makes CloudFormation send an Update: a tag is looked up."""
    REMOVAL_POLICY = "RemovalPolicy"
    MAX_VERSIONS = "MaxVersions"


class ImageAttribute(StrEnum):
    """The attributes of a container image, for `Fn::GetAtt`."""

    IMAGE_NAME = "ImageName"
    IMAGE_DIGEST = "ImageDigest"
    CREATED_AT = "CreatedAt"


class OnDelete(StrEnum):
    """What happens to an image that CloudFormation removes or replaces."""

    DELETE = "Delete"
    RETAIN = "Retain"


def check_label(value: object, what: str = "label") -> str:
    """Validate the label of a container image and return it."""
    return check_name(value, what, 53)


def check_digest(value: object, what: str = "digest") -> str:
    """Validate the digest of an image's manifest and return it."""
    if isinstance(value, str) and DIGEST.fullmatch(value):
        return value
    raise ValueError(f"{what} must be 'sha256:' and 64 lowercase hex digits, got {show(value)}")


def check_key(value: object, what: str = "signed_by") -> str:
    """Validate the ARN of a key of AWS KMS and return it."""
    if isinstance(value, str) and _KEY.fullmatch(value):
        return value
    raise ValueError(f"{what} must be the ARN of a key of AWS KMS, got {show(value)}")


def check_max_versions(value: object, what: str = "max_versions") -> int:
    """Validate how many versions of a label are kept and return it."""
    return check_number(value, what, 1, STORED_IMAGES)


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """The name that Lightsail gives a registered image, and its resource's physical id."""

    service: str
    label: str
    number: int

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Return the parts of `:service.label.N`, or None for any other value."""
        match = _IMAGE_NAME.fullmatch(text) if isinstance(text, str) else None
        if not match:
            return None
        try:
            return cls(
                service=check_service_name(match["service"]),
                label=check_label(match["label"]),
                number=int(match["number"]),
            )
        except ValueError:
            return None

    def __str__(self) -> str:
        return f":{self.service}.{self.label}.{self.number}"


@dataclass(frozen=True, kw_only=True)
class ContainerImageProperties:
    """The resource properties of a container image that is to be registered.

    Args:
        service_name: the container service.
        label: the label.
        digest: of an image that was pushed; None until it is known for one that has a source.
        docker_digest: of the same image with Docker's manifest; None if there is none.
        source: where to push it from; None for an image that was pushed.
        signed_by: the ARN of the key that it must be signed by; None if it need not be signed.
        max_versions: how many versions of the label stay; None for all.
    """

    service_name: str
    label: str
    digest: str | None = None
    docker_digest: str | None = None
    source: SourceSpec | None = None
    signed_by: str | None = None
    max_versions: int | None = None

    @classmethod
    def parse(cls, properties: object) -> Self:
        """Return the typed properties of a Create or Update request.

        Properties that are not known here are ignored.

        Raises:
            ValueError: a property is missing, empty, of the wrong type or impossible.
        """
        given = mapping(properties, "resource properties")
        # Only Delete acts on the policy; a wrong one is said while it can still be corrected.
        _removal_policy(given)
        if (ImageProperty.DIGEST in given) == (ImageProperty.SOURCE in given):
            raise ValueError("the resource properties must hold either Digest or Source")
        max_versions = given.get(ImageProperty.MAX_VERSIONS)
        source = (
            parse_source(given[ImageProperty.SOURCE], ImageProperty.SOURCE)
            if ImageProperty.SOURCE in given
            else None
        )
        if ImageProperty.SIGNED_BY in given and not isinstance(source, RegistrySource):
            raise ValueError(f"{ImageProperty.SIGNED_BY} needs a Source with an Image")
        return cls(
            service_name=check_service_name(
                required(given, ImageProperty.SERVICE_NAME), ImageProperty.SERVICE_NAME
            ),
            label=check_label(required(given, ImageProperty.LABEL), ImageProperty.LABEL),
            digest=(
                check_digest(given[ImageProperty.DIGEST], ImageProperty.DIGEST)
                if ImageProperty.DIGEST in given
                else None
            ),
            source=source,
            signed_by=(
                check_key(given[ImageProperty.SIGNED_BY], ImageProperty.SIGNED_BY)
                if ImageProperty.SIGNED_BY in given
                else None
            ),
            max_versions=(
                None
                if max_versions is None
                else check_max_versions(sent_number(max_versions), ImageProperty.MAX_VERSIONS)
            ),
        )


@dataclass(frozen=True, kw_only=True)
class ContainerImageRemoval:
    """An image that a Delete request names, with what must be true of it to be deleted."""

    name: ImageName
    digest: str | None

    @classmethod
    def parse(cls, properties: object, physical_id: object) -> Self | None:
        """Return what a Delete request asks for, or None if there is nothing to delete.

        There is nothing to delete when the id is not one of ours, when it names another service
        or label than the properties, or when the policy is to retain. Properties of another
        release may be anything: what cannot be read deletes nothing, and fails nothing.
        """
        name = ImageName.parse(physical_id)
        if name is None:
            return None
        try:
            given = mapping(properties, "resource properties")
            policy = _removal_policy(given)
        except ValueError:
            return None
        named = (given.get(ImageProperty.SERVICE_NAME), given.get(ImageProperty.LABEL))
        if policy is OnDelete.RETAIN or named != (name.service, name.label):
            return None
        digest = given.get(ImageProperty.DIGEST)
        return cls(name=name, digest=digest if isinstance(digest, str) else None)


def _removal_policy(given: Mapping[str, object]) -> OnDelete:
    value = given.get(ImageProperty.REMOVAL_POLICY, OnDelete.DELETE)
    try:
        return OnDelete(value)  # type: ignore[arg-type]
    except ValueError:
        rule = f"{ImageProperty.REMOVAL_POLICY} must be 'Delete' or 'Retain'"
        raise ValueError(f"{rule}, got {show(value)}") from None
