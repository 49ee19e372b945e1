"""What CloudFormation refuses in the properties of Lightsail's resource types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.engine.resource_schemas import SCHEMAS
from lightsail_local.server import LightsailServer

CONTAINER, CERTIFICATE, DOMAIN = (
    f"AWS::Lightsail::{name}" for name in ("Container", "Certificate", "Domain")
)
REQUIRED: dict[str, dict[str, Any]] = {
    CONTAINER: {"ServiceName": "shop", "Power": "nano", "Scale": 1},
    CERTIFICATE: {"CertificateName": "shop", "DomainName": "www.example.com"},
    DOMAIN: {"DomainName": "example.com"},
}
NAMES = (f"refused-{number}" for number in count())


@pytest.fixture(scope="module")
def lightsail() -> Iterator[LightsailServer]:
    with LightsailServer(Behaviour(service_seconds=0.05)) as server:
        yield server


def template(resource_type: str, **properties: Any) -> str:
    given = REQUIRED[resource_type] | properties
    kept = {name: value for name, value in given.items() if value is not None}
    return json.dumps({"Resources": {"It": {"Type": resource_type, "Properties": kept}}})


def containers(**container: Any) -> dict[str, Any]:
    given = {"ContainerName": "web", "Image": "nginx"} | container
    return {"ContainerServiceDeployment": {"Containers": [given]}}


def endpoint(**given: Any) -> dict[str, Any]:
    return {"ContainerServiceDeployment": {"PublicEndpoint": given}}


IN_ENDPOINT = "#/ContainerServiceDeployment/PublicEndpoint"
IN_CONTAINER = "#/ContainerServiceDeployment/Containers/0"
ROLE = "#/PrivateRegistryAccess/EcrImagePullerRole"


@pytest.mark.parametrize(
    ("resource_type", "properties", "problem"),
    [
        (CONTAINER, {"Scale": None}, "#: required key [Scale] not found"),
        (CERTIFICATE, {"DomainName": None}, "#: required key [DomainName] not found"),
        (CONTAINER, {"Tags": [{"Value": "a"}]}, "#/Tags/0: required key [Key] not found"),
        (
            CONTAINER,
            {"PrivateRegistryAcces": {}},
            "#: extraneous key [PrivateRegistryAcces] is not permitted",
        ),
        (CONTAINER, {"Url": "https://a"}, "#: extraneous key [Url] is not permitted"),
        (
            CONTAINER,
            {"PrivateRegistryAccess": {"EcrImagePullerRole": {"PrincipalArn": "arn"}}},
            f"{ROLE}: extraneous key [PrincipalArn] is not permitted",
        ),
        (
            CONTAINER,
            containers(Entrypoint="sh"),
            f"{IN_CONTAINER}: extraneous key [Entrypoint] is not permitted",
        ),
        (
            CERTIFICATE,
            {"SubjectAltNames": ["a.example.com"]},
            "#: extraneous key [SubjectAltNames] is not permitted",
        ),
        (DOMAIN, {"Arn": "arn"}, "#: extraneous key [Arn] is not permitted"),
        (
            CONTAINER,
            containers(Command=["sh", "-c", "-c"]),
            f"{IN_CONTAINER}/Command: array items are not unique",
        ),
        (
            CERTIFICATE,
            {"SubjectAlternativeNames": ["1", 1]},
            "#/SubjectAlternativeNames: array items are not unique",
        ),
        (
            CONTAINER,
            {"Power": {"Value": "nano"}},
            "#/Power: expected type: String, found: JSONObject",
        ),
        (CONTAINER, {"Scale": "two"}, "#/Scale: expected type: Integer, found: String"),
        (CONTAINER, {"Scale": 1.5}, "#/Scale: expected type: Integer, found: Double"),
        (CONTAINER, {"Scale": True}, "#/Scale: expected type: Integer, found: Boolean"),
        (CONTAINER, {"IsDisabled": 1}, "#/IsDisabled: expected type: Boolean, found: Integer"),
        (CONTAINER, {"IsDisabled": "no"}, "#/IsDisabled: expected type: Boolean, found: String"),
        (
            CONTAINER,
            containers(Command="run"),
            f"{IN_CONTAINER}/Command: expected type: JSONArray, found: String",
        ),
        (
            CONTAINER,
            endpoint(HealthCheckConfig=[]),
            f"{IN_ENDPOINT}/HealthCheckConfig: expected type: JSONObject, found: JSONArray",
        ),
        (CONTAINER, {"Scale": 0}, "#/Scale: failed validation constraint for keyword [minimum]"),
        (
            CONTAINER,
            {"Scale": "21"},
            "#/Scale: failed validation constraint for keyword [maximum]",
        ),
        (
            CONTAINER,
            {"ServiceName": "SHOP"},
            "#/ServiceName: failed validation constraint for keyword [pattern]",
        ),
        (
            CONTAINER,
            {"ServiceName": "a" * 64},
            "#/ServiceName: expected maxLength: 63, actual: 64",
        ),
        (
            CERTIFICATE,
            {"Tags": [{"Key": ""}]},
            "#/Tags/0/Key: expected minLength: 1, actual: 0",
        ),
        (
            DOMAIN,
            {"DomainEntries": [{"Name": "a", "Type": "PTR", "Target": "b"}]},
            "#/DomainEntries/0/Type: failed validation constraint for keyword [enum]",
        ),
        (
            CONTAINER,
            {"Power": None, "Scale": []},
            "#: required key [Power] not found\n#/Scale: expected type: Integer, found: JSONArray",
        ),
    ],
)
def test_is_said_in_its_words_before_anything_is_made(
    stacks: Any,
    lightsail: LightsailServer,
    resource_type: str,
    properties: dict[str, Any],
    problem: str,
) -> None:
    stack, before = next(NAMES), len(lightsail.requests)

    assert stacks.create(stack, template(resource_type, **properties)) == "ROLLBACK_COMPLETE"

    assert stacks.reason(stack, resource="It") == (
        f"Properties validation failed for resource It with message: {problem}"
    )
    assert len(lightsail.requests) == before


def test_fails_an_update_before_anything_changes(
    stacks: Any, api: Any, lightsail: LightsailServer
) -> None:
    name = {"ServiceName": "updated"}
    stacks.create("updated", template(CONTAINER, **name))
    before = len(lightsail.requests)

    status = stacks.update("updated", template(CONTAINER, **name, Power="micro", Foo="a"))

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("updated", "UPDATE_FAILED", "It") == (
        "Properties validation failed for resource It with message: "
        "#: extraneous key [Foo] is not permitted"
    )
    assert len(lightsail.requests) == before
    (service,) = api.get_container_services(serviceName="updated")["containerServices"]
    assert service["power"] == "nano"


def test_is_not_what_can_be_read_as_the_type(stacks: Any, api: Any) -> None:
    given = {
        "ServiceName": "coerced",
        "Scale": "2",
        "IsDisabled": "False",
        "Tags": [{"Key": "year", "Value": 2026}],
    }
    deployment = {
        "Containers": [
            {
                "ContainerName": "web",
                "Image": "nginx",
                "Command": ["sleep", 5],
                "Environment": [{"Variable": "DEBUG", "Value": True}],
                "Ports": [{"Port": 80, "Protocol": "HTTP"}],
            }
        ],
        "PublicEndpoint": {"ContainerName": "web", "ContainerPort": "80"},
    }
    body = template(CONTAINER, **given, ContainerServiceDeployment=deployment)

    assert stacks.create("coerced", body) == "CREATE_COMPLETE"

    (service,) = api.get_container_services(serviceName="coerced")["containerServices"]
    assert (service["scale"], service["isDisabled"]) == (2, False)
    assert service["tags"] == [{"key": "year", "value": "2026"}]
    container = (service.get("nextDeployment") or service["currentDeployment"])["containers"]["web"]
    assert container["command"] == ["sleep", "5"]
    assert container["environment"] == {"DEBUG": "true"}
    assert container["ports"] == {"80": "HTTP"}


@pytest.mark.parametrize(
    "given",
    [
        containers(ContainerName=None),
        containers(Environment=[{"Value": "a"}]),
        containers(Ports=[{"Protocol": "HTTP"}]),
        endpoint(ContainerName="web"),
        {"PublicDomainNames": [{"DomainNames": ["a.example.com"]}]},
    ],
)
def test_is_not_what_only_lightsail_needs(stacks: Any, given: dict[str, Any]) -> None:
    stack = next(NAMES)
    without_none = json.loads(
        template(CONTAINER, **given, ServiceName=stack),
        object_pairs_hook=lambda pairs: {name: one for name, one in pairs if one is not None},
    )

    assert stacks.create(stack, json.dumps(without_none)) == "ROLLBACK_COMPLETE"

    assert stacks.reason(stack, resource="It").startswith("Resource handler returned message: ")


@pytest.mark.parametrize("resource_type", SCHEMAS)
def test_is_what_aws_publishes(resource_type: str) -> None:
    # cfn-lint has all schemas as they are published, and adds some facts.
    published = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    read_only = {path.removeprefix("/properties") for path in published["readOnlyProperties"]}

    assert SCHEMAS[resource_type] == settable(published, published, read_only, "")


def settable(
    schema: dict[str, Any], published: dict[str, Any], read_only: set[str], path: str
) -> dict[str, Any]:
    """Give what a published schema says of the properties that a template may set."""
    if "$ref" in schema:
        schema = published["definitions"][schema["$ref"].rpartition("/")[2]]
    if "properties" in schema:
        # All of them take only what they list.
        assert schema["additionalProperties"] is False
        properties = {
            name: settable(value, published, read_only, f"{path}/{name}")
            for name, value in schema["properties"].items()
            if f"{path}/{name}" not in read_only
        }
        required = schema.get("required", [])
        return {"type": "object", "required": required, "properties": properties}
    if "items" in schema:
        items = settable(schema["items"], published, read_only, f"{path}/*")
        return {"type": "array", "uniqueItems": schema["uniqueItems"], "items": items}
    ignored = {"description", "format"}
    if path == "/Power":
        # cfn-lint's: AWS's schema takes any string, and Lightsail refuses it.
        ignored.add("enum")
    return {name: value for name, value in schema.items() if name not in ignored}
