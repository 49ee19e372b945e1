"""The steps that images and deployments share."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Resource, Stack

from cdk_lightsail_containers_handler.properties.container_image import check_label
from cdk_lightsail_containers_handler.properties.rules import check_service_name

from ._checks import SynthesisCheck, check_known, find_in_deployment, service_name_of
from ._handler.grantees import PolicyGrantee
from ._template_secrets import secrets_among
from .handler import Handler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct

    from ._handler.policies import Permissions


class ServiceResource(Resource):
    """A custom resource that the function carries out on a container service.

    A stack and its nested stacks have one image for a service and label, and one deployment for a
    service: a second one would replace what the first one made.

    Args:
        scope: the parent construct.
        id: the id within the scope.
        service: the container service.
        handler: the function. None for the one that the stack shares.
        label: the label of an image. None for a deployment.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        service: IContainerRef,
        handler: Handler | None,
        label: str | None = None,
    ) -> None:
        self._service = service
        self._key = (service_name_of(service), label)
        _refuse_twin(scope, self._key, lambda other: other._key == self._key)  # noqa: SLF001 - our own class
        super().__init__(scope, id)
        self._handler = handler or Handler.shared(self)
        self._grantee = PolicyGrantee(self, self._handler.role)

    @property
    def service(self) -> IContainerRef:
        """The container service."""
        return self._service

    @property
    def handler(self) -> Handler:
        """The function that carries the resource out."""
        return self._handler

    def _add_resource(
        self, resource_type: str, properties: Mapping[str, object], permissions: Permissions
    ) -> CustomResource:
        """Add the custom resource, after the grants that its properties need."""
        self._properties = properties
        self._policy = self._handler.allow(
            self, self._service, permissions, grants=self._grantee.statements
        )
        self._grantee.statements.clear()
        resource = CustomResource(
            self,
            "Resource",
            resource_type=resource_type,
            service_token=self._handler.function.function_arn,
            service_timeout=(
                self._handler.hand_over_timeout
                if permissions.hands_over
                else self._handler.service_timeout
            ),
            properties=properties,
        )
        self.node.default_child = resource.node.default_child
        self._handler.add_dependency_of(resource)
        resource.node.add_dependency(self._policy)
        self.node.add_validation(SynthesisCheck(lambda: self._check_again(properties)))
        return resource

    def _fingerprint(self) -> str:
        """Return what is another string when CloudFormation updates the resource."""
        resolved = Stack.of(self).resolve(self._properties)
        return hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()[:16]

    def _allow_more(self) -> None:
        """Add the grants for what was added to the resource since its policy was made."""
        self._handler.allow_more(self._policy, self._grantee.statements)
        self._grantee.statements.clear()

    def _check_again(self, properties: Mapping[str, object]) -> None:
        """Check at synthesis what was not known before."""
        self._reject_secrets(properties)
        name, label = known = self._known_key()
        if known == self._key or not (isinstance(name, str) and isinstance(label, str | None)):
            return
        check_known(name, check_service_name, "service_name")
        if label is not None:
            check_known(label, check_label, "label")
        _refuse_twin(self, known, lambda other: other._known_key() == known)  # noqa: SLF001 - our own class

    def _known_key(self) -> tuple[object, object]:
        """Return service and label as the template has them."""
        name, label = self._key
        resolve = Stack.of(self).resolve
        return resolve(name), resolve(label)

    def _reject_secrets(self, properties: Mapping[str, object]) -> None:
        """Check that no property is a secret, because events and logs show them."""
        for name, secret in (
            # The properties may contain a reference instead of the name.
            *secrets_among(self._service, {"ServiceName": service_name_of(self._service)}),
            *secrets_among(self, properties),
        ):
            rule = f"property {name} must not be a secret, got {secret}"
            raise ValueError(f"{rule}: events and logs show it, use a value that is not secret")


def _refuse_twin(
    scope: Construct, key: tuple[object, object], is_same: Callable[[ServiceResource], bool]
) -> None:
    """Check that no other resource of the stack has this service and label."""
    other = find_in_deployment(scope, ServiceResource, is_same)
    if other is None:
        return
    path, (_, label) = other.node.path, key
    if label is None:
        rule = f"the service already has deployment {path!r} in this stack"
        raise ValueError(f"{rule}: put all containers into one deployment")
    rule = f"label {label!r} is already used by {path!r} on this service"
    raise ValueError(f"{rule}: give one of them another label")
