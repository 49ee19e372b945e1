"""A DNS zone of Lightsail, whose API is in one Region alone.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateDomainEntry.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import TXT, Record
from .zone_call import ZoneCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..aws.calls import Calls

REGION = "us-east-1"
"""The Region of the API of Lightsail's DNS zones, for services of all Regions."""

ALIAS = "A"
_KEYS = ("id", "name", "type", "target", "isAlias")


class LightsailZone:
    """A DNS zone of Lightsail, whose entries are changed one by one.

    Args:
        client: boto3's client for `REGION`.
        calls: sends the calls.
        domain_name: its name.
    """

    def __init__(self, client: Any, calls: Calls, domain_name: str) -> None:
        self._client = client
        self._calls = calls
        self._name = domain_name
        self._found: dict[Record, list[Mapping[str, Any]]] = {}

    def records(self, names: Sequence[str]) -> list[Record]:
        """Return the entries of some names."""
        entries = self._calls.send(
            self._call("GetDomain"),
            lambda: self._client.get_domain(domainName=self._name)["domain"]["domainEntries"],
        )
        self._found = {}
        for entry in entries:
            record = Record.of(entry["name"], entry["type"], entry["target"])
            if record.name in names:
                self._found.setdefault(record, []).append(entry)
        return list(self._found)

    def change(self, remove: Sequence[Record], add: Sequence[Record]) -> None:
        """Remove some entries, and then add others: a mark after its record, and before it."""
        for one in remove:
            for entry in self._found[one]:
                # Without `options`, which is in old answers and not taken any more.
                shown = {key: entry[key] for key in _KEYS if key in entry}
                self._send("DeleteDomainEntry", self._client.delete_domain_entry, shown)
        for one in add:
            self._send("CreateDomainEntry", self._client.create_domain_entry, _entry(one))

    def _send(
        self, operation: str, act: Callable[..., object], entry: Mapping[str, object]
    ) -> None:
        self._calls.send(
            self._call(operation, repeatable=False),
            lambda: act(domainName=self._name, domainEntry=entry),
        )

    def _call(self, operation: str, *, repeatable: bool = True) -> ZoneCall:
        return ZoneCall(
            operation=operation,
            service="Lightsail",
            on=f"for the DNS zone '{self._name}'",
            fix=f"allow the function's role lightsail:{operation} in {REGION}",
            repeatable=repeatable,
            # An entry may be gone since it was shown; of a zone that is gone the next look says so.
            missing="create the zone in Lightsail, or correct its name" if repeatable else "",
        )


def _entry(record: Record) -> dict[str, object]:
    target = f'"{record.target}"' if record.kind == TXT else record.target
    entry: dict[str, object] = {"name": record.name, "type": record.kind, "target": target}
    return {**entry, "isAlias": True} if record.kind == ALIAS else entry
