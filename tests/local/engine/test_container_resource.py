import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer

CONTAINERS = [
    {
        "ContainerName": "web",
        "Image": "nginx:latest",
        "Command": ["run"],
        "Environment": [{"Variable": "MODE", "Value": "live"}],
        "Ports": [{"Port": "80", "Protocol": "HTTP"}],
    }
]
ENDPOINT = {
    "ContainerName": "web",
    "ContainerPort": "80",
    "HealthCheckConfig": {"Path": "/up", "SuccessCodes": "200", "TimeoutSeconds": "3"},
}


@pytest.fixture(scope="module")
def lightsail() -> Iterator[LightsailServer]:
    with LightsailServer(Behaviour(service_seconds=0.15, deployment_seconds=60)) as server:
        yield server


def template(name: str, **properties: Any) -> str:
    properties = {"ServiceName": name, "Power": "nano", "Scale": 1} | properties
    outputs = {
        name: {"Value": {"Fn::GetAtt": ["Service", name]}}
        for name in ("ContainerArn", "Url", "PrincipalArn")
    }
    return json.dumps(
        {
            "Resources": {
                "Service": {"Type": "AWS::Lightsail::Container", "Properties": properties}
            },
            "Outputs": {**outputs, "Ref": {"Value": {"Ref": "Service"}}},
        }
    )


def service(api: Any, name: str) -> Any:
    return api.get_container_services(serviceName=name)["containerServices"][0]


def outputs(stacks: Any, stack: str) -> dict[str, str]:
    described = stacks.client.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in described}


def test_a_stack_and_its_service_tell_the_same_time(stacks: Any, api: Any) -> None:
    stacks.create("times", template("times"))

    stack = stacks.client.describe_stacks(StackName="times")["Stacks"][0]
    # Lightsail tells whole seconds.
    began = stack["CreationTime"].replace(microsecond=0)
    assert began <= service(api, "times")["createdAt"] <= datetime.now(UTC)


def test_creates_a_service_and_waits_until_it_is_ready(stacks: Any, api: Any) -> None:
    tags = [{"Key": "team", "Value": "web"}]

    assert stacks.create("plain", template("plain", Scale="2", Tags=tags)) == "CREATE_COMPLETE"

    created = service(api, "plain")
    assert (created["state"], created["scale"]) == ("READY", 2)
    assert created["tags"] == [{"key": "team", "value": "web"}]
    assert outputs(stacks, "plain") == {
        "Ref": "plain",
        "ContainerArn": created["arn"],
        "Url": created["url"],
        "PrincipalArn": created["principalArn"],
    }


def test_creates_a_service_that_reads_do_not_show_at_once(
    stacks: Any, lightsail: LightsailServer
) -> None:
    lightsail.behaviour.stale_seconds = 0.5
    try:
        assert stacks.create("later", template("later")) == "CREATE_COMPLETE"
    finally:
        lightsail.behaviour.stale_seconds = 0


def test_a_service_that_reads_never_show_fails(stacks: Any, lightsail: LightsailServer) -> None:
    lightsail.behaviour.stale_seconds = 3600
    try:
        status = stacks.create("never", template("never"))
    finally:
        lightsail.behaviour.stale_seconds = 0

    assert status == "ROLLBACK_COMPLETE"


def test_posts_the_deployment_and_does_not_wait_for_it(stacks: Any, api: Any) -> None:
    deployment = {"Containers": CONTAINERS, "PublicEndpoint": ENDPOINT}
    start = time.monotonic()

    status = stacks.create("deployed", template("deployed", ContainerServiceDeployment=deployment))

    assert status == "CREATE_COMPLETE"
    assert time.monotonic() - start < 10
    posted = service(api, "deployed")["nextDeployment"]
    assert posted["state"] == "ACTIVATING"
    assert posted["containers"] == {
        "web": {
            "image": "nginx:latest",
            "command": ["run"],
            "environment": {"MODE": "live"},
            "ports": {"80": "HTTP"},
        }
    }
    endpoint = posted["publicEndpoint"]
    assert (endpoint["containerName"], endpoint["containerPort"]) == ("web", 80)
    assert endpoint["healthCheck"]["path"] == "/up"
    assert endpoint["healthCheck"]["timeoutSeconds"] == 3


def test_creates_a_disabled_service(stacks: Any, api: Any) -> None:
    assert stacks.create("off", template("off", IsDisabled="true")) == "CREATE_COMPLETE"

    assert service(api, "off")["state"] == "DISABLED"


def test_a_disabled_service_stays_so_until_the_template_enables_it(stacks: Any, api: Any) -> None:
    stacks.create("stays-off", template("stays-off", IsDisabled="true"))

    for changes, is_disabled in (({}, True), ({"IsDisabled": "false"}, False)):
        assert (
            stacks.update("stays-off", template("stays-off", Scale=2, **changes))
            == "UPDATE_COMPLETE"
        )
        assert service(api, "stays-off")["isDisabled"] is is_disabled


def test_turns_on_the_role_that_pulls_from_ecr(stacks: Any, api: Any) -> None:
    access = {"EcrImagePullerRole": {"IsActive": True}}
    arn = {"Fn::GetAtt": ["Service", "PrivateRegistryAccess.EcrImagePullerRole.PrincipalArn"]}
    body = json.loads(template("puller", PrivateRegistryAccess=access))
    body["Outputs"] = {"Role": {"Value": arn}}

    assert stacks.create("puller", json.dumps(body)) == "CREATE_COMPLETE"

    role = service(api, "puller")["privateRegistryAccess"]["ecrImagePullerRole"]
    assert role["isActive"]
    assert outputs(stacks, "puller") == {"Role": role["principalArn"]}


def test_changes_a_service_in_place(stacks: Any, api: Any) -> None:
    stacks.create("changed", template("changed"))
    before = service(api, "changed")

    deployment = {"Containers": CONTAINERS}
    changed = template("changed", Power="micro", ContainerServiceDeployment=deployment)
    assert stacks.update("changed", changed) == "UPDATE_COMPLETE"

    after = service(api, "changed")
    assert after["arn"] == before["arn"]
    assert after["power"] == "micro"
    assert after["nextDeployment"]["containers"]["web"]["image"] == "nginx:latest"


def test_changes_the_service_without_a_new_deployment(
    stacks: Any, lightsail: LightsailServer
) -> None:
    deployment = {
        "Containers": CONTAINERS,
        "PublicEndpoint": {"ContainerName": "web", "ContainerPort": 80},
    }
    stacks.create("scaled", template("scaled", ContainerServiceDeployment=deployment))
    before = len(lightsail.requests)

    scaled = template("scaled", Scale=2, ContainerServiceDeployment=deployment)
    assert stacks.update("scaled", scaled) == "UPDATE_COMPLETE"

    operations = {request.operation for request in lightsail.requests[before:]}
    assert operations == {"UpdateContainerService", "GetContainerServices"}


def test_deploys_without_changing_the_service(stacks: Any, lightsail: LightsailServer) -> None:
    stacks.create("same", template("same"))
    before = len(lightsail.requests)

    deployment = {"Containers": CONTAINERS}
    deployed = template("same", ContainerServiceDeployment=deployment)
    assert stacks.update("same", deployed) == "UPDATE_COMPLETE"

    operations = {request.operation for request in lightsail.requests[before:]}
    assert operations == {"CreateContainerServiceDeployment", "GetContainerServices"}


def test_names_the_certificates_whose_domain_names_go(
    stacks: Any, api: Any, lightsail: LightsailServer
) -> None:
    lightsail.behaviour.records_seconds = lightsail.behaviour.certificate_seconds = 0
    api.create_domain(domainName="example.com")
    api.create_certificate(certificateName="cert", domainName="shop.example.com")
    (found,) = api.get_certificates(includeCertificateDetails=True)["certificates"]
    (record,) = found["certificateDetail"]["domainValidationRecords"]
    wanted = record["resourceRecord"]
    entry = {"name": wanted["name"].rstrip("."), "type": "CNAME", "target": wanted["value"]}
    api.create_domain_entry(domainName="example.com", domainEntry=entry)
    names = [{"CertificateName": "cert", "DomainNames": ["shop.example.com"]}]
    stacks.create("named", template("named", PublicDomainNames=names))

    assert stacks.update("named", template("named")) == "UPDATE_COMPLETE"

    updates = [r for r in lightsail.requests if r.operation == "UpdateContainerService"]
    assert updates[-1].parameters["publicDomainNames"] == {"cert": []}


def test_changes_tags_and_nothing_else(stacks: Any, api: Any, lightsail: LightsailServer) -> None:
    stacks.create("tagged", template("tagged"))
    before = len(lightsail.requests)

    tags = [{"Key": "old", "Value": "1"}, {"Key": "team", "Value": "web"}]
    assert stacks.update("tagged", template("tagged", Tags=tags)) == "UPDATE_COMPLETE"
    operations = {request.operation for request in lightsail.requests[before:]}
    assert operations == {"TagResource", "GetContainerServices"}

    tags = [{"Key": "team", "Value": "shop"}]
    assert stacks.update("tagged", template("tagged", Tags=tags)) == "UPDATE_COMPLETE"
    assert service(api, "tagged")["tags"] == [{"key": "team", "value": "shop"}]


def test_removes_tags(stacks: Any, api: Any) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    stacks.create("untagged", template("untagged", Tags=tags))

    assert stacks.update("untagged", template("untagged")) == "UPDATE_COMPLETE"

    assert service(api, "untagged")["tags"] == []


def test_another_name_is_another_service_and_the_old_one_goes_last(
    stacks: Any, lightsail: LightsailServer
) -> None:
    stacks.create("moved", template("moved-1"))
    before = len(lightsail.requests)

    assert stacks.update("moved", template("moved-2")) == "UPDATE_COMPLETE"

    operations = [request.operation for request in lightsail.requests[before:]]
    assert operations.index("CreateContainerService") < operations.index("DeleteContainerService")
    assert outputs(stacks, "moved")["Ref"] == "moved-2"


def test_deletes_the_service_with_the_stack(stacks: Any, api: Any) -> None:
    stacks.create("gone", template("gone"))

    assert stacks.delete("gone") == "DELETE_COMPLETE"

    with pytest.raises(api.exceptions.NotFoundException):
        service(api, "gone")


def test_deleting_a_service_that_is_gone_is_no_failure(stacks: Any, api: Any) -> None:
    stacks.create("lost", template("lost"))
    api.delete_container_service(serviceName="lost")
    time.sleep(0.3)

    assert stacks.delete("lost") == "DELETE_COMPLETE"


def test_fails_and_leaves_alone_what_exists_already(stacks: Any, api: Any) -> None:
    api.create_container_service(serviceName="theirs", power="nano", scale=1)

    assert stacks.create("theirs", template("theirs")) == "ROLLBACK_COMPLETE"

    reason = stacks.reason("theirs", resource="Service")
    assert "Resource of type 'AWS::Lightsail::Container' with identifier 'theirs'" in reason
    assert reason.endswith("HandlerErrorCode: AlreadyExists)")
    assert service(api, "theirs")["state"] in ("PENDING", "READY")


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"Power": "huge"}, "InvalidRequest"),
        (
            {"ContainerServiceDeployment": {"PublicEndpoint": {"ContainerPort": 80}}},
            "InvalidRequest",
        ),
    ],
    ids=["refused by Lightsail", "refused by boto3"],
)
def test_fails_with_lightsails_reason(
    stacks: Any, properties: dict[str, Any], code: str, request: pytest.FixtureRequest
) -> None:
    stack = f"bad-{request.node.callspec.indices['code']}"

    assert stacks.create(stack, template(stack, **properties)) == "ROLLBACK_COMPLETE"

    reason = stacks.reason(stack, resource="Service")
    assert reason.startswith('Resource handler returned message: "')
    assert reason.endswith(f"HandlerErrorCode: {code})")


def test_rollback_deletes_a_service_whose_deployment_is_refused(stacks: Any, api: Any) -> None:
    deployment = {"Containers": [{"ContainerName": "-", "Image": "nginx"}]}
    body = template("half", ContainerServiceDeployment=deployment)

    assert stacks.create("half", body) == "ROLLBACK_COMPLETE"

    assert stacks.statuses("half", "Service")[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    with pytest.raises(api.exceptions.NotFoundException):
        service(api, "half")
