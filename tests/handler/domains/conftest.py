"""A stack with a certificate, whose records go to Amazon Route 53 or a zone of Lightsail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

import stack_requests
from cdk_lightsail_containers_handler import domains_main
from cdk_lightsail_containers_handler.properties.domains import CERTIFICATE_VALIDATION_TYPE
from fake_route53 import FakeRoute53

NAME = "www-example-com"


class DomainStack:
    """A stack's side of the function for domains.

    Args:
        stack: what sends requests.
        route53: a hosted zone `example.com`.

    Attributes:
        zone: the property that names the zone of the requests.
    """

    def __init__(self, stack: stack_requests.Stack, route53: FakeRoute53) -> None:
        self.stack = stack
        self.route53 = route53
        self.lightsail = stack.lightsail.lightsail.domains
        self.api: Any = boto3.client(
            "lightsail", endpoint_url=stack.lightsail.url, region_name="us-east-1"
        )
        self.zone = {"HostedZoneId": route53.zone}

    def request_certificate(self, name: str = NAME, *domains: str) -> None:
        first, *others = domains or ("www.example.com",)
        self.api.create_certificate(
            certificateName=name, domainName=first, subjectAlternativeNames=others
        )

    def event(self, kind: str, *, name: str = NAME, **changes: Any) -> dict[str, Any]:
        """Return a request for the validation of a certificate."""
        event = self.stack.request(kind, ResourceType=CERTIFICATE_VALIDATION_TYPE, **changes)
        event["ResourceProperties"] = {
            "ServiceToken": event["ResourceProperties"]["ServiceToken"],
            "ServiceTimeout": "3600",
            "CertificateName": name,
            **self.zone,
        }
        event["LogicalResourceId"] = "Validation"
        if kind != "Create":
            event.setdefault("PhysicalResourceId", name)
        return event

    def send(self, kind: str, **changes: Any) -> dict[str, Any]:
        return self.stack.send(self.event(kind, **changes))

    def records(self, name: str = NAME) -> list[dict[str, str]]:
        """The validation records of a certificate."""
        self.stack.time.now += 60
        (found,) = self.api.get_certificates(certificateName=name, includeCertificateDetails=True)[
            "certificates"
        ]
        shown = found["certificateDetail"]["domainValidationRecords"]
        return [one["resourceRecord"] for one in shown]

    def entries(self) -> list[tuple[str, str]]:
        """Name and type of what is in the zone, without the marks."""
        if "HostedZoneId" in self.zone:
            found = self.route53.names()
        else:
            entries = self.api.get_domain(domainName="example.com")["domain"]["domainEntries"]
            found = sorted((one["name"], one["type"]) for one in entries)
        return found

    def write(self, name: str, target: str, kind: str = "CNAME", ttl: str = "60") -> None:
        """Write a record as another user does."""
        if "HostedZoneId" in self.zone:
            self.route53.sets.append(
                {"name": f"{name}.", "type": kind, "ttl": ttl, "values": [target]}
            )
        else:
            entry = {"name": name, "type": kind, "target": target}
            self.api.create_domain_entry(domainName="example.com", domainEntry=entry)


@pytest.fixture
def route53() -> Iterator[FakeRoute53]:
    with FakeRoute53().served() as served:
        yield served


@pytest.fixture
def in_route53(route53: FakeRoute53) -> Iterator[DomainStack]:
    """A stack whose certificate is validated in Amazon Route 53."""
    with stack_requests.stack(resolve=route53.resolve) as stack:
        stack.entry = domains_main.make_handler
        stack.urls["route53"] = route53.url
        stack.handler = stack.new_handler()
        given = DomainStack(stack, route53)
        given.request_certificate()
        yield given


@pytest.fixture
def in_lightsail(route53: FakeRoute53) -> Iterator[DomainStack]:
    """A stack whose certificate is validated in a zone of Lightsail."""
    with stack_requests.stack() as stack:
        stack.entry = domains_main.make_handler
        stack.handler = stack.new_handler()
        given = DomainStack(stack, route53)
        given.zone = {"LightsailDomainName": "example.com"}
        given.api.create_domain(domainName="example.com")
        given.request_certificate()
        yield given


@pytest.fixture(params=["in_route53", "in_lightsail"])
def domains(request: pytest.FixtureRequest) -> DomainStack:
    """The one, and the other."""
    given: DomainStack = request.getfixturevalue(request.param)
    return given
