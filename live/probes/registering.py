"""What registering images does: U1, U2, U4."""

from __future__ import annotations

import secrets

import oci_images
from live.answers import Answer, Side, settled
from live.images import ImageKind
from live.lightsail import Said
from live.probed_service import ProbedService


def register_twice(service: ProbedService) -> Answer:
    """U1: register the same digest and label twice."""
    digest = service.push("u1")
    first, second = service.register("u1", digest), service.register("u1", digest)
    is_old = first == second
    return settled(
        "the image that is there" if is_old else "a new number",
        {"register_again": "old" if is_old else "new"},
        f"RegisterContainerImage: {first}, then {second}",
    )


def reuse_a_number(service: ProbedService) -> Answer:
    """U2: register two images, delete the second, register a third."""
    names = [service.register("u2", service.push(f"u2 {text}")) for text in ("first", "second")]
    service.wait_for_image(names[1])
    deleted = service.ask_to_delete(names[1])
    service.wait_for_image(names[1], gone=True)
    third = service.register("u2", service.push("u2 third"))
    is_reused = third == names[1]
    found = "yes, at least when it was the highest" if is_reused else "no"
    evidence = (f"registered {names[0]} and {names[1]}", deleted, f"registered {third}")
    return settled(found, {"reuse_numbers": is_reused}, *evidence)


def register_what_does_not_run(service: ProbedService) -> Answer:
    """U4: register a digest that was not pushed, an index, and an arm64 image."""
    missing = service.ask_to_register("u4", f"sha256:{secrets.token_hex(32)}")
    service.missing = missing
    # What is refused as well when nothing is wrong with it says nothing.
    service.register("u4", service.push("u4"))
    kind = ImageKind(docker=service.is_docker, architecture="arm64")
    arm64 = service.ask_to_register("u4", service.push("u4 arm64", kind))
    index = _register_index(service)
    is_refused = {said.is_refused for said in (arm64, index) if isinstance(said, Said)}
    sides: dict[str, Side] = {"missing_digest": _side(missing.is_refused)}
    if len(is_refused) == 1:
        sides["other_platforms"] = _side(is_refused.pop())
    words = {"no such digest": missing, "an index": index, "an arm64 image": arm64}
    found = (
        f"{what} is {_side(said.is_refused) if isinstance(said, Said) else 'not taken'}"
        for what, said in words.items()
    )
    return settled(", ".join(found), sides, *(f"{what}: {said}" for what, said in words.items()))


def _register_index(service: ProbedService) -> Said | str:
    """Return what Lightsail says of an index, or what the registry says if it takes none."""
    images = [
        service.image("u4 index", ImageKind(docker=service.is_docker, architecture=architecture))
        for architecture in ("amd64", "arm64")
    ]
    index = oci_images.index(*images, docker=service.is_docker)
    service.registry.push(index)
    reply = service.registry.put_manifest(index)
    return service.ask_to_register("u4", index.digest) if reply.is_taken else str(reply)


def _side(is_refused: bool) -> str:
    return "refused" if is_refused else "accepted"
