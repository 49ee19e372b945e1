"""The resources of a stack: each request, carried out by its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cloudformation.resource import Answer, HandOver, Resource, nothing
from .errors import Cancelled, HandlerError, Unfinished
from .images.resource import ImageResource
from .properties.container_image import CONTAINER_IMAGE_TYPE
from .properties.container_service_deployment import DEPLOYMENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cloudformation.request import Request


class UnknownResource(Resource):
    """A resource of a type that the function does not know."""

    may_hand_over = False

    def put(self) -> Answer:
        """Refuse the type."""
        raise HandlerError(
            f"the function does not know the resource type "
            f"{self.request.event.get('ResourceType')!r}",
            "use the constructs of its own release of cdk-lightsail-containers",
        )

    def delete(self) -> None:
        """Do nothing: it was never made."""
        physical_id = self.request.event.get("PhysicalResourceId")
        self.request.log("nothing to delete", physical_id=physical_id)


def put(request: Request) -> Answer | HandOver:
    """Create or update the resource that a request names."""
    resource: Resource = UnknownResource(request)  # which hands nothing over
    undo = nothing
    try:
        with request.explained():
            resource = _resource(request)
            try:
                request.stack.take_up()
            except Cancelled:
                undo = resource.undo_earlier
                request.doubt.is_open = False  # that is what it looks for
                raise
            undo = resource.undo
            return resource.put()
    except HandlerError as error:
        # In doubt nothing is answered: the rollback would not know what to delete.
        if not request.goes_on_after(error) and not request.doubt.is_open:
            return Answer.failed(error, undo)
        return _hand_over(error, resource, undo)


def delete(request: Request) -> Answer | HandOver:
    """Delete the resource that a request names."""
    resource: Resource = UnknownResource(request)
    try:
        with request.explained():
            resource = _resource(request)
            resource.delete()
    except HandlerError as error:
        if not request.goes_on_after(error):
            return Answer.failed(error)
        return _hand_over(error, resource)
    return Answer()


def _hand_over(
    error: HandlerError, resource: Resource, undo: Callable[..., None] = nothing
) -> HandOver:
    request = resource.request
    state = error.state if isinstance(error, Unfinished) else request.chain.state
    return HandOver(
        error=error,
        state={**state, **request.stack.state},
        is_allowed=resource.may_hand_over,
        undo=undo,
    )


def _resource(request: Request) -> Resource:
    kind = request.event.get("ResourceType")
    if kind == CONTAINER_IMAGE_TYPE:
        return ImageResource(request)
    if kind == DEPLOYMENT_TYPE:
        # An image need not wait for the import of what only a deployment needs.
        from .deployments.rollout import DeploymentResource  # noqa: PLC0415

        return DeploymentResource(request)
    return UnknownResource(request)
