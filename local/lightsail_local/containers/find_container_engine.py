"""Finding an engine that really starts containers here."""

from __future__ import annotations

import http.client
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from .container_engine import (
    ENGINES,
    ContainerEngine,
    ContainerEngineError,
    Resources,
    Started,
    installed_engines,
)
from .docker_archive import write_program_archive
from .started_clouds import StartedCloud

_PORT = 80
_TRIALS = 100
_TRIAL_SECONDS = 0.2
# Where a process's own limits are low, an engine cannot raise a container's.
_LOW_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
_RESOURCES = Resources(cpus=0.25, gigabytes=0.5)


class NoContainerEngineError(RuntimeError):
    """No engine starts containers; the message says which were tried, and why not."""


def find_container_engine(
    cloud: StartedCloud, names: Sequence[str] = ENGINES, *, trials: int = _TRIALS
) -> ContainerEngine:
    """Return the first engine that starts a container which answers.

    Args:
        cloud: the cloud that it is for.
        names: the engines to try.
        trials: how often a container is asked until it answers.

    Raises:
        NoContainerEngineError: there is none.
    """
    programs = dict(installed_engines(names))
    if not programs:
        if len(names) == 1:
            raise NoContainerEngineError(f"{names[0]} is not installed")
        raise NoContainerEngineError(f"none of {', '.join(names)} is installed")
    errors = []
    for program, version in programs.items():
        engine = ContainerEngine(
            command=[program], cloud=cloud.id, version=version, folder=cloud.folder
        )
        cloud.note(program)
        try:
            return _tried(engine, cloud.folder, trials).asked()
        except ContainerEngineError as error:
            errors.append(f"{Path(program).name} cannot start containers: {error}")
            with suppress(ContainerEngineError):
                engine.clear()
    cloud.note("")
    raise NoContainerEngineError("; ".join(errors))


def _tried(engine: ContainerEngine, folder: Path, trials: int) -> ContainerEngine:
    """Return an engine as it works here.

    Raises:
        ContainerEngineError: it does not; the error is that of the plain trial.
    """
    archive = folder / "program.tar"
    write_program_archive(archive, engine.program_image)
    engine.load(archive)
    trial = Started(
        name=f"lightsail-local-{engine.cloud}-trial",
        image=engine.program_image,
        command=["-f", "-h", "/"],
        port=_PORT,
        resources=_RESOURCES,
    )
    errors = []
    for variant in _variants(engine):
        try:
            variant.start(trial)
        except ContainerEngineError as error:
            errors.append(error)
            continue
        try:
            _ask(variant, trial.name, trials)
        finally:
            variant.remove([trial.name])
        return variant
    raise errors[0]


def _variants(engine: ContainerEngine) -> Iterator[ContainerEngine]:
    """Yield an engine as it is, and with what helps on some computers."""
    commands = [engine.command]
    if Path(engine.command[0]).name == "podman" and shutil.which("runc"):
        # crun takes no mixture of control groups of version 1 and 2.
        commands.append([*engine.command, "--runtime", "runc"])
    for is_limiting in (True, False):
        for command in commands:
            for run_options in ((), _LOW_LIMITS):
                yield replace(
                    engine, command=command, run_options=run_options, is_limiting=is_limiting
                )


def _ask(engine: ContainerEngine, name: str, trials: int) -> None:
    said = ""
    for _ in range(trials):
        # It is gone when its program has ended, as one for another processor does at once.
        port = engine.address(name, _PORT)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            try:
                connection.request("GET", "/")
                connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                said = str(error)
            else:
                return
        time.sleep(_TRIAL_SECONDS)
    raise ContainerEngineError(f"its container does not answer on this computer: {said}")
