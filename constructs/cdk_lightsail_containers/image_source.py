"""Where a container image comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from ._sources import (
    ArchivedImage,
    AssetImage,
    BuiltImage,
    ImageOrigin,
    PushedImage,
    RegistryImage,
    RepositoryImage,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from aws_cdk import IgnoreMode, SymlinkFollowMode
    from aws_cdk import aws_ecr as ecr
    from aws_cdk import aws_ecr_assets as ecr_assets
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct

    from ._sources import ImageConfig


class BuildOptions(TypedDict, total=False):
    """The types of the options of `ImageSource.from_asset`: the CDK's, without `platform`."""

    asset_name: str | None
    build_args: Mapping[str, str] | None
    build_contexts: Mapping[str, str] | None
    build_secrets: Mapping[str, str] | None
    build_ssh: str | None
    cache_disabled: bool | None
    cache_from: Sequence[ecr_assets.DockerCacheOption] | None
    cache_to: ecr_assets.DockerCacheOption | None
    display_name: str | None
    exclude: Sequence[str] | None
    extra_hash: str | None
    file: str | None
    follow_symlinks: SymlinkFollowMode | None
    ignore_mode: IgnoreMode | None
    invalidation: ecr_assets.DockerImageAssetInvalidationOptions | None
    network_mode: ecr_assets.NetworkMode | None
    outputs: Sequence[str] | None
    target: str | None


@dataclass(frozen=True)
class ImageSource:
    """Where a container image comes from. Create one with a `from_*` method.

    The function pushes the image to the Lightsail registry, except for `from_digest`. Only
    linux/amd64 runs on Lightsail: of an image for several platforms, the function takes that one.

    The function looks a tag up whenever CloudFormation sends the resource. CloudFormation sends it
    only when a property changes, not when the tag moves to another image. So name the image by
    digest, which changes with the image, use `track_tag`, which does that for you, or change
    `revision` to have the tag looked up again.
    """

    origin: ImageOrigin

    def __post_init__(self) -> None:
        if not callable(getattr(self.origin, "bind", None)):
            raise ValueError(f"source must be one of ImageSource.from_...(...), got {self!r}")

    @staticmethod
    def from_asset(
        directory: str | os.PathLike[str], **options: Unpack[BuildOptions]
    ) -> ImageSource:
        """Build an image from a Dockerfile, for linux/amd64.

        `cdk deploy` builds it with Docker, or with the program in `CDK_DOCKER`, and pushes it to
        the CDK's repository of assets, from which the function pulls it. The options are those of
        https://docs.aws.amazon.com/cdk/api/v2/python/aws_cdk.aws_ecr_assets/DockerImageAssetOptions.html

        Args:
            directory: the folder that is the build's context.
            **options: the options of the build, by keyword:

                - `asset_name`: the image's own name, for the `AppStagingSynthesizer`.
                - `build_args`: arguments of the build; no tokens.
                - `build_contexts`: further contexts, by name.
                - `build_secrets`: secrets for the build, such as `{"key": "src=key.txt"}`.
                - `build_ssh`: the SSH agent's socket, or keys.
                - `cache_disabled`: build without the cache. Default: False.
                - `cache_from`: where to import the build's cache from.
                - `cache_to`: where to export the build's cache to.
                - `display_name`: the name in the command line's output. Default: the image's path.
                - `exclude`: patterns of files to leave out of the context, in addition to those in
                  `.dockerignore`. Default: none.
                - `extra_hash`: a string that changes the image's hash.
                - `file`: the Dockerfile's path in the folder. Default: `Dockerfile`.
                - `follow_symlinks`: which links to follow. Default: none.
                - `ignore_mode`: how `exclude` is read. Default: like `.dockerignore`.
                - `invalidation`: which options change the image's hash. Default: all.
                - `network_mode`: the network of `RUN`. Default: Docker's.
                - `outputs`: outputs of the build.
                - `target`: the stage to build. Default: the last one.

        Raises:
            ValueError: the folder or the Dockerfile does not exist.
        """
        for name in options.keys() - BuildOptions.__annotations__.keys():
            raise TypeError(f"from_asset() got an unexpected keyword argument {name!r}")
        return ImageSource(BuiltImage(directory=directory, options=options))

    @staticmethod
    def from_docker_image_asset(asset: ecr_assets.DockerImageAsset) -> ImageSource:
        """Use an image that the stack builds for other constructs, too.

        Args:
            asset: the image, built for `Platform.LINUX_AMD64`.

        Raises:
            ValueError: the value is not a `DockerImageAsset`.
        """
        return ImageSource(AssetImage(asset=asset))

    @staticmethod
    def from_ecr_repository(
        repository: ecr.IRepository, tag_or_digest: str = "latest", *, revision: str | None = None
    ) -> ImageSource:
        """Pull an image from a repository of Amazon ECR.

        The function may pull from this repository only. A repository of another account must allow
        the function's role, or its account, in its own policy. Another Region needs nothing. See
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html

        Args:
            repository: a repository of the stack, or one from `ecr.Repository.from_...`.
            tag_or_digest: a tag, or `sha256:` and 64 lowercase hex digits; prefer a digest. A token
                is used as a tag. Default: `latest`.
            revision: any string; change it to have the tag looked up again. Default: none.

        Raises:
            ValueError: a value breaks its rule.
        """
        return ImageSource(
            RepositoryImage(repository=repository, tag_or_digest=tag_or_digest, revision=revision)
        )

    @staticmethod
    def from_registry(
        image: str,
        *,
        credentials: secretsmanager.ISecret | None = None,
        revision: str | None = None,
        track_tag: bool = False,
    ) -> ImageSource:
        """Pull an image from any registry that the function can reach.

        For a private repository of Amazon ECR use `from_ecr_repository`, which also grants the
        permissions to pull.

        Args:
            image: `registry/repository:tag` or `registry/repository@sha256:...`, read as Docker
                does: `nginx:1.27` is in Docker Hub. Prefer a digest.
            credentials: a secret of AWS Secrets Manager that contains JSON with `username` and
                `password`, or the string `user:password`. The function reads it; the template
                contains its ARN only. Default: none.
            revision: any string; change it to have the tag looked up again. Default: none.
            track_tag: look the tag up whenever the app is synthesized, with the logins of Docker
                or Podman on this machine, and put its digest into the template. So `cdk diff`
                shows a tag that moved, and `cdk deploy` deploys it. If the registry cannot be
                asked, the digest in `cdk.context.json` stays, with a warning. Default: False.

        Raises:
            ValueError: a value breaks its rule, the image is in a private repository of Amazon ECR
                and has no credentials, or the tag to track does not exist.
        """
        return ImageSource(
            RegistryImage(
                image=image, credentials=credentials, revision=revision, track_tag=track_tag
            )
        )

    @staticmethod
    def from_archive(path: str | os.PathLike[str], *, tag: str | None = None) -> ImageSource:
        """Use an image from an archive, as Buildah, Kaniko, Bazel or Nix write it.

        `cdk deploy` uploads it to the CDK's bucket of assets. The function may read this archive
        only.

        Args:
            path: an OCI image layout, the output of `docker save`, or skopeo's `dir:` format: an
                uncompressed tar file, or a folder, which the CDK zips.
            tag: the name that the archive gives the image, such as `web:1.4`. Required for an
                archive with several images. Default: the only image.

        Raises:
            ValueError: the path is not an archive, or the tag breaks its rule.
        """
        return ImageSource(ArchivedImage(path=path, tag=tag))

    @staticmethod
    def from_digest(digest: str) -> ImageSource:
        """Use an image that is already in the Lightsail registry, by its manifest's digest.

        Push it shortly before: Lightsail deletes images that are not registered.
        https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_RegisterContainerImage.html

        Args:
            digest: `sha256:` and 64 lowercase hex digits, of the manifest of a linux/amd64 image.

        Raises:
            ValueError: the digest breaks its rule.
        """
        return ImageSource(PushedImage(digest=digest))

    def bind(self, scope: Construct, handler: iam.IGrantable) -> ImageConfig:
        """Grant the handler what it needs to read the image, and return its resource properties.

        Args:
            scope: the image that uses this source.
            handler: the function that reads it, or a principal that stands for its role.
        """
        return self.origin.bind(scope, handler)
