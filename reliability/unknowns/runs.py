"""Runs of scenarios on rows of sides, some at once, each on a local cloud of its own meanwhile."""

from __future__ import annotations

import itertools
import queue
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from reliability.broken import Broken

from .cloud import Cloud
from .scenarios import SCENARIOS
from .templates import synthesize

if TYPE_CHECKING:
    from types import TracebackType

    from .sides import Row


@dataclass(frozen=True, kw_only=True)
class Run:
    """A scenario on a row of sides.

    Args:
        scenario: its name.
        row: the row.
    """

    scenario: str
    row: Row

    @property
    def command(self) -> str:
        """What runs it alone."""
        return f"python -m reliability unknowns --scenario {self.scenario} --row {self.row.number}"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What has become of a run.

    Args:
        run: the run.
        problem: what was not as it has to be; empty if all was.
        seconds: how long it took.
    """

    run: Run
    problem: str
    seconds: float


class Runs:
    """Runs, on local clouds that are started as they are needed, and used again.

    Args:
        jobs: how many run at once.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._clouds: list[Cloud] = []
        self._idle: queue.SimpleQueue[Cloud] = queue.SimpleQueue()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        with tempfile.TemporaryDirectory(prefix="unknowns-") as folder:
            self._templates = synthesize(Path(folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for cloud in self._clouds:
            cloud.stop()

    def results(self, runs: Sequence[Run]) -> Iterator[Result]:
        """Run all of some runs, and yield what becomes of them as they end."""
        threads = ThreadPoolExecutor(self._jobs)
        try:
            ends = [threads.submit(self._run, run) for run in runs]
            yield from (end.result() for end in as_completed(ends))
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            # Without their clouds those that still run end soon.
            for cloud in self._clouds:
                cloud.stop()
            raise
        finally:
            threads.shutdown()

    def _run(self, run: Run) -> Result:
        began = time.monotonic()
        problem = ""
        cloud = self._cloud()
        # No two stacks of a cloud ever have the same name.
        name = f"{run.scenario}-{run.row.number}-{next(self._numbers)}"
        try:
            cloud.live(name, SCENARIOS[run.scenario], run.row)
        except Broken as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - after any error the run is broken
            problem = f"{type(error).__name__}: {error}"
        if problem:
            cloud.stop()  # who knows what goes on there
        else:
            self._idle.put(cloud)
        return Result(run=run, problem=problem, seconds=time.monotonic() - began)

    def _cloud(self) -> Cloud:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            cloud = Cloud(self._templates)
            self._clouds.append(cloud)
            cloud.start()
            return cloud
