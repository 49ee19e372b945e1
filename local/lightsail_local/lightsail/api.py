"""Lightsail's API on the wire: JSON 1.1 over HTTP.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/CommonErrors.html
"""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from ..behaviour.errors import LightsailError, invalid
from ..wire.http_server import Answer
from .api_model import answer_problem, is_operation, request_problem
from .call_limit import CallLimit
from .dns_zones import ZONE_OPERATIONS, ZONE_REGION

if TYPE_CHECKING:
    from ..wire.http_server import Connection
    from ..wire.wire import Wire
    from .lightsail import Lightsail

_SERVICE = "Lightsail_20161128"
_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^,]+/(?P<region>[^/,]+)/lightsail/aws4_request,"
)


class Api:
    """Answers the API's requests.

    Args:
        lightsail: carries them out.
        wire: records them.
    """

    def __init__(self, lightsail: Lightsail, wire: Wire) -> None:
        self._lightsail = lightsail
        self._wire = wire
        self._limit = CallLimit(lightsail.behaviour, wire.clock)

    def respond(self, connection: Connection) -> None:
        """Answer a request."""
        service, _, operation = connection.headers.get("X-Amz-Target", "").partition(".")
        body = b"".join(connection.body)
        try:
            parameters = json.loads(body)
        except (ValueError, RecursionError):
            parameters = None

        def carry_out() -> Answer:
            try:
                self._check_call(connection, service, operation)
                return self._call(operation, parameters)
            except LightsailError as error:
                return _error(error.code, error.message)
            except Exception as error:  # noqa: BLE001 - a connection without an answer tells nothing
                return _error("ServiceException", f"{type(error).__name__}: {error}")

        shown = parameters if isinstance(parameters, dict) else {}
        self._wire.exchange(connection, operation, shown, carry_out, _error)

    def _check_call(self, connection: Connection, service: str, operation: str) -> None:
        """Refuse what does not reach an operation."""
        is_call = connection.command == "POST" and service == _SERVICE and is_operation(operation)
        if not is_call:
            raise LightsailError("UnknownOperationException", "this is no call of Lightsail's API")
        if operation not in self._lightsail.operations:
            # A program may depend on it: better to say so than to guess an answer.
            raise LightsailError(
                "UnknownOperationException", f"the local Lightsail does not have {operation}"
            )
        signature = _SIGNATURE.match(connection.headers.get("Authorization", ""))
        if not signature:
            raise LightsailError(
                "UnauthenticatedException", "the call is not signed for the service lightsail"
            )
        if operation in ZONE_OPERATIONS and signature["region"] != ZONE_REGION:
            raise invalid(f"Domain-related APIs are only available in the {ZONE_REGION} Region.")
        self._limit.check()

    def _call(self, operation: str, parameters: Any) -> Answer:
        if parameters is None:
            raise LightsailError("SerializationException", "the body is no JSON")
        if problem := request_problem(operation, parameters):
            raise invalid(problem)
        answer = self._lightsail.call(operation, parameters)
        if problem := answer_problem(operation, answer):
            return _error("ServiceException", f"the answer of {operation} is wrong: {problem}")
        return _json(200, answer)


def _error(code: str, message: str) -> Answer:
    status = 500 if code == "ServiceException" else 400
    return _json(status, {"__type": code, "message": message}, error=code)


def _json(status: int, body: dict[str, Any], *, error: str = "") -> Answer:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-RequestId": str(uuid.uuid4()),
    }
    if error:
        headers["x-amzn-errortype"] = error
    return Answer(status=status, body=json.dumps(body).encode(), headers=headers, error=error)
