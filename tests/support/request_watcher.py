"""Requests to the local Lightsail, seen before they are answered."""

from collections.abc import Callable

from lightsail_local.server import Request


class RequestWatcher:
    """Hands each request to what a test has put there, which may have it wait."""

    watch: Callable[[Request], None] | None = None

    def __call__(self, request: Request) -> None:
        if self.watch:
            self.watch(request)
