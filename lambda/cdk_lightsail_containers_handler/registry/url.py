"""Where requests go, and where they may be led: addresses that never show their query.

A registry names other addresses: a token service, a place to upload to, a place to download
from. None of them may lead to this machine, to a cloud's metadata service or off TLS.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

_PORTS = {"http": 80, "https": 443}
_NO_ADDRESS = "leads to something that is no address"
_PRINTABLE = re.compile(r"[!-~]{1,8192}")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?")
# What ends in a number is no name, but an address in one of its old notations, such as 2130706433:
# https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[Xx][0-9A-Fa-f]*)\.?")
# The last one is where AWS answers over IPv6:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
_NEVER = tuple(map(ipaddress.ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32")))


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who answers: credentials for one origin never go to another.

    Args:
        scheme: `http` or `https`.
        host: a name or an IP address without brackets, in lower case.
        port: the port.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of_registry(cls, registry: str) -> Origin:
        """Return the origin of `host[:port]`: plain HTTP on loopback, TLS anywhere else."""
        parts = urlsplit(f"//{registry}")
        host = parts.hostname or ""
        scheme = "http" if is_loopback(host) else "https"
        return cls(scheme=scheme, host=host, port=parts.port or _PORTS[scheme])

    @property
    def authority(self) -> str:
        """`host:port`, also with the usual port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        """Return `host[:port]`, as a Host header has it."""
        return self.authority.removesuffix(f":{_PORTS[self.scheme]}")


@dataclass(frozen=True, kw_only=True)
class Url:
    """An address; only its origin is ever shown, the rest may be a secret.

    Args:
        origin: who answers.
        target: path and query.
    """

    origin: Origin
    target: str = field(repr=False)

    def follow(self, location: str) -> Url:
        """Return the address that an answer from here leads to.

        Args:
            location: relative or absolute.

        Raises:
            ValueError: it is no address, or leads to where no registry has any business.
        """
        if not _PRINTABLE.fullmatch(location):
            raise ValueError(_NO_ADDRESS)
        here = f"{self.origin.scheme}://{self.origin}{self.target}"
        try:
            parts = urlsplit(urljoin(here, location))
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ValueError(_NO_ADDRESS) from None
        if parts.scheme not in _PORTS or not is_host(host):
            raise ValueError(_NO_ADDRESS)
        origin = Origin(scheme=parts.scheme, host=host, port=port or _PORTS[parts.scheme])
        if "@" in parts.netloc:
            raise ValueError(f"leads to {origin} with credentials in the address")
        if is_loopback(host) and not is_loopback(self.origin.host):
            raise ValueError(f"leads back to this machine, {origin}")
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError(f"leads to {origin} without TLS")
        if is_metadata(host):
            raise ValueError(f"leads to the link-local or metadata address {host}")
        query = f"?{parts.query}" if parts.query else ""
        return Url(origin=origin, target=f"{parts.path or '/'}{query}")

    def with_query(self, *parameters: tuple[str, str]) -> Url:
        """Return the address with more parameters after its own."""
        joint = "&" if "?" in self.target else "?"
        added = urlencode(parameters, safe=":/,")
        return Url(origin=self.origin, target=f"{self.target}{joint}{added}")


def is_host(host: str) -> bool:
    """Return whether a host is an IP address in its usual notation, or may be a name."""
    if _address(host) is not None:
        return "%" not in host
    return bool(_NAME.fullmatch(host)) and not _NUMBER.fullmatch(host)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, where plain HTTP leaves nothing on a wire."""
    address = _address(host)
    if address is None:
        return host.rstrip(".") == "localhost"
    return address.is_loopback or address.is_unspecified


def is_metadata(host: str) -> bool:
    """Return whether a host is a link-local address, where clouds give out credentials."""
    address = _address(host)
    return address is not None and any(address in network for network in _NEVER)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
