"""The tags of a resource.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ..behaviour.errors import invalid

Tags: TypeAlias = Sequence[dict[str, str]]

_MOST = 50


def add_tags(tags: Tags, added: Tags) -> Tags:
    """Return tags and those added; one of a key that is there takes its place.

    Args:
        tags: a resource's tags, in the API's shape.
        added: the tags to add.

    Raises:
        LightsailError: Lightsail does not take them.
    """
    # The model requires no key.
    if any(not tag.get("key") for tag in added):
        raise invalid("A tag must have a key.")
    by_key = {tag["key"]: tag for tag in (*tags, *added)}
    if len(by_key) > _MOST:
        raise invalid(f"A resource can have at most {_MOST} tags.")
    return list(by_key.values())
