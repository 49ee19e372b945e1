"""Lightsail's certificates.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_Certificate.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ..errors import NotFound, Refused
from ..properties.rules import any_text
from .records import Record
from .zone_call import ZoneCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..aws.calls import Calls


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate.

    Args:
        name: its name.
        arn: its ARN.
        status: Lightsail's word, such as ISSUED.
        reason: why it failed, in Lightsail's words; empty for none.
        records: what shows that its domain names are the account's. Lightsail may give them some
            seconds after it has made the certificate.
        is_writing: whether Lightsail itself is writing some of them into a zone of its own.
    """

    name: str
    arn: str
    status: str
    reason: str
    records: frozenset[Record]
    is_writing: bool

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self:
        """Return a certificate of an answer."""
        detail = item["certificateDetail"]
        # Those of a renewal are the same, or further ones.
        given = [
            one
            for part in (detail, detail.get("renewalSummary", {}))
            for one in part.get("domainValidationRecords", [])
        ]
        records = (one.get("resourceRecord", {}) for one in given)
        reason = detail.get("requestFailureReason") or detail.get("revocationReason", "")
        return cls(
            name=any_text(item["certificateName"]),
            arn=any_text(item["certificateArn"]),
            status=any_text(detail["status"]),
            reason=any_text(reason),
            records=frozenset(
                Record.of(one["name"], one["type"], one["value"]) for one in records if one
            ),
            is_writing=any(
                one.get("dnsRecordCreationState", {}).get("code") == "STARTED" for one in given
            ),
        )


class Certificates:
    """The certificates of the account in the Region.

    Args:
        client: boto3's client.
        calls: sends the calls.
    """

    def __init__(self, client: Any, calls: Calls) -> None:
        self._client = client
        self._calls = calls

    def named(self, name: str) -> Certificate | None:
        """Return the certificate of a name, or None for one that is not there."""
        try:
            found = self._calls.send(
                _call(f"for certificate '{name}'"), lambda: self._page({"certificateName": name})[0]
            )
        except (NotFound, Refused):
            # Lightsail may refuse a name that is not there, as any other value.
            return None
        return next((one for one in found if one.name == name), None)

    def all(self) -> list[Certificate]:
        """Return all certificates."""
        found: list[Certificate] = []
        more: dict[str, str] = {}
        while True:
            page = self._calls.send(
                _call("for all certificates"),
                lambda more=more: self._page(more),  # type: ignore[misc]
            )
            found += page[0]
            if not page[1] or page[1] == more.get("pageToken"):
                return found
            more = {"pageToken": page[1]}

    def _page(self, more: Mapping[str, str]) -> tuple[list[Certificate], str]:
        answer = self._client.get_certificates(includeCertificateDetails=True, **more)
        return (
            [Certificate.parse(item) for item in answer["certificates"]],
            any_text(answer.get("nextPageToken", "")),
        )


def _call(on: str) -> ZoneCall:
    return ZoneCall(
        operation="GetCertificates",
        service="Lightsail",
        on=on,
        fix="allow the function's role lightsail:GetCertificates",
        missing="create it, or correct its name",
    )
