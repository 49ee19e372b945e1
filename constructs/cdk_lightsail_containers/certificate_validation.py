"""A certificate for the domain names of a service, validated in the stack that uses it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Fn, Resource, Stack, Stage
from aws_cdk import aws_route53 as route53
from aws_cdk.aws_lightsail import CfnCertificate, CfnContainer

from cdk_lightsail_containers_handler.properties.domains import (
    CERTIFICATE_VALIDATION_TYPE,
    DOMAIN_ENTRY_TYPE,
    EntryProperty,
    ValidationAttribute,
    ValidationProperty,
    check_certificate_name,
)
from cdk_lightsail_containers_handler.properties.rules import show

from ._alias_zones import alias_zone
from ._checks import (
    SynthesisCheck,
    check_known,
    check_place,
    check_service,
    deployed_stack,
    differ,
    errors_in,
    find_in_deployment,
    is_known,
    is_token,
    new_path,
    resource_of,
    template_value,
)
from ._handler.policies import change_hosted_zone, change_lightsail_zone, validate_certificate
from .domain_handler import DomainHandler
from .handler import check_handler
from .web_domain import WebDomain, check_public

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct

    from ._service_base import IContainerService

_LONGEST_READABLE = 40


class CertificateValidation(Resource):
    """A Lightsail certificate that is issued before anything uses it.

    It requests the certificate, writes the DNS records that show that the domain names are yours,
    and waits until Lightsail has issued it. The records stay until the construct leaves the stack,
    because Lightsail renews the certificate with them. Records that were there before, or that were
    changed since, are never touched. See
    https://docs.aws.amazon.com/lightsail/latest/userguide/amazon-lightsail-creating-container-services-certificates.html

        validation = CertificateValidation(
            self, "Certificate", domain=WebDomain.route53(zone, "www.example.com")
        )
        service = ContainerService(
            self, "Service", service_name="site",
            public_domain_names=validation.public_domain_names,
        )
        validation.add_records(service)
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        domain: WebDomain,
        certificate: CfnCertificate | None = None,
        handler: DomainHandler | None = None,
    ) -> None:
        """Request a certificate and validate it.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            domain: the domain names and their zone.
            certificate: a certificate of the stack for just these domain names. Default: a new one,
                whose name changes with the domain names, so that a change of them replaces it.
            handler: the function to use. Default: the one that the stack shares.

        Raises:
            ValueError: a value breaks its rule.
        """
        with errors_in(new_path(scope, id)):
            if not isinstance(domain, WebDomain):
                rule = "domain must be WebDomain.route53(...) or WebDomain.lightsail(...)"
                raise ValueError(f"{rule}, got {show(domain)}")
            _check_account(scope, domain)
            check_handler(scope, handler, DomainHandler)
            if certificate is not None:
                _check_certificate(scope, certificate, domain)
        super().__init__(scope, id)

        self._domain = domain
        self._has_records = False
        self._handler = handler or DomainHandler.shared(self)
        self._certificate = certificate or _new_certificate(self, domain.names)
        zone = domain.hosted_zone
        if zone is not None:
            # It may be put into a VPC later.
            self.node.add_validation(SynthesisCheck(lambda: check_public(zone)))
        place: Mapping[str, str] = (
            {ValidationProperty.LIGHTSAIL_DOMAIN_NAME: domain.zone_name}
            if zone is None
            else {ValidationProperty.HOSTED_ZONE_ID: zone.hosted_zone_id}
        )
        name = self._certificate.certificate_name
        self._resource = self._add(
            CERTIFICATE_VALIDATION_TYPE,
            "Validation",
            # Another certificate or zone is another resource: the old one is deleted with its own
            # policy.
            [name, *place.values()],
            {ValidationProperty.CERTIFICATE_NAME: self._certificate.ref, **place},
            [*validate_certificate(), *self._zone_statements()],
        )
        self.node.default_child = self._resource.node.default_child

    @property
    def certificate(self) -> CfnCertificate:
        """The certificate. It may still be pending: use `certificate_name` to wait for it."""
        return self._certificate

    @property
    def certificate_name(self) -> str:
        """The certificate's name, known once it is issued."""
        return self._resource.ref

    @property
    def certificate_arn(self) -> str:
        """The certificate's ARN, known once it is issued."""
        return self._resource.get_att_string(ValidationAttribute.CERTIFICATE_ARN)

    @property
    def domain(self) -> WebDomain:
        """The domain names and their zone."""
        return self._domain

    @property
    def handler(self) -> DomainHandler:
        """The function that carries the resources out."""
        return self._handler

    @property
    def public_domain_names(self) -> Mapping[str, Sequence[str]]:
        """What a `ContainerService` takes as its `public_domain_names`."""
        return {self.certificate_name: list(self._domain.names)}

    def add_records(self, service: IContainerService | CfnContainer) -> None:
        """Make DNS records that lead the domain names to a service.

        In Amazon Route 53 they are CNAME records, and an alias record for the name of the zone
        itself; in a zone of Lightsail they are alias records.

        Args:
            service: the service, with the `public_domain_names` of this construct.

        Raises:
            ValueError: the records cannot be made.
        """
        with errors_in(self.node.path):
            check_service(self, service)
            if self._has_records:
                raise ValueError("the domain names already have records: call add_records once")
            _refuse_twin(self, self._domain.names)
            # It may get its names later, or they may be tokens.
            self.node.add_validation(SynthesisCheck(lambda: self._check_names_of(service)))
            url = service.attr_url if isinstance(service, CfnContainer) else service.url
            for name in self._domain.names:
                self._add_record(name, url)
            self._has_records = True

    def _check_names_of(self, service: IContainerRef) -> None:
        """Check that a service of the app answers to each of the domain names, and once."""
        resource = resource_of(service)
        if resource is None:
            return
        found = _domain_names_of(resource)
        for name in self._domain.names:
            if found.count(name) > 1:
                raise ValueError(
                    f"public_domain_names must have each domain name once, got {name!r} twice for "
                    f"{service.node.path!r}: leave it to one certificate"
                )
            # What is no string may become the name.
            if name not in found and all(isinstance(one, str) for one in found):
                raise ValueError(
                    f"public_domain_names of {service.node.path!r} must have {name!r}, which is to "
                    "lead to it: create the service with "
                    "public_domain_names=validation.public_domain_names"
                )

    def _add_record(self, name: str, url: str) -> None:
        zone = self._domain.hosted_zone
        if zone is None:
            self._add(
                DOMAIN_ENTRY_TYPE,
                f"Record-{name}",
                [self._domain.zone_name],
                {
                    EntryProperty.LIGHTSAIL_DOMAIN_NAME: self._domain.zone_name,
                    EntryProperty.NAME: name,
                    EntryProperty.TARGET: url,
                },
                change_lightsail_zone(self),
            )
            return
        # The URL is https://<host>/.
        host = Fn.select(2, Fn.split("/", url))
        if not self._domain.is_apex(name):
            route53.CnameRecord(
                self, f"Record-{name}", zone=zone, record_name=f"{name}.", domain_name=host
            )
            return
        route53.CfnRecordSet(
            self,
            f"Record-{name}",
            hosted_zone_id=zone.hosted_zone_id,
            name=f"{name}.",
            type="A",
            alias_target=route53.CfnRecordSet.AliasTargetProperty(
                dns_name=host, hosted_zone_id=alias_zone(self), evaluate_target_health=True
            ),
        )

    def _zone_statements(self) -> list[iam.PolicyStatement]:
        zone = self._domain.hosted_zone
        if zone is None:
            return change_lightsail_zone(self)
        return change_hosted_zone(zone.hosted_zone_arn, self._domain.names)

    def _add(
        self,
        resource_type: str,
        construct_id: str,
        key: Sequence[str],
        properties: Mapping[str, object],
        statements: Sequence[iam.PolicyStatement],
    ) -> CustomResource:
        """Add a custom resource with its policy."""
        handler, resolved = self._handler, Stack.of(self).resolve(list(key))
        name = f"{construct_id}-{hashlib.sha256(json.dumps(resolved).encode()).hexdigest()[:8]}"
        policy = handler.allow_zone(self, name, statements)
        resource = CustomResource(
            self,
            name,
            resource_type=resource_type,
            service_token=handler.function.function_arn,
            service_timeout=handler.hand_over_timeout,
            properties=properties,
        )
        handler.add_dependency_of(resource)
        resource.node.add_dependency(policy)
        if self._domain.lightsail_domain is not None:
            # The properties have the zone's name, which is no reference.
            resource.node.add_dependency(self._domain.lightsail_domain)
        return resource


def _refuse_twin(validation: CertificateValidation, names: Sequence[str]) -> None:
    """Check that no domain name has records of another construct of the stack."""

    def is_same(other: CertificateValidation) -> bool:
        return other._has_records and not set(names).isdisjoint(other.domain.names)  # noqa: SLF001 - our own class

    other = find_in_deployment(validation, CertificateValidation, is_same)
    if other is not None:
        name = next(one for one in names if one in other.domain.names)
        raise ValueError(
            f"domain name {name!r} already has a record by {other.node.path!r}: it leads to one "
            "service, use another name"
        )


def _domain_names_of(service: CfnContainer) -> list[object]:
    """Return the domain names of a service as the template has them."""
    found = template_value(service, service.public_domain_names) or []
    if not isinstance(found, list):
        return [found]
    names: list[object] = []
    for one in found:
        domains = one.get("domainNames") if isinstance(one, dict) else one
        names += domains if isinstance(domains, list) else [domains]
    return names


def _check_account(scope: Construct, domain: WebDomain) -> None:
    """Check that the zone is not known to be in an account that the function cannot reach."""
    zone = domain.hosted_zone or domain.lightsail_domain
    if zone is None:
        return
    ours, theirs = Stack.of(scope).account, zone.env.account
    if differ(ours, theirs):
        rule = "zone must be in the account of the stack"
        raise ValueError(f"{rule}, got {zone.node.path!r} of {theirs}, not of {ours}")


def _check_certificate(scope: Construct, certificate: object, domain: WebDomain) -> None:
    """Check that a certificate is one of the stack's place, for just the domain names."""
    if not isinstance(certificate, CfnCertificate):
        raise ValueError(f"certificate must be a CfnCertificate, got {show(certificate)}")
    check_place(scope, certificate, certificate.stack, "certificate")
    check_known(certificate.certificate_name, check_certificate_name, "certificate_name")
    names = [certificate.domain_name, *(certificate.subject_alternative_names or [])]
    if all(map(is_known, names)) and set(names) != set(domain.names):
        raise ValueError(
            f"certificate must be for the domain names {', '.join(domain.names)}, got "
            f"{certificate.node.path!r}, which is for {', '.join(names)}"
        )


def _new_certificate(scope: CertificateValidation, names: Sequence[str]) -> CfnCertificate:
    """Request a certificate whose name and logical id are those of its domain names.

    With other domain names it is another resource, not a replaced one: CloudFormation deletes the
    old one after the validation that depends on it, which has to read its records.
    """
    first, others = names[0], sorted(names[1:])
    stage, stack = Stage.of(scope), deployed_stack(scope).stack_name
    # Moved into a stage, a stack may keep its name, and its resources have the same logical ids.
    path = scope.node.path.removeprefix(f"{stage.node.path}/") if stage else scope.node.path
    parts = [path, first, *others, *([] if is_token(stack) else [stack])]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
    readable = first.replace(".", "-").replace("_", "-")[:_LONGEST_READABLE].strip("-")
    return CfnCertificate(
        scope,
        f"Certificate-{digest}",
        certificate_name=f"{readable}-{digest}",
        domain_name=first,
        subject_alternative_names=others or None,
    )
