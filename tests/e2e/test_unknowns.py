"""Whole lives of stacks, under both assumptions about undocumented behavior.

`make unknowns` has more of them.

Every pair of sides is in one of the rows, and every scenario meets two of these, one by night.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from reliability.unknowns.runs import Result, Run, Runs
from reliability.unknowns.scenarios import SCENARIOS
from reliability.unknowns.sides import Side, cover, sides

pytestmark = pytest.mark.e2e

RUNS = [Run(scenario=list(SCENARIOS)[row.number % len(SCENARIOS)], row=row) for row in cover()]
# No scenario expects a Lightsail that forgets deployments.
FORGETTING = Run(
    scenario="deploy",
    row=replace(cover()[0], sides=(*cover()[0].sides, Side(switch="kept_deployments", value=1))),
)


SOME, OTHERS = RUNS[: len(SCENARIOS)], RUNS[len(SCENARIOS) :]


def results_of(given: list[Run]) -> Iterator[dict[Run, Result]]:
    """What has become of runs: they mostly wait, so some are run at once."""
    with Runs(jobs=4) as runs:
        yield {result.run: result for result in runs.results(given)}


@pytest.fixture(scope="module")
def results() -> Iterator[dict[Run, Result]]:
    yield from results_of([*SOME, FORGETTING])


@pytest.fixture(scope="module")
def other_results() -> Iterator[dict[Run, Result]]:
    yield from results_of(OTHERS)


def test_every_scenario_and_every_side_is_in_a_run() -> None:
    assert {run.scenario for run in SOME} == {run.scenario for run in RUNS} == set(SCENARIOS)
    assert {side for run in RUNS for side in run.row.sides} == set(sides())


def name(run: Run) -> str:
    return f"{run.scenario}-{run.row.number}"


@pytest.mark.parametrize("run", SOME, ids=name)
def test_a_life_leaves_what_it_should(results: dict[Run, Result], run: Run) -> None:
    assert not results[run].problem, run.command


@pytest.mark.nightly
@pytest.mark.parametrize("run", OTHERS, ids=name)
def test_every_other_life_leaves_what_it_should(other_results: dict[Run, Result], run: Run) -> None:
    assert not other_results[run].problem, run.command


def test_what_is_not_as_it_should_be_is_told(results: dict[Run, Result]) -> None:
    assert results[FORGETTING].problem == (
        "deployments after a failed one: {2: 'ACTIVE', 3: 'FAILED'}, "
        "not {1: 'INACTIVE', 2: 'ACTIVE', 3: 'FAILED'}"
    )
