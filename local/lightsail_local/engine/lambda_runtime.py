"""Lambda's side of a function: its asset, run by AWS's own runtime client in a bare interpreter.

The engine runs functions in the interpreter it runs in itself, so a dependency that their asset
lacks goes unnoticed there. Here nothing is in sight but the asset and what that interpreter has.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from .lambda_process import Invocation, LambdaProcess

__all__ = ["Invocation", "LambdaRuntime"]


class LambdaRuntime:
    """Invokes a function as Lambda does: one process, kept between events, killed at a timeout."""

    def __init__(
        self,
        asset_directory: Path | str,
        handler: str,
        *,
        python: Path | str,
        timeout: float = 30.0,
        init_timeout: float = 10.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the function; its process starts with the first event.

        Args:
            asset_directory: The folder that becomes `/var/task`.
            handler: `package.module.function`.
            python: An interpreter that has awslambdaric, and boto3 as Lambda's runtimes do.
            timeout: The function's timeout in seconds.
            init_timeout: How many seconds its process may take to ask for the first event.
            environment: The function's environment variables.
        """
        self._asset = Path(asset_directory).absolute()
        self._handler = handler
        # Not resolved: the link is what makes it the interpreter of its virtual environment.
        self._python = Path(python).absolute()
        self._timeout = timeout
        self._init_timeout = init_timeout
        self._environment = dict(environment or {})
        self._process: LambdaProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the function's process; the next event starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def invoke(self, event: object) -> Invocation:
        """Hand an event, JSON, to the function and wait for what becomes of it."""
        if self._process is None:
            self._process = LambdaProcess(
                self._asset, self._handler, self._python, self._environment
            )
        invocation, usable = self._process.handle(event, self._timeout, self._init_timeout)
        if not usable:
            self.stop()
        return invocation
