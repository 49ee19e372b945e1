import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightsail_local.engine.engine import Engine, EngineError

LIGHTSAIL = "http://127.0.0.1:9"
MakeFunction = Callable[..., Any]


def test_listens_on_its_own_ports_only_and_on_loopback_only(engine: Engine) -> None:
    ports = [int(address.rpartition(":")[2]) for address in (engine.url, engine.ecr)]

    assert sorted(listening_addresses(engine._process.pid)) == sorted(
        ("127.0.0.1", port) for port in ports
    )


def test_has_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")

    with Engine(LIGHTSAIL) as engine:
        lines = Path(f"/proc/{engine._process.pid}/environ").read_text().split("\0")
        environment = dict(line.split("=", 1) for line in lines if line)

    assert not {"AWS_PROFILE", "PYTHONPATH", "HTTPS_PROXY"} & set(environment)
    assert environment["HOME"] != os.environ["HOME"]
    assert environment["DOCKER_HOST"].endswith("no-docker.sock")


def test_its_functions_find_lightsail_and_a_home_of_their_own(
    engine: Engine, function_on: MakeFunction
) -> None:
    environment = function_on(engine, "return dict(os.environ)")()

    assert environment["AWS_ENDPOINT_URL_LIGHTSAIL"] == LIGHTSAIL
    assert environment["AWS_ENDPOINT_URL"] == engine.url
    assert environment["HOME"] == str(engine.folder / "home")
    assert not any(name.startswith("COVERAGE_") for name in environment)


def test_its_functions_trust_it(engine: Engine, function_on: MakeFunction) -> None:
    code = f"return urllib.request.urlopen('{engine.url}/_ministack/ready').status"

    assert function_on(engine, code)() == 200


@pytest.mark.parametrize("custom", [None, "/shop/functions"])
def test_what_its_functions_log_arrives_in_their_log_groups(
    engine: Engine, function_on: MakeFunction, logs: Any, custom: str | None
) -> None:
    body = """
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("shop").info("blob copied")
    logging.getLogger("shop").debug("byte copied")
    time.sleep(0.1)  # ministack waits only a moment for the last lines
    return context.function_name, os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
"""
    options = {"LoggingConfig": {"LogGroup": custom}} if custom else {}

    name, group = function_on(engine, body, **options)()

    assert group == (custom or f"/aws/lambda/{name}")
    events = logs.filter_log_events(logGroupName=group)["events"]
    messages = [event["message"] for event in events]
    assert [message.split()[0] for message in messages] == ["START", "blob", "END", "REPORT"]
    assert messages[1] == "blob copied"


def test_stop_ends_its_functions_even_those_that_will_not_end(
    measured: dict[str, str], function_on: MakeFunction, are_gone: Callable[..., bool]
) -> None:
    with Engine(LIGHTSAIL, environment=measured) as engine:
        idle = function_on(engine, "return os.getpid()")()
        stubborn = function_on(
            engine,
            """
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
    os._exit(0)
""",
        )()
        folder, process = engine.folder, engine._process.pid

    assert are_gone(idle, stubborn, process)
    assert not folder.exists()


def test_stop_kills_an_engine_that_does_not_answer(are_gone: Callable[..., bool]) -> None:
    engine = Engine(LIGHTSAIL)
    engine.start()
    process = engine._process.pid
    os.kill(process, signal.SIGSTOP)

    engine.stop()

    assert are_gone(process)


def test_is_not_started_twice(engine: Engine) -> None:
    with pytest.raises(EngineError, match="started already"):
        engine.start()


def test_stop_is_safe_to_call_again_and_before_a_start() -> None:
    engine = Engine(LIGHTSAIL)

    engine.stop()
    engine.stop()

    assert not engine.is_running
    with pytest.raises(EngineError, match="not started"):
        _ = engine.folder


def test_ends_with_the_process_that_started_it_and_removes_its_folder(
    measured: dict[str, str], are_gone: Callable[..., bool]
) -> None:
    code = (
        "import json, time\n"
        "from lightsail_local.engine.engine import Engine\n"
        f"engine = Engine('{LIGHTSAIL}', environment={measured!r})\n"
        "engine.start()\n"
        "print(json.dumps([engine._process.pid, str(engine.folder)]), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        process, folder = json.loads(parent.stdout.readline())

        parent.kill()

    assert are_gone(process)
    assert not Path(folder).exists()


def test_tells_with_the_end_of_its_log_why_it_does_not_start(measured: dict[str, str]) -> None:
    missing = {"MINISTACK_SSL_CERT": "/no-such-folder/none.crt"}
    engine = Engine(LIGHTSAIL, environment=measured | missing)

    with pytest.raises(
        EngineError, match=r"ended while it started; its log ends with\n(.*\n)*.*/none\.crt"
    ):
        engine.start()

    assert not engine.is_running


def test_runs_the_package_that_starts_it_and_no_other(
    measured: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "lightsail_local"
    other.mkdir()
    (other / "__init__.py").touch()
    (other / "engine_process.py").write_text("raise SystemExit('another release')\n")

    with Engine(LIGHTSAIL, environment=measured | {"PYTHONPATH": str(tmp_path)}) as engine:
        assert engine.is_running


def test_tells_that_openssl_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = Engine(LIGHTSAIL)

    with pytest.raises(EngineError, match="openssl is not installed"):
        engine.start()

    assert not engine.is_running


def test_refuses_another_version_of_ministack(measured: dict[str, str], tmp_path: Path) -> None:
    metadata = tmp_path / "ministack-9.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: ministack\nVersion: 9\n")
    engine = Engine(LIGHTSAIL, environment=measured | {"PYTHONPATH": str(tmp_path)})

    with pytest.raises(EngineError, match=r"needs ministack 1\.5\.33, got 9: pip install"):
        engine.start()


def test_tells_that_it_did_not_answer_in_time() -> None:
    engine = Engine(LIGHTSAIL, start_timeout=0)

    with pytest.raises(EngineError, match="did not answer in 0 seconds"):
        engine.start()

    assert not engine.is_running


def test_refuses_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        engine = Engine(LIGHTSAIL, port=taken.getsockname()[1])

        with pytest.raises(OSError, match="in use"):
            engine.start()


def test_starts_again_on_the_port_of_one_that_has_just_ended() -> None:
    with Engine(LIGHTSAIL) as first:
        port = int(first.url.rpartition(":")[2])

    with Engine(LIGHTSAIL, port=port) as second:
        assert second.is_running


def listening_addresses(process: int) -> list[tuple[str, int]]:
    links = [link.readlink() for link in Path(f"/proc/{process}/fd").iterdir()]
    inodes = {str(link)[8:-1] for link in links if str(link).startswith("socket:")}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [
        (socket.inet_ntoa(bytes.fromhex(line[1][:8])[::-1]), int(line[1][9:], 16))
        for line in lines
        if line[3] == "0A" and line[9] in inodes
    ]
