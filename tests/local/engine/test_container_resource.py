import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer
from patience import wait_until

CONTAINERS = [
    {
        "ContainerName": "web",
        "Image": "nginx:latest",
        "Command": ["run"],
        "Environment": [{"Variable": "MODE", "Value": "live"}],
        "Ports": [{"Port": "80", "Protocol": "HTTP"}],
    }
]
HEALTH_CHECK = {
    "Path": "/up",
    "SuccessCodes": "200",
    "TimeoutSeconds": "3",
    "IntervalSeconds": 5,
    "HealthyThreshold": 2,
    "UnhealthyThreshold": 2,
}
ENDPOINT = {"ContainerName": "web", "ContainerPort": "80", "HealthCheckConfig": HEALTH_CHECK}
DEPLOYMENT = {"Containers": CONTAINERS, "PublicEndpoint": ENDPOINT}


@pytest.fixture(scope="module")
def lightsail() -> Iterator[LightsailServer]:
    behaviour = Behaviour(service_seconds=0.05, deployment_seconds=0.3, container_services=99)
    with LightsailServer(behaviour) as server:
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


def wait_until_settled(api: Any, name: str) -> None:
    wait_until(lambda: service(api, name)["state"] in ("READY", "RUNNING"))


def writes(lightsail: LightsailServer, before: int) -> list[str]:
    """Give the operations that changed something, after that many requests."""
    operations = (request.operation for request in lightsail.requests[before:])
    return [operation for operation in operations if not operation.startswith("Get")]


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


def test_posts_the_deployment_and_waits_for_it(stacks: Any, api: Any) -> None:
    made = template("deployed", ContainerServiceDeployment=DEPLOYMENT)

    assert stacks.create("deployed", made) == "CREATE_COMPLETE"

    posted = service(api, "deployed")["currentDeployment"]
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


def test_a_deployment_that_fails_fails_nothing_and_is_made_again(
    stacks: Any, api: Any, lightsail: LightsailServer
) -> None:
    lightsail.behaviour.failing_images["crashes:1"] = "crash"
    deployment = {"Containers": [{"ContainerName": "web", "Image": "crashes:1"}]}
    made = template("crashes", ContainerServiceDeployment=deployment)

    assert stacks.create("crashes", made) == "CREATE_COMPLETE"
    assert service(api, "crashes")["state"] == "READY"

    lightsail.behaviour.failing_images.clear()
    again = template("crashes", Scale=2, ContainerServiceDeployment=deployment)
    assert stacks.update("crashes", again) == "UPDATE_COMPLETE"
    assert service(api, "crashes")["currentDeployment"]["version"] == 2


def test_deploys_before_the_rest_of_the_service_is_set(
    stacks: Any, api: Any, lightsail: LightsailServer
) -> None:
    before = len(lightsail.requests)
    made = template(
        "ordered",
        IsDisabled=True,
        PrivateRegistryAccess={"EcrImagePullerRole": {"IsActive": True}},
        ContainerServiceDeployment=DEPLOYMENT,
    )

    assert stacks.create("ordered", made) == "CREATE_COMPLETE"

    operations = ["CreateContainerService", "CreateContainerServiceDeployment"]
    assert writes(lightsail, before) == [*operations, "UpdateContainerService"]
    (created,) = (r for r in lightsail.requests[before:] if r.operation == operations[0])
    assert "privateRegistryAccess" not in created.parameters
    found = service(api, "ordered")
    assert found["isDisabled"]
    assert found["privateRegistryAccess"]["ecrImagePullerRole"]["isActive"]


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


@pytest.mark.parametrize("access", [{"EcrImagePullerRole": {"IsActive": True}}, None])
def test_turns_off_a_role_that_the_template_does_not_have(
    stacks: Any, api: Any, access: Any
) -> None:
    name = "no-puller-any-more" if access else "no-puller"
    stacks.create(name, template(name, **({"PrivateRegistryAccess": access} if access else {})))
    role = {"ecrImagePullerRole": {"isActive": True}}
    api.update_container_service(serviceName=name, privateRegistryAccess=role)
    wait_until_settled(api, name)

    assert stacks.update(name, template(name, Scale=2)) == "UPDATE_COMPLETE"

    assert service(api, name)["privateRegistryAccess"] == {
        "ecrImagePullerRole": {"isActive": False}
    }


def test_changes_a_service_in_place(stacks: Any, api: Any) -> None:
    stacks.create("changed", template("changed"))
    before = service(api, "changed")

    deployment = {"Containers": CONTAINERS}
    changed = template("changed", Power="micro", ContainerServiceDeployment=deployment)
    assert stacks.update("changed", changed) == "UPDATE_COMPLETE"

    after = service(api, "changed")
    assert after["arn"] == before["arn"]
    assert after["power"] == "micro"
    assert after["currentDeployment"]["containers"]["web"]["image"] == "nginx:latest"


def deployment(
    container: dict[str, Any] | None = None,
    check: dict[str, Any] | None = None,
    *,
    port: str = "80",
    **changes: Any,
) -> dict[str, Any]:
    """Give a deployment with another port, container or health check, or with other members."""
    (web,) = CONTAINERS
    web = {**web, "Ports": [{"Port": port, "Protocol": "HTTP"}], **(container or {})}
    health_check = {
        name: value
        for name, value in {**HEALTH_CHECK, **(check or {})}.items()
        if value is not None
    }
    endpoint = {
        "ContainerName": "web",
        "ContainerPort": port,
        "HealthCheckConfig": health_check,
    }
    return {"Containers": [web], "PublicEndpoint": endpoint, **changes}


NO_ENDPOINT = {"Containers": CONTAINERS}
NO_CHECK = deployment(PublicEndpoint={"ContainerName": "web", "ContainerPort": 80})


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        (deployment(), deployment(), 0),
        (deployment({"Command": ["a", "b"]}), deployment({"Command": ["b", "a"]}), 0),
        (deployment(), deployment(check={"Path": None, "SuccessCodes": None}), 0),
        (NO_ENDPOINT, NO_ENDPOINT, 0),
        (deployment(), deployment({"Image": "nginx:1"}), 1),
        (deployment(), deployment({"Command": ["walk"]}), 1),
        (deployment(), deployment({"Environment": []}), 1),
        (deployment(), deployment(check={"Path": "/down"}), 1),
        (deployment(), NO_ENDPOINT, 1),
        # These AWS's handler takes for another one in each update.
        (NO_CHECK, NO_CHECK, 1),
        (
            deployment(check={"IntervalSeconds": None}),
            deployment(check={"IntervalSeconds": None}),
            1,
        ),
        (deployment(port="8080"), deployment(port="8080"), 1),
    ],
)
def test_deploys_what_is_not_the_current_deployment(
    stacks: Any, lightsail: LightsailServer, old: Any, new: Any, count: int, request: Any
) -> None:
    name = f"compared-{request.node.callspec.indices['old']}"
    stacks.create(name, template(name, ContainerServiceDeployment=old))
    before = len(lightsail.requests)

    changed = template(name, Scale=2, ContainerServiceDeployment=new)
    assert stacks.update(name, changed) == "UPDATE_COMPLETE"

    deployments = ["CreateContainerServiceDeployment"] * count
    assert writes(lightsail, before) == [*deployments, "UpdateContainerService"]


def test_deploys_again_what_another_deployment_has_replaced(stacks: Any, api: Any) -> None:
    stacks.create("taken-back", template("taken-back", ContainerServiceDeployment=DEPLOYMENT))
    others = {"other": {"image": "nginx:1"}}
    api.create_container_service_deployment(serviceName="taken-back", containers=others)
    wait_until_settled(api, "taken-back")

    changed = template("taken-back", Scale=2, ContainerServiceDeployment=DEPLOYMENT)
    assert stacks.update("taken-back", changed) == "UPDATE_COMPLETE"

    assert list(service(api, "taken-back")["currentDeployment"]["containers"]) == ["web"]


def test_fails_an_update_of_a_service_that_is_gone(stacks: Any, api: Any) -> None:
    stacks.create("vanished", template("vanished"))
    api.delete_container_service(serviceName="vanished")
    time.sleep(0.3)

    changed = template("vanished", ContainerServiceDeployment=DEPLOYMENT)
    assert stacks.update("vanished", changed) == "UPDATE_ROLLBACK_COMPLETE"

    reason = stacks.reason("vanished", "UPDATE_FAILED", "Service")
    assert reason.endswith("HandlerErrorCode: NotFound)")


@pytest.fixture
def certificates(api: Any, lightsail: LightsailServer) -> Iterator[list[str]]:
    """The names of two certificates that are issued, for `<name>.example.com` each."""
    lightsail.behaviour.records_seconds = lightsail.behaviour.certificate_seconds = 0
    names = ["blog", "shop"]
    api.create_domain(domainName="example.com")
    for name in names:
        api.create_certificate(certificateName=name, domainName=f"{name}.example.com")
    for one in api.get_certificates(includeCertificateDetails=True)["certificates"]:
        (record,) = one["certificateDetail"]["domainValidationRecords"]
        wanted = record["resourceRecord"]
        entry = {"name": wanted["name"].rstrip("."), "type": "CNAME", "target": wanted["value"]}
        api.create_domain_entry(domainName="example.com", domainEntry=entry)
    yield names
    for one in api.get_certificates()["certificates"]:
        api.delete_certificate(certificateName=one["certificateName"])
    api.delete_domain(domainName="example.com")


def with_names(stack: str, *certificates: str, off: str = "") -> str:
    """Return the template of a service with a domain name of each certificate."""
    names = [
        {"CertificateName": one, "DomainNames": [f"{one}.example.com"]} for one in certificates
    ]
    if off:
        names.append({"CertificateName": off, "DomainNames": []})
    # AWS's handler leaves this one out.
    names.append({"CertificateName": "", "DomainNames": ["www.example.com"]})
    return template(stack, PublicDomainNames=names)


def test_takes_off_the_certificates_of_a_property_that_is_gone(
    stacks: Any, api: Any, lightsail: LightsailServer, certificates: list[str]
) -> None:
    stacks.create("named", with_names("named", *certificates))

    assert stacks.update("named", template("named")) == "UPDATE_COMPLETE"

    updates = [r for r in lightsail.requests if r.operation == "UpdateContainerService"]
    assert updates[-1].parameters["publicDomainNames"] == {"blog": [], "shop": []}
    assert service(api, "named")["publicDomainNames"] == {}
    stacks.delete("named")


@pytest.mark.usefixtures("certificates")
def test_leaves_the_certificate_of_before_attached_unless_it_is_named(
    stacks: Any, api: Any
) -> None:
    attached = {name: [f"{name}.example.com"] for name in ("blog", "shop")}
    stacks.create("moved", with_names("moved", "blog"))

    assert stacks.update("moved", with_names("moved", "shop")) == "UPDATE_COMPLETE"
    assert service(api, "moved")["publicDomainNames"] == attached

    named = template("moved", PublicDomainNames=[])
    assert stacks.update("moved", named) == "UPDATE_COMPLETE"
    assert service(api, "moved")["publicDomainNames"] == attached

    assert stacks.update("moved", with_names("moved", "shop", off="blog")) == "UPDATE_COMPLETE"
    assert service(api, "moved")["publicDomainNames"] == {"shop": ["shop.example.com"]}
    stacks.delete("moved")


def test_changes_tags(stacks: Any, api: Any, lightsail: LightsailServer) -> None:
    stacks.create("tagged", template("tagged"))
    before = len(lightsail.requests)

    tags = [{"Key": "old", "Value": "1"}, {"Key": "team", "Value": "web"}]
    assert stacks.update("tagged", template("tagged", Tags=tags)) == "UPDATE_COMPLETE"
    assert writes(lightsail, before) == ["UpdateContainerService", "TagResource"]

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


def existing(name: str) -> str:
    """Give a template for a service that is there."""
    properties = {"ServiceName": name, "Power": "nano", "Scale": 1}
    resource = {
        "Type": "AWS::Lightsail::Container",
        "DeletionPolicy": "Retain",
        "Properties": properties,
    }
    return json.dumps({"Resources": {"Service": resource}})


def test_is_imported_and_then_updated(stacks: Any, api: Any) -> None:
    api.create_container_service(serviceName="before", power="nano", scale=1)
    before = service(api, "before")["arn"]

    assert stacks.adopt("adopting", existing("before"), ServiceName="before") == "IMPORT_COMPLETE"

    changed = template("before", Scale=2)
    assert stacks.update("adopting", changed) == "UPDATE_COMPLETE"
    assert (service(api, "before")["arn"], service(api, "before")["scale"]) == (before, 2)
    assert outputs(stacks, "adopting")["ContainerArn"] == before


def test_is_imported_with_new_resources_besides(stacks: Any, api: Any) -> None:
    api.create_container_service(serviceName="besides", power="nano", scale=1)
    wait_until_settled(api, "besides")
    before = service(api, "besides")["arn"]
    body = json.loads(existing("besides"))
    body["Resources"]["Thing"] = stacks.resource("besides")

    status = stacks.change("besides", json.dumps(body), "CREATE", ImportExistingResources=True)

    assert (status, stacks.request_types("besides")) == ("CREATE_COMPLETE", ["Create"])
    assert service(api, "besides")["arn"] == before


def test_one_that_is_not_there_is_not_imported(stacks: Any) -> None:
    reason = stacks.adopt("mistaken", existing("nowhere"), ServiceName="nowhere")

    kind = "AWS::Lightsail::Container"
    assert reason == f"Resource of type '{kind}' with identifier 'nowhere' was not found."


def test_a_change_by_hand_is_drift(stacks: Any, api: Any) -> None:
    stacks.create("drifts", template("drifts", Tags=[{"Key": "team", "Value": "web"}]))

    def drift() -> tuple[str, list[str]]:
        found = stacks.client.detect_stack_resource_drift(
            StackName="drifts", LogicalResourceId="Service"
        )["StackResourceDrift"]
        paths = [one["PropertyPath"] for one in found.get("PropertyDifferences", ())]
        return found["StackResourceDriftStatus"], paths

    assert drift() == ("IN_SYNC", [])
    api.update_container_service(serviceName="drifts", scale=3)
    assert drift() == ("MODIFIED", ["/Scale"])
    wait_until_settled(api, "drifts")
    api.delete_container_service(serviceName="drifts")
    time.sleep(0.3)
    assert drift() == ("DELETED", [])
