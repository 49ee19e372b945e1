"""The services of AWS beside Lightsail, as far as the function calls them."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from fake_cloudformation import FakeCloudFormation
from lightsail_local.wire.http_server import Answer, Connection

from .source_registry import ECR_PASSWORD

SERVICES = ("ecr", "lambda", "secretsmanager", "ssm", "s3", "cloudformation")
"""Them, by boto3's names: one server in this world."""
SECRETS = {
    "arn:aws:secretsmanager:us-east-1:000000000000:secret:registry-a1b2c3": json.dumps(
        {"username": "robot", "password": "password-of-the-source"}
    ),
    "arn:aws:secretsmanager:us-east-1:000000000000:secret:shop-d4e5f6": json.dumps(
        {"password": "password-of-the-shop"}
    ),
}
PARAMETERS = {"/shop/token": "token-of-the-shop"}


@dataclass
class AwsServices:
    """Answers the function's calls.

    Args:
        cloudformation: what knows the stacks.

    Attributes:
        invocations: what the function asked AWS Lambda to invoke it with.
        objects: those of Amazon S3, by key.
    """

    cloudformation: FakeCloudFormation
    invocations: list[dict[str, Any]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def respond(self, connection: Connection) -> None:
        """Answer a call."""
        body = b"".join(connection.body)
        connection.body = iter(())
        target = connection.headers.get("X-Amz-Target", "")
        path = urlsplit(connection.path).path
        if target == "secretsmanager.GetSecretValue":
            arn = json.loads(body)["SecretId"]
            connection.send(_json({"ARN": arn, "SecretString": SECRETS[arn]}))
        elif target == "AmazonSSM.GetParameter":
            name = json.loads(body)["Name"]
            connection.send(_json({"Parameter": {"Name": name, "Value": PARAMETERS[name]}}))
        elif target.endswith(".GetAuthorizationToken"):
            token = base64.b64encode(f"AWS:{ECR_PASSWORD}".encode()).decode()
            connection.send(_json({"authorizationData": [{"authorizationToken": token}]}))
        elif path.startswith("/2015-03-31/functions/"):
            with self._lock:
                self.invocations.append(json.loads(body))
            connection.send(Answer(status=202))
        elif path == "/":
            asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            connection.send(self.cloudformation.answer(asked))
        else:
            connection.send(self._object(connection))

    def _object(self, connection: Connection) -> Answer:
        content = self.objects[unquote(urlsplit(connection.path).path).partition("/assets/")[2]]
        first, end = connection.headers["Range"].removeprefix("bytes=").split("-")
        start, last = int(first), min(int(end), len(content) - 1)
        headers = {"ETag": '"etag"', "Content-Range": f"bytes {start}-{last}/{len(content)}"}
        return Answer(status=206, body=content[start : last + 1], headers=headers)


def _json(body: object) -> Answer:
    return Answer(status=200, body=json.dumps(body).encode())
