"""The origins that an image can have: their resource properties, and what reading them takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from aws_cdk import SymlinkFollowMode
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets

from cdk_lightsail_containers_handler.properties.container_image import ImageProperty
from cdk_lightsail_containers_handler.properties.image_source import SourceProperty

from .secret_grants import grant_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_ecr as ecr
    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct


class ImageOrigin(Protocol):
    """What a source of an image stands for."""

    def bind(self, scope: Construct, handler: iam.IGrantable) -> Mapping[str, object]:
        """Grant the handler what it needs, and return the resource properties."""
        ...


@dataclass(frozen=True, kw_only=True)
class PushedImage:
    """An image that is in the Lightsail registry already."""

    digest: str

    def bind(self, scope: Construct, handler: iam.IGrantable) -> Mapping[str, object]:  # noqa: ARG002
        """Grant nothing, and return the digest."""
        return {ImageProperty.DIGEST: self.digest}


@dataclass(frozen=True, kw_only=True)
class RegistryImage:
    """An image in any registry, with the secret that its registry wants, if any."""

    image: str
    credentials: secretsmanager.ISecret | None = None
    revision: str | None = None

    def bind(self, scope: Construct, handler: iam.IGrantable) -> Mapping[str, object]:  # noqa: ARG002
        """Grant to read the secret, and return the image's name and the secret's ARN."""
        source = {SourceProperty.IMAGE: self.image}
        if self.credentials is not None:
            grant_secret(self.credentials, handler)
            source[SourceProperty.CREDENTIALS_SECRET_ARN] = self.credentials.secret_arn
        return _properties(source, self.revision)


@dataclass(frozen=True, kw_only=True)
class RepositoryImage:
    """An image in a repository of Amazon ECR."""

    image: str
    repository: ecr.IRepository
    revision: str | None = None

    def bind(self, scope: Construct, handler: iam.IGrantable) -> Mapping[str, object]:  # noqa: ARG002
        """Grant to pull from the repository, and return the image's name."""
        # Not grant_pull: that allows what only a push asks for. See
        # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEC2ContainerRegistryPullOnly.html
        self.repository.grant(handler, "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
        iam.Grant.add_to_principal(
            grantee=handler, actions=["ecr:GetAuthorizationToken"], resource_arns=["*"]
        )
        return _properties({SourceProperty.IMAGE: self.image}, self.revision)


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """An image that the CDK command line builds and pushes to its own repository of Amazon ECR."""

    directory: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def bind(self, scope: Construct, handler: iam.IGrantable) -> Mapping[str, object]:
        """Add the asset, grant to pull it, and return its name."""
        asset = ecr_assets.DockerImageAsset(
            scope,
            "Asset",
            directory=self.directory,
            # Lightsail runs nothing else, whatever the machine that builds.
            platform=ecr_assets.Platform.LINUX_AMD64,
            **self.options,
        )
        return RepositoryImage(image=asset.image_uri, repository=asset.repository).bind(
            scope, handler
        )


@dataclass(frozen=True, kw_only=True)
class ArchivedImage:
    """An image in an archive that the CDK command line uploads to its own bucket."""

    path: str
    tag: str | None = None

    def bind(self, scope: Construct, handler: iam.IGrantable) -> Mapping[str, object]:
        """Add the asset, grant to read it, and return where it is."""
        asset = s3_assets.Asset(
            scope,
            "Archive",
            path=self.path,
            # Nix and Bazel make layouts of links that lead out of the folder.
            follow_symlinks=SymlinkFollowMode.ALWAYS,
        )
        # Not asset.grant_read: that allows to list the bucket of all assets, and to read them.
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
        return _properties(source)


def _properties(
    source: Mapping[SourceProperty, str], revision: str | None = None
) -> Mapping[str, object]:
    return {
        ImageProperty.SOURCE: source,
        **({} if revision is None else {ImageProperty.REVISION: revision}),
    }
