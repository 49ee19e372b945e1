"""Reads what the builders of this machine write, in each form: `python -m reliability builders`.

What is made is one file in one layer, for linux/amd64 and linux/arm64. A form is taken if the image
that is found in it has the same layer, unpacked, and if all its blobs match their digests.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from archives import Remote
from cdk_lightsail_containers_handler.registry.archive.archive import Archive
from cdk_lightsail_containers_handler.registry.errors import RegistryError
from cdk_lightsail_containers_handler.registry.found_image import FoundImage, find_image

from . import ROOT
from .report import table, write_section

DOCUMENT = ROOT / "docs" / "images.md"
TOOLS = ("buildah", "podman", "skopeo", "umoci")
_AMD64, _ARM64, _BOTH = "localhost/web:amd64", "localhost/web:arm64", "localhost/web:both"
_SECONDS = 120


@dataclass(frozen=True)
class Form:
    """A form that a tool writes an image in.

    Its command writes to the path `OUT`; `IN` is that of a layout with the image.
    """

    tool: str
    name: str
    command: str
    tag: str | None = None  # what `from_archive` is given

    @property
    def id(self) -> str:
        """Return a name for the form among all others."""
        return f"{self.tool} {self.name}" + (f" {self.tag}" if self.tag else "")


_PUSH = f"buildah push --quiet {_AMD64}"
_PUSH_INDEX = f"buildah manifest push --quiet --all {_BOTH}"
_SAVE = "podman save --quiet --output OUT"
_COPY = "skopeo --insecure-policy copy --quiet"
FORMS = (
    Form("buildah", "docker-archive", f"{_PUSH} docker-archive:OUT:web:1"),
    Form("buildah", "oci-archive", f"{_PUSH} oci-archive:OUT:web:1"),
    Form("buildah", "oci", f"{_PUSH} oci:OUT:1"),
    Form("buildah", "dir", f"{_PUSH} dir:OUT"),
    Form("buildah", "oci-archive of an index", f"{_PUSH_INDEX} oci-archive:OUT:web:1"),
    Form("buildah", "dir of an index", f"{_PUSH_INDEX} dir:OUT"),
    Form("podman", "docker-archive", f"{_SAVE} --format docker-archive {_AMD64}"),
    Form("podman", "oci-archive", f"{_SAVE} --format oci-archive {_AMD64}"),
    Form("podman", "oci-dir", f"{_SAVE} --format oci-dir {_AMD64}"),
    Form("podman", "docker-dir", f"{_SAVE} --format docker-dir {_AMD64}"),
    Form(
        "podman",
        "docker-archive of two",
        f"{_SAVE} --multi-image-archive {_ARM64} {_AMD64}",
        _AMD64,
    ),
    Form("skopeo", "docker-archive", f"{_COPY} oci:IN:amd64 docker-archive:OUT:web:1", "web:1"),
    Form("skopeo", "oci-archive", f"{_COPY} oci:IN:amd64 oci-archive:OUT:web:1", "web:1"),
    Form("skopeo", "oci of several", f"{_COPY} oci:IN:amd64 oci:IN:copy && cp -r IN OUT", "copy"),
    Form("skopeo", "dir", f"{_COPY} oci:IN:amd64 dir:OUT"),
    Form("skopeo", "dir of an index", f"{_COPY} --all oci:IN:both dir:OUT"),
    Form(
        "umoci",
        "layout with tags",
        "cp -r IN OUT && umoci tag --image OUT:amd64 1.4 && umoci gc --layout OUT",
        "1.4",
    ),
)

# What tools wrote that no machine of Debian's has, or that need a daemon.
ARCHIVES = ROOT / "tests" / "registry" / "archives"
RECORDED = (
    ("containerify 4.1.0", "docker-archive", "containerify.tar"),
    ("ctr 1.6.20", "export of linux/amd64, of two", "ctr-amd64.tar"),
    ("ctr 1.6.20", "export of linux/arm64, of two", "ctr-arm64.tar"),
    ("Docker 20.10.24", "docker save of two names", "docker-20.tar"),
    ("Docker 20.10.24", "docker save, the same layer twice", "docker-20-layer-twice.tar"),
    ("Docker 28.5.2, containerd", "docker save of two platforms", "docker-28-both.tar"),
    ("buildx 0.29.1", "type=oci of two platforms, provenance", "buildx-both.tar"),
)
RECORDED_LAYER = "sha256:dcec17e710fbbbb50ea3ae3faa754bdd98dd09dc983b8ed5515793859a46482f"


@dataclass(frozen=True, kw_only=True)
class Made:
    """What was made, from which every form is written."""

    folder: Path  # the layout in it has the tags `amd64`, `arm64` and `both`
    environment: Mapping[str, str] = field(repr=False)
    layer: str  # its digest, unpacked

    def write(self, form: Form) -> Path:
        """Return the file or folder that a tool writes a form to."""
        name = re.sub("[^a-z0-9]+", "-", form.id)
        out, layout = self.folder / name, self.folder / "in"
        command = form.command.replace("OUT", str(out)).replace("IN", str(layout))
        _run(command, self.environment)
        return out


@contextmanager
def made() -> Iterator[Made]:
    """Make the images with buildah, in a storage of its own that is removed at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "root").mkdir()
        (folder / "root" / "hello").write_text("hello\n")
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
            f'rootless_storage_path = "{folder}/graph"\n'  # in the place of graphroot
        )
        environment = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf",
            "BUILDAH_ISOLATION": "chroot",
        }
        for image in (_AMD64, _ARM64):
            platform = f"linux/{image.rpartition(':')[2]}"
            _run(
                f"C=$(buildah from --platform {platform} scratch) && "
                f"buildah copy --quiet $C {folder}/root / && "
                f"buildah commit --quiet --timestamp 0 $C {image}",
                environment,
            )
            _run(f"buildah push --quiet {image} oci:{folder}/in:{platform[6:]}", environment)
        _run(
            f"buildah manifest create {_BOTH} {_AMD64} {_ARM64} && "
            f"buildah manifest push --quiet --all {_BOTH} oci:{folder}/in:both",
            environment,
        )
        command = f"skopeo inspect --config oci:{folder}/in:amd64"
        config = json.loads(_run(command, environment))
        (layer,) = config["rootfs"]["diff_ids"]
        yield Made(folder=folder, environment=environment, layer=layer)


def read(path: Path, tag: str | None = None) -> tuple[FoundImage, list[str]]:
    """Return the image of an archive, and the digests of its layers, unpacked.

    A folder is zipped as the CDK does.

    Raises:
        RegistryError: there is none that is taken.
        ValueError: a blob does not match its digest.
    """
    if path.is_dir():
        path = Path(shutil.make_archive(str(path), "zip", path))
    archive = Archive(Remote(path.read_bytes()), tag)
    found = find_image(archive)
    layers = []
    for layer in (found.manifest.config, *found.manifest.layers):
        content = bytearray(layer.size)
        archive.open_blob(layer).readinto(memoryview(content))
        if _digest(content) != layer.digest:
            raise ValueError(f"{layer.digest} has another digest")
        layers.append(_digest(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content))
    return found, layers[1:]


def result(given: Made, form: Form) -> str:
    """Return what becomes of a form."""
    try:
        path = given.write(form)
    except subprocess.CalledProcessError as error:
        return f"not written: {error.stderr.strip().splitlines()[-1]}"
    return _taken(path, form.tag, given.layer)


def _taken(path: Path, tag: str | None, layer: str) -> str:
    try:
        _, layers = read(path, tag)
    except RegistryError as error:
        return f"refused: {str(error).replace(str(Remote(b'')), 'it')}"
    return "taken" if layers[:1] == [layer] else "another image"


def versions() -> dict[str, str]:
    """Return the version of each tool that this machine has."""
    return {
        tool: _run(f"{tool} --version", os.environ).splitlines()[0].split(" ")[2]
        for tool in TOOLS
        if shutil.which(tool)
    }


def main(arguments: Sequence[str]) -> int:
    """Print the table, and write it into the document with `--write`."""
    parser = argparse.ArgumentParser(prog="python -m reliability builders", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write it into {DOCUMENT.name}, too")
    given = parser.parse_args(arguments)
    there = versions()
    missing = [tool for tool in ("buildah", "skopeo") if tool not in there]
    if missing:
        parser.error(f"this machine has no {' and no '.join(missing)}")
    rows: list[tuple[str, ...]] = [("builder", "form", "`tag=`", "result")]
    with made() as images:
        rows += [
            (f"{form.tool} {there[form.tool]}", form.name, form.tag or "", result(images, form))
            for form in FORMS
            if form.tool in there
        ]
    for tool, name, file in RECORDED:
        rows.append((f"{tool}, recorded", name, "", _taken(ARCHIVES / file, None, RECORDED_LAYER)))
    text = table(rows)
    print(text)
    if given.write:
        write_section("builders", text, DOCUMENT)
    return 0


def _digest(content: bytes | bytearray) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _run(command: str, environment: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603
        ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607
        check=True,
        capture_output=True,
        env=environment,
        text=True,
        timeout=_SECONDS,
    )
    return done.stdout
