"""Certificates and DNS zones of the local Lightsail, over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lightsail_local.server import LightsailServer

OUTSIDE: dict[str, str] = {}


@pytest.fixture
def server() -> Iterator[LightsailServer]:
    now = [1_800_000_000.0]
    with LightsailServer(clock=lambda: now[0], resolve=OUTSIDE.get) as server:
        server.now = now  # type: ignore[attr-defined]
        yield server
    OUTSIDE.clear()


@pytest.fixture
def zones(server: LightsailServer) -> Iterator[Any]:
    client = boto3.client("lightsail", endpoint_url=server.url, region_name="us-east-1")
    client.create_domain(domainName="example.com")
    yield client
    client.close()


@pytest.fixture
def wait(server: LightsailServer) -> Callable[[], None]:
    def forward() -> None:
        server.now[0] += 60  # type: ignore[attr-defined]

    return forward


def refused(act: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        act(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def detail(api: Any, name: str = "www") -> Any:
    (found,) = api.get_certificates(certificateName=name, includeCertificateDetails=True)[
        "certificates"
    ]
    return found["certificateDetail"]


def request(api: Any, domain: str = "www.example.com", **more: Any) -> None:
    api.create_certificate(certificateName="www", domainName=domain, **more)


def write(api: Any, **changes: Any) -> None:
    entry = {"name": "www.example.com", "type": "CNAME", "target": "a.example.net", **changes}
    api.create_domain_entry(domainName="example.com", domainEntry=entry)


def validate(api: Any) -> None:
    for one in detail(api)["domainValidationRecords"]:
        record = one["resourceRecord"]
        write(api, name=record["name"].rstrip("."), target=record["value"])


def test_a_certificate_is_issued_once_its_record_is_found(zones: Any, wait: Any) -> None:
    request(zones, tags=[{"key": "a", "value": "1"}])
    assert detail(zones)["domainValidationRecords"] == []
    wait()
    assert detail(zones)["status"] == "PENDING_VALIDATION"

    validate(zones)

    assert detail(zones)["status"] == "PENDING_VALIDATION"
    wait()
    assert detail(zones)["status"] == "ISSUED"
    assert detail(zones)["tags"] == [{"key": "a", "value": "1"}]


def test_a_record_outside_of_lightsail_is_looked_up(zones: Any, wait: Any) -> None:
    request(zones, "www.example.net")
    wait()
    (one,) = detail(zones)["domainValidationRecords"]
    OUTSIDE[one["resourceRecord"]["name"].rstrip(".")] = one["resourceRecord"]["value"]

    detail(zones)
    wait()

    assert detail(zones)["status"] == "ISSUED"


def test_a_certificate_fails_with_a_reason(zones: Any, server: LightsailServer) -> None:
    server.lightsail.domains.failure = "CAA_ERROR"
    request(zones)

    assert detail(zones)["status"] == "FAILED"
    assert detail(zones)["requestFailureReason"] == "CAA_ERROR"


def test_lightsail_may_write_the_record_itself(
    zones: Any, server: LightsailServer, wait: Any
) -> None:
    server.lightsail.domains.validates_itself = True
    request(zones, subjectAlternativeNames=["www.example.net"])
    wait()
    states = [
        {one["dnsRecordCreationState"]["code"] for one in detail(zones)["domainValidationRecords"]}
        for _ in range(2)
    ]

    assert states == [{"STARTED", "SUCCEEDED"}] * 2
    assert len(zones.get_domain(domainName="example.com")["domain"]["domainEntries"]) == 1


def test_certificates_are_listed_and_deleted(zones: Any) -> None:
    request(zones)

    assert refused(request, api=zones)[0] == "InvalidInputException"
    assert len(zones.get_certificates()["certificates"]) == 1
    zones.delete_certificate(certificateName="www")
    assert zones.get_certificates()["certificates"] == []
    assert refused(detail, api=zones) == (
        "NotFoundException",
        "The Certificate does not exist: www",
    )


def test_a_certificate_has_ten_names_at_most(zones: Any) -> None:
    names = [f"{number}.example.com" for number in range(10)]

    assert "at most 10" in refused(request, api=zones, subjectAlternativeNames=names)[1]


def test_a_service_takes_an_issued_certificate_for_its_names_alone(zones: Any, wait: Any) -> None:
    request(zones)
    service = {"serviceName": "shop", "power": "nano", "scale": 1}
    given = {"publicDomainNames": {"www": ["www.example.com"]}}
    assert "is not valid" in refused(zones.create_container_service, **service, **given)[1]
    wait()
    validate(zones)
    detail(zones)
    wait()

    zones.create_container_service(**service, **given)
    wait()

    other = {"publicDomainNames": {"www": ["api.example.com"]}}
    update = zones.update_container_service
    assert "is not for api" in refused(update, serviceName="shop", **other)[1]
    update(serviceName="shop", publicDomainNames={"gone": []})


def test_entries_that_conflict_are_refused(zones: Any) -> None:
    write(zones)

    assert "conflicts" in refused(write, api=zones)[1]
    assert "conflicts" in refused(write, api=zones, type="TXT")[1]
    assert "is not valid" in refused(write, api=zones, name="www.example.net")[1]
    assert "is not valid" in refused(write, api=zones, type="PTR")[1]
    write(zones, name="example.com", type="TXT", target='"a"')
    write(zones, name="example.com", type="TXT", target='"b"')
    write(zones, name="example.com", type="A", target="192.0.2.1")


def test_an_entry_is_deleted_as_it_is_listed(zones: Any) -> None:
    write(zones)
    (entry,) = zones.get_domain(domainName="example.com")["domain"]["domainEntries"]
    delete = zones.delete_domain_entry

    wrong = {**entry, "target": "b.example.net"}
    assert refused(delete, domainName="example.com", domainEntry=wrong)[0] == "NotFoundException"
    delete(domainName="example.com", domainEntry=entry)
    assert zones.get_domain(domainName="example.com")["domain"]["domainEntries"] == []


def test_a_zone_that_is_deleted_is_gone(zones: Any) -> None:
    zones.delete_domain(domainName="example.com")

    assert refused(zones.get_domain, domainName="example.com")[0] == "NotFoundException"


def test_zones_have_one_region(zones: Any, server: LightsailServer) -> None:
    client = boto3.client("lightsail", endpoint_url=server.url, region_name="eu-central-1")

    assert "us-east-1 Region" in refused(client.get_domain, domainName="example.com")[1]
    assert client.get_certificates()["certificates"] == []


def test_without_anything_to_look_it_up_no_record_is_found(wait: Any) -> None:
    with LightsailServer() as server:
        client = boto3.client("lightsail", endpoint_url=server.url, region_name="us-east-1")
        server.behaviour.records_seconds = 0
        request(client, "www.example.net")
        assert detail(client)["status"] == "PENDING_VALIDATION"
