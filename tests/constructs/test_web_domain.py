"""The domain names of a service and their zones, as values."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App, Environment, Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from aws_cdk.aws_lightsail import CfnDomain

from cdk_lightsail_containers import WebDomain

# What the CDK remembers of its lookups, in cdk.context.json.
PUBLIC = "hosted-zone:account=111122223333:domainName=example.com:region=eu-central-1"
PRIVATE = PUBLIC.replace(":region", ":privateZone=true:region")


@pytest.fixture
def zone(stack: Stack) -> Any:
    return route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z0123456789ABC", zone_name="Example.com."
    )


def looked_up(context: dict[str, Any], **options: Any) -> Any:
    """A zone that the CDK's command line looks up, and what it has found by now."""
    place = Environment(account="111122223333", region="eu-central-1")
    stack = Stack(App(context=context), "Stack", env=place)
    return route53.HostedZone.from_lookup(stack, "Zone", domain_name="example.com", **options)


def test_names_of_a_hosted_zone(zone: Any) -> None:
    domain = WebDomain.route53(zone, "www.example.com", "example.com")

    assert domain.names == ("www.example.com", "example.com")
    assert (domain.zone_name, domain.hosted_zone) == ("example.com", zone)
    assert [domain.is_apex(name) for name in domain.names] == [False, True]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("www", "www.example.com"),
        ("a.b.example.com", "a.b.example.com"),
        ("www.example.com", "www.example.com"),
        ("www.example.com.", "www.example.com"),
        ("example.com", "example.com"),
        ("@", "example.com"),
    ],
)
def test_names_may_be_whole_or_relative_to_the_zone(zone: Any, name: str, full: str) -> None:
    domain = WebDomain.lightsail("example.com", name)

    assert (domain.names, domain.hosted_zone) == ((full,), None)
    assert WebDomain.route53(zone, name).names == (full,)


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        ([], "domain names must be 1 to 4, got 0"),
        (["a", "b", "c", "d", "e"], "domain names must be 1 to 4, got 5"),
        (["a", "a"], "domain names must differ, got a.example.com, a.example.com"),
        ([7], "a name must be a domain name such as 'www.example.com'"),
        (["www."], "a name must be a domain name such as"),
        (["*.example.com"], r"a name must be without '\*', got '\*.example.com': Lightsail has no"),
        (["WWW"], "in lowercase letters, got 'WWW'"),
    ],
)
def test_wrong_names_are_refused(names: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rule.replace("(", "\\(")):
        WebDomain.lightsail("example.com", *names)


def test_a_zone_of_lightsail_has_a_name() -> None:
    with pytest.raises(ValueError, match="zone must be a domain name such as"):
        WebDomain.lightsail("example", "www")


def test_a_zone_of_lightsail_may_be_one_of_the_app(stack: Stack) -> None:
    zone = CfnDomain(stack, "Domain", domain_name="example.com")
    later = CfnDomain(stack, "Later", domain_name=Fn.import_value("Name"))

    domain = WebDomain.lightsail(zone, "www")

    assert (domain.names, domain.lightsail_domain) == (("www.example.com",), zone)
    with pytest.raises(ValueError, match="zone must be a domain name such as"):
        WebDomain.lightsail(later, "www")


def test_a_name_outside_of_the_zone_is_refused(zone: Any) -> None:
    rule = r"in the zone 'example.com', got 'www.example.net'"
    with pytest.raises(ValueError, match=rule):
        WebDomain.route53(zone, "www.example.net")
    with pytest.raises(ValueError, match=rule):
        WebDomain.lightsail("example.com", "www.example.net")


def test_a_name_that_is_not_known_at_synthesis_is_refused(zone: Any) -> None:
    with pytest.raises(ValueError, match="a domain name must be known at synthesis, got"):
        WebDomain.route53(zone, Fn.import_value("Name"))


@pytest.mark.parametrize("zone", ["example.com", route53.HostedZone])
def test_what_is_no_hosted_zone_is_refused(zone: Any) -> None:
    with pytest.raises(ValueError, match="zone must be an IHostedZone such as HostedZone"):
        WebDomain.route53(zone, "www.example.com")


def test_a_private_zone_is_refused(stack: Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc")
    zones: list[Any] = [
        route53.PrivateHostedZone(stack, "Private", zone_name="example.com", vpc=vpc),
        route53.HostedZone(stack, "InVpc", zone_name="example.com", vpcs=[vpc]),
    ]

    for zone in zones:
        rule = f"must be a public hosted zone, got '{zone.node.path}', which is private"
        with pytest.raises(ValueError, match=rule):
            WebDomain.route53(zone, "www.example.com")


@pytest.mark.parametrize("zone_id", ["/hostedzone/Z123", "Z123"])
def test_a_private_zone_that_was_looked_up_is_refused(zone_id: str) -> None:
    found = {"Id": zone_id, "Name": "example.com."}
    zone = looked_up({f"{PRIVATE}:vpcId=vpc-1": found}, private_zone=True, vpc_id="vpc-1")

    with pytest.raises(ValueError, match="must be a public hosted zone, got 'Stack/Zone', which"):
        WebDomain.route53(zone, "www.example.com")


def test_a_public_zone_that_was_looked_up_is_taken_also_beside_a_private_one() -> None:
    zone = looked_up(
        {
            PUBLIC: {"Id": "/hostedzone/Z123", "Name": "example.com."},
            PRIVATE: {"Id": "/hostedzone/Z456", "Name": "example.com."},
            f"{PRIVATE}:vpcId=vpc-1": "none",
        }
    )

    assert WebDomain.route53(zone, "www").hosted_zone is zone


def test_a_zone_is_taken_until_the_lookup_says_which_one_it_is() -> None:
    zone = looked_up({}, private_zone=True)

    assert WebDomain.route53(zone, "www").names == ("www.example.com",)


def test_a_public_zone_of_the_stack_is_taken(stack: Stack) -> None:
    zone: Any = route53.HostedZone(stack, "Public", zone_name="example.com")

    assert WebDomain.route53(zone, "www").names == ("www.example.com",)


def test_a_zone_without_a_known_name_is_refused(stack: Stack) -> None:
    by_id = route53.HostedZone.from_hosted_zone_id(stack, "ById", "Z1")
    later = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Later", hosted_zone_id="Z1", zone_name=Fn.import_value("Zone")
    )

    for zone in (by_id, later):
        with pytest.raises(ValueError, match=r"a name that is known at synthesis, got 'Stack/"):
            WebDomain.route53(zone, "www.example.com")


def test_a_wrong_id_of_a_zone_is_refused(stack: Stack) -> None:
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="zone 1", zone_name="example.com"
    )

    with pytest.raises(ValueError, match="hosted_zone_id must be the id of a hosted zone"):
        WebDomain.route53(zone, "www.example.com")
