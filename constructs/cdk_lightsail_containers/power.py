"""What the nodes of a container service can be."""

from __future__ import annotations

import re
from enum import StrEnum

from cdk_lightsail_containers_handler.properties.rules import show

from ._checks import check_known

_POWER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Power(StrEnum):
    """The memory and processor of each node of a container service.

    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_GetContainerServicePowers.html
    """

    NANO = "nano"
    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    XLARGE = "xlarge"

    @classmethod
    def of(cls, value: str) -> Power:
        """Return a power by its name, also one that is newer than this release.

        A service with a power that this release does not know gets a warning at synthesis.

        Args:
            value: the name in Lightsail's API, such as `micro`: lowercase letters, digits and inner
                hyphens.

        Raises:
            ValueError: the name breaks its rule.
        """
        check_known(value, check_power, "power")
        for power in cls:
            if power == value:
                return power
        power = str.__new__(cls, value)
        power._name_ = power._value_ = value
        return power


def check_power(value: object, what: str) -> None:
    """Check that a value can be the name of a power."""
    if not isinstance(value, str) or not _POWER.fullmatch(value):
        rule = f"{what} must be one of {', '.join(Power)}, or a newer one of Lightsail's"
        raise ValueError(f"{rule} in lowercase letters and digits, got {show(value)}")
