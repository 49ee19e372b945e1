"""Domain names of a service, with a certificate, deployed end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from demo.cdk_program import Ended

from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from lightsail_local.samples.sample_registry import SampleRegistry

pytestmark = pytest.mark.e2e

EXAMPLE = "examples/custom_domain.py"
APP = "tests/e2e/domains_app.py"


@pytest.fixture(scope="session")
def cdk(deploys: CloudFormationDeploys) -> CloudFormationDeploys:
    """The cloud without the command line."""
    return deploys


@pytest.fixture
def image() -> Iterator[str]:
    with SampleRegistry() as registry:
        yield registry.image("first")


@pytest.fixture
def zone(cdk: Cdk) -> Iterator[dict[str, str]]:
    """A hosted zone `example.com`, as the context of an app."""
    route53 = cdk.client("route53")
    made = route53.create_hosted_zone(Name="example.com", CallerReference="domains")["HostedZone"]
    zone_id = made["Id"].rpartition("/")[2]
    yield {"zone_name": "example.com", "zone_id": zone_id}
    route53.delete_hosted_zone(Id=zone_id)


@pytest.fixture
def lightsail_zone(cdk: Cdk) -> Iterator[dict[str, str]]:
    """A DNS zone of Lightsail `example.net`, as the context of an app."""
    client = cdk.client("lightsail")
    client.create_domain(domainName="example.net")
    yield {"zone_name": "example.net"}
    client.delete_domain(domainName="example.net")


@pytest.fixture(params=["zone", "lightsail_zone"])
def any_zone(request: pytest.FixtureRequest) -> dict[str, str]:
    """A zone of each kind."""
    found: dict[str, str] = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def fail(cdk: Cdk) -> Iterator[Callable[[str], None]]:
    """Let Lightsail refuse certificates from here on, with a reason."""
    domains = cdk.cloud.lightsail.lightsail.domains
    yield partial(setattr, domains, "failure")
    domains.failure = ""


def records(cdk: Cdk, zone: dict[str, str]) -> list[tuple[str, str]]:
    """Name and type of what was added to a zone."""
    if "zone_id" not in zone:
        found = cdk.client("lightsail").get_domain(domainName=zone["zone_name"])
        return sorted((one["name"], one["type"]) for one in found["domain"]["domainEntries"])
    found = cdk.client("route53").list_resource_record_sets(HostedZoneId=zone["zone_id"])
    return sorted(
        (one["Name"].rstrip("."), one["Type"])
        for one in found["ResourceRecordSets"]
        if one["Type"] not in ("NS", "SOA")
    )


def names(cdk: Cdk, service: str) -> list[str]:
    """The domain names of a service."""
    (found,) = cdk.client("lightsail").get_container_services(serviceName=service)[
        "containerServices"
    ]
    return sorted(one for each in found["publicDomainNames"].values() for one in each)


def certificates(cdk: Cdk) -> list[Any]:
    found = cdk.client("lightsail").get_certificates(includeCertificateDetails=True)
    return [one["certificateDetail"]["status"] for one in found["certificates"]]


def certificate(cdk: Cdk) -> str:
    """The name of the one certificate that there is."""
    (found,) = cdk.client("lightsail").get_certificates()["certificates"]
    name: str = found["certificateName"]
    return name


def succeeded(run: Ended) -> None:
    assert run.returncode == 0, run.output


def test_a_domain_of_a_hosted_zone_is_created_and_destroyed(
    cdk: Cdk, zone: dict[str, str], image: str
) -> None:
    succeeded(cdk.deploy(EXAMPLE, image=image, **zone))

    assert certificates(cdk) == ["ISSUED"]
    assert names(cdk, "site") == ["www.example.com"]
    found = records(cdk, zone)
    assert ("www.example.com", "CNAME") in found
    assert len(found) == 3  # with the validation record and its mark

    cdk.delete("CustomDomain")
    assert records(cdk, zone) == []
    assert certificates(cdk) == []


def test_a_domain_of_a_zone_of_the_same_stack_is_created_and_destroyed(
    cdk: Cdk, image: str, fail: Callable[[str], None]
) -> None:
    route53, new = cdk.client("route53"), {"zone_name": "example.com", "zone_id": "new"}
    succeeded(cdk.deploy(APP, image=image, names="www,@", **new))

    ((zone_id, count),) = (
        (one["Id"].rpartition("/")[2], one["ResourceRecordSetCount"])
        for one in route53.list_hosted_zones()["HostedZones"]
    )
    assert count == len(records(cdk, {"zone_name": "example.com", "zone_id": zone_id})) + 2
    assert names(cdk, "site") == ["example.com", "www.example.com"]

    cdk.delete("Domains")
    fail("CAA_ERROR")
    assert "is FAILED: CAA_ERROR" in cdk.deploy(APP, image=image, names="www", **new).output
    cdk.delete("Domains")
    # A zone with a record in it cannot be deleted.
    assert route53.list_hosted_zones()["HostedZones"] == []


def test_a_domain_of_a_lightsail_zone_of_the_same_stack_is_created_and_destroyed(
    cdk: Cdk, image: str
) -> None:
    new = {"zone_name": "example.net", "zone_id": "new in lightsail"}
    succeeded(cdk.deploy(APP, image=image, names="www,@", **new))

    assert ("example.net", "A") in records(cdk, {"zone_name": "example.net"})
    assert names(cdk, "site") == ["example.net", "www.example.net"]

    cdk.delete("Domains")
    assert certificates(cdk) == []


def test_a_domain_is_created_changed_rolled_back_and_destroyed(
    cdk: Cdk, any_zone: dict[str, str], image: str, fail: Callable[[str], None]
) -> None:
    zone = any_zone["zone_name"]
    succeeded(cdk.deploy(APP, image=image, names="www", **any_zone))
    before = records(cdk, any_zone)
    assert f"www.{zone}" in {name for name, _ in before}
    assert names(cdk, "site") == [f"www.{zone}"]

    off = certificate(cdk)
    succeeded(cdk.deploy(APP, image=image, names="www,@", off=off, **any_zone))
    assert names(cdk, "site") == [zone, f"www.{zone}"]
    assert len(records(cdk, any_zone)) == 2 * len(before)
    assert certificates(cdk) == ["ISSUED"]

    off = certificate(cdk)
    succeeded(cdk.deploy(APP, image=image, names="www", off=off, **any_zone))
    assert names(cdk, "site") == [f"www.{zone}"]
    assert records(cdk, any_zone) == before
    assert certificates(cdk) == ["ISSUED"]

    fail("CAA_ERROR")
    failed = cdk.deploy(APP, image=image, names="www,api", **any_zone)
    assert failed.returncode == 1
    assert "is FAILED: CAA_ERROR" in failed.output
    fail("")
    assert names(cdk, "site") == [f"www.{zone}"]
    assert records(cdk, any_zone) == before

    cdk.delete("Domains")
    assert records(cdk, any_zone) == []
    assert certificates(cdk) == []


def test_a_certificate_that_is_not_taken_off_stays_on_the_service(
    cdk: Cdk, lightsail_zone: dict[str, str], image: str
) -> None:
    lightsail = cdk.client("lightsail")
    succeeded(cdk.deploy(APP, image=image, names="www", **lightsail_zone))
    old = certificate(cdk)

    succeeded(cdk.deploy(APP, image=image, names="api", **lightsail_zone))

    assert names(cdk, "site") == ["api.example.net", "www.example.net"]
    assert certificates(cdk) == ["ISSUED", "ISSUED"]
    (said,) = cdk.reasons("Domains", "DELETE_FAILED")
    assert f'The certificate "{old}" is in use by "site".' in said

    lightsail.update_container_service(serviceName="site", publicDomainNames={old: []})
    lightsail.delete_certificate(certificateName=old)
    assert names(cdk, "site") == ["api.example.net"]
    cdk.delete("Domains")
    assert certificates(cdk) == []


def test_a_failed_create_leaves_no_record(
    cdk: Cdk, any_zone: dict[str, str], image: str, fail: Callable[[str], None]
) -> None:
    fail("CAA_ERROR")

    failed = cdk.deploy(APP, image=image, names="www", **any_zone)

    assert "is FAILED: CAA_ERROR" in failed.output
    cdk.delete("Domains")
    assert records(cdk, any_zone) == []
    assert certificates(cdk) == []
