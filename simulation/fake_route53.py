"""Amazon Route 53's answers to what a function asks of a hosted zone, on loopback."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from error_answers import query_error
from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection

_NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
_IN = f"{{{_NAMESPACE}}}"

RecordSet = dict[str, Any]


class FakeRoute53(Fake):
    """A hosted zone: a batch of changes is carried out as a whole or not at all.

    Args:
        zone: its id.
        domain: its name.

    Attributes:
        sets: the record sets: name with its final dot, type, TTL, values; `alias` instead of both.
        errors: what to answer to the next calls instead, each a code or "lost": carried out, and
            the connection is closed.
        calls: the operations that were called.
    """

    def __init__(self, zone: str = "Z0123456789ABC", domain: str = "example.com") -> None:
        self.zone = zone
        self.domain = domain
        self.sets: list[RecordSet] = []
        self.errors: list[str] = []
        self.calls: list[str] = []

    def names(self) -> list[tuple[str, str]]:
        """Return name and type of each record set, sorted."""
        return sorted((one["name"].rstrip("."), one["type"]) for one in self.sets)

    def resolve(self, name: str) -> str | None:
        """Return what a CNAME record says."""
        found = (
            one["values"][0]
            for one in self.sets
            if (one["name"].rstrip("."), one["type"]) == (name, "CNAME")
        )
        return next(found, None)

    def respond(self, connection: Connection) -> None:
        """Answer a call."""
        body = b"".join(connection.body)
        url = urlsplit(connection.path)
        is_change = connection.command == "POST"
        self.calls.append("ChangeResourceRecordSets" if is_change else "ListResourceRecordSets")
        error = self.errors.pop(0) if self.errors else ""
        if error and error != "lost":
            connection.send(query_error(400, error))
            return
        if f"/hostedzone/{self.zone}/" not in url.path:
            connection.send(query_error(404, "NoSuchHostedZone"))
            return
        answer = self._change(body) if is_change else self._list(parse_qs(url.query))
        if error == "lost":
            connection.send(Answer(status=503, body=b""))
        else:
            connection.send(answer)

    def _list(self, query: dict[str, list[str]]) -> Answer:
        start = query["name"][0].rstrip(".")
        found = sorted(self.sets, key=_order)
        shown = [one for one in found if _order(one) >= _order({"name": start})]
        sets = "".join(map(_shown, shown[: int(query["maxitems"][0])]))
        return _answer(
            "ListResourceRecordSetsResponse",
            f"<ResourceRecordSets>{sets}</ResourceRecordSets>"
            "<IsTruncated>false</IsTruncated><MaxItems>100</MaxItems>",
        )

    def _change(self, body: bytes) -> Answer:
        after = [dict(one) for one in self.sets]
        for action, one in changes_in(body):
            if action == "DELETE":
                if one not in after:
                    return query_error(400, "InvalidChangeBatch")
                after.remove(one)
                continue
            same = [each for each in after if each["name"].rstrip(".") == one["name"].rstrip(".")]
            if any(each["type"] == one["type"] for each in same):
                return query_error(400, "InvalidChangeBatch")
            after.append(one)
        self.sets = after
        return _answer(
            "ChangeResourceRecordSetsResponse",
            "<ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status>"
            "<SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo>",
        )


def changes_in(body: bytes) -> list[tuple[str, RecordSet]]:
    """Return the changes of a batch, each an action and a record set."""
    changes = ET.fromstring(body).iter(f"{_IN}Change")  # noqa: S314 - of our own function
    return [(one.findtext(f"{_IN}Action", ""), _read(one)) for one in changes]


def _read(change: ET.Element) -> RecordSet:
    return {
        "name": f"{change.findtext(f'.//{_IN}Name', '').rstrip('.')}.",
        "type": change.findtext(f".//{_IN}Type"),
        "ttl": change.findtext(f".//{_IN}TTL"),
        "values": [one.text for one in change.iter(f"{_IN}Value")],
    }


def _shown(one: RecordSet) -> str:
    values = "".join(
        f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>"
        for value in one["values"]
    )
    rest = f"<TTL>{one['ttl']}</TTL><ResourceRecords>{values}</ResourceRecords>"
    if "alias" in one:
        rest = (
            f"<AliasTarget><HostedZoneId>Z1</HostedZoneId><DNSName>{one['alias']}</DNSName>"
            "<EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
        )
    return (
        f"<ResourceRecordSet><Name>{one['name']}</Name><Type>{one['type']}</Type>{rest}"
        "</ResourceRecordSet>"
    )


def _order(one: RecordSet) -> list[str]:
    """Return what Route 53 sorts names by: their labels from the end."""
    return one["name"].rstrip(".").split(".")[::-1]


def _answer(kind: str, body: str) -> Answer:
    text = f'<?xml version="1.0"?><{kind} xmlns="{_NAMESPACE}">{body}</{kind}>'
    return Answer(status=200, body=text.encode(), headers={"Content-Type": "text/xml"})
