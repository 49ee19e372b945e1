"""Two releases in one account: what constructs of any release ask for is carried out.

A stack's function is updated before its resources and goes back before they do. So the function of
a release gets Update requests with what another release wrote in OldResourceProperties, and Delete
requests with what any release wrote.
"""

import copy
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import archives
import oci_images
import stack_requests
from cdk_lightsail_containers_handler.properties.container_image import ContainerImageProperties
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DeploymentProperties,
)
from deployment_requests import FakeSecrets
from fake_registry import FakeRegistry, fake_registry
from fake_s3 import FakeS3
from lightsail_local.samples.sample_image import push_sample_image
from recorded_requests import (
    DEPLOYMENT_TYPE,
    IMAGE_TYPE,
    REGISTRY,
    SECRET_ARN,
    Request,
    records,
    written,
)
from stack_requests import Stack

ECR = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
LAYERS = tuple(oci_images.layers(2, 1000))


def asked_for(resource_type: str) -> list[Any]:
    """Everything that any release asks for, but only once if just the time to wait differs."""
    different: dict[str, Any] = {}
    for record in records():
        for case, request in record.requests.items():
            properties = {**request["ResourceProperties"], "ServiceTimeout": ""}
            name = pytest.param(request, id=f"{record.name}: {case}")
            if request["ResourceType"] == resource_type:
                different.setdefault(json.dumps(properties), name)
    return list(different.values())


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """Where the sources' images are."""
    with fake_registry() as source:
        for tag in ("1", "0" * 64):
            source.add(oci_images.image(*LAYERS), tag)
        yield source


@pytest.fixture
def stack(registry: FakeRegistry) -> Iterator[Stack]:
    """A stack whose service has the image `:shop.web.1`, of a digest that no request names."""
    with stack_requests.stack() as given, FakeS3().served() as s3:
        s3.objects[f"{'0' * 64}.tar"] = archives.tar(
            archives.layout(
                oci_images.image(*LAYERS), names=({"org.opencontainers.image.ref.name": "web:1.4"},)
            )
        )
        given.clients |= {
            "s3": _Bucket(s3.client()),
            "secretsmanager": FakeSecrets(**{SECRET_ARN: '{"password": "s3cret"}'}),
            "ssm": FakeSecrets(**{"/shop/token": "t0ken"}),
        }
        push_sample_image(given.lightsail.url, "1")
        given.client().register_container_image(
            serviceName="shop", label="web", digest=stack_requests.digest(1)
        )
        yield given


class _Bucket:
    """Amazon S3's client, for whom every bucket is that of the tests."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.meta = client.meta

    def generate_presigned_url(self, operation: str, **options: Any) -> Any:
        options["Params"]["Bucket"] = "assets"
        return self._client.generate_presigned_url(operation, **options)

    def get_object(self, **options: Any) -> Any:
        return self._client.get_object(**{**options, "Bucket": "assets"})


def reachable(properties: Any, registry: FakeRegistry) -> Any:
    """Return properties with the registries of the tests."""
    text = json.dumps(properties)
    return json.loads(text.replace(REGISTRY, registry.host).replace(ECR, registry.host))


def send(
    stack: Stack,
    kind: str,
    asked: Request,
    physical_id: str | None = None,
    old: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    event = {**stack.request(kind), **asked}
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old is not None:
        event["OldResourceProperties"] = old
    answer = stack.send(event)
    assert answer["Status"] == "SUCCESS", answer
    return answer


def of_the_future(asked: Request) -> Request:
    """Return a request with unknown properties everywhere that there may be some."""
    later: Request = copy.deepcopy(asked)
    properties = later["ResourceProperties"]
    places = [properties, properties.get("Source"), properties.get("PublicEndpoint")]
    places.append((properties.get("PublicEndpoint") or {}).get("HealthCheck"))
    for container in properties.get("Containers", {}).values():
        places += [container, *container.get("Secrets", {}).values()]
    for place in filter(None, places):
        place["Later"] = {"Than": ["this", {"release": "1"}]}
    return later


def test_what_the_constructs_ask_for_is_on_record() -> None:
    newest = records()[-1]

    # If this fails, a stack out there is sent something else by an upgrade: see
    # tests/support/recorded_requests.py for how to add a record.
    assert written() == newest.requests, f"the constructs ask for something else than {newest.name}"


@pytest.mark.parametrize("asked", asked_for(IMAGE_TYPE))
class TestImages:
    def test_live_through_an_upgrade_its_rollback_and_their_end(
        self, stack: Stack, registry: FakeRegistry, asked: Request
    ) -> None:
        old = reachable(asked, registry)
        new = of_the_future(old)

        created = send(stack, "Create", old)
        upgraded = send(stack, "Update", new, ":shop.web.2", old["ResourceProperties"])
        back = send(stack, "Update", old, ":shop.web.2", new["ResourceProperties"])

        assert created["PhysicalResourceId"] == ":shop.web.2"
        assert set(created["Data"]) == {"ImageName", "ImageDigest", "CreatedAt"}
        assert [upgraded["Data"], back["Data"]] == [created["Data"]] * 2
        assert stack.images() == [":shop.web.1", ":shop.web.2"]

        send(stack, "Delete", old, ":shop.web.2")

        assert (":shop.web.2" in stack.images()) == is_kept(asked)

    def test_of_any_release_are_deleted_once_they_are_replaced_or_rolled_back(
        self, stack: Stack, registry: FakeRegistry, asked: Request
    ) -> None:
        old = reachable(asked, registry)
        send(stack, "Create", old)
        new = stack.request("Update", Digest=stack_requests.digest(3))
        later = of_the_future({name: new[name] for name in ("ResourceType", "ResourceProperties")})

        replaced = send(stack, "Update", later, ":shop.web.2", old["ResourceProperties"])
        send(stack, "Delete", old, ":shop.web.2")
        send(stack, "Delete", later, ":shop.web.3")

        kept = [":shop.web.2"] if is_kept(asked) else []
        assert replaced["PhysicalResourceId"] == ":shop.web.3"
        assert stack.images() == [":shop.web.1", *kept]


@pytest.mark.parametrize("asked", asked_for(DEPLOYMENT_TYPE))
def test_a_deployment_lives_through_an_upgrade_its_rollback_and_its_end(
    stack: Stack, asked: Request
) -> None:
    later = of_the_future(asked)

    made = send(stack, "Create", asked)
    upgraded = send(stack, "Update", later, "shop", asked["ResourceProperties"])
    back = send(stack, "Update", asked, "shop", later["ResourceProperties"])
    send(stack, "Delete", later, "shop")

    (service,) = stack.client().get_container_services(serviceName="shop")["containerServices"]
    assert made["PhysicalResourceId"] == "shop"
    assert set(made["Data"]) == {"DeploymentVersion", "Url"}
    assert [upgraded["Data"], back["Data"]] == [made["Data"]] * 2
    assert stack.calls("CreateContainerServiceDeployment") == 1
    assert service["currentDeployment"]["version"] == 1


@pytest.mark.parametrize("asked", asked_for(IMAGE_TYPE) + asked_for(DEPLOYMENT_TYPE))
def test_what_only_a_later_release_knows_is_passed_over(asked: Request) -> None:
    assert parsed(of_the_future(asked)) == parsed(asked)


def is_kept(asked: Request) -> bool:
    return bool(asked["ResourceProperties"]["RemovalPolicy"] == "Retain")


def parsed(asked: Request) -> object:
    """What the function reads in a request."""
    is_image = asked["ResourceType"] == IMAGE_TYPE
    contract = ContainerImageProperties if is_image else DeploymentProperties
    return contract.parse(asked["ResourceProperties"])


def test_a_function_goes_on_where_one_of_an_earlier_release_handed_over(stack: Stack) -> None:
    request = stack.request("Create", Digest=stack_requests.digest(3))
    request["HandOver"] = {"Count": 1, "Began": time.time()}

    assert stack.send(request)["Status"] == "SUCCESS"


def test_a_resource_that_only_a_later_release_knows_is_gone_after_a_rollback(stack: Stack) -> None:
    later = {"ResourceType": "Custom::LightsailContainerCertificate", "ResourceProperties": {}}

    send(stack, "Delete", later, "certificate-1")
