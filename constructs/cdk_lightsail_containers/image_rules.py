"""The rules for what an image is registered with, checked before it has any child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy

from cdk_lightsail_containers_handler.properties.container_image import (
    check_label,
    check_max_versions,
)

from .image_origins import RegistryImage
from .image_source import ImageSource
from .signing_key import check_signing_key
from .source_rules import check_public
from .tokens import check_known, template_text

if TYPE_CHECKING:
    from constructs import Construct


def check_registration(
    scope: Construct,
    *,
    label: object,
    max_versions: object,
    removal_policy: object,
    signed_by: object,
    source: object,
) -> None:
    """Raise the `ValueError` that says what an image must be registered with."""
    _check_removal_policy(removal_policy)
    if not isinstance(source, ImageSource):
        raise ValueError(f"source must be one of ImageSource.from_...(...), got {source!r}")  # noqa: TRY004 - one kind of error for a user
    if isinstance(source.origin, RegistryImage) and source.origin.credentials is None:
        check_public(template_text(scope, source.origin.image))
    if signed_by is not None:
        check_signing_key(signed_by, source.origin)
    check_known(label, check_label, "label")
    if max_versions is not None:
        check_known(max_versions, check_max_versions, "max_versions")


def _check_removal_policy(policy: object) -> None:
    if policy not in (None, RemovalPolicy.DESTROY, RemovalPolicy.RETAIN):
        shown = policy.name if isinstance(policy, RemovalPolicy) else repr(policy)
        rule = "removal_policy must be RemovalPolicy.DESTROY or RemovalPolicy.RETAIN"
        raise ValueError(f"{rule}, got {shown}")
