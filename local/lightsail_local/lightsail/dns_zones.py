"""DNS zones: what Lightsail's API does with them, without the wire."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import invalid, not_found
from .history import History

Parameters = Mapping[str, Any]
Result = dict[str, Any]
Entry = Mapping[str, Any]
Entries = tuple[Entry, ...]

ZONE_REGION = "us-east-1"
"""The Region of the API of DNS zones, for the services of all Regions."""

ZONE_OPERATIONS = frozenset(
    {"CreateDomain", "GetDomain", "DeleteDomain", "CreateDomainEntry", "DeleteDomainEntry"}
)

_TYPES = frozenset({"A", "AAAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"})


class DnsZones:
    """The DNS zones of an account.

    Args:
        behaviour: the switches and times.
        account: the account, 12 digits.
        clock: tells the time, in seconds since the epoch.

    Attributes:
        operations: the API's operations, by their names.
    """

    def __init__(self, behaviour: Behaviour, *, account: str, clock: Callable[[], float]) -> None:
        self._behaviour = behaviour
        self._account = account
        self._history: History[Mapping[str, Entries]] = History({}, clock)
        self.operations: Mapping[str, Callable[[Parameters], Result]] = {
            "CreateDomain": self._create_domain,
            "GetDomain": self._get_domain,
            "DeleteDomain": self._delete_domain,
            "CreateDomainEntry": self._create_entry,
            "DeleteDomainEntry": self._delete_entry,
        }

    def zone_of(self, name: str) -> str | None:
        """Return the zone that a domain name is in, None for none of these."""
        return next((zone for zone in self._history.now() if _is_in(plain(name), zone)), None)

    def find_cname(self, zone: str, name: str) -> str | None:
        """Return what the CNAME entry of a domain name in a zone says, None for no entry."""
        targets = (
            one["target"]
            for one in self._history.now()[zone]
            if one["type"] == "CNAME" and plain(one["name"]) == plain(name)
        )
        return next(map(plain, targets), None)

    def add_cname(self, zone: str, name: str, target: str) -> None:
        """Write a CNAME entry, as Lightsail does by itself."""
        entry = {"name": plain(name), "type": "CNAME", "target": plain(target)}
        self._put(zone, (*self._existing(zone), _made(entry)))

    def remove_cname(self, zone: str, name: str, target: str) -> None:
        """Remove a CNAME entry, as Lightsail does by itself."""
        gone = plain(name), plain(target)
        left = (
            one
            for one in self._existing(zone)
            if one["type"] != "CNAME" or (plain(one["name"]), plain(one["target"])) != gone
        )
        self._put(zone, tuple(left))

    def _create_domain(self, parameters: Parameters) -> Result:
        self._put(parameters["domainName"], ())
        return {}

    def _get_domain(self, parameters: Parameters) -> Result:
        name = parameters["domainName"]
        arn = f"arn:aws:lightsail:global:{self._account}:Domain/{name.replace('.', '-')}"
        zones = self._history.before(self._behaviour.stale_domain_seconds)
        if name not in zones:
            raise _missing(name)
        entries = self._behaviour.ordered([self._shown(entry) for entry in zones[name]])
        return {"domain": {"name": name, "arn": arn, "domainEntries": entries}}

    def _delete_domain(self, parameters: Parameters) -> Result:
        name = parameters["domainName"]
        self._existing(name)
        left = {zone: one for zone, one in self._history.now().items() if zone != name}
        self._history.put(left, self._behaviour.stale_domain_seconds)
        return {}

    def _create_entry(self, parameters: Parameters) -> Result:
        zone, entry = parameters["domainName"], parameters["domainEntry"]
        there = self._existing(zone)
        name, kind = entry["name"], entry["type"]
        if kind not in _TYPES or not _is_in(name, zone):
            raise invalid(f"The entry {name} {kind} is not valid.")
        if any(self._conflicts(one, entry) for one in there if one["name"] == name):
            raise invalid(f"An entry {name} {kind} conflicts with one that already exists.")
        self._put(zone, (*there, _made(entry)))
        return {}

    def _conflicts(self, there: Entry, entry: Entry) -> bool:
        """Return whether an entry cannot be beside another one of its name."""
        kinds = there["type"], entry["type"]
        if kinds == ("A", "A"):
            return self._behaviour.second_alias == "refused"
        if kinds == ("TXT", "TXT"):
            is_same = there["target"] == entry["target"]
            return is_same and self._behaviour.same_txt == "refused"
        return kinds[0] == kinds[1] or "CNAME" in kinds

    def _delete_entry(self, parameters: Parameters) -> Result:
        zone, entry = parameters["domainName"], parameters["domainEntry"]
        there = self._existing(zone)
        found = next((one for one in there if self._is_meant(one, entry)), None)
        if found is None:
            raise not_found("The DomainEntry does not exist.")
        self._put(zone, tuple(one for one in there if one is not found))
        return {}

    def _is_meant(self, there: Entry, entry: Entry) -> bool:
        if self._behaviour.delete_entry_by == "id":
            return bool(there["id"] == entry.get("id"))
        return entry in (there, self._shown(there))

    def _shown(self, entry: Entry) -> dict[str, Any]:
        """Return an entry as GetDomain shows it: D3."""
        if self._behaviour.shown_entries == "as_written":
            return dict(entry)
        is_text = entry["type"] == "TXT"
        target = entry["target"].strip('"') if is_text else f"{plain(entry['target'])}."
        return {**entry, "name": f"{plain(entry['name'])}.", "target": target}

    def _existing(self, name: str) -> Entries:
        zones = self._history.now()
        if name not in zones:
            raise _missing(name)
        return zones[name]

    def _put(self, zone: str, entries: Entries) -> None:
        changed = {**self._history.now(), zone: entries}
        self._history.put(changed, self._behaviour.stale_domain_seconds)


def plain(name: str) -> str:
    """Return a domain name as it compares with others."""
    return name.rstrip(".").lower()


def _missing(name: str) -> Exception:
    return not_found(f"The Domain does not exist: {name}")


def _made(entry: Entry) -> Entry:
    return {"id": str(uuid.uuid4()), "isAlias": False, **entry}


def _is_in(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")
