"""Plays docker, podman and the like: its containers are processes of this computer.

It knows the commands that the local cloud gives, and no others. A container's network is one port
of this computer that `PORT` tells its program; where its arguments name the container's port or a
file of its image, they name this computer's.

It is started hundreds of times: a module is imported where it is used, for that takes longest.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Iterator
    from typing import IO, Any

STATE = Path(os.environ["FAKE_ENGINE_STATE"])
ADVICE = "\n\nRun 'docker run --help' for more information"  # as Docker 28 ends


def main() -> int:
    with (STATE / "calls").open("a") as calls:
        calls.write(f"{json.dumps(sys.argv[1:])}\n")
    arguments = sys.argv[1:]
    runtime = ""
    if arguments[0] == "--runtime":
        runtime, arguments = arguments[1], arguments[2:]
    command, *rest = arguments
    if command == "--version":
        print("fake version 1.0")
        return 0
    return globals()[f"do_{command}"](rest, runtime) or 0


def mode() -> str:
    with contextlib.suppress(FileNotFoundError):
        return (STATE / "mode").read_text()
    return ""


def refuse(message: str, status: int = 125, *, advice: str = "") -> int:
    print(f"Error: {message}{advice}", file=sys.stderr)
    return status


def image_folder(name: str) -> Path:
    return STATE / "images" / name.replace("/", "%")


def container_file(name: str) -> Path:
    return STATE / "containers" / name


def records(names: list[str]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            yield container_file(name), json.loads(container_file(name).read_text())


def do_info(rest: list[str], _: str) -> None:
    import socket

    option, template = rest
    assert option == "--format"
    host = socket.gethostname() if mode() != "elsewhere" else "docker-desktop"
    told = {"{{.Name}}": host, "{{.NCPU}} {{.ServerVersion}}": "2 1.1"}
    print("" if mode() == "silent" else told[template])


def do_load(rest: list[str], _: str) -> int | None:
    import tarfile

    if mode() == "down":
        return refuse("cannot connect to the daemon")
    option, archive = rest
    assert option == "--input"
    with tarfile.open(archive) as tar:
        ((entry),) = json.load(tar.extractfile("manifest.json"))
        folder = image_folder(entry["RepoTags"][0])
        root = folder / "root"
        root.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_bytes(tar.extractfile(entry["Config"]).read())
        for layer in entry["Layers"]:
            with tarfile.open(fileobj=tar.extractfile(layer)) as files:
                # Python before 3.11.4 has no filters.
                files.extraction_filter = getattr(tarfile, "data_filter", None)
                files.extractall(root)  # noqa: S202 - an image of the tests
    return None


def do_pull(rest: list[str], _: str) -> int | None:
    option, platform, name = rest
    assert (option, platform) == ("--platform", "linux/amd64")
    if name == "slow":
        (STATE / "pulling").touch()
        time.sleep(3600)
    if name != "public/web:1":
        return refuse(f"initializing source docker://{name}: not found")
    program = next(folder for folder in (STATE / "images").iterdir() if "program" in folder.name)
    with contextlib.suppress(FileExistsError):
        image_folder(name).symlink_to(program)
    return None


def do_run(rest: list[str], runtime: str) -> int:
    import argparse
    import socket

    parser = argparse.ArgumentParser()
    for flag in ("--rm", "--detach"):
        parser.add_argument(flag, action="store_true")
    for option in ("pull", "name", "label", "env-file", "network", "publish", "memory", "cpus"):
        parser.add_argument(f"--{option}")
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--ulimit", action="append", default=[])
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    options = parser.parse_args(rest)
    assert options.pull == "never"
    refused = {
        "broken": True,
        "low limits": not options.ulimit,
        "runc": runtime != "runc",
        "unlimited": bool(options.memory),
    }
    if refused.get(mode()):
        return refuse(f"the runtime refuses: {mode()}", 126, advice=ADVICE)
    image, *command = options.rest
    folder = image_folder(image)
    config = json.loads((folder / "config.json").read_text())["config"]
    full = [*config.get("Entrypoint", []), *(command or config.get("Cmd", []))]
    ports: dict[str, int] = {}
    held = None
    if options.publish:
        host, port, inner = options.publish.split(":")
        held = socket.socket()
        # It stays this container's port: the program may listen at it too, and no one else.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, int(port)))
        ports[inner] = int(port)
    if options.network:
        ((_, record),) = records([options.network.removeprefix("container:")])
        ports = record["ports"]
    return start(options, folder / "root", full, ports, held)


def start(
    options: argparse.Namespace,
    root: Path,
    command: list[str],
    ports: dict[str, int],
    held: socket.socket | None,
) -> int:
    import subprocess
    import threading

    environment = {name: os.environ[name] for name in options.env}
    if options.env_file:
        for line in Path(options.env_file).read_text().splitlines():
            name, _, value = line.partition("=")
            environment[name] = value
    for port in ports.values() or [0]:  # on any free one if nothing reaches the container
        environment["PORT"] = str(port)
    places = (root / command[0].lstrip("/"), root / "bin" / command[0])
    program = next(filter(Path.is_file, places), None)
    if program is None:
        return refuse(f"executable file {command[0]} not found", 127, advice=ADVICE)
    arguments = [
        str(ports.get(each, root / each[1:] if each.startswith("/") else each))
        for each in command[1:]
    ]
    quiet = subprocess.DEVNULL if options.detach else subprocess.PIPE
    process = subprocess.Popen(
        [program, *arguments],
        env=environment,
        stdout=quiet,
        stderr=quiet,
        pass_fds=[held.fileno()] if held else [],
        start_new_session=True,
    )
    label = options.label.partition("=")[2]
    file = container_file(options.name)
    new = file.with_suffix(".new")
    of = (options.network or "").removeprefix("container:")
    record = {"process": process.pid, "cloud": label, "ports": ports, "network_of": of}
    new.write_text(json.dumps(record))
    new.rename(file)
    if options.detach:
        print(options.name)
        return 0
    # As an engine's client does: what it prints ends with the client, even if its program does not.
    copies = [
        threading.Thread(target=copy, args=[process.stdout, sys.stdout.buffer], daemon=True),
        threading.Thread(target=copy, args=[process.stderr, sys.stderr.buffer], daemon=True),
    ]
    for each in copies:
        each.start()
    code = process.wait()
    for each in copies:
        each.join()
    file.unlink(missing_ok=True)
    if code == -signal.SIGKILL:
        # As podman's conmon, wherever it runs.
        with contextlib.suppress(FileNotFoundError):
            Path("oom").touch()
    return code if code >= 0 else 128 - code


def copy(source: IO[bytes], target: IO[bytes]) -> None:
    while piece := source.readline(1 << 16):
        target.write(piece)
        target.flush()


def do_port(rest: list[str], _: str) -> int:
    name, port = rest
    for _, record in records([name]):
        found = record["ports"][port.partition("/")[0]]
        print(f"127.0.0.1:{1 if mode() == 'unreachable' else found}")
        return 0
    return refuse(f"no such container {name}")


def do_inspect(rest: list[str], _: str) -> int:
    option, template, name = rest
    assert (option, template) == ("--format", "{{.State.Status}}")
    for _, record in records([name]):
        with contextlib.suppress(FileNotFoundError):
            stat = Path(f"/proc/{record['process']}/stat").read_text()
            print("exited" if stat.rpartition(")")[2].split()[0] == "Z" else "running")
            return 0
    return refuse(f"no such container {name}")


def end(names: list[str], number: int) -> None:
    for _, record in records(names):
        with contextlib.suppress(ProcessLookupError):
            os.kill(record["process"], number)


def do_stop(rest: list[str], _: str) -> None:
    option, _, *names = rest
    assert option == "-t"
    end(names, signal.SIGTERM)


def do_kill(rest: list[str], _: str) -> None:
    end(rest, signal.SIGKILL)


def do_rm(rest: list[str], _: str) -> None:
    force, volumes, *names = rest
    assert (force, volumes) == ("--force", "--volumes")
    end(names, signal.SIGKILL)
    found = list(records(names))
    # As podman 4.3: one whose network another one has stays, without a word.
    holders = {record.get("network_of") for _, record in found}
    for file, _ in found:
        if file.name not in holders and mode() != "stuck":
            file.unlink(missing_ok=True)


def do_ps(rest: list[str], _: str) -> int | None:
    if mode() == "down":
        return refuse("cannot connect to the daemon")
    *options, label = rest
    assert options == ["--all", "--quiet", "--filter"]
    for file in container_file("").iterdir():
        if json.loads(file.read_text())["cloud"] == label.rpartition("=")[2]:
            print(file.name)
    return None


def do_images(rest: list[str], _: str) -> int | None:
    if mode() == "busy":
        (STATE / "mode").unlink()
        return refuse("image not known")
    if mode() == "damaged":
        return refuse("layer not known")
    *options, repositories = rest
    assert options == ["--format", "{{.Repository}}:{{.Tag}}"]
    for folder in (STATE / "images").iterdir():
        if folder.match(f"{image_folder(repositories).name}:*"):
            print(folder.name.replace("%", "/"))
    return None


def do_rmi(rest: list[str], _: str) -> int | None:
    import shutil

    assert "--force" not in rest  # it would end another cloud's containers of the same image
    missing = [name for name in rest if not image_folder(name).exists()]
    for name in rest:
        if name not in missing:
            shutil.rmtree(image_folder(name))
    return refuse(f"{missing[0]}: image not known") if missing else None
