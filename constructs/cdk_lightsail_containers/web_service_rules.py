"""The rules for what a web service is made of, checked before it has any child."""

from __future__ import annotations

from collections.abc import Mapping

from cdk_lightsail_containers_handler.properties.rules import check_number, show

from .power import Power
from .tokens import is_known, is_token

# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerService.html
_MOST_NODES = 20
_MOST_DOMAINS = 4


def check_capacity(*, power: object, scale: object) -> None:
    """Raise the `ValueError` that says which powers there are, and how many nodes."""
    if is_known(power) and power not in tuple(Power):
        raise ValueError(f"power must be one of {', '.join(Power)}, got {show(power)}")
    if not is_token(scale):
        check_number(scale, "scale", 1, _MOST_NODES)


def check_public_domain_names(names: object) -> None:
    """Raise the `ValueError` that says how a service's domain names are given."""
    rule = "public_domain_names must be lists of domain names by the name of their certificate"
    if not isinstance(names, Mapping):
        raise ValueError(f"{rule}, got {show(names)}")  # noqa: TRY004 - one kind of error for a user
    for certificate, domains in names.items():
        if not isinstance(certificate, str) or not certificate:
            raise ValueError(f"{rule}, got {show(certificate)} for a certificate")
        is_list = isinstance(domains, list | tuple) and domains
        if not is_list or not all(isinstance(domain, str) and domain for domain in domains):
            raise ValueError(f"{rule}, got {show(domains)} for {certificate!r}")
    count = sum(len(domains) for domains in names.values())
    if count > _MOST_DOMAINS:
        raise ValueError(f"public_domain_names must be {_MOST_DOMAINS} at most, got {count}")
