"""`AWS::Lightsail::Certificate`, which ministack does not have, by calls to Lightsail's API.

As the published handler does, it does not wait until the certificate is issued:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lightsail-certificate.html
"""

from typing import Any

from lightsail_local.engine import failed_creates
from lightsail_local.engine.container_properties import Properties, tags
from lightsail_local.engine.container_resource import (
    Attributes,
    already_exists,
    handler_errors,
    lightsail_client,
    register_type,
)

TYPE_NAME = "AWS::Lightsail::Certificate"


def register() -> None:
    """Make the type known to ministack, with its create-only properties."""
    replacing = ("CertificateName", "DomainName", "SubjectAlternativeNames")
    register_type(
        TYPE_NAME,
        create,
        update,
        delete,
        describe=_describe,
        attributes=_attributes,
        replacing=replacing,
    )


def create(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, Attributes]:
    """Request the certificate."""
    name = properties["CertificateName"]
    client = lightsail_client()
    with handler_errors():
        if _describe(client, name) is not None:
            raise already_exists(TYPE_NAME, name)
        client.create_certificate(
            certificateName=name,
            domainName=properties["DomainName"],
            subjectAlternativeNames=list(properties.get("SubjectAlternativeNames", [])),
            tags=tags(properties),
        )
        with failed_creates.remembered(stack_name, logical_id, TYPE_NAME, name, properties):
            return name, _attributes(_describe(client, name))


def update(
    physical_id: str, _old: Properties, _new: Properties, _stack_name: str
) -> tuple[str, Attributes]:
    """Change nothing: all but the tags is a replacement, and the tags are not kept here."""
    client = lightsail_client()
    with handler_errors():
        return physical_id, _attributes(_describe(client, physical_id))


def delete(physical_id: str, _properties: Properties) -> None:
    """Delete the certificate; one that is gone already is no failure."""
    client = lightsail_client()
    with handler_errors():
        if _describe(client, physical_id) is not None:
            client.delete_certificate(certificateName=physical_id)


def _describe(client: Any, name: str) -> Any:
    try:
        found = client.get_certificates(certificateName=name, includeCertificateDetails=True)
    except (client.exceptions.NotFoundException, client.exceptions.InvalidInputException):
        return None
    return next(iter(found["certificates"]), None)


def _attributes(found: Any) -> Attributes:
    return {
        "CertificateArn": found["certificateArn"],
        "Status": found["certificateDetail"]["status"],
    }
