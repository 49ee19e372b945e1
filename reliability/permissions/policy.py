"""What a role may do, decided as IAM decides it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION

_LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
_VPC_ACTIONS = (
    *("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
    *("ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses"),
    "ec2:UnassignPrivateIpAddresses",
)
# Who needs an action that the function never calls, and why: AWS Lambda itself, as the role.
_OF_LAMBDA = {
    **dict.fromkeys(_LOG_ACTIONS, "AWS Lambda writes the function's log as its role"),
    **dict.fromkeys(_VPC_ACTIONS, "AWS Lambda connects the function to the VPC as its role"),
}
# The condition keys without which an action is allowed for more than need be.
_CONDITIONS = {
    "kms:Decrypt": "kms:ViaService",
    "route53:ChangeResourceRecordSets": "NormalizedRecordNames",
    **dict.fromkeys(_VPC_ACTIONS, "lambda:SourceFunctionArn"),
}
# What AWS makes up in an ARN, so that no template can name it.
_MADE_UP = re.compile(
    r"(?<=:ContainerService/)\*|\*(?=:\d+:Domain/)|(?<=:Domain/)\*|-\?{6}$|log-group:[^*]+:\*$"
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call to AWS, as its permissions see it."""

    action: str
    resource: str = "*"  # an ARN, or this for an action that accepts none
    context: Mapping[str, str | list[str]] = field(default_factory=dict)  # the condition keys
    step: str = ""  # when in the life of the stack it was made


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One action on one resource that a statement allows, as it writes them."""

    action: str
    resource: str
    condition: str = "{}"  # of the statement, as JSON

    @property
    def exception(self) -> str:
        """Why it is allowed though the function never uses it; nothing for all others."""
        return _OF_LAMBDA.get(self.action, "")

    @property
    def is_too_wide(self) -> bool:
        """Whether it holds for more than need be, or for actions yet unknown."""
        if "*" in self.action or _CONDITIONS.get(self.action, "") not in self.condition:
            return True
        if self.resource == "*":
            return self.action not in _VPC_ACTIONS and _accepts_resource(self.action)
        return bool({"*", "?"}.intersection(_MADE_UP.sub("", self.resource)))

    def allows(self, call: Call) -> bool:
        """Return whether it alone allows a call."""
        statement = {
            "Effect": "Allow",
            "Action": self.action,
            "Resource": self.resource,
            "Condition": json.loads(self.condition),
        }
        return _is_allowed(call, [statement])


class Policy:
    """The statements of a role's policies, with the values that CloudFormation fills in."""

    def __init__(self, statements: Sequence[Mapping[str, Any]]) -> None:
        self._statements = statements

    def allows(self, call: Call) -> bool:
        """Return whether a call is allowed: by some statement, and denied by none."""
        return _is_allowed(call, self._statements)

    def permissions(self) -> list[Permission]:
        """Return everything that is allowed, each action on each resource once."""
        found = {
            Permission(
                action=action,
                resource=resource,
                condition=json.dumps(statement.get("Condition", {}), sort_keys=True),
            )
            for statement in self._statements
            if statement["Effect"] == "Allow"
            for action in _list(statement["Action"])
            for resource in _list(statement["Resource"])
        }
        return sorted(found, key=lambda one: (one.action, one.resource))


def _is_allowed(call: Call, statements: Iterable[Mapping[str, Any]]) -> bool:
    role = f"arn:aws:sts::{DEFAULT_ACCOUNT}:assumed-role/Role/handler"
    context = EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=DEFAULT_ACCOUNT,
        action=call.action,
        resource_arn=call.resource,
        region=DEFAULT_REGION,
        source_ip="127.0.0.1",
        secure_transport=True,
        # An unknown key counts as absent, and the evaluator asks for them in lower case.
        service_context={key.lower(): value for key, value in call.context.items()},
    )
    policy = parse_policy_document({"Statement": list(statements)})
    return bool(evaluate(context, [policy]).decision == "Allow")


def _accepts_resource(action: str) -> bool:
    """Return whether an action can be allowed on single resources, as AWS publishes it.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    service, _, name = action.partition(":")
    return "Resources" in _published()[service]["Actions"][name.lower()]


@functools.cache
def _published() -> Any:
    """Return every action of every service, as cfn-lint carries it along."""
    data = resources.files("cfnlint.data.AdditionalSpecs") / "Policies.json"
    return json.loads(data.read_text())


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
