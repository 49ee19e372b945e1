"""`AWS::Lightsail::Domain` in stacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from lightsail_local.engine.engine import Engine
from lightsail_local.server import Fault, LightsailServer


@pytest.fixture(scope="module")
def lightsail() -> Iterator[LightsailServer]:
    with LightsailServer() as server:
        yield server


@pytest.fixture(scope="module")
def engine(lightsail: LightsailServer, measured: dict[str, str]) -> Iterator[Engine]:
    with Engine(lightsail.url, environment=measured) as engine:
        yield engine


@pytest.fixture(scope="module")
def api(lightsail: LightsailServer) -> Iterator[Any]:
    session = boto3.Session("000000000000", "local", region_name="us-east-1")
    client = session.client("lightsail", endpoint_url=lightsail.url)
    yield client
    client.close()


def template(name: str, tag: str = "1") -> str:
    properties = {"DomainName": name, "Tags": [{"Key": "a", "Value": tag}]}
    outputs = {
        "Ref": {"Value": {"Ref": "Domain"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Domain", "Arn"]}},
    }
    resource = {"Type": "AWS::Lightsail::Domain", "Properties": properties}
    return json.dumps({"Resources": {"Domain": resource}, "Outputs": outputs})


def is_there(api: Any, name: str) -> bool:
    try:
        api.get_domain(domainName=name)
    except api.exceptions.NotFoundException:
        return False
    return True


def test_is_created_updated_replaced_and_deleted(stacks: Any, api: Any) -> None:
    stacks.create("one", template("example.com"))
    described = stacks.client.describe_stacks(StackName="one")["Stacks"][0]["Outputs"]
    found = {output["OutputKey"]: output["OutputValue"] for output in described}
    assert found["Ref"] == "example.com"
    assert ":Domain/" in found["Arn"]

    assert stacks.update("one", template("example.com", "2")) == "UPDATE_COMPLETE"
    assert stacks.update("one", template("example.net")) == "UPDATE_COMPLETE"
    assert not is_there(api, "example.com")

    stacks.delete("one")
    assert not is_there(api, "example.net")


def test_one_that_is_gone_already_is_deleted(stacks: Any, api: Any) -> None:
    stacks.create("two", template("example.com"))
    api.delete_domain(domainName="example.com")

    stacks.delete("two")


def test_a_name_that_is_taken_fails(stacks: Any, api: Any) -> None:
    api.create_domain(domainName="example.org")

    assert stacks.create("three", template("example.org")) == "ROLLBACK_COMPLETE"
    assert is_there(api, "example.org")
    api.delete_domain(domainName="example.org")


def test_a_zone_that_lightsail_refuses_fails(
    stacks: Any, api: Any, lightsail: LightsailServer
) -> None:
    lightsail.faults.append(Fault(operation="CreateDomain", kind="denied"))

    assert stacks.create("four", template("example.com")) == "ROLLBACK_COMPLETE"
    assert not is_there(api, "example.com")


def test_is_imported(stacks: Any, api: Any) -> None:
    api.create_domain(domainName="example.info")
    made = json.loads(template("example.info"))
    wanted = {**made["Resources"]["Domain"], "DeletionPolicy": "Retain"}
    bare = json.dumps({"Resources": {"Domain": wanted}})

    assert stacks.adopt("imported", bare, DomainName="example.info") == "IMPORT_COMPLETE"

    assert stacks.delete("imported") == "DELETE_COMPLETE"
    assert is_there(api, "example.info")
