"""What a run against an account asks of AWS beside Lightsail, answered as a test wants it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from error_answers import json_error, query_error
from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection

ACCOUNT = "123456789012"
ROLE_LASTS = timedelta(hours=1)
_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


class FakeAws(Fake):
    """STS, SSM, CloudFormation and CloudWatch Logs on loopback.

    Attributes:
        errors: operations that fail: the code and the sentence of each.
        stacks: the status and the tags of each stack by its name.
        log_groups: the names of the log groups.
        bootstrap: the version of the CDK's bootstrap.
        calls: the operations that were called.
        on_delete_stack: what a deletion makes of a stack; it is gone by default.
    """

    def __init__(self) -> None:
        self.errors: dict[str, tuple[str, str]] = {}
        self.stacks: dict[str, tuple[str, dict[str, str]]] = {}
        self.log_groups: list[str] = []
        self.bootstrap = 29
        self.calls: list[str] = []
        self.on_delete_stack: Callable[[str], None] = lambda name: void(self.stacks.pop(name))

    def respond(self, connection: Connection) -> None:
        body = b"".join(connection.body)
        target = connection.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if target:
            connection.send(self._json(target, json.loads(body)))
            return
        parameters = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        connection.send(self._query(parameters["Action"], parameters))

    def _json(self, operation: str, parameters: dict[str, Any]) -> Answer:
        self.calls.append(operation)
        if operation in self.errors:
            return json_error(400, *self.errors[operation])
        found: dict[str, Any] = {}
        if operation == "GetParameter":
            found = {"Parameter": {"Name": parameters["Name"], "Value": str(self.bootstrap)}}
        elif operation == "DescribeLogGroups":
            prefix = parameters["logGroupNamePrefix"]
            names = [name for name in self.log_groups if name.startswith(prefix)]
            found = {"logGroups": [{"logGroupName": name} for name in names]}
        else:
            assert operation == "DeleteLogGroup"
            self.log_groups.remove(parameters["logGroupName"])
        return Answer(status=200, body=json.dumps(found).encode())

    def _query(self, action: str, parameters: dict[str, str]) -> Answer:
        self.calls.append(action)
        if action in self.errors:
            return query_error(400, *self.errors[action])
        name = parameters.get("StackName", "")
        result = ""
        if action == "GetCallerIdentity":
            arn = f"<Arn>arn:aws:iam::{ACCOUNT}:user/alice</Arn>"
            result = f"<Account>{ACCOUNT}</Account>{arn}<UserId>A</UserId>"
        elif action == "AssumeRole":
            result = _keys(datetime.now(UTC) + ROLE_LASTS)
        elif action == "DescribeStacks":
            if name and name not in self.stacks:
                return query_error(400, "ValidationError", f"Stack with id {name} does not exist")
            shown = {name: self.stacks[name]} if name else self.stacks
            result = f"<Stacks>{''.join(_stack(*one) for one in shown.items())}</Stacks>"
        elif action == "DeleteStack":
            if name in self.stacks:
                self.on_delete_stack(name)
        else:
            assert action == "CancelUpdateStack"
        body = (
            f'<Response xmlns="{_NAMESPACE}"><{action}Result>{result}</{action}Result></Response>'
        )
        return Answer(status=200, body=body.encode(), headers={"Content-Type": "text/xml"})


def void(_: object) -> None:
    """Forget a value."""


def _keys(end: datetime) -> str:
    return (
        "<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>"
        "<SecretAccessKey>of-the-role</SecretAccessKey><SessionToken>token</SessionToken>"
        f"<Expiration>{end.isoformat()}</Expiration></Credentials>"
    )


def _stack(name: str, what: tuple[str, dict[str, str]]) -> str:
    status, tags = what
    shown = "".join(
        f"<member><Key>{key}</Key><Value>{value}</Value></member>" for key, value in tags.items()
    )
    return (
        f"<member><StackName>{name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>"
        f"<StackStatus>{status}</StackStatus><Tags>{shown}</Tags></member>"
    )
