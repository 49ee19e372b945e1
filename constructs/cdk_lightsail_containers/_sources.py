"""Where an image can come from: the checks, resource properties and permissions of each source."""

from __future__ import annotations

import os
import re
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aws_cdk import SymlinkFollowMode
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets

from cdk_lightsail_containers_handler.properties.container_image import ImageProperty, check_digest
from cdk_lightsail_containers_handler.properties.image_source import (
    SourceProperty,
    check_archive_tag,
    check_image,
    check_tag,
)
from cdk_lightsail_containers_handler.properties.rules import show

from ._checks import (
    SynthesisCheck,
    check_known,
    check_revision,
    is_known,
    is_late,
    template_text,
)
from ._handler.grantees import grant_secret
from ._tracked_tag import check_tracked, pinned
from .container_secret import check_secret, secret_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_ecr as ecr
    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct

# https://docs.aws.amazon.com/general/latest/gr/ecr.html
# Account and Region may be tokens, and the CDK leaves the domain to CloudFormation.
_PRIVATE_ECR = re.compile(
    r"[^/]+\.dkr[.-]ecr(?:-fips)?\.[^/]+"
    r"(?:amazonaws\.com(?:\.cn)?|on\.aws|\bAWS::URLSuffix\b[^/]*)/."
)
_DIGEST_PREFIX = "sha256:"
# https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md and, for `docker save`,
# https://github.com/moby/docker-image-spec/blob/main/spec.md
_TABLES_OF_CONTENTS = ("index.json", "manifest.json")


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """What a source adds to an image.

    Args:
        properties: resource properties.
        is_pushed: whether the function pushes the image before it registers it.
    """

    properties: Mapping[str, object]
    is_pushed: bool


class ImageOrigin(Protocol):
    """The origin of an image."""

    def bind(self, scope: Construct, handler: iam.IGrantable) -> ImageConfig:
        """Grant the handler what it needs, and return what the image needs."""
        ...


@dataclass(frozen=True, kw_only=True)
class PushedImage:
    """An image that is already in the Lightsail registry."""

    digest: str

    def __post_init__(self) -> None:
        check_known(self.digest, check_digest, "digest")

    def bind(self, scope: Construct, handler: iam.IGrantable) -> ImageConfig:  # noqa: ARG002
        """Return the digest, which needs no permissions."""
        return ImageConfig(properties={ImageProperty.DIGEST: self.digest}, is_pushed=False)


@dataclass(frozen=True, kw_only=True)
class RegistryImage:
    """An image in any registry, with the secret for a private one."""

    image: str
    credentials: secretsmanager.ISecret | None = None
    revision: str | None = None
    track_tag: bool = False

    def __post_init__(self) -> None:
        if self.credentials is not None:
            check_secret(self.credentials, "credentials")
        if is_known(self.image):
            self._check_public(check_image(self.image))
        check_revision(self.revision)
        if self.track_tag:
            check_tracked(self.image)

    def bind(self, scope: Construct, handler: iam.IGrantable) -> ImageConfig:
        """Grant to read the secret, and return the image's name and the secret's ARN."""
        if is_late(self.image):
            scope.node.add_validation(SynthesisCheck(lambda: self._check_template(scope)))
        else:
            self._check_template(scope)
        image = pinned(scope, self.image) if self.track_tag else self.image
        source = {SourceProperty.IMAGE: image}
        if self.credentials is not None:
            grant_secret(self.credentials, handler)
            source[SourceProperty.CREDENTIALS_SECRET_ARN] = secret_id(self.credentials, handler)
        return _pushed(source, self.revision)

    def _check_template(self, scope: Construct) -> None:
        self._check_public(template_text(scope, self.image))

    def _check_public(self, image: str) -> None:
        """Check that an image without credentials is not in a private repository of Amazon ECR."""
        if self.credentials is None and is_private_ecr(image):
            raise ValueError(
                "image must be in a public registry or have credentials, got "
                f"{show(image)}: use ImageSource.from_ecr_repository(...) for a private repository "
                "of Amazon ECR"
            )


@dataclass(frozen=True, kw_only=True)
class RepositoryImage:
    """An image in a repository of Amazon ECR."""

    repository: ecr.IRepository
    tag_or_digest: str
    revision: str | None = None

    def __post_init__(self) -> None:
        if not hasattr(self.repository, "repository_arn"):
            rule = "repository must be an IRepository such as ecr.Repository"
            raise ValueError(f"{rule}, got {show(self.repository)}")
        name: object = self.tag_or_digest
        if isinstance(name, str) and name.startswith(_DIGEST_PREFIX):
            check_known(name, check_digest, "tag_or_digest")
        else:
            check_known(name, check_tag, "tag_or_digest, unless it is a digest 'sha256:...',")
        check_revision(self.revision)

    def bind(self, scope: Construct, handler: iam.IGrantable) -> ImageConfig:  # noqa: ARG002
        """Grant to pull from the repository, and return the image's name."""
        name = self.repository.repository_uri_for_tag_or_digest(self.tag_or_digest)
        return _pulled(name, self.repository, handler, self.revision)


@dataclass(frozen=True, kw_only=True)
class AssetImage:
    """An image that the stack builds for other constructs, too."""

    asset: ecr_assets.DockerImageAsset

    def __post_init__(self) -> None:
        if not hasattr(self.asset, "image_uri"):
            raise ValueError(f"asset must be a DockerImageAsset, got {show(self.asset)}")

    def bind(self, scope: Construct, handler: iam.IGrantable) -> ImageConfig:  # noqa: ARG002
        """Grant to pull from the repository of assets, and return the image's name."""
        return _pulled(self.asset.image_uri, self.asset.repository, handler)


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """An image that the CDK command line builds and pushes to the repository of assets."""

    directory: str | os.PathLike[str]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder, file = _path_of(self.directory), self.options.get("file")
        if not folder or not Path(folder).is_dir():
            raise ValueError(f"directory must be a folder, got {folder or self.directory!r}")
        dockerfile = "Dockerfile" if file is None else _path_of(file)
        if not dockerfile or not Path(folder, dockerfile).is_file():
            rule = f"file must be a Dockerfile in the folder {folder!r}"
            raise ValueError(f"{rule}, got {dockerfile or file!r}, which does not exist")

    def bind(self, scope: Construct, handler: iam.IGrantable) -> ImageConfig:
        """Add the asset, grant to pull it, and return the image's name."""
        asset = ecr_assets.DockerImageAsset(
            scope,
            "Asset",
            directory=os.fspath(self.directory),
            # Lightsail runs no other platform, and the machine that builds may be another one.
            platform=ecr_assets.Platform.LINUX_AMD64,
            **self.options,
        )
        return AssetImage(asset=asset).bind(scope, handler)


@dataclass(frozen=True, kw_only=True)
class ArchivedImage:
    """An image in an archive that the CDK command line uploads to the bucket of assets."""

    path: str | os.PathLike[str]
    tag: str | None = None

    def __post_init__(self) -> None:
        if self.tag is not None:
            check_known(self.tag, check_archive_tag, "tag")
        rule = "path must be an uncompressed tar file, or a folder with index.json or manifest.json"
        name = _path_of(self.path)
        if not name or not Path(name).exists():
            raise ValueError(f"{rule}, got {name or self.path!r}, which does not exist")
        archive = Path(name)
        if archive.is_dir():
            if not any((archive / table).is_file() for table in _TABLES_OF_CONTENTS):
                raise ValueError(f"{rule}, got {name!r}, which has neither")
            return
        try:
            tarfile.open(archive, "r:").close()
        except tarfile.ReadError:
            raise ValueError(f"{rule}, got {name!r}, which is neither") from None

    def bind(self, scope: Construct, handler: iam.IGrantable) -> ImageConfig:
        """Add the asset, grant to read it, and return its bucket and key."""
        asset = s3_assets.Asset(
            scope,
            "Archive",
            path=os.fspath(self.path),
            # Nix and Bazel make layouts whose links lead out of the folder.
            follow_symlinks=SymlinkFollowMode.ALWAYS,
        )
        # asset.grant_read would allow to list and read all assets.
        iam.Grant.add_to_principal(
            grantee=handler,
            actions=["s3:GetObject"],
            resource_arns=[asset.bucket.arn_for_objects(asset.s3_object_key)],
        )
        source = {
            SourceProperty.BUCKET: asset.s3_bucket_name,
            SourceProperty.KEY: asset.s3_object_key,
        }
        if self.tag is not None:
            source[SourceProperty.TAG] = self.tag
        return _pushed(source)


def is_private_ecr(image: str) -> bool:
    """Return whether an image, as a template has it, is in a private repository of Amazon ECR."""
    return bool(_PRIVATE_ECR.match(image))


def _pulled(
    image: str, repository: ecr.IRepository, handler: iam.IGrantable, revision: str | None = None
) -> ImageConfig:
    # grant_pull would also allow an action that only a push needs. See
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEC2ContainerRegistryPullOnly.html
    # Nor does `grant`, which wants to name the role in a repository of another account.
    iam.Grant.add_to_principal(
        grantee=handler,
        actions=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        resource_arns=[repository.repository_arn],
    )
    iam.Grant.add_to_principal(
        grantee=handler, actions=["ecr:GetAuthorizationToken"], resource_arns=["*"]
    )
    return _pushed({SourceProperty.IMAGE: image}, revision)


def _pushed(source: Mapping[SourceProperty, str], revision: str | None = None) -> ImageConfig:
    properties: dict[str, object] = {
        ImageProperty.SOURCE: source,
        **({} if revision is None else {ImageProperty.REVISION: revision}),
    }
    return ImageConfig(properties=properties, is_pushed=True)


def _path_of(value: object) -> str:
    """Return a path as a string, empty for any other value."""
    return os.fspath(value) if isinstance(value, str | os.PathLike) else ""
