"""Services, logins, and the images that are registered, over the wire."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer

Refused = Callable[..., tuple[str, str]]
Make = Callable[..., str]


def state(api: Any, name: str = "shop") -> str:
    return api.get_container_services(serviceName=name)["containerServices"][0]["state"]


def names(api: Any) -> list[str]:
    return [
        image["image"] for image in api.get_container_images(serviceName="shop")["containerImages"]
    ]


def test_creates_a_service_that_is_pending_then_ready(
    api: Any, behaviour: Behaviour, clock: Any
) -> None:
    behaviour.service_seconds = 60
    tags = [{"key": "stage", "value": "live"}]

    service = api.create_container_service(serviceName="shop", power="micro", scale=2, tags=tags)[
        "containerService"
    ]

    assert service["state"] == "PENDING"
    assert service["stateDetail"]["code"] == "CREATING_SYSTEM_RESOURCES"
    assert (service["power"], service["powerId"], service["scale"]) == ("micro", "micro-1", 2)
    assert service["tags"] == tags
    assert service["createdAt"].timestamp() == clock.now
    clock.now += 60
    [service] = api.get_container_services(serviceName="shop")["containerServices"]
    assert service["state"] == "READY"
    assert "stateDetail" not in service


def test_names_a_service_by_a_guid_in_its_arn(api: Any, shop: str) -> None:
    [service] = api.get_container_services()["containerServices"]

    arn = r"arn:aws:lightsail:us-east-1:000000000000:ContainerService/[0-9a-f]{8}-[0-9a-f-]{27}"
    assert re.fullmatch(arn, service["arn"])
    assert service["url"].startswith("https://shop.")


def test_knows_the_region_and_the_account_that_it_was_given() -> None:
    with LightsailServer(region="eu-west-1", account="123456789012") as server:
        service = server.lightsail.call(
            "CreateContainerService", {"serviceName": "shop", "power": "nano", "scale": 1}
        )["containerService"]

    assert service["arn"].startswith("arn:aws:lightsail:eu-west-1:123456789012:")
    assert service["location"]["regionName"] == "eu-west-1"


@pytest.mark.parametrize("name", ["a_b", "-a", "a-", "Shop", "ab_!"])
def test_refuses_names_that_the_models_pattern_lets_pass(refused: Refused, name: str) -> None:
    code, message = refused("create_container_service", serviceName=name, power="nano", scale=1)

    assert code == "InvalidInputException"
    assert message == (
        f'Service name "{name}" does not match pattern: '
        "^(?:[a-z0-9]{1,2}|[a-z0-9][a-z0-9-]+[a-z0-9])$"
    )


def test_refuses_a_second_service_of_the_same_name(refused: Refused, shop: str) -> None:
    code, message = refused("create_container_service", serviceName=shop, power="nano", scale=1)

    assert (code, message) == ("InvalidInputException", "Some names are already in use: shop")


def test_refuses_more_services_than_the_quota(
    refused: Refused, behaviour: Behaviour, shop: str
) -> None:
    behaviour.container_services = 1

    code, message = refused("create_container_service", serviceName="b", power="nano", scale=1)

    assert code == "InvalidInputException"
    assert message.startswith("Sorry, you've either reached or will exceed your maximum limit")


def test_creates_a_service_with_a_deployment(api: Any, behaviour: Behaviour, clock: Any) -> None:
    behaviour.service_seconds = 60
    deployment = {"containers": {"web": {"image": "nginx"}}}

    service = api.create_container_service(
        serviceName="shop", power="nano", scale=1, deployment=deployment
    )["containerService"]

    assert service["state"] == "PENDING"
    assert service["nextDeployment"]["version"] == 1
    clock.now += 60
    assert state(api) == "DEPLOYING"
    clock.now += 10
    assert state(api) == "RUNNING"


def test_a_service_and_its_deployment_have_times_in_whole_seconds(api: Any, clock: Any) -> None:
    whole, clock.now = clock.now, clock.now + 0.7

    service = api.create_container_service(
        serviceName="shop",
        power="nano",
        scale=1,
        deployment={"containers": {"web": {"image": "nginx"}}},
    )["containerService"]

    assert service["createdAt"].timestamp() == whole
    assert service["nextDeployment"]["createdAt"].timestamp() == whole


def test_updates_a_service(api: Any, behaviour: Behaviour, clock: Any, shop: str) -> None:
    behaviour.service_seconds = 60

    service = api.update_container_service(serviceName=shop, scale=3)["containerService"]

    assert service["state"] == "UPDATING"
    assert (service["power"], service["scale"]) == ("nano", 3)
    clock.now += 60
    assert state(api) == "READY"


def test_disables_a_service(api: Any, shop: str) -> None:
    service = api.update_container_service(serviceName=shop, isDisabled=True)["containerService"]

    assert service["isDisabled"] is True
    assert service["state"] == "DISABLED"


def test_gives_the_role_that_pulls_from_ecr_an_arn_once_it_is_active(api: Any, shop: str) -> None:
    active = {"ecrImagePullerRole": {"isActive": True}}

    service = api.update_container_service(serviceName=shop, privateRegistryAccess=active)[
        "containerService"
    ]

    role = service["privateRegistryAccess"]["ecrImagePullerRole"]
    assert role["isActive"] is True
    assert role["principalArn"].startswith("arn:aws:iam::000000000000:role/")


def test_deletes_a_service_and_its_images(
    api: Any, behaviour: Behaviour, clock: Any, register: Make, refused: Refused
) -> None:
    register()
    behaviour.service_seconds = 60

    api.delete_container_service(serviceName="shop")

    assert state(api) == "DELETING"
    assert names(api) == []
    assert refused("delete_container_service", serviceName="shop") == (
        "InvalidInputException",
        'Sorry, the container service "shop" is DELETING.',
    )
    clock.now += 60
    assert api.get_container_services()["containerServices"] == []
    assert refused("get_container_services", serviceName="shop") == (
        "NotFoundException",
        "The ContainerService does not exist: shop",
    )


def test_counts_anew_in_a_service_made_again_with_the_same_name(api: Any, register: Make) -> None:
    register()
    api.delete_container_service(serviceName="shop")
    api.create_container_service(serviceName="shop", power="nano", scale=1)

    assert register("other") == ":shop.web.1"


def test_gives_no_login_before_there_is_a_service(refused: Refused) -> None:
    assert refused("create_container_service_registry_login") == (
        "InvalidInputException",
        (
            "You must create a container service before retrieving container registry login "
            "credentials"
        ),
    )


def test_gives_a_login_for_twelve_hours(
    api: Any, clock: Any, server: LightsailServer, shop: str
) -> None:
    login = api.create_container_service_registry_login()["registryLogin"]

    assert login["registry"] == server.registry
    assert login["expiresAt"].timestamp() == clock.now + 12 * 3600


@pytest.mark.parametrize("after", [0, 10])
def test_refuses_to_delete_an_image_in_use(
    clock: Any, register: Make, deploy: Any, refused: Refused, after: float
) -> None:
    deploy(register())
    clock.now += after

    assert refused("delete_container_image", serviceName="shop", image=":shop.web.1") == (
        "InvalidInputException",
        'The image ":shop.web.1" is in use by a deployment.',
    )


def test_deletes_an_image_in_use_where_u3_is_done(
    api: Any, behaviour: Behaviour, register: Make, deploy: Any
) -> None:
    behaviour.delete_in_use = "done"
    image = register()
    deploy(image)

    api.delete_container_image(serviceName="shop", image=image)

    assert names(api) == []


def test_deletes_an_image_that_only_an_old_deployment_used(
    api: Any, clock: Any, register: Make, deploy: Any
) -> None:
    old = register("a")
    deploy(old)
    clock.now += 10
    deploy(register("b"))
    clock.now += 10

    api.delete_container_image(serviceName="shop", image=old)

    assert names(api) == [":shop.web.2"]


def test_knows_no_image_that_was_deleted(api: Any, register: Make, refused: Refused) -> None:
    image = register()
    api.delete_container_image(serviceName="shop", image=image)

    assert refused("delete_container_image", serviceName="shop", image=image) == (
        "NotFoundException",
        'The image ":shop.web.1" does not exist.',
    )


def be_pending(api: Any, behaviour: Behaviour) -> None:
    behaviour.service_seconds = 60
    api.create_container_service(serviceName="busy", power="nano", scale=1)


def be_updating(api: Any, behaviour: Behaviour) -> None:
    be_pending(api, behaviour)
    api.update_container_service(serviceName="busy", scale=2)


def be_deploying(api: Any, behaviour: Behaviour) -> None:
    api.create_container_service(serviceName="busy", power="nano", scale=1)
    containers = {"web": {"image": "nginx"}}
    api.create_container_service_deployment(serviceName="busy", containers=containers)


BUSY = {"PENDING": be_pending, "UPDATING": be_updating, "DEPLOYING": be_deploying}


@pytest.mark.parametrize("busy", BUSY)
def test_registering_with_a_busy_service_follows_u9(
    api: Any, behaviour: Behaviour, push: Make, refused: Refused, busy: str
) -> None:
    image = {"label": "web", "digest": push()}
    BUSY[busy](api, behaviour)

    assert state(api, "busy") == busy
    api.register_container_image(serviceName="busy", **image)
    behaviour.busy_service = "refused"
    assert refused("register_container_image", serviceName="busy", **image) == (
        "InvalidInputException",
        f'Sorry, the container service "busy" is {busy}.',
    )


@pytest.mark.parametrize("busy", BUSY)
def test_deleting_an_image_of_a_busy_service_follows_u9(
    api: Any, behaviour: Behaviour, push: Make, refused: Refused, busy: str
) -> None:
    BUSY[busy](api, behaviour)
    for _ in range(2):
        api.register_container_image(serviceName="busy", label="web", digest=push())

    api.delete_container_image(serviceName="busy", image=":busy.web.1")
    behaviour.busy_service = "refused"
    assert refused("delete_container_image", serviceName="busy", image=":busy.web.2") == (
        "InvalidInputException",
        f'Sorry, the container service "busy" is {busy}.',
    )


def test_names_the_error_for_a_missing_service_by_u4(
    api: Any, behaviour: Behaviour, refused: Refused
) -> None:
    told = "The ContainerService does not exist: gone"

    assert refused("get_container_images", serviceName="gone") == ("NotFoundException", told)
    behaviour.missing_service = "InvalidInputException"
    assert refused("get_container_images", serviceName="gone") == ("InvalidInputException", told)


def test_gives_a_login_while_every_service_is_busy(api: Any, behaviour: Behaviour) -> None:
    be_pending(api, behaviour)

    assert api.create_container_service_registry_login()["registryLogin"]["username"] == "AWS"


def test_gives_no_login_where_u9_refuses_it_and_every_service_is_busy(
    api: Any, behaviour: Behaviour, shop: str, refused: Refused
) -> None:
    behaviour.busy_service = "refused"
    behaviour.service_seconds = 60
    api.create_container_service(serviceName="busy", power="nano", scale=1)

    api.create_container_service_registry_login()
    api.update_container_service(serviceName=shop, scale=2)

    code, message = refused("create_container_service_registry_login")
    assert code == "InvalidInputException"
    assert message == "Sorry, no container service is ready. Please try again later."


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("oldest_first", [":shop.web.1", ":shop.web.2"]),
        ("newest_first", [":shop.web.2", ":shop.web.1"]),
    ],
)
def test_the_order_of_images_follows_u11(
    api: Any, behaviour: Behaviour, register: Make, order: Any, expected: list[str]
) -> None:
    behaviour.order = order
    register("a")
    register("b")

    assert names(api) == expected


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
def test_the_order_of_deployments_follows_u11(
    api: Any, behaviour: Behaviour, clock: Any, deploy: Any, order: Any
) -> None:
    behaviour.order = order
    for _ in range(2):
        deploy("nginx")
        clock.now += 10

    deployments = api.get_container_service_deployments(serviceName="shop")["deployments"]
    versions = [deployment["version"] for deployment in deployments]
    assert versions == ([1, 2] if order == "oldest_first" else [2, 1])


def test_shuffles_answers_where_u11_says_so(api: Any, behaviour: Behaviour, register: Make) -> None:
    behaviour.order = "shuffled"
    registered = [register() for _ in range(8)]

    orders = {tuple(names(api)) for _ in range(8)}

    assert {frozenset(order) for order in orders} == {frozenset(registered)}
    assert len(orders) > 1


def test_tells_its_powers_and_its_metadata(api: Any) -> None:
    powers = api.get_container_service_powers()["powers"]

    assert [power["name"] for power in powers] == [
        "nano", "micro", "small", "medium", "large", "xlarge",
    ]  # fmt: skip
    assert api.get_container_api_metadata()["metadata"] == [
        {"name": "lightsailctlVersion", "value": "1.0.8"}
    ]
