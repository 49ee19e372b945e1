"""An image that is built from a Dockerfile, as a source."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import IgnoreMode, Stack, Stage
from aws_cdk import aws_ecr_assets as ecr_assets

from cdk_lightsail_containers import ImageSource
from cdk_lightsail_containers.image_source import BuildOptions
from stacks import PULLS, PUSHES, granted, image_in, origin_of, service_in, statement_for


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A Dockerfile's folder."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def images_of(stack: Stack) -> list[dict[str, Any]]:
    """What the command line builds for a stack."""
    assembly = Path(Stage.of(stack).synth().directory)  # type: ignore[union-attr]
    assets = json.loads((assembly / f"{stack.artifact_id}.assets.json").read_text())
    return [image["source"] for image in assets["dockerImages"].values()]


def test_is_built_for_amd64_and_pulled_from_the_repository_of_assets(
    stack: Stack, site: Path
) -> None:
    image_in(stack, source=ImageSource.from_asset(site))

    name = origin_of(stack)["Source"]["Image"]["Fn::Sub"]
    assert "/cdk-hnb659fds-container-assets-" in name
    pulling = statement_for(stack, "ecr:BatchGetImage")
    assert pulling["Action"] == PULLS
    assert pulling["Resource"]["Fn::Join"][1][-1] == {
        "Fn::Sub": "cdk-hnb659fds-container-assets-${AWS::AccountId}-${AWS::Region}"
    }
    assert granted(stack) == PUSHES | {*PULLS, "ecr:GetAuthorizationToken"}


def test_is_built_as_it_is_told(placed_stack: Stack, site: Path) -> None:
    (site / "web.dockerfile").write_text("FROM scratch\n")
    (site / "notes.txt").write_text("not for the image")

    image_in(
        placed_stack,
        source=ImageSource.from_asset(
            str(site),
            file="web.dockerfile",
            target="web",
            build_args={"VERSION": "1.4"},
            build_secrets={"key": "src=key.txt"},
            cache_disabled=True,
            exclude=["*.txt"],
            ignore_mode=IgnoreMode.GLOB,
            network_mode=ecr_assets.NetworkMode.HOST,
            display_name="web",
        ),
    )

    (image,) = images_of(placed_stack)
    staged = Path(Stage.of(placed_stack).outdir, image.pop("directory"))  # type: ignore[union-attr]
    assert {path.name for path in staged.iterdir()} == {"Dockerfile", "web.dockerfile"}
    assert image == {
        "dockerFile": "web.dockerfile",
        "dockerBuildTarget": "web",
        "dockerBuildArgs": {"VERSION": "1.4"},
        "dockerBuildSecrets": {"key": "src=key.txt"},
        "cacheDisabled": True,
        "networkMode": "host",
        "platform": "linux/amd64",
    }


def test_names_every_option_that_the_cdk_has_except_the_platform() -> None:
    ours = set(BuildOptions.__annotations__)
    theirs = set(inspect.signature(ecr_assets.DockerImageAssetOptions).parameters)

    assert ours == theirs - {"platform"}
    assert ours == set(re.findall(r"- `(\w+)`:", str(ImageSource.from_asset.__doc__)))


@pytest.mark.parametrize("name", ["platform", "dockerfile"])
def test_refuses_an_option_that_it_does_not_have(site: Path, name: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
        ImageSource.from_asset(site, **{name: "linux/arm64"})  # type: ignore[misc]


def test_one_source_serves_two_images(stack: Stack, site: Path) -> None:
    service = service_in(stack)
    source = ImageSource.from_asset(site)

    for label in ("web", "worker"):
        image_in(stack, label, service=service, label=label, source=source)

    assert len(images_of(stack)) == 1


@pytest.mark.parametrize("directory", ["", "no-such-folder"])
def test_refuses_a_folder_that_does_not_exist(directory: str) -> None:
    with pytest.raises(ValueError, match=f"directory must be a folder, got '{directory}'"):
        ImageSource.from_asset(directory)


@pytest.mark.parametrize("file", ["", "web.dockerfile"])
def test_refuses_a_dockerfile_that_does_not_exist(site: Path, file: str) -> None:
    with pytest.raises(ValueError, match=f"file must be a Dockerfile in .* got '{file}', whic"):
        ImageSource.from_asset(site, file=file)


def test_refuses_a_folder_without_a_dockerfile(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"file must be a Dockerfile in .*, got 'Dockerfile'"):
        ImageSource.from_asset(tmp_path)


def test_is_the_image_that_the_stack_has(stack: Stack, site: Path) -> None:
    asset = ecr_assets.DockerImageAsset(
        stack, "Site", directory=str(site), platform=ecr_assets.Platform.LINUX_AMD64
    )

    image_in(stack, source=ImageSource.from_docker_image_asset(asset))

    assert origin_of(stack) == {"Source": {"Image": stack.resolve(asset.image_uri)}}
    assert statement_for(stack, "ecr:BatchGetImage")["Resource"] == stack.resolve(
        asset.repository.repository_arn
    )
    assert granted(stack) == PUSHES | {*PULLS, "ecr:GetAuthorizationToken"}
