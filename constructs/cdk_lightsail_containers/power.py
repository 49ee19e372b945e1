"""What the nodes of a container service can be."""

from enum import StrEnum


class Power(StrEnum):
    """How much memory and processor each node of a container service has.

    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_GetContainerServicePowers.html
    """

    NANO = "nano"
    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    XLARGE = "xlarge"
