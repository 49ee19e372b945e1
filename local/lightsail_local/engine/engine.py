"""The engine: ministack as a process of ours, reached over TLS on loopback only."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess  # nosec B404 # each call says what it runs
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION

HOST = "127.0.0.1"
_END_SECONDS = 2.0
_POLL_SECONDS = 0.05
_LOG_LINES_SHOWN = 20
# The engine runs this package, even if the interpreter finds another one of its name.
_START = """\
import sys
sys.path.insert(0, {folder!r})
import lightsail_local
del sys.path[0]
from lightsail_local.engine import engine_process
engine_process.main()
"""


class EngineError(RuntimeError):
    """The engine cannot start; the message says why, with the end of its log if it has one."""


class Engine:
    """CloudFormation, Lambda, S3 and the rest of what `cdk deploy` talks to.

    The process has a group, a home and a temporary folder of its own, sees nothing of this
    process's environment, and ends with this process however that ends.
    """

    def __init__(
        self,
        lightsail_url: str,
        *,
        port: int = 0,
        ecr_port: int = 0,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        environment: Mapping[str, str] | None = None,
        start_timeout: float = 60.0,
    ) -> None:
        """Describe an engine; `start` starts it.

        Args:
            lightsail_url: Where functions and `AWS::Lightsail::Container` find Lightsail.
            port: Where to listen; 0 takes a free port.
            ecr_port: Where Amazon ECR's registry listens; 0 takes a free port.
            region: The region of requests that name none.
            account: The account, 12 digits, of requests that name none.
            environment: More variables for the engine and for the functions that it runs.
            start_timeout: How many seconds it may take to answer.
        """
        self._lightsail_url = lightsail_url
        self._port = port
        self._ecr_port = ecr_port
        self._region = region
        self._account = account
        self._environment = dict(environment or {})
        self._start_timeout = start_timeout
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """The engine's folder, private to the user, removed by `stop`."""
        if self._folder is None:
            raise EngineError("the engine is not started")
        return self._folder

    @property
    def url(self) -> str:
        """The address of every service but Lightsail."""
        return f"https://{HOST}:{self._port}"

    @property
    def ecr(self) -> str:
        """The address of Amazon ECR's registry, `127.0.0.1:<port>`."""
        return f"{HOST}:{self._ecr_port}"

    @property
    def certificate(self) -> Path:
        """The certificate, PEM, self-signed, of `url` and `ecr`."""
        return self.folder / "certificate.pem"

    @property
    def log(self) -> str:
        """Everything the engine has logged since it was started."""
        return (self.folder / "engine.log").read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it answers.

        Raises:
            OSError: The port is taken, or not for this user.
            EngineError: The process ended, did not answer in time, or lacks a command.
        """
        if self._process is not None:
            raise EngineError("the engine is started already")
        if shutil.which("openssl") is None:
            raise EngineError(
                "openssl is not installed: install it, the cloud's certificate is made with it"
            )
        # The ports are bound here and handed down: no other process can take them in between, and
        # ministack cannot take port 443 beside them.
        with bind(self._port) as listener, bind(self._ecr_port) as ecr_listener:
            self._port = listener.getsockname()[1]
            self._ecr_port = ecr_listener.getsockname()[1]
            self._folder = Path(tempfile.mkdtemp(prefix="lightsail-local-"))
            try:
                self._spawn(listener.fileno(), ecr_listener.fileno())
                self._wait_until_ready()
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """End every process of the engine and remove its folder; safe to call again."""
        process, self._process = self._process, None
        if process is not None:
            _end_group(process)
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _spawn(self, listener: int, ecr_listener: int) -> None:
        for name in ("home", "tmp"):
            (self.folder / name).mkdir()
        with (self.folder / "engine.log").open("wb") as log:
            # -P: nothing in the current folder shadows a module.
            self._process = subprocess.Popen(  # nosec B603  # noqa: S603 - our interpreter, our module
                [
                    sys.executable,
                    "-P",
                    "-c",
                    _START.format(folder=str(Path(__file__).parents[2])),
                    f"--listener={listener}",
                    f"--ecr-listener={ecr_listener}",
                    f"--folder={self.folder}",
                ],
                cwd=self.folder,
                env=self._process_environment(),
                # Its end tells the engine that this process has ended; see `_end_group`.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[listener, ecr_listener],
                start_new_session=True,
            )

    def _process_environment(self) -> dict[str, str]:
        """The whole environment: the functions inherit it, so nothing else may be in it."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(self.certificate),
            "MINISTACK_SSL_KEY": str(self.folder / "key.pem"),
            "GATEWAY_PORT": str(self._port),
            "BIND_HOST": HOST,
            # The host of a custom resource's ResponseURL: no look-up, and the certificate has it.
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": self._region,
            "MINISTACK_ACCOUNT_ID": self._account,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # ministack removes containers it takes for its own: keep it from the user's Docker.
            "DOCKER_HOST": f"unix://{self.folder}/no-docker.sock",
            "AWS_EC2_METADATA_DISABLED": "true",
            # What stands for AWS is on this computer, also for a function that has a proxy.
            "NO_PROXY": f"{HOST},amazonaws.com,amazonaws.com.cn,on.aws",
            "AWS_ENDPOINT_URL_LIGHTSAIL": self._lightsail_url,
            **self._environment,
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        while not self._is_ready():
            if not self.is_running:
                raise EngineError(f"the engine ended while it started; {self.log_end()}")
            if time.monotonic() > deadline:
                late = f"the engine did not answer in {self._start_timeout:g} seconds"
                raise EngineError(f"{late}; {self.log_end()}")
            time.sleep(_POLL_SECONDS)

    def _is_ready(self) -> bool:
        if not self.certificate.exists():
            return False
        # A connection of our own: urllib would go through a proxy that the environment names.
        try:
            context = ssl.create_default_context(cafile=self.certificate)
            connection = http.client.HTTPSConnection(HOST, self._port, timeout=5, context=context)
            with contextlib.closing(connection):
                connection.request("GET", "/_ministack/ready")
                return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

    def log_end(self) -> str:
        """Quote the last lines of the log, for an error's message."""
        lines = self.log.splitlines()[-_LOG_LINES_SHOWN:]
        return "\n".join(["its log ends with", *lines])


def bind(port: int) -> socket.socket:
    """Bind a port, 0 for a free one, but do not listen: ministack would take that for another.

    Raises:
        OSError: The port is taken, or not for this user.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Without it, a port is taken for a minute after the last engine on it ended.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, then kill what is left of all that it started, and itself."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(b".", timeout=_END_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
