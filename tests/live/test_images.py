import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
from typing import Any

import pytest
from live.images import ImageKind, failing_image, serving_image
from live.program import PROGRAM

from oci_images import Made


def parts(made: Made) -> tuple[dict[str, Any], bytes]:
    """An image's config, and its layer as it is stored."""
    manifest = json.loads(made.content)
    (layer,) = manifest["layers"]
    config: dict[str, Any] = json.loads(made.blobs[manifest["config"]["digest"]])
    return config, made.blobs[layer["digest"]]


def files(tar: bytes) -> dict[str, tuple[int, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        found = {}
        for member in archive.getmembers():
            content = archive.extractfile(member)
            assert content is not None
            found[member.name] = (member.mode, content.read())
        return found


def test_an_image_has_the_program_and_nothing_else() -> None:
    config, layer = parts(serving_image("hello"))

    assert files(gzip.decompress(layer)) == {"program": (0o755, PROGRAM)}
    assert config["config"] == {"Entrypoint": ["/program"], "Cmd": ["hello"], "Labels": {}}
    assert (config["os"], config["architecture"]) == ("linux", "amd64")


def test_an_image_that_fails_does_so_on_aws_and_on_the_local_cloud() -> None:
    config, _ = parts(failing_image("not today"))

    assert config["config"]["Cmd"] == ["not today", "fails"]
    assert config["config"]["Labels"] == {
        "lightsail-local.fails": "crash",
        "org.opencontainers.image.description": "not today",
    }


def test_the_same_text_is_the_same_image_and_another_one_another() -> None:
    assert serving_image("a").digest == serving_image("a").digest
    assert serving_image("a").digest != serving_image("b").digest
    assert serving_image("a").digest != serving_image("a", ImageKind(docker=True)).digest


def test_a_layer_of_zstd_is_one() -> None:
    if not shutil.which("zstd") and not os.environ.get("CI"):
        pytest.skip("zstd is not installed")
    _, layer = parts(serving_image("hello", ImageKind(zstd=True)))

    ran = subprocess.run(["zstd", "-dc"], input=layer, capture_output=True, check=True)

    assert files(ran.stdout) == {"program": (0o755, PROGRAM)}
