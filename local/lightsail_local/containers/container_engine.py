"""An engine on this computer, by its command: docker, podman, nerdctl or finch."""

from __future__ import annotations

import fcntl
import math
import os
import re
import secrets
import shutil
import socket
import subprocess  # nosec B404 # each call says what it runs
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

ENGINES = ("docker", "podman", "nerdctl", "finch")
# What every container of a cloud has, with the cloud's id.
CLOUD_LABEL = "lightsail-local.cloud"
_PROGRAM_IMAGE = "program"
_PAUSES_SECONDS = (0.5, 2.0)
_CLEARING_SECONDS = (0.0, 0.1, 0.5, 2.0)
# Below those that a kernel gives to a program that asks for any free one. An engine's rules lead
# connections to a container for a moment after it has ended: by then another program might have
# been given its port.
_PORTS = range(20000, 32768)
# The last line of Docker's errors; the one before it tells what is wrong.
_ADVICE = re.compile(r"(See|Run) '.+ --help'.*")
# Docker reads no line of 64 KiB or more from a file of an environment.
_LONGEST_LINE = 60_000


class ContainerEngineError(RuntimeError):
    """The engine refuses; the message is its own."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a container may use.

    Args:
        cpus: how many processors, in parts.
        gigabytes: how much memory.
    """

    cpus: float
    gigabytes: float


@dataclass(frozen=True, kw_only=True)
class Started:
    """A container to start.

    Args:
        name: its name, the only one of that name.
        image: the image's name in the engine.
        command: what stands in place of the image's command; nothing for that one.
        network_of: the name of the container whose network it shares, None for one of its own.
        port: its port that this computer reaches, None for none.
        resources: what it may use, None for everything.
    """

    name: str
    image: str
    command: Sequence[str] = ()
    network_of: str | None = None
    port: int | None = None
    resources: Resources | None = None


@dataclass(kw_only=True)
class ContainerEngine:
    """Starts and ends the containers of one cloud.

    Args:
        command: the engine's program, and what stands before each command.
        cloud: the cloud's id.
        run_options: what this computer needs for a container to start.
        is_limiting: whether containers are held to their power's memory and processors here.
        processors: how many it has: Docker starts no container that may use more.
        version: what the program says of itself.
        folder: where it runs; None for where this process does.
    """

    command: Sequence[str]
    cloud: str
    run_options: Sequence[str] = ()
    is_limiting: bool = True
    processors: float = math.inf
    version: str = ""
    folder: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set, init=False)
    _is_ended: bool = field(default=False, init=False)

    @property
    def program_image(self) -> str:
        """The image of the program that sample images have."""
        return self.image(_PROGRAM_IMAGE)

    def image(self, tag: str) -> str:
        """Return the name of an image of this cloud's."""
        return f"{self._repository}:{tag}"

    def asked(self) -> ContainerEngine:
        """Return it with what its server says of itself, if it has one that tells."""
        # podman limits to any number of processors, and takes half a second for this on Debian.
        if self._is_podman:
            return self
        shown = self._finish(["info", "--format", "{{.NCPU}} {{.ServerVersion}}"])
        processors, _, server = shown.stdout.strip().partition(" ")
        if not processors.isdecimal():
            return self
        return replace(self, processors=int(processors), version=f"{self.version}, server {server}")

    def load(self, archive: Path) -> None:
        """Take the image of an archive."""
        with self._alone():
            self._call("load", "--input", str(archive))

    def pull(self, image: str) -> None:
        """Pull a public image."""
        self._call("pull", "--platform", "linux/amd64", image)

    def start(self, container: Started) -> None:
        """Start a container that runs by itself."""
        self._call(*self._run(container, "--detach"))

    def attach(
        self, container: Started, environment: Mapping[str, str], folder: Path
    ) -> subprocess.Popen[bytes]:
        """Start a container, and return a process that prints and ends as it does.

        Args:
            container: the container.
            environment: its environment.
            folder: for the environment's file, private to the user.
        """
        file, inherited = folder / f"{container.name}.env", {}
        lines = []
        for name, value in environment.items():
            line = f"{name}={value}\n"
            # A file has one line for each, and engines disagree about quotes in it.
            if any(mark in value for mark in "\n\r\"'") or len(line.encode()) > _LONGEST_LINE:
                inherited[name] = value
            else:
                lines.append(line)
        # Never in the arguments, which everyone on this computer can read.
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:  # noqa: PTH123
            opened.writelines(lines)
        named = [part for name in inherited for part in ("--env", name)]
        arguments = self._run(container, "--env-file", str(file), *named)
        return self._spawn(arguments, {**self._environment, **inherited})

    def address(self, name: str, port: int) -> int:
        """Return the port of this computer that leads to a container's."""
        shown = self._call("port", name, f"{port}/tcp")
        return int(shown.split()[0].rpartition(":")[2])

    def stop(self, names: Sequence[str], seconds: int) -> None:
        """Ask containers to end, and end them after some seconds."""
        self._finish(["stop", "-t", str(seconds), *names])
        self.remove(names)

    def remove(self, names: Sequence[str]) -> None:
        """End containers at once; those that are gone do no harm."""
        # podman's `rm --force` would first wait for SIGTERM to be obeyed.
        self._finish(["kill", *names])
        self._finish(["rm", "--force", "--volumes", *names])

    def is_up(self, name: str) -> bool:
        """Return whether a container runs."""
        shown = self._finish(["inspect", "--format", "{{.State.Status}}", name])
        return shown.stdout.strip() == "running"

    def abort(self) -> None:
        """End every command that is under way, and start nothing more."""
        with self._lock:
            self._is_ended = True
            for process in self._running:
                process.terminate()

    def containers(self) -> Sequence[str]:
        """Return the ids of the cloud's containers.

        Raises:
            ContainerEngineError: the engine does not answer.
        """
        label = f"label={CLOUD_LABEL}={self.cloud}"
        return self._call("ps", "--all", "--quiet", "--filter", label).split()

    def clear(self) -> None:
        """End every container of the cloud and remove its images.

        Raises:
            ContainerEngineError: the engine does not answer, or keeps a container.
        """
        pauses = iter(_CLEARING_SECONDS)
        # podman keeps a container whose network another one has, and says that it is removed. Its
        # rules for its port would take the connections of the next program that has the port.
        while names := self.containers():
            pause = next(pauses, None)
            if pause is None:
                raise ContainerEngineError(f"it does not remove the containers {' '.join(names)}")
            self.remove(names)
            time.sleep(pause)
        with self._alone():
            self._remove_images(self._images(self._repository))

    def remove_built_images(self, registry: str) -> None:
        """Remove what the CDK's command line has built for a registry, and named by itself, too.

        Raises:
            ContainerEngineError: the engine does not answer.
        """
        with self._alone():
            names = self._images(f"{registry}/*")
            built = [f"cdkasset-{name.rpartition(':')[2]}" for name in names]
            self._remove_images([*names, *built])

    def _remove_images(self, names: Sequence[str]) -> None:
        """Remove names of images, and each image that has no other name and no container."""
        if names:
            # With `--force`, it would end another one's containers of the same image.
            self._finish(["rmi", *dict.fromkeys(names)])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other cloud load or remove images meanwhile.

        Images of two clouds may be the same. podman sees that one has no other name, takes the name
        that another process gives to it, and removes it all the same.
        """
        with ExitStack() as held:
            with suppress(OSError):  # of a program that cannot be read
                program = Path(shutil.which(self.command[0]) or self.command[0])
                fcntl.flock(held.enter_context(program.open("rb")), fcntl.LOCK_EX)
            yield

    def _images(self, repositories: str) -> list[str]:
        """Return the names of the images in repositories, which may be a pattern."""
        # podman lists an image's other names, too: those of a user or of another cloud stay.
        listed = self._listed(repositories).split()
        return [name for name in listed if fnmatch(name, f"{repositories}:*")]

    def _listed(self, repositories: str) -> str:
        arguments = ("images", "--format", "{{.Repository}}:{{.Tag}}", repositories)
        for pause in _PAUSES_SECONDS:
            # podman cannot list images while someone else's is just made or removed.
            with suppress(ContainerEngineError):
                return self._call(*arguments)
            time.sleep(pause)
        return self._call(*arguments)

    @property
    def _is_podman(self) -> bool:
        return self.version.startswith("podman ")

    @property
    def _environment(self) -> Mapping[str, str]:
        """The environment of the program when it starts a container."""
        # podman would hand this shell's proxies on: a deployment's environment is its own.
        kept = [name for name in os.environ if not (self._is_podman and _is_proxy(name))]
        return {name: os.environ[name] for name in kept}

    @property
    def _repository(self) -> str:
        return f"localhost/lightsail-local/{self.cloud}"

    def _run(self, container: Started, *options: str) -> list[str]:
        arguments = ["run", "--rm", "--pull", "never", "--name", container.name]
        arguments += ["--label", f"{CLOUD_LABEL}={self.cloud}", *self.run_options, *options]
        if container.network_of:
            arguments += ["--network", f"container:{container.network_of}"]
        if container.port:
            arguments += ["--publish", f"127.0.0.1:{_free_port()}:{container.port}"]
        if container.resources and self.is_limiting:
            megabytes = round(container.resources.gigabytes * 1024)
            cpus = min(container.resources.cpus, self.processors)
            arguments += ["--memory", f"{megabytes}m", "--cpus", str(cpus)]
        return [*arguments, container.image, *container.command]

    def _call(self, *arguments: str) -> str:
        ran = self._finish(arguments)
        if ran.returncode:
            raise ContainerEngineError(_reason(ran.stderr or ran.stdout, ran.returncode))
        return ran.stdout

    def _finish(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        with self._lock:
            process = self._spawn(arguments, None)
            self._running.add(process)
        stdout, stderr = (text.decode(errors="replace") for text in process.communicate())
        with self._lock:
            self._running.discard(process)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def _spawn(
        self, arguments: Sequence[str], environment: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes]:
        if self._is_ended:
            raise ContainerEngineError("the cloud has ended")
        try:
            return subprocess.Popen(  # nosec B603  # noqa: S603 - the user's own engine
                [*self.command, *arguments],
                env=environment,
                # podman's conmon leaves a file `oom` there if a container has too little memory.
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C is for the cloud, which then ends its containers.
                start_new_session=True,
            )
        except OSError as error:
            raise ContainerEngineError(f"{self.command[0]} does not run: {error}") from error


def installed_engines(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the programs of engines that are installed, and what each says of its version."""
    for name in names:
        program = shutil.which(name)
        if program is None:
            continue
        shown = subprocess.run(  # nosec B603  # noqa: S603 - the user's own engine
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        version = shown.stdout.strip().partition("\n")[0]
        # Debian's finch is a program to chat with, and would open its windows: "Finch 2.14.12".
        if " version " in version:
            yield program, version


def _free_port() -> int:
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


def is_advice(line: str) -> bool:
    """Return whether an engine's line only tells where its options are described."""
    return bool(_ADVICE.fullmatch(line.strip()))


def _reason(text: str, status: int) -> str:
    """Return the last line that tells what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not is_advice(line)]
    return lines[-1] if lines else f"it ended with {status}"


def _is_proxy(name: str) -> bool:
    return name.lower().endswith("_proxy")
