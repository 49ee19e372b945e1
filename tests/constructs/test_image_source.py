"""An image that was pushed, as a source; the other sources have modules of their own."""

from typing import Any

import pytest
from aws_cdk import Stack

from cdk_lightsail_containers import ImageSource
from stacks import DIGEST, granted, image_in, origin_of


def test_is_the_digest_and_may_neither_push_nor_hand_over(stack: Stack) -> None:
    image_in(stack, source=ImageSource.from_digest(DIGEST))

    assert origin_of(stack) == {"Digest": DIGEST}
    assert granted(stack) == set()


@pytest.mark.parametrize(
    "digest",
    ["", "0" * 64, "sha256:" + "0" * 63, "sha256:" + "A" * 64, "sha512:" + "0" * 64],
)
def test_refuses_what_is_no_digest(digest: str) -> None:
    with pytest.raises(ValueError, match="digest must be 'sha256:' and 64 lowercase hex digi"):
        ImageSource.from_digest(digest)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageSource("nginx"), r"one of ImageSource\.from_.* got ImageSource.*'nginx'"),
        (
            lambda: ImageSource.from_ecr_repository("acme/web", "1"),
            "repository must be an IRepository such as ecr.Repository, got 'acme/web'",
        ),
        (lambda: ImageSource.from_ecr_repository(None), "an IRepository such as .* got None"),
        (
            lambda: ImageSource.from_docker_image_asset("site"),
            "asset must be a DockerImageAsset, got 'site'",
        ),
        (lambda: ImageSource.from_asset(None), "directory must be a folder, got None"),
        (lambda: ImageSource.from_asset(7), "directory must be a folder, got 7"),
        (lambda: ImageSource.from_asset(".", file=7), "file must be a Dockerfile in .* got 7"),
        (lambda: ImageSource.from_archive(None), "path must be .* got None, which does not exist"),
    ],
)
def test_refuses_what_no_source_is_made_from(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
