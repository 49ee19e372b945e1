"""Images out of archives, and archives that are not what they should be."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archives import (
    Files,
    Remote,
    blob_path,
    docker_files,
    layout,
    skopeo,
    tar,
    write,
    zipped,
)
from cdk_lightsail_containers_handler.registry.archive.archive import Archive
from cdk_lightsail_containers_handler.registry.descriptor import Descriptor
from cdk_lightsail_containers_handler.registry.errors import (
    DigestMismatch,
    Missing,
    PlatformMissing,
    RegistryError,
    Unsupported,
)
from cdk_lightsail_containers_handler.registry.found_image import FoundImage, find_image
from installed import needs
from oci_images import (
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Made,
    descriptor,
    digest_of,
    image,
    index,
    layers,
    multi_arch,
    some_bytes,
    to_json,
)

PIECE = 256 << 10
SMALL = layers(3, 700)
BIG = layers(4, 2 * PIECE + 5)
MADE = image(*SMALL)


def find(content: bytes, tag: str | None = None) -> FoundImage:
    return find_image(Archive(Remote(content), tag))


def read(archive: Archive, blob: Descriptor, piece: int = 60_000) -> bytes:
    reader = archive.open_blob(blob)
    buffer = memoryview(bytearray(piece))
    content = b""
    while count := reader.readinto(buffer):
        content += bytes(buffer[:count])
    reader.close()
    return content


def read_all(content: bytes, tag: str | None = None) -> tuple[FoundImage, Files]:
    """Return the image of an archive, and all its blobs."""
    archive = Archive(Remote(content), tag)
    found = find_image(archive)
    return found, {blob.digest: read(archive, blob) for blob in found.manifest.blobs}


def refusal(content: bytes, kind: type[RegistryError] = Unsupported, tag: str | None = None) -> str:
    with pytest.raises(RegistryError) as caught:
        read_all(content, tag)
    assert type(caught.value) is kind
    return str(caught.value)


class TestLayout:
    @pytest.mark.parametrize("docker", [False, True])
    @pytest.mark.parametrize("folder", ["", "image/"])
    @pytest.mark.parametrize("of", [SMALL, BIG, [*SMALL, b""]], ids=["small", "big", "empty"])
    @pytest.mark.parametrize("form", ["gnu", "pax", "deflated", "stored"])
    def test_is_read_byte_for_byte(
        self, form: str, of: list[bytes], folder: str, docker: bool
    ) -> None:
        made = image(*of, b"same" * 100_000, docker=docker)
        files = layout(made)
        packed = {
            "gnu": lambda: tar(files, tarfile.GNU_FORMAT, folder),
            "pax": lambda: tar(files, tarfile.PAX_FORMAT, folder),
            "deflated": lambda: zipped(files, zipfile.ZIP_DEFLATED, folder),
            "stored": lambda: zipped(files, zipfile.ZIP_STORED, folder),
        }[form]()

        found, blobs = read_all(packed)

        assert found.manifest.content == made.content
        assert found.manifest.media_type == made.media_type
        assert blobs == made.blobs

    @pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    @pytest.mark.parametrize("folder", ["./", "./image/", "x" * 200 + "/", "/"])
    def test_may_have_long_and_relative_names(self, kind: int, folder: str) -> None:
        assert read_all(tar(layout(MADE), kind, folder))[1] == MADE.blobs

    @pytest.mark.parametrize("nested", [False, True])
    def test_gives_the_amd64_image_of_an_index(self, nested: bool) -> None:
        made = multi_arch(*SMALL)
        content = tar(layout(index(made) if nested else made))

        found, blobs = read_all(content)

        assert found.digest == made.manifests[-1].digest
        assert blobs == made.manifests[-1].blobs

    def test_may_be_an_index_itself(self) -> None:
        arm64 = image(b"arm64", platform="linux/arm64")

        assert find(tar(layout(arm64, MADE))).digest == MADE.digest

    def test_may_have_two_tags_of_one_image(self) -> None:
        names = tuple({"org.opencontainers.image.ref.name": tag} for tag in ("1", "latest"))

        assert find(tar(layout(MADE, MADE, names=names))).digest == MADE.digest

    @pytest.mark.parametrize("named", [False, True])
    def test_with_several_images_is_refused(self, named: bool) -> None:
        names = [{"org.opencontainers.image.ref.name": tag} if named else None for tag in "ab"]
        other = image(b"b", platform="linux/arm64" if named else "linux/amd64")

        assert refusal(tar(layout(MADE, other, names=tuple(names)))) == (
            "s3://bucket/image holds 2 images that are not one index ('a', 'b'): "
            "give from_archive the name of one as tag=, or archive one image alone"
            if named
            else "s3://bucket/image holds 2 images that are not one index: archive one image alone"
        )

    def test_in_two_folders_is_refused(self) -> None:
        files = {f"{folder}/{name}": b for folder in "ab" for name, b in layout(MADE).items()}

        assert "holds 2 images" in refusal(tar(files))

    def test_for_another_platform_is_refused(self) -> None:
        made = image(*SMALL, platform="linux/arm64")

        assert "is for linux/arm64" in refusal(tar(layout(made)), PlatformMissing)

    def test_without_images_is_refused(self) -> None:
        assert "is for no platform" in refusal(tar(layout()), PlatformMissing)

    def test_is_preferred_to_what_docker_save_wrote(self) -> None:
        assert find(tar(docker_files(*SMALL) | layout(MADE))).digest == MADE.digest

    def test_without_a_blob_says_so(self) -> None:
        files = layout(MADE)
        del files[blob_path(digest_of(SMALL[0]))]

        assert refusal(tar(files), Missing) == (
            f"s3://bucket/image has no blob {digest_of(SMALL[0])[:19]}: "
            "write the archive again, with all that belongs to the image"
        )

    @pytest.mark.parametrize("pack", [tar, zipped])
    def test_with_a_blob_of_another_size_says_so(self, pack: Callable[[Files], bytes]) -> None:
        files = layout(MADE)
        files[blob_path(digest_of(SMALL[0]))] += b"1"

        assert "has 701 bytes of" in refusal(pack(files), DigestMismatch)

    def test_with_a_manifest_that_is_another_is_refused(self) -> None:
        files = layout(MADE)
        files[blob_path(MADE.digest)] = bytes(len(MADE.content))

        assert "the manifest of s3://bucket/image has digest" in refusal(tar(files), DigestMismatch)

    def test_with_a_manifest_that_is_too_large_is_refused(self) -> None:
        made = Made(content=MADE.content + b" " * (4 << 20), media_type=OCI_MANIFEST)

        assert "is larger than 4 MiB" in refusal(tar(layout(made)))

    @pytest.mark.parametrize(
        "content",
        [b"", b"[]", b"{", b"{}", b'{"manifests": [1]}', b'{"manifests": 1}', b"[" * 100_000],
    )
    def test_with_a_malformed_index_is_refused(self, content: bytes) -> None:
        refusal(tar({"index.json": content}))

    def test_with_odd_annotations_is_read(self) -> None:
        files = layout(image(b"arm64", platform="linux/arm64"), MADE)
        document = json.loads(files["index.json"])
        document["manifests"][0]["annotations"] = ["odd"]
        document["manifests"][1]["annotations"] = None
        document["manifests"].append({"annotations": {"vnd.docker.reference.type": "x"}})
        files["index.json"] = to_json(document)

        assert find(tar(files)).digest == MADE.digest


class TestDockerArchive:
    @pytest.mark.parametrize("folder", ["", "image/", "y" * 150 + "/"])
    @pytest.mark.parametrize("compressed", [False, True])
    def test_gets_a_manifest(self, compressed: bool, folder: str) -> None:
        files = docker_files(*SMALL, *BIG, compressed=compressed)

        found, blobs = read_all(tar(files, folder=folder))

        kind = "application/vnd.docker.image.rootfs.diff.tar" + (".gzip" if compressed else "")
        item = json.loads(files["manifest.json"])[0]
        written = [files[name] for name in item["Layers"]]
        config = files[item["Config"]]
        assert found.manifest.media_type == DOCKER_MANIFEST
        assert json.loads(found.manifest.content)["layers"] == [
            descriptor(layer, kind) for layer in written
        ]
        assert blobs == {digest_of(blob): blob for blob in (config, *written)}
        assert found.digest == find(zipped(files)).digest

    def test_may_have_no_layers(self) -> None:
        assert len(find(tar(docker_files(Layers=None))).manifest.blobs) == 1

    def test_of_buildah_may_have_no_list_of_layers_in_its_config(self) -> None:
        files = docker_files()
        config = json.loads(files["manifest.json"])[0]["Config"]
        files[config] = files[config].replace(b', "diff_ids": []', b"")

        assert b"diff_ids" not in files[config]
        assert find(tar(files)).manifest.layers == ()

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
    def test_may_have_links_for_layers_that_are_the_same(self, kind: bytes) -> None:
        layer = SMALL[0]
        files = docker_files(layer, layer)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(f"./{name}")
                if name == f"{1:064x}/layer.tar":
                    member.type = kind
                    folder = ".." if kind == tarfile.SYMTYPE else "."
                    member.linkname = f"{folder}/{0:064x}/layer.tar"
                else:
                    member.size = len(content)
                archive.addfile(member, io.BytesIO(content))

        found, blobs = read_all(packed.getvalue())

        assert len(found.manifest.layers) == 2
        assert blobs[digest_of(layer)] == layer

    def test_with_several_images_is_refused(self) -> None:
        files = docker_files(*SMALL)
        (first,) = json.loads(files["manifest.json"])
        others = [{**first, "RepoTags": tags} for tags in (["db:2", "db:latest"], None, [])]
        files["manifest.json"] = to_json([first, *others])

        assert refusal(tar(files)) == (
            "s3://bucket/image holds 4 images that are not one index ('web:1', 'db:2'): "
            "give from_archive the name of one as tag=, or archive one image alone"
        )

    @pytest.mark.parametrize(
        "tag", ["db:2", "docker.io/library/db:2", "index.docker.io/library/db:2", "db", "db:latest"]
    )
    def test_of_several_images_gives_the_one_that_is_named(self, tag: str) -> None:
        files = docker_files(*SMALL)
        wanted = docker_files(SMALL[0], RepoTags=["docker.io/library/db:2", "db:latest"])
        (item,) = json.loads(wanted.pop("manifest.json"))
        layer = wanted[item["Layers"][0]]
        item["Layers"] = ["db.tar"]
        items = [*json.loads(files["manifest.json"]), item]
        files |= {item["Config"]: wanted[item["Config"]], "db.tar": layer}
        files["manifest.json"] = to_json(items)

        found = find(tar(files), tag)

        assert found.config == wanted[item["Config"]]
        assert refusal(tar(files), tag="db:3") == (
            "s3://bucket/image holds no image 'db:3', only 'web:1', 'docker.io/library/db:2': "
            "give from_archive one of these as tag="
        )

    def test_of_one_image_is_held_to_the_name_that_is_meant(self) -> None:
        archive = tar(docker_files(*SMALL))

        assert find(archive, "web:1").digest == find(archive).digest
        assert "holds no image 'web:2', only 'web:1'" in refusal(archive, tag="web:2")

    @pytest.mark.parametrize("tags", [None, []])
    def test_of_an_image_without_a_name_has_none_to_give(self, tags: list[str] | None) -> None:
        archive = tar(docker_files(*SMALL, RepoTags=tags))

        assert find(archive)
        assert refusal(archive, tag="web:1") == (
            "s3://bucket/image holds no image 'web:1', only images without a name: "
            "leave out tag= and archive one image alone"
        )

    def test_of_two_images_of_one_name_is_refused(self) -> None:
        files = docker_files(*SMALL)
        files["manifest.json"] = to_json(json.loads(files["manifest.json"]) * 2)

        assert "holds 2 images named 'web:1' ('web:1', 'web:1')" in refusal(tar(files), tag="web:1")

    @pytest.mark.parametrize("change", [str.lower, str.upper, lambda key: key[0].lower() + key[1:]])
    def test_may_have_keys_in_any_case(self, change: Callable[[str], str]) -> None:
        files = docker_files(*SMALL)
        (item,) = json.loads(files["manifest.json"])
        expected = find(tar(files)).digest
        files["manifest.json"] = to_json([{change(key): value for key, value in item.items()}])

        assert find(tar(files), "web:1").digest == expected

    def test_of_containerify_is_read(self) -> None:
        """What `containerify --toTar`, 4.1.0 of npm, writes: its names, with other bytes."""
        files = docker_files(*SMALL, compressed=True)
        (item,) = json.loads(files.pop("manifest.json"))
        expected = find(tar(files | {"manifest.json": to_json([item])})).digest
        files["config.json"] = files.pop(item["Config"])
        written = {"config": "config.json", "repoTags": ["web:1"], "layers": item["Layers"]}
        files["manifest.json"] = to_json([written])

        assert find(tar(files)).digest == expected

    @pytest.mark.parametrize("count", [0, 1, 4])
    def test_with_fewer_or_more_layers_than_its_config_is_refused(self, count: int) -> None:
        files = docker_files(*SMALL)
        (item,) = json.loads(files["manifest.json"])
        item["Layers"] = (item["Layers"] * 2)[:count]
        files["manifest.json"] = to_json([item])

        assert refusal(tar(files)) == (
            f"s3://bucket/image has another number of layers in its manifest ({count}) than in its "
            "config (3): build it again, with another version of the tool that wrote it"
        )

    @pytest.mark.parametrize("images", [None, []])
    def test_is_read_where_a_layout_beside_it_names_no_image(self, images: object) -> None:
        """`docker save` 25.0 of an image without a tag: https://github.com/moby/moby/issues/47210."""
        files = docker_files(*SMALL)
        expected = find(tar(files)).digest
        files["index.json"] = to_json({"schemaVersion": 2, "manifests": images})

        assert find(tar(files)).digest == expected

    @pytest.mark.parametrize(
        "document",
        [1, {"a": 1}, [1], [{}], [{"Config": 1, "Layers": []}], [{"Config": "manifest.json"}]],
        ids=json.dumps,
    )
    def test_with_a_malformed_manifest_is_refused(self, document: object) -> None:
        assert "malformed" in refusal(tar({"manifest.json": to_json(document)}))

    @pytest.mark.parametrize("layer_names", [[], [1, 2, 3], ["a"] * 2])
    def test_with_other_layers_than_its_config_is_refused(self, layer_names: object) -> None:
        files = docker_files(*SMALL, Layers=layer_names)

        with pytest.raises((Unsupported, Missing)):
            read_all(tar(files))

    def test_without_a_file_says_so(self) -> None:
        files = docker_files(*SMALL)
        del files[f"{1:064x}/layer.tar"]

        assert refusal(tar(files), Missing) == (
            f"s3://bucket/image has no file '{1:064x}/layer.tar': write the archive again"
        )

    def test_with_a_config_that_is_too_large_is_refused(self) -> None:
        files = docker_files(*SMALL) | {"large": bytes((4 << 20) + 1)}
        files["manifest.json"] = to_json([{"Config": "large", "Layers": []}])

        assert "large of s3://bucket/image is larger than 4 MiB" in refusal(tar(files))


class TestDirectory:
    """What skopeo calls `dir:`, and podman `docker-dir`."""

    def files(self, made: Made) -> Files:
        version = b"Directory Transport Version: 1.1\n"
        files = {"version": version, "manifest.json": made.content, "signature-1": b"x"}
        for child in made.manifests:
            files[f"{child.digest.removeprefix('sha256:')}.manifest.json"] = child.content
            files |= self.blobs(child)
        return files | self.blobs(made)

    def blobs(self, made: Made) -> Files:
        return {digest.removeprefix("sha256:"): blob for digest, blob in made.blobs.items()}

    @pytest.mark.parametrize("docker", [False, True])
    @pytest.mark.parametrize("folder", ["", "image/"])
    @pytest.mark.parametrize("pack", [tar, zipped])
    def test_is_read_byte_for_byte(
        self, pack: Callable[..., bytes], folder: str, docker: bool
    ) -> None:
        made = image(*SMALL, docker=docker)

        found, blobs = read_all(pack(self.files(made), folder=folder))

        assert found.manifest.content == made.content
        assert found.manifest.media_type == made.media_type
        assert blobs == made.blobs

    def test_gives_the_amd64_image_of_an_index(self) -> None:
        made = multi_arch(*SMALL)

        found, blobs = read_all(tar(self.files(made)))

        assert found.digest == made.manifests[-1].digest
        assert blobs == made.manifests[-1].blobs

    def test_of_an_index_without_its_images_says_so(self) -> None:
        files = self.files(index(image(b"1", platform="linux/arm64"), MADE))
        del files[f"{MADE.digest.removeprefix('sha256:')}.manifest.json"]

        assert "is for linux/arm64, not for linux/amd64" in refusal(tar(files), PlatformMissing)

    def test_need_not_name_its_type(self) -> None:
        document = json.loads(MADE.content)
        del document["mediaType"]
        files = self.files(Made(content=to_json(document), media_type="", blobs=MADE.blobs))

        assert find(tar(files)).manifest.media_type == OCI_MANIFEST

    def test_need_not_name_its_type_without_a_layer(self) -> None:
        made = image()
        document = {**json.loads(made.content), "layers": None}
        del document["mediaType"]
        files = self.files(Made(content=to_json(document), media_type="", blobs=made.blobs))

        assert find(tar(files)).manifest.media_type == OCI_MANIFEST

    def test_without_a_blob_says_so(self) -> None:
        files = self.files(MADE)
        del files[digest_of(SMALL[0]).removeprefix("sha256:")]

        assert "has no blob" in refusal(tar(files), Missing)

    def test_has_no_name_to_give(self) -> None:
        assert refusal(tar(self.files(MADE)), tag="web:1") == (
            "s3://bucket/image holds no image 'web:1', only images without a name: "
            "leave out tag= and archive one image alone"
        )


class TestRequests:
    """Each costs a round trip."""

    def requests(self, content: bytes) -> tuple[int, int]:
        """How many find the image, and how many read its blobs."""
        remote = Remote(content)
        archive = Archive(remote)
        blobs = find_image(archive).manifest.layers
        before = len(remote.asked)
        for blob in blobs:
            read(archive, blob)
        return before, len(remote.asked) - before

    def test_of_a_small_archive_are_one(self) -> None:
        assert self.requests(tar(layout(MADE))) == (1, 0)
        assert self.requests(zipped(layout(MADE))) == (1, 0)

    def test_are_one_for_each_large_file_of_a_tar(self) -> None:
        assert self.requests(tar(layout(image(*BIG)))) == (1 + len(BIG) + 1, len(BIG))
        # The manifest and the config are read where the names end.
        assert self.requests(tar(docker_files(*BIG))) == (1 + len(BIG) + 1, len(BIG))

    @pytest.mark.parametrize("files", [docker_files, lambda *blobs: layout(image(*blobs))])
    def test_ask_for_little_between_large_layers(self, files: Callable[..., Files]) -> None:
        remote = Remote(tar(files(*layers(120, 2 * PIECE + 5))))
        find_image(Archive(remote))

        # 128 KiB would do for 120 headers; what stands beside them comes along.
        assert sum(length for _, length in remote.asked) < 120 * 16_000
        assert len(remote.asked) < 130

    def test_are_few_between_small_layers(self) -> None:
        remote = Remote(tar(docker_files(*layers(120, 20_000))))
        find_image(Archive(remote))

        assert len(remote.asked) <= 2 + len(remote.content) // PIECE

    def test_are_three_for_the_names_of_a_zip(self) -> None:
        assert self.requests(zipped(layout(image(*BIG)))) == (3, len(BIG))

    def test_ask_for_little_of_compressed_layers_in_a_zip(self) -> None:
        remote = Remote(zipped(docker_files(*layers(20, 2 * PIECE + 5), compressed=True)))
        find_image(Archive(remote))

        # One whose rest is left cannot be followed by another on the same connection.
        assert sum(length for _, length in remote.asked) < 5 * PIECE + 20 * 16_000


class TestNoArchive:
    @pytest.mark.parametrize(
        ("magic", "sentence"),
        [
            (b"\x1f\x8b\x08\x00", "compressed with gzip: unpack it with gunzip before"),
            (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it with unzstd before"),
            (b"\xfd7zXZ\x00", "compressed with xz: unpack it with unxz before"),
            (b"BZh9", "compressed with bzip2: unpack it with bunzip2 before"),
        ],
    )
    def test_that_is_compressed_is_refused_by_name(self, magic: bytes, sentence: str) -> None:
        assert refusal(magic + bytes(2000)) == f"s3://bucket/image is {sentence}"

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"x",
            some_bytes(10_000, "x"),
            b"PK\3\4" + bytes(100),
            b"PK\5\6" + bytes(17),
            tar(layout(MADE))[:2000],
        ],
        ids=len,
    )
    def test_that_is_none_is_refused(self, content: bytes) -> None:
        assert refusal(content) == (
            "s3://bucket/image is damaged, or no tar or zip archive: write the archive again"
        )

    @pytest.mark.parametrize("content", [bytes(10_240), tar({"a": b""}), zipped({"a/b/c": b""})])
    def test_without_an_image_is_refused(self, content: bytes) -> None:
        with pytest.raises(Unsupported):
            find(content)

    def test_without_an_image_says_what_is_missing(self) -> None:
        assert refusal(tar({"a": b"", "blobs/sha256/a": b""})) == (
            "s3://bucket/image has neither index.json nor manifest.json: "
            "write an image to it as oci-archive or docker-archive"
        )


class TestHostileTar:
    def header(self, **fields: object) -> bytes:
        member = tarfile.TarInfo("a")
        for name, value in fields.items():
            setattr(member, name, value)
        return member.tobuf(tarfile.GNU_FORMAT)

    @pytest.mark.parametrize(
        "fields",
        [
            {"size": 1 << 40},
            {"size": -512},
            {"size": -1024, "type": tarfile.GNUTYPE_LONGNAME},
            {"size": 1 << 40, "type": tarfile.GNUTYPE_LONGNAME},
            {"size": 1 << 40, "type": tarfile.XHDTYPE},
            {"size": 1 << 62, "type": tarfile.XGLTYPE},
            {"type": tarfile.GNUTYPE_SPARSE},
        ],
        ids=str,
    )
    def test_that_lies_about_a_size_is_refused(self, fields: dict[str, object]) -> None:
        content = self.header(**fields) + tar(layout(image(*BIG)))

        assert "is damaged" in refusal(content)

    def test_with_headers_in_headers_is_refused(self) -> None:
        long_name = self.header(type=tarfile.GNUTYPE_LONGNAME, size=2) + b"a".ljust(512, b"\0")

        assert "is damaged" in refusal(long_name * 2000)

    def test_with_endless_files_is_refused(self) -> None:
        files = b"".join(self.header(name=str(number)) for number in range(10_001))

        assert "is damaged" in refusal(files)

    def test_with_headers_that_would_fill_the_memory_is_refused(self) -> None:
        size = 1 << 20
        header = self.header(type=tarfile.XHDTYPE, size=size)
        record = b"%d a=" % size
        pax = header + record + b"x" * (size - len(record) - 1) + b"\n"
        files = b"".join(pax + self.header(name=str(number)) for number in range(20))

        assert "is damaged" in refusal(files)

    def test_with_a_file_twice_is_refused(self) -> None:
        twice = tar({"index.json": b"{}"})[:1024] + tar(layout(MADE))

        assert refusal(twice) == "s3://bucket/image holds a file twice: write it anew"

    def test_with_a_layer_twice_is_read_as_nix_writes_it(self) -> None:
        files = docker_files(*SMALL)
        (layer, *_) = [name for name in files if name.endswith("layer.tar")]
        twice = tar({layer: files[layer]})[: 512 + 1024] + tar(files)

        assert find(twice).digest == find(tar(files)).digest

    def test_of_dotnet_has_folders_named_for_compressed_layers(self) -> None:
        files = docker_files(*SMALL, compressed=True)
        wanted = find(tar(files)).digest
        item = json.loads(files["manifest.json"])[0]
        named = {path: f"{path.removesuffix('.tar.gz')}/layer.tar" for path in item["Layers"]}
        item["Layers"] = list(named.values())
        files = {named.get(name, name): content for name, content in files.items()}

        assert find(tar(files | {"manifest.json": to_json([item])})).digest == wanted

    @pytest.mark.parametrize("pack", [tar, zipped])
    def test_of_crane_names_a_layer_gz_that_is_compressed_with_zstd(
        self, pack: Callable[[Files], bytes]
    ) -> None:
        packed = b"\x28\xb5\x2f\xfd" + bytes(1 << 20)
        path = f"{digest_of(packed).removeprefix('sha256:')}.tar.gz"
        files = docker_files(b"layer", Layers=[path]) | {path: packed}

        (layer,) = find(pack(files)).manifest.layers

        assert layer.media_type == "application/vnd.docker.image.rootfs.diff.tar.zstd"
        assert layer.digest == digest_of(packed)

    def test_of_apko_has_an_index_of_blobs_that_are_elsewhere(self) -> None:
        files = docker_files(*SMALL, compressed=True)
        made = find(tar(files))
        index_of_apko = layout(MADE)["index.json"]
        more = {made.digest: made.manifest.content, "index.json": index_of_apko}

        assert find(tar(files | more)).digest == made.digest

    def test_with_links_to_nowhere_and_to_each_other_is_read(self) -> None:
        names = [("a", "b"), ("b", "a"), ("c", "../../etc/passwd"), ("index.json", "d")]
        links = [
            self.header(name=name, linkname=target, type=tarfile.SYMTYPE) for name, target in names
        ]
        content = b"".join([*links, self.header(name="dir", type=tarfile.DIRTYPE)])

        assert find(content + tar(layout(MADE))).digest == MADE.digest


class TestHostileZip:
    def changed(self, at: int, value: bytes, count: int = 1) -> bytes:
        """Return a zip whose directory's first entries are changed."""
        content = bytearray(zipped(layout(image(*BIG)), zipfile.ZIP_STORED))
        place = 0
        for _ in range(count):
            place = content.index(b"PK\1\2", place) + 4
            content[place - 4 + at : place - 4 + at + len(value)] = value
        return bytes(content)

    @pytest.mark.parametrize(
        ("at", "value"),
        [
            (42, struct.pack("<L", 0xFFFFFFF0)),  # where a file begins
            (42, struct.pack("<L", 7)),
            (28, struct.pack("<H", 0xFFFF)),  # the length of a name
            (6, struct.pack("<H", 0xFFFF)),  # the version that is needed
            (10, struct.pack("<H", 99)),  # the method
            (8, struct.pack("<H", 1)),  # encrypted
            (24, struct.pack("<L", 0xFFFFFFFE)),  # the size
            (0, b"PK\1\1"),
        ],
    )
    def test_with_a_lying_directory_is_refused(self, at: int, value: bytes) -> None:
        with pytest.raises(RegistryError):
            read_all(self.changed(at, value, count=1 if at in {0, 28} else 7))

    def test_of_files_that_overlap_is_refused(self) -> None:
        content = self.changed(42, struct.pack("<L", 0), count=6)

        assert "is damaged" in refusal(content)

    def test_with_a_method_that_is_not_read_is_refused(self) -> None:
        content = zipped(layout(MADE), zipfile.ZIP_BZIP2)

        assert refusal(content) == (
            "s3://bucket/image is encrypted or packed by an unknown method: "
            "zip it with the method deflate"
        )

    def test_with_a_directory_that_would_fill_the_memory_is_refused(self) -> None:
        content = zipped({f"{number:0200}": b"" for number in range(4500)})

        assert "is damaged" in refusal(content)

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_with_a_file_twice_is_refused(self) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.json", b"{}")
            archive.writestr("index.json", b"{}")

        assert refusal(packed.getvalue()) == "s3://bucket/image holds a file twice: zip it anew"

    def test_that_is_damaged_is_refused(self) -> None:
        made = image(bytes(3 * PIECE), *BIG)
        content = zipped(layout(made))
        place = content.index(blob_path(digest_of(bytes(3 * PIECE))).encode())

        assert "is damaged" in refusal(content[: place + 80] + b"\xff" + content[place + 81 :])

    @pytest.mark.parametrize("size", [1000, 3 * PIECE])
    def test_of_which_a_file_is_a_bomb_gives_no_more_than_the_manifest_says(
        self, size: int
    ) -> None:
        files = layout(image(bytes(100), *BIG))
        path = blob_path(digest_of(bytes(100)))
        content = zipped({**files, path: bytes(10 << 20)})
        lie = content.replace(struct.pack("<L", 10 << 20), struct.pack("<L", 100))
        archive = Archive(Remote(lie))
        (blob,) = [blob for blob in find_image(archive).manifest.layers if blob.size == 100]

        assert len(read(archive, blob)) == 100

    def test_of_which_a_file_is_cut_off_ends_early(self) -> None:
        content = some_bytes(1000, "cut")
        path = blob_path(digest_of(content))
        packed = zipped({path: content} | layout(image(content, *BIG)))
        second = packed.index(b"PK\1\2", packed.index(b"PK\1\2") + 4)
        next_begins = struct.pack("<L", 600)
        archive = Archive(Remote(packed[: second + 42] + next_begins + packed[second + 46 :]))
        (blob,) = [blob for blob in find_image(archive).manifest.layers if blob.size == 1000]

        found = read(archive, blob)

        assert 0 < len(found) < 1000
        assert content.startswith(found)

    def test_of_which_a_file_ends_before_its_size_ends_early(self) -> None:
        files = layout(image(bytes(100), *BIG))
        path = blob_path(digest_of(bytes(100)))
        content = zipped({**files, path: bytes(99)})
        lie = content.replace(struct.pack("<L", 99), struct.pack("<L", 100))
        archive = Archive(Remote(lie))
        (blob,) = [blob for blob in find_image(archive).manifest.layers if blob.size == 100]

        assert read(archive, blob) == bytes(99)


@needs("skopeo")
class TestSkopeo:
    """What a real builder writes."""

    def made(self, *contents: bytes) -> Made:
        """Return an image that skopeo takes: with the diff ids of its layers."""
        unpacked = [tar({"file": content}) for content in contents]
        packed = [gzip.compress(layer, 1, mtime=0) for layer in unpacked]
        files = docker_files(*unpacked)
        config = files[json.loads(files["manifest.json"])[0]["Config"]]
        manifest = to_json(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": descriptor(config, OCI_CONFIG),
                "layers": [descriptor(layer, OCI_LAYER) for layer in packed],
            }
        )
        return Made(
            content=manifest,
            media_type=OCI_MANIFEST,
            blobs={digest_of(blob): blob for blob in (config, *packed)},
            platform={"os": "linux", "architecture": "amd64"},
        )

    @pytest.mark.parametrize("of", [SMALL, BIG], ids=["small", "big"])
    def test_oci_archive(self, tmp_path: Path, of: list[bytes]) -> None:
        made = self.made(*of)
        write(tmp_path / "image", layout(made))
        skopeo(f"oci:{tmp_path}/image", f"oci-archive:{tmp_path}/image.tar:web:1")

        found, blobs = read_all((tmp_path / "image.tar").read_bytes())

        assert found.manifest.content == made.content
        assert blobs == made.blobs

    def test_oci_archive_of_an_index(self, tmp_path: Path) -> None:
        made = self.made(*SMALL)
        both = index(image(b"arm64", platform="linux/arm64"), made)
        write(tmp_path / "image", layout(both))
        skopeo("--all", f"oci:{tmp_path}/image", f"oci-archive:{tmp_path}/image.tar")

        assert find((tmp_path / "image.tar").read_bytes()).digest == made.digest

    @pytest.mark.parametrize("of", [SMALL, BIG], ids=["small", "big"])
    def test_docker_archive(self, tmp_path: Path, of: list[bytes]) -> None:
        made = self.made(*of, of[0])
        write(tmp_path / "image", layout(made))
        archive = tmp_path / "image.tar"
        skopeo(f"oci:{tmp_path}/image", f"docker-archive:{archive}:web:1")

        found, blobs = read_all(archive.read_bytes())

        skopeo(f"docker-archive:{archive}", f"dir:{tmp_path}/dir")
        theirs = json.loads((tmp_path / "dir" / "manifest.json").read_bytes())
        ours = json.loads(found.manifest.content)
        assert [layer["digest"] for layer in ours["layers"]] == [
            layer["digest"] for layer in theirs["layers"]
        ]
        assert ours["config"] == theirs["config"]
        assert blobs == {
            name: (tmp_path / "dir" / name.removeprefix("sha256:")).read_bytes() for name in blobs
        }


def test_a_blob_is_there_only_once_the_image_is_known() -> None:
    archive = Archive(Remote(tar(layout(MADE))))
    blob = Descriptor(media_type=OCI_INDEX, digest=MADE.digest, size=len(MADE.content))

    with pytest.raises(Missing):
        archive.open_blob(blob)
