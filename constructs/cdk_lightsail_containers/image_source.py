"""Where a container image comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_lightsail_containers_handler.properties.container_image import check_digest
from cdk_lightsail_containers_handler.properties.image_source import check_archive_tag

from .image_origins import (
    ArchivedImage,
    BuiltImage,
    ImageOrigin,
    PushedImage,
    RegistryImage,
    RepositoryImage,
)
from .secret_rules import check_secret
from .source_rules import (
    check_archive,
    check_asset,
    check_dockerfile,
    check_registry_image,
    check_repository,
    check_revision,
    check_tag_or_digest,
)
from .tokens import check_known

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from aws_cdk import IgnoreMode, SymlinkFollowMode
    from aws_cdk import aws_ecr as ecr
    from aws_cdk import aws_ecr_assets as ecr_assets
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct


@dataclass(frozen=True)
class ImageSource:
    """Where a container image comes from: one of the statics here.

    All but `from_digest` have the function carry the image to the Lightsail registry. A tag is
    looked up whenever CloudFormation sends the resource, which it does only when one of its
    properties changes, and not when the tag names another image. Best name the image by digest,
    so that another image is another property; or change `revision` to have the tag looked up.

    Only linux/amd64 runs on Lightsail: of an image for several platforms that one is taken.
    """

    origin: ImageOrigin

    def __post_init__(self) -> None:
        if not callable(getattr(self.origin, "bind", None)):
            raise ValueError(f"source must be one of ImageSource.from_...(...), got {self!r}")  # noqa: TRY004 - one kind of error for a user

    @staticmethod
    def from_asset(
        directory: str | os.PathLike[str],
        *,
        asset_name: str | None = None,
        build_args: Mapping[str, str] | None = None,
        build_contexts: Mapping[str, str] | None = None,
        build_secrets: Mapping[str, str] | None = None,
        build_ssh: str | None = None,
        cache_disabled: bool | None = None,
        cache_from: Sequence[ecr_assets.DockerCacheOption] | None = None,
        cache_to: ecr_assets.DockerCacheOption | None = None,
        display_name: str | None = None,
        exclude: Sequence[str] | None = None,
        extra_hash: str | None = None,
        file: str | None = None,
        follow_symlinks: SymlinkFollowMode | None = None,
        ignore_mode: IgnoreMode | None = None,
        invalidation: ecr_assets.DockerImageAssetInvalidationOptions | None = None,
        network_mode: ecr_assets.NetworkMode | None = None,
        outputs: Sequence[str] | None = None,
        target: str | None = None,
    ) -> ImageSource:
        """Build an image from a Dockerfile, for linux/amd64.

        `cdk deploy` builds it with Docker, or what `CDK_DOCKER` names, and pushes it to the CDK's
        own repository, from which the function may pull. The options are those of
        https://docs.aws.amazon.com/cdk/api/v2/python/aws_cdk.aws_ecr_assets/DockerImageAssetOptions.html

        Args:
            directory: the folder that is the build's context.
            asset_name: a name of the image's own, for the `AppStagingSynthesizer`.
            build_args: arguments of the build; no tokens.
            build_contexts: further contexts, by name.
            build_secrets: secrets for the build, such as `{"key": "src=key.txt"}`.
            build_ssh: the SSH agent's socket, or keys.
            cache_disabled: build without the cache. Default: with it.
            cache_from: where to import the build's cache from.
            cache_to: where to export it to.
            display_name: what the command line calls it. Default: the image's path in the stack.
            exclude: patterns of files that do not belong to the context. Default: none but those
                in `.dockerignore`.
            extra_hash: what else makes it another image.
            file: the Dockerfile's path in the folder. Default: `Dockerfile`.
            follow_symlinks: which links to follow. Default: none.
            ignore_mode: how `exclude` is read. Default: as in `.dockerignore`.
            invalidation: which options make it another image. Default: all.
            network_mode: the network of `RUN`. Default: Docker's.
            outputs: outputs of the build.
            target: the stage to build. Default: the last.

        Raises:
            ValueError: the folder or the Dockerfile does not exist.
        """
        options = {
            "asset_name": asset_name,
            "build_args": build_args,
            "build_contexts": build_contexts,
            "build_secrets": build_secrets,
            "build_ssh": build_ssh,
            "cache_disabled": cache_disabled,
            "cache_from": cache_from,
            "cache_to": cache_to,
            "display_name": display_name,
            "exclude": exclude,
            "extra_hash": extra_hash,
            "file": file,
            "follow_symlinks": follow_symlinks,
            "ignore_mode": ignore_mode,
            "invalidation": invalidation,
            "network_mode": network_mode,
            "outputs": outputs,
            "target": target,
        }
        folder = check_dockerfile(directory, file)
        return ImageSource(BuiltImage(directory=folder, options=options))

    @staticmethod
    def from_docker_image_asset(asset: ecr_assets.DockerImageAsset) -> ImageSource:
        """Take an image that the stack has built for something else, too.

        Args:
            asset: the image; it must have been built for `Platform.LINUX_AMD64`.

        Raises:
            ValueError: it is no such asset.
        """
        check_asset(asset)
        return ImageSource(RepositoryImage(image=asset.image_uri, repository=asset.repository))

    @staticmethod
    def from_ecr_repository(
        repository: ecr.IRepository, tag_or_digest: str = "latest", *, revision: str | None = None
    ) -> ImageSource:
        """Take an image from a repository of Amazon ECR.

        The function may pull from this repository alone. One of another account must allow the
        function's role, or its account, in its own policy; another Region needs nothing. See
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html

        Args:
            repository: made in the stack, or referred to with `ecr.Repository.from_...`.
            tag_or_digest: a tag, or `sha256:` and 64 lowercase hex digits. A token is taken for a
                tag. CloudFormation sends nothing when the tag names another image: best give a
                digest.
            revision: any text; change it to have the tag looked up again.

        Raises:
            ValueError: it is no repository, the other neither a tag nor a digest, or the revision
                is no text.
        """
        check_repository(repository)
        check_tag_or_digest(tag_or_digest)
        check_revision(revision)
        return ImageSource(
            RepositoryImage(
                image=repository.repository_uri_for_tag_or_digest(tag_or_digest),
                repository=repository,
                revision=revision,
            )
        )

    @staticmethod
    def from_registry(
        image: str,
        *,
        credentials: secretsmanager.ISecret | None = None,
        revision: str | None = None,
    ) -> ImageSource:
        """Take an image from any registry that the function reaches.

        An image of a private repository of Amazon ECR is taken `from_ecr_repository`, which allows
        to pull it.

        Args:
            image: `registry/repository:tag` or `registry/repository@sha256:...`, as Docker reads
                it: `nginx:1.27` is one of Docker Hub. CloudFormation sends nothing when the tag
                names another image: best give a digest.
            credentials: a secret of AWS Secrets Manager, JSON with `username` and `password`, or
                the text `user:password`. The function reads it; the template has its ARN alone.
                Default: none.
            revision: any text; change it to have the tag looked up again.

        Raises:
            ValueError: the image is no such reference, or one of a private repository of Amazon
                ECR; the credentials are no secret, or the revision is no text.
        """
        if credentials is not None:
            check_secret(credentials, "credentials")
        check_registry_image(image, credentials)
        check_revision(revision)
        return ImageSource(RegistryImage(image=image, credentials=credentials, revision=revision))

    @staticmethod
    def from_archive(path: str | os.PathLike[str], *, tag: str | None = None) -> ImageSource:
        """Take an image from an archive, such as Buildah, Kaniko, Bazel or Nix make it.

        `cdk deploy` uploads it to the CDK's own bucket, from which the function may read it alone.

        Args:
            path: an OCI image layout, what `docker save` writes, or what skopeo calls `dir:`, as a
                tar file that is not compressed, or as a folder, which the CDK zips.
            tag: which image of an archive of several, by a name that the archive gives it, such as
                `web:1.4`. Default: the only one.

        Raises:
            ValueError: there is no such archive, or the tag names no image.
        """
        if tag is not None:
            check_known(tag, check_archive_tag, "tag")
        return ImageSource(ArchivedImage(path=check_archive(path), tag=tag))

    @staticmethod
    def from_digest(digest: str) -> ImageSource:
        """Take an image that is in the Lightsail registry already, by its manifest's digest.

        It must have been pushed just before: Lightsail drops what nobody registers.
        https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_RegisterContainerImage.html

        Args:
            digest: `sha256:` and 64 lowercase hex digits, of a linux/amd64 image's manifest.

        Raises:
            ValueError: the digest breaks that rule.
        """
        check_known(digest, check_digest, "digest")
        return ImageSource(PushedImage(digest=digest))

    def bind(self, scope: Construct, handler: iam.IGrantable) -> Mapping[str, object]:
        """Grant the handler what it needs, and return the resource properties of this source.

        Args:
            scope: the image that uses this source.
            handler: the function that will read it, or who it is to this image.
        """
        return self.origin.bind(scope, handler)
