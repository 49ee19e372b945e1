"""The entry point of the function: one request of CloudFormation in, exactly one answer out.

Request -> resources.put or .delete -> Answer | HandOver -> Reply -> undo
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
from .errors import HandlerError
from .request_log import log_bare_lines
from .resources import delete, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from .registry.http.connection import Timeouts

# Every attempt is the handler's own, see `Calls.send`, so botocore makes one.
CLIENT_CONFIG = Config(
    connect_timeout=5,
    read_timeout=CALL_SECONDS - 5,
    retries={"total_max_attempts": 1, "mode": "standard"},
)
_INVOKE_CONFIG = CLIENT_CONFIG.merge(Config(connect_timeout=2, read_timeout=INVOKE_SECONDS - 2))


def make_handler(
    make_client: Callable[..., Any],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    timeouts: Timeouts | None = None,
    today: Callable[[], float] = time.time,
) -> Callable[[Any, Any], None]:
    """Return the function that AWS Lambda calls with a request and its context.

    Args:
        make_client: makes the client of a service, as `make_client` does; those that each request
            needs at once, as a cold start has more power than what follows.
        clock: a clock that never goes back, seconds.
        sleep: how to wait, seconds.
        timeouts: how long to wait for registries, by default as the registry client does.
        today: a clock that other invocations have too, seconds since the epoch.
    """
    make = whole_answers(make_client)
    environment = Environment(
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
            with request.explained():
                outcome.undo(is_too_late=not is_first)
        except HandlerError as error:
            raise error from None  # what caused it may quote a secret, and AWS Lambda logs it

    return handler


def make_client(service: str, **options: Any) -> Any:
    """Return boto3's client of a service, with the time that a call to it may take."""
    config = _INVOKE_CONFIG if service == "lambda" else CLIENT_CONFIG
    return boto3.client(service, config=config, **options)


handler = make_handler(make_client)
