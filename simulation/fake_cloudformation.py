"""What a function reads of CloudFormation: its own stack, as the test's time has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from error_answers import query_error
from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection

_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_STACK_TYPE = "AWS::CloudFormation::Stack"
_CONFIGURING = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
_IMAGE_TYPE = "Custom::LightsailContainerImage"
# AWS's pages are longer; these are short, so that there is more than one.
_PAGE = 4


@dataclass
class Event:
    """An event of a stack."""

    name: str
    kind: str
    physical_id: str
    status: str
    at: float
    detail: str = ""


@dataclass
class StackRecord:
    """What CloudFormation shows of a stack.

    Args:
        status: its status.
        created: when it was created, seconds since the epoch.
        updated: when its last update began; None before the first one.
        resources: the physical id, the status and the type of each resource by its name.
        events: the oldest first.
    """

    status: str
    created: float
    updated: float | None = None
    resources: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


class FakeCloudFormation(Fake):
    """CloudFormation's answers to DescribeStacks, ListStackResources and DescribeStackEvents.

    Args:
        clock: the time, seconds since the epoch.

    Attributes:
        stacks: the stacks by their ARNs.
        errors: operations that fail: the code and the sentence of each.
        calls: the operations that were called.
        changes_update_time: whether a rollback counts as an update, which AWS does not document.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.stacks: dict[str, StackRecord] = {}
        self.errors: dict[str, tuple[str, str]] = {}
        self.calls: list[str] = []
        self.changes_update_time = False

    def show(self, arn: str, status: str) -> None:
        """Bring a stack to a status; CREATE_ and UPDATE_IN_PROGRESS begin an operation."""
        now = self._clock()
        if status == "CREATE_IN_PROGRESS" or arn not in self.stacks:
            self.stacks[arn] = StackRecord(status, now)
        stack = self.stacks[arn]
        is_rollback = status.endswith("ROLLBACK_IN_PROGRESS")
        if status == "UPDATE_IN_PROGRESS" or (is_rollback and self.changes_update_time):
            stack.updated = now
        name = arn.split("/")[1]
        if stack.status in _CONFIGURING:  # right before the operation ends, well or not
            event = Event(name, _STACK_TYPE, arn, stack.status, now, "CONFIGURATION_COMPLETE")
            stack.events.append(event)
        stack.status = status
        stack.events.append(Event(name, _STACK_TYPE, arn, status, now))

    def list(
        self, arn: str, name: str, physical_id: str, status: str, kind: str = _IMAGE_TYPE
    ) -> None:
        """Bring a resource of a stack to a status."""
        stack = self.stacks[arn]
        stack.resources[name] = physical_id, status, kind
        stack.events.append(Event(name, kind, physical_id, status, self._clock()))

    def answer(self, asked: dict[str, str]) -> Answer:
        """Return the answer to a request with these parameters.

        A stack that is deleted is still shown by its ARN.
        """
        action, arn = asked["Action"], asked["StackName"]
        self.calls.append(action)
        if action in self.errors:
            return query_error(400, *self.errors[action])
        if arn not in self.stacks:
            return query_error(400, "ValidationError", f"Stack with id {arn} does not exist")
        stack = self.stacks[arn]
        start = int(asked.get("NextToken", "0"))
        if action == "DescribeStacks":
            members = _member(
                StackId=arn,
                StackName=arn.split("/")[1],
                CreationTime=_time(stack.created),
                LastUpdatedTime=_time(stack.updated),
                StackStatus=stack.status,
            )
            result = f"<Stacks>{members}</Stacks>"
        elif action == "ListStackResources":
            listed = [
                _member(
                    LogicalResourceId=name,
                    PhysicalResourceId=physical_id,
                    ResourceType=kind,
                    LastUpdatedTimestamp=_time(self._clock()),
                    ResourceStatus=status,
                )
                for name, (physical_id, status, kind) in stack.resources.items()
            ]
            result = _page("StackResourceSummaries", listed, start)
        else:
            assert action == "DescribeStackEvents"
            events = [
                _member(
                    StackId=arn,
                    EventId=str(number),
                    StackName=arn.split("/")[1],
                    LogicalResourceId=one.name,
                    PhysicalResourceId=one.physical_id,
                    ResourceType=one.kind,
                    Timestamp=_time(one.at),
                    ResourceStatus=one.status,
                    DetailedStatus=one.detail,
                )
                for number, one in enumerate(stack.events)
            ]
            result = _page("StackEvents", events[::-1], start)
        body = f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{result}</{action}Result>'
        return _xml(f"{body}</{action}Response>")

    def respond(self, connection: Connection) -> None:
        body = b"".join(connection.body).decode()
        connection.send(self.answer({name: one[0] for name, one in parse_qs(body).items()}))


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _member(**fields: str) -> str:
    shown = (f"<{name}>{escape(value)}</{name}>" for name, value in fields.items() if value)
    return f"<member>{''.join(shown)}</member>"


def _page(name: str, members: Sequence[str], start: int) -> str:
    end = start + _PAGE
    more = f"<NextToken>{end}</NextToken>" if end < len(members) else ""
    return f"<{name}>{''.join(members[start:end])}</{name}>{more}"


def _xml(body: str) -> Answer:
    return Answer(status=200, body=body.encode(), headers={"Content-Type": "text/xml"})
