"""The sides of the unknowns, the rows that have every pair of them, and the table of runs."""

import argparse
import os
import re
import subprocess
import sys
from dataclasses import fields
from itertools import combinations
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from live.answers import NOT_ASKED, QUESTIONS
from reliability.faults.matrix import Matrix
from reliability.lifecycles import LIFECYCLES
from reliability.unknowns.command import main, run_on
from reliability.unknowns.findings import Finding, tabulate
from reliability.unknowns.sides import (
    GONE,
    SWITCHES,
    cover,
    defaults,
    likelier_but,
    rows,
    sides,
)

from lightsail_local.behaviour.behaviour import Behaviour


def test_every_pair_of_sides_is_in_a_row_of_the_cover() -> None:
    covered = {pair for row in cover() for pair in row.pairs()}

    count = sum(
        len(one) * len(other)
        for number, (_, one) in enumerate(SWITCHES.values())
        for _, other in list(SWITCHES.values())[number + 1 :]
    )
    every = {(one, other) for one, other in combinations(sides(), 2) if one.switch != other.switch}
    assert covered == every
    assert len(every) == count


def test_every_side_is_also_in_a_row_by_itself() -> None:
    alone = [set(row.sides) - set(defaults()) for row in rows()]

    assert set() in alone
    for side in set(sides()) - set(defaults()):
        assert {side} in alone


def test_a_row_has_the_same_number_in_every_process() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "reliability", "unknowns", "--rows"],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert listed.splitlines() == [f"{row.number}: {row}" for row in rows()]
    assert [row.number for row in rows()] == list(range(1, len(rows()) + 1))


def test_the_sides_are_all_those_of_the_switches_of_the_local_lightsail() -> None:
    told = dict(re.findall(r"^ +(\w+): ([UD]\d+),", str(Behaviour.__doc__), re.MULTILINE))
    types = get_type_hints(Behaviour)

    for field in fields(Behaviour):
        kind = types[field.name]
        if kind is bool or get_origin(kind) is Literal:
            values = {False, True} if kind is bool else set(get_args(kind))
            assert set(SWITCHES[field.name][1]) == values
    assert told.keys() - SWITCHES.keys() <= {"calls_per_second", "calls_at_once"}
    assert {switch: unknown for switch, (unknown, _) in SWITCHES.items()}.items() <= told.items()
    assert {unknown for unknown, _ in SWITCHES.values()} == {*QUESTIONS, *NOT_ASKED}
    for switch, (_, values) in SWITCHES.items():
        assert values[0] == getattr(Behaviour(), switch)


def test_only_what_no_program_can_do_may_fail() -> None:
    docker = likelier_but(media_types="docker")
    gone = likelier_but(unregistered_seconds=GONE)

    may_fail = {name for name in LIFECYCLES if run_on(docker, name).may_fail}
    assert may_fail == {"update to zstd", "deploy the latest"}
    assert run_on(gone, "create by digest").may_fail
    assert not run_on(gone, "rename").may_fail
    assert not run_on(gone, "delete a domain").may_fail


def test_the_table_counts_the_runs_that_held_by_assumption_and_lifecycle() -> None:
    findings = [
        Finding("deploy", rows()[0], is_broken=False),
        Finding("deploy", rows()[1], is_broken=True),
        Finding("prune", rows()[1], is_broken=False),
    ]

    cells = {
        cells[0]: cells[1:]
        for line in tabulate(findings).splitlines()
        if (cells := [cell.strip() for cell in line.strip("|").split("|")])
    }

    assert cells["U1 register_again=new"] == ["1/1"]
    assert cells["U1 register_again=old"] == ["1/2"]
    # A pair that both rows have is broken in one of them.
    shared = set(rows()[0].sides) & set(rows()[1].sides)
    count = len(rows()[0].pairs())
    broken = len(rows()[1].pairs())
    both = len(rows()[0].pairs() & rows()[1].pairs())
    assert shared
    assert cells["deploy"] == ["1/2", f"{count - both}/{count + broken - both}"]
    assert cells["prune"] == ["1/1", f"{broken}/{broken}"]


def test_every_lifecycle_holds_on_a_row_and_every_row_holds_for_a_lifecycle() -> None:
    names = list(LIFECYCLES)
    runs = [
        run_on(rows()[number % len(rows())], names[number % len(names)])
        for number in range(max(len(rows()), len(names)))
    ]

    with Matrix(jobs=2) as matrix:
        made = list(matrix.make(runs))

    assert {one.run.lifecycle: one.result.problems for one in made if one.result.problems} == {}


def refusal_of(number: str) -> str:
    """How this Python's argparse refuses a number; newer ones quote it."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("number", type=int, choices=[1])
    with pytest.raises(argparse.ArgumentError) as refused:
        parser.parse_args([number])
    return str(refused.value.message).partition(" (")[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--write", "--row", "1"], "--write wants all rows and lifecycles"),
        (["--jobs", "0"], "--jobs is at least 1"),
        (["--row", "1000"], refusal_of("1000")),
        (["--lifecycle", "none"], "invalid choice: 'none'"),
    ],
)
def test_what_cannot_be_run_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err
