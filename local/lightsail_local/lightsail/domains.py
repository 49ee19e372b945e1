"""Certificates and DNS zones: what Lightsail's API does with them, without the wire.

A certificate is issued once its validation records can be found: in a DNS zone of Lightsail, or
wherever else the server looks.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import invalid, not_found
from .tags import Tags, add_tags

Parameters = Mapping[str, Any]
Result = dict[str, Any]
Resolve = Callable[[str], str | None]

ZONE_REGION = "us-east-1"
"""The Region of the API of DNS zones, for the services of all Regions."""

ZONE_OPERATIONS = frozenset(
    {"CreateDomain", "GetDomain", "DeleteDomain", "CreateDomainEntry", "DeleteDomainEntry"}
)

_MOST_NAMES = 10
_ISSUED, _PENDING, _FAILED = "ISSUED", "PENDING_VALIDATION", "FAILED"
_TYPES = frozenset({"A", "AAAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"})


def nowhere(_: str) -> str | None:
    """Find no record."""
    return None


@dataclass(frozen=True, kw_only=True)
class _Certificate:
    name: str
    arn: str
    names: tuple[str, ...]
    created_at: float
    validated_at: float | None = None
    tags: Tags = field(default_factory=tuple)


class Domains:
    """The certificates and DNS zones of an account.

    Args:
        behaviour: the switches and times.
        region: the Region.
        account: the account, 12 digits.
        clock: tells the time, in seconds since the epoch.
        resolve: finds what a CNAME record outside of Lightsail says, None for no record.

    Attributes:
        failure: why certificates fail; empty for that they are issued.
        validates_itself: whether Lightsail writes the validation records of a certificate into a
            DNS zone of its own by itself, which AWS documents as "can".
        operations: the API's operations, by their names.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        region: str,
        account: str,
        clock: Callable[[], float],
        resolve: Resolve,
    ) -> None:
        self._behaviour = behaviour
        self._region = region
        self._account = account
        self._clock = clock
        self._resolve = resolve
        self.failure = ""
        self.validates_itself = False
        self._certificates: dict[str, _Certificate] = {}
        self._zones: dict[str, list[dict[str, Any]]] = {}
        self.operations: Mapping[str, Callable[[Parameters], Result]] = {
            "CreateCertificate": self._create_certificate,
            "GetCertificates": self._get_certificates,
            "DeleteCertificate": self._delete_certificate,
            "CreateDomain": self._create_domain,
            "GetDomain": self._get_domain,
            "DeleteDomain": self._delete_domain,
            "CreateDomainEntry": self._create_entry,
            "DeleteDomainEntry": self._delete_entry,
        }

    def check_issued(self, domains: Mapping[str, list[str]]) -> None:
        """Check the public domain names of a service, as Lightsail does.

        Raises:
            LightsailError: a certificate is not there, not issued, or not for a name.
        """
        for name, wanted in domains.items():
            if not wanted:
                continue  # that is how one is taken away
            certificate = self._advanced(self._existing(name))
            if self._status(certificate) != _ISSUED:
                raise invalid(f'The certificate "{name}" is not valid.')
            if foreign := [one for one in wanted if one not in certificate.names]:
                raise invalid(f'The certificate "{name}" is not for {", ".join(foreign)}.')

    def _create_certificate(self, parameters: Parameters) -> Result:
        name = parameters["certificateName"]
        names = (parameters["domainName"], *parameters.get("subjectAlternativeNames", ()))
        if name in self._certificates:
            raise invalid(f"Some names are already in use: {name}")
        if len(names) > _MOST_NAMES:
            raise invalid(f"A certificate can have at most {_MOST_NAMES} domain names.")
        certificate = _Certificate(
            name=name,
            arn=f"arn:aws:lightsail:{self._region}:{self._account}:Certificate/{uuid.uuid4()}",
            names=tuple(dict.fromkeys(names)),
            created_at=self._clock(),
            tags=add_tags((), parameters.get("tags", ())),
        )
        self._certificates[name] = certificate
        return {"certificate": self._describe(certificate), "operations": []}

    def _get_certificates(self, parameters: Parameters) -> Result:
        name = parameters.get("certificateName")
        found = list(self._certificates.values()) if name is None else [self._existing(name)]
        return {"certificates": [self._describe(self._advanced(one)) for one in found]}

    def _delete_certificate(self, parameters: Parameters) -> Result:
        del self._certificates[self._existing(parameters["certificateName"]).name]
        return {"operations": []}

    def _create_domain(self, parameters: Parameters) -> Result:
        self._zones[parameters["domainName"]] = []
        return {}

    def _get_domain(self, parameters: Parameters) -> Result:
        name = parameters["domainName"]
        arn = f"arn:aws:lightsail:global:{self._account}:Domain/{name.replace('.', '-')}"
        return {"domain": {"name": name, "arn": arn, "domainEntries": list(self._zone(name))}}

    def _delete_domain(self, parameters: Parameters) -> Result:
        self._zone(parameters["domainName"])
        del self._zones[parameters["domainName"]]
        return {}

    def _create_entry(self, parameters: Parameters) -> Result:
        zone, entry = self._zone(parameters["domainName"]), parameters["domainEntry"]
        name, kind = entry["name"], entry["type"]
        if kind not in _TYPES or not _is_in(name, parameters["domainName"]):
            raise invalid(f"The entry {name} {kind} is not valid.")
        same_name = [one for one in zone if one["name"] == name]
        if any(one["type"] == kind != "TXT" or "CNAME" in (one["type"], kind) for one in same_name):
            raise invalid(f"An entry {name} {kind} conflicts with one that already exists.")
        zone.append({"id": str(uuid.uuid4()), "isAlias": False, **entry})
        return {}

    def _delete_entry(self, parameters: Parameters) -> Result:
        zone, entry = self._zone(parameters["domainName"]), parameters["domainEntry"]
        if entry not in zone:
            raise not_found("The DomainEntry does not exist.")
        zone.remove(entry)
        return {}

    def _existing(self, name: str) -> _Certificate:
        if name not in self._certificates:
            raise not_found(f"The Certificate does not exist: {name}")
        return self._certificates[name]

    def _zone(self, name: str) -> list[dict[str, Any]]:
        if name not in self._zones:
            raise not_found(f"The Domain does not exist: {name}")
        return self._zones[name]

    def _zone_of(self, name: str) -> list[dict[str, Any]] | None:
        return next((entries for zone, entries in self._zones.items() if _is_in(name, zone)), None)

    def _advanced(self, certificate: _Certificate) -> _Certificate:
        """Return a certificate after a look for its records."""
        records = self._records(certificate)
        if self.validates_itself:
            self._write(records)
        if (
            certificate.validated_at is None
            and records
            and all(self._find(one["name"]) == _plain(one["value"]) for one in records)
        ):
            certificate = replace(certificate, validated_at=self._clock())
            self._certificates[certificate.name] = certificate
        return certificate

    def _write(self, records: list[dict[str, str]]) -> None:
        for record in records:
            zone = self._zone_of(_plain(record["name"]))
            if zone is not None and self._find(record["name"]) is None:
                zone.append({"id": str(uuid.uuid4()), "isAlias": False, **_cname(record)})

    def _creation(self, record: Mapping[str, str]) -> Result:
        """Return what Lightsail says of the record that it writes itself."""
        if not self.validates_itself:
            return {}
        code = "STARTED" if self._find(record["name"]) is None else "SUCCEEDED"
        return {"dnsRecordCreationState": {"code": code}}

    def _find(self, name: str) -> str | None:
        zone = self._zone_of(_plain(name))
        if zone is None:
            found = self._resolve(_plain(name))
            return None if found is None else _plain(found)
        targets = (
            one["target"]
            for one in zone
            if one["type"] == "CNAME" and _plain(one["name"]) == _plain(name)
        )
        return next(map(_plain, targets), None)

    def _status(self, certificate: _Certificate) -> str:
        if self.failure:
            return _FAILED
        at = certificate.validated_at
        if at is not None and at + self._behaviour.certificate_seconds <= self._clock():
            return _ISSUED
        return _PENDING

    def _records(self, certificate: _Certificate) -> list[dict[str, str]]:
        """Return a certificate's validation records: the same for the same name and account."""
        if certificate.created_at + self._behaviour.records_seconds > self._clock():
            return []
        found = []
        for name in certificate.names:
            token, value = (
                hashlib.sha256(f"{part} {self._account} {name}".encode()).hexdigest()[:32]
                for part in ("name", "value")
            )
            target = f"_{value}.local.acm-validations.aws."
            found.append({"name": f"_{token}.{name}.", "type": "CNAME", "value": target})
        return found

    def _describe(self, certificate: _Certificate) -> Result:
        status = self._status(certificate)
        detail = {
            "arn": certificate.arn,
            "name": certificate.name,
            "domainName": certificate.names[0],
            "status": status,
            "subjectAlternativeNames": list(certificate.names),
            "domainValidationRecords": [
                {"domainName": name, "resourceRecord": record, **self._creation(record)}
                for name, record in zip(certificate.names, self._records(certificate), strict=False)
            ],
            "createdAt": round(certificate.created_at, 3),
            "tags": list(certificate.tags),
            **({"requestFailureReason": self.failure} if status == _FAILED else {}),
        }
        return {
            "certificateArn": certificate.arn,
            "certificateName": certificate.name,
            "domainName": certificate.names[0],
            "certificateDetail": detail,
            "tags": list(certificate.tags),
        }


def _cname(record: Mapping[str, str]) -> dict[str, str]:
    return {"name": _plain(record["name"]), "type": "CNAME", "target": _plain(record["value"])}


def _is_in(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
