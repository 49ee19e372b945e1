"""The key of AWS KMS that an image must be signed by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_kms as kms

from cdk_lightsail_containers_handler.properties.container_image import check_key
from cdk_lightsail_containers_handler.properties.rules import show

from ._checks import check_known, is_token
from ._sources import ArchivedImage, BuiltImage, PushedImage

if TYPE_CHECKING:
    from ._sources import ImageOrigin

_CANNOT_BE_SIGNED = {
    BuiltImage: (
        "from_asset builds the image during the deployment, before it can be signed: build, push "
        "and sign it before, and use from_ecr_repository"
    ),
    ArchivedImage: (
        "an archive holds no signatures: push the image to a registry, sign it there, and use "
        "from_registry or from_ecr_repository"
    ),
    PushedImage: (
        "Lightsail's registry holds no signatures: use from_registry or from_ecr_repository, with "
        "the image that was signed"
    ),
}
_SPEC, _USAGE = "ECC_NIST_P256", "SIGN_VERIFY"
_DEFAULT_SPEC, _DEFAULT_USAGE = "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"


def check_signing_key(key: object, origin: ImageOrigin) -> None:
    """Validate a key, and that an image of an origin can be signed by it."""
    if hasattr(key, "alias_name"):
        raise ValueError(
            "signed_by must be a key, not an alias: kms.Key.from_lookup(..., alias_name=...) finds "
            "the key of an alias"
        )
    if not hasattr(key, "key_arn") or not hasattr(key, "grant"):
        raise ValueError(f"signed_by must be an IKey such as kms.Key, got {show(key)}")
    check_known(key.key_arn, check_key, "signed_by")
    made = key.node.default_child if isinstance(key, kms.Key) else None
    if isinstance(made, kms.CfnKey):
        spec, usage = made.key_spec or _DEFAULT_SPEC, made.key_usage or _DEFAULT_USAGE
        known = {one for one in (spec, usage) if not is_token(one)}
        if not known <= {_SPEC, _USAGE}:
            rule = f"signed_by must be a key with key_spec {_SPEC} and key_usage {_USAGE}"
            raise ValueError(f"{rule}, got {spec} and {usage}")
    reason = _CANNOT_BE_SIGNED.get(type(origin))
    if reason:
        raise ValueError(f"signed_by must come with an image of a registry, and {reason}")
