"""How deployments fail, how far they come, and what is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.behaviour.failure import Failure
from lightsail_local.images.manifest import digest_of
from lightsail_local.samples.sample_image import sample_index

Make = Callable[..., str]

CREATING = ("DEPLOYING", "CREATING_DEPLOYMENT")
EVALUATING = ("DEPLOYING", "EVALUATING_HEALTH_CHECK")
ACTIVATING = ("DEPLOYING", "ACTIVATING_DEPLOYMENT")

# The states of a deployment of ten seconds after 1, 4, 7 and 10 of them.
FAILING = [
    ("crash", [CREATING, CREATING, CREATING, ("READY", None)]),
    ("health_check", [CREATING, EVALUATING, EVALUATING, ("READY", None)]),
    ("took_too_long", [CREATING, EVALUATING, EVALUATING, ("READY", None)]),
]


def service(api: Any) -> Any:
    return api.get_container_services(serviceName="shop")["containerServices"][0]


def states(api: Any) -> dict[int, str]:
    answer = api.get_container_service_deployments(serviceName="shop")
    return {each["version"]: each["state"] for each in answer["deployments"]}


def course(api: Any, clock: Any) -> list[tuple[str, str | None]]:
    """The service's state and its detail, as ten seconds pass."""
    seen = []
    for seconds in (1, 3, 3, 3):
        clock.now += seconds
        shown = service(api)
        seen.append((shown["state"], shown.get("stateDetail", {}).get("code")))
    return seen


def test_a_good_deployment_goes_through_three_stages(api: Any, clock: Any, deploy: Any) -> None:
    deploy("nginx")

    assert course(api, clock) == [CREATING, EVALUATING, ACTIVATING, ("RUNNING", None)]


def test_the_detail_of_a_state_is_a_sentence(api: Any, clock: Any, deploy: Any) -> None:
    deploy("nginx")
    clock.now += 4

    assert (
        service(api)["stateDetail"]["message"]
        == "The health of your deployment is being evaluated."
    )


@pytest.mark.parametrize(("failure", "expected"), FAILING)
def test_an_image_of_the_service_fails_as_its_label_says(
    api: Any, clock: Any, register: Make, deploy: Any, failure: Failure, expected: list[Any]
) -> None:
    deploy(register(fails=failure))

    assert course(api, clock) == expected
    assert states(api) == {1: "FAILED"}


@pytest.mark.parametrize(("failure", "expected"), FAILING)
def test_an_image_of_another_registry_fails_as_the_behaviour_says(
    api: Any, behaviour: Behaviour, clock: Any, deploy: Any, failure: Failure, expected: list[Any]
) -> None:
    behaviour.failing_images["nginx:1.27"] = failure
    deploy("nginx:1.27")

    assert course(api, clock) == expected
    assert states(api) == {1: "FAILED"}


def test_another_tag_of_an_image_that_fails_does_not(
    api: Any, behaviour: Behaviour, clock: Any, deploy: Any
) -> None:
    behaviour.failing_images["nginx:1.27"] = "crash"
    deploy("nginx:1.28")
    clock.now += 10

    assert states(api) == {1: "ACTIVE"}


def test_the_behaviour_counts_more_than_a_label(
    api: Any, behaviour: Behaviour, clock: Any, register: Make, deploy: Any
) -> None:
    image = register(fails="crash")
    behaviour.failing_images[image] = "took_too_long"
    deploy(image)
    clock.now += 4

    assert service(api)["stateDetail"]["code"] == "EVALUATING_HEALTH_CHECK"


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_a_crash_shows_before_a_failed_health_check(
    api: Any, clock: Any, register: Make, deploy: Any, platform: str
) -> None:
    deploy(register(fails="health_check"), register("b", fails="crash", platform=platform))

    assert course(api, clock)[:3] == [CREATING, CREATING, CREATING]


def test_an_index_fails_as_its_amd64_image_does(
    api: Any, clock: Any, register: Make, registry: Any, push: Make, deploy: Any
) -> None:
    index, images = sample_index("hello", fails="crash")
    for platform, image in zip(
        ("linux/amd64", "linux/arm64", "unknown/unknown"), images, strict=True
    ):
        assert push("hello", platform=platform, fails="crash") == image.digest
    assert registry.put_manifest("index", index).status == 201
    api.register_container_image(serviceName="shop", label="web", digest=digest_of(index))
    deploy(":shop.web.1")
    clock.now += 10

    assert states(api) == {1: "FAILED"}


def test_the_deployment_before_runs_on_and_numbers_count_on(
    api: Any, clock: Any, register: Make, deploy: Any
) -> None:
    deploy("nginx")
    clock.now += 10
    for failure in ("crash", "health_check", "took_too_long"):
        deploy(register(fails=failure))
        clock.now += 10

    assert states(api) == {1: "ACTIVE", 2: "FAILED", 3: "FAILED", 4: "FAILED"}
    shown = service(api)
    assert (shown["state"], shown["currentDeployment"]["version"]) == ("RUNNING", 1)
    assert not {"stateDetail", "nextDeployment"} & shown.keys()
    assert deploy("nginx")["nextDeployment"]["version"] == 5


def test_the_image_of_a_failed_deployment_is_in_use_no_more(
    api: Any, clock: Any, register: Make, deploy: Any, refused: Any
) -> None:
    image = register(fails="crash")
    deploy(image)

    assert refused("delete_container_image", serviceName="shop", image=image)[0] == (
        "InvalidInputException"
    )
    clock.now += 10
    api.delete_container_image(serviceName="shop", image=image)


def test_refuses_a_second_deployment_until_the_first_has_failed(
    clock: Any, register: Make, deploy: Any, refused: Any
) -> None:
    deploy(register(fails="crash"))
    clock.now += 9
    containers = {"web": {"image": "nginx"}}

    _, message = refused(
        "create_container_service_deployment", serviceName="shop", containers=containers
    )

    assert message.startswith('Sorry, deployment 1 is in progress for service "shop".')
    clock.now += 1
    assert deploy("nginx")["nextDeployment"]["version"] == 2


def test_a_read_may_still_show_a_failed_deployment_under_way(
    api: Any, behaviour: Behaviour, clock: Any, register: Make, deploy: Any
) -> None:
    behaviour.stale_seconds = 5
    image = register(fails="crash")
    clock.now += 10
    deploy(image)

    clock.now += 14
    assert states(api) == {1: "ACTIVATING"}
    assert service(api)["stateDetail"]["code"] == "CREATING_DEPLOYMENT"
    clock.now += 1
    assert states(api) == {1: "FAILED"}


def test_refuses_an_image_that_fails_in_a_way_there_is_not(
    api: Any, manifest: Any, registry: Any, refused: Any
) -> None:
    config = json.dumps({"config": {"Labels": {"lightsail-local.fails": "explode"}}}).encode()
    descriptor = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": registry.upload(config),
        "size": len(config),
    }
    image = manifest(config=descriptor)
    registry.put_manifest("tag", image)
    api.register_container_image(serviceName="shop", label="web", digest=digest_of(image))

    code, message = refused(
        "create_container_service_deployment",
        serviceName="shop",
        containers={"web": {"image": ":shop.web.1"}},
    )

    assert code == "InvalidInputException"
    assert message == (
        'The image ":shop.web.1" has the label lightsail-local.fails="explode". '
        "It is one of crash, health_check, took_too_long."
    )
