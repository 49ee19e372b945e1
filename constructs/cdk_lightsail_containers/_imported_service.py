"""A container service that exists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk.interfaces.aws_lightsail import ContainerReference

from cdk_lightsail_containers_handler.properties.rules import check_service_name, show

from ._checks import check_known, errors_in, new_path
from ._service_base import ServiceBase

if TYPE_CHECKING:
    from constructs import Construct

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlightsail.html
_ARN = re.compile(r"arn:[a-z-]+:lightsail:[a-z0-9-]+:[0-9]{12}:ContainerService/[A-Za-z0-9-]+")
_URL = re.compile(r"https://[^\s/]+/?")


class ImportedService(ServiceBase):
    """An existing container service in the account and Region of the stack."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service_name: str,
        service_arn: str | None = None,
        principal_arn: str | None = None,
        url: str | None = None,
    ) -> None:
        with errors_in(new_path(scope, construct_id)):
            check_known(service_name, check_service_name, "service_name")
            if principal_arn is not None:
                check_known(principal_arn, _check_principal_arn, "principal_arn")
            if url is not None:
                check_known(url, _check_url, "url")
        # The environment comes from the ARN.
        super().__init__(scope, construct_id, environment_from_arn=service_arn)
        self._service_name, self._service_arn = service_name, service_arn
        self._principal_arn, self._url = principal_arn, url

    @property
    def container_ref(self) -> ContainerReference:
        return ContainerReference(container_arn=self.service_arn, service_name=self._service_name)

    @property
    def service_name(self) -> str:
        return self._service_name

    @property
    def service_arn(self) -> str:
        # The ARN ends in an id that Lightsail generates, so the name alone stands for every
        # container service of the account and Region.
        return self._service_arn or Stack.of(self).format_arn(
            service="lightsail",
            resource="ContainerService",
            resource_name="*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )

    @property
    def url(self) -> str:
        return self._known(self._url, "url")

    @property
    def principal_arn(self) -> str:
        return self._known(self._principal_arn, "principal_arn")

    def _known(self, value: str | None, what: str) -> str:
        if value is None:
            raise ValueError(
                f"{what} must be given to ContainerService.from_service_attributes(...), got none "
                f"for {self.node.path!r}"
            )
        return value


def check_arn(value: object, what: str) -> None:
    """Check the ARN of a container service."""
    if not isinstance(value, str) or not _ARN.fullmatch(value):
        rule = f"{what} must be arn:aws:lightsail:<Region>:<account>:ContainerService/<id>"
        raise ValueError(f"{rule}, got {show(value)}")


def _check_principal_arn(value: object, what: str) -> None:
    if not isinstance(value, str) or not value.startswith("arn:"):
        raise ValueError(f"{what} must be the ARN of a principal, got {show(value)}")


def _check_url(value: object, what: str) -> None:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise ValueError(f"{what} must be https://.../, got {show(value)}")
