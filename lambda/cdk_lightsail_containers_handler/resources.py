"""The resources of a stack: each request, carried out by its type."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from .calls import READING_SECONDS, Calls, PlainCall
from .container_image import ContainerImages
from .errors import HandlerError, Unanswered, Unfinished
from .image_removal import ImageRemovals
from .lightsail import Lightsail
from .properties.container_image import (
    CONTAINER_IMAGE_TYPE,
    NOT_REGISTERED,
    Attribute,
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
)
from .properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
    NOT_DEPLOYED,
    DeploymentAttribute,
    DeploymentProperties,
)
from .stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_lightsail.client import LightsailClient

    from .custom_resource import CustomResource
    from .hand_over import HandOver
    from .lightsail_answer import ContainerImage
    from .registry.connection import Timeouts

_T = TypeVar("_T")

# What an invocation leaves to the next, beside the resource's own.
_STACK_BEGAN_IN = "StackBeganIn"

_INVOCATION = PlainCall(
    "Invoke",
    "the function could not hand over to itself",
    "allow it lambda:InvokeFunction on itself",
    repeatable=False,
)


class Resources:
    """Carries requests out, by their resource type."""

    def __init__(
        self,
        resource: CustomResource,
        client: LightsailClient,
        cloudformation: Any,
        make_client: Callable[..., Any],
        timeouts: Timeouts | None,
    ) -> None:
        self._resource = resource
        self._client = client
        self._cloudformation = cloudformation
        self._make_client = make_client
        self._timeouts = timeouts
        self._take_back: Callable[[], None] = _nothing

    def carry_out(self, event: Mapping[str, Any], context: Any) -> None:
        """Answer a request, and take back what was made for one that is cancelled by then.

        Only now: as long as it was not answered, CloudFormation may cancel it, and never ask for
        what was made to be deleted.
        """
        self._take_back = _nothing
        self._known = _known_service(event, self._resource.handed_over)
        self._resource(event, context)
        self._take_back()

    def put(self, event: Mapping[str, Any], _context: object) -> str:
        """Create or update, and return the physical id."""
        return self._explained(lambda: self._put(event))

    def delete(self, event: Mapping[str, Any], _context: object) -> None:
        """Delete; whatever this returned would become the physical id."""
        self._explained(lambda: self._delete(event))

    def _put(self, event: Mapping[str, Any]) -> str:
        types = {CONTAINER_IMAGE_TYPE: self._put_image, DEPLOYMENT_TYPE: self._put_deployment}
        put = types.get(str(event.get("ResourceType")))
        if put is None:
            raise HandlerError(
                f"the function does not know the resource type {event.get('ResourceType')!r}",
                "use the constructs of its own release of cdk-lightsail-containers",
            )
        stack = self._stack(event)
        stack.take_up()
        try:
            return put(event, stack)
        except Unfinished as unfinished:
            self._hand_over(unfinished, stack)
            return ""  # the next invocation answers

    def _put_image(self, event: Mapping[str, Any], stack: Stack) -> str:
        wanted = _parsed(ContainerImageProperties.parse, event)
        current = ImageName.parse(event.get("PhysicalResourceId"))
        image = self._image(wanted, current, stack)
        self._resource.Data = {
            Attribute.IMAGE_NAME: str(image.name),
            Attribute.IMAGE_DIGEST: image.digest,
            Attribute.CREATED_AT: image.created_at.isoformat(),
        }
        return str(image.name)

    def _image(
        self, wanted: ContainerImageProperties, current: ImageName | None, stack: Stack
    ) -> ContainerImage:
        images = ContainerImages(self._lightsail(), self._resource.deadline, self._resource.log)
        self._take_back = lambda: self._delete_if_cancelled(images.registered, stack)
        if wanted.source is None:
            return images.put(wanted, current, check=stack.check)
        # Most of the handler is for pushing, and who only registers need not wait for its import.
        from .push import pushing  # noqa: PLC0415

        with pushing(
            wanted.source,
            service=wanted.service_name,
            lightsail=self._lightsail(),
            deadline=self._resource.deadline,
            log=self._resource.log,
            make_client=self._make_client,
            timeouts=self._timeouts,
        ) as push:
            found = replace(wanted, digest=push.digest, docker_digest=push.docker_digest)
            return images.put(found, current, push.run, stack.check)

    def _delete_if_cancelled(self, registered: ContainerImage | None, stack: Stack) -> None:
        if registered and stack.has_cancelled():
            self._resource.log("cancelled", image=str(registered.name))
            removal = ContainerImageRemoval(name=registered.name, digest=registered.digest)
            try:
                self._removals().delete(removal)
            except HandlerError as error:
                self._resource.log("not taken back", why=str(error))

    def _put_deployment(self, event: Mapping[str, Any], stack: Stack) -> str:
        from .container_service_deployment import ContainerServiceDeployments  # noqa: PLC0415
        from .secret_values import SecretValues  # noqa: PLC0415 - as above

        wanted = _parsed(DeploymentProperties.parse, event)
        deadline, log = self._resource.deadline, self._resource.log
        secrets = SecretValues(self._make_client, Calls(deadline, log, READING_SECONDS))
        deployments = ContainerServiceDeployments(self._lightsail(), deadline, log)
        filled = secrets.fill(wanted, log.mask)
        deployed = deployments.put(filled, self._resource.handed_over.state, stack.check)
        self._resource.Data = {
            DeploymentAttribute.DEPLOYMENT_VERSION: str(deployed.version),
            DeploymentAttribute.URL: deployed.url,
        }
        return wanted.service_name

    def _hand_over(self, unfinished: Unfinished, stack: Stack) -> None:
        """Have another invocation go on, or say that there is no time left for one."""
        client = self._make_client("lambda")
        deadline = self._resource.last_deadline()
        calls = Calls(deadline, self._resource.log)

        def invoke(**arguments: Any) -> None:
            lost: Unanswered | None = None
            attempt = 0
            while True:
                try:
                    calls.send(_INVOCATION, lambda: client.invoke(**arguments))
                except Unanswered as error:
                    # It may be carried out twice: then two go on, and come to the same end.
                    lost = error
                except HandlerError:
                    # What came before may be carried out all the same.
                    if lost is None:
                        raise
                    raise lost from None
                else:
                    return
                if not deadline.back_off(attempt):
                    raise lost
                attempt += 1

        state = {**unfinished.state, _STACK_BEGAN_IN: stack.began_in}
        if not self._resource.hand_over(invoke, state):
            raise unfinished

    def _delete(self, event: Mapping[str, Any]) -> None:
        physical_id = event.get("PhysicalResourceId")
        if event.get("ResourceType") == DEPLOYMENT_TYPE:
            # Lightsail has no operation for it: a service without containers is one that is
            # disabled or deleted, which is for whoever made it.
            self._resource.log("the deployment goes on", service=physical_id)
            return
        removal = ContainerImageRemoval.parse(event.get("ResourceProperties"), physical_id)
        if event.get("ResourceType") != CONTAINER_IMAGE_TYPE or removal is None:
            self._resource.log("nothing to delete", physical_id=physical_id)
            return
        self._removals().delete(removal)

    def _removals(self) -> ImageRemovals:
        return ImageRemovals(self._lightsail(), self._resource.deadline, self._resource.log)

    def _stack(self, event: Mapping[str, Any]) -> Stack:
        resource = self._resource
        began_in = resource.handed_over.state.get(_STACK_BEGAN_IN)
        return Stack(self._cloudformation, event, resource.deadline, resource.log, began_in)

    def _lightsail(self) -> Lightsail:
        return Lightsail(self._client, self._resource.deadline, self._resource.log, self._known)

    def _explained(self, act: Callable[[], _T]) -> _T:
        """Act, and turn what nobody foresaw into a sentence that says where the rest stands."""
        try:
            return act()
        except HandlerError:
            raise
        except Exception as error:
            log = self._resource.log
            log("unexpected", traceback=traceback.format_exc())
            said = log.mask(str(error)).partition("\n")[0]
            raise HandlerError(
                f"unexpected {type(error).__name__}{f', {said}' if said else ''}",
                f"report it, {log.where}",
            ) from error


def _parsed(parse: Callable[[object], _T], event: Mapping[str, Any]) -> _T:
    """Return the typed properties of a request."""
    try:
        return parse(event.get("ResourceProperties"))
    except ValueError as error:
        raise HandlerError(str(error), "correct it and deploy again") from error


def _nothing() -> None:
    """Take back nothing."""


def _known_service(event: Mapping[str, Any], handed_over: HandOver) -> str:
    """Return the container service that was there before this invocation, if one was."""
    properties = event.get("ResourceProperties")
    if handed_over.count and isinstance(properties, dict):
        return str(properties.get("ServiceName"))
    # A deployment's physical id is the service's name.
    image = ImageName.parse(event.get("PhysicalResourceId"))
    return image.service if image else str(event.get("PhysicalResourceId", ""))


def never_made(event: Mapping[str, Any]) -> str:
    """Return the physical id of a resource whose creation failed."""
    if event.get("ResourceType") != DEPLOYMENT_TYPE:
        return NOT_REGISTERED
    properties = event.get("ResourceProperties")
    service = properties.get("ServiceName") if isinstance(properties, dict) else None
    return service if isinstance(service, str) and service else NOT_DEPLOYED
