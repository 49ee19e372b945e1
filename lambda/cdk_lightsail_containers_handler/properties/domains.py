"""The contract of `Custom::LightsailCertificateValidation` and `Custom::LightsailDomainEntry`.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_DomainEntry.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .rules import mapping, required, show

CERTIFICATE_VALIDATION_TYPE = "Custom::LightsailCertificateValidation"
DOMAIN_ENTRY_TYPE = "Custom::LightsailDomainEntry"

NOT_VALIDATED = "LightsailCertificateValidation::NOT_VALIDATED"
"""The physical id of a validation whose request does not even name a certificate."""

NOT_WRITTEN = "LightsailDomainEntry::NOT_WRITTEN"
"""The physical id of an entry whose request does not even name it."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+")
_CERTIFICATE = re.compile(r"\w[\w-]{0,253}\w")
_URL = re.compile(r"https?://([^/:]+)(?::\d+)?/?")
_ZONE = re.compile(r"[A-Z0-9]{1,32}")


class ValidationProperty(StrEnum):
    """The resource properties of a certificate's validation."""

    CERTIFICATE_NAME = "CertificateName"
    HOSTED_ZONE_ID = "HostedZoneId"
    LIGHTSAIL_DOMAIN_NAME = "LightsailDomainName"


class ValidationAttribute(StrEnum):
    """The attributes of a certificate's validation, for `Fn::GetAtt`."""

    CERTIFICATE_ARN = "CertificateArn"


class EntryProperty(StrEnum):
    """The resource properties of an entry in a DNS zone of Lightsail."""

    LIGHTSAIL_DOMAIN_NAME = "LightsailDomainName"
    NAME = "Name"
    TARGET = "Target"


def check_domain_name(value: object, what: str) -> str:
    """Validate a domain name in lowercase letters, without a final dot, and return it."""
    if isinstance(value, str) and _DOMAIN.fullmatch(value):
        return value
    rule = f"{what} must be a domain name such as 'www.example.com', in lowercase letters"
    raise ValueError(f"{rule}, got {show(value)}")


def check_certificate_name(value: object, what: str) -> str:
    """Validate the name of a Lightsail certificate and return it."""
    if isinstance(value, str) and _CERTIFICATE.fullmatch(value):
        return value
    rule = f"{what} must be 2-255 letters, digits, _ and inner hyphens"
    raise ValueError(f"{rule}, got {show(value)}")


def check_hosted_zone_id(value: object, what: str) -> str:
    """Validate the id of a hosted zone of Amazon Route 53 and return it."""
    if isinstance(value, str) and _ZONE.fullmatch(value):
        return value
    rule = f"{what} must be the id of a hosted zone, such as 'Z0123456789ABC'"
    raise ValueError(f"{rule}, got {show(value)}")


@dataclass(frozen=True, kw_only=True)
class ValidationProperties:
    """The resource properties of a certificate's validation.

    Args:
        certificate_name: the certificate.
        hosted_zone_id: the zone of Amazon Route 53 for the records; empty for one of Lightsail.
        lightsail_domain_name: the zone of Lightsail for the records; empty for one of Route 53.
    """

    certificate_name: str
    hosted_zone_id: str = ""
    lightsail_domain_name: str = ""

    @classmethod
    def parse(cls, properties: object) -> Self:
        """Return the typed properties of a request.

        Raises:
            ValueError: a property is missing, of the wrong type or impossible.
        """
        given = mapping(properties, "resource properties")
        name = check_certificate_name(
            required(given, ValidationProperty.CERTIFICATE_NAME),
            ValidationProperty.CERTIFICATE_NAME,
        )
        route53, lightsail = (
            given.get(key)
            for key in (ValidationProperty.HOSTED_ZONE_ID, ValidationProperty.LIGHTSAIL_DOMAIN_NAME)
        )
        if (route53 is None) == (lightsail is None):
            raise ValueError("the resource needs HostedZoneId or LightsailDomainName, one of them")
        if route53 is None:
            zone = check_domain_name(lightsail, ValidationProperty.LIGHTSAIL_DOMAIN_NAME)
            return cls(certificate_name=name, lightsail_domain_name=zone)
        zone = check_hosted_zone_id(route53, ValidationProperty.HOSTED_ZONE_ID)
        return cls(certificate_name=name, hosted_zone_id=zone)


@dataclass(frozen=True, kw_only=True)
class EntryProperties:
    """The resource properties of an entry in a DNS zone of Lightsail.

    Args:
        lightsail_domain_name: the zone.
        name: the domain name that leads to the service.
        target: the service's own domain name.
    """

    lightsail_domain_name: str
    name: str
    target: str

    @classmethod
    def parse(cls, properties: object) -> Self:
        """Return the typed properties of a request.

        Raises:
            ValueError: a property is missing, of the wrong type or impossible.
        """
        given = mapping(properties, "resource properties")
        zone, name = (
            check_domain_name(required(given, key), key)
            for key in (EntryProperty.LIGHTSAIL_DOMAIN_NAME, EntryProperty.NAME)
        )
        if name != zone and not name.endswith(f".{zone}"):
            raise ValueError(f"Name must be in the zone '{zone}', got '{name}'")
        return cls(lightsail_domain_name=zone, name=name, target=_target(given))


def _target(given: Mapping[str, object]) -> str:
    """Return the host of the service's URL, which is what CloudFormation knows of it."""
    url = required(given, EntryProperty.TARGET)
    # Lightsail itself has only https and no port; the local cloud's URL is http with a port.
    found = _URL.fullmatch(url) if isinstance(url, str) else None
    return check_domain_name(found[1] if found else url, EntryProperty.TARGET)
