"""`AWS::Lightsail::Domain`, which ministack does not have, by calls to Lightsail's API.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lightsail-domain.html
"""

from typing import Any

from lightsail_local.engine import failed_creates
from lightsail_local.engine.container_properties import Properties
from lightsail_local.engine.container_resource import (
    Attributes,
    already_exists,
    handler_errors,
    lightsail_client,
    register_type,
)

TYPE_NAME = "AWS::Lightsail::Domain"


def register() -> None:
    """Make the type known to ministack, with its create-only property."""
    register_type(
        TYPE_NAME,
        create,
        update,
        delete,
        describe=_describe,
        attributes=_attributes,
        replacing=("DomainName",),
    )


def create(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, Attributes]:
    """Create the zone."""
    name = properties["DomainName"]
    client = lightsail_client()
    with handler_errors():
        if _describe(client, name) is not None:
            raise already_exists(TYPE_NAME, name)
        client.create_domain(domainName=name)
        with failed_creates.remembered(stack_name, logical_id, TYPE_NAME, name, properties):
            return name, _attributes(_describe(client, name))


def update(
    physical_id: str, _old: Properties, _new: Properties, _stack_name: str
) -> tuple[str, Attributes]:
    """Change nothing: the tags are not kept here."""
    with handler_errors():
        return physical_id, _attributes(_describe(lightsail_client(), physical_id))


def delete(physical_id: str, _properties: Properties) -> None:
    """Delete the zone with its entries; one that is gone already is no failure."""
    client = lightsail_client()
    with handler_errors():
        if _describe(client, physical_id) is not None:
            client.delete_domain(domainName=physical_id)


def _describe(client: Any, name: str) -> Any:
    try:
        return client.get_domain(domainName=name)["domain"]
    except client.exceptions.NotFoundException:
        return None


def _attributes(found: Any) -> Attributes:
    return {"Arn": found["arn"]}
