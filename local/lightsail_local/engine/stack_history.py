"""What CloudFormation tells of the stacks of a running cloud."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lightsail_local.engine.engine import Engine

_SHOWN_STACKS = 3


class StackHistory:
    """Reads the stacks that changed last, with their events.

    Args:
        engine: The engine, started.
        region: The region whose stacks are read.
        account: Their account, 12 digits.
    """

    def __init__(self, engine: Engine, *, region: str, account: str) -> None:
        session = boto3.Session(account, "local", region_name=region)
        self._client = session.client(
            "cloudformation",
            endpoint_url=engine.url,
            verify=str(engine.certificate),
            # A proxy that the environment names does not lead to this computer.
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def read(self) -> list[dict[str, Any]]:
        """Return the stacks in the API's shape, the one that changed last first.

        Each has its `Events`, newest first; there are no stacks while the engine does not answer.
        """
        try:
            summaries = self._client.list_stacks()["StackSummaries"]
            newest = sorted(summaries, key=_changed, reverse=True)[:_SHOWN_STACKS]
            return [{**stack, "Events": self._events(stack["StackId"])} for stack in newest]
        except (BotoCoreError, ClientError):
            return []

    def _events(self, stack: str) -> list[dict[str, Any]]:
        """Return the newest events of a stack: one answer of them is enough."""
        events: list[dict[str, Any]] = self._client.describe_stack_events(StackName=stack)[
            "StackEvents"
        ]
        return events


def _changed(stack: Mapping[str, Any]) -> datetime:
    times = ("CreationTime", "LastUpdatedTime", "DeletionTime")
    found: list[datetime] = [stack[name] for name in times if name in stack]
    return max(found)
