"""The resources of a stack: one request of CloudFormation in, exactly one answer out.

Request -> put | delete, by its type -> Answer | HandOver -> Reply -> undo
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from .aws.calls import CALL_SECONDS
from .aws.whole_answers import whole_answers
from .cloudformation.crhelper_guard import CrhelperGuard
from .cloudformation.hand_over import INVOKE_SECONDS
from .cloudformation.reply import Reply
from .cloudformation.request import Environment, Request
from .cloudformation.resource import Answer, HandOver, Resource, nothing
from .errors import Cancelled, HandlerError, Unfinished
from .request_log import log_bare_lines

if TYPE_CHECKING:
    from collections.abc import Callable

# Every attempt is the handler's own, see `Calls.send`, so botocore makes one.
CLIENT_CONFIG = Config(
    connect_timeout=5,
    read_timeout=CALL_SECONDS - 5,
    retries={"total_max_attempts": 1, "mode": "standard"},
)
_INVOKE_CONFIG = CLIENT_CONFIG.merge(Config(connect_timeout=2, read_timeout=INVOKE_SECONDS - 2))


def make_handler(
    kinds: Callable[[object], type[Resource] | None],
    make_client: Callable[..., Any],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    *,
    timeouts: Any = None,
    today: Callable[[], float] = time.time,
) -> Callable[[Any, Any], None]:
    """Return the function that AWS Lambda calls with a request and its context.

    Args:
        kinds: returns the resource of a type, None for a type that the function does not know.
        make_client: makes the client of a service, as `make_client` does; those that each request
            needs at once, as a cold start has more power than what follows.
        clock: a clock that never goes back, seconds.
        sleep: how to wait, seconds.
        timeouts: how long to wait for registries, by default as the registry client does.
        today: a clock that other invocations have too, seconds since the epoch.
    """
    make = whole_answers(make_client)
    environment = Environment(
        kinds=kinds,
        make_client=make,
        lightsail=make("lightsail"),
        cloudformation=make("cloudformation"),
        clock=clock,
        sleep=sleep,
        today=today,
        timeouts=timeouts,
    )
    resource = CrhelperGuard(put, delete)
    log_bare_lines()

    def handler(event: Any, context: Any) -> None:
        request = Request(event, context, environment)
        request.log(
            "began",
            physical_id=request.event.get("PhysicalResourceId"),
            stack_id=request.event["StackId"],
        )
        reply = Reply(request)
        try:
            with reply.in_time():
                outcome = resource.carry_out(request)
                is_first = reply.give(outcome)
            if reply.is_handed_over:
                return  # what this invocation has made is the next one's
            with request.explained():
                outcome.undo(is_too_late=not is_first)
        except HandlerError as error:
            raise error from None  # what caused it may quote a secret, and AWS Lambda logs it

    return handler


def make_client(service: str, **options: Any) -> Any:
    """Return boto3's client of a service, with the time that a call to it may take."""
    config = _INVOKE_CONFIG if service == "lambda" else CLIENT_CONFIG
    return boto3.client(service, config=config, **options)


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
        if request.stack.goes_back:
            # Whose rollback has failed takes no update.
            error.add_fix("the stack is rolling back: run 'cdk rollback', not 'cdk deploy'")
        return _failed(request, error, undo)


def delete(request: Request) -> Answer | HandOver:
    """Delete the resource that a request names."""
    try:
        with request.explained():
            _resource(request).delete()
    except HandlerError as error:
        return _failed(request, error)
    return Answer()


def _failed(
    request: Request, error: HandlerError, undo: Callable[..., None] = nothing
) -> Answer | HandOver:
    """Return the answer that a request failed, unless another invocation may do better."""
    # In doubt nothing is answered: the rollback would not know what to delete.
    if not request.goes_on_after(error) and not request.doubt.is_open:
        return Answer(failure=error, undo=undo)
    state = error.state if isinstance(error, Unfinished) else request.chain.state
    return HandOver(error=error, state=state, undo=undo)


def _resource(request: Request) -> Resource:
    kind = request.environment.kinds(request.event.get("ResourceType"))
    return (kind or UnknownResource)(request)
