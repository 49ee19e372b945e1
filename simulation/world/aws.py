"""The services of AWS beside Lightsail, as far as the function calls them."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from fake_cloudformation import FakeCloudFormation
from fake_registry import PASSWORD, USERNAME
from fake_s3 import FakeS3
from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION
from lightsail_local.wire.http_server import Answer, Connection

SERVICES = ("ecr", "lambda", "secretsmanager", "ssm", "s3", "kms", "cloudformation")
"""Them, by boto3's names: one server in this world."""
ECR_LOGIN = ("AWS", "password-of-ecr")

_INVOKE = re.compile(r"/2015-03-31/functions/(.+)/invocations")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_REGION = re.compile(r"Credential=[^/]+/[0-9]{8}/([a-z0-9-]+)/")


def arn(service: str, resource: str, region: str = DEFAULT_REGION) -> str:
    """Return the ARN of something in the account."""
    return f"arn:aws:{service}:{region}:{DEFAULT_ACCOUNT}:{resource}"


FUNCTION_ARN = arn("lambda", "function:handler")
DOMAINS_ARN = arn("lambda", "function:domains")
ENTRY_POINTS = {FUNCTION_ARN: "main", DOMAINS_ARN: "domains_main"}
"""The functions, and the module that each begins in; any other one is as the first of them."""
REGISTRY_SECRET = arn("secretsmanager", "secret:registry-a1b2c3")
SHOP_SECRET = arn("secretsmanager", "secret:shop-d4e5f6")
SHOP_PARAMETER = "/shop/token"
LIGHTSAIL_ZONE = "example.net"


@dataclass(frozen=True)
class Stored:
    """A secret or a parameter.

    Args:
        value: its value.
        key: the ARN of the key of the account's own that it is encrypted with, if any.
    """

    value: str
    key: str = ""


class Record(Protocol):
    """Takes each call as IAM sees it: its action, its resource, and its condition keys."""

    def __call__(self, action: str, resource: str = "*", **context: str) -> None: ...


def _secrets() -> dict[str, Stored]:
    return {
        REGISTRY_SECRET: Stored(json.dumps({"username": USERNAME, "password": PASSWORD})),
        SHOP_SECRET: Stored(json.dumps({"password": "password-of-the-shop"})),
    }


def _parameters() -> dict[str, Stored]:
    return {SHOP_PARAMETER: Stored("token-of-the-shop")}


def _record_nothing(action: str, resource: str = "*", **context: str) -> None:
    """Take a call."""


@dataclass(eq=False)
class Aws:
    """Answers the function's calls.

    Args:
        cloudformation: what knows the stacks.

    Attributes:
        s3: the objects of every bucket.
        secrets: those of AWS Secrets Manager, by ARN.
        parameters: those of SSM, by name.
        invocations: what functions have invoked themselves with, by their ARNs.
        record: takes the calls.
    """

    cloudformation: FakeCloudFormation
    s3: FakeS3 = field(default_factory=FakeS3)
    secrets: dict[str, Stored] = field(default_factory=_secrets)
    parameters: dict[str, Stored] = field(default_factory=_parameters)
    invocations: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    record: Record = _record_nothing

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def respond(self, connection: Connection) -> None:
        """Answer a call."""
        body = b"".join(connection.body)
        connection.body = iter(())
        connection.send(self._answer(connection, body))

    def _answer(self, connection: Connection, body: bytes) -> Answer:
        service, _, operation = connection.headers.get("X-Amz-Target", "").partition(".")
        path = unquote(urlsplit(connection.path).path)
        if service:
            scope = _REGION.search(connection.headers.get("Authorization", ""))
            region = scope[1] if scope else DEFAULT_REGION
            return _json(self._operations[operation](self, json.loads(body), region))
        if invoked := _INVOKE.fullmatch(path):
            self.record("lambda:InvokeFunction", invoked[1])
            with self._lock:
                self.invocations[invoked[1]].append(json.loads(body))
            return Answer(status=202)
        if path == "/":  # the query protocol
            asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self.record(f"cloudformation:{asked['Action']}", asked["StackName"])
            return self.cloudformation.answer(asked)
        bucket, _, key = path[1:].partition("/")
        is_version = "versionId" in parse_qs(urlsplit(connection.path).query)
        action = "s3:GetObjectVersion" if is_version else "s3:GetObject"
        self.record(action, f"arn:aws:s3:::{bucket}/{key}")
        return self.s3.get(key, connection.headers)

    def _secret(self, given: Mapping[str, Any], region: str) -> object:
        # A secret may be named without the six characters that its ARN ends in.
        named = given["SecretId"]
        found = next(one for one in self.secrets if named in (one, one[:-7]))
        self.record("secretsmanager:GetSecretValue", found)
        self._decrypt(self.secrets[found], "secretsmanager", region)
        return {"ARN": found, "SecretString": self.secrets[found].value}

    def _parameter(self, given: Mapping[str, Any], region: str) -> object:
        name = given["Name"].partition(":parameter")[2] or given["Name"]
        self.record("ssm:GetParameter", arn("ssm", f"parameter/{name.lstrip('/')}", region))
        if given["WithDecryption"]:
            self._decrypt(self.parameters[name], "ssm", region)
        return {"Parameter": {"Name": name, "Value": self.parameters[name].value}}

    def _log_in(self, _given: Mapping[str, Any], _region: str) -> object:
        self.record("ecr:GetAuthorizationToken")
        token = base64.b64encode(":".join(ECR_LOGIN).encode()).decode()
        return {"authorizationData": [{"authorizationToken": token}]}

    def _verify(self, given: Mapping[str, Any], _region: str) -> object:
        self.record("kms:Verify", given["KeyId"])
        return {"KeyId": given["KeyId"], "SignatureValid": True}

    def _decrypt(self, stored: Stored, service: str, region: str) -> None:
        """Use a key of the account's own, as services do on behalf of their callers.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
        https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
        """
        if stored.key:
            via = f"{service}.{region}.amazonaws.com"
            self.record("kms:Decrypt", stored.key, kms_ViaService=via)

    _operations = {  # noqa: RUF012 - the same for all
        "GetSecretValue": _secret,
        "GetParameter": _parameter,
        "GetAuthorizationToken": _log_in,
        "Verify": _verify,
    }


def _json(body: object) -> Answer:
    return Answer(status=200, body=json.dumps(body).encode())
