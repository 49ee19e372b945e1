"""What is written for the function or for Lightsail reads as what was meant."""

from datetime import UTC, datetime
from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk.assertions import Template
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerService,
    ContainerServiceDeployment,
    HealthCheck,
    ImageSource,
    PublicEndpoint,
)
from cdk_lightsail_containers_handler.lightsail.deployment import Deployment, describe
from cdk_lightsail_containers_handler.properties import container as read
from cdk_lightsail_containers_handler.properties.container_image import (
    CONTAINER_IMAGE_TYPE,
    ContainerImageProperties,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
    DeploymentProperties,
)
from cdk_lightsail_containers_handler.properties.image_source import RegistrySource
from cdk_lightsail_containers_handler.registry.reference import Reference

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
# What the CDK itself would take for one of its tokens is left to its own tests.
strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(
    lambda text: "${" not in text
)
images = st.builds(
    "{}{}".format,
    st.sampled_from(["nginx", "ghcr.io/acme/web", "localhost:5000/a/b_c"]),
    st.sampled_from(["", ":1.27", "@sha256:" + "0" * 64]),
)
ports = st.dictionaries(st.integers(1, 65535), st.sampled_from(list(read.PortProtocol)), max_size=4)
containers = st.builds(
    dict,
    image=images,
    ports=ports,
    environment=st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), strings, max_size=3
    ),
    command=st.lists(strings, max_size=3),
)
codes = st.integers(200, 499).map(str)
health_checks = st.builds(
    dict,
    path=st.from_regex(r"/[a-z/]{0,9}", fullmatch=True),
    success_codes=st.lists(codes, min_size=1, max_size=3).map(",".join),
    interval=st.integers(5, 300),
    timeout=st.integers(2, 60),
    healthy_threshold=st.integers(1, 1000),
    unhealthy_threshold=st.integers(1, 1000),
)


def resource(stack: Stack, kind: str) -> Any:
    """Return the properties of a resource as CloudFormation sends them: every scalar is text."""
    (found,) = Template.from_stack(stack).find_resources(kind).values()
    return _as_sent(found["Properties"])


def _as_sent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_sent(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_as_sent(part) for part in value]
    return value if isinstance(value, str) else str(value)


@settings(max_examples=8)
@given(names, names, images, st.none() | st.integers(1, 150))
def test_an_image_is_read_as_its_construct_was_told(
    service: str, label: str, image: str, max_versions: int | None
) -> None:
    stack = Stack(App(), "Stack")
    ContainerImage(
        stack,
        "Image",
        service=ContainerService.from_service_name(stack, "Service", service),
        label=label,
        source=ImageSource.from_registry(image),
        max_versions=max_versions,
    )

    assert ContainerImageProperties.parse(
        resource(stack, CONTAINER_IMAGE_TYPE)
    ) == ContainerImageProperties(
        service_name=service,
        label=label,
        source=RegistrySource(reference=Reference.parse(image)),
        max_versions=max_versions,
    )


@settings(max_examples=8)
@given(names, st.dictionaries(names, containers, min_size=1, max_size=3), health_checks)
def test_a_deployment_is_read_as_its_construct_was_told(
    service: str, told: dict[str, dict[str, Any]], check: dict[str, Any]
) -> None:
    stack = Stack(App(), "Stack")
    public = next(iter(told))
    told[public]["ports"] = {80: read.PortProtocol.HTTP, **told[public]["ports"]}
    told[public]["ports"][80] = read.PortProtocol.HTTP
    seconds = {name: Duration.seconds(check[name]) for name in ("interval", "timeout")}
    ContainerServiceDeployment(
        stack,
        "Deployment",
        service=ContainerService.from_service_name(stack, "Service", service),
        containers={name: Container(**one) for name, one in told.items()},
        public_endpoint=PublicEndpoint(
            container=public, port=80, health_check=HealthCheck(**{**check, **seconds})
        ),
    )

    found = DeploymentProperties.parse(resource(stack, DEPLOYMENT_TYPE))

    assert found.service_name == service
    assert found.containers == {
        name: read.ContainerSpec(**{**one, "command": tuple(one["command"])})
        for name, one in told.items()
    }
    assert found.public_endpoint is not None
    assert (found.public_endpoint.container_name, found.public_endpoint.container_port) == (
        public,
        80,
    )
    wanted = {**check, "interval_seconds": check["interval"], "timeout_seconds": check["timeout"]}
    assert vars(found.public_endpoint.health_check) == {
        name: value for name, value in wanted.items() if name not in ("interval", "timeout")
    }


@given(
    names,
    st.dictionaries(names, containers, min_size=1, max_size=3),
    st.none() | health_checks,
    st.sampled_from(["ACTIVE", "FAILED"]),
)
def test_a_deployment_is_known_again_in_what_lightsail_answers(
    service: str, told: dict[str, dict[str, Any]], check: dict[str, Any] | None, state: str
) -> None:
    public = next(iter(told))
    told[public]["ports"] = {**told[public]["ports"], 80: read.PortProtocol.HTTP}
    properties: dict[str, Any] = {
        "ServiceName": service,
        "Containers": {
            name: {
                "Image": one["image"],
                "Command": one["command"],
                "Environment": one["environment"],
                "Ports": {str(port): protocol for port, protocol in one["ports"].items()},
            }
            for name, one in told.items()
        },
    }
    if check is not None:
        properties["PublicEndpoint"] = {
            "ContainerName": public,
            "ContainerPort": "80",
            "HealthCheck": {
                "Path": check["path"],
                "SuccessCodes": check["success_codes"],
                "IntervalSeconds": str(check["interval"]),
            },
        }
    wanted = DeploymentProperties.parse(properties)
    answer = {"version": 7, "state": state, "createdAt": datetime.now(UTC), **describe(wanted)}

    found = Deployment.parse(answer)

    assert found is not None
    assert found.runs(wanted)
    another = {**properties, "Containers": {"another": {"Image": "nginx:2"}}}
    another.pop("PublicEndpoint", None)
    assert not found.runs(DeploymentProperties.parse(another))
