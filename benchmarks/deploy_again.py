"""What a deploy moves of an image that is there already: the function itself, counted on the wire.

python -m benchmarks.deploy_again
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .images import MB
from .runs import NO_ACCOUNT

from docker_registry import DockerRegistry, docker_registry  # isort: skip
from oci_images import layers, multi_arch, push  # isort: skip

if TYPE_CHECKING:
    from stack_requests import Stack


_AGAIN = 6
"""The requests and calls that a deploy of what is there may take."""


def main() -> None:
    """Deploy, and print a table."""
    os.environ.update(NO_ACCOUNT)
    # The handler makes its client of Lightsail when it is imported.
    import stack_requests  # noqa: PLC0415

    made = multi_arch(*layers(5, 2 * MB, "again"))
    print("A deploy by the function, of an index with 5 layers of 2 MB")
    kinds = ["requests to registries", "to Lightsail", "to CloudFormation"]
    print(f"| deploy | {' | '.join(kinds)} | bytes of blobs read | sent |")
    print("|---|---|---|---|---|---|")
    with docker_registry() as source, stack_requests.stack(missing_digest="refused") as stack:
        push(source.host, "web", made, "1")
        _deploy("the first", "web", source, stack)
        again = _deploy("again, unchanged", "web", source, stack)
        second = _deploy("for a second label", "worker", source, stack)
    config, *_ = made.manifests[-1].blobs.values()
    check(again, second, len(config))


def check(again: Sequence[int], second: Sequence[int], config: int) -> None:
    """Validate that an image that is there costs few requests, and no bytes but its config's."""
    if sum(again[:3]) > _AGAIN:
        raise SystemExit(f"again it took {sum(again[:3])} requests, more than {_AGAIN}")
    for name, (*_, read, sent) in {"again": again, "for a second label": second}.items():
        if read > config or sent:
            raise SystemExit(f"{name} it read {read} bytes of blobs and sent {sent}")


def _deploy(name: str, label: str, source: DockerRegistry, stack: Stack) -> list[int]:
    before = _counted(source, stack)
    image = {"Image": f"{source.host}/web:1"}
    answer = stack.send(stack.request("Create", Digest=None, Source=image, Label=label))
    if answer["Status"] != "SUCCESS":
        raise SystemExit(str(answer))
    after = _counted(source, stack)
    counts = [b - a for a, b in zip(before, after, strict=True)]
    print(f"| {' | '.join([name, *map(str, counts)])} |")
    return counts


def _counted(source: DockerRegistry, stack: Stack) -> list[int]:
    """Return what has been asked so far: requests, calls to both, bytes read and sent."""
    time.sleep(0.05)  # the log is written after the answer
    lightsail = stack.lightsail
    uploads = [one for one in lightsail.registry_requests if one.operation == "PutUpload"]
    return [
        len(source.requests()) + len(lightsail.registry_requests),
        len(lightsail.requests),
        len(stack.cloudformation.calls),
        source.blob_bytes(),
        sum(lightsail.images.blob_size(upload.parameters["digest"]) or 0 for upload in uploads),
    ]


if __name__ == "__main__":
    main()
