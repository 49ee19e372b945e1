"""The entry point of the function: one request of CloudFormation in, exactly one answer out."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
from botocore.config import Config
from crhelper import CfnResource

from . import response
from .container_image import ContainerImages
from .deadline import Deadline
from .errors import REASON_LIMIT, HandlerError
from .lightsail import Lightsail
from .properties import (
    CONTAINER_IMAGE_TYPE,
    NOT_REGISTERED,
    Attribute,
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
)
from .request_log import RequestLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_lightsail.client import LightsailClient

_T = TypeVar("_T")

_logger = logging.getLogger(__name__)

# A function's time is split: no call begins in the last 30 s, so that one that hangs ends by
# itself in the 15 s that it may take; what hangs all the same is answered for 15 s before the end.
_CALL_SECONDS = 15
_ANSWER_SECONDS = 15
_LAST_SECOND = 1

_EVENT_KEYS = ("ResponseURL", "StackId", "RequestId", "LogicalResourceId")

# Every attempt is the handler's own, see Lightsail._call, so botocore makes one.
CLIENT_CONFIG = Config(
    connect_timeout=5,
    read_timeout=_CALL_SECONDS - 5,
    retries={"total_max_attempts": 1, "mode": "standard"},
)


class CustomResource(CfnResource):
    """crhelper's resource, with a guard before each of its traps.

    crhelper 2.0.12 keeps the request and calls the function for its type. Replaced here are its
    clients for polling, its timer, the physical ids it makes up, and its way of answering.
    """

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        # crhelper makes three clients for polling, which nobody uses here, unless it believes to
        # run in the local emulator of AWS SAM. They double a cold start.
        os.environ["AWS_SAM_LOCAL"] = "true"
        try:
            super().__init__(log_level="INFO", boto_level="ERROR", sleep_on_delete=0)
        finally:
            del os.environ["AWS_SAM_LOCAL"]
        # What crhelper logs of a failure is told in one line here.
        logging.getLogger("crhelper").setLevel(logging.CRITICAL)
        self._clock = clock
        self._sleep = sleep
        self._answering = threading.Lock()

    def begin(self, event: Mapping[str, Any], context: Any) -> None:
        """Take up a request: nothing of the one before is left."""
        self._request, self._lambda = event, context
        self._is_answered = False
        self.log = RequestLog(event, self._clock)
        self.deadline = self._deadline_before_the_end(_ANSWER_SECONDS + _CALL_SECONDS)

    def generate_physical_id(self, event: Mapping[str, Any]) -> str:
        """Return the id of a resource that has none: the one it had, or the mark of none."""
        return str(event.get("PhysicalResourceId") or NOT_REGISTERED)

    def _get_func(self) -> Callable[..., Any]:
        """Return the function for the type of the request, also for one that is none."""
        if self._request.get("RequestType") in ("Create", "Update", "Delete"):
            return cast("Callable[..., Any]", super()._get_func())  # type: ignore[misc]
        return _refuse_type

    def _poll_enabled(self) -> bool:
        """Return that nothing is polled, also for a type of request that is none."""
        return False

    def _deadline_before_the_end(self, seconds: float) -> Deadline:
        left = self._lambda.get_remaining_time_in_millis() / 1000
        return Deadline(ends=self._clock() + left - seconds, clock=self._clock, sleep=self._sleep)

    def _set_timeout(self) -> None:
        left = self._lambda.get_remaining_time_in_millis() / 1000
        self._timer = threading.Timer(max(0.0, left - _ANSWER_SECONDS), self._timeout)
        self._timer.daemon = True
        self._timer.start()

    def _timeout(self) -> None:
        reason = HandlerError(
            "the function's time was over before Lightsail answered", "deploy again"
        )
        self._send("FAILED", str(reason))

    def _send(self, status: str | None = None, reason: str = "", **_: object) -> None:
        """Answer, once: the timer and the function may both come here, even at once."""
        with self._answering:
            if self._is_answered:
                self.log("not answered twice")
                return
            self._is_answered = True
            status = status or self.Status
            reason = (reason or self.Reason)[:REASON_LIMIT]
            answer = {
                "Status": status,
                "PhysicalResourceId": self.PhysicalResourceId
                or self.generate_physical_id(self._request),
                "StackId": self.StackId,
                "RequestId": self.RequestId,
                "LogicalResourceId": self.LogicalResourceId,
                **({"Reason": reason} if status == "FAILED" else {"Data": self.Data}),
            }
            deadline = self._deadline_before_the_end(_LAST_SECOND)
            try:
                response.deliver(self._request["ResponseURL"], response.encode(answer), deadline)
            except response.Undeliverable as error:
                self.log("not answered", why=str(error))
            else:
                self.log("answered", status=status, reason=reason)


def make_handler(
    client: LightsailClient,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Callable[[Any, Any], None]:
    """Return the function that AWS Lambda calls with a request and its context.

    Args:
        client: a client for Lightsail, with `CLIENT_CONFIG`.
        clock: a clock that never goes back, seconds.
        sleep: how to wait, seconds.
    """
    resource = CustomResource(clock, sleep)

    def put(event: Mapping[str, Any], _context: object) -> str:
        return _explained(lambda: _put(resource, client, event))

    def delete(event: Mapping[str, Any], _context: object) -> None:
        # Whatever a delete function returns would become the physical id.
        _explained(lambda: _delete(resource, client, event))

    resource.create(put)
    resource.update(put)
    resource.delete(delete)

    def handler(event: Any, context: Any) -> None:
        request = _checked(event)
        resource.begin(request, context)
        resource.log("began", physical_id=request.get("PhysicalResourceId"))
        resource(request, context)

    return handler


def _checked(event: Any) -> dict[str, Any]:
    """Return what is known of a request; raise what there is no way to answer."""
    missing = [key for key in _EVENT_KEYS if not isinstance(event, dict) or not event.get(key)]
    if missing:
        raise ValueError(f"not a request of CloudFormation, it has no {', '.join(missing)}")
    # crhelper acts on keys of its own in the request.
    return {key: value for key, value in event.items() if not key.startswith("CrHelper")}


def _put(resource: CustomResource, client: LightsailClient, event: Mapping[str, Any]) -> str:
    if event.get("ResourceType") != CONTAINER_IMAGE_TYPE:
        raise HandlerError(
            f"the function does not know the resource type {event.get('ResourceType')!r}",
            "use the constructs of its own release of cdk-lightsail-containers",
        )
    try:
        wanted = ContainerImageProperties.parse(event.get("ResourceProperties"))
    except ValueError as error:
        raise HandlerError(str(error), "correct it and deploy again") from error
    current = ImageName.parse(event.get("PhysicalResourceId"))
    image = _images(resource, client).put(wanted, current)
    resource.Data = {
        Attribute.IMAGE_NAME: str(image.name),
        Attribute.IMAGE_DIGEST: image.digest,
        Attribute.CREATED_AT: image.created_at.isoformat(),
    }
    return str(image.name)


def _delete(resource: CustomResource, client: LightsailClient, event: Mapping[str, Any]) -> None:
    physical_id = event.get("PhysicalResourceId")
    removal = ContainerImageRemoval.parse(event.get("ResourceProperties"), physical_id)
    if event.get("ResourceType") != CONTAINER_IMAGE_TYPE or removal is None:
        resource.log("nothing to delete", physical_id=physical_id)
        return
    _images(resource, client).delete(removal)


def _images(resource: CustomResource, client: LightsailClient) -> ContainerImages:
    return ContainerImages(Lightsail(client, resource.deadline), resource.deadline, resource.log)


def _refuse_type(event: Mapping[str, Any], _context: object) -> None:
    raise HandlerError(
        f"RequestType must be Create, Update or Delete, got {event.get('RequestType')!r}",
        "send what CloudFormation sends",
    )


def _explained(act: Callable[[], _T]) -> _T:
    """Act, and turn what nobody foresaw into a sentence that says where the rest stands."""
    try:
        return act()
    except HandlerError:
        raise
    except Exception as error:
        _logger.exception("unexpected")
        group = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "the function")
        stream = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "of this request")
        raise HandlerError(
            f"unexpected {type(error).__name__}", f"see log stream {stream} of {group}"
        ) from error


handler = make_handler(boto3.client("lightsail", config=CLIENT_CONFIG))
