"""How services, labels, containers and images are named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..behaviour.errors import invalid

_PATTERN = "^(?:[a-z0-9]{1,2}|[a-z0-9][a-z0-9-]+[a-z0-9])$"
_IMAGE = re.compile(r":(?P<service>[a-z0-9-]+)\.(?P<label>[a-z0-9-]+)\.(?P<version>[0-9]+|latest)")


def check_name(kind: Literal["Service", "Label", "Container"], name: str) -> None:
    """Check the name of a service or container, or a label.

    The pattern printed in the API's model lacks the group, and with it would let `ab_!` pass.

    Raises:
        LightsailError: Lightsail does not take it.
    """
    if not re.fullmatch(_PATTERN, name):
        raise invalid(f'{kind} name "{name}" does not match pattern: {_PATTERN}')


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """The parts of `:service.label.version`.

    Args:
        service: the service's name.
        label: the label.
        version: the number, or `latest`.
    """

    service: str
    label: str
    version: str

    @classmethod
    def parse(cls, name: str) -> ImageName | None:
        """Return the parts of a name, None if it has others."""
        parts = _IMAGE.fullmatch(name)
        return cls(**parts.groupdict()) if parts else None
