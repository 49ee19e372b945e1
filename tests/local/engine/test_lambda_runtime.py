import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lightsail_local.engine.lambda_runtime import LambdaRuntime

# boto3 and awslambdaric, and nothing of ours: see requirements-runtime.txt.
PYTHON = Path(__file__).parents[3] / ".venv-runtime" / "bin" / "python"

HANDLER = """
import os, subprocess, sys, time

print("cold")
count = 0

def handle(event, context):
    global count
    count += 1
    print("event", count)
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "child" in event:
        child = subprocess.Popen(["sleep", "60"])
        return [os.getpid(), child.pid]
    if "exit" in event:
        os._exit(event["exit"])
    if "raise" in event:
        raise ValueError(event["raise"])
    return {
        "event": event,
        "count": count,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "milliseconds": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
    }
"""

MakeRuntime = Callable[..., LambdaRuntime]


@pytest.fixture
def runtime_of(tmp_path: Path) -> Iterator[MakeRuntime]:
    runtimes = []

    def make(code: str = HANDLER, **options: Any) -> LambdaRuntime:
        package = tmp_path / "package"
        package.mkdir()
        (package / "module.py").write_text(code)
        runtime = LambdaRuntime(tmp_path, "package.module.handle", python=PYTHON, **options)
        runtimes.append(runtime)
        return runtime

    yield make
    for runtime in runtimes:
        runtime.stop()


def test_returns_what_the_function_returns(runtime_of: MakeRuntime, tmp_path: Path) -> None:
    invocation = runtime_of(timeout=20).invoke({"name": "ä"})

    assert invocation.error is None
    assert invocation.result["event"] == {"name": "ä"}
    assert invocation.result["folder"] == str(tmp_path)
    assert invocation.result["arn"].startswith("arn:aws:lambda:us-east-1:000000000000:function:")
    assert 15_000 < invocation.result["milliseconds"] <= 20_000
    assert 0 < invocation.seconds < 5


def test_gives_the_function_lambdas_environment_and_nothing_of_ours(
    runtime_of: MakeRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setenv("OURS", "1")

    environment = runtime_of(environment={"MODE": "live"}).invoke({}).result["environment"]

    assert environment["LAMBDA_TASK_ROOT"] == str(tmp_path)
    assert environment["_HANDLER"] == "package.module.handle"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["MODE"] == "live"
    assert environment["HOME"] != os.environ["HOME"]
    assert not {"PYTHONPATH", "OURS"} & set(environment)
    assert not any(name.startswith("COVERAGE_") for name in environment)


def test_keeps_the_process_for_the_next_event(runtime_of: MakeRuntime) -> None:
    runtime = runtime_of()

    first, second = runtime.invoke({}), runtime.invoke({})

    assert (first.result["count"], second.result["count"]) == (1, 2)
    assert (first.log, second.log) == ("cold\nevent 1\n", "event 2\n")


def test_tells_what_the_function_raised_and_keeps_the_process(runtime_of: MakeRuntime) -> None:
    runtime = runtime_of()

    invocation = runtime.invoke({"raise": "bad"})

    assert invocation.result is None
    assert invocation.error is not None
    assert invocation.error["errorType"] == "ValueError"
    assert invocation.error["errorMessage"] == "bad"
    assert "ValueError: bad" in invocation.log
    assert runtime.invoke({}).result["count"] == 2


def test_kills_the_process_at_the_timeout_and_starts_another(runtime_of: MakeRuntime) -> None:
    runtime = runtime_of(timeout=0.5)

    late = runtime.invoke({"sleep": 30})

    assert late.timed_out
    assert late.error is not None
    assert late.error["errorType"] == "Sandbox.Timedout"
    assert late.log.endswith("Task timed out after 0.50 seconds\n")
    assert 0.5 <= late.seconds < 2
    runtime._timeout = 30  # what is in time is so on a busy machine too
    assert runtime.invoke({}).result["count"] == 1


def test_tells_that_the_process_has_ended_and_starts_another(runtime_of: MakeRuntime) -> None:
    runtime = runtime_of()

    ended = runtime.invoke({"exit": 3})

    assert not ended.timed_out
    assert ended.error is not None
    assert ended.error["errorType"] == "Runtime.ExitError"
    assert ended.log == "cold\nevent 1\n"
    assert runtime.invoke({}).result["count"] == 1


def test_tells_that_the_asset_lacks_a_module(runtime_of: MakeRuntime) -> None:
    invocation = runtime_of("import crhelper").invoke({})

    assert invocation.error is not None
    assert invocation.error["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'crhelper'" in invocation.log


def test_tells_that_the_process_ended_before_its_first_event(runtime_of: MakeRuntime) -> None:
    invocation = runtime_of("import os; print('bye', flush=True); os._exit(1)").invoke({})

    assert invocation.error is not None
    assert invocation.error["errorType"] == "Runtime.ExitError"
    assert invocation.log == "bye\n"


def test_gives_up_on_a_start_that_takes_too_long(runtime_of: MakeRuntime) -> None:
    runtime = runtime_of("import time; time.sleep(30)", init_timeout=0.5)
    start = time.monotonic()

    invocation = runtime.invoke({})

    assert invocation.error is not None
    assert time.monotonic() - start < 3


def test_ends_the_process_and_its_children_with_the_context(
    runtime_of: MakeRuntime, are_gone: Callable[..., bool]
) -> None:
    with runtime_of() as runtime:
        pids = runtime.invoke({"child": True}).result

    assert are_gone(*pids)


def test_leaves_nothing_behind_when_the_interpreter_does_not_exist(tmp_path: Path) -> None:
    runtime = LambdaRuntime(tmp_path, "module.handle", python=tmp_path / "no-python")

    with pytest.raises(FileNotFoundError):
        runtime.invoke({})

    runtime.stop()
