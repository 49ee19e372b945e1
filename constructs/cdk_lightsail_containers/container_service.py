"""Container services: those of a stack, and existing ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import Annotations, CfnTag
from aws_cdk.aws_lightsail import CfnContainer
from aws_cdk.interfaces.aws_lightsail import ContainerReference

from cdk_lightsail_containers_handler.properties.rules import (
    check_number,
    check_service_name,
    show,
)

from ._checks import check_known, errors_in, is_known, is_token, new_path
from ._imported_service import ImportedService, check_arn
from ._service_base import ServiceBase
from .power import Power, check_power

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from ._service_base import IContainerService

# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerService.html
_MAX_NODES = 20
_MAX_DOMAINS = 4


class ContainerService(ServiceBase):
    """A Lightsail container service that the stack creates.

    `node.default_child` is its `CfnContainer`. Every `service` parameter of this library takes a
    `ContainerService`, a `CfnContainer`, or an existing service from `from_service_attributes` or
    `from_service_name`. See
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerService.html

    With the same id, it has the same logical id as a `CfnContainer`: you can replace one by the
    other in a stack that exists.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        service_name: str,
        is_disabled: bool | None = None,
        power: Power | str | None = None,
        private_registry_access: bool | None = None,
        public_domain_names: Mapping[str, Sequence[str]] | None = None,
        scale: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Create a container service.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            service_name: the name: 1-63 lowercase letters, digits and inner hyphens. Another name
                creates another service with another URL.
            is_disabled: whether the service stops and answers nothing. It costs the same. Default:
                a new service runs, and another one stays as it is: to enable it again, pass False.
            power: memory and processor of each node: a `Power` or its name. One that this release
                does not know causes a warning. Default: `nano`.
            private_registry_access: whether Lightsail creates a role that pulls images from private
                repositories of Amazon ECR, see `image_puller_arn`. Default: False.
            public_domain_names: a mapping of the name of a Lightsail certificate, which must be
                valid, to a list of its domain names; 4 domain names in all. An empty list takes a
                certificate off that was in the template before, which CloudFormation does by itself
                only if no other one is left. Default: none, only the default URL.
            scale: the number of nodes, 1 to 20. Default: 1.
            tags: a mapping of key to value. `Tags.of(service).add(...)` works, too. Default: none.

        Raises:
            ValueError: a value breaks its rule.
        """
        with errors_in(new_path(scope, id)):
            power = Power.NANO if power is None else power
            scale = 1 if scale is None else scale
            check_known(service_name, check_service_name, "service_name")
            check_known(power, check_power, "power")
            if not is_token(scale):
                check_number(scale, "scale", 1, _MAX_NODES)
            _check_flag(is_disabled, "is_disabled")
            _check_flag(private_registry_access, "private_registry_access")
            _check_public_domain_names({} if public_domain_names is None else public_domain_names)
            _check_tags({} if tags is None else tags)
            super().__init__(scope, id)

            self._resource = CfnContainer(
                self,
                # Unlike "Resource", this id is no part of the logical id.
                "Default",
                service_name=service_name,
                power=power,
                scale=scale,
                is_disabled=is_disabled,
                private_registry_access=(
                    CfnContainer.PrivateRegistryAccessProperty(
                        ecr_image_puller_role=CfnContainer.EcrImagePullerRoleProperty(
                            is_active=True
                        )
                    )
                    if private_registry_access
                    else None
                ),
                public_domain_names=[
                    CfnContainer.PublicDomainNameProperty(
                        certificate_name=certificate, domain_names=list(domains)
                    )
                    for certificate, domains in (public_domain_names or {}).items()
                ]
                or None,
                tags=[CfnTag(key=key, value=value) for key, value in (tags or {}).items()] or None,
            )
            self._is_puller = bool(private_registry_access)
            if is_known(power) and power not in tuple(Power):
                Annotations.of(self).add_warning_v2(
                    "cdk-lightsail-containers:power",
                    f"power {power!s:.80} is not one that this release knows: {', '.join(Power)}",
                )

    @staticmethod
    def from_service_attributes(
        scope: Construct,
        id: str,
        *,
        service_arn: str,
        service_name: str,
        principal_arn: str | None = None,
        url: str | None = None,
    ) -> IContainerService:
        """Import an existing container service of the stack's account and Region by its ARN.

        Permissions for it cover this service only. Its attributes are in the answer of `aws
        lightsail get-container-services --service-name ...`.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            service_arn: `arn:aws:lightsail:<Region>:<account>:ContainerService/<id>`.
            service_name: 1-63 lowercase letters, digits and inner hyphens.
            principal_arn: the service's principal ARN. Default: not known.
            url: the service's default URL, `https://.../`. Default: not known.

        Raises:
            ValueError: a value breaks its rule.
        """
        with errors_in(new_path(scope, id)):
            check_known(service_arn, check_arn, "service_arn")
        return ImportedService(
            scope,
            id,
            service_name=service_name,
            service_arn=service_arn,
            principal_arn=principal_arn,
            url=url,
        )

    @staticmethod
    def from_service_name(
        scope: Construct,
        id: str,
        service_name: str,
    ) -> IContainerService:
        """Import an existing container service of the stack's account and Region by its name.

        Permissions for it cover every container service of the account and Region, because
        Lightsail's ARNs do not contain the name. `from_service_attributes` restricts them to one
        service.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            service_name: 1-63 lowercase letters, digits and inner hyphens.

        Raises:
            ValueError: the name breaks its rule.
        """
        return ImportedService(scope, id, service_name=service_name)

    @property
    def container_ref(self) -> ContainerReference:
        """The reference to the service that constructs of the CDK take."""
        return self._resource.container_ref

    @property
    def service_name(self) -> str:
        """The service's name."""
        return self._resource.container_ref.service_name

    @property
    def service_arn(self) -> str:
        """The service's ARN."""
        return self._resource.attr_container_arn

    @property
    def url(self) -> str:
        """The service's default URL, `https://.../`. It answers 404 without a public endpoint."""
        return self._resource.attr_url

    @property
    def principal_arn(self) -> str:
        """The ARN by which other accounts can trust the service."""
        return self._resource.attr_principal_arn

    @property
    def image_puller_arn(self) -> str:
        """The ARN of the role that pulls images, if the service has `private_registry_access`.

        For a repository: `repository.grant_pull(iam.ArnPrincipal(service.image_puller_arn))`.
        """
        if not self._is_puller:
            path = self.node.path
            raise ValueError(
                f"image_puller_arn must be that of a service with a role, got {path!r}, which has "
                "none: set private_registry_access=True"
            )
        return self._resource.attr_private_registry_access_ecr_image_puller_role_principal_arn


def _check_flag(value: object, what: str) -> None:
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{what} must be True or False, got {show(value)}")


def _check_tags(tags: object) -> None:
    rule = "tags must be a mapping of string to string"
    if not isinstance(tags, Mapping):
        raise ValueError(f"{rule}, got {show(tags)}")
    for key, value in tags.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ValueError(f"{rule}, got {show(value)} for {show(key)}")


def _check_public_domain_names(names: object) -> None:
    rule = "public_domain_names must be a mapping of certificate name to a list of domain names"
    if not isinstance(names, Mapping):
        raise ValueError(f"{rule}, got {show(names)}")
    for certificate, domains in names.items():
        if not isinstance(certificate, str) or not certificate:
            raise ValueError(f"{rule}, got {show(certificate)} for a certificate")
        is_list = isinstance(domains, list | tuple)
        if not is_list or not all(isinstance(domain, str) and domain for domain in domains):
            raise ValueError(f"{rule}, got {show(domains)} for {certificate!r}")
    count = sum(len(domains) for domains in names.values())
    if count > _MAX_DOMAINS:
        raise ValueError(f"public_domain_names must be {_MAX_DOMAINS} names at most, got {count}")
