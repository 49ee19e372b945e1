"""What a stack's function may do beside what it did, and the tables of that."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aws_cdk import App, Environment, Stack

from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION
from reliability.report import table

from .policy import Call, Permission, Policy
from .stacks import Build
from .world import World, running_world

_ONE = {
    "cloudformation": "the stack",
    "ecr": "the repository",
    "kms": "the key",
    "lambda": "the function itself",
    "lightsail": "the container service",
    "logs": "its own log group",
    "route53": "the hosted zone",
    "s3": "the object",
    "secretsmanager": "the secret",
    "ssm": "the parameter",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one kind of stack has shown: what its function may do, and what it did."""

    kind: str
    policy: Policy
    calls: Sequence[Call]

    @property
    def missing(self) -> list[Call]:
        """Calls that are not allowed."""
        return [call for call in self.calls if not self.policy.allows(call)]

    @property
    def unused(self) -> list[Permission]:
        """What is allowed and was never needed, nor is it AWS Lambda that needs it."""
        return [
            one
            for one in self.policy.permissions()
            if not one.exception and not any(one.allows(call) for call in self.calls)
        ]

    @property
    def too_wide(self) -> list[Permission]:
        """What is allowed on more than need be; only a service that is named has no ARN."""
        is_named = "service by its name" in self.kind
        return [
            one
            for one in self.policy.permissions()
            if one.is_too_wide or ("ContainerService/*" in one.resource and not is_named)
        ]


def examine(kind: str, build: Build, live: Callable[[World], None]) -> Finding:
    """Synthesize a stack, have it live, and hold what it did against what it may do."""
    environment = Environment(account=DEFAULT_ACCOUNT, region=DEFAULT_REGION)
    # The function's code is none of its permissions.
    context = {"@aws-cdk/aws-iam:minimizePolicies": True, "aws:cdk:bundling-stacks": []}
    with tempfile.TemporaryDirectory() as folder, running_world() as world:
        stack = Stack(App(context=context, outdir=folder), "Stack", env=environment)
        build(stack, world)
        world.synthesize(stack)
        live(world)
        return Finding(
            kind=kind,
            policy=Policy(world.template.statements()),
            calls=list(world.recorder.recorded),
        )


def problems(findings: Iterable[Finding]) -> list[str]:
    """Return a sentence for everything that is not as it should be."""
    told: list[tuple[str, Call | Permission, str]] = []
    for found in findings:
        told += [(found.kind, one, f"not allowed ({one.step})") for one in found.missing]
        told += [(found.kind, one, "allowed and never used") for one in found.unused]
        told += [(found.kind, one, "allowed on more than need be") for one in found.too_wide]
    return [f"{kind}: {one.action} on {one.resource} is {what}" for kind, one, what in told]


def tables(findings: Sequence[Finding]) -> str:
    """Return the tables of what was found."""
    permissions = [one for found in findings for one in found.policy.permissions()]
    bad = {
        "missing": sum(len(found.missing) for found in findings),
        "unused": sum(len(found.unused) for found in findings),
        "wider than need be": sum(len(found.too_wide) for found in findings),
    }
    total = f"{len(findings)} kinds of stack, {len(permissions)} permissions: "
    parts = [
        total + ", ".join(f"{count} {name}" for name, count in bad.items()) + ".",
        table([("action", "on", "stacks", "used when"), *_by_action(findings)]),
        table([("stack", "permissions", "for AWS Lambda itself"), *map(_by_kind, findings)]),
    ]
    return "\n\n".join(parts)


def _by_action(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    """Return a row for each action and what it is allowed on."""
    stacks: dict[tuple[str, str], int] = {}
    steps: dict[tuple[str, str], dict[str, None]] = {}
    for found in findings:
        for one in found.policy.permissions():
            row = (f"`{one.action}`", _on(one))
            stacks[row] = stacks.get(row, 0) + 1
            used = [call.step for call in found.calls if one.allows(call)]
            steps.setdefault(row, {}).update(dict.fromkeys(used or [one.exception]))
    return [(*row, stacks[row], ", ".join(filter(None, steps[row]))) for row in sorted(stacks)]


def _by_kind(found: Finding) -> tuple[object, ...]:
    permissions = found.policy.permissions()
    of_lambda = sum(bool(one.exception) for one in permissions)
    return found.kind, len(permissions), of_lambda


def _on(one: Permission) -> str:
    """Return what a permission is for."""
    if one.resource == "*":
        return "`*`"
    if one.resource.endswith("/*"):
        return f"`{one.resource.rpartition(':')[2]}`"
    through = ", through its service" if "kms:ViaService" in one.condition else ""
    return _ONE[one.resource.split(":")[2]] + through
