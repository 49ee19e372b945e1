"""A deployment of containers to a Lightsail container service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from aws_cdk import Annotations, Lazy, ReferenceStrength, RemovalPolicy, Stack

from cdk_lightsail_containers_handler.properties.container import (
    ContainerProperty,
    PortProtocol,
    check_container_image,
    check_container_name,
    check_port,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
    MOST_CONTAINERS,
    DeploymentAttribute,
    DeploymentProperty,
)
from cdk_lightsail_containers_handler.properties.public_endpoint import check_public_port
from cdk_lightsail_containers_handler.properties.rules import show

from ._checks import (
    LatestValue,
    check_known,
    check_revision,
    check_service,
    errors_in,
    is_deployed_together,
    is_known,
    is_late,
    is_token,
    new_path,
    resource_of,
    service_name_of,
    template_text,
)
from ._handler.policies import DEPLOY
from ._service_resource import ServiceResource
from ._sources import is_private_ecr
from .container import Container, check_key, reject_secrets
from .container_image import ContainerImage
from .handler import check_handler
from .public_endpoint import PublicEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm
    from aws_cdk.aws_lightsail import CfnContainer
    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct

    from .container_secret import ContainerSecret
    from .handler import Handler

_RETAINS = (RemovalPolicy.RETAIN, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


class ContainerServiceDeployment(ServiceResource):
    """A deployment of containers to a Lightsail container service, until it is active.

    The resource is complete when its deployment is active. If the deployment fails, the resource
    fails with the last lines of the containers' logs, the service keeps running the previous
    deployment, and the stack rolls back to it. Unchanged containers are not redeployed. If another
    deployment is in progress, the function waits for it. Lightsail has no API to delete a
    deployment, so it keeps running when you remove this resource from the stack. See
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerServiceDeployment.html

    A service has one deployment at a time. So a stack can have one for each service, and the
    service's `CfnContainer` must not have a `container_service_deployment`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        containers: Mapping[str, Container],
        service: IContainerRef,
        handler: Handler | None = None,
        public_endpoint: PublicEndpoint | None = None,
        revision: str | None = None,
    ) -> None:
        """Deploy containers.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            containers: a mapping of name to `Container`, 1 to 10 of them. A name is 1-53 lowercase
                letters, digits and inner hyphens, and cannot be a token. Their images are images of
                this service or of a registry.
            service: the container service: a `ContainerService`, a `CfnContainer` or
                `ContainerService.from_...(...)`.
            handler: the function to use. Default: the one that the stack shares.
            public_endpoint: the container and port that the internet reaches. Default: none; then
                only other Lightsail resources of the account reach the service.
            revision: any string; change it to have the secrets of the containers read again and
                deployed. A changed secret alone does not change the template, so CloudFormation
                does not update the deployment. Default: none.

        Raises:
            ValueError: a value breaks its rule, an image belongs to another service, the service
                has a deployment of its own, or the stack, including its nested stacks, already has
                a deployment of the service.
        """
        with errors_in(new_path(scope, id)):
            check_service(scope, service)
            check_handler(scope, handler)
            check_revision(revision)
            _check_containers(containers)
            self._containers = dict(containers)
            self._public_endpoint = public_endpoint
            self._check_deployable(scope, service)
            _check_public_endpoint(public_endpoint, containers)
            images = _images_of(scope, containers)
            _check_images(service, containers, images)
            super().__init__(scope, id, service=service, handler=handler)

            # Containers and variables are added until synthesis.
            self._revision = revision
            self._elsewhere = _elsewhere(self, images)
            self._bound = {name: self._bind(name, one) for name, one in containers.items()}
            endpoint = {} if public_endpoint is None else public_endpoint.bind()
            self._resource = self._add_resource(
                DEPLOYMENT_TYPE,
                {
                    DeploymentProperty.SERVICE_NAME: service.container_ref.service_name,
                    DeploymentProperty.CONTAINERS: Lazy.uncached_any(
                        LatestValue(lambda: self._bound)
                    ),
                    **({DeploymentProperty.PUBLIC_ENDPOINT: endpoint} if endpoint else {}),
                    DeploymentProperty.REVISION: Lazy.uncached_any(
                        LatestValue(self._whole_revision)
                    ),
                },
                DEPLOY,
            )
            self._warn_of_private_images(containers)

    @property
    def containers(self) -> Mapping[str, Container]:
        """The containers by name. They cannot be changed here: use the `add_` methods."""
        return MappingProxyType(self._containers)

    @property
    def public_endpoint(self) -> PublicEndpoint | None:
        """The container and port that the internet reaches."""
        return self._public_endpoint

    @property
    def deployment_version(self) -> str:
        """The version number of the active deployment, such as `7`."""
        return self._resource.get_att_string(DeploymentAttribute.DEPLOYMENT_VERSION)

    @property
    def url(self) -> str:
        """The service's default URL, `https://.../`. It answers 404 without a public endpoint."""
        return self._resource.get_att_string(DeploymentAttribute.URL)

    def add_container(self, name: str, container: Container) -> None:
        """Deploy another container.

        Args:
            name: 1-53 lowercase letters, digits and inner hyphens; it cannot be a token.
            container: the container.

        Raises:
            ValueError: a value breaks its rule, or the deployment has a container of this name.
        """
        with errors_in(self.node.path):
            if name in self._containers:
                raise ValueError(f"container {name!r} already exists: use another name")
            _check_containers({**self._containers, name: container})
            images = _images_of(self, {name: container})
            _check_images(self._service, {name: container}, images)
            self._elsewhere |= _elsewhere(self, images)
            self._set(name, container)
            self._warn_of_private_images([name])

    def add_environment(self, name: str, value: str, *, container: str | None = None) -> None:
        """Give a container another environment variable, or a variable another value.

        Args:
            name: the variable.
            value: a string that is not secret.
            container: the name of the container. Default: the only one.

        Raises:
            ValueError: a value breaks its rule, the name is one of a secret, or there is no such
                container.
        """
        with errors_in(self.node.path):
            which = self._name_of(container)
            old = self._containers[which]
            self._set(which, replace(old, environment={**old.environment, name: value}))

    def add_secret(
        self,
        name: str,
        secret: ContainerSecret | secretsmanager.ISecret | ssm.IParameter,
        *,
        container: str | None = None,
    ) -> None:
        """Give a container another secret as an environment variable.

        Args:
            name: the variable.
            secret: a `ContainerSecret`, or a secret of AWS Secrets Manager or a parameter of SSM.
            container: the name of the container. Default: the only one.

        Raises:
            ValueError: a value breaks its rule, the name is one in the environment, or there is no
                such container.
        """
        with errors_in(self.node.path):
            which = self._name_of(container)
            old = self._containers[which]
            self._set(which, replace(old, secrets={**old.secrets, name: secret}))

    def apply_removal_policy(self, policy: RemovalPolicy) -> None:
        """Check a policy: a deployment always keeps running when its resource is removed.

        Args:
            policy: RETAIN or RETAIN_ON_UPDATE_OR_DELETE.

        Raises:
            ValueError: it is another policy.
        """
        with errors_in(self.node.path):
            if policy not in _RETAINS:
                shown = getattr(policy, "name", None) or show(policy)
                raise ValueError(
                    f"removal_policy of a deployment must be RemovalPolicy.RETAIN, got {shown}: "
                    "Lightsail has no API to delete a deployment"
                )

    def _name_of(self, container: str | None) -> str:
        names = list(self._containers)
        if container is None and len(names) == 1:
            return names[0]
        if container not in names:
            raise ValueError(f"container must be one of {', '.join(names)}, got {show(container)}")
        return container

    def _set(self, name: str, container: Container) -> None:
        reject_secrets(self, container)
        self._containers[name] = container
        self._bound[name] = self._bind(name, container)
        self._allow_more()

    def _bind(self, name: str, container: Container) -> Mapping[str, object]:
        """Return a container's properties, with a weak reference to an image of another stack.

        A strong one is an export, which must not change while it is in use; an image name does.
        """
        bound = container.bind(self._grantee)
        image = self._elsewhere.get(name)
        if image is None:
            return bound
        weak = Stack.consume_reference(image.image_name, ReferenceStrength.WEAK)
        return {**bound, ContainerProperty.IMAGE: weak}

    def _whole_revision(self) -> str | None:
        """Return the revision, with what changes when an image of another stack does.

        A weak reference stays the same in the template, which would leave the stack as it is.
        """
        parts = [] if self._revision is None else [self._revision]
        for _, image in sorted(self._elsewhere.items()):
            parts.append(image._fingerprint())  # noqa: SLF001 - our own class
        return " ".join(parts) if parts else None

    def _check_again(self, properties: Mapping[str, object]) -> None:
        """Check at synthesis what was not known before, or was set since."""
        self._check_deployable(self, self._service, is_synthesis=True)
        super()._check_again(properties)

    def _check_deployable(
        self, scope: Construct, service: IContainerRef, *, is_synthesis: bool = False
    ) -> None:
        """Check that the service has no deployment of its own, and the containers no secrets."""
        resource = resource_of(service)
        if resource is not None and resource.container_service_deployment is not None:
            rule = f"{service.node.path!r} already sets container_service_deployment"
            raise ValueError(f"{rule}: remove one of the two deployments")
        for container in self._containers.values():
            reject_secrets(scope, container, is_synthesis=is_synthesis)

    def _warn_of_private_images(self, names: Iterable[str]) -> None:
        """Warn of images that the service is not known to be allowed to pull.

        A private repository of Amazon ECR answers to a role that Lightsail creates for the service:
        https://docs.aws.amazon.com/lightsail/latest/userguide/amazon-lightsail-container-service-ecr-private-repo-access.html
        """
        # An imported service may have the role.
        resource = resource_of(self._service)
        if resource is None or _has_puller_role(resource):
            return
        images = {name: self._containers[name].image_name for name in names}
        private = [
            name
            for name, image in images.items()
            if not is_late(image) and is_private_ecr(template_text(self, image))
        ]
        if private:
            Annotations.of(self).add_warning_v2(
                "cdk-lightsail-containers:privateRegistryAccess",
                "the service has no role to pull images from a private repository of Amazon ECR "
                f"(container {', '.join(private)}): set private_registry_access=True of its "
                "ContainerService and in the repository's policy allow image_puller_arn to pull; "
                "of a CfnContainer, set an active ecr_image_puller_role and allow "
                "attr_private_registry_access_ecr_image_puller_role_principal_arn; or use a "
                "ContainerImage with ImageSource.from_ecr_repository(...)",
            )


def _check_containers(containers: object) -> None:
    if not isinstance(containers, Mapping):
        # The message must not show the value, which may contain environment variables.
        shown = type(containers).__name__
        raise ValueError(f"containers must be a mapping of name to Container, got a {shown}")
    if not 1 <= len(containers) <= MOST_CONTAINERS:
        raise ValueError(f"containers must be 1 to {MOST_CONTAINERS}, got {len(containers)}")
    for name, container in containers.items():
        check_key(name, "the name of a container")
        check_known(name, check_container_name, "container name")
        if not isinstance(container, Container):
            shown = type(container).__name__
            raise ValueError(f"containers[{name!r}] must be a Container, got a {shown}")


def _check_images(
    service: IContainerRef,
    containers: Mapping[str, Container],
    images: Mapping[str, ContainerImage],
) -> None:
    """Check that every image that Lightsail stores belongs to this container service.

    Args:
        service: the container service.
        containers: the containers by name.
        images: those of the app that they run, by container.
    """
    name = service_name_of(service)
    if not is_known(name):
        return
    for container, definition in containers.items():
        what = f"the image of container {container!r}"
        given = definition.image
        if not isinstance(given, ContainerImage) and is_known(given):
            check_container_image(given, name, what)
            continue
        image = images.get(container)
        if image and image.service_name != name and is_known(image.service_name):
            raise ValueError(
                f"{what} must be one of the container service {name!r} itself, got "
                f"{image.node.path!r}, which is one of {image.service_name!r}"
            )


def _check_public_endpoint(endpoint: object, containers: Mapping[str, Container]) -> None:
    """Check that a public endpoint names an HTTP or HTTPS port of a container."""
    if endpoint is None:
        return
    if not isinstance(endpoint, PublicEndpoint):
        raise ValueError(f"public_endpoint must be a PublicEndpoint, got {endpoint!r}")
    name, port = endpoint.container, endpoint.port
    if not is_known(name):
        return
    if name not in containers:
        rule = f"the public endpoint's container must be one of {', '.join(containers)}"
        raise ValueError(f"{rule}, got {name!r}")
    ports = containers[name].ports
    if is_token(port) or not all(map(is_known, ports.values())):
        return
    known = {check_port(number): PortProtocol(protocol) for number, protocol in ports.items()}
    check_public_port(check_port(port), known, name, "the public endpoint's port")


def _images_of(scope: Construct, containers: Mapping[str, Container]) -> dict[str, ContainerImage]:
    """Return the images of the app that containers run, by container."""
    found = ((name, _image_of(scope, container.image)) for name, container in containers.items())
    return {name: image for name, image in found if image}


def _image_of(scope: Construct, given: ContainerImage | str) -> ContainerImage | None:
    """Return an image of the app, also one that a token names; None for any other."""
    if isinstance(given, ContainerImage):
        return given
    if is_token(given):
        for construct in scope.node.root.node.find_all():
            if isinstance(construct, ContainerImage) and construct.image_name == given:
                return construct
    return None


def _elsewhere(scope: Construct, images: Mapping[str, ContainerImage]) -> dict[str, ContainerImage]:
    """Return those of some images that are deployed with another stack than a construct."""
    return {name: one for name, one in images.items() if not is_deployed_together(scope, one)}


def _has_puller_role(service: CfnContainer) -> bool:
    access = Stack.of(service).resolve(service.private_registry_access) or {}
    role = access.get("ecrImagePullerRole") or {}
    # A value that is known only at deploy time may be a yes.
    return bool(role.get("isActive"))
