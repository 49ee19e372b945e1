"""The resources of a stack: each request, carried out by its type."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from .aws.calls import READING_SECONDS, Calls, PlainCall
from .cloudformation.custom_resource import INVOKE_SECONDS
from .cloudformation.stack import Stack
from .errors import Cancelled, HandlerError, OutOfTime, Unanswered, Unfinished
from .images.registration import Registration
from .images.removal import ImageRemovals
from .lightsail.client import Lightsail
from .properties.container_image import (
    CONTAINER_IMAGE_TYPE,
    NOT_REGISTERED,
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageAttribute,
    ImageName,
    ImageProperty,
)
from .properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
    NOT_DEPLOYED,
    DeploymentAttribute,
    DeploymentProperties,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_lightsail.client import LightsailClient

    from .cloudformation.custom_resource import CustomResource
    from .cloudformation.hand_over import HandOver
    from .lightsail.answers import StoredImage
    from .registry.http.connection import Timeouts

_T = TypeVar("_T")

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
        """Create or update, and return the physical id; empty if another invocation answers."""
        stack = self._stack(event)
        try:
            return self._explained(lambda: self._put(event, stack))
        except HandlerError as error:
            self._go_on_later(error, event, stack)
            return ""

    def delete(self, event: Mapping[str, Any], _context: object) -> None:
        """Delete; whatever this returned would become the physical id."""
        self._explained(lambda: self._delete(event))

    def _put(self, event: Mapping[str, Any], stack: Stack) -> str:
        types = {CONTAINER_IMAGE_TYPE: self._put_image, DEPLOYMENT_TYPE: self._put_deployment}
        put = types.get(str(event.get("ResourceType")))
        if put is None:
            raise HandlerError(
                f"the function does not know the resource type {event.get('ResourceType')!r}",
                "use the constructs of its own release of cdk-lightsail-containers",
            )
        try:
            stack.take_up()
        except Cancelled:
            if event.get("ResourceType") == CONTAINER_IMAGE_TYPE:
                self._take_back = lambda: self._take_back_earlier(event, stack)
            self._resource.doubt.is_open = False  # that is what it looks for
            raise
        return put(event, stack)

    def _put_image(self, event: Mapping[str, Any], stack: Stack) -> str:
        registration = self._registration(event, stack)
        self._take_back = lambda: self._delete_if_cancelled(registration, stack)
        image = self._image(registration, stack)
        self._resource.Data = {
            ImageAttribute.IMAGE_NAME: str(image.name),
            ImageAttribute.IMAGE_DIGEST: image.digest,
            ImageAttribute.CREATED_AT: image.created_at.isoformat(),
        }
        return str(image.name)

    def _image(self, registration: Registration, stack: Stack) -> StoredImage:
        image = registration.go_back() if stack.goes_back else None
        if image is None and self._resource.doubt.is_open:
            image = registration.find_doubted(self._resource.handed_over.state)
        if image is not None:
            return image
        with self._resolved(registration) as push:
            return registration.carry_out(push)

    def _registration(self, event: Mapping[str, Any], stack: Stack) -> Registration:
        return Registration(
            _parsed(ContainerImageProperties.parse, event),
            ImageName.parse(event.get("PhysicalResourceId")),
            lightsail=self._lightsail(),
            deadline=self._resource.deadline,
            log=self._resource.log,
            stack=stack,
            doubt=self._resource.doubt,
        )

    @contextmanager
    def _resolved(self, registration: Registration) -> Iterator[Callable[[], str] | None]:
        """Look a source up, so that the digest is known; give what pushes it, if there is one."""
        source = registration.wanted.source
        if source is None:
            yield None
            return
        # Most of the handler is for pushing, and to register alone need not wait for its import.
        from .images.push import pushing  # noqa: PLC0415

        with pushing(
            source,
            signed_by=registration.wanted.signed_by,
            service=registration.wanted.service_name,
            lightsail=self._lightsail(),
            deadline=self._resource.deadline,
            log=self._resource.log,
            make_client=self._make_client,
            timeouts=self._timeouts,
        ) as push:
            registration.wanted = replace(
                registration.wanted, digest=push.digest, docker_digest=push.docker_digest
            )
            yield push.run

    def _take_back_earlier(self, event: Mapping[str, Any], stack: Stack) -> None:
        """Take back what an earlier delivery of the request has registered before it was killed."""
        if not stack.can_tell_what_was_made or not stack.has_cancelled():
            return
        with self._taking_back():
            registration = self._registration(event, stack)
            # What was registered was signed, and its key may be disabled by now.
            registration.wanted = replace(registration.wanted, signed_by=None)
            if registration.find_doubted(self._resource.handed_over.state) is None:
                with self._resolved(registration):
                    registration.find()
            self._delete_if_cancelled(registration, stack)

    def _delete_if_cancelled(self, registration: Registration, stack: Stack) -> None:
        image = registration.made
        if image is None:
            return
        # The timer has answered that it failed, or the stack does not want it any more.
        if self._resource.is_too_late or stack.takes_back(str(image.name)):
            self._resource.log("cancelled", image=str(image.name))
            with self._taking_back():
                removal = ContainerImageRemoval(name=image.name, digest=image.digest)
                self._removals().delete(removal)

    @contextmanager
    def _taking_back(self) -> Iterator[None]:
        """Log what cannot be taken back; when only time was missing, AWS Lambda tries again."""
        try:
            yield
        except HandlerError as error:
            self._resource.log("not taken back", why=str(error))
            if isinstance(error, OutOfTime | Unfinished):
                raise

    def _put_deployment(self, event: Mapping[str, Any], stack: Stack) -> str:
        from .aws.secret_values import SecretValues  # noqa: PLC0415 - as above
        from .deployments.rollout import ContainerServiceDeployments  # noqa: PLC0415

        wanted = _parsed(DeploymentProperties.parse, event)
        deadline, log = self._resource.deadline, self._resource.log
        secrets = SecretValues(self._make_client, Calls(deadline, log, READING_SECONDS))
        deployments = ContainerServiceDeployments(
            self._lightsail(),
            deadline=deadline,
            log=log,
            stack=stack,
            doubt=self._resource.doubt,
        )
        filled = secrets.fill(wanted, log.mask)
        deployed = deployments.put(filled, self._resource.handed_over.state)
        self._resource.Data = {
            DeploymentAttribute.DEPLOYMENT_VERSION: str(deployed.version),
            DeploymentAttribute.URL: deployed.url,
        }
        return wanted.service_name

    def _go_on_later(self, error: HandlerError, event: Mapping[str, Any], stack: Stack) -> None:
        """Have another invocation go on, or raise the error for the answer.

        While it is in doubt whether something was registered or deployed nothing is answered: the
        rollback would not know what to delete.
        """
        is_in_doubt = self._resource.doubt.is_open
        if not is_in_doubt and not isinstance(error, Unfinished):
            raise error
        try:
            if _may_hand_over(event) and self._hand_over(error, stack):
                return
        except HandlerError:
            if not is_in_doubt:
                raise
        if not is_in_doubt:
            raise error
        self._resource.leave_unanswered(error)

    def _hand_over(self, error: HandlerError, stack: Stack) -> bool:
        """Have another invocation go on, and return whether there is time left for one."""
        client = self._make_client("lambda")
        deadline = self._resource.last_deadline()
        calls = Calls(deadline, self._resource.log, attempt_seconds=INVOKE_SECONDS)

        def invoke(**arguments: Any) -> None:
            lost: Unanswered | None = None
            attempt = 0
            while True:
                try:
                    calls.send(_INVOCATION, lambda: client.invoke(**arguments))
                except Unanswered as unanswered:
                    # It may be carried out twice: then two go on, and come to the same end.
                    lost = unanswered
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

        state = error.state if isinstance(error, Unfinished) else self._resource.handed_over.state
        return self._resource.hand_over(invoke, {**state, **stack.state})

    def _delete(self, event: Mapping[str, Any]) -> None:
        physical_id = event.get("PhysicalResourceId")
        if event.get("ResourceType") == DEPLOYMENT_TYPE:
            # Lightsail has no operation for it: a service without containers is one that is
            # disabled or deleted, which its owner does.
            self._resource.log("the deployment goes on", service=physical_id)
            return
        removal = ContainerImageRemoval.parse(event.get("ResourceProperties"), physical_id)
        if event.get("ResourceType") != CONTAINER_IMAGE_TYPE or removal is None:
            self._resource.log("nothing to delete", physical_id=physical_id)
            return
        stack = self._stack(event)
        if stack.keeps(str(removal.name)):
            self._resource.log("kept: another resource stands for it", image=str(removal.name))
            return
        self._removals().delete(removal, stack.sent_before)

    def _removals(self) -> ImageRemovals:
        return ImageRemovals(self._lightsail(), self._resource.deadline, self._resource.log)

    def _stack(self, event: Mapping[str, Any]) -> Stack:
        resource = self._resource
        return Stack(
            self._cloudformation,
            event,
            deadline=resource.deadline,
            log=resource.log,
            today=resource.today,
            handed_over=resource.handed_over.state,
        )

    def _lightsail(self) -> Lightsail:
        resource = self._resource
        return Lightsail(
            self._client,
            resource.deadline,
            resource.log,
            doubt=resource.doubt,
            known=self._known,
        )

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


def _may_hand_over(event: Mapping[str, Any]) -> bool:
    """Return whether the function may invoke itself for a request; not to register alone."""
    properties = event.get("ResourceProperties")
    is_pushed = isinstance(properties, dict) and ImageProperty.SOURCE in properties
    return is_pushed or event.get("ResourceType") == DEPLOYMENT_TYPE


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
