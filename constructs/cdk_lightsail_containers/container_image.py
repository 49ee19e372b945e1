"""A container image that a stack registers with a Lightsail container service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CustomResource, RemovalPolicy, Stack
from constructs import Construct

from cdk_lightsail_containers_handler.properties.container_image import (
    CONTAINER_IMAGE_TYPE,
    ImageAttribute,
    ImageProperty,
    check_label,
)
from cdk_lightsail_containers_handler.properties.container_image import (
    OnDelete as RemovalPolicyProperty,
)
from cdk_lightsail_containers_handler.properties.rules import check_service_name

from .handler import Handler
from .image_policy import image_policy
from .image_rules import check_registration
from .neighbours import check_alone
from .policy_grantee import PolicyGrantee
from .service_rules import check_handler, check_no_secret, check_service, service_name_of
from .synthesis_check import SynthesisCheck
from .tokens import check_known

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_lightsail import IContainerRef

    from .image_source import ImageSource

_POLICIES = {
    RemovalPolicy.DESTROY: RemovalPolicyProperty.DELETE,
    RemovalPolicy.RETAIN: RemovalPolicyProperty.RETAIN,
}


class ContainerImage(Construct):
    """A container image, registered with a Lightsail container service.

    Wherever its source is, the function carries it into the Lightsail registry first. Another
    image or label registers another image and then removes this one, once everything
    in the stack that uses it has moved. A rollback finds the image that was there and registers
    nothing. See
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_RegisterContainerImage.html

    An image of the same label and digest that is registered already, by whomever, is taken over
    instead of registering it twice. From then on it is this resource's, and goes with it.

    Before you rename this construct or move it in the tree, which makes it another resource to
    CloudFormation, set RETAIN and deploy, or give it another label. Otherwise the new resource
    takes the image over, and the old one then deletes it unless it is deployed.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's word
        *,
        label: str,
        service: IContainerRef,
        source: ImageSource,
        handler: Handler | None = None,
        max_versions: int | None = None,
        removal_policy: RemovalPolicy | None = None,
    ) -> None:
        """Register an image.

        Args:
            scope: the construct that this belongs to.
            id: the id within the scope.
            label: what the images of one kind have in common, such as `web`: 1-53 lowercase
                letters, digits and inner hyphens.
            service: the container service, a `CfnContainer` or
                `ContainerService.from_service_name`.
            source: where the image comes from.
            handler: the function that does it. Default: the one that the stack shares.
            max_versions: how many images of this label stay, 1 to 150; after a registration the
                oldest beyond that number are deleted, but none that a deployment uses. Lightsail
                stores 150 for a service and evicts none. Default: as many as there is room for.
            removal_policy: DESTROY deletes the image that this resource registered or took over
                when it is removed or replaced, but never while a deployment uses it; RETAIN keeps
                it. Default: DESTROY.

        Raises:
            ValueError: a value breaks its rule, or the stack, with the nested ones in it, has
                another image with this service and label.
        """
        check_service(scope, service)
        check_handler(scope, handler)
        check_registration(
            scope,
            label=label,
            max_versions=max_versions,
            removal_policy=removal_policy,
            source=source,
        )
        self._service_and_label = (service_name_of(service), label)
        _check_alone(scope, self._service_and_label)
        super().__init__(scope, id)

        handler = handler or Handler.shared(self)
        grantee = PolicyGrantee(self, handler)
        origin = source.bind(self, grantee)
        is_pushed = ImageProperty.SOURCE in origin
        policy = image_policy(
            self, handler, service, is_pushed=is_pushed, grants=grantee.statements
        )
        self._properties: dict[str, object] = {
            ImageProperty.SERVICE_NAME: service.container_ref.service_name,
            ImageProperty.LABEL: label,
            ImageProperty.REMOVAL_POLICY: _POLICIES[removal_policy or RemovalPolicy.DESTROY],
            **({} if max_versions is None else {ImageProperty.MAX_VERSIONS: max_versions}),
            **origin,
        }
        self._resource = CustomResource(
            self,
            "Resource",
            resource_type=CONTAINER_IMAGE_TYPE,
            service_token=handler.function.function_arn,
            service_timeout=handler.hand_over_timeout if is_pushed else handler.service_timeout,
            properties=self._properties,
        )
        handler.precede(self._resource)
        self._resource.node.add_dependency(policy)
        self.node.add_validation(SynthesisCheck(lambda: self._check_again(service)))

    @property
    def service_name(self) -> str:
        """The name of the container service that the image is registered with."""
        service_name, _ = self._service_and_label
        return service_name

    @property
    def image_name(self) -> str:
        """The image's name in the container service, such as `:shop.web.7`."""
        return self._resource.get_att_string(ImageAttribute.IMAGE_NAME)

    @property
    def image_digest(self) -> str:
        """The digest of the image's manifest, `sha256:` and 64 hex digits."""
        return self._resource.get_att_string(ImageAttribute.IMAGE_DIGEST)

    @property
    def created_at(self) -> str:
        """When the image was registered, as an ISO 8601 timestamp."""
        return self._resource.get_att_string(ImageAttribute.CREATED_AT)

    def _known(self) -> tuple[object, ...]:
        """Return service and label as the template has them, which is all that is known of them."""
        return tuple(map(Stack.of(self).resolve, self._service_and_label))

    def _check_again(self, service: IContainerRef) -> None:
        """Check what was a token, where it came to be known."""
        check_no_secret(self, service, self._properties)
        known = self._known()
        if known == self._service_and_label or not all(isinstance(part, str) for part in known):
            return
        service_name, label = known
        check_known(service_name, check_service_name, "service_name")
        check_known(label, check_label, "label")
        check_alone(self, ContainerImage, lambda image: image._known() == known, _twin(label))  # noqa: SLF001 - our own class


def _check_alone(scope: Construct, service_and_label: tuple[str, str]) -> None:
    """Refuse a second image of a service and label: each would prune and replace the other's."""
    check_alone(
        scope,
        ContainerImage,
        lambda image: image._service_and_label == service_and_label,  # noqa: SLF001 - our own class
        _twin(service_and_label[-1]),
    )


def _twin(label: object) -> str:
    rule = "a stack must not have two images with the same service and label"
    return f"{rule}, got label {label!r}"
