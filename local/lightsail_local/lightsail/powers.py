"""What Lightsail tells of itself: the powers of container services, and its metadata.

https://aws.amazon.com/lightsail/pricing/ has the powers.
"""

from __future__ import annotations

from typing import Any

_POWERS = (
    # name, USD a month, vCPUs, GB of memory
    ("nano", 7.0, 0.25, 0.5),
    ("micro", 10.0, 0.25, 1.0),
    ("small", 15.0, 0.5, 1.0),
    ("medium", 40.0, 1.0, 2.0),
    ("large", 80.0, 2.0, 4.0),
    ("xlarge", 160.0, 4.0, 8.0),
)


def describe_powers() -> list[dict[str, Any]]:
    """Return the powers in the API's shape."""
    return [
        {
            "powerId": f"{name}-1",
            "price": price,
            "cpuCount": cpus,
            "ramSizeInGb": memory,
            "name": name,
            "isActive": True,
        }
        for name, price, cpus, memory in _POWERS
    ]


def power(name: str) -> tuple[float, float]:
    """Return a power's vCPUs and GB of memory; those of the smallest for one that there is not."""
    found = {each: (cpus, memory) for each, _, cpus, memory in _POWERS}
    return found.get(name, found["nano"])


def describe_metadata() -> list[dict[str, str]]:
    """Return the metadata in the API's shape."""
    return [{"name": "lightsailctlVersion", "value": "1.0.8"}]
