"""A part of `make faults`: what must hold, no matter what goes wrong in the middle."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from reliability.faults.inject import ALONE, NAMES
from reliability.faults.matrix import (
    Made,
    Matrix,
    command,
    is_broken,
    pairs_of,
    runs_of,
    show,
    show_pairs,
    tell,
)
from reliability.faults.run import Result, Run
from reliability.lifecycles import LIFECYCLES
from reliability.windows import Window

from patience import wait_until
from world.gate import Call

ROOT = Path(__file__).parents[2]
# A sample that has every lifecycle and every fault.
RUNS, SEED = 78, 8
CANCELLED = {"cancelled_before", "cancelled_after"}
REGISTER = Call("lightsail", "RegisterContainerImage", 1)


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with Matrix(jobs=2) as given:
        yield given


def test_some_of_all_faults_break_nothing(matrix: Matrix) -> None:
    calls = matrix.calls(LIFECYCLES, seed=SEED)
    runs = runs_of(calls, NAMES, seed=SEED, most=RUNS)
    assert {run.lifecycle for run in runs} == set(LIFECYCLES)
    assert {run.fault for run in runs} == set(NAMES)

    made = list(matrix.make(runs))

    assert len(made) == RUNS
    assert {command(one.run): one.result.problems for one in made if is_broken(one)} == {}
    # All but a few are injected: another thread of the copy may have been faster. Only what creates
    # or updates can be cancelled.
    injected = [one.result.was_injected for one in made if one.run.fault not in CANCELLED]
    assert sum(injected) > 0.95 * len(injected)


def test_the_lifecycles_that_are_named_so_hand_over(matrix: Matrix) -> None:
    calls = matrix.calls([name for name in LIFECYCLES if name.startswith("hand-over")], SEED)

    assert len(calls) > 1
    assert {
        name for name, made in calls.items() if Call("lambda", "Invoke", 1) not in made
    } == set()


def test_the_function_that_is_killed_and_not_repeated_leaves_an_orphaned_image(
    matrix: Matrix,
) -> None:
    (made,) = matrix.make([Run("create by digest", REGISTER, "killed_after", repeats=False)])

    assert made.result.status == "ROLLBACK_COMPLETE"
    unclear, orphaned, unanswered, *_ = made.result.problems
    assert unclear.startswith("ROLLBACK_COMPLETE without a cause and a fix: CloudFormation did")
    assert orphaned == "image :shop.web.2 belongs to no stack"
    assert unanswered.startswith("Create of Image")
    assert unanswered.endswith(" was never answered")


def test_the_function_that_is_killed_late_in_an_invocation_loses_nothing(matrix: Matrix) -> None:
    (made,) = matrix.make([Run("push at the last moment", REGISTER, "killed_after")])

    assert made.result.was_injected
    assert (made.result.status, made.result.problems) == ("CREATE_COMPLETE", [])


def test_a_request_that_is_cancelled_goes_on_beside_the_rollback(matrix: Matrix) -> None:
    look = Call("lightsail", "GetContainerImages", 1)
    delete = Call("lightsail", "DeleteContainerImage", 1)

    created, updated, deleted = (
        made.result
        for made in matrix.make(
            [
                Run("create by digest", look, "cancelled_before"),
                Run("update by digest", look, "cancelled_after"),
                Run("delete", delete, "cancelled_before"),
            ]
        )
    )

    assert (created.status, created.was_injected) == ("ROLLBACK_COMPLETE", True)
    assert (updated.status, updated.was_injected) == ("UPDATE_ROLLBACK_COMPLETE", True)
    # Nothing rolls a deletion back.
    assert (deleted.status, deleted.was_injected) == ("DELETE_COMPLETE", False)
    assert [one.problems for one in (created, updated, deleted)] == [[], [], []]


@pytest.mark.parametrize(
    ("lifecycle", "written", "asked"),
    [
        (
            "certificate in route53",
            Call("route53", "ChangeResourceRecordSets", 1),
            Call("lightsail", "GetCertificates", 4),
        ),
        (
            "certificate in a lightsail zone",
            Call("lightsail", "CreateDomainEntry", 4),
            Call("lightsail", "GetDomain", 3),
        ),
    ],
)
def test_records_are_removed_once_lightsail_answers_the_rollback(
    matrix: Matrix, lifecycle: str, written: Call, asked: Call
) -> None:
    both = Run(lifecycle, written, "cancelled_after", second=(asked, "outage"))

    (made,) = matrix.make([both])

    assert made.result.was_injected
    assert (made.result.status, made.result.problems) == ("ROLLBACK_COMPLETE", [])


def test_a_cell_counts_the_faults_that_were_injected() -> None:
    def made(fault: str, *problems: str, **more: bool) -> Made:
        return Made(Run("delete", REGISTER, fault), Result(problems=[*problems], **more))

    runs = [
        *(made("reset_before", was_injected=True) for _ in range(3)),
        made("reset_before"),
        made("cut"),
        made("stall", "it is lost", was_injected=True),
        made("stall", was_injected=True),
        made("outage", was_injected=True, was_stuck=True),
    ]
    runs[0].result.windows[Window.CANCELLED] += 2

    cells = [cell.strip() for cell in show(runs).splitlines()[2].split("|")]
    assert cells == ["", "delete", "3", "idle", "**1 of 2**", "1", ""]
    assert tell(runs).startswith("8 runs, 1 of them broken; 2 idle; in 1 the rollback")
    assert tell(runs).endswith("is known: 2 cancelled while its answer was on its way")
    assert tell([]).endswith("is known: none")


@pytest.mark.parametrize(
    ("operation", "number", "windows"),
    [
        ("GetContainerServiceDeployments", 2, {}),
        ("CreateContainerServiceDeployment", 1, {Window.DEPLOYED: 1}),
    ],
)
def test_a_deployment_is_made_after_a_rollback_only_if_it_is_on_its_way(
    matrix: Matrix, operation: str, number: int, windows: dict[Window, int]
) -> None:
    call = Call("lightsail", operation, number)

    (made,) = matrix.make([Run("deploy the latest", call, "cancelled_before")])

    assert made.result.was_injected
    assert made.result.problems == []
    assert made.result.windows == windows


def test_an_answer_that_is_lost_until_the_end_of_an_invocation_leaves_nothing(
    matrix: Matrix,
) -> None:
    run = Run("push at the last moment", Call("response", "PUT", 1), "outage")

    (made,) = matrix.make([run])

    assert made.result.was_injected
    assert (made.result.status, made.result.problems) == ("CREATE_COMPLETE", [])


def test_a_request_that_is_cancelled_before_its_first_look_leaves_nothing(matrix: Matrix) -> None:
    look = Call("cloudformation", "DescribeStacks", 1)
    names = ("create by digest", "update by digest")

    made = list(matrix.make([Run(name, look, "cancelled_before") for name in names]))

    assert [one.result.was_injected for one in made] == [True, True]
    assert [one.result.problems for one in made] == [[], []]


@pytest.mark.parametrize(
    ("lifecycle", "call", "fault"),
    [
        ("create by digest", REGISTER, "outage_after"),
        ("create by digest", Call("response", "PUT", 1), "outage_after"),
        ("prune", Call("lightsail", "GetContainerImages", 1), "missing_list"),
        ("rollback", REGISTER, "again_late"),
        ("create by digest", REGISTER, "slow"),
        ("create by source", Call("source", "GET token", 1), "slow"),
        ("create by digest", Call("response", "PUT", 1), "slow"),
    ],
)
def test_a_fault_that_lasts_or_comes_late_breaks_nothing(
    matrix: Matrix, lifecycle: str, call: Call, fault: str
) -> None:
    (made,) = matrix.make([Run(lifecycle, call, fault)])

    assert made.result.was_injected
    assert made.result.problems == []


def test_two_faults_in_one_life_break_nothing(matrix: Matrix) -> None:
    calls = matrix.calls(["prune"], seed=0)
    pairs = list(itertools.islice(pairs_of(calls, NAMES, seed=3), 6))
    # A request that is cancelled, and delivered again beside the rollback.
    look = Call("lightsail", "GetContainerServices", 1)
    again = Call("lightsail", "GetContainerServices", 4)
    both = Run("prune", look, "cancelled_before", second=(again, "again_after"))

    first, *others = matrix.make([both, *pairs])

    assert first.result.was_injected
    assert {
        command(one.run): one.result.problems for one in (first, *others) if is_broken(one)
    } == {}


def test_no_image_stays_where_cloudformation_is_down_when_it_cancels(matrix: Matrix) -> None:
    look = Call("lightsail", "GetContainerImages", 1)
    asked = Call("cloudformation", "DescribeStacks", 2)

    (made,) = matrix.make(
        [Run("create by digest", look, "cancelled_before", second=(asked, "outage"))]
    )

    assert (made.result.was_injected, made.result.problems) == (True, [])
    assert made.result.windows == {}


def test_what_a_killed_function_still_waits_for_takes_no_time_of_the_next(matrix: Matrix) -> None:
    sent = Call("registry", "PUT blobs upload ad5d0a91", 1)
    looked = Call("lightsail", "GetContainerImages", 2)
    name = "push at the last moment"

    (made,) = matrix.make(
        [Run(name, sent, "killed_before", seed=102, second=(looked, "killed_before"))]
    )

    assert made.result.was_injected
    assert made.result.problems == []


def test_a_request_is_cancelled_while_another_delivery_of_it_is_carried_out(
    matrix: Matrix,
) -> None:
    read, of_the_other = (Call("cloudformation", "DescribeStacks", number) for number in (1, 2))
    looked = Call("registry", "HEAD blobs ad5d0a91", 1)
    pushed_by_the_other = Call("registry", "PUT blobs upload 86afeee5", 1)
    pairs = [
        ("create by digest", read, of_the_other),
        ("create by source", looked, pushed_by_the_other),
    ]

    made = matrix.make(
        [
            Run(name, first, "again_before", second=(other, "cancelled_before"))
            for name, first, other in pairs
        ]
    )

    for one in made:
        assert one.result.was_injected
        assert (one.result.status, one.result.problems) == ("ROLLBACK_COMPLETE", [])


def test_a_duplicate_that_fails_is_repeated_as_every_delivery_is(matrix: Matrix) -> None:
    listed = Call("lightsail", "GetContainerImages", 1)

    (made,) = matrix.make(
        [Run("create by digest", listed, "again_after", second=(REGISTER, "outage_after"))]
    )

    assert made.result.was_injected
    assert (made.result.status, made.result.problems) == ("CREATE_COMPLETE", [])


def test_pairs_are_the_same_for_a_seed_and_have_two_calls_each() -> None:
    calls = {"prune": [REGISTER, Call("response", "PUT", 1)], "delete": [REGISTER]}

    first, again = (list(itertools.islice(pairs_of(calls, NAMES, 5), 20)) for _ in range(2))

    assert first == again
    for run in first:
        assert [call for call, _ in run.injected] == calls["prune"]
    assert ALONE.isdisjoint({fault for run in first for _, fault in run.injected})
    shown = show_pairs([Made(run, Result(was_injected=True)) for run in first])
    assert [cell.strip() for cell in shown.splitlines()[2].split("|")][1:3] == ["prune", "20"]


def test_a_lightsail_that_forgets_each_push_makes_a_stack_fail_and_leaves_nothing(
    matrix: Matrix,
) -> None:
    forgetful = (("unregistered_seconds", 0.0),)

    allowed, unexpected = (
        made.result
        for made in matrix.make(
            [
                Run("create by source", switches=forgetful, may_fail=may_fail)
                for may_fail in (True, False)
            ]
        )
    )

    assert (allowed.status, allowed.problems) == ("ROLLBACK_COMPLETE", [])
    assert unexpected.problems[0].startswith("ROLLBACK_COMPLETE: ")


def test_a_rollback_to_a_disabled_service_can_be_continued_once_it_is_enabled(
    matrix: Matrix,
) -> None:
    (made,) = matrix.make([Run("disabled service")])

    assert (made.result.status, made.result.problems) == ("UPDATE_ROLLBACK_FAILED", [])


def test_nothing_remains_after_an_interruption() -> None:
    # Short, for the path of a socket is in it.
    with tempfile.TemporaryDirectory() as folder:
        words = ["--lifecycle", "deploy", "--fault", "stall", "--jobs", "1"]
        process = subprocess.Popen(
            [sys.executable, "-m", "reliability", "faults", *words],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        wait_until(
            lambda: process.poll() is not None or any(Path(folder).glob("lightsail-faults-*/log"))
        )
        os.killpg(process.pid, signal.SIGINT)
        told, _ = process.communicate(timeout=120)

        assert (process.returncode, told) == (130, "interrupted: everything is stopped\n")
        assert list(Path(folder).glob("lightsail-faults-*")) == []


def test_a_run_is_the_same_each_time(matrix: Matrix) -> None:
    run = Run("create by digest", REGISTER, "reset_after")

    first, second = matrix.make([run, run])

    assert first.result == second.result
    assert first.result.was_injected
    assert first.result.status == "CREATE_COMPLETE"


def test_the_command_line_makes_one_run_and_shows_what_came_of_it() -> None:
    words = ["--lifecycle", "delete", "--call", "lightsail/GetContainerImages/1"]

    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "reliability",
            "faults",
            *words,
            "--fault",
            "garbage",
            "--jobs",
            "1",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "| delete | 1       |" in ran.stdout
    assert "1 runs, 0 of them broken" in ran.stdout
