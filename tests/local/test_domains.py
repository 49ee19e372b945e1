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


def entries(api: Any) -> Any:
    return api.get_domain(domainName="example.com")["domain"]["domainEntries"]


def domain_names(api: Any) -> Any:
    """The domain names of the one service, by certificate."""
    (found,) = api.get_container_services()["containerServices"]
    return found["publicDomainNames"]


def validate(api: Any, name: str = "www") -> None:
    for one in detail(api, name)["domainValidationRecords"]:
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
    server.behaviour.validates_itself = True
    request(zones, subjectAlternativeNames=["www.example.net"])
    wait()
    states = [
        {one["dnsRecordCreationState"]["code"] for one in detail(zones)["domainValidationRecords"]}
        for _ in range(2)
    ]

    assert states == [{"STARTED", "SUCCEEDED"}] * 2
    assert len(zones.get_domain(domainName="example.com")["domain"]["domainEntries"]) == 1


@pytest.mark.parametrize("removes", [False, True])
def test_lightsail_may_remove_with_a_certificate_what_it_has_written_itself(
    zones: Any, server: LightsailServer, wait: Any, removes: bool
) -> None:
    server.behaviour.validates_itself = True
    server.behaviour.removes_own_records = removes
    request(zones, subjectAlternativeNames=["www.example.net"])
    wait()
    detail(zones)
    server.behaviour.validates_itself = False
    write(zones)

    zones.delete_certificate(certificateName="www")

    assert len(entries(zones)) == 2 - removes


def test_lightsail_removes_no_record_that_another_user_has_written(
    zones: Any, server: LightsailServer, wait: Any
) -> None:
    server.behaviour.removes_own_records = True
    request(zones)
    wait()
    validate(zones)

    zones.delete_certificate(certificateName="www")

    assert len(entries(zones)) == 1


@pytest.mark.parametrize("records", ["same", "different"])
def test_another_certificate_of_a_name_may_have_other_records(
    zones: Any, server: LightsailServer, wait: Any, records: Any
) -> None:
    server.behaviour.validation_records = records
    request(zones)
    zones.create_certificate(certificateName="other", domainName="www.example.com")
    wait()
    shown = [detail(zones, name)["domainValidationRecords"] for name in ("www", "other")]

    assert (shown[0] == shown[1]) == (records == "same")
    assert detail(zones)["domainValidationRecords"] == shown[0]


@pytest.mark.parametrize(
    ("answer", "code"),
    [("not_found", "NotFoundException"), ("invalid", "InvalidInputException"), ("none", "")],
)
def test_a_certificate_that_is_not_there_is_an_error_or_an_empty_list(
    zones: Any, server: LightsailServer, answer: Any, code: str
) -> None:
    server.behaviour.missing_certificate = answer

    if code:
        assert refused(detail, api=zones)[0] == code
    else:
        assert zones.get_certificates(certificateName="www")["certificates"] == []
    with pytest.raises(ClientError):
        zones.delete_certificate(certificateName="www")


def test_certificates_and_entries_are_in_the_order_of_answers(
    zones: Any, server: LightsailServer
) -> None:
    request(zones)
    zones.create_certificate(certificateName="other", domainName="www.example.com")
    write(zones)
    write(zones, name="api.example.com")

    found = {}
    for order in ("oldest_first", "newest_first", "shuffled"):
        server.behaviour.order = order
        certificates = zones.get_certificates()["certificates"]
        found[order] = [one["certificateName"] for one in certificates]
        found[order] += [one["name"] for one in entries(zones)]

    oldest = ["www", "other", "www.example.com", "api.example.com"]
    assert found["oldest_first"] == oldest
    assert found["newest_first"] == [*oldest[1::-1], *oldest[:1:-1]]
    assert sorted(found["shuffled"]) == sorted(oldest)


def test_reads_of_domains_may_show_what_was_before(
    zones: Any, server: LightsailServer, wait: Any
) -> None:
    wait()
    server.behaviour.stale_domain_seconds = 2
    request(zones)
    write(zones)

    assert zones.get_certificates()["certificates"] == []
    assert entries(zones) == []
    wait()
    assert detail(zones)["name"] == "www"
    assert len(entries(zones)) == 1
    zones.create_domain(domainName="example.net")
    assert refused(zones.get_domain, domainName="example.net")[0] == "NotFoundException"


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
    assert domain_names(zones) == given["publicDomainNames"]


def test_a_certificate_is_taken_off_a_service_by_its_name_alone(zones: Any, wait: Any) -> None:
    request(zones)
    zones.create_certificate(certificateName="api", domainName="api.example.com")
    wait()
    validate(zones)
    validate(zones, "api")
    detail(zones)
    wait()
    www, api = {"www": ["www.example.com"]}, {"api": ["api.example.com"]}
    zones.create_container_service(
        serviceName="shop", power="nano", scale=1, publicDomainNames={**www, "old": []}
    )
    assert domain_names(zones) == www
    update = zones.update_container_service

    update(serviceName="shop", publicDomainNames=api)
    update(serviceName="shop", publicDomainNames={})
    update(serviceName="shop", scale=2)
    assert domain_names(zones) == {**www, **api}
    said = refused(zones.delete_certificate, certificateName="www")
    assert said == ("InvalidInputException", 'The certificate "www" is in use by "shop".')

    update(serviceName="shop", publicDomainNames={"www": []})
    assert domain_names(zones) == api
    zones.delete_certificate(certificateName="www")

    zones.delete_container_service(serviceName="shop")
    wait()
    zones.delete_certificate(certificateName="api")
    assert zones.get_certificates()["certificates"] == []


def test_entries_that_conflict_are_refused(zones: Any) -> None:
    write(zones)

    assert "conflicts" in refused(write, api=zones)[1]
    assert "conflicts" in refused(write, api=zones, type="TXT")[1]
    assert "is not valid" in refused(write, api=zones, name="www.example.net")[1]
    assert "is not valid" in refused(write, api=zones, type="PTR")[1]
    write(zones, name="example.com", type="TXT", target='"a"')
    write(zones, name="example.com", type="TXT", target='"b"')
    write(zones, name="example.com", type="A", target="192.0.2.1")


def test_a_second_address_may_be_taken_and_a_text_that_is_there_refused(
    zones: Any, server: LightsailServer
) -> None:
    server.behaviour.second_alias, server.behaviour.same_txt = "accepted", "refused"
    text = {"name": "example.com", "type": "TXT", "target": '"a"'}
    write(zones, **text)

    assert "conflicts" in refused(write, api=zones, **text)[1]
    write(zones, type="A", target="192.0.2.1")
    write(zones, type="A", target="192.0.2.1")
    assert len(entries(zones)) == 3


def test_entries_may_be_shown_in_another_form_than_they_were_written(
    zones: Any, server: LightsailServer
) -> None:
    write(zones, name="WWW.example.com")
    write(zones, name="example.com", type="TXT", target='"a"')
    server.behaviour.order, server.behaviour.shown_entries = "oldest_first", "with_dots"
    found = entries(zones)

    assert [(one["name"], one["target"]) for one in found] == [
        ("www.example.com.", "a.example.net."),
        ("example.com.", "a"),
    ]
    for one in found:
        zones.delete_domain_entry(domainName="example.com", domainEntry=one)
    assert entries(zones) == []


def test_an_entry_may_be_deleted_by_its_id(zones: Any, server: LightsailServer) -> None:
    server.behaviour.delete_entry_by = "id"
    write(zones)
    (entry,) = entries(zones)
    delete = zones.delete_domain_entry

    wrong = {**entry, "id": "another"}
    assert refused(delete, domainName="example.com", domainEntry=wrong)[0] == "NotFoundException"
    delete(domainName="example.com", domainEntry={**entry, "target": "b.example.net"})
    assert entries(zones) == []


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
    assert refused(write, api=zones)[0] == "NotFoundException"


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
