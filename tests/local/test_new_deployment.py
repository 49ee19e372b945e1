"""Deployments: what is taken, what becomes of it, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour

Refused = Callable[..., tuple[str, str]]
Make = Callable[..., str]


def service(api: Any) -> Any:
    return api.get_container_services(serviceName="shop")["containerServices"][0]


def states(api: Any) -> dict[int, str]:
    answer = api.get_container_service_deployments(serviceName="shop")
    return {each["version"]: each["state"] for each in answer["deployments"]}


def test_deploys_in_its_time(api: Any, clock: Any, register: Make, deploy: Any) -> None:
    image = register()

    deploying = deploy(image, publicEndpoint={"containerName": "c1", "containerPort": 80})

    assert deploying["state"] == "DEPLOYING"
    assert deploying["stateDetail"]["code"] == "CREATING_DEPLOYMENT"
    assert "currentDeployment" not in deploying
    coming = deploying["nextDeployment"]
    assert (coming["version"], coming["state"]) == (1, "ACTIVATING")
    assert coming["containers"] == {"c1": {"image": image, "ports": {"80": "HTTP"}}}
    clock.now += 10
    running = service(api)
    assert running["state"] == "RUNNING"
    assert running["currentDeployment"] == {**coming, "state": "ACTIVE"}
    assert "nextDeployment" not in running


def test_completes_the_health_check(deploy: Any) -> None:
    endpoint = {"containerName": "c1", "containerPort": 80, "healthCheck": {"path": "/up"}}

    coming = deploy("nginx", publicEndpoint=endpoint)["nextDeployment"]

    assert coming["publicEndpoint"]["healthCheck"] == {
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
        "timeoutSeconds": 2,
        "intervalSeconds": 5,
        "path": "/up",
        "successCodes": "200-499",
    }


def test_the_old_deployment_becomes_inactive(api: Any, clock: Any, deploy: Any) -> None:
    deploy("nginx")
    clock.now += 10
    deploy("httpd")

    assert states(api) == {1: "ACTIVE", 2: "ACTIVATING"}
    clock.now += 10
    assert states(api) == {1: "INACTIVE", 2: "ACTIVE"}


def test_is_ready_again_after_a_first_deployment_that_failed(
    api: Any, behaviour: Behaviour, clock: Any, deploy: Any
) -> None:
    behaviour.failing_images["broken"] = "crash"
    deploy("broken")
    clock.now += 10

    assert states(api) == {1: "FAILED"}
    assert service(api)["state"] == "READY"
    assert "currentDeployment" not in service(api)


def test_runs_the_old_deployment_on_after_one_that_failed(
    api: Any, behaviour: Behaviour, clock: Any, deploy: Any
) -> None:
    behaviour.failing_images["broken"] = "crash"
    deploy("nginx")
    clock.now += 10
    deploy("broken")
    clock.now += 10

    assert states(api) == {1: "ACTIVE", 2: "FAILED"}
    assert service(api)["state"] == "RUNNING"
    assert service(api)["currentDeployment"]["version"] == 1


def test_an_arm64_image_fails_when_it_is_deployed(
    api: Any, clock: Any, register: Make, deploy: Any
) -> None:
    deploy(register(platform="linux/arm64"))
    clock.now += 10

    assert states(api) == {1: "FAILED"}


def test_an_image_that_was_never_pushed_fails_when_it_is_deployed(
    api: Any, behaviour: Behaviour, clock: Any, deploy: Any
) -> None:
    behaviour.missing_digest = "accepted"
    digest = f"sha256:{'0' * 64}"
    api.register_container_image(serviceName="shop", label="web", digest=digest)

    deploy(":shop.web.1")
    clock.now += 10

    assert states(api) == {1: "FAILED"}


def test_refuses_a_second_deployment_at_a_time(deploy: Any, refused: Refused) -> None:
    deploy("nginx")

    code, message = refused(
        "create_container_service_deployment",
        serviceName="shop",
        containers={"web": {"image": "nginx"}},
    )

    assert code == "InvalidInputException"
    assert message == (
        'Sorry, deployment 1 is in progress for service "shop". Please wait for it to complete '
        "before trying again."
    )


def test_refuses_a_deployment_of_a_disabled_service(api: Any, refused: Refused, shop: str) -> None:
    api.update_container_service(serviceName=shop, isDisabled=True)

    code, message = refused(
        "create_container_service_deployment",
        serviceName=shop,
        containers={"web": {"image": "nginx"}},
    )

    assert (code, message) == (
        "InvalidInputException",
        'Sorry, the container service "shop" is DISABLED.',
    )


@pytest.mark.parametrize(
    ("containers", "sentence"),
    [
        ({}, "A deployment must have at least one container."),
        (
            {f"c{number}": {"image": "nginx"} for number in range(11)},
            "A deployment can have at most 10 containers.",
        ),
        (
            {"a_b": {"image": "nginx"}},
            (
                'Container name "a_b" does not match pattern: '
                "^(?:[a-z0-9]{1,2}|[a-z0-9][a-z0-9-]+[a-z0-9])$"
            ),
        ),
        ({"a": {"image": "nginx", "ports": {"x": "HTTP"}}}, 'Container "a" has invalid port "x".'),
        ({"a": {"image": "nginx", "ports": {"0": "TCP"}}}, 'Container "a" has invalid port "0".'),
        (
            {"a": {}},
            'Container "a" has invalid image "". Example of valid image: ":shop.a.123".',
        ),
        (
            {"a": {"image": ":shop.web.LATEST"}},
            (
                'Container "a" has invalid image ":shop.web.LATEST". Example of valid image: '
                '":shop.a.123".'
            ),
        ),
        (
            {"a": {"image": ":bar.web.1"}},
            'Container "a" has invalid image ":bar.web.1". Example of valid image: ":shop.a.123".',
        ),
        (
            {"a": {"image": ":shop.web.9"}},
            'Container "a" has image ":shop.web.9", which does not exist.',
        ),
    ],
)
def test_refuses_containers(
    refused: Refused, shop: str, containers: dict[str, Any], sentence: str
) -> None:
    code, message = refused(
        "create_container_service_deployment", serviceName=shop, containers=containers
    )

    assert (code, message) == ("InvalidInputException", sentence)


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        ({"containerName": "b"}, 'Invalid container specified. There is no container "b".'),
        (
            {"containerPort": 81},
            (
                "Invalid port specified. You must specify a port that is in the list of ports of "
                "the specified container."
            ),
        ),
        *(
            (
                {"healthCheck": {"timeoutSeconds": seconds}},
                "timeoutSeconds must be between 2 and 60.",
            )
            for seconds in (1, 61)
        ),
        *(
            (
                {"healthCheck": {"intervalSeconds": seconds}},
                "intervalSeconds must be between 5 and 300.",
            )
            for seconds in (4, 301)
        ),
    ],
)
def test_refuses_public_endpoints(
    refused: Refused, shop: str, endpoint: dict[str, Any], sentence: str
) -> None:
    code, message = refused(
        "create_container_service_deployment",
        serviceName=shop,
        containers={"a": {"image": "nginx", "ports": {"80": "HTTP"}}},
        publicEndpoint={"containerName": "a", "containerPort": 80, **endpoint},
    )

    assert (code, message) == ("InvalidInputException", sentence)


@pytest.mark.parametrize(("timeout", "interval"), [(2, 5), (60, 300)])
def test_takes_the_ends_of_what_a_health_check_may_be(
    deploy: Any, timeout: int, interval: int
) -> None:
    health_check = {"timeoutSeconds": timeout, "intervalSeconds": interval}
    endpoint = {"containerName": "c1", "containerPort": 80, "healthCheck": health_check}

    shown = deploy("nginx", publicEndpoint=endpoint)["nextDeployment"]["publicEndpoint"]

    assert shown["healthCheck"].items() >= health_check.items()


def test_takes_ten_containers(deploy: Any) -> None:
    assert len(deploy(*10 * ["nginx"])["nextDeployment"]["containers"]) == 10


def test_refuses_an_image_that_another_service_has(
    api: Any, refused: Refused, register: Make
) -> None:
    image = register()
    api.create_container_service(serviceName="bar", power="nano", scale=1)

    code, message = refused(
        "create_container_service_deployment",
        serviceName="bar",
        containers={"a": {"image": image}},
    )

    assert (code, message) == (
        "InvalidInputException",
        'Container "a" has invalid image ":shop.web.1". Example of valid image: ":bar.a.123".',
    )


def test_shows_environment_and_command_in_plain_text(api: Any, clock: Any, shop: str) -> None:
    container = {
        "image": "nginx",
        "command": ["serve", "--fast", "serve"],
        "environment": {"PASSWORD": "hunter2"},
        "ports": {"80": "HTTP"},
    }

    api.create_container_service_deployment(serviceName=shop, containers={"a": container})

    assert service(api)["nextDeployment"]["containers"] == {"a": container}
    [deployment] = api.get_container_service_deployments(serviceName=shop)["deployments"]
    assert deployment["containers"] == {"a": container}
    clock.now += 10
    assert service(api)["currentDeployment"]["containers"] == {"a": container}


def test_latest_fails_as_the_newest_image_does(
    api: Any, behaviour: Behaviour, clock: Any, register: Make, deploy: Any
) -> None:
    behaviour.latest = "resolved"
    register()
    register(fails="crash")
    deploy(":shop.web.latest")
    clock.now += 10
    register()
    deploy(":shop.web.latest")
    clock.now += 10

    assert states(api) == {1: "FAILED", 2: "ACTIVE"}


def test_refuses_latest(refused: Refused, register: Make) -> None:
    register()

    code, message = refused(
        "create_container_service_deployment",
        serviceName="shop",
        containers={"a": {"image": ":shop.web.latest"}},
    )

    assert code == "InvalidInputException"
    assert message.startswith('Container "a" has invalid image ":shop.web.latest".')


@pytest.mark.parametrize(
    ("switch", "shown"), [("echoed", ":shop.web.latest"), ("resolved", ":shop.web.10")]
)
def test_shows_latest_as_u10_says(
    behaviour: Behaviour, register: Make, deploy: Any, switch: Any, shown: str
) -> None:
    behaviour.latest = switch
    for _ in range(10):
        register()
    register(label="db")

    containers = deploy(":shop.web.latest", "nginx")["nextDeployment"]["containers"]

    assert [container["image"] for container in containers.values()] == [shown, "nginx"]


def test_latest_holds_the_image_that_it_stands_for(
    api: Any, behaviour: Behaviour, register: Make, deploy: Any, refused: Refused
) -> None:
    behaviour.latest = "echoed"
    old, newest = register(), register()
    deploy(":shop.web.latest")

    api.delete_container_image(serviceName="shop", image=old)

    code, _ = refused("delete_container_image", serviceName="shop", image=newest)
    assert code == "InvalidInputException"


def test_remembers_fifty_deployments(api: Any, clock: Any, deploy: Any) -> None:
    for _ in range(52):
        deploy("nginx")
        clock.now += 10

    assert sorted(states(api)) == list(range(3, 53))


def test_never_forgets_the_deployment_that_runs(
    api: Any, behaviour: Behaviour, clock: Any, deploy: Any
) -> None:
    behaviour.kept_deployments = 3
    behaviour.failing_images["broken"] = "crash"
    for image in ("nginx", "broken", "broken", "broken"):
        deploy(image)
        clock.now += 10

    assert states(api) == {1: "ACTIVE", 3: "FAILED", 4: "FAILED"}
