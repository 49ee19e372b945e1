"""The entry point of the function that validates certificates and writes DNS records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import resources
from .domains.entry import EntryResource
from .domains.validation import ValidationResource
from .properties.domains import CERTIFICATE_VALIDATION_TYPE, DOMAIN_ENTRY_TYPE

if TYPE_CHECKING:
    from .cloudformation.resource import Resource

_KINDS: dict[object, type[Resource]] = {
    CERTIFICATE_VALIDATION_TYPE: ValidationResource,
    DOMAIN_ENTRY_TYPE: EntryResource,
}


def kinds(name: object) -> type[Resource] | None:
    """Return the resource of a type."""
    return _KINDS.get(name)


make_handler = partial(resources.make_handler, kinds)
handler = make_handler(resources.make_client)
