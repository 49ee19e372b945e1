"""`lightsail-local docker`: what `cdk deploy` calls where the engine runs on another machine.

Docker Desktop, colima, podman machine and finch run in a virtual machine, whose 127.0.0.1 is not
this computer's. So an image is saved to a file here, and pushed from here. Everything else is the
engine's.
"""

from __future__ import annotations

import argparse
import os
import subprocess  # nosec B404 # each call says what it runs
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.registry.archive.archive import Archive
from cdk_lightsail_containers_handler.registry.auth import Credentials
from cdk_lightsail_containers_handler.registry.copy import copy_image
from cdk_lightsail_containers_handler.registry.errors import RegistryError
from cdk_lightsail_containers_handler.registry.found_image import find_image
from cdk_lightsail_containers_handler.registry.http.connection import Connections
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.repository import Repository
from cdk_lightsail_containers_handler.registry.url import Origin

_LONGEST_SECONDS = 3600


class DockerProgramError(RuntimeError):
    """A command cannot be carried out; the message says why, and what helps."""


class DockerProgram:
    """Carries out the commands that the CDK's command line gives to Docker.

    Args:
        engine: the engine's program.
        registry: the registry that this program pushes to itself, `127.0.0.1:<port>`.
        folder: for the login, private to the user.
    """

    def __init__(self, engine: str, registry: str, folder: Path) -> None:
        self._engine = engine
        self._registry = registry
        self._login = folder / "login"

    def run(self, arguments: Sequence[str]) -> int:
        """Carry out a command, and return its exit code.

        Raises:
            DockerProgramError: it cannot be carried out.
        """
        command, last = arguments[0], arguments[-1]
        if command == "login" and last == self._registry:
            return self._log_in(arguments)
        if command == "push" and last.startswith(f"{self._registry}/"):
            return self._push(last)
        return self._call(*arguments)

    def _log_in(self, arguments: Sequence[str]) -> int:
        parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
        parser.add_argument("-u", "--username")
        try:
            username = parser.parse_known_args(arguments[1:])[0].username
        except argparse.ArgumentError:  # an option stands where the name is expected
            username = None
        if not username:
            raise DockerProgramError(
                f"`docker login {self._registry}` needs --username AWS and --password-stdin"
            )
        self._login.touch(mode=0o600)
        self._login.write_text(f"{username}:{sys.stdin.read().strip()}")
        return 0

    def _push(self, name: str) -> int:
        if not self._login.exists():
            raise DockerProgramError(
                f"cannot push {name} before a login: `aws ecr get-login-password | lightsail-local "
                f"docker login --username AWS --password-stdin {self._registry}`"
            )
        with tempfile.TemporaryDirectory(prefix="lightsail-local-push-") as folder:
            file = Path(folder) / "image.tar"
            status = self._call("save", "--output", str(file), name)
            if status:
                return status
            try:
                with file.open("rb") as opened:
                    self._copy(Archive(_File(opened, name)), name)
            except RegistryError as error:
                sys.stderr.write(f"cannot push {name}: {error.problem}: {error.fix}\n")
                return 1
        return 0

    def _copy(self, archive: Archive, name: str) -> None:
        parsed = Reference.parse(name)
        reference = _SecureReference(
            registry=parsed.registry, repository=parsed.repository, tag=parsed.tag
        )
        username, _, password = self._login.read_text().partition(":")
        deadline = Deadline(ends=time.monotonic() + _LONGEST_SECONDS)
        with Connections() as connections:
            repository = Repository(
                reference,
                connections=connections,
                deadline=deadline,
                credentials=lambda: Credentials(username=username, password=password),
                is_pushed_to=True,
            )
            result = copy_image(archive, repository, find_image(archive), deadline=deadline)
        print(f"{name}: digest: {result.digest} size: {result.size}")

    def _call(self, *arguments: str) -> int:
        try:
            return subprocess.run([self._engine, *arguments], check=False).returncode  # nosec B603  # noqa: S603 - the user's own engine
        except OSError as error:
            raise DockerProgramError(
                f"{self._engine} does not run: {error.strerror}; choose another one with --engine"
            ) from error


class _SecureReference(Reference):
    """An image of a registry that serves TLS, on this computer too."""

    @property
    def origin(self) -> Origin:
        host, _, port = self.registry.rpartition(":")
        return Origin(scheme="https", host=host, port=int(port))


class _File:
    """A file on disk whose parts are read."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._descriptor = file.fileno()
        self._name = name
        self.size = os.fstat(self._descriptor).st_size

    def __str__(self) -> str:
        return self._name

    def open(self, offset: int, length: int) -> _Part:
        return _Part(self._descriptor, offset, length)


class _Part:
    """A part of a file, read where no other reader moves it."""

    def __init__(self, descriptor: int, offset: int, length: int) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self._end = offset + length

    def readinto(self, buffer: memoryview) -> int:
        wanted = buffer[: self._end - self._offset]
        read = os.preadv(self._descriptor, [wanted], self._offset)
        self._offset += read
        return read

    def close(self) -> None:
        """Leave the file open for the other readers."""
