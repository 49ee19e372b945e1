"""What the registry takes and gives: U5, U6, U7, U13."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from cdk_lightsail_containers_handler.registry.errors import RegistryError
from cdk_lightsail_containers_handler.registry.url import Url
from live.answers import Answer, Side, settled, unsettled
from live.images import ImageKind
from live.probed_service import ProbedService
from live.registry import Reply

_OCTETS = {"Content-Type": "application/octet-stream"}
_OK, _CREATED, _ACCEPTED, _NOT_FOUND = 200, 201, 202, 404


def read_manifests(service: ProbedService) -> Answer:
    """U5: ask for a manifest before and after it is registered."""
    digest = service.push("u5")

    def read(when: str) -> list[Reply]:
        return [
            service.registry.ask_for_manifest(method, digest, when) for method in ("HEAD", "GET")
        ]

    replies = read("before it is registered")
    service.register("u5", digest)
    replies += read("after")
    kinds = [_kind(reply) for reply in replies]
    found = kinds[0].replace("_", " ")
    if len(set(kinds)) > 1:
        found = ", ".join(f"{reply.asked}: {reply.status}" for reply in replies)
    # The first one is what the function asks first, before it copies anything.
    return settled(found, {"manifest_reads": kinds[0]}, *replies)


def upload_blobs(service: ProbedService) -> Answer:
    """U6: send a blob with PUT, and another with PATCH."""
    whole, start = _upload(service, "u6 whole", is_chunked=False)
    chunked, _ = _upload(service, "u6 chunked", is_chunked=True)
    takes_whole, takes_chunked = (replies[-1].is_taken for replies in (whole, chunked))
    evidence = (start, *whole, *chunked)
    if start.url is None:
        return unsettled("the registry named no Location", *evidence)
    is_absolute, is_elsewhere = service.registry.place_of(start)
    sides: dict[str, Side] = {
        "locations": "absolute" if is_absolute else "relative",
        "upload_host": "other" if is_elsewhere else "same",
    }
    if is_elsewhere:
        # There is no path to another host, so a switch says nothing.
        del sides["locations"]
    if takes_whole:
        sides["blob_uploads"] = "chunked" if takes_chunked else "monolithic"
    ways = [way for way, is_taken in (("PUT", takes_whole), ("PATCH", takes_chunked)) if is_taken]
    place = "an address" if is_absolute else "a path"
    host = "another host" if is_elsewhere else "the registry"
    found = f"{' and '.join(ways) or 'neither'}, Location is {place} of {host}"
    return settled(found, sides, *evidence)


def push_media_types(service: ProbedService) -> Answer:
    """U7: push an OCI and a Docker image, and one whose layer is compressed with zstd."""
    takes_oci, oci = _push(service, "OCI", ImageKind())
    takes_docker, docker = _push(service, "Docker", ImageKind(docker=True))
    takes_zstd, zstd = _push(service, "zstd", ImageKind(docker=not takes_oci, zstd=True))
    sides: dict[str, Side] = {"zstd_layers": takes_zstd}
    if takes_docker:
        sides["media_types"] = "docker_and_oci" if takes_oci else "docker"
    taken = {"OCI": takes_oci, "Docker": takes_docker}
    manifests = " and ".join(what for what, is_taken in taken.items() if is_taken)
    found = f"{manifests or 'neither'}, zstd {'too' if takes_zstd else 'not'}"
    return settled(found, sides, oci, docker, zstd)


def mount_a_blob(service: ProbedService) -> Answer:
    """U13: ask the registry to take over a blob that it has."""
    made = service.image("u13", ImageKind(docker=service.is_docker))
    # So that it is there for sure: what is dropped meanwhile cannot be mounted.
    service.register("u13", service.registry.push(made))
    digest = next(iter(made.blobs))
    url = service.registry.below(f"blobs/uploads/?mount={digest}&from=sr")
    reply = service.registry.ask("POST", "mount", url, body=b"")
    if reply.status == _ACCEPTED and reply.url is not None:
        _drop(service, reply.url)
    if reply.status == _CREATED:
        return settled("201, mounted", {"blob_mount": "created"}, reply)
    if reply.status == _ACCEPTED:
        return settled("202, an upload", {"blob_mount": "upload"}, reply)
    return unsettled(f"it was answered {reply.status}", reply)


def _push(service: ProbedService, what: str, kind: ImageKind) -> tuple[bool, str]:
    """Return whether the registry takes an image as it is, and what was said."""
    made = service.image(f"u7 {what}", kind)
    try:
        digest = service.registry.push(made)
    except RegistryError as error:
        if error.temporary or not error.status:
            raise
        return False, f"push of {what}: {error.problem}"
    # With another digest it is Docker's manifest that was taken, and not this one.
    is_taken = digest == made.digest
    said = "push: done" if is_taken else service.registry.put_manifest(made)
    return is_taken, f"{what}: {said}, {service.ask_to_register('u7', digest)}"


def _kind(reply: Reply) -> str:
    if reply.status == _NOT_FOUND:
        return "not_found"
    return "answered" if reply.status == _OK else "denied"


def _upload(service: ProbedService, text: str, *, is_chunked: bool) -> tuple[list[Reply], Reply]:
    """Return the replies to a blob, and the one to the beginning of its upload."""
    registry = service.registry
    content = f"{service.name} {text}".encode()
    start = registry.ask("POST", "upload", registry.below("blobs/uploads/"), body=b"")
    if start.url is None:
        return [start], start
    digest = ("digest", f"sha256:{hashlib.sha256(content).hexdigest()}")

    def put(url: Url, body: bytes) -> Reply:
        return registry.ask("PUT", "blob", url.with_query(digest), headers=_OCTETS, body=body)

    if not is_chunked:
        return [put(start.url, content)], start
    patched = registry.ask("PATCH", "blob", start.url, headers=_OCTETS, body=content)
    if not patched.is_taken:
        _drop(service, start.url)
        return [patched], start
    return [patched, put(patched.url or start.url, b"")], start


def _drop(service: ProbedService, url: Url) -> None:
    """Tell the registry that nothing comes of an upload: a courtesy, whose answer is no matter."""
    with suppress(RegistryError):
        service.registry.ask("DELETE", "upload", url)
