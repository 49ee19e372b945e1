"""Lightsail's container services: what its API does, without the wire.

The sentences of errors are Lightsail's own where they are known; programs branch on the names.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import LightsailError, invalid, not_found
from ..images.image_store import ImageStore
from ..registry.registry_login import RegistryLogins
from .container_log import read_log
from .container_service import ContainerService
from .domains import Domains, Resolve, nowhere
from .names import check_name
from .new_deployment import add_deployment
from .new_image import add_image
from .powers import describe_metadata, describe_powers
from .runtime import Runtime
from .services import Services, View
from .tags import Tags, add_tags

Parameters = Mapping[str, Any]
Result = dict[str, Any]

_BUSY = frozenset({"PENDING", "UPDATING", "DEPLOYING"})
# What can be set beside power and scale, and what it is when it is not.
_DEFAULTS: Mapping[str, Any] = {
    "isDisabled": False,
    "publicDomainNames": {},
    "privateRegistryAccess": {},
}


class Lightsail:
    """The container services of an account in a Region.

    Args:
        behaviour: the switches, times and quotas.
        images: what the registry holds.
        logins: the registry's logins.
        registry: the registry's address, as logins name it.
        region: the Region.
        account: the account, 12 digits.
        clock: tells the time, in seconds since the epoch; states follow it.
        runtime: runs what is deployed, None to simulate it.
        resolve: finds what a CNAME record outside of Lightsail says, None for no record.

    Attributes:
        behaviour: the switches, times and quotas.
        domains: the certificates and DNS zones.
        operations: the names of the operations that there are.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        images: ImageStore,
        logins: RegistryLogins,
        *,
        registry: str,
        region: str,
        account: str,
        clock: Callable[[], float],
        runtime: Runtime | None = None,
        resolve: Resolve = nowhere,
    ) -> None:
        self.behaviour = behaviour
        self._images = images
        self._logins = logins
        self._registry = registry
        self._region = region
        self._account = account
        self._runtime = runtime
        self._services = Services(behaviour, clock)
        self.domains = Domains(
            behaviour, region=region, account=account, clock=clock, resolve=resolve
        )
        self._lock = threading.Lock()
        self._operations: Mapping[str, Callable[[Parameters], Result]] = {
            "CreateContainerService": self._create_service,
            "GetContainerServices": self._get_services,
            "UpdateContainerService": self._update_service,
            "DeleteContainerService": self._delete_service,
            "CreateContainerServiceRegistryLogin": self._create_login,
            "RegisterContainerImage": self._register_image,
            "GetContainerImages": self._get_images,
            "DeleteContainerImage": self._delete_image,
            "CreateContainerServiceDeployment": self._create_deployment,
            "GetContainerServiceDeployments": self._get_deployments,
            "GetContainerLog": self._get_log,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "GetContainerServicePowers": lambda _: {"powers": describe_powers()},
            **self.domains.operations,
            "DeleteCertificate": self._delete_certificate,
            "GetContainerAPIMetadata": lambda _: {"metadata": describe_metadata()},
        }
        self.operations = frozenset(self._operations)

    def call(self, operation: str, parameters: Parameters) -> Result:
        """Carry out an operation.

        Args:
            operation: its name, one of `operations`.
            parameters: its parameters, in the API's shape.

        Returns:
            Its answer, in the API's shape.

        Raises:
            LightsailError: it is refused.
        """
        with self._lock:
            return self._operations[operation](parameters)

    def view(self) -> View:
        """Return the services as they are, never stale."""
        with self._lock:
            return self._services.now()

    def _create_service(self, parameters: Parameters) -> Result:
        now, name = self._services.now(), parameters["serviceName"]
        check_name("Service", name)
        if name in now.services:
            raise invalid(f"Some names are already in use: {name}")
        if len(now.services) >= self.behaviour.container_services:
            raise invalid(
                "Sorry, you've either reached or will exceed your maximum limit of Lightsail "
                "Container Services."
            )
        self.domains.check_issued(parameters.get("publicDomainNames", {}))
        service = ContainerService(
            name=name,
            id=str(uuid.uuid4()),
            region=self._region,
            account=self._account,
            created_at=now.at,
            settings=_settings(parameters, {"power": None, "scale": None, **_DEFAULTS}),
            tags=add_tags((), parameters.get("tags", ())),
            changing="PENDING",
            settles_at=now.at + self.behaviour.service_seconds,
            running_url=self._runtime.url(name) if self._runtime else None,
        )
        if wanted := parameters.get("deployment"):
            service = self._deploy(service, wanted, now.at)
        return self._put(service, now.at)

    def _get_services(self, parameters: Parameters) -> Result:
        read = self._services.as_read()
        name = parameters.get("serviceName")
        services = read.services.values() if name is None else [read.get(name)]
        return {"containerServices": [service.describe(read.at) for service in services]}

    def _update_service(self, parameters: Parameters) -> Result:
        now, service = self._existing(parameters["serviceName"])
        self.domains.check_issued(parameters.get("publicDomainNames", {}))
        changed = replace(
            service,
            settings=_settings(parameters, service.settings),
            changing="UPDATING",
            settles_at=now.at + self.behaviour.service_seconds,
        )
        if self._runtime:
            self._runtime.enable(service.name, not changed.settings["isDisabled"])
            power, scale = (changed.settings[name] for name in ("power", "scale"))
            self._runtime.resize(service.name, power, scale)
        return self._put(changed, now.at)

    def _delete_service(self, parameters: Parameters) -> Result:
        now, service = self._existing(parameters["serviceName"])
        changed = replace(
            service,
            images=(),
            changing="DELETING",
            settles_at=now.at + self.behaviour.service_seconds,
        )
        self._put(changed, now.at)
        if self._runtime:
            self._runtime.end(service.name)
        return {}

    def _delete_certificate(self, parameters: Parameters) -> Result:
        """Delete a certificate, which no service may have.

        AWS documents that of distributions, and not of services.
        """
        name = parameters["certificateName"]
        for service in self._services.now().services.values():
            if name in service.settings["publicDomainNames"]:
                raise invalid(f'The certificate "{name}" is in use by "{service.name}".')
        return self.domains.operations["DeleteCertificate"](parameters)

    def _create_login(self, _: Parameters) -> Result:
        now = self._services.now()
        if not now.services:
            raise invalid(
                "You must create a container service before retrieving container registry login "
                "credentials"
            )
        states = {service.state(now.at) for service in now.services.values()}
        if self.behaviour.busy_service == "refused" and states <= _BUSY:
            raise invalid("Sorry, no container service is ready. Please try again later.")
        login = self._logins.create()
        answer = {
            "username": login.username,
            "password": login.password,
            "expiresAt": round(login.expires_at, 3),
            "registry": self._registry,
        }
        return {"registryLogin": answer}

    def _register_image(self, parameters: Parameters) -> Result:
        now, service = self._existing(parameters["serviceName"])
        self._check_that_it_takes_images(service, now.at)
        label, digest = parameters["label"], parameters["digest"]
        service, image = add_image(
            service, label, digest, at=now.at, behaviour=self.behaviour, images=self._images
        )
        self._put(service, now.at)
        return {"containerImage": image.describe()}

    def _check_that_it_takes_images(self, service: ContainerService, at: float) -> None:
        """Refuse a change of a service's images while it is being changed: U9."""
        state = service.state(at)
        if self.behaviour.busy_service == "refused" and state in _BUSY:
            raise _not_while(state, service)

    def _get_images(self, parameters: Parameters) -> Result:
        service = self._services.as_read().get(parameters["serviceName"])
        images = self.behaviour.ordered([image.describe() for image in service.images])
        return {"containerImages": images}

    def _delete_image(self, parameters: Parameters) -> Result:
        now, service = self._existing(parameters["serviceName"])
        name = parameters["image"]
        kept = tuple(image for image in service.images if image.name != name)
        if kept == service.images:
            raise not_found(f'The image "{name}" does not exist.')
        self._check_that_it_takes_images(service, now.at)
        if self.behaviour.delete_in_use == "refused" and name in service.images_in_use(now.at):
            raise invalid(f'The image "{name}" is in use by a deployment.')
        self._put(replace(service, images=kept), now.at)
        return {}

    def _create_deployment(self, parameters: Parameters) -> Result:
        now, service = self._existing(parameters["serviceName"])
        if coming := service.next_deployment(now.at):
            raise invalid(
                f'Sorry, deployment {coming.version} is in progress for service "{service.name}". '
                "Please wait for it to complete before trying again."
            )
        state = service.state(now.at)
        if state not in ("READY", "RUNNING"):
            raise _not_while(state, service)
        service = self._deploy(service, parameters, now.at)
        return self._put(service, now.at)

    def _get_deployments(self, parameters: Parameters) -> Result:
        read = self._services.as_read()
        service = read.get(parameters["serviceName"])
        return {"deployments": self.behaviour.ordered(service.describe_deployments(read.at))}

    def _get_log(self, parameters: Parameters) -> Result:
        read = self._services.as_read()
        service = read.get(parameters["serviceName"])
        return read_log(service, read.at, self.behaviour, parameters)

    def _tag(self, parameters: Parameters) -> Result:
        now, service = self._resource(parameters)
        return self._put_tags(service, add_tags(service.tags, parameters["tags"]), now.at)

    def _untag(self, parameters: Parameters) -> Result:
        now, service = self._resource(parameters)
        kept = [tag for tag in service.tags if tag["key"] not in parameters["tagKeys"]]
        return self._put_tags(service, kept, now.at)

    def _deploy(self, service: ContainerService, wanted: Parameters, at: float) -> ContainerService:
        return add_deployment(
            service,
            wanted,
            at=at,
            behaviour=self.behaviour,
            images=self._images,
            runtime=self._runtime,
        )

    def _existing(self, name: str) -> tuple[View, ContainerService]:
        """Return the services as they are, and the one to change."""
        now = self._services.now()
        service = now.get(name)
        if service.changing == "DELETING":
            raise _not_while("DELETING", service)
        return now, service

    def _resource(self, parameters: Parameters) -> tuple[View, ContainerService]:
        """Return the services as they are, and the one whose tags are to change."""
        now, service = self._existing(parameters["resourceName"])
        arn = parameters.get("resourceArn", service.arn)
        if arn != service.arn:
            raise not_found(f"The ContainerService does not exist: {arn}")
        return now, service

    def _put(self, service: ContainerService, at: float) -> Result:
        self._services.put(service)
        # The registry keeps what is registered, and only that.
        self._images.hold(self._services.digests())
        return {"containerService": service.describe(at)}

    def _put_tags(self, service: ContainerService, tags: Tags, at: float) -> Result:
        self._put(replace(service, tags=tags), at)
        operation = {
            "id": str(uuid.uuid4()),
            "resourceName": service.name,
            "resourceType": "ContainerService",
            "createdAt": round(at, 3),
            "location": service.location,
            "isTerminal": True,
            # No operationType: the model's enumeration has none for tags.
            "status": "Succeeded",
            "statusChangedAt": round(at, 3),
        }
        return {"operations": [operation]}


def _settings(parameters: Parameters, old: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings after a call.

    A certificate that is left out stays, and one without names is taken off. AWS does not document
    that, but it is what its handler for CloudFormation and Terraform's take for granted.
    """
    names = {**old["publicDomainNames"], **parameters.get("publicDomainNames", {})}
    return {
        **{name: parameters.get(name, value) for name, value in old.items()},
        "publicDomainNames": {name: domains for name, domains in names.items() if domains},
    }


def _not_while(state: str, service: ContainerService) -> LightsailError:
    return invalid(f'Sorry, the container service "{service.name}" is {state}.')
