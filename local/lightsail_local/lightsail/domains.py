"""Certificates and DNS zones: what Lightsail's API does with them, without the wire.

A certificate is issued once its validation records can be found: in a DNS zone of Lightsail, or
wherever else the server looks.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import LightsailError, invalid, not_found
from .dns_zones import DnsZones, Parameters, Result, plain
from .history import History
from .tags import Tags, add_tags

Resolve = Callable[[str], str | None]

_MOST_NAMES = 10
_ISSUED, _PENDING, _FAILED = "ISSUED", "PENDING_VALIDATION", "FAILED"


def nowhere(_: str) -> str | None:
    """Find no record."""
    return None


@dataclass(frozen=True, kw_only=True)
class _Certificate:
    name: str
    arn: str
    names: tuple[str, ...]
    created_at: float
    salt: str = ""
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
        written: name and value of each record that Lightsail has written by itself.
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
        self.written: set[tuple[str, str]] = set()
        self._zones = DnsZones(behaviour, account=account, clock=clock)
        self._history: History[Mapping[str, _Certificate]] = History({}, clock)
        self.operations: Mapping[str, Callable[[Parameters], Result]] = {
            "CreateCertificate": self._create_certificate,
            "GetCertificates": self._get_certificates,
            "DeleteCertificate": self._delete_certificate,
            **self._zones.operations,
        }

    def check_issued(self, domains: Mapping[str, list[str]]) -> None:
        """Check the public domain names of a service, as Lightsail does.

        Raises:
            LightsailError: a certificate is not there, not issued, or not for a name.
        """
        for name, wanted in domains.items():
            if not wanted:
                continue  # that is how one is taken away
            self._look()
            certificate = self._existing(name)
            if self._status(certificate) != _ISSUED:
                raise invalid(f'The certificate "{name}" is not valid.')
            if foreign := [one for one in wanted if one not in certificate.names]:
                raise invalid(f'The certificate "{name}" is not for {", ".join(foreign)}.')

    def _create_certificate(self, parameters: Parameters) -> Result:
        name = parameters["certificateName"]
        names = (parameters["domainName"], *parameters.get("subjectAlternativeNames", ()))
        if name in self._history.now():
            raise invalid(f"Some names are already in use: {name}")
        if len(names) > _MOST_NAMES:
            raise invalid(f"A certificate can have at most {_MOST_NAMES} domain names.")
        certificate = _Certificate(
            name=name,
            arn=f"arn:aws:lightsail:{self._region}:{self._account}:Certificate/{uuid.uuid4()}",
            names=tuple(dict.fromkeys(names)),
            created_at=self._clock(),
            salt="" if self._behaviour.validation_records == "same" else str(uuid.uuid4()),
            tags=add_tags((), parameters.get("tags", ())),
        )
        self._put({**self._history.now(), name: certificate})
        return {"certificate": self._describe(certificate), "operations": []}

    def _get_certificates(self, parameters: Parameters) -> Result:
        self._look()
        shown = self._history.before(self._behaviour.stale_domain_seconds)
        found = self._behaviour.ordered(list(shown.values()))
        name = parameters.get("certificateName")
        if name is not None:
            found = [one for one in found if one.name == name]
            if not found and self._behaviour.missing_certificate != "none":
                raise self._missing(name)
        return {"certificates": [self._describe(one) for one in found]}

    def _delete_certificate(self, parameters: Parameters) -> Result:
        certificate = self._existing(parameters["certificateName"])
        if self._behaviour.removes_own_records:
            for record in self._records(certificate):
                zone, name, value = self._zones.zone_of(record["name"]), *_pair(record)
                if zone is not None and (name, value) in self.written:
                    self._zones.remove_cname(zone, name, value)
        left = {name: one for name, one in self._history.now().items() if one is not certificate}
        self._put(left)
        return {"operations": []}

    def _existing(self, name: str) -> _Certificate:
        certificates = self._history.now()
        if name not in certificates:
            raise self._missing(name)
        return certificates[name]

    def _missing(self, name: str) -> LightsailError:
        said = f"The Certificate does not exist: {name}"
        return (invalid if self._behaviour.missing_certificate == "invalid" else not_found)(said)

    def _put(self, certificates: Mapping[str, _Certificate]) -> None:
        self._history.put(certificates, self._behaviour.stale_domain_seconds)

    def _look(self) -> None:
        """Look for the records of the certificates that are not validated yet."""
        for certificate in self._history.now().values():
            records = self._records(certificate)
            if self._behaviour.validates_itself:
                self._write(records)
            if (
                certificate.validated_at is None
                and records
                and all(self._find(one["name"]) == plain(one["value"]) for one in records)
            ):
                validated = replace(certificate, validated_at=self._clock())
                self._put({**self._history.now(), certificate.name: validated})

    def _write(self, records: list[dict[str, str]]) -> None:
        for record in records:
            zone = self._zones.zone_of(record["name"])
            if zone is not None and self._find(record["name"]) is None:
                self._zones.add_cname(zone, record["name"], record["value"])
                self.written.add(_pair(record))

    def _creation(self, record: Mapping[str, str]) -> Result:
        """Return what Lightsail says of the record that it writes itself."""
        if not self._behaviour.validates_itself:
            return {}
        code = "STARTED" if self._find(record["name"]) is None else "SUCCEEDED"
        return {"dnsRecordCreationState": {"code": code}}

    def _find(self, name: str) -> str | None:
        zone = self._zones.zone_of(name)
        if zone is not None:
            return self._zones.find_cname(zone, name)
        found = self._resolve(plain(name))
        return None if found is None else plain(found)

    def _status(self, certificate: _Certificate) -> str:
        if self.failure:
            return _FAILED
        at = certificate.validated_at
        if at is not None and at + self._behaviour.certificate_seconds <= self._clock():
            return _ISSUED
        return _PENDING

    def _records(self, certificate: _Certificate) -> list[dict[str, str]]:
        """Return a certificate's validation records."""
        if certificate.created_at + self._behaviour.records_seconds > self._clock():
            return []
        found = []
        for name in certificate.names:
            token, value = (
                hashlib.sha256(
                    f"{part} {self._account} {name}{certificate.salt}".encode()
                ).hexdigest()[:32]
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


def _pair(record: Mapping[str, str]) -> tuple[str, str]:
    return plain(record["name"]), plain(record["value"])
