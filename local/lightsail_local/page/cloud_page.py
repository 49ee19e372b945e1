"""The page of a running cloud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from lightsail_local.cloud import LocalCloud
from lightsail_local.engine.stack_history import StackHistory

from .page_server import PageServer
from .page_state import page_state


@contextmanager
def cloud_page(cloud: LocalCloud, port: int) -> Iterator[PageServer]:
    """Serve the page of a cloud for as long as the block lasts.

    Args:
        cloud: The cloud, started.
        port: The page's port, 0 for a free one.

    Raises:
        OSError: The port is taken.
    """
    region, account = cloud.endpoints.region, cloud.endpoints.account
    with (
        closing(StackHistory(cloud.engine, region=region, account=account)) as stacks,
        PageServer(port, lambda: page_state(cloud.lightsail, stacks.read())) as page,
    ):
        yield page
