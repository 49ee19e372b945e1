"""A request of CloudFormation, with everything that it takes to carry it out."""

from __future__ import annotations

import traceback
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ..aws.calls import CALL_SECONDS, READING_SECONDS, Doubt
from ..deadline import Deadline
from ..errors import HandlerError, OutOfTime, Unfinished
from ..lightsail.client import STALE_SECONDS, Lightsail
from ..properties.container_image import NOT_REGISTERED, ImageName
from ..request_log import RequestLog
from .hand_over import IN_DOUBT, Chain
from .stack_status import StackStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_lightsail.client import LightsailClient

    from .resource import Resource

_T = TypeVar("_T")

# A function's time is split: no call begins in the last 30 s, so that one that hangs is given up in
# the 15 s that it may take; what hangs all the same is answered for 15 s before the end.
ANSWER_SECONDS = 15
# What an answer holds has to fit into it.
_LONGEST_ID = 1024
_EVENT_KEYS = {"ResponseURL": 8192, "StackId": 512, "RequestId": 255, "LogicalResourceId": 255}


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the requests of an execution environment share.

    Args:
        kinds: returns the resource of a type, None for a type that the function does not know.
        make_client: makes the client of a service.
        lightsail: the client of Lightsail; a cold start has more power than what follows.
        cloudformation: the client of CloudFormation.
        clock: a clock that never goes back, seconds.
        sleep: how to wait, seconds.
        today: a clock that other invocations have too, seconds since the epoch.
        timeouts: how long to wait for registries; None for as long as the registry client does.
    """

    kinds: Callable[[object], type[Resource] | None]
    make_client: Callable[..., Any]
    lightsail: LightsailClient
    cloudformation: Any
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    today: Callable[[], float]
    timeouts: Any


class Request:
    """A request, made once for each invocation.

    Attributes:
        event: what CloudFormation, or the invocation before, has sent.
        context: AWS Lambda's.
        environment: what it shares with other requests.
        log: where its steps are logged.
        seconds: how long an invocation may take.
        deadline: the moment at which its last call must have begun.
        chain: the invocations before this one.
        doubt: whether something may have been registered or deployed without our knowing; as long
            as it is open nothing is answered.
        stack: what the stack is doing.
        lightsail: Lightsail, until the deadline.
        may_hand_over: whether the function may invoke itself for it; its resource says so.
    """

    may_hand_over = False

    def __init__(self, event: object, context: Any, environment: Environment) -> None:
        self.event = _checked(event)
        self.context = context
        self.environment = environment
        self.seconds = self.left()
        self.log = RequestLog(self.event, environment.clock)
        self._whole_seconds = self.seconds - ANSWER_SECONDS - CALL_SECONDS
        self.deadline = self.deadline_in(self._whole_seconds)
        self.chain = Chain.of(self.event, environment.today())
        self.doubt = Doubt(is_open=self.chain.state.get(IN_DOUBT) is True)
        self.stack = StackStatus(
            environment.cloudformation,
            self.event,
            deadline=self.deadline,
            log=self.log,
            today=environment.today,
            handed_over=self.chain.state,
        )
        self.lightsail = Lightsail(
            environment.lightsail,
            self.deadline,
            self.log,
            doubt=self.doubt,
            known=self._known_service(),
        )

    @property
    def properties(self) -> Mapping[str, Any]:
        """What the template says of the resource, as it is."""
        properties = self.event.get("ResourceProperties")
        return properties if isinstance(properties, dict) else {}

    @property
    def old_physical_id(self) -> str:
        """The id that the resource has, or that of one whose creation failed."""
        if "PhysicalResourceId" in self.event:
            return str(self.event["PhysicalResourceId"])
        kind = None
        with suppress(Exception):  # its code cannot be loaded, so that it was never made
            kind = self.environment.kinds(self.event.get("ResourceType"))
        if kind is None:
            return NOT_REGISTERED
        name = self.properties.get(kind.named_by)
        return name if isinstance(name, str) and name else kind.never_made

    def left(self) -> float:
        """Return the seconds until AWS Lambda ends the invocation."""
        return float(self.context.get_remaining_time_in_millis()) / 1000

    def deadline_in(self, seconds: float) -> Deadline:
        """Return the moment in so many seconds."""
        clock, sleep = self.environment.clock, self.environment.sleep
        return Deadline(ends=clock() + seconds, clock=clock, sleep=sleep)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what is unexpected into a sentence that says where the rest stands."""
        try:
            yield
        except HandlerError:
            raise
        except Exception as error:
            self.log("unexpected", traceback=traceback.format_exc())
            raise HandlerError(
                f"unexpected {type(error).__name__}",
                f"report it, {self.log.where}",
                said=str(error),
            ) from error

    def goes_on_after(self, error: HandlerError) -> bool:
        """Return whether only the invocation's time was missing, so that another one can go on.

        A call that has failed in what another invocation has for it fails there, too.
        """
        if isinstance(error, OutOfTime):
            return error.seconds < min(READING_SECONDS, self._whole_seconds / 2)
        return isinstance(error, Unfinished)

    def find_what_was_lost(self, done: str, look: Callable[[], _T | None]) -> _T | None:
        """Return what was made by a call whose answer was lost.

        As long as Lightsail does not say, the doubt stays open.

        Args:
            done: what may have been done, for the log.
            look: looks for it.
        """
        if not self.doubt.is_open or not self.deadline.pause(STALE_SECONDS):
            return None
        try:
            found = look()
        except HandlerError as error:
            self.log(f"does not know whether it is {done}", why=error)
            return None
        self.doubt.is_open = False
        return found

    def _known_service(self) -> str:
        """Return the container service that was there before this invocation, if one was."""
        if self.chain.count and self.properties:
            return str(self.properties.get("ServiceName"))
        # A deployment's physical id is the service's name.
        physical_id = self.event.get("PhysicalResourceId", "")
        image = ImageName.parse(physical_id)
        return image.service if image else str(physical_id)


def _checked(event: Any) -> dict[str, Any]:
    """Validate an event that the function was invoked with.

    Raises:
        ValueError: there is no way to answer it.
    """
    given = event if isinstance(event, dict) else {}
    missing = [key for key, most in _EVENT_KEYS.items() if not _is_text(given.get(key), most)]
    if missing:
        raise ValueError(f"not a request of CloudFormation, it has no {', '.join(missing)}")
    # Another caller must not make the function send a PUT to an address of their choice.
    url = urlsplit(str(event["ResponseURL"]))
    if url.scheme != "https" and url.hostname != "127.0.0.1":
        raise ValueError("not a request of CloudFormation, its ResponseURL is not https")
    # crhelper acts on keys of its own in the request, and needs a type to answer at all.
    own = {key: value for key, value in given.items() if not key.startswith("CrHelper")}
    if not _is_text(own.get("PhysicalResourceId"), _LONGEST_ID):
        own.pop("PhysicalResourceId", None)  # it would be the answer's, too
    return {"RequestType": None, **own}


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most
