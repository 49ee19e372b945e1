"""The domain names of a service, and the DNS zone that has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from aws_cdk import aws_route53 as route53
from aws_cdk.aws_lightsail import CfnDomain

from cdk_lightsail_containers_handler.properties.domains import (
    check_domain_name,
    check_hosted_zone_id,
)
from cdk_lightsail_containers_handler.properties.rules import show

from ._checks import check_known, is_token, template_value

_MOST_NAMES = 4
"""How many domain names a container service has at most."""

_RELATIVE = re.compile(r"[a-z0-9_-]+")
_APEX = "@"
# https://docs.aws.amazon.com/cdk/v2/guide/context.html
_LOOKUP, _PRIVATE = "hosted-zone:", "privateZone=true"


@dataclass(frozen=True, kw_only=True)
class WebDomain:
    """Domain names that lead to a service, in a zone of Amazon Route 53 or of Lightsail.

    Make one with `WebDomain.route53(...)` or `WebDomain.lightsail(...)`.

    Attributes:
        names: the domain names, 1 to 4.
        zone_name: the name of the zone.
        hosted_zone: the zone of Amazon Route 53; None for one of Lightsail.
        lightsail_domain: the zone of Lightsail, if the app makes it.
    """

    names: tuple[str, ...]
    zone_name: str
    hosted_zone: route53.IHostedZone | None = None
    lightsail_domain: CfnDomain | None = None

    @classmethod
    def route53(cls, zone: route53.IHostedZone, *domain_names: str) -> Self:
        """Use domain names of a public hosted zone of Amazon Route 53.

        Args:
            zone: the hosted zone, in the account of the stack; with its name, such as
                `HostedZone.from_lookup(...)` or `HostedZone.from_hosted_zone_attributes(...)`.
            *domain_names: 1 to 4 names such as `www.example.com` or `www`; `@` is the zone's own
                name. A name with a dot is a whole one.

        Raises:
            ValueError: a value breaks its rule.
        """
        if isinstance(zone, type) or not hasattr(zone, "hosted_zone_id"):
            raise ValueError(f"zone must be an IHostedZone such as HostedZone, got {show(zone)}")
        check_public(zone)
        name = _zone_name(zone)
        if not name:
            raise ValueError(
                f"zone must have a name that is known at synthesis, got {zone.node.path!r}: use "
                "HostedZone.from_hosted_zone_attributes(...) or HostedZone.from_lookup(...)"
            )
        check_known(zone.hosted_zone_id, check_hosted_zone_id, "hosted_zone_id")
        full = [_full_name(one, name) for one in domain_names]
        return cls(names=_checked(full), zone_name=name, hosted_zone=zone)

    @classmethod
    def lightsail(cls, zone: str | CfnDomain, *names: str) -> Self:
        """Use names of a DNS zone of Lightsail.

        Args:
            zone: the name of a zone that exists, such as `example.com`, or a `CfnDomain` of the
                app; the name cannot be a token.
            *names: 1 to 4 names such as `www` or `www.example.com`; `@` is the zone's own name. A
                name with a dot is a whole one.

        Raises:
            ValueError: a value breaks its rule.
        """
        made = zone if isinstance(zone, CfnDomain) else None
        name = check_domain_name(zone if made is None else made.domain_name, "zone")
        full = [_full_name(one, name) for one in names]
        return cls(names=_checked(full), zone_name=name, lightsail_domain=made)

    def is_apex(self, name: str) -> bool:
        """Return whether a domain name is that of the zone itself, where no CNAME can be."""
        return name == self.zone_name


def check_public(zone: route53.IHostedZone) -> None:
    """Check that a zone is not known to be private: there, Lightsail would find no record."""
    if _is_private(zone):
        raise ValueError(
            f"zone must be a public hosted zone, got {zone.node.path!r}, which is private: "
            "Lightsail does not see its records"
        )


def _is_private(zone: route53.IHostedZone) -> bool:
    """Return whether a zone is known to be in VPCs, as a public one is not."""
    resource = zone.node.default_child
    if isinstance(resource, route53.CfnHostedZone):
        return bool(template_value(zone, resource.vpcs))
    # A zone that was looked up does not tell. What the CDK's command line has found does.
    return any(
        key.startswith(_LOOKUP)
        and _PRIVATE in key.split(":")
        and isinstance(found, Mapping)
        and str(found.get("Id")).removeprefix("/hostedzone/") == zone.hosted_zone_id
        for key, found in zone.node.get_all_context().items()
    )


def _zone_name(zone: route53.IHostedZone) -> str:
    """Return the name of a zone, an empty string if it is not known."""
    try:
        name = zone.zone_name
    except RuntimeError:
        # What the CDK raises for `HostedZone.from_hosted_zone_id`.
        return ""
    return "" if is_token(name) else name.rstrip(".").lower()


def _full_name(name: object, zone: str) -> str:
    if name == _APEX:
        return zone
    if is_token(name):
        raise ValueError(f"a domain name must be known at synthesis, got {show(name)}")
    if isinstance(name, str) and name.startswith("*"):
        raise ValueError(f"a name must be without '*', got {name!r}: Lightsail has no wildcards")
    is_relative = isinstance(name, str) and _RELATIVE.fullmatch(name)
    # As Amazon Route 53 writes names; one that ends in a dot is a whole one.
    plain = name[:-1] if isinstance(name, str) and name.endswith(".") else name
    full = check_domain_name(f"{name}.{zone}" if is_relative else plain, "a name")
    if full != zone and not full.endswith(f".{zone}"):
        raise ValueError(f"a domain name must be in the zone {zone!r}, got {full!r}")
    return full


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    """Check that there are some names, and not too many."""
    if not 1 <= len(names) <= _MOST_NAMES:
        raise ValueError(f"domain names must be 1 to {_MOST_NAMES}, got {len(names)}")
    if len(set(names)) != len(names):
        raise ValueError(f"domain names must differ, got {', '.join(names)}")
    return tuple(names)
