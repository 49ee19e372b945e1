"""The validation of a certificate: its records, its states, and what is taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cdk_lightsail_containers_handler.properties.domains import CERTIFICATE_VALIDATION_TYPE
from deployment_requests import FakeLambda
from lightsail_local.server import Fault


def marked(name: str) -> str:
    return f"_cdk-lightsail-containers.{name}"


def expected(records: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Each record of a certificate, and its mark."""
    names = [one["name"].rstrip(".") for one in records]
    return sorted([*((one, "CNAME") for one in names), *((marked(one), "TXT") for one in names)])


def test_writes_the_record_waits_and_answers_the_arn(domains: Any) -> None:
    answer = domains.send("Create")

    assert answer["Status"] == "SUCCESS", answer
    assert answer["PhysicalResourceId"] == "www-example-com"
    assert ":Certificate/" in answer["Data"]["CertificateArn"]
    assert domains.entries() == expected(domains.records())


def test_writes_the_records_of_each_name_of_a_certificate(domains: Any) -> None:
    domains.request_certificate("both", "example.com", "api.example.com")

    assert domains.send("Create", name="both")["Status"] == "SUCCESS"
    assert domains.entries() == expected(domains.records("both"))
    assert len(domains.records("both")) == 2


def test_writes_nothing_twice(domains: Any) -> None:
    event = domains.event("Create")
    domains.stack.send(event)
    before = domains.entries()

    assert domains.stack.send(event)["Status"] == "SUCCESS"
    assert domains.entries() == before


def test_a_delete_removes_the_records_and_their_marks(domains: Any) -> None:
    domains.send("Create")

    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == []
    assert domains.send("Delete")["Status"] == "SUCCESS"


def test_an_update_keeps_the_records(domains: Any) -> None:
    domains.send("Create")
    before = domains.entries()
    domains.stack.becomes("UPDATE_IN_PROGRESS")

    assert domains.send("Update")["Status"] == "SUCCESS"
    assert domains.entries() == before


def test_a_record_that_was_there_before_stays(domains: Any) -> None:
    (record,) = domains.records()
    name = record["name"].rstrip(".")
    domains.write(name, record["value"])

    assert domains.send("Create")["Status"] == "SUCCESS"
    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == [(name, "CNAME")]


def test_a_record_that_was_changed_since_stays(in_route53: Any) -> None:
    in_route53.send("Create")
    (record,) = in_route53.records()
    for one in in_route53.route53.sets:
        one["ttl"] = "60"

    assert in_route53.send("Delete")["Status"] == "SUCCESS"
    assert in_route53.entries() == [(record["name"].rstrip("."), "CNAME")]


def test_a_record_with_another_target_stays(domains: Any) -> None:
    domains.send("Create")
    (record,) = domains.records()
    name = record["name"].rstrip(".")
    if domains.zone.get("HostedZoneId"):
        domains.route53.sets = [s for s in domains.route53.sets if s["type"] == "TXT"]
    else:
        zone = domains.api.get_domain(domainName="example.com")["domain"]["domainEntries"]
        old = next(one for one in zone if one["type"] == "CNAME")
        domains.api.delete_domain_entry(domainName="example.com", domainEntry=old)
    domains.write(name, "elsewhere.example.net")

    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == [(name, "CNAME")]


def test_a_name_with_another_record_fails_and_says_which(domains: Any) -> None:
    (record,) = domains.records()
    name = record["name"].rstrip(".")
    domains.write(name, "elsewhere.example.net")

    answer = domains.send("Create")

    assert answer["Status"] == "FAILED"
    assert f"'{name}' already has the record CNAME elsewhere.example.net" in answer["Reason"]
    assert answer["Reason"].endswith(": remove it from the zone, or use another domain name")


def test_keeps_a_record_that_another_certificate_needs(domains: Any) -> None:
    domains.send("Create")
    domains.request_certificate("next", "www.example.com", "api.example.com")
    domains.send("Create", name="next")

    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == expected(domains.records("next"))

    domains.api.delete_certificate(certificateName="www-example-com")
    assert domains.send("Delete", name="next")["Status"] == "SUCCESS"
    assert domains.entries() == []


def test_keeps_the_records_that_another_resource_of_the_stack_stands_for(domains: Any) -> None:
    domains.send("Create")
    domains.stack.becomes("UPDATE_IN_PROGRESS")
    domains.stack.lists(
        "www-example-com", "CREATE_COMPLETE", name="Renamed", kind=CERTIFICATE_VALIDATION_TYPE
    )

    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == expected(domains.records())


def test_the_certificate_itself_does_not_stand_for_the_records(domains: Any) -> None:
    domains.send("Create")
    domains.stack.becomes("UPDATE_IN_PROGRESS")
    domains.stack.lists(
        "www-example-com", "CREATE_COMPLETE", name="Site", kind="AWS::Lightsail::Certificate"
    )

    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == []


def test_a_failed_certificate_fails_with_the_reason_of_lightsail(domains: Any) -> None:
    domains.lightsail.failure = "CAA_ERROR: a CAA record does not allow Amazon"

    answer = domains.send("Create")

    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == "www-example-com"
    assert "certificate 'www-example-com' is FAILED: CAA_ERROR: a CAA record" in answer["Reason"]
    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == []


def test_a_certificate_that_fails_after_its_records_were_written_leaves_none(domains: Any) -> None:
    def fail() -> None:
        if domains.entries():
            domains.lightsail.failure = "VERIFICATION_REQUIRED"
        domains.stack.before["GetCertificates"] = fail

    domains.stack.before["GetCertificates"] = fail

    assert domains.send("Create")["Status"] == "FAILED"
    assert domains.entries() != []
    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == []


def test_a_missing_certificate_fails(domains: Any) -> None:
    answer = domains.send("Create", name="missing")

    assert answer["Status"] == "FAILED"
    assert "certificate 'missing' does not exist in the account and Region" in answer["Reason"]


def test_waits_for_a_certificate_that_is_not_shown_yet(domains: Any) -> None:
    fault = Fault(operation="GetCertificates", code="NotFoundException", times=3)
    domains.stack.lightsail.faults.append(fault)

    assert domains.send("Create")["Status"] == "SUCCESS"


def test_a_delete_removes_the_records_of_a_certificate_that_reads_do_not_show_yet(
    domains: Any,
) -> None:
    behaviour = domains.stack.lightsail.behaviour
    behaviour.records_seconds = behaviour.certificate_seconds = 0
    domains.send("Create")
    behaviour.stale_domain_seconds = 2
    domains.api.delete_certificate(certificateName="www-example-com")
    domains.stack.time.now += 60
    domains.request_certificate()

    assert domains.send("Delete")["Status"] == "SUCCESS"
    domains.stack.time.now += 60
    assert domains.entries() == []


def test_a_delete_without_the_certificate_keeps_the_records(domains: Any) -> None:
    domains.send("Create")
    before = domains.entries()
    domains.api.delete_certificate(certificateName="www-example-com")

    assert domains.send("Delete")["Status"] == "SUCCESS"
    assert domains.entries() == before


def test_a_delete_without_the_zone_succeeds(in_lightsail: Any) -> None:
    in_lightsail.send("Create")
    in_lightsail.api.delete_domain(domainName="example.com")

    assert in_lightsail.send("Delete")["Status"] == "SUCCESS"


def test_a_delete_with_an_id_of_cloudformation_s_own_removes_the_records(domains: Any) -> None:
    domains.send("Create")

    deleted = domains.send("Delete", PhysicalResourceId="Shop-Validation-1A2B3C")

    assert deleted["Status"] == "SUCCESS"
    assert domains.entries() == []


def test_a_delete_without_properties_deletes_nothing(domains: Any) -> None:
    domains.send("Create")
    before = domains.entries()
    event = domains.event("Delete")
    del event["ResourceProperties"]["CertificateName"]

    assert domains.stack.send(event)["Status"] == "SUCCESS"
    assert domains.entries() == before


def test_a_create_without_a_certificate_has_an_id_of_ours(domains: Any) -> None:
    event = domains.event("Create")
    del event["ResourceProperties"]["CertificateName"]

    answer = domains.stack.send(event)

    assert answer["PhysicalResourceId"] == "LightsailCertificateValidation::NOT_VALIDATED"
    assert "CertificateName is missing from the resource properties" in answer["Reason"]


def test_an_unknown_type_is_refused(domains: Any) -> None:
    event = {**domains.event("Create"), "ResourceType": "Custom::Other"}

    assert "does not know the resource type 'Custom::Other'" in domains.stack.send(event)["Reason"]


def test_hands_over_while_the_certificate_is_pending(in_route53: Any) -> None:
    fake = in_route53.stack.clients["lambda"] = FakeLambda()
    in_route53.stack.lightsail.behaviour.certificate_seconds = 400

    in_route53.stack.handler(in_route53.event("Create"), in_route53.stack.context())

    (payload,) = fake.payloads
    assert in_route53.stack.response.answers == []
    in_route53.stack.time.now += 300
    assert in_route53.stack.send(payload)["Status"] == "SUCCESS"
    assert in_route53.entries() == expected(in_route53.records())


def test_a_certificate_that_is_never_issued_says_what_to_look_at(in_route53: Any) -> None:
    in_route53.stack.clients["lambda"] = FakeLambda()
    in_route53.stack.lightsail.behaviour.certificate_seconds = 9999
    event = in_route53.event("Create")
    event["HandOver"] = {"Count": 14, "Began": in_route53.stack.time.now, "State": {}}

    reason = in_route53.stack.send(event)["Reason"]

    assert "certificate 'www-example-com' was not issued in all the time" in reason
    assert "check that the domain's name servers are those of the zone" in reason


def test_lightsail_that_stops_answering_hands_over(in_route53: Any) -> None:
    fake = in_route53.stack.clients["lambda"] = FakeLambda()
    fault = Fault(operation="GetCertificates", kind="throttle", times=10_000)
    in_route53.stack.lightsail.faults.append(fault)

    in_route53.stack.handler(in_route53.event("Create"), in_route53.stack.context())

    assert len(fake.payloads) == 1


def test_a_delete_hands_over_until_lightsail_answers(domains: Any) -> None:
    fake = domains.stack.clients["lambda"] = FakeLambda()
    domains.send("Create")
    fault = Fault(operation="GetCertificates", kind="throttle", times=10_000)
    domains.stack.lightsail.faults.append(fault)

    domains.stack.handler(domains.event("Delete"), domains.stack.context())

    domains.stack.lightsail.faults.clear()
    (payload,) = fake.payloads
    assert domains.stack.send(payload)["Status"] == "SUCCESS"
    assert domains.entries() == []


@pytest.mark.parametrize(
    ("kind", "fault", "problem", "fix"),
    [
        (
            "Delete",
            Fault(operation="GetCertificates", kind="error", times=10_000),
            "Lightsail did not answer GetCertificates for all certificates in time",
            "deploy again",
        ),
        (
            "Create",
            Fault(operation="GetCertificates", kind="garbage", times=10),
            "answered GetCertificates for certificate 'www-example-com' with something that the",
            "report it with the function's log",
        ),
        (
            "Create",
            Fault(operation="CreateDomainEntry", kind="error", times=10),
            "Lightsail did not answer CreateDomainEntry for the DNS zone 'example.com'",
            "deploy again",
        ),
    ],
)
def test_an_answer_that_does_not_come_is_no_refusal(
    in_lightsail: Any, kind: str, fault: Fault, problem: str, fix: str
) -> None:
    in_lightsail.stack.lightsail.faults.append(fault)
    event = in_lightsail.event(kind)
    event["HandOver"] = {"Count": 14, "Began": in_lightsail.stack.time.now, "State": {}}

    reason = in_lightsail.stack.send(event)["Reason"]

    assert problem in reason
    assert fix in reason


def test_a_call_that_cannot_be_made_says_why(
    in_lightsail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps what it found before
    in_lightsail.stack.handler = in_lightsail.stack.new_handler()

    assert (
        "GetCertificates for certificate 'www-example-com' could not be made (NoCredentialsError)"
        in in_lightsail.send("Create")["Reason"]
    )


def test_leaves_the_records_to_lightsail_if_it_writes_them_itself(in_lightsail: Any) -> None:
    in_lightsail.stack.lightsail.behaviour.validates_itself = True

    assert in_lightsail.send("Create")["Status"] == "SUCCESS"
    (record,) = in_lightsail.records()
    assert in_lightsail.entries() == [(record["name"].rstrip("."), "CNAME")]


def test_writes_the_records_that_lightsail_does_not_get_written(in_route53: Any) -> None:
    in_route53.stack.lightsail.behaviour.validates_itself = True

    assert in_route53.send("Create")["Status"] == "SUCCESS"
    assert in_route53.entries() == expected(in_route53.records())


def test_a_cancelled_create_removes_what_it_has_written(domains: Any) -> None:
    def cancel() -> None:
        if domains.entries():
            domains.stack.lists(
                "www-example-com",
                "CREATE_COMPLETE",
                name="Site",
                kind="AWS::Lightsail::Certificate",
            )
            domains.stack.becomes("ROLLBACK_IN_PROGRESS")
        else:
            domains.stack.before["GetCertificates"] = cancel

    domains.stack.before["GetCertificates"] = cancel

    domains.send("Create")

    assert domains.entries() == []


def test_a_cancelled_create_writes_nothing(domains: Any) -> None:
    domains.stack.before["GetCertificates"] = lambda: domains.stack.becomes("ROLLBACK_IN_PROGRESS")

    answer = domains.send("Create")

    assert answer["Status"] == "FAILED"
    assert "CloudFormation cancelled the request before a record was written" in answer["Reason"]
    assert domains.entries() == []


@pytest.mark.parametrize("error", ["lost", "InvalidChangeBatch", "PriorRequestNotComplete"])
def test_looks_again_when_the_zone_refuses_or_an_answer_is_lost(
    in_route53: Any, error: str
) -> None:
    in_route53.route53.errors = ["", "", error]

    assert in_route53.send("Create")["Status"] == "SUCCESS"
    assert in_route53.entries() == expected(in_route53.records())
    assert in_route53.send("Delete")["Status"] == "SUCCESS"
    assert in_route53.entries() == []


@pytest.mark.parametrize("kind", ["reset_after", "reset_before"])
def test_an_entry_whose_answer_is_lost_is_written_once(in_lightsail: Any, kind: Any) -> None:
    in_lightsail.stack.lightsail.faults.append(Fault(operation="CreateDomainEntry", kind=kind))

    assert in_lightsail.send("Create")["Status"] == "SUCCESS"
    assert in_lightsail.entries() == expected(in_lightsail.records())


def test_a_zone_that_goes_on_refusing_fails_with_its_words(in_route53: Any) -> None:
    in_route53.route53.errors = ["", "", "InvalidChangeBatch"] * 5

    answer = in_route53.send("Create")

    assert answer["Status"] == "FAILED"
    assert "refused ChangeResourceRecordSets for the hosted zone" in answer["Reason"]


def test_a_zone_that_refuses_until_the_end_is_left_to_the_next_invocation(in_route53: Any) -> None:
    fake = in_route53.stack.clients["lambda"] = FakeLambda()
    in_route53.stack.seconds = 33
    in_route53.route53.errors = ["", "", "InvalidChangeBatch"] * 5

    in_route53.stack.handler(in_route53.event("Create"), in_route53.stack.context())

    assert len(fake.payloads) == 1


def test_a_zone_that_is_not_there_fails(domains: Any) -> None:
    for key in domains.zone:
        domains.zone[key] = "Z9" if key == "HostedZoneId" else "example.net"

    answer = domains.send("Create")

    assert answer["Status"] == "FAILED"
    assert "refused ListResourceRecordSets" in answer["Reason"] or "GetDomain" in answer["Reason"]
    assert "correct" in answer["Reason"]


def test_a_role_without_the_permission_fails_and_names_the_action(in_route53: Any) -> None:
    in_route53.route53.errors = ["AccessDenied"] * 50

    answer = in_route53.send("Create")

    assert "route53:ListResourceRecordSets on the hosted zone" in answer["Reason"]


def test_other_records_of_the_zone_are_left_alone(domains: Any) -> None:
    domains.write("www.example.com", "elsewhere.example.net")
    domains.write("zzz.example.com", "elsewhere.example.net")

    domains.send("Create")
    domains.send("Delete")

    assert domains.entries() == [("www.example.com", "CNAME"), ("zzz.example.com", "CNAME")]


def test_an_issued_certificate_gets_its_records_too(in_route53: Any) -> None:
    (record,) = in_route53.records()
    name = record["name"].rstrip(".")
    in_route53.write(name, record["value"])
    in_route53.records()
    in_route53.records()
    in_route53.route53.sets.clear()

    assert in_route53.send("Create")["Status"] == "SUCCESS"
    assert in_route53.entries() == expected([record])


def test_an_alias_of_the_name_is_another_record(in_route53: Any) -> None:
    (record,) = in_route53.records()
    in_route53.route53.sets.append(
        {"name": record["name"], "type": "A", "ttl": None, "values": [], "alias": "a.example.net."}
    )

    reason = in_route53.send("Create")["Reason"]

    assert "already has the record A a.example.net" in reason


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"HostedZoneId": "Z 1"}, "HostedZoneId must be the id of a hosted zone"),
        ({"HostedZoneId": None}, "the resource needs HostedZoneId or LightsailDomainName"),
        ({"LightsailDomainName": "example.com"}, "HostedZoneId or LightsailDomainName, one of"),
        ({"CertificateName": "-"}, "CertificateName must be 2-255 letters"),
    ],
)
def test_wrong_properties_fail_with_the_rule(
    in_route53: Any, changes: dict[str, Any], rule: str
) -> None:
    event = in_route53.event("Create")
    properties = {**event["ResourceProperties"], **changes}
    event["ResourceProperties"] = {
        name: value for name, value in properties.items() if value is not None
    }

    assert rule in in_route53.stack.send(event)["Reason"]


def test_pages_of_certificates_are_all_read(
    in_route53: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_route53.send("Create")
    in_route53.request_certificate("next", "www.example.com")
    in_route53.records("next")
    domains = in_route53.lightsail
    whole: Callable[[Any], Any] = domains.operations["GetCertificates"]

    def paged(parameters: Any) -> Any:
        found = whole({key: one for key, one in parameters.items() if key != "pageToken"})
        if "certificateName" in parameters:
            return found
        page = int(parameters.get("pageToken", "0"))
        token = {"nextPageToken": str(page + 1)} if page == 0 else {}
        return {"certificates": found["certificates"][page : page + 1], **token}

    server = in_route53.stack.lightsail.lightsail
    monkeypatch.setitem(server._operations, "GetCertificates", paged)

    assert in_route53.send("Delete")["Status"] == "SUCCESS"
    assert in_route53.entries() == expected(in_route53.records())
