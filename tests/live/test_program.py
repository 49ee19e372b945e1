"""The program that real containers run."""

import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from live import program

SOURCE = Path(program.__file__).with_name("program.s")

needs_amd64_linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="runs on linux/amd64"
)


def on_loopback(port: int) -> bytes:
    """The program as it is, but for the address that it listens on."""
    family = b"\x02\x00"
    everywhere = family + program.PORT.to_bytes(2, "big") + bytes(4)
    assert program.PROGRAM.count(everywhere) == 1
    here = family + port.to_bytes(2, "big") + socket.inet_aton("127.0.0.1")
    return program.PROGRAM.replace(everywhere, here)


def executable(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The program, serving a string, on this machine's loopback."""
    with socket.socket() as taken:
        # Kept, so that no other process gets it: the program reuses an address without a listener.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
        file = executable(tmp_path / "program", on_loopback(port))
        with subprocess.Popen([file, "some text"], stdout=subprocess.PIPE, env={}) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening on port 8080\n"
            yield port
            process.terminate()
            # As the first process of a container it ends only because it handles the signal.
            assert process.wait(60) == 0


def test_the_bytes_are_those_of_the_source(tmp_path: Path) -> None:
    if not (shutil.which("ld") or os.environ.get("CI")) or platform.machine() != "x86_64":
        pytest.skip("binutils is not installed, or for another machine")
    made = tmp_path / "program"
    subprocess.run(["as", SOURCE, "-o", f"{made}.o"], check=True)
    flags = ["--oformat", "binary", "-Ttext", "0x400000"]
    subprocess.run(["ld", *flags, f"{made}.o", "-o", made], check=True)

    assert made.read_bytes() == program.PROGRAM


@needs_amd64_linux
def test_it_answers_requests_with_its_text(port: int) -> None:
    for _ in range(20):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/anything")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"some text")
        connection.close()


@needs_amd64_linux
def test_a_client_that_says_nothing_holds_no_other_up(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"some text"
        connection.close()


@needs_amd64_linux
def test_it_can_be_told_to_fail(tmp_path: Path) -> None:
    file = executable(tmp_path / "program", program.PROGRAM)

    ran = subprocess.run([file, "not today", "fails"], capture_output=True, check=False, timeout=10)

    assert (ran.returncode, ran.stdout, ran.stderr) == (1, b"", b"not today\n")


@needs_amd64_linux
def test_it_ends_when_its_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        file = executable(tmp_path / "program", on_loopback(listener.getsockname()[1]))
        ran = subprocess.run([file, "text"], capture_output=True, check=False, timeout=10)

    assert ran.returncode == 2
