"""What the page shows of CloudFormation: the stacks that changed last, and why one failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from lightsail_local.engine.engine import Engine
from lightsail_local.engine.stack_history import StackHistory
from lightsail_local.page.page_state import page_state
from lightsail_local.server import LightsailServer

NO = [{"Status": "FAILED", "Reason": "No."}]


@pytest.fixture
def history(engine: Engine) -> Iterator[StackHistory]:
    with closing(StackHistory(engine, region="us-east-1", account="000000000000")) as history:
        yield history


@pytest.fixture(scope="module")
def server() -> Iterator[LightsailServer]:
    with LightsailServer() as server:
        yield server


def test_the_stack_that_changed_last_comes_first(
    stacks: Any, history: StackHistory, server: LightsailServer
) -> None:
    for stack in ("one", "two", "three", "four"):
        stacks.create(stack, stacks.template(stack))
    stacks.update("two", stacks.template("two", Update=[{}], Changed="yes"))
    stacks.delete("three")

    shown = page_state(server, history.read())["stacks"]

    assert [(each["name"], each["state"], each["problem"]) for each in shown] == [
        ("three", "DELETE_COMPLETE", None),
        ("two", "UPDATE_COMPLETE", None),
        ("four", "CREATE_COMPLETE", None),
    ]
    newest, *_ = shown[1]["events"]
    assert newest.pop("id")
    assert newest.pop("time") > 0
    assert newest == {
        "resource": "two",
        "type": "AWS::CloudFormation::Stack",
        "state": "UPDATE_COMPLETE",
        "reason": "",
    }


def test_tells_what_failed_first_in_the_last_operation(
    stacks: Any, history: StackHistory, server: LightsailServer
) -> None:
    first = stacks.resource("failing", Update=NO)
    second = {**stacks.resource("failing"), "DependsOn": "First"}
    stacks.create("failing", stacks.of(First=first, Second=second))

    first["Properties"]["Changed"] = "yes"
    stacks.update("failing", stacks.of(First=first, Second=second))

    shown, *_ = page_state(server, history.read())["stacks"]
    assert shown["state"] in ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
    assert shown["problem"]["resource"] == "First"
    assert "No." in shown["problem"]["reason"]


def test_a_stack_whose_failure_has_no_event_yet_has_no_problem(server: LightsailServer) -> None:
    stack = {
        "StackId": "arn",
        "StackName": "Shop",
        "StackStatus": "ROLLBACK_IN_PROGRESS",
        "Events": [],
    }

    (shown,) = page_state(server, [stack])["stacks"]

    assert (shown["state"], shown["problem"]) == ("ROLLBACK_IN_PROGRESS", None)


def test_shows_no_stacks_once_the_engine_does_not_answer() -> None:
    with Engine("http://127.0.0.1:9") as engine:
        history = StackHistory(engine, region="us-east-1", account="000000000000")
        assert history.read() == []
        engine.stop()
        with closing(history):
            assert history.read() == []
