"""One copy, the process that `copy_image.py` measures: WORKERS [SOURCE DESTINATION]."""

import os
import sys
import time

# Not by pathlib: the function does not import it.
sys.path.insert(0, f"{os.path.dirname(__file__)}/../lambda")  # noqa: PTH120

from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.registry.copy import copy_image
from cdk_lightsail_containers_handler.registry.found_image import find_image
from cdk_lightsail_containers_handler.registry.http.connection import Connections
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.repository import Repository


def main(workers: str, source: str = "", destination: str = "") -> None:
    """Copy, or without references only take the memory that everything is loaded into."""
    if not source:
        return
    deadline = Deadline(ends=time.monotonic() + 600)
    with Connections() as connections:
        pulled = Repository(Reference.parse(source), connections=connections, deadline=deadline)
        copy_image(
            pulled,
            Repository(
                Reference.parse(destination),
                connections=connections,
                deadline=deadline,
                is_pushed_to=True,
            ),
            find_image(pulled),
            deadline=deadline,
            workers=int(workers),
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
