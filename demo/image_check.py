"""Whether the image that the user names can be deployed, before anything starts."""

import time

from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.registry.errors import RegistryError
from cdk_lightsail_containers_handler.registry.found_image import find_image
from cdk_lightsail_containers_handler.registry.http.connection import Connections
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.repository import Repository

_SECONDS = 20


def check_image(name: str) -> str:
    """Return what is wrong with an image of a registry, with the fix; empty if nothing is."""
    # Someone waits for the answer, so what fails is tried again at once.
    deadline = Deadline(ends=time.monotonic() + _SECONDS, sleep=lambda _: None)
    try:
        with Connections() as connections:
            reference = Reference.parse(name)
            find_image(Repository(reference, connections=connections, deadline=deadline))
    except ValueError as error:
        return str(error)
    except RegistryError as error:
        return f"{error.problem}: {error.fix}"
    return ""
