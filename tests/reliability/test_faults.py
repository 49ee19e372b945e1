"""A part of `make faults`: what must hold, whatever goes wrong in the middle."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from reliability.faults.gate import Call
from reliability.faults.matrix import Matrix, command, runs_of
from reliability.faults.run import Run
from reliability.faults.scenario import SCENARIOS
from reliability.faults.strike import NAMES

ROOT = Path(__file__).parents[2]
RUNS = 160
REGISTER = Call("lightsail", "RegisterContainerImage", 1)


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with Matrix(jobs=2) as given:
        yield given


def test_some_of_all_faults_break_nothing(matrix: Matrix) -> None:
    runs = runs_of(matrix.calls(SCENARIOS, seed=1), NAMES, seed=1, most=RUNS)
    assert {run.scenario for run in runs} == set(SCENARIOS)
    assert {run.fault for run in runs} == set(NAMES)

    made = list(matrix.make(runs))

    assert len(made) == RUNS
    assert {command(one.run): one.result.problems for one in made if one.result.problems} == {}
    # All but a few strike: another thread of the copy may have been faster.
    assert sum(one.result.has_struck for one in made) > 0.95 * RUNS


def test_the_function_that_is_killed_and_not_repeated_leaves_an_image_to_nobody(
    matrix: Matrix,
) -> None:
    (made,) = matrix.make([Run("create by digest", REGISTER, "killed_after", repeats=False)])

    assert made.result.status == "ROLLBACK_COMPLETE"
    unclear, orphaned, unanswered, *_ = made.result.problems
    assert unclear.startswith("ROLLBACK_COMPLETE without a cause and a cure: CloudFormation did")
    assert orphaned == "image :shop.web.2 is nobody's"
    assert unanswered == "Create of Image was never answered"


def test_a_run_is_the_same_each_time(matrix: Matrix) -> None:
    run = Run("create by digest", REGISTER, "reset_after")

    first, second = matrix.make([run, run])

    assert first.result == second.result
    assert first.result.has_struck
    assert first.result.status == "CREATE_COMPLETE"


def test_the_command_line_makes_one_run_and_shows_what_came_of_it() -> None:
    words = ["--scenario", "delete", "--call", "lightsail/GetContainerImages/1"]

    ran = subprocess.run(
        [sys.executable, "-m", "reliability.faults", *words, "--fault", "garbage", "--jobs", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "| delete | 1       |" in ran.stdout
    assert "1 runs, 0 of them broken" in ran.stdout
