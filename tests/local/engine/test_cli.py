import importlib.util
import json
import os
import re
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from lightsail_local import cli
from lightsail_local.behaviour import behaviour_option
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.samples.sample_image import sample_image
from lightsail_local.server import Request
from lightsail_local.wire.request_line import request_line
from pyproject import PYPROJECT

Ran = subprocess.CompletedProcess[str]
Run = Callable[..., Ran]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """A shell's environment whose clouds no other shell finds."""
    return {**os.environ, "XDG_STATE_HOME": str(tmp_path)}


@pytest.fixture
def run(shell: dict[str, str]) -> Run:
    """Run `lightsail-local` to its end."""

    def run(*arguments: str, **environment: str) -> Ran:
        return subprocess.run(
            [sys.executable, "-m", "lightsail_local", *arguments],
            env=shell | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def up(shell: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """Start `lightsail-local up` on free ports and read what it says until it is up."""
    running = []

    def start(*arguments: str) -> Any:
        process = subprocess.Popen(
            [sys.executable, "-m", "lightsail_local", "up", *PORTS, *arguments],
            env=shell,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        said = ""
        while "Requests to Lightsail" not in said:
            line = process.stdout.readline()
            assert line, process.communicate()
            said += line
        port = re.search(r"https://127\.0\.0\.1:(\d+)", said)
        assert port
        return SimpleNamespace(process=process, said=said, port=port[1])

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=60)


PORTS = (
    "--port=0",
    "--lightsail-port=0",
    "--registry-port=0",
    "--ecr-port=0",
    "--page-port=0",
    "--engine=none",
)


def test_serves_a_shell_until_ctrl_c(up: Callable[..., Any], run: Run) -> None:
    cloud = up("--service=shop", "--region=eu-central-1", "--behaviour=service_seconds=0")

    assert "region eu-central-1" in cloud.said
    assert "services   shop" in cloud.said
    page = re.search(r"^  page       (http://127\.0\.0\.1:\d+) ", cloud.said, re.MULTILINE)
    assert page
    with urllib.request.urlopen(f"{page[1]}/state.json", timeout=60) as answer:  # noqa: S310
        assert [service["name"] for service in json.load(answer)["services"]] == ["shop"]
    env = run("env", AWS_PROFILE="real")
    assert "unset AWS_PROFILE\n" in env.stdout
    assert f"export AWS_ENDPOINT_URL=https://127.0.0.1:{cloud.port}\n" in env.stdout
    assert run("env", f"--port={cloud.port}").returncode == 0
    image = run("sample-image", "hello", AWS_PROFILE="real")
    assert image.stdout == sample_image("hello").digest + "\n", image.stderr
    image = run("sample-image", "--fails=crash", "hello")
    assert image.stdout == sample_image("hello", fails="crash").digest + "\n", image.stderr

    cloud.process.send_signal(signal.SIGINT)
    said, complained = cloud.process.communicate(timeout=60)

    assert cloud.process.returncode == 0
    assert complained == ""
    assert re.search(
        r"^\d\d:\d\d:\d\d CreateContainerServiceRegistryLogin -> 200 \d+ ms$", said, re.MULTILINE
    )
    assert run("env").returncode == 1


def test_env_can_be_evaluated_by_a_posix_shell(up: Callable[..., Any], shell: Any) -> None:
    cloud = up()
    script = f'eval "$("{sys.executable}" -m lightsail_local env)" && echo "$AWS_ENDPOINT_URL"'

    ran = subprocess.run(
        ["sh", "-euc", script], env=shell, capture_output=True, text=True, check=True
    )

    assert ran.stdout == f"https://127.0.0.1:{cloud.port}\n"


def test_tells_when_its_engine_has_ended(up: Callable[..., Any], tmp_path: Path) -> None:
    cloud = up()
    engine = next(
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and parent_of(entry) == cloud.process.pid
    )

    os.kill(engine, signal.SIGKILL)
    _, complained = cloud.process.communicate(timeout=60)

    assert cloud.process.returncode == 1
    assert complained.startswith("lightsail-local: the engine has ended; its log ends with\n")


def test_goes_on_answering_when_its_lines_are_not_read_and_ends_on_sigterm_too(
    up: Callable[..., Any], run: Run
) -> None:
    cloud = up("--service=shop")

    cloud.process.stdout.close()

    assert run("sample-image", "hello").returncode == 0
    assert run("sample-image", "hello").returncode == 0
    cloud.process.terminate()
    assert cloud.process.communicate(timeout=60)[1] == ""
    assert cloud.process.returncode == 0


@pytest.mark.parametrize(
    ("terminal", "shown"),
    [({"PYTHONIOENCODING": "latin-1"}, "\\u2026"), ({"LC_ALL": "C"}, "…")],
    ids=["a terminal of latin-1", "no locale"],
)
def test_a_terminal_that_lacks_a_character_is_no_reason_to_leave_a_request_unanswered(
    up: Callable[..., Any], run: Run, shell: dict[str, str], terminal: dict[str, str], shown: str
) -> None:
    shell.update(terminal)
    cloud = up("--service=shop")

    pushed = run("sample-image", "hello")

    assert pushed.returncode == 0, pushed.stderr
    cloud.process.terminate()
    said, complained = cloud.process.communicate(timeout=60)
    assert complained == ""
    assert re.search(rf"PutUpload .*{re.escape(shown)} -> 201", said)


def test_asks_which_one_when_several_clouds_are_running(up: Callable[..., Any], run: Run) -> None:
    ports = sorted([up().port, up().port])

    ran = run("env")

    assert ran.returncode == 1
    assert "several clouds are running; choose one with --port: " in ran.stderr
    assert all(port in ran.stderr for port in ports)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_cannot_be_written_is_told_in_a_line(
    up: Callable[..., Any], shell: dict[str, str], unbuffered: str
) -> None:
    up()
    reading, gone = os.pipe()
    os.close(reading)
    with os.fdopen(gone, "w") as pipe, Path("/dev/full").open("w") as full:
        ran = [
            subprocess.run(
                [sys.executable, "-m", "lightsail_local", "env"],
                env={**shell, "PYTHONUNBUFFERED": unbuffered},
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            for output in (pipe, full)
        ]

    assert [each.returncode for each in ran] == [1, 1]
    complaint = "lightsail-local: [Errno 28] No space left on device\n"
    assert [each.stderr for each in ran] == ["", complaint]


def test_tells_that_no_cloud_is_running(run: Run) -> None:
    for ran in (run("env"), run("sample-image", "hello")):
        assert ran.returncode == 1
        assert ran.stdout == ""
        assert ran.stderr == (
            "lightsail-local: no cloud is running; run `lightsail-local up` first, "
            "in another shell\n"
        )


def test_tells_that_no_cloud_is_running_on_that_port(run: Run) -> None:
    assert "no cloud on port 9; run `lightsail-local up --port 9`" in run("env", "--port=9").stderr


@contextmanager
def closed_terminals(means: signal.Handlers) -> Iterator[None]:
    """Start processes for which a closed terminal means this: they inherit it."""
    before = signal.signal(signal.SIGHUP, means)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ends_when_its_terminal_is_closed(up: Callable[..., Any], run: Run) -> None:
    with closed_terminals(signal.SIG_DFL):
        cloud = up()

    cloud.process.send_signal(signal.SIGHUP)

    assert cloud.process.communicate(timeout=60)[1] == ""
    assert cloud.process.returncode == 0
    assert run("env").returncode == 1


def test_goes_on_after_its_terminal_if_nohup_started_it(up: Callable[..., Any], run: Run) -> None:
    with closed_terminals(signal.SIG_IGN):
        cloud = up("--service=shop")

    cloud.process.send_signal(signal.SIGHUP)

    assert run("status").stdout.startswith("shop  ")
    cloud.process.terminate()
    cloud.process.communicate(timeout=60)
    assert cloud.process.returncode == 0


def test_sample_image_tells_what_lightsail_refuses(up: Callable[..., Any], run: Run) -> None:
    up("--service=shop", "--behaviour=service_seconds=60", "--behaviour=busy_service=refused")

    ran = run("sample-image", "hello")

    assert ran.returncode == 1
    assert ran.stderr.startswith("lightsail-local: ")
    assert ran.stderr.count("\n") == 1


def test_sample_image_tells_what_the_registry_refuses(up: Callable[..., Any], run: Run) -> None:
    up("--service=shop", "--behaviour=media_types=docker")

    ran = run("sample-image", "hello")

    assert ran.returncode == 1
    assert ran.stderr.startswith("lightsail-local: cannot push the image: ")


@pytest.mark.parametrize("option", ["--port", "--lightsail-port", "--registry-port", "--page-port"])
def test_tells_which_port_is_taken_and_which_option_changes_it(run: Run, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ran = run("up", *PORTS, f"{option}={port}")

    assert ran.returncode == 1
    assert ran.stderr == (
        f"lightsail-local: cannot listen on port {port}: address already in use; "
        f"choose another one with {option}\n"
    )


def test_tells_of_all_ports_that_are_taken_at_once(run: Run) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        socket.create_server(("127.0.0.1", 0)) as taken_too,
    ):
        first, second = taken.getsockname()[1], taken_too.getsockname()[1]

        ran = run("up", *PORTS, f"--lightsail-port={first}", f"--page-port={second}")

    assert ran.returncode == 1
    assert ran.stderr == (
        f"lightsail-local: cannot listen on ports {first}, {second}: address already in use; "
        "choose others with --lightsail-port, --page-port\n"
    )


def test_refuses_the_same_port_twice(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    ran = run(
        "up",
        f"--port={port}",
        f"--lightsail-port={port}",
        "--registry-port=0",
        "--page-port=0",
        "--engine=none",
    )

    assert ran.returncode == 1
    assert "choose another one with --lightsail-port" in ran.stderr


def test_tells_why_lightsail_refuses_a_service(run: Run) -> None:
    ran = run("up", *PORTS, "--service=Not Valid")

    assert ran.returncode == 1
    assert "lightsail-local: cannot create the service Not Valid: " in ran.stderr


def test_tells_why_the_engine_does_not_start(run: Run, tmp_path: Path) -> None:
    openssl = tmp_path / "openssl"
    openssl.write_text("#!/bin/sh\nexit 1\n")
    openssl.chmod(0o700)

    ran = run("up", *PORTS, PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert ran.returncode == 1
    assert "lightsail-local: the engine ended while it started; its log ends with\n" in ran.stderr


def test_tells_that_openssl_is_missing(run: Run, tmp_path: Path) -> None:
    ran = run("up", *PORTS, PATH=str(tmp_path))

    assert ran.returncode == 1
    assert ran.stderr == (
        "lightsail-local: openssl is not installed: install it, the cloud's certificate is made "
        "with it\n"
    )


@pytest.mark.parametrize(
    ("script", "found"),
    [(None, "none"), ("echo v18.19.0", "v18.19.0"), ("exit 1", "one that does not run")],
    ids=["no node", "an old node", "a broken node"],
)
def test_warns_of_a_node_that_cdk_does_not_run_on(
    shell: dict[str, str],
    up: Callable[..., Any],
    tmp_path: Path,
    script: str | None,
    found: str,
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    openssl = shutil.which("openssl")
    assert openssl
    (programs / "openssl").symlink_to(openssl)
    if script:
        (programs / "node").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "node").chmod(0o700)
    shell["PATH"] = str(programs)

    cloud = up()
    cloud.process.terminate()
    _, complained = cloud.process.communicate(timeout=60)

    assert cloud.process.returncode == 0
    assert complained == (
        f"lightsail-local: warning: cdk needs Node.js 20 or later, found {found}\n"
    )


@pytest.mark.parametrize(
    ("program", "engine"),
    [("podman", "podman"), ("podman", "auto"), ("node", "none")],
    ids=["the engine is wanted", "an engine is looked for", "the cloud is there"],
)
def test_ctrl_c_while_it_starts_ends_it_before_it_is_up(
    run: Run, tmp_path: Path, program: str, engine: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("openssl", "sh"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    (programs / program).write_text("#!/bin/sh\nkill -INT $PPID\nexit 1\n")
    (programs / program).chmod(0o700)

    ran = run("up", *PORTS, f"--engine={engine}", PATH=str(programs))

    assert (ran.returncode, ran.stdout) == (130, "")
    assert "cannot" not in ran.stderr
    assert list((tmp_path / "lightsail-local").rglob("*.json")) == []


@pytest.mark.parametrize("engine", ["none", "auto"])
def test_tells_which_file_cannot_be_written(run: Run, tmp_path: Path, engine: str) -> None:
    (tmp_path / "lightsail-local").write_text("not a folder")

    ran = run("up", *PORTS, f"--engine={engine}")

    assert ran.returncode == 1
    assert re.fullmatch(
        rf"lightsail-local: \[Errno \d+\] .*: '{tmp_path}/lightsail-local.*'; "
        "TMPDIR and XDG_STATE_HOME choose other folders\n",
        ran.stderr,
    )


def test_tells_how_to_install_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert cli.main(["up"]) == 1

    assert capsys.readouterr().err == (
        "lightsail-local: aiohttp, boto3, ministack not installed: "
        "pip install 'cdk-lightsail-containers[local]'\n"
    )


def test_needs_nothing_of_the_extra_to_say_that_it_is_missing() -> None:
    program = "import sys, lightsail_local.cli; print({*sys.argv[1:]} & {*sys.modules})"

    shown = subprocess.run(
        [sys.executable, "-c", program, "aiohttp", "boto3", "botocore", "ministack"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout == "set()\n"


@pytest.mark.parametrize("module", ["argparse", "lightsail_local.behaviour.failure"])
def test_ctrl_c_while_python_imports_ends_it_quietly(module: str) -> None:
    entry, _, function = PYPROJECT["project"]["scripts"]["lightsail-local"].partition(":")
    # What pip installs as the command, with a Ctrl-C as soon as it looks for a module.
    program = f"""\
import os, signal, sys

class Interrupter:
    def find_spec(name, *_):
        if name == {module!r}:
            sys.meta_path.remove(Interrupter)
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.modules.pop({module!r}, None)
sys.meta_path.insert(0, Interrupter)
from {entry} import {function}
sys.exit({function}())
"""

    ran = subprocess.run(
        [sys.executable, "-c", program, "status"], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_tells_that_python_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    monkeypatch.setattr(sys, "version", "3.10.1 (main)")
    monkeypatch.delitem(sys.modules, "lightsail_local.cli")

    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or later, this is 3\.10\.1"):
        runpy.run_module("lightsail_local.cli")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["up", "--port=70000"], "a port is a number from 0 to 65535, got '70000'"),
        (["up", "--port=x"], "a port is a number from 0 to 65535, got 'x'"),
        (["up", "--behaviour=nonsense=1"], "KEY is one of register_again, "),
        (["up", "--behaviour=zstd_layers"], "got 'zstd_layers'"),
        (["up", "--behaviour=zstd_layers=1"], "zstd_layers is true or false, got '1'"),
        (["up", "--behaviour=latest=x"], "latest is one of refused, echoed, resolved, got 'x'"),
        (["sample-image", "--fails=x", "hello"], "argument --fails: invalid choice: 'x'"),
        (["sample-image", "\udcff"], "TEXT is to be UTF-8, got '\\udcff'"),
        (["up", "--service="], "the name of a container service, such as shop, is not empty"),
        (["logs", ""], "the name of a container service, such as shop, is not empty, got ''"),
        (["up", "--region="], "a region matches [a-z]{2}(-[a-z]+)+-[0-9], as us-east-1 does"),
        (["up", "--region="], "as us-east-1 does, got ''"),
        (["up", "--region=nowhere"], "as us-east-1 does, got 'nowhere'"),
        (["up", "--region=us-east-1\n"], "as us-east-1 does, got 'us-east-1\\n'"),
        *(
            (["up", f"--behaviour={key}={value}"], f"{key} is {rule}, got '{value}'")
            for key, rule, values in [
                ("stored_images", "a whole number, 0 or more", ["x", "-5", "1.5", "nan"]),
                ("log_page_size", "a whole number, 1 or more", ["0", "-1"]),
                (
                    "failing_images",
                    "IMAGE=crash|health_check|took_too_long,...",
                    ["a", "a=b", "=crash"],
                ),
                ("stale_seconds", "a finite number, 0 or more", ["x", "-1", "nan", "1e400"]),
            ]
            for value in values
        ),
    ],
)
def test_explains_a_wrong_use(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)

    assert caught.value.code == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


def test_takes_every_region_that_lightsail_has() -> None:
    model = botocore.session.get_session().get_service_model("lightsail")
    regions = model.shape_for("RegionName").enum

    assert [cli._region(region) for region in regions] == regions


def test_reads_a_behaviours_value_as_its_fields_type() -> None:
    assert behaviour_option.parse_behaviour("zstd_layers=false") == ("zstd_layers", False)
    assert behaviour_option.parse_behaviour("latest=echoed") == ("latest", "echoed")
    assert behaviour_option.parse_behaviour("stored_images=3") == ("stored_images", 3)
    assert behaviour_option.parse_behaviour("stored_images=0") == ("stored_images", 0)
    assert behaviour_option.parse_behaviour("stale_seconds=0.5") == ("stale_seconds", 0.5)
    assert behaviour_option.parse_behaviour("stale_seconds=0") == ("stale_seconds", 0)
    assert behaviour_option.parse_behaviour(
        "failing_images=host:5000/a:1=crash,b=took_too_long"
    ) == (
        "failing_images",
        {"host:5000/a:1": "crash", "b": "took_too_long"},
    )


def test_writes_a_behaviours_value_as_it_is_read() -> None:
    failing = {"host:5000/a:1": "crash", "b": "took_too_long"}

    assert (
        behaviour_option.parse_behaviour(f"failing_images={behaviour_option._written(failing)}")[1]
        == failing
    )


def test_shows_its_version_and_its_help_with_examples(run: Run) -> None:
    assert re.fullmatch(r"lightsail-local \d+\.\d+\.\d+\n", run("--version").stdout)
    assert 'eval "$(lightsail-local env)"' in run("--help").stdout


def test_up_shows_each_behaviour_with_its_default_and_its_values(run: Run) -> None:
    lines = run("up", "--help", COLUMNS="80").stdout.splitlines()

    assert max(len(line) for line in lines) < 80
    shown = dict(re.split(r" {2,}", line.strip()) for line in lines if re.match(r"  \w+=", line))
    assert dict(map(behaviour_option.parse_behaviour, shown)) == vars(Behaviour())
    assert shown["latest=refused"] == "refused, echoed, resolved"
    assert shown["zstd_layers=true"] == "true, false"
    assert shown["service_seconds=1"] == "seconds"
    assert shown["stored_images=150"] == "number"
    assert shown["failing_images="] == "IMAGE=crash|health_check|took_too_long,..."


def test_shows_a_request_without_what_may_be_secret() -> None:
    request = Request(
        operation="CreateContainerServiceDeployment",
        parameters={"serviceName": "shop", "label": "x" * 60, "containers": {"web": "secret"}},
        status=400,
        error="InvalidInputException",
        time=0.0,
        seconds=0.012,
    )

    assert request_line(request)[9:] == (
        f"CreateContainerServiceDeployment serviceName=shop label={'x' * 39}… "
        "-> 400 InvalidInputException 12 ms"
    )


def test_shows_a_request_that_was_not_answered() -> None:
    request = Request(
        operation="GetRegions", parameters={}, status=None, error="", time=0.0, seconds=0.0
    )

    assert request_line(request).endswith("GetRegions -> no answer 0 ms")


def parent_of(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
