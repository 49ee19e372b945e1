"""A container image that a stack registers with a Lightsail container service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Lazy, RemovalPolicy

from cdk_lightsail_containers_handler.properties.container_image import (
    CONTAINER_IMAGE_TYPE,
    ImageAttribute,
    ImageProperty,
    OnDelete,
    check_label,
    check_max_versions,
)
from cdk_lightsail_containers_handler.properties.rules import show

from ._checks import (
    LatestValue,
    check_known,
    check_service,
    errors_in,
    new_path,
    service_name_of,
)
from ._handler.policies import PUSH_IMAGE, REGISTER_IMAGE
from ._service_resource import ServiceResource
from ._signing_key import check_signing_key
from .handler import check_handler
from .image_source import ImageSource

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct

    from .handler import Handler

_ON_DELETE = {
    RemovalPolicy.DESTROY: OnDelete.DELETE,
    RemovalPolicy.RETAIN: OnDelete.RETAIN,
    # An image that a failed stack registered is kept, too.
    RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE: OnDelete.RETAIN,
}


class ContainerImage(ServiceResource):
    """A container image, registered with a Lightsail container service.

    The function pushes the image if needed and registers it. A new image or label registers a new
    version. CloudFormation deletes the old one after its users in the stack are updated. A rollback
    finds the old image again and registers nothing. See
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_RegisterContainerImage.html

    If an image with the same label and digest is already registered, this resource takes it over
    instead of registering it again. From then on the image is deleted with this resource.

    If you rename this construct or move it within its stack, CloudFormation sees another resource:
    the new resource takes the image over, and the old one leaves it alone. For another stack, also
    a nested one, deploy `removal_policy=RemovalPolicy.RETAIN` first.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        label: str,
        service: IContainerRef,
        source: ImageSource,
        handler: Handler | None = None,
        max_versions: int | None = None,
        removal_policy: RemovalPolicy | None = None,
        signed_by: kms.IKey | None = None,
    ) -> None:
        """Register an image.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            label: the common name of all versions of an image, such as `web`: 1-53 lowercase
                letters, digits and inner hyphens.
            service: the container service: a `ContainerService`, a `CfnContainer` or
                `ContainerService.from_...(...)`.
            source: where the image comes from.
            handler: the function to use. Default: the one that the stack shares.
            max_versions: how many images of this label to keep, 1 to 150. After a registration, the
                oldest ones beyond that number are deleted, except those that a deployment uses.
                Lightsail stores 150 images per service and deletes none by itself. Default: no
                limit of its own.
            removal_policy: DESTROY deletes the image when this resource is removed or replaced,
                unless a deployment uses it; RETAIN and RETAIN_ON_UPDATE_OR_DELETE keep it.
                Default: DESTROY.
            signed_by: the AWS KMS key that must have signed the image, for example with `cosign
                sign --key awskms:///...`: its spec is ECC_NIST_P256, its usage SIGN_VERIFY. The
                signature must cover the digest that the source names, which is the index's for an
                image of several platforms. Without one, nothing is pushed or registered. For
                `from_registry`, `from_ecr_repository` and `from_docker_image_asset`. Default: no
                signature is needed.

        Raises:
            ValueError: a value breaks its rule, or the stack, including its nested stacks, already
                has an image with this service and label.
        """
        with errors_in(new_path(scope, id)):
            check_service(scope, service)
            check_handler(scope, handler)
            removal_policy = RemovalPolicy.DESTROY if removal_policy is None else removal_policy
            _check_removal_policy(removal_policy)
            if not isinstance(source, ImageSource):
                raise ValueError(f"source must be one of ImageSource.from_...(...), got {source!r}")
            check_known(label, check_label, "label")
            if max_versions is not None:
                check_known(max_versions, check_max_versions, "max_versions")
            if signed_by is not None:
                check_signing_key(signed_by, source.origin)
            super().__init__(scope, id, service=service, handler=handler, label=label)

            self._label, self._source, self._removal_policy = label, source, removal_policy
            image = source.bind(self, self._grantee)
            if signed_by is not None:
                signed_by.grant(self._grantee, "kms:Verify")
            self._resource = self._add_resource(
                CONTAINER_IMAGE_TYPE,
                {
                    ImageProperty.SERVICE_NAME: service.container_ref.service_name,
                    ImageProperty.LABEL: label,
                    ImageProperty.REMOVAL_POLICY: Lazy.uncached_any(
                        LatestValue(lambda: _ON_DELETE[self._removal_policy])
                    ),
                    **({} if max_versions is None else {ImageProperty.MAX_VERSIONS: max_versions}),
                    **({} if signed_by is None else {ImageProperty.SIGNED_BY: signed_by.key_arn}),
                    **image.properties,
                },
                PUSH_IMAGE if image.is_pushed else REGISTER_IMAGE,
            )

    @property
    def label(self) -> str:
        """The common name of all versions of the image."""
        return self._label

    @property
    def source(self) -> ImageSource:
        """Where the image comes from."""
        return self._source

    @property
    def service_name(self) -> str:
        """The name of the container service that the image is registered with."""
        return service_name_of(self._service)

    @property
    def image_name(self) -> str:
        """The image's name in the container service, such as `:shop.web.7`."""
        return self._resource.get_att_string(ImageAttribute.IMAGE_NAME)

    @property
    def image_digest(self) -> str:
        """The digest of the image's manifest: `sha256:` and 64 hex digits."""
        return self._resource.get_att_string(ImageAttribute.IMAGE_DIGEST)

    @property
    def created_at(self) -> str:
        """When the image was registered, as an ISO 8601 timestamp."""
        return self._resource.get_att_string(ImageAttribute.CREATED_AT)

    def apply_removal_policy(self, policy: RemovalPolicy) -> None:
        """Set what happens to the image when this resource is removed or replaced.

        Args:
            policy: DESTROY deletes the image, RETAIN and RETAIN_ON_UPDATE_OR_DELETE keep it.

        Raises:
            ValueError: it is another policy.
        """
        with errors_in(self.node.path):
            _check_removal_policy(policy)
            self._removal_policy = policy


def _check_removal_policy(policy: object) -> None:
    if policy not in tuple(_ON_DELETE):
        shown = getattr(policy, "name", None) or show(policy)
        rule = (
            f"removal_policy must be one of RemovalPolicy.{', '.join(p.name for p in _ON_DELETE)}"
        )
        raise ValueError(f"{rule}, got {shown}")
