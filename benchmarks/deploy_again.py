"""What a deploy moves of an image that is there already: the function itself, counted on the wire.

python -m benchmarks.deploy_again
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from .images import MB
from .runs import NO_ACCOUNT

from docker_registry import DockerRegistry, docker_registry  # isort: skip
from oci_images import layers, multi_arch, push  # isort: skip

if TYPE_CHECKING:
    from stack_requests import Stack


def main() -> None:
    """Deploy, and print a table."""
    os.environ.update(NO_ACCOUNT)
    # The handler makes its client of Lightsail when it is imported.
    import stack_requests  # noqa: PLC0415

    made = multi_arch(*layers(5, 2 * MB, "again"))
    print("A deploy by the function, of an index with 5 layers of 2 MB")
    print("| deploy | requests to registries | and to Lightsail | bytes of blobs read | sent |")
    print("|---|---|---|---|---|")
    with docker_registry() as source, stack_requests.stack(missing_digest="refused") as stack:
        push(source.host, "web", made, "1")
        _deploy("the first", "web", source, stack)
        _deploy("again, unchanged", "web", source, stack)
        _deploy("for a second label", "worker", source, stack)
    print("wanted again: at most 6 requests; again and for a second label: no bytes of blobs, but")
    print("for the config, which tells the platform")


def _deploy(name: str, label: str, source: DockerRegistry, stack: Stack) -> None:
    before = _counted(source, stack)
    image = {"Image": f"{source.host}/web:1"}
    answer = stack.send(stack.request("Create", Digest=None, Source=image, Label=label))
    if answer["Status"] != "SUCCESS":
        raise SystemExit(str(answer))
    after = _counted(source, stack)
    counts = [str(b - a) for a, b in zip(before, after, strict=True)]
    print(f"| {' | '.join([name, *counts])} |")


def _counted(source: DockerRegistry, stack: Stack) -> list[int]:
    """Return what has been asked so far: requests, calls, bytes read and sent."""
    time.sleep(0.05)  # the log is written after the answer
    lightsail = stack.lightsail
    uploads = [one for one in lightsail.registry_requests if one.operation == "PutUpload"]
    return [
        len(source.requests()) + len(lightsail.registry_requests),
        len(lightsail.requests),
        source.blob_bytes(),
        sum(lightsail.images.blob_size(upload.parameters["digest"]) or 0 for upload in uploads),
    ]


if __name__ == "__main__":
    main()
