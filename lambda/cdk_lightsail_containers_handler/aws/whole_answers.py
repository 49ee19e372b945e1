"""Answers of AWS, each whole or no answer at all.

Since release 1.43.115 botocore takes an answer that was cut off for a success without content, and
every release does so with an answer that is not JSON. AWS Lambda's runtime brings its own botocore:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.client import ClientMeta
from botocore.exceptions import ConnectionClosedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WITHOUT_BODY = (204, 304)
# botocore takes an answer with this status or a higher one for an error.
_ERROR = 300


def whole_answers(make_client: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes the same clients, which raise for an answer that is not whole."""

    def make(service: str, **options: Any) -> Any:
        client = make_client(service, **options)
        meta = getattr(client, "meta", None)
        if isinstance(meta, ClientMeta):  # tests hand in objects that are no clients, too
            check = partial(_check, meta.endpoint_url)
            # With an id, a client that is handed out twice still checks each answer once.
            meta.events.register("before-parse", check, unique_id="whole-answers")
        return client

    return make


def _check(url: str, operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """Check an answer before botocore parses it.

    Raises:
        ConnectionClosedError: it was cut off, which botocore raised itself before 1.43.115.
        ValueError: it is not JSON, although the service speaks JSON.
    """
    body, status = response_dict["body"], response_dict["status_code"]
    if not isinstance(body, bytes):
        return  # a stream: its reader counts the bytes
    has_body = operation_model.http["method"] != "HEAD" and status not in _WITHOUT_BODY
    if has_body and len(body) < _length(response_dict["headers"]):
        raise ConnectionClosedError(endpoint_url=url)
    is_json = operation_model.service_model.resolved_protocol == "json"
    output = operation_model.output_shape
    # Only an operation that returns nothing may leave the body out.
    if is_json and status < _ERROR and (body or (output and output.members)):
        json.loads(body.decode())


def _length(headers: Mapping[str, str]) -> int:
    """Return how long an answer says that its body is, 0 when it does not say.

    https://www.rfc-editor.org/rfc/rfc9112#section-6.3
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return 0  # urllib3 notices that the last chunk is missing
    try:
        # The same length may be there twice; urllib3 refuses two that differ.
        return int(headers.get("content-length", "0").partition(",")[0])
    except ValueError:
        return 0
