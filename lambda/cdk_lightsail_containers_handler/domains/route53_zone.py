"""A hosted zone of Amazon Route 53.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import TXT, Record, plain_name
from .zone_call import ZoneCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..aws.calls import Calls

_SECONDS = 300
_SETS_OF_A_NAME = "100"


class Route53Zone:
    """A hosted zone of Amazon Route 53, whose changes are carried out together or not at all.

    Args:
        client: boto3's client.
        calls: sends the calls.
        zone_id: its id.
    """

    def __init__(self, client: Any, calls: Calls, zone_id: str) -> None:
        self._client = client
        self._calls = calls
        self._id = zone_id
        self._found: dict[Record, Mapping[str, Any]] = {}

    def records(self, names: Sequence[str]) -> list[Record]:
        """Return the records of some names."""
        self._found = {_record(item): item for name in names for item in self._sets(name)}
        return list(self._found)

    def change(self, remove: Sequence[Record], add: Sequence[Record]) -> None:
        """Remove some records, and then add others."""
        # A record is removed as it was found: with its time to live, letter case and final dots.
        changes = [
            *({"Action": "DELETE", "ResourceRecordSet": self._found[one]} for one in remove),
            *({"Action": "CREATE", "ResourceRecordSet": _record_set(one)} for one in add),
        ]
        self._calls.send(
            self._call("ChangeResourceRecordSets", repeatable=False),
            lambda: self._client.change_resource_record_sets(
                HostedZoneId=self._id, ChangeBatch={"Changes": changes}
            ),
        )

    def _sets(self, name: str) -> list[Mapping[str, Any]]:
        # Names are listed in their own order, and one has no more sets than this without routing.
        found = self._calls.send(
            self._call("ListResourceRecordSets"),
            lambda: self._client.list_resource_record_sets(
                HostedZoneId=self._id, StartRecordName=name, MaxItems=_SETS_OF_A_NAME
            )["ResourceRecordSets"],
        )
        return [one for one in found if plain_name(one["Name"]) == name]

    def _call(self, operation: str, *, repeatable: bool = True) -> ZoneCall:
        return ZoneCall(
            operation=operation,
            service="Amazon Route 53",
            on=f"for the hosted zone '{self._id}'",
            fix=f"allow the function's role route53:{operation} on the hosted zone",
            repeatable=repeatable,
            missing="correct the zone, which must be one of the account of the stack",
        )


def _record(item: Mapping[str, Any]) -> Record:
    alias = item.get("AliasTarget")
    # Several values are one set, so it is not one that the function has written.
    values = [alias["DNSName"]] if alias else [one["Value"] for one in item["ResourceRecords"]]
    is_as_written = item.get("TTL") == _SECONDS and "SetIdentifier" not in item
    return Record.of(item["Name"], item["Type"], " ".join(values), is_as_written=is_as_written)


def _record_set(record: Record) -> dict[str, object]:
    value = f'"{record.target}"' if record.kind == TXT else record.target
    return {
        "Name": record.name,
        "Type": record.kind,
        "TTL": _SECONDS,
        "ResourceRecords": [{"Value": value}],
    }
