"""The lives of a stack's resources: all that CloudFormation ever asks for, and what goes wrong."""

from __future__ import annotations

from typing import Any

from cdk_lightsail_containers_handler.properties.container_image import (
    CONTAINER_IMAGE_TYPE as IMAGE,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE as DEPLOYMENT,
)
from cdk_lightsail_containers_handler.properties.domains import (
    CERTIFICATE_VALIDATION_TYPE as VALIDATION,
)
from cdk_lightsail_containers_handler.properties.domains import DOMAIN_ENTRY_TYPE as ENTRY
from world.custom_resource import CERTIFICATE

from .world import World


def live_as_image(world: World) -> None:
    """Create, replace, fail, take back, prune and delete an image."""
    images = world.images
    with world.step("create"):
        first = world.succeed(world.event("Create", IMAGE, **images.bring(1)))
    with world.step("create again"):
        world.succeed(world.event("Create", IMAGE, **images.bring(1)))
    with world.step("update"):
        second = world.succeed(world.event("Update", IMAGE, first, **images.bring(2)))
    with world.step("clean up"):
        world.succeed(world.event("Delete", IMAGE, first, **images.bring(1)))
    with world.step("fail"):
        world.fail(world.event("Update", IMAGE, second, **images.lose()))
    with world.step("roll back"):
        _go_back(world)
        world.succeed(world.event("Update", IMAGE, second, **images.bring(2)))
        world.becomes("UPDATE_IN_PROGRESS")
    with world.step("wait for a busy service"):
        world.simulated.behaviour.service_seconds = 20
        world.simulated.call("UpdateContainerService", serviceName=_service(world), scale=2)
        third = world.succeed(world.event("Update", IMAGE, second, **images.bring(3)))
        world.simulated.behaviour.service_seconds = 0
    with world.step("register twice"):
        # Another delivery of the same request is a moment faster.
        world.recorder.before["RegisterContainerImage"] = lambda given: _register(world, given)
        fourth = world.succeed(world.event("Update", IMAGE, third, **images.bring(4)))
    with world.step("take back what was cancelled"):
        world.recorder.before["RegisterContainerImage"] = lambda _: _go_back(world)
        world.succeed(world.event("Update", IMAGE, fourth, **images.bring(6)))
        world.becomes("UPDATE_IN_PROGRESS")
    if "Source" in _properties(world, IMAGE):
        with world.step("hand over"):
            world.function.seconds = 62
            world.recorder.before["CreateContainerServiceRegistryLogin"] = lambda _: _pass(
                world, 40
            )
            world.succeed(world.event("Update", IMAGE, fourth, **images.bring(5)))
            world.function.seconds = 300
    with world.step("delete"):
        for physical_id in (second, third, fourth):
            world.succeed(world.event("Delete", IMAGE, physical_id))


def live_as_deployment(world: World) -> None:
    """Deploy, deploy something else, fail, take back, hand over and delete."""
    behaviour = world.simulated.behaviour
    with world.step("create"):
        name = world.succeed(world.event("Create", DEPLOYMENT))
    with world.step("create again"):
        world.succeed(world.event("Create", DEPLOYMENT))
    with world.step("update"):
        world.succeed(world.event("Update", DEPLOYMENT, name, **_in_mode(world, "2")))
    with world.step("fail"):
        (web,) = _in_mode(world, "3")["Containers"].values()
        behaviour.failing_images[web["Image"]] = "crash"
        world.fail(world.event("Update", DEPLOYMENT, name, **_in_mode(world, "3")))
        behaviour.failing_images.clear()
    with world.step("roll back"):
        _go_back(world)
        world.succeed(world.event("Update", DEPLOYMENT, name, **_in_mode(world, "2")))
        world.becomes("UPDATE_IN_PROGRESS")
    with world.step("hand over"):
        behaviour.deployment_seconds, world.function.seconds = 100, 60
        world.succeed(world.event("Update", DEPLOYMENT, name, **_in_mode(world, "4")))
        behaviour.deployment_seconds, world.function.seconds = 1, 300
    with world.step("delete"):
        world.succeed(world.event("Delete", DEPLOYMENT, name))


def live_as_web_service(world: World) -> None:
    """Register an image, deploy it, and live as both."""
    with world.step("create"):
        world.succeed(world.event("Create", IMAGE, **world.images.bring(1)))
    live_as_deployment(world)
    live_as_image(world)


def live_as_certificate(world: World) -> None:
    """Validate a certificate, fail, take back, hand over and delete."""
    behaviour = world.simulated.behaviour
    name = _properties(world, VALIDATION)["CertificateName"]
    with world.step("create"):
        world.succeed(world.event("Create", VALIDATION))
    with world.step("create again"):
        world.succeed(world.event("Create", VALIDATION))
    with world.step("fail"):
        world.fail(world.event("Create", VALIDATION, CertificateName="missing"))
    with world.step("roll back"):
        _go_back(world)
        world.succeed(world.event("Update", VALIDATION, name))
        world.becomes("UPDATE_IN_PROGRESS")
    with world.step("delete"):
        world.succeed(world.event("Delete", VALIDATION, name))
    with world.step("hand over"):
        ((_, properties),) = world.template.resources(CERTIFICATE)
        world.simulated.call("DeleteCertificate", certificateName=name)
        world.simulated.request_certificate(properties)
        behaviour.certificate_seconds, world.function.seconds = 100, 60
        world.succeed(world.event("Create", VALIDATION))
        behaviour.certificate_seconds, world.function.seconds = 1, 300


def live_as_domain(world: World) -> None:
    """Live as a certificate, and lead its names to a service, to another one, and back."""
    live_as_certificate(world)
    name = _properties(world, ENTRY)["Name"]
    with world.step("create"):
        world.succeed(world.event("Create", ENTRY))
    with world.step("update"):
        elsewhere = "https://elsewhere.example.org/"
        world.succeed(world.event("Update", ENTRY, name, Target=elsewhere))
    with world.step("roll back"):
        _go_back(world)
        world.succeed(world.event("Update", ENTRY, name))
        world.becomes("UPDATE_IN_PROGRESS")
    with world.step("delete"):
        world.succeed(world.event("Delete", ENTRY, name))


def _in_mode(world: World, mode: str) -> dict[str, Any]:
    """Return the containers of the deployment with another variable."""
    properties = _properties(world, DEPLOYMENT)
    containers = {
        name: {**container, "Environment": {"MODE": mode}}
        for name, container in properties["Containers"].items()
    }
    return {"Containers": containers}


def _service(world: World) -> str:
    return str(_properties(world, IMAGE)["ServiceName"])


def _properties(world: World, resource: str) -> dict[str, Any]:
    ((_, properties),) = world.template.resources(resource)
    return properties


def _register(world: World, given: dict[str, Any]) -> None:
    world.simulated.call("RegisterContainerImage", **given)


def _pass(world: World, seconds: float) -> None:
    world.simulated.clock.now += seconds


def _go_back(world: World) -> None:
    world.becomes("UPDATE_ROLLBACK_IN_PROGRESS")
