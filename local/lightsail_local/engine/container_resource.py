"""`AWS::Lightsail::Container`, which ministack does not have, by calls to Lightsail's API.

Its properties and attributes are those of
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lightsail-container.html
and its calls are those of AWS's handler: each Create and Update deploys, unless that runs already,
waits for the end of the deployment, which may be a failure, and only then changes the service.
https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-lightsail/tree/1f83e5a/aws-lightsail-container
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import changesets, drift, provisioners, stacks

from lightsail_local.engine import failed_creates
from lightsail_local.engine.container_properties import (
    Properties,
    deployment,
    disabled,
    is_deployed,
    public_domain_names,
    registry_access,
    tags,
)

if TYPE_CHECKING:
    from mypy_boto3_lightsail import LightsailClient

TYPE_NAME = "AWS::Lightsail::Container"

_POLL_SECONDS = 0.1
_SHOWN_SECONDS = 10.0
_SETTLED_STATES = frozenset({"READY", "RUNNING", "DISABLED"})
_HANDLER_ERROR_CODES = {
    "AccessDeniedException": "AccessDenied",
    "InvalidInputException": "InvalidRequest",
    "NotFoundException": "NotFound",
    "ServiceException": "ServiceInternalError",
    "UnauthenticatedException": "InvalidCredentials",
}

Attributes = dict[str, str]


class ContainerError(RuntimeError):
    """A handler's failure, in the words in which CloudFormation shows it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(
            f'Resource handler returned message: "{message}" '
            f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})"
        )


def register() -> None:
    """Make the type known to ministack, with its create-only property."""
    register_type(
        TYPE_NAME,
        create,
        update,
        delete,
        describe=_describe,
        attributes=_attributes,
        replacing=("ServiceName",),
    )
    compared = frozenset({"ServiceName", "Power", "Scale", "IsDisabled", "Tags"})
    drift._DRIFT_READERS[TYPE_NAME] = (_read_properties, compared)


def register_type(
    name: str,
    create: Callable[..., object],
    update: Callable[..., object],
    delete: Callable[..., object],
    *,
    describe: Callable[[Any, str], Any],
    attributes: Callable[[Any], Attributes],
    replacing: tuple[str, ...],
) -> None:
    """Make a type known to ministack, which changes its resources on a thread of their own.

    Args:
        name: the type's.
        create: creates a resource.
        update: changes it in place.
        delete: deletes it.
        describe: returns what Lightsail, a client, says of one; None if it is not there.
        attributes: returns the attributes of one that Lightsail describes so.
        replacing: the properties whose change replaces it, first the one that identifies it.
    """
    identifier = replacing[0]

    def read(wanted: str) -> Attributes | None:
        found = describe(lightsail_client(), wanted)
        return found and attributes(found)

    def take_over(wanted: Mapping[str, str]) -> tuple[str, Attributes | None]:
        return wanted[identifier], read(wanted[identifier])

    def problem(wanted: str) -> str | None:
        missing: str = changesets._IMPORT_NOT_FOUND.format(type=name, value=wanted)
        return missing if read(wanted) is None else None

    handlers = {"create": create, "update": update, "delete": delete, "import": take_over}
    provisioners._RESOURCE_HANDLERS[name] = handlers
    changesets._IMPORT_LOOKUPS[name] = ((identifier,), problem)
    provisioners._REPLACING_PROPERTIES[name] = replacing
    blocks = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda one: one == name or blocks(one)


def already_exists(type_name: str, name: str) -> ContainerError:
    """Return the error for a resource whose name is taken."""
    problem = f"Resource of type '{type_name}' with identifier '{name}' already exists."
    return ContainerError(problem, "AlreadyExists")


def create(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, Attributes]:
    """Create the service, then do the rest as an update does."""
    name = properties["ServiceName"]
    client = lightsail_client()
    with handler_errors():
        if _describe(client, name) is not None:
            raise already_exists(TYPE_NAME, name)
        client.create_container_service(
            serviceName=name,
            power=properties["Power"],
            scale=properties["Scale"],
            tags=tags(properties),
            publicDomainNames=public_domain_names(properties),
        )
        # From here on there is something to delete if the rest fails.
        with failed_creates.remembered(stack_name, logical_id, TYPE_NAME, name, properties):
            _wait_until_settled(client, name)
            _apply(client, name, properties)
            return name, _attributes(_describe(client, name))


def update(
    physical_id: str, old: Properties, new: Properties, _stack_name: str
) -> tuple[str, Attributes]:
    """Change the service in place; another name never comes here, it is a replacement."""
    client = lightsail_client()
    with handler_errors():
        _apply(client, physical_id, new, old)
        _update_tags(client, physical_id, old, new)
        return physical_id, _attributes(_describe(client, physical_id))


def delete(physical_id: str, _properties: Properties) -> None:
    """Delete the service and wait until it is gone; one that is gone already is no failure."""
    client = lightsail_client()
    with handler_errors():
        if _describe(client, physical_id) is None:
            return
        client.delete_container_service(serviceName=physical_id)
        while _describe(client, physical_id) is not None:
            time.sleep(_POLL_SECONDS)


def lightsail_client() -> "LightsailClient":
    """Return a client of the Lightsail of the current account and Region."""
    # AWS_ENDPOINT_URL_LIGHTSAIL gives the address. A session of its own: boto3's default one is
    # not to be shared between threads.
    session = boto3.session.Session(
        aws_access_key_id=get_account_id(),
        aws_secret_access_key="local",  # nosec B106  # noqa: S106 - it is not checked here
        region_name=get_region(),
    )
    client: LightsailClient = session.client("lightsail")
    return client


@contextmanager
def handler_errors() -> Iterator[None]:
    """Show failures of Lightsail as CloudFormation shows them."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise ContainerError(
            error.response["Error"]["Message"],
            _HANDLER_ERROR_CODES.get(code, "GeneralServiceException"),
        ) from error
    except BotoCoreError as error:
        raise ContainerError(str(error), "InvalidRequest") from error


def _apply(
    client: "LightsailClient", name: str, new: Properties, old: Properties | None = None
) -> None:
    request = deployment(new)
    if request and not is_deployed(request, _read(client, name).get("currentDeployment")):
        client.create_container_service_deployment(serviceName=name, **request)
    _wait_until_settled(client, name)
    client.update_container_service(
        serviceName=name,
        power=new["Power"],
        scale=new["Scale"],
        publicDomainNames=public_domain_names(new, old),
        privateRegistryAccess=registry_access(new),
        **disabled(new),
    )
    _wait_until_settled(client, name)


def _read_properties(name: str, _properties: Properties) -> Properties | None:
    """Return those that can change behind a stack's back, None for a service that is gone."""
    service = _describe(lightsail_client(), name)
    return service and {
        "ServiceName": name,
        "Power": service["power"],
        "Scale": service["scale"],
        "IsDisabled": service["isDisabled"],
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in service["tags"]],
    }


def _read(client: "LightsailClient", name: str) -> Any:
    return client.get_container_services(serviceName=name)["containerServices"][0]


def _describe(client: "LightsailClient", name: str) -> Any:
    try:
        return _read(client, name)
    # AWS's own handler of the resource type takes either for a service that is not there.
    except (client.exceptions.NotFoundException, client.exceptions.InvalidInputException):
        return None


def _attributes(service: Any) -> Attributes:
    attributes = {
        "ContainerArn": service["arn"],
        "Url": service["url"],
        "PrincipalArn": service["principalArn"],
    }
    role = service.get("privateRegistryAccess", {}).get("ecrImagePullerRole", {})
    if role.get("principalArn"):
        attributes["PrivateRegistryAccess.EcrImagePullerRole.PrincipalArn"] = role["principalArn"]
    return attributes


def _wait_until_settled(client: "LightsailClient", name: str) -> None:
    # A read may not show yet what was just made.
    shown_by = time.monotonic() + _SHOWN_SECONDS
    while True:
        service = _describe(client, name)
        if service is None and time.monotonic() > shown_by:
            raise ContainerError(f"The ContainerService does not exist: {name}", "NotStabilized")
        if service is not None and service["state"] in _SETTLED_STATES:
            return
        time.sleep(_POLL_SECONDS)


def _update_tags(client: "LightsailClient", name: str, old: Properties, new: Properties) -> None:
    kept = tags(new)
    gone = sorted({tag["key"] for tag in tags(old)} - {tag["key"] for tag in kept})
    if gone:
        client.untag_resource(resourceName=name, tagKeys=gone)
    if kept and kept != tags(old):
        client.tag_resource(resourceName=name, tags=kept)
