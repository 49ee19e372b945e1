"""All the runs there are, made side by side, and the table of what came of them."""

from __future__ import annotations

import atexit
import itertools
import multiprocessing
import random
import shlex
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from fake_time import ProcessTime
from reliability.lifecycles import LIFECYCLES
from reliability.local_aws import leave_real_accounts
from reliability.report import table
from reliability.windows import Window
from world.aws import SERVICES
from world.gate import Call
from world.processes import ProcessEnvironments
from world.template import Templates

from . import inject
from .run import Result, Run

_MOST_OF_A_KIND = 6
_HUNG_SECONDS = 120


@dataclass(frozen=True)
class Made:
    """A run, and what came of it."""

    run: Run
    result: Result


class Matrix:
    """Makes runs, several at a time.

    Args:
        jobs: how many.
    """

    def __init__(self, jobs: int) -> None:
        leave_real_accounts()
        self._jobs = jobs
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as once:  # jsii ends with it
            templates = once.submit(_synthesize).result()
        self._pool = ProcessPoolExecutor(
            jobs, mp_context=context, initializer=_begin, initargs=(templates,)
        )

    def __enter__(self) -> Matrix:
        """Return the matrix, to be closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """End its processes."""
        self._pool.shutdown(cancel_futures=True)

    def make(self, runs: Sequence[Run]) -> Iterator[Made]:
        """Make runs, and return them in the same order."""
        for run, result in zip(runs, self._pool.map(_make, runs), strict=True):
            yield Made(run, result)

    def make_for(self, seconds: float, runs: Iterator[Run]) -> Iterator[Made]:
        """Make as many of some runs as can be begun in a time."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            yield from self.make(list(itertools.islice(runs, 4 * self._jobs)))

    def calls(self, lifecycles: Iterable[str], seed: int) -> dict[str, list[Call]]:
        """Return the calls of each lifecycle when nothing goes wrong.

        Raises:
            RuntimeError: something does.
        """
        found = {}
        for made in self.make([Run(name, seed=seed) for name in lifecycles]):
            if made.result.problems:
                raise RuntimeError(f"{made.run.lifecycle}, without a fault: {made.result.problems}")
            found[made.run.lifecycle] = _chosen(made.result.calls)
        return found


def runs_of(
    calls: dict[str, list[Call]], faults: Sequence[str], seed: int, most: int | None = None
) -> list[Run]:
    """Return a run for each call and each fault, or as many of them, the same for a seed.

    As many are of each lifecycle, as far as it has them, and they take turns with the faults.
    """
    runs = [
        [
            Run(name, call, fault, seed)
            for fault in faults
            for call in (_connections(of_lifecycle) if fault == inject.REFUSED else of_lifecycle)
        ]
        for name, of_lifecycle in calls.items()
    ]
    if most is None:
        return [run for of_lifecycle in runs for run in of_lifecycle]
    each = -(-most // len(runs))
    for number, of_lifecycle in enumerate(runs):
        random.Random(seed).shuffle(of_lifecycle)  # noqa: S311 - no secret
        first = (seed + number * each) % len(faults)
        of_lifecycle[:] = _in_turns(
            [run for run in of_lifecycle if run.fault == fault]
            for fault in (*faults[first:], *faults[:first])
        )
    return _in_turns(runs)[:most]


def _in_turns(groups: Iterable[list[Run]]) -> list[Run]:
    """Return the first of each group, then the second of each, and so on."""
    return [run for turn in itertools.zip_longest(*groups) for run in turn if run]


def pairs_of(calls: dict[str, list[Call]], faults: Sequence[str], seed: int) -> Iterator[Run]:
    """Return runs with two faults in one life, of two of its calls, without end."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    one_by_one = [fault for fault in faults if fault not in inject.ALONE]
    lifecycles = [name for name, of_lifecycle in calls.items() if len(of_lifecycle) > 1]
    while True:
        name = chosen.choice(lifecycles)
        numbers = sorted(chosen.sample(range(len(calls[name])), 2))
        first, second = ((calls[name][one], chosen.choice(one_by_one)) for one in numbers)
        yield Run(name, *first, seed, second=second)


def is_broken(made: Made) -> bool:
    """Return whether a run is broken."""
    return bool(made.result.problems)


def show(made: Sequence[Made]) -> str:
    """Return the table of lifecycles and faults, each with its count of runs."""
    faults = [fault for fault in inject.NAMES if any(one.run.fault == fault for one in made)]
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in made:
        counts[one.run.lifecycle, one.run.fault][_outcome(one)] += 1
    rows = [
        [name, *(_cell(counts[name, fault]) for fault in faults)]
        for name in LIFECYCLES
        if any(one.run.lifecycle == name for one in made)
    ]
    return table([["", *(fault.replace("_", " ") for fault in faults)], *rows])


def show_pairs(made: Sequence[Made]) -> str:
    """Return the table of the runs with two faults: by lifecycle, how many of them held."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in made:
        counts[one.run.lifecycle][_outcome(one)] += 1
    names = [name for name in LIFECYCLES if name in counts]
    rows = [[name, _cell(counts[name]), counts[name]["idle"]] for name in names]
    return table([["lifecycle", "held", "idle"], *rows])


def command(run: Run) -> str:
    """Return the command that makes a run alone."""
    words = ["python", "-m", "reliability", "faults", "--lifecycle", run.lifecycle]
    for call, fault in run.injected:
        words += ["--call", str(call), "--fault", fault]
    return shlex.join([*words, "--seed", str(run.seed)])


def tell(made: Sequence[Made]) -> str:
    """Return how many runs there were, and what is not in the table."""
    outcomes = Counter(map(_outcome, made))
    stuck = sum(one.result.was_stuck for one in made)
    windows = sum((one.result.windows for one in made), Counter[Window]())
    stayed = ", ".join(f"{count} {window}" for window, count in sorted(windows.items()))
    return (
        f"{len(made)} runs, {outcomes['broken']} of them broken; {outcomes['idle']} idle; in "
        f"{stuck} the rollback could not end while the fault lasted, and was continued; images "
        f"and deployments that stay in a case that is known: {stayed or 'none'}"
    )


def _outcome(made: Made) -> str:
    if made.result.problems:
        return "broken"
    # A fault that was never injected says nothing.
    return "held" if made.result.was_injected else "idle"


def _cell(count: Counter[str]) -> str:
    if count["broken"]:
        return f"**{count['held']} of {count['held'] + count['broken']}**"
    if count["held"]:
        return str(count["held"])
    return "idle" if count["idle"] else ""


def _chosen(calls: list[Call]) -> list[Call]:
    """Return calls, of those that are asked again and again only some.

    A wait asks the same until it is so: the first ones, the one in the middle and the last.
    """
    numbers = Counter((call.server, call.operation) for call in calls)
    return [
        call
        for call in calls
        if (most := numbers[call.server, call.operation]) <= _MOST_OF_A_KIND
        or call.number <= _MOST_OF_A_KIND // 2
        or call.number in {most // 2, most - 1, most}
    ]


def _connections(calls: list[Call]) -> list[Call]:
    """Return a call for each connection to a server, if each call has one of its own."""
    numbers: Counter[str] = Counter()
    ports = []
    for call in calls:
        server = "aws" if call.server in SERVICES else call.server
        numbers[server] += 1
        ports.append(Call(call.server, "connection", numbers[server]))
    return ports


_clock: ProcessTime
_environments: ProcessEnvironments
_templates: Templates


def _synthesize() -> Templates:
    from reliability.kinds import synthesize  # noqa: PLC0415 - starts jsii's process

    return synthesize()


def _begin(templates: Templates) -> None:
    """Prepare a process to make runs: the function's processes are forked before it has threads."""
    global _clock, _environments, _templates  # noqa: PLW0603 - what a pool's processes keep
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _clock = ProcessTime()
    _templates = templates
    _environments = ProcessEnvironments(_clock, templates)
    atexit.register(_environments.close)


def _make(run: Run) -> Result:
    def hung(*_: object) -> None:
        raise TimeoutError(f"the run hung for {_HUNG_SECONDS} s")

    signal.signal(signal.SIGALRM, hung)
    signal.alarm(_HUNG_SECONDS)
    try:
        return run.make(_clock, _environments, _templates)
    except Exception as error:  # noqa: BLE001 - a run must not end the others
        return Result(problems=[f"{type(error).__name__}: {error}"])
    finally:
        signal.alarm(0)
