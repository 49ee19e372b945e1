"""How the internet reaches a deployment, and how Lightsail checks it."""

from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration, Stack

from cdk_lightsail_containers import Container, HealthCheck, PublicEndpoint
from stacks import deployed, deployment_in

CONTAINERS = {"web": Container(image="nginx", ports={80: "HTTP", 443: "HTTPS", 53: "UDP"})}


def endpoint_of(stack: Stack, **changes: Any) -> dict[str, Any]:
    """The properties of a public endpoint that is deployed."""
    endpoint = PublicEndpoint(**{"container": "web", "port": 80, **changes})
    deployment_in(stack, containers=CONTAINERS, public_endpoint=endpoint)
    return dict(deployed(stack)["PublicEndpoint"])


@pytest.mark.parametrize("port", [80, 443])
def test_is_a_container_and_a_port(stack: Stack, port: int) -> None:
    given = endpoint_of(stack, port=port)

    assert given == {"ContainerName": "web", "ContainerPort": port}


def test_a_health_check_has_the_defaults_of_lightsail(stack: Stack) -> None:
    given = endpoint_of(stack, health_check=HealthCheck())

    assert given["HealthCheck"] == {
        "Path": "/",
        "SuccessCodes": "200-499",
        "IntervalSeconds": 5,
        "TimeoutSeconds": 2,
        "HealthyThreshold": 2,
        "UnhealthyThreshold": 2,
    }


def test_a_health_check_has_the_properties_of_the_contract(stack: Stack) -> None:
    check = HealthCheck(
        path="/up",
        success_codes="200,204",
        interval=Duration.minutes(5),
        timeout=Duration.minutes(1),
        healthy_threshold=1,
        unhealthy_threshold=10,
    )

    assert endpoint_of(stack, health_check=check)["HealthCheck"] == {
        "Path": "/up",
        "SuccessCodes": "200,204",
        "IntervalSeconds": 300,
        "TimeoutSeconds": 60,
        "HealthyThreshold": 1,
        "UnhealthyThreshold": 10,
    }


def test_takes_values_that_are_known_only_when_it_is_deployed(stack: Stack) -> None:
    text = CfnParameter(stack, "Text").value_as_string
    number = CfnParameter(stack, "Number", type="Number").value_as_number
    check = HealthCheck(
        path=text,
        success_codes=text,
        interval=Duration.seconds(number),
        timeout=Duration.seconds(number),
        healthy_threshold=number,  # type: ignore[arg-type]
        unhealthy_threshold=number,  # type: ignore[arg-type]
    )

    given = endpoint_of(stack, port=number, health_check=check)

    reference = {"Ref": "Number"}
    assert given == {
        "ContainerName": "web",
        "ContainerPort": reference,
        "HealthCheck": {
            "Path": {"Ref": "Text"},
            "SuccessCodes": {"Ref": "Text"},
            "IntervalSeconds": reference,
            "TimeoutSeconds": reference,
            "HealthyThreshold": reference,
            "UnhealthyThreshold": reference,
        },
    }


def test_takes_a_container_that_is_known_only_when_it_is_deployed(stack: Stack) -> None:
    name = CfnParameter(stack, "Name").value_as_string

    assert endpoint_of(stack, container=name)["ContainerName"] == {"Ref": "Name"}


def test_takes_a_port_whose_protocol_is_known_only_when_it_is_deployed(stack: Stack) -> None:
    protocol = CfnParameter(stack, "Protocol").value_as_string
    containers = {"web": Container(image="nginx", ports={80: protocol})}
    endpoint = PublicEndpoint(container="web", port=80)

    deployment_in(stack, containers=containers, public_endpoint=endpoint)

    assert deployed(stack)["PublicEndpoint"]["ContainerPort"] == 80


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "up"}, "path must begin with '/', got 'up'"),
        ({"success_codes": "200-599"}, "success_codes must be codes or ranges .* got '200-599'"),
        ({"success_codes": 200}, "success_codes must be codes or ranges .* got 200"),
        ({"interval": 5}, "interval must be a Duration of 5 to 300 whole seconds, got 5"),
        ({"interval": Duration.seconds(4)}, "interval must be .* got 4 seconds"),
        ({"interval": Duration.seconds(301)}, "interval must be .* got 301 seconds"),
        ({"interval": Duration.millis(5500)}, "interval must be .* whole seconds, got 5.5 seconds"),
        (
            {"timeout": Duration.seconds(1)},
            "timeout must be .* 2 to 60 whole seconds, got 1 seconds",
        ),
        ({"timeout": Duration.seconds(61)}, "timeout must be .* got 61 seconds"),
        ({"healthy_threshold": 0}, "healthy_threshold must be a whole number from 1 .* got 0"),
        ({"unhealthy_threshold": 1.5}, "unhealthy_threshold must be a whole number .* got 1.5"),
    ],
)
def test_refuses_a_health_check_out_of_lightsail_s_ranges(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        HealthCheck(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"container": "Web"}, "container must be 1-53 lowercase letters, .* got 'Web'"),
        ({"port": 0}, "port must be a whole number from 1 to 65535, got 0"),
        ({"health_check": "/up"}, "health_check must be a HealthCheck, got '/up'"),
    ],
)
def test_refuses_a_value_that_breaks_its_rule(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PublicEndpoint(**{"container": "web", "port": 80, **changes})
