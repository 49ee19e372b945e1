"""The container service registry on the wire.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#api
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from ..behaviour.errors import RegistryError
from ..wire.http_server import Answer, Connection, Gate, LoopbackServer, gated
from .operations import VERSION, RepositoryRequest, find_operation, operations
from .repository import Repository

if TYPE_CHECKING:
    from ..behaviour.behaviour import Behaviour
    from ..images.image_store import ImageStore
    from ..wire.wire import Wire
    from .registry_login import RegistryLogins

_OPERATIONS = operations("/v2/sr")
# The statuses of codes that tests order; the others are 400.
_STATUS = {
    "UNAUTHORIZED": 401,
    "DENIED": 403,
    "BLOB_UNKNOWN": 404,
    "BLOB_UPLOAD_UNKNOWN": 404,
    "MANIFEST_UNKNOWN": 404,
    "NAME_UNKNOWN": 404,
    "UNSUPPORTED": 405,
    "TOOMANYREQUESTS": 429,
    "UNKNOWN": 500,
}
# What the API's errors are called here.
_CODE = {
    "ThrottlingException": "TOOMANYREQUESTS",
    "AccessDeniedException": "DENIED",
    "ServiceException": "UNKNOWN",
}


class Registry:
    """Serves the registry until it is closed.

    Args:
        port: its port, 0 for a free one.
        behaviour: the switches.
        images: where the images go.
        logins: who may push them.
        wire: records the requests.
        gate: is given each request first.

    Attributes:
        host: its address, `127.0.0.1:<port>`.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        port: int,
        behaviour: Behaviour,
        images: ImageStore,
        logins: RegistryLogins,
        wire: Wire,
        *,
        gate: Gate | None = None,
    ) -> None:
        self._behaviour = behaviour
        self._repository = Repository(behaviour, images)
        self._logins = logins
        self._wire = wire
        self._server = LoopbackServer(port, gated(gate, "registry", self._respond))
        uploads = gated(gate, "registry", self._respond_to_upload)
        self._upload_server = LoopbackServer(0, uploads)
        self.host = self._server.host

    def close(self) -> None:
        """Stop serving."""
        self._server.close()
        self._upload_server.close()

    def _respond(self, connection: Connection) -> None:
        registry = f"http://{connection.headers.get('Host', self.host)}"
        self._exchange(connection, registry, self._check_login)

    def _respond_to_upload(self, connection: Connection) -> None:
        self._exchange(connection, f"http://{self.host}", _check_signed)

    def _exchange(
        self, connection: Connection, registry: str, check: Callable[[Connection], None]
    ) -> None:
        url = urlsplit(connection.path)
        operation, parts = find_operation(_OPERATIONS, connection.command, url.path)
        is_elsewhere = self._behaviour.upload_host == "other"
        request = RepositoryRequest(
            parameters=parts | dict(parse_qsl(url.query)),
            headers=connection.headers,
            body=connection.body,
            registry=registry,
            uploads=f"http://{self._upload_server.host}" if is_elsewhere else registry,
        )

        def carry_out() -> Answer:
            try:
                check(connection)
                answer = self._carry_out(operation, request)
            except RegistryError as error:
                answer = _refusal(error)
            return replace(answer, headers={**answer.headers, **VERSION})

        shown = {name: value for name, value in request.parameters.items() if name != "_state"}
        self._wire.exchange(connection, operation, shown, carry_out, _ordered_error)

    def _carry_out(self, operation: str, request: RepositoryRequest) -> Answer:
        if operation == "Ping":
            return Answer(status=200, body=b"{}")
        if operation == "Unsupported":
            raise RegistryError(405, "UNSUPPORTED", "The operation is unsupported.")
        if operation == "Unknown":
            raise RegistryError(404, "NAME_UNKNOWN", "the only repository is sr")
        return self._repository.operations[operation](request)

    def _check_login(self, connection: Connection) -> None:
        found = self._logins.check(*connection.basic_login())
        if found == "unknown":
            raise RegistryError(401, "UNAUTHORIZED", "authentication required")
        if found == "expired":
            # The words of ECR, which stands behind the real one.
            raise RegistryError(
                403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."
            )


def _check_signed(connection: Connection) -> None:
    """Refuse credentials where the address is the credential, as S3 does."""
    if "Authorization" in connection.headers:
        raise RegistryError(400, "UNSUPPORTED", "only one authentication mechanism is allowed")
    if not connection.path.startswith("/v2/sr/blobs/uploads/"):
        raise RegistryError(404, "NAME_UNKNOWN", "only uploads go here")


def _ordered_error(code: str, message: str) -> Answer:
    code = _CODE.get(code, code)
    return _refusal(RegistryError(_STATUS.get(code, 400), code, message))


def _refusal(error: RegistryError) -> Answer:
    headers = {"Content-Type": "application/json"}
    if error.code == "UNAUTHORIZED":
        headers["WWW-Authenticate"] = 'Basic realm="Lightsail container service registry"'
    body = {"errors": [{"code": error.code, "message": error.message}]}
    return Answer(
        status=error.status, body=json.dumps(body).encode(), headers=headers, error=error.code
    )
