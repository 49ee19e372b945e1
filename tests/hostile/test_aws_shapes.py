"""Answers of AWS of every shape: typed values, or an error of ours; never a wrong deletion."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import example, given
from hypothesis import strategies as st

from cdk_lightsail_containers_handler import main
from cdk_lightsail_containers_handler.aws.calls import Calls
from cdk_lightsail_containers_handler.aws.secret_values import SecretValues
from cdk_lightsail_containers_handler.cloudformation.request import Environment, Request
from cdk_lightsail_containers_handler.cloudformation.stack_status import StackStatus
from cdk_lightsail_containers_handler.deployments.resource import DeploymentResource
from cdk_lightsail_containers_handler.errors import HandlerError
from cdk_lightsail_containers_handler.images.credentials import source_credentials
from cdk_lightsail_containers_handler.images.registration import Registration
from cdk_lightsail_containers_handler.images.removal import ImageRemovals
from cdk_lightsail_containers_handler.lightsail.client import Lightsail
from cdk_lightsail_containers_handler.properties.container_image import (
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DeploymentProperties,
)
from cdk_lightsail_containers_handler.properties.image_source import RegistrySource
from cdk_lightsail_containers_handler.registry.reference import Reference
from fake_time import FakeTime
from json_shapes import changed, values
from resource_properties import DEPLOYED, DIGEST, IMAGES
from silent_log import SilentLog
from stack_requests import STACK_ID
from world.environment import Context

NAME = ImageName(service="shop", label="web", number=1)
_DEPLOYMENT = {
    "version": 1,
    "state": "ACTIVE",
    "createdAt": 1764000000.0,
    "containers": {
        "web": {
            "image": ":shop.web.1",
            "command": ["run"],
            "environment": {"MODE": "live"},
            "ports": {"80": "HTTP"},
        }
    },
    "publicEndpoint": {
        "containerName": "web",
        "containerPort": 80,
        "healthCheck": {"healthyThreshold": 2, "path": "/", "successCodes": "200-499"},
    },
}
_IMAGE = {"image": ":shop.web.1", "digest": DIGEST, "createdAt": 1764000000.0}
ANSWERS: dict[str, dict[str, Any]] = {
    "GetContainerImages": {"containerImages": [_IMAGE]},
    "GetContainerServices": {
        "containerServices": [
            {
                "containerServiceName": "shop",
                "state": "RUNNING",
                "stateDetail": {"code": "CREATING_DEPLOYMENT", "message": "soon"},
                "url": "https://shop.example/",
                "currentDeployment": _DEPLOYMENT,
                "nextDeployment": _DEPLOYMENT,
            }
        ]
    },
    "GetContainerServiceDeployments": {"deployments": [{**_DEPLOYMENT, "state": "FAILED"}]},
    "CreateContainerServiceDeployment": {"containerService": {"nextDeployment": _DEPLOYMENT}},
    "CreateContainerServiceRegistryLogin": {
        "registryLogin": {
            "registry": "111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "username": "AWS",
            "password": "word",
            "expiresAt": 1764000000.0,
        }
    },
    "RegisterContainerImage": {"containerImage": _IMAGE},
    "DeleteContainerImage": {},
    "GetContainerLog": {
        "logEvents": [{"createdAt": 1764000000.0, "message": "no such file"}],
        "nextPageToken": "more",
    },
}


class AnyStack:
    """CloudFormation's client, which answers any value, or nothing at all."""

    def __init__(self, *given: Any) -> None:
        self._given = given

    def describe_stacks(self, **_: Any) -> Any:
        (given,) = self._given
        return given

    def get_paginator(self, _: str) -> Any:
        return self

    paginate = describe_stacks


def stack_of(client: AnyStack, time: FakeTime, kind: str = "Create") -> StackStatus:
    event = {
        "RequestType": kind,
        "ResponseURL": "https://answers.example/?X-Amz-Date=19700101T000000Z",
        "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/7e2f",
        "LogicalResourceId": "Image",
    }
    return StackStatus(
        client,
        event,
        deadline=time.deadline(60),
        log=SilentLog(),
        today=time.clock,
        handed_over={},
    )


class Secrets:
    """Secrets Manager and SSM, which have what a deployment names."""

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": '{"Y": "secret", "y": "secret"}'}

    def get_parameter(self, **_: str) -> dict[str, dict[str, str]]:
        return {"Parameter": {"Value": "secret"}}


def request(aws: "Aws", resource: str, properties: dict[str, Any]) -> Request:
    """Return the Create of a stack; CloudFormation's answers say nothing of it."""
    time = FakeTime()
    environment = Environment(
        kinds=main.kinds,
        make_client=lambda *_, **__: Secrets(),
        lightsail=aws.client,
        cloudformation=AnyStack(),
        clock=time.clock,
        sleep=time.sleep,
        today=time.clock,
        timeouts=None,
    )
    event = {
        "RequestType": "Create",
        "ResponseURL": "https://answers.example/?X-Amz-Date=19700101T000000Z",
        "StackId": STACK_ID,
        "RequestId": "request-1",
        "LogicalResourceId": "Image",
        "ResourceType": f"Custom::Lightsail{resource}",
        "ResourceProperties": properties,
    }
    return Request(event, Context(time, 90.0), environment)


class Aws:
    """A service that answers what a test says, as bytes; botocore reads them."""

    def __init__(self, service: str) -> None:
        self.client = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]
        self.answers: dict[str, Any] = {}
        self.operations: list[str] = []
        self.client.meta.events.register("before-send", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        self.operations.append(operation)
        content = json.dumps(self.answers[operation]).encode()

        class Raw:
            def stream(self, *_: Any, **__: Any) -> Any:
                yield content

        return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.1"}, Raw())


@pytest.fixture(scope="module")
def aws() -> Aws:
    return Aws("lightsail")


def lightsail(aws: Aws, time: FakeTime, seconds: float = 3) -> Lightsail:
    aws.operations.clear()
    return Lightsail(aws.client, time.deadline(seconds), SilentLog())


def outcome(act: Callable[[], Any]) -> Any:
    """Return what comes of it, None for an error of ours; no other may come."""
    try:
        return act()
    except HandlerError:
        return None


def answer(operation: str) -> st.SearchStrategy[Any]:
    return st.one_of(changed(ANSWERS[operation]), values)


def is_text(*found: object) -> bool:
    return all(isinstance(one, str) for one in found)


class TestLightsail:
    @given(answer("GetContainerImages"))
    def test_lists_images(self, aws: Aws, given: Any) -> None:
        aws.answers = {"GetContainerImages": given}

        for image in outcome(lambda: lightsail(aws, FakeTime()).images("shop")) or []:
            assert isinstance(image.name, ImageName)
            assert is_text(image.digest)
            assert isinstance(image.created_at, datetime)

    @given(answer("GetContainerServices"))
    def test_tells_of_a_service(self, aws: Aws, given: Any) -> None:
        aws.answers = {"GetContainerServices": given}

        found = outcome(lambda: lightsail(aws, FakeTime()).service("shop"))

        if found is not None:
            assert is_text(found.state, found.detail, found.url, *found.images)
            assert found.is_busy in (True, False)

    @given(answer("GetContainerServiceDeployments"))
    @example({"deployments": [{**_DEPLOYMENT, "createdAt": 1e30}]})
    def test_lists_deployments(self, aws: Aws, given: Any) -> None:
        aws.answers = {"GetContainerServiceDeployments": given}

        for found in outcome(lambda: lightsail(aws, FakeTime()).deployments("shop")) or []:
            assert isinstance(found.version, int)
            assert is_text(found.state, *found.containers)
            for container in found.containers.values():
                assert is_text(container.image, *container.command, *container.ports.values())
                assert is_text(*container.environment.values())
            assert found.runs(DeploymentProperties.parse(DEPLOYED)) in (True, False)

    @given(answer("CreateContainerServiceRegistryLogin"))
    def test_gives_a_login(self, aws: Aws, given: Any) -> None:
        aws.answers = {"CreateContainerServiceRegistryLogin": given}

        login = outcome(lambda: lightsail(aws, FakeTime()).registry_login("shop"))

        if login is not None:
            assert is_text(login.username, login.password)
            assert Reference.parse(f"{login.registry}/sr:1").repository == "sr"

    @given(answer("GetContainerLog"))
    def test_gives_a_log(self, aws: Aws, given: Any) -> None:
        aws.answers = {"GetContainerLog": given}
        since = datetime(2025, 11, 25, tzinfo=UTC)

        events = outcome(lambda: lightsail(aws, FakeTime()).container_log("shop", "web", since))

        assert len(aws.operations) <= 20
        for event in events or []:
            assert isinstance(event.at, datetime)
            assert is_text(event.message)

    @given(answer("RegisterContainerImage"), answer("GetContainerImages"))
    def test_registers_an_image_or_says_why_not(self, aws: Aws, given: Any, listed: Any) -> None:
        aws.answers = {**ANSWERS, "RegisterContainerImage": given, "GetContainerImages": listed}
        registration = Registration(
            request(aws, "ContainerImage", IMAGES[0]), ContainerImageProperties.parse(IMAGES[0])
        )

        image = outcome(registration.carry_out)

        assert image is None or is_text(str(image.name), image.digest)

    @given(answer("GetContainerServices"))
    def test_never_deletes_what_it_does_not_know_to_be_unused(self, aws: Aws, given: Any) -> None:
        aws.answers = {**ANSWERS, "GetContainerServices": given}
        time = FakeTime()
        images = ImageRemovals(lightsail(aws, time, 60), time.deadline(60), SilentLog())

        outcome(lambda: images.delete(ContainerImageRemoval(name=NAME, digest=DIGEST)))

        assert is_unused(given) or "DeleteContainerImage" not in aws.operations

    @given(
        answer("GetContainerServiceDeployments"),
        answer("CreateContainerServiceDeployment"),
        answer("GetContainerServices"),
        answer("GetContainerLog"),
    )
    def test_deploys_or_says_why_not(
        self, aws: Aws, listed: Any, made: Any, service: Any, log: Any
    ) -> None:
        aws.answers = {
            "GetContainerServiceDeployments": listed,
            "CreateContainerServiceDeployment": made,
            "GetContainerServices": service,
            "GetContainerLog": log,
        }
        deployment = DeploymentResource(request(aws, "ContainerServiceDeployment", DEPLOYED))

        answer = outcome(deployment.put)

        assert answer is None or is_text(answer.physical_id, *answer.data.values())


def is_unused(answer: Any) -> bool:
    """Return whether an answer shows deployments of the service, and the image in none of them."""
    try:
        service = answer["containerServices"][0]
        deployments = [service.get(name) or {} for name in ("currentDeployment", "nextDeployment")]
        used = [
            container["image"]
            for deployment in deployments
            for container in (deployment.get("containers") or {}).values()
            if container.get("image") is not None
        ]
    except (AttributeError, LookupError, TypeError):
        return False
    return all(isinstance(image, str) and image != ":shop.web.1" for image in used)


class TestOthers:
    """Secrets Manager, SSM and Amazon ECR."""

    def secrets(self, given: Any) -> SecretValues:
        aws = self.aws(given)
        return SecretValues(lambda *_, **__: aws.client, self.calls())

    def aws(self, given: Any, service: str = "secretsmanager", operation: str = "") -> Aws:
        aws = CLIENTS.setdefault(service, Aws(service))
        aws.answers = {operation or "GetSecretValue": given}
        return aws

    def calls(self) -> Calls:
        return Calls(FakeTime().deadline(3), SilentLog())

    @given(st.one_of(changed({"SecretString": "robot:word", "Name": "a"}), values))
    def test_give_a_secret_or_none(self, given: Any) -> None:
        found = outcome(lambda: self.secrets(given).secret("registry"))

        assert found is None or is_text(found)

    @pytest.mark.parametrize(
        ("token", "gives"),
        [
            ("QVdTOndvcmQ=", True),
            ("QVdTOndvcmQ", False),
            ("no base64!", False),
            ("QVdT", False),
            ("/////w==", False),
            ("", False),
            (5, False),
            (None, False),
            (["QVdTOndvcmQ="], False),
        ],
    )
    def test_give_a_login_of_ecr_or_none(self, token: Any, gives: bool) -> None:
        given = {"authorizationData": [{"authorizationToken": token}]}
        aws = self.aws(given, "ecr", "GetAuthorizationToken")
        source = RegistrySource(
            reference=Reference.parse("111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1")
        )
        credentials = source_credentials(source, lambda *_, **__: aws.client, self.calls())

        found = outcome(credentials)

        assert (found is not None) == gives
        assert found is None or (found.username, found.password) == ("AWS", "word")

    @pytest.mark.parametrize("region", ["-", "a b", "evil.example/", "x" * 64, "é"])
    def test_of_a_region_that_is_none_are_not_called(self, region: str) -> None:
        secrets = SecretValues(boto3.client, self.calls())

        with pytest.raises(HandlerError, match=r"could not be read \(InvalidRegionError\)"):
            secrets.secret(f"arn:aws:s:{region}:1:a")


CLIENTS: dict[str, Aws] = {}


STACKS = {"Stacks": [{"StackStatus": "UPDATE_ROLLBACK_IN_PROGRESS", "CreationTime": None}]}
LISTED = [{"LogicalResourceId": "Web", "PhysicalResourceId": ":a.b.1", "ResourceStatus": "X"}]
EVENTS = [{**LISTED[0], "ResourceType": "AWS::CloudFormation::Stack", "Timestamp": None}]


class TestCloudFormation:
    @given(
        st.one_of(
            values,
            changed(STACKS),
            changed([{"StackResourceSummaries": LISTED}]),
            changed([{"StackEvents": EVENTS}]),
        )
    )
    def test_is_read_or_not_known(self, given: Any) -> None:
        stack = stack_of(AnyStack(given), FakeTime(), "Update")

        outcome(stack.take_up)
        outcome(lambda: stack.check("it was tested"))

        assert stack.stood_for() is None or isinstance(stack.stood_for(), str)
        assert outcome(lambda: stack.keeps(":a.b.1")) in {None, True, False}
        assert stack.takes_back(":a.b.1") in {True, False}
