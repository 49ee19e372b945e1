"""`python -m live` as a process, and what it prints."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parent.parent.parent
# Nothing listens there: a call beyond loopback fails at once.
_NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
_LONGEST_SECONDS = 600
FACTOR = 4
"""How many times as fast time passes for the command, which waits for a real Lightsail."""
_HURRIED = """
import runpy, signal, sys, time
# A shell may have it ignore these, which it then would.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
sleep, monotonic, factor = time.sleep, time.monotonic, float(sys.argv.pop(1))
time.sleep = lambda seconds: sleep(seconds / factor)
time.monotonic = lambda: monotonic() * factor
runpy.run_module("live", run_name="__main__", alter_sys=True)
"""


class LiveCommand:
    """The command with its arguments, in an environment that knows one cloud alone."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *arguments: str) -> None:
        self.report = folder / "report.md"
        self._environment = {**environment, **_NO_NETWORK, "HOME": str(folder)}
        self._arguments = arguments
        self._output = folder / "output.txt"

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-c", _HURRIED, str(FACTOR)),
                    *("--report", str(self.report)),
                    *self._arguments,
                ],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until the command has come to something."""
        ends = time.monotonic() + _LONGEST_SECONDS
        while not is_so():
            assert self._process.poll() is None, self.output
            assert time.monotonic() < ends, self.output
            time.sleep(0.02)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        os.kill(self._process.pid, number)

    def wait(self) -> int:
        return self._process.wait(_LONGEST_SECONDS)
