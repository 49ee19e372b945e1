"""`AWS::Lightsail::Certificate` in stacks, and what the engine's Route 53 says of a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lightsail_local.engine.engine import Engine
from lightsail_local.engine.route53 import find_cname
from lightsail_local.server import Fault, LightsailServer


@pytest.fixture(scope="module")
def lightsail() -> Iterator[LightsailServer]:
    with LightsailServer() as server:
        yield server


def template(name: str, *domains: str, tag: str = "1") -> str:
    first, *others = domains or ("www.example.com",)
    properties = {
        "CertificateName": name,
        "DomainName": first,
        "SubjectAlternativeNames": others,
        "Tags": [{"Key": "a", "Value": tag}],
    }
    outputs = {
        "Ref": {"Value": {"Ref": "Certificate"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Certificate", "CertificateArn"]}},
        "Status": {"Value": {"Fn::GetAtt": ["Certificate", "Status"]}},
    }
    resource = {"Type": "AWS::Lightsail::Certificate", "Properties": properties}
    return json.dumps({"Resources": {"Certificate": resource}, "Outputs": outputs})


def names(api: Any) -> list[str]:
    return [one["certificateName"] for one in api.get_certificates()["certificates"]]


def outputs(stacks: Any, stack: str) -> dict[str, str]:
    described = stacks.client.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in described}


def test_is_created_pending_updated_replaced_and_deleted(stacks: Any, api: Any) -> None:
    stacks.create("one", template("first"))

    found = outputs(stacks, "one")
    assert (found["Ref"], found["Status"]) == ("first", "PENDING_VALIDATION")
    assert ":Certificate/" in found["Arn"]

    assert stacks.update("one", template("first", tag="2")) == "UPDATE_COMPLETE"
    assert names(api) == ["first"]

    assert stacks.update("one", template("second", "a.example.com")) == "UPDATE_COMPLETE"
    assert names(api) == ["second"]

    api.delete_certificate(certificateName="second")
    stacks.delete("one")
    assert names(api) == []


def test_is_deleted_with_its_stack(stacks: Any, api: Any) -> None:
    stacks.create("three", template("third"))

    stacks.delete("three")

    assert names(api) == []


def test_a_name_that_is_taken_fails(stacks: Any, api: Any) -> None:
    api.create_certificate(certificateName="taken", domainName="www.example.com")

    assert stacks.create("two", template("taken")) == "ROLLBACK_COMPLETE"
    assert names(api) == ["taken"]
    api.delete_certificate(certificateName="taken")


def test_a_certificate_that_lightsail_refuses_fails(
    stacks: Any, api: Any, lightsail: LightsailServer
) -> None:
    lightsail.faults.append(Fault(operation="CreateCertificate", kind="denied"))

    assert stacks.create("four", template("fourth")) == "ROLLBACK_COMPLETE"
    assert names(api) == []


def test_is_imported(stacks: Any, api: Any) -> None:
    api.create_certificate(certificateName="before", domainName="www.example.com")
    (found,) = api.get_certificates(certificateName="before")["certificates"]
    made = json.loads(template("before"))
    wanted = {**made["Resources"]["Certificate"], "DeletionPolicy": "Retain"}
    bare = json.dumps({"Resources": {"Certificate": wanted}})

    assert stacks.adopt("five", bare, CertificateName="before") == "IMPORT_COMPLETE"

    assert stacks.update("five", json.dumps(made)) == "UPDATE_COMPLETE"
    assert outputs(stacks, "five")["Arn"] == found["certificateArn"]
    stacks.delete("five")
    assert "was not found" in stacks.adopt("six", bare, CertificateName="before")


def test_the_engine_s_route_53_says_where_a_name_leads(engine: Engine, stacks: Any) -> None:
    client = stacks.service("route53")
    for number in range(2):
        zone = client.create_hosted_zone(Name="example.com", CallerReference=str(number))
    record = {
        "Name": "a.example.com",
        "Type": "CNAME",
        "TTL": 60,
        "ResourceRecords": [{"Value": "b.example.net"}],
    }
    client.change_resource_record_sets(
        HostedZoneId=zone["HostedZone"]["Id"],
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )
    client.close()

    found = [
        find_cname(engine, "000000000000", name)
        for name in ("a.example.com", "c.example.com", "a.example.net")
    ]

    assert found == ["b.example.net", None, None]
