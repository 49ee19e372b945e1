"""The registry of Amazon ECR on the wire.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from ..behaviour.errors import RegistryError
from ..registry.operations import VERSION, RepositoryRequest, find_operation, operations
from ..wire.http_server import Answer, Connection
from ..wire.tls_server import TlsServer
from .image_records import ImageRecords
from .repository import EcrRepository
from .tokens import Home, Tokens

HOST_NAMES = r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com"
"""What Amazon ECR's registries are called, as a pattern."""
_HOST = re.compile(HOST_NAMES)
_PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_OPERATIONS = operations(rf"/v2/(?P<name>{_PART}(?:/{_PART})*)")


class EcrRegistry:
    """Serves the registries of all accounts and Regions until it is closed.

    A registry is known by its name. At 127.0.0.1 it is the one that the login is for.

    Args:
        listener: a socket that is bound, None for a free port.
        certificate: the PEM file of a certificate for 127.0.0.1 and the registries' names.
        key: the PEM file of the certificate's key.
        folder: for blobs.
        records: the repositories and their images.
        tokens: who may push and pull.

    Attributes:
        host: the address, `127.0.0.1:<port>`.
    """

    def __init__(
        self,
        *,
        listener: socket.socket | None = None,
        certificate: Path,
        key: Path,
        folder: Path,
        records: ImageRecords,
        tokens: Tokens,
    ) -> None:
        self._folder = folder
        self._records = records
        self._tokens = tokens
        self._lock = threading.Lock()
        self._repositories: dict[tuple[Home, str], tuple[object, EcrRepository]] = {}
        self._server = TlsServer(
            self._respond,
            certificate=certificate,
            key=key,
            names=HOST_NAMES,
            listener=listener,
        )
        self.host = self._server.host

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def drop(self, home: Home, repository: str, digests: frozenset[str]) -> None:
        """Remove blobs of images that are deleted."""
        with self._lock:
            known = self._repositories.get((home, repository))
        if known:
            known[1].drop(digests)

    def _respond(self, connection: Connection) -> None:
        try:
            answer = self._carry_out(connection)
        except RegistryError as error:
            answer = self._refusal(error, connection)
        connection.send(replace(answer, headers={**answer.headers, **VERSION}))

    def _carry_out(self, connection: Connection) -> Answer:
        home = self._home(connection)
        url = urlsplit(connection.path)
        operation, parts = find_operation(_OPERATIONS, connection.command, url.path)
        if operation == "Ping":
            return Answer(status=200, body=b"{}")
        if operation == "Unsupported":
            raise RegistryError(405, "UNSUPPORTED", "The operation is unsupported.")
        if operation == "Unknown":
            raise RegistryError(404, "NAME_UNKNOWN", "there is no such repository or operation")
        registry = f"https://{connection.headers.get('Host', self.host)}"
        request = RepositoryRequest(
            parameters=dict(parse_qsl(url.query)) | parts,
            headers=connection.headers,
            body=connection.body,
            registry=registry,
            uploads=registry,
        )
        return self._repository(home, parts["name"]).operations[operation](request)

    def _home(self, connection: Connection) -> Home:
        """Return whose repositories a request is for, once its login is checked."""
        token = self._tokens.find(*connection.basic_login())
        if token is None:
            raise RegistryError(401, "UNAUTHORIZED", "Not Authorized")
        if not self._tokens.is_valid(token):
            raise RegistryError(
                403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."
            )
        named = _HOST.fullmatch(connection.headers.get("Host", ""))
        return Home(**named.groupdict()) if named else token.home

    def _repository(self, home: Home, name: str) -> EcrRepository:
        created = self._records.created(home, name)
        if created is None:
            raise RegistryError(
                404,
                "NAME_UNKNOWN",
                f"The repository with name '{name}' does not exist in the registry with id "
                f"'{home.account}'",
            )
        with self._lock:
            known = self._repositories.get((home, name))
            if known and known[0] is created:
                return known[1]
            # A name may hold slashes, and one name begins another.
            folder = self._folder / home.account / home.region / name.replace("/", "%")
            shutil.rmtree(folder, ignore_errors=True)
            repository = EcrRepository(home, name, folder, self._records)
            self._repositories[home, name] = created, repository
            return repository

    def _refusal(self, error: RegistryError, connection: Connection) -> Answer:
        headers = {"Content-Type": "application/json"}
        if error.code == "UNAUTHORIZED":
            host = connection.headers.get("Host", self.host)
            headers["WWW-Authenticate"] = (
                f'Basic realm="https://{host}/",service="ecr.amazonaws.com"'
            )
        body: Mapping[str, object] = {"errors": [{"code": error.code, "message": error.message}]}
        return Answer(status=error.status, body=json.dumps(body).encode(), headers=headers)
