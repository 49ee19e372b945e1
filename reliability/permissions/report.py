"""What a stack's function may do beside what it did, and the tables of that."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aws_cdk import App, Environment, Stack

from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION
from reliability.report import table

from .call import Call
from .policy import Permission, Policy
from .stacks import Build
from .world import World, running_world


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one kind of stack has shown.

    Args:
        kind: the kind's name.
        policy: what its function may do.
        calls: what it did.
    """

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
        """What is allowed on everything and could be on less."""
        return [one for one in self.policy.permissions() if one.is_too_wide]


def examine(kind: str, build: Build, live: Callable[[World], None]) -> Finding:
    """Synthesize a stack, have it live, and hold what it did against what it may do."""
    environment = Environment(account=DEFAULT_ACCOUNT, region=DEFAULT_REGION)
    context = {"@aws-cdk/aws-iam:minimizePolicies": True}
    with tempfile.TemporaryDirectory() as folder, running_world() as world:
        stack = Stack(App(context=context, outdir=folder), "Stack", env=environment)
        build(stack, world)
        world.deploy(stack)
        live(world)
        return Finding(
            kind=kind, policy=Policy(world.template.statements()), calls=list(world.aws.calls)
        )


def problems(findings: Iterable[Finding]) -> list[str]:
    """Return a sentence for everything that is not as it should be."""
    return [
        problem
        for found in findings
        for problem in (
            *(
                f"{found.kind}: {call.action} on {call.resource} is not allowed ({call.step})"
                for call in found.missing
            ),
            *(
                f"{found.kind}: {one.action} on {one.resource} is allowed and never used"
                for one in found.unused
            ),
            *(
                f"{found.kind}: {one.action} on {one.resource} is allowed on more than need be"
                for one in found.too_wide
            ),
        )
    ]
