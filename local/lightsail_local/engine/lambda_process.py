"""The process of a function, run by AWS's own runtime client in a bare interpreter."""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess  # nosec B404 # each call says what it runs
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .runtime_api import FUNCTION_NAME, REGION, Event, Message, RuntimeApi

_POLL_SECONDS = 0.05
_ANYTHING = "local"  # it is not checked here


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What became of one event.

    Attributes:
        result: What the function returned, as JSON carries it; None after an error.
        error: `errorType`, `errorMessage` and, if it raised, `stackTrace`; None after a success.
        log: What the function wrote to standard output and error.
        seconds: How long it took, without the start of the process.
        timed_out: Whether it was killed at its timeout.
    """

    result: Any = None
    error: Mapping[str, Any] | None = None
    log: str = ""
    seconds: float = 0.0
    timed_out: bool = False


class LambdaProcess:
    """The function's process and the Runtime API that it talks to."""

    def __init__(
        self, asset: Path, handler: str, python: Path, environment: Mapping[str, str]
    ) -> None:
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        with ExitStack() as started:
            self._folder = Path(tempfile.mkdtemp(prefix="lightsail-local-lambda-"))
            started.callback(shutil.rmtree, self._folder, ignore_errors=True)
            api = RuntimeApi(self._events, self._messages)
            started.callback(api.close)
            self._log = self._folder / "log"
            self._log_read = 0
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(  # nosec B603  # noqa: S603 - the interpreter asked for
                    [str(python), "-m", "awslambdaric", handler],
                    cwd=asset,
                    env={**_environment(api.address, asset, handler, self._folder), **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            started.callback(self._kill)
            self._started = started.pop_all()

    def handle(self, event: object, timeout: float, init_timeout: float) -> tuple[Invocation, bool]:
        """Give the outcome of an event, and whether the process can take another."""
        message = self._wait(time.monotonic() + init_timeout)
        if message is None or message.kind != "next":
            return self._init_failure(message), False
        request_id = str(uuid.uuid4())
        body = json.dumps(event).encode()
        start = time.monotonic()
        self._events.put(Event(request_id, body, deadline=time.time() + timeout))
        message = self._wait(start + timeout)
        seconds = time.monotonic() - start
        if message is None:
            return self._failure(request_id, seconds, timeout), False
        content, log = json.loads(message.body), self._read_log()
        if message.kind == "response":
            return Invocation(result=content, log=log, seconds=seconds), True
        return Invocation(error=content, log=log, seconds=seconds), True

    def end(self) -> None:
        """Kill the process and all that it has started, and free everything."""
        self._events.put(None)
        self._started.close()

    def _init_failure(self, message: Message | None) -> Invocation:
        if message is not None:
            error = json.loads(message.body)
        else:
            sentence = "the function's process did not ask for an event"
            error = {"errorType": "Runtime.ExitError", "errorMessage": sentence}
        return Invocation(error=error, log=self._read_log())

    def _failure(self, request_id: str, seconds: float, timeout: float) -> Invocation:
        """Tell of an event without an answer: the process has ended, or is late and ends now."""
        if self._process.poll() is not None:
            sentence = f"RequestId: {request_id} Error: Runtime exited with error"
            error = {"errorType": "Runtime.ExitError", "errorMessage": sentence}
            return Invocation(error=error, log=self._read_log(), seconds=seconds)
        self._kill()
        sentence = f"{request_id} Task timed out after {timeout:.2f} seconds"
        return Invocation(
            error={"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {sentence}"},
            log=f"{self._read_log()}{sentence}\n",
            seconds=seconds,
            timed_out=True,
        )

    def _wait(self, deadline: float) -> Message | None:
        """Wait for the runtime client's next word; None if the process ended or it is late."""
        while True:
            # Asked first: what an ended process said last is there by then.
            has_ended = self._process.poll() is not None
            with contextlib.suppress(queue.Empty):
                return self._messages.get(timeout=_POLL_SECONDS)
            if has_ended or time.monotonic() > deadline:
                return None

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _read_log(self) -> str:
        """Read what has been written since it was last read."""
        with self._log.open("rb") as log:
            log.seek(self._log_read)
            text = log.read()
        self._log_read += len(text)
        return text.decode(errors="replace")


def _environment(api_address: str, asset: Path, handler: str, folder: Path) -> dict[str, str]:
    """Give what a function finds on Lambda, and nothing of this process's own."""
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    return {
        "AWS_LAMBDA_RUNTIME_API": api_address,
        "AWS_LAMBDA_FUNCTION_NAME": FUNCTION_NAME,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{FUNCTION_NAME}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]00000000000000000000000000000000",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": _ANYTHING,
        "AWS_SESSION_TOKEN": _ANYTHING,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMBDA_TASK_ROOT": str(asset),
        "_HANDLER": handler,
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        # Not the user's: boto3 reads configuration there.
        "HOME": str(folder),
        "TMPDIR": str(folder),
        # On Lambda the asset is read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }
