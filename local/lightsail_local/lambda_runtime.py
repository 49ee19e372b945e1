"""Lambda's side of a function: its asset, run by AWS's own runtime client in a bare interpreter.

The engine runs functions in the interpreter it runs in itself, so a dependency that their asset
lacks goes unnoticed there. Here nothing is in sight but the asset and what that interpreter has.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import functools
import http.server
import json
import os
import queue
import shutil
import signal
import subprocess  # nosec B404 # each call says what it runs
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_FUNCTION_NAME = "function"
_REGION = "us-east-1"
_FUNCTION_ARN = f"arn:aws:lambda:{_REGION}:000000000000:function:{_FUNCTION_NAME}"
_POLL_SECONDS = 0.05
_ANYTHING = "local"  # nobody checks keys here


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
        self._process: _Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the function's process; the next event starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def invoke(self, event: object) -> Invocation:
        """Hand an event, JSON, to the function and wait for what becomes of it."""
        if self._process is None:
            self._process = _Process(self._asset, self._handler, self._python, self._environment)
        invocation, usable = self._process.handle(event, self._timeout, self._init_timeout)
        if not usable:
            self.stop()
        return invocation


@dataclass(frozen=True)
class _Event:
    request_id: str
    body: bytes
    deadline: float


@dataclass(frozen=True)
class _Message:
    """What the runtime client said: `next`, `response`, or `error`, also of the start."""

    kind: str
    body: bytes = b""


class _Process:
    """The function's process and the Runtime API that it talks to."""

    def __init__(
        self, asset: Path, handler: str, python: Path, environment: Mapping[str, str]
    ) -> None:
        self._messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[_Event | None] = queue.SimpleQueue()
        with ExitStack() as started:
            self._folder = Path(tempfile.mkdtemp(prefix="lightsail-local-lambda-"))
            started.callback(shutil.rmtree, self._folder, ignore_errors=True)
            api = _RuntimeApi(self._events, self._messages)
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
        self._events.put(_Event(request_id, body, deadline=time.time() + timeout))
        message = self._wait(start + timeout)
        seconds = time.monotonic() - start
        if message is None:
            return self._failure(request_id, seconds, timeout), False
        content, log = json.loads(message.body), self._read_log()
        if message.kind == "response":
            return Invocation(result=content, log=log, seconds=seconds), True
        return Invocation(error=content, log=log, seconds=seconds), True

    def end(self) -> None:
        """Kill the process and whatever it has started, and free everything."""
        self._events.put(None)
        self._started.close()

    def _init_failure(self, message: _Message | None) -> Invocation:
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

    def _wait(self, deadline: float) -> _Message | None:
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
        "AWS_LAMBDA_FUNCTION_NAME": _FUNCTION_NAME,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{_FUNCTION_NAME}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]00000000000000000000000000000000",
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": _REGION,
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


class _RuntimeApi:
    """The Runtime API, for one process."""

    def __init__(
        self,
        events: "queue.SimpleQueue[_Event | None]",
        messages: "queue.SimpleQueue[_Message]",
    ) -> None:
        handler = functools.partial(_Handler, events, messages)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[_POLL_SECONDS])
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(
        self,
        events: "queue.SimpleQueue[_Event | None]",
        messages: "queue.SimpleQueue[_Message]",
        *arguments: Any,
    ) -> None:
        self._events = events
        self._messages = messages
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer `/runtime/invocation/next`: hold the request until there is an event."""
        self._messages.put(_Message("next"))
        event = self._events.get()
        if event is None:
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": event.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(event.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": _FUNCTION_ARN,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
        }
        self._send(http.HTTPStatus.OK, headers, event.body)

    def do_POST(self) -> None:
        """Take `/runtime/invocation/{id}/response`, `.../error` and `/runtime/init/error`."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._messages.put(_Message(self.path.rsplit("/", 1)[1], body))
        self._send(http.HTTPStatus.ACCEPTED, {}, b"")

    def log_message(self, *_: object) -> None:
        """Keep quiet: this is no part of the function's log."""

    def _send(self, status: http.HTTPStatus, headers: Mapping[str, str], body: bytes) -> None:
        # The process may have been killed meanwhile.
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
