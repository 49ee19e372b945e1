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

from .images import Changes
from .world import Change, World


def live_as_image(world: World) -> None:
    """Create, replace, fail, take back, prune and delete an image."""
    images, before = world.images, world.recorder.before
    _create(world, IMAGE, images.bring(1))
    world.succeed("update", IMAGE, _with(images.bring(2)))
    world.fail("fail", IMAGE, _with(images.lose()))
    world.fail("roll back", IMAGE, _with(images.bring(7)), by_another=True)

    world.simulated.behaviour.service_seconds = 20
    ((_, properties),) = world.template.resources(IMAGE)
    service = str(properties["ServiceName"])
    world.simulated.call("UpdateContainerService", serviceName=service, scale=2)
    world.succeed("wait for a busy service", IMAGE, _with(images.bring(3)))
    world.simulated.behaviour.service_seconds = 0

    # Another delivery of the same request is a moment faster.
    before["RegisterContainerImage"] = lambda given: world.simulated.call(
        "RegisterContainerImage", **given
    )
    world.succeed("register twice", IMAGE, _with(images.bring(4)))
    before["RegisterContainerImage"] = lambda _: world.stack.cancel()
    world.fail("take back what was cancelled", IMAGE, _with(images.bring(6)), is_whole=True)
    if "Source" in properties:
        world.function.seconds = 62
        before["CreateContainerServiceRegistryLogin"] = lambda _: world.simulated.clock.sleep(40)
        world.succeed("hand over", IMAGE, _with(images.bring(5)))
        world.function.seconds = 300
    world.delete()


def live_as_deployment(world: World) -> None:
    """Deploy, deploy something else, fail, take back, hand over and delete."""
    _create(world, DEPLOYMENT)
    _change_deployment(world)
    world.delete()


def live_as_web_service(world: World) -> None:
    """Register an image and deploy it, change the deployment, and live as the image."""
    world.succeed("create", IMAGE, _with(world.images.bring(1)))
    _change_deployment(world)
    live_as_image(world)


def live_as_certificate(world: World) -> None:
    """Validate a certificate, hand over, fail, take back and delete; lead names elsewhere."""
    _create(world, VALIDATION)
    if is_led := any(one.kind == ENTRY for one in world.stack.resources.values()):
        world.again("create again", ENTRY)

    behaviour = world.simulated.behaviour
    ((name, properties),) = world.template.resources(CERTIFICATE)
    world.simulated.call("DeleteCertificate", certificateName=name)
    before = behaviour.certificate_seconds
    behaviour.certificate_seconds, world.function.seconds = 100, 60
    world.simulated.request_certificate(properties)
    world.again("hand over", VALIDATION)
    behaviour.certificate_seconds, world.function.seconds = before, 300

    world.fail("fail", VALIDATION, _with({"CertificateName": "missing"}))
    world.simulated.request_certificate({**properties, "CertificateName": "another"})
    world.succeed("update", VALIDATION, _with({"CertificateName": "another"}))
    world.succeed("update", VALIDATION, _with({}))
    world.simulated.call("DeleteCertificate", certificateName="another")
    if is_led:
        world.succeed("update", ENTRY, _with({"Target": "https://elsewhere.example.org/"}))
        world.fail("roll back", ENTRY, _with({}), by_another=True)
    world.delete()


def _create(world: World, kind: str, changes: Changes | None = None) -> None:
    world.succeed("create", kind, _with(changes or {}))
    world.again("create again", kind)


def _change_deployment(world: World) -> None:
    behaviour = world.simulated.behaviour
    world.succeed("update", DEPLOYMENT, _in_mode("2"))
    (deployment,) = (one for one in world.stack.resources.values() if one.kind == DEPLOYMENT)
    (container,) = deployment.properties["Containers"].values()
    behaviour.failing_images[container["Image"]] = "crash"
    world.fail("fail", DEPLOYMENT, _in_mode("3"))
    behaviour.failing_images.clear()
    world.fail("roll back", DEPLOYMENT, _in_mode("3"), by_another=True)
    behaviour.deployment_seconds, world.function.seconds = 100, 60
    world.succeed("hand over", DEPLOYMENT, _in_mode("4"))
    behaviour.deployment_seconds, world.function.seconds = 1, 300


def _with(changes: Changes) -> Change:
    return lambda properties: {**properties, **changes}


def _in_mode(mode: str) -> Change:
    """Return what gives the containers of a deployment another variable."""

    def change(properties: dict[str, Any]) -> dict[str, Any]:
        containers = {
            name: {**container, "Environment": {"MODE": mode}}
            for name, container in properties["Containers"].items()
        }
        return {**properties, "Containers": containers}

    return change
