"""What a run calls what it makes, so that it is found again."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

TAG = "cdk-lightsail-containers-live"
"""The key of the tag on everything that a run makes; its value is the run's name."""

PREFIX = "cdk-lsc-live-"
"""What every name begins with."""

OURS = re.compile(rf"{PREFIX}[0-9a-f]{{8}}(-web)?")
"""How the stacks and container services of runs are called."""

LOG_GROUP = re.compile(rf"(?P<run>{PREFIX}[0-9a-f]{{8}})-.+")
"""How CloudFormation calls the log groups of their stacks."""


@dataclass(frozen=True)
class Names:
    """The names of one run."""

    run: str = field(default_factory=lambda: f"{PREFIX}{secrets.token_hex(4)}")
    """Of the run, its stack, and the container service that the questions are put to."""

    @property
    def services(self) -> tuple[str, str]:
        """The container services: the one for the questions, and the stack's."""
        return self.run, self.web

    @property
    def web(self) -> str:
        """The stack's container service."""
        return f"{self.run}-web"
