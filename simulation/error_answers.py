"""Answers that are errors, as AWS's services and registries write them."""

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape

from lightsail_local.wire.http_server import Answer

_NO_HEADERS: Mapping[str, str] = {}


def json_error(status: int, code: str, text: str = "as ordered") -> Answer:
    """Return the error of a service that speaks JSON."""
    body = json.dumps({"__type": code, "message": text}).encode()
    return Answer(status=status, body=body, headers={"x-amzn-errortype": code})


def query_error(status: int, code: str, text: str = "as ordered") -> Answer:
    """Return the error of a service that answers in XML, such as AWS CloudFormation."""
    error = f"<Error><Code>{code}</Code><Message>{escape(text)}</Message></Error>"
    body = f"<ErrorResponse>{error}</ErrorResponse>".encode()
    return Answer(status=status, body=body, headers={"Content-Type": "text/xml"})


def s3_error(status: int, code: str, text: str = "as ordered") -> Answer:
    """Return the error of Amazon S3."""
    body = f"<Error><Code>{code}</Code><Message>{escape(text)}</Message></Error>".encode()
    return Answer(status=status, body=body)


def registry_error(
    status: int, code: str, headers: Mapping[str, str] = _NO_HEADERS, text: str = ""
) -> Answer:
    """Return the error of a registry."""
    error = {"code": code, "message": text or f"so says {code}"}
    body = json.dumps({"errors": [error]}).encode()
    return Answer(status=status, body=body, headers=headers)
