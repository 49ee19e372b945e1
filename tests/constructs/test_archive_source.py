"""An image in an archive, as a source."""

import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import CfnParameter, Stack, Stage

from cdk_lightsail_containers import ImageSource
from stacks import PUSHES, granted, image_in, origin_of, statement_for


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """The folder of an OCI image layout, as much of it as synthesis looks at."""
    directory = tmp_path / "layout"
    directory.mkdir()
    (directory / "index.json").write_text("{}")
    return directory


@pytest.fixture
def archive(layout: Path) -> Path:
    """The same as a tar file."""
    path = layout.with_suffix(".tar")
    with tarfile.open(path, "w") as packed:
        packed.add(layout, ".")
    return path


@pytest.mark.parametrize(("kind", "extension"), [("layout", "zip"), ("archive", "tar")])
def test_is_where_the_asset_is_and_reads_it_alone(
    stack: Stack, request: pytest.FixtureRequest, kind: str, extension: str
) -> None:
    image_in(stack, source=ImageSource.from_archive(request.getfixturevalue(kind)))

    source = origin_of(stack)["Source"]
    bucket = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
    assert set(source) == {"Bucket", "Key"}
    assert source["Bucket"] == bucket
    assert source["Key"].endswith(f".{extension}")
    reading = statement_for(stack, "s3:GetObject")
    assert reading["Action"] == "s3:GetObject"
    assert reading["Resource"]["Fn::Join"][1][2:] == [":s3:::", bucket, f"/{source['Key']}"]
    assert granted(stack) == PUSHES | {"s3:GetObject"}


def test_holds_what_its_links_lead_to(placed_stack: Stack, layout: Path) -> None:
    blob = layout.parent / "store" / "blob"
    blob.parent.mkdir()
    blob.write_text("bytes")
    (layout / "blobs").mkdir()
    (layout / "blobs" / "linked").symlink_to(os.path.relpath(blob, layout / "blobs"))

    image_in(placed_stack, source=ImageSource.from_archive(str(layout)))

    key = origin_of(placed_stack)["Source"]["Key"]
    staged = Path(Stage.of(placed_stack).outdir, f"asset.{Path(key).stem}")  # type: ignore[union-attr]
    assert not (staged / "blobs" / "linked").is_symlink()
    assert (staged / "blobs" / "linked").read_text() == "bytes"


def test_takes_the_folder_of_a_docker_archive(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[]")

    image_in(stack, source=ImageSource.from_archive(tmp_path))

    assert origin_of(stack)["Source"]["Key"].endswith(".zip")


@pytest.mark.parametrize("tag", ["1.4", "web:1.4", "ghcr.io/acme/web:1.4", "localhost:5000/a/b:c"])
def test_names_the_image_that_is_meant_of_several(
    placed_stack: Stack, archive: Path, tag: str
) -> None:
    image_in(placed_stack, source=ImageSource.from_archive(archive, tag=tag))

    assert origin_of(placed_stack)["Source"]["Tag"] == tag


def test_a_tag_may_be_a_token(placed_stack: Stack, archive: Path) -> None:
    tag = CfnParameter(placed_stack, "Tag").value_as_string

    image_in(placed_stack, source=ImageSource.from_archive(archive, tag=tag))

    assert origin_of(placed_stack)["Source"]["Tag"] == {"Ref": "Tag"}


@pytest.mark.parametrize("tag", ["", "a b", "web:1\n", "w'b", "é", 7, ["web:1"], "x" * 513])
def test_refuses_a_tag_that_names_nothing(archive: Path, tag: Any) -> None:
    with pytest.raises(ValueError, match=r"^tag must be 1-512 letters, digits and any of .*, got "):
        ImageSource.from_archive(archive, tag=tag)


@pytest.mark.parametrize("path", ["", "no-such-archive.tar"])
def test_refuses_a_path_where_nothing_is(path: str) -> None:
    with pytest.raises(ValueError, match=f"path must be .*, got '{path}', which does not exis"):
        ImageSource.from_archive(path)


def test_refuses_a_folder_that_holds_no_image(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"manifest\.json, got '.*', which has neither"):
        ImageSource.from_archive(tmp_path)


def test_refuses_a_compressed_archive(layout: Path, tmp_path: Path) -> None:
    path = tmp_path / "layout.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        packed.add(layout, ".")

    with pytest.raises(ValueError, match=r"must be an uncompressed tar file, .* got '.*tar\.gz'"):
        ImageSource.from_archive(path)
