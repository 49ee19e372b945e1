"""The validation of a certificate: its records are written, and Lightsail issues it.

The records stay, because Lightsail reads them again before it renews the certificate:
https://docs.aws.amazon.com/lightsail/latest/userguide/understanding-tls-ssl-certificates-in-lightsail-https.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..aws.calls import Calls
from ..cloudformation.resource import Answer, Resource
from ..errors import REASON_LIMIT, HandlerError, NotFound, OutOfTime, Unfinished
from ..lightsail.client import STALE_SECONDS
from ..properties.domains import (
    NOT_VALIDATED,
    ValidationAttribute,
    ValidationProperties,
    ValidationProperty,
)
from .certificates import Certificate, Certificates
from .lightsail_zone import REGION, LightsailZone
from .records import OwnRecords, Record
from .route53_zone import Route53Zone

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..cloudformation.request import Request
    from .records import Zone

_ISSUED, _PENDING = "ISSUED", "PENDING_VALIDATION"
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 15.0
# Looks at a certificate that is not shown yet, or whose records Lightsail itself is writing.
_PATIENT_LOOKS = 6


class ValidationResource(Resource):
    """The validation of a certificate, as one request names it."""

    named_by = ValidationProperty.CERTIFICATE_NAME
    never_made = NOT_VALIDATED

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._log = request.log
        self._calls = Calls(request.deadline, request.log)
        self._certificates = Certificates(request.environment.lightsail, self._calls)
        self._own: OwnRecords | None = None

    def put(self) -> Answer:
        """Return the certificate once it is issued.

        Raises:
            Unfinished: the deadline came first; another invocation goes on.
            HandlerError: it failed, or a record cannot be written.
        """
        wanted = self.parsed(ValidationProperties.parse)
        name = wanted.certificate_name
        self._own = self._own_records(wanted)
        there: set[Record] = set()
        try:
            for turn in self.request.deadline.pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS):
                certificate = self._certificates.named(name)
                if certificate is None:
                    if turn >= _PATIENT_LOOKS:
                        raise _missing(name)
                    continue
                _check(certificate)
                if not certificate.is_writing or turn >= _PATIENT_LOOKS:
                    for record in sorted(certificate.records - there, key=str):
                        self._own.write(record)
                        there.add(record)
                if certificate.status == _ISSUED:
                    self._log("issued", certificate=name)
                    return Answer(
                        physical_id=name,
                        data={ValidationAttribute.CERTIFICATE_ARN: certificate.arn},
                        undo=self.undo,
                    )
                self._log("waiting for the certificate", certificate=name, records=len(there))
        except OutOfTime as error:
            raise _unfinished(name) from error
        raise _unfinished(name)

    def delete(self) -> None:
        """Remove the records that the function has written, unless something needs them.

        Raises:
            Unfinished: the deadline came first; another invocation goes on, as a Delete that fails
                leaves the stack stuck.
        """
        try:
            wanted = ValidationProperties.parse(self.request.event.get("ResourceProperties"))
        except ValueError as error:
            self._log("nothing to delete", why=str(error))
            return
        try:
            self._delete(wanted)
        except OutOfTime as error:
            raise error.unfinished() from error

    def _delete(self, wanted: ValidationProperties) -> None:
        request = self.request
        name = wanted.certificate_name
        if request.stack.keeps(name):
            self._log("kept: another resource stands for it", certificate=name)
            return
        certificates, own = self._all_and(name)
        if own is None or not own.records:
            # A read may lag behind what was made a moment ago.
            request.deadline.pause(STALE_SECONDS)
            certificates, own = self._all_and(name)
        if own is None:
            self._log("kept: a certificate that is gone does not say its records", certificate=name)
            return
        others = [one.records for one in certificates if one is not own]
        self._take_back(self._own_records(wanted), own.records.difference(*others))
        for record in sorted(own.records.intersection(frozenset().union(*others)), key=str):
            self._log("kept: another certificate needs it", record=str(record))

    def _all_and(self, name: str) -> tuple[list[Certificate], Certificate | None]:
        """Return all certificates, and the one of a name."""
        certificates = self._certificates.all()
        return certificates, next((one for one in certificates if one.name == name), None)

    def undo(self, *, is_too_late: bool) -> None:
        """Remove what was written for the request, if that is cancelled by now."""
        if self._own is None or not self._own.tried:
            return
        name = self.parsed(ValidationProperties.parse).certificate_name
        if is_too_late or self.request.stack.takes_back(name):
            self._log("cancelled", certificate=name)
            self._take_back(self._own, self._own.tried)

    def _take_back(self, own: OwnRecords, records: Collection[Record]) -> None:
        for record in sorted(records, key=str):
            try:
                own.take_back(record.name, record.kind)
            except NotFound as error:
                self._log("gone with the zone", why=error)

    def _own_records(self, wanted: ValidationProperties) -> OwnRecords:
        make, deadline = self.request.environment.make_client, self.request.deadline
        zone: Zone
        if wanted.hosted_zone_id:
            zone = Route53Zone(make("route53"), self._calls, wanted.hosted_zone_id)
        else:
            client = make("lightsail", region_name=REGION)
            zone = LightsailZone(client, self._calls, wanted.lightsail_domain_name)
        return OwnRecords(
            zone, deadline, self._log, lambda: self.request.stack.check("a record was written")
        )


def _check(certificate: Certificate) -> None:
    """Check that a certificate is issued or may be.

    Raises:
        HandlerError: it is neither, with Lightsail's reason.
    """
    if certificate.status in (_ISSUED, _PENDING):
        return
    raise HandlerError(
        f"certificate '{certificate.name}' is {certificate.status}",
        "correct the domain names and their zone, and request a certificate of another name",
        said=certificate.reason,
        limit=REASON_LIMIT,
    )


def _missing(name: str) -> NotFound:
    return NotFound(
        f"certificate '{name}' does not exist in the account and Region of the stack",
        "create it, or correct its name",
    )


def _unfinished(name: str) -> Unfinished:
    return Unfinished(
        f"certificate '{name}' was not issued in all the time",
        "check that the domain's name servers are those of the zone, and deploy again",
    )
