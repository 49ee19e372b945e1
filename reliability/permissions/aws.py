"""AWS at the wire, for one account: every call that is signed is remembered as IAM sees it.

Lightsail, AWS CloudFormation and Amazon S3 are the fakes that the tests have; of the other services
there is as much as the function asks for.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3

from fake_s3 import FakeS3
from lightsail_local.server import LightsailServer

from .call import FUNCTION, Call, arn

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_SCOPE = re.compile(r"Credential=[^/]+/[0-9]{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_INVOKE = re.compile(r"/2015-03-31/functions/(.+)/invocations")
# What Lightsail's actions on a container service are: the others accept no resource.
_ON_SERVICE = frozenset(
    {"RegisterContainerImage", "DeleteContainerImage", "CreateContainerServiceDeployment"}
)
ECR_LOGIN = "AWS:fake-ecr-password"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A secret or a parameter.

    Args:
        value: its text.
        key: the ARN of the key of the account's own that it is encrypted with, if any.
    """

    value: str
    key: str = ""


@dataclass(kw_only=True, eq=False)
class Aws:
    """The account.

    Args:
        lightsail: its Lightsail.
        cloudformation: the address of what knows its stacks.
        s3: what Amazon S3 has; the bucket's name does not matter.
        url: where all of it is, once it runs.
        secrets: those of AWS Secrets Manager, by ARN.
        parameters: those of SSM, by name.
        invocations: the payloads of the functions that were invoked.
        calls: all calls.
        step: what is being done, for the calls that follow.
        before: what happens right before a call of an action is carried out, once.
    """

    lightsail: LightsailServer
    cloudformation: str
    s3: FakeS3
    url: str = ""
    secrets: dict[str, Stored] = field(default_factory=dict)
    parameters: dict[str, Stored] = field(default_factory=dict)
    invocations: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    step: str = ""
    before: dict[str, Callable[[dict[str, Any]], None]] = field(default_factory=dict)

    def record(self, action: str, resource: str = "*", **context: str) -> None:
        """Remember a call of the function."""
        keys = {key.replace("_", ":"): value for key, value in context.items()}
        # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
        keys["lambda:SourceFunctionArn"] = FUNCTION
        self.calls.append(Call(action=action, resource=resource, context=keys, step=self.step))

    @functools.cached_property
    def service_arns(self) -> Mapping[str, str]:
        """The ARNs of the container services by name."""
        client = boto3.client("lightsail", endpoint_url=self.lightsail.url)
        services = client.get_container_services()["containerServices"]
        return {one["containerServiceName"]: one["arn"] for one in services}


class Handler(BaseHTTPRequestHandler):
    """A connection to the account."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    aws: Aws

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        if scope is None:
            self._answer(403, {"__type": "MissingAuthenticationToken"})
            return
        region, service = scope.groups()
        if service == "s3":
            self._get_object()
        elif service == "lambda":
            self._invoke(body)
        elif service == "cloudformation":
            self._call_cloudformation(body)
        else:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            given = json.loads(body)
            before = self.aws.before.pop(operation, None)
            if before is not None:
                before(given)
            {
                "lightsail": self._call_lightsail,
                "secretsmanager": self._get_secret,
                "ssm": self._get_parameter,
                "ecr": self._log_in,
                "kms": self._verify,
            }[service](operation, given, region)

    do_GET = do_POST = _respond  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _call_lightsail(self, operation: str, given: dict[str, Any], _region: str) -> None:
        on_service = operation in _ON_SERVICE
        resource = self.aws.service_arns[given["serviceName"]] if on_service else "*"
        self.aws.record(f"lightsail:{operation}", resource)
        body = json.dumps(given).encode()
        self._send(*forward(self.aws.lightsail.url, "POST", "/", self.headers, body))

    def _call_cloudformation(self, body: bytes) -> None:
        given = parse_qs(body.decode())
        self.aws.record(f"cloudformation:{given['Action'][0]}", given["StackName"][0])
        self._send(*forward(self.aws.cloudformation, "POST", "/", self.headers, body))

    def _get_secret(self, operation: str, given: dict[str, Any], region: str) -> None:
        # A secret may be named without the six characters that its ARN ends in.
        named = given["SecretId"]
        found = [arn for arn in self.aws.secrets if arn == named or arn[:-7] == named]
        self.aws.record(f"secretsmanager:{operation}", found[0])
        stored = self.aws.secrets[found[0]]
        self._decrypt(stored, "secretsmanager", region)
        self._answer(200, {"ARN": found[0], "SecretString": stored.value})

    def _get_parameter(self, operation: str, given: dict[str, Any], region: str) -> None:
        name = given["Name"].partition(":parameter")[2] or given["Name"]
        self.aws.record(f"ssm:{operation}", arn("ssm", f"parameter/{name.lstrip('/')}", region))
        stored = self.aws.parameters[name]
        if given["WithDecryption"]:
            self._decrypt(stored, "ssm", region)
        self._answer(200, {"Parameter": {"Name": name, "Value": stored.value}})

    def _decrypt(self, stored: Stored, service: str, region: str) -> None:
        """Use a key of the account's own, as services do on behalf of who calls them.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
        https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
        """
        if stored.key:
            self.aws.record(
                "kms:Decrypt", stored.key, kms_ViaService=f"{service}.{region}.amazonaws.com"
            )

    def _log_in(self, operation: str, _given: dict[str, Any], _region: str) -> None:
        self.aws.record(f"ecr:{operation}")
        token = base64.b64encode(ECR_LOGIN.encode()).decode()
        self._answer(200, {"authorizationData": [{"authorizationToken": token}]})

    def _verify(self, operation: str, given: dict[str, Any], _region: str) -> None:
        self.aws.record(f"kms:{operation}", given["KeyId"])
        self._answer(200, {"KeyId": given["KeyId"], "SignatureValid": True})

    def _get_object(self) -> None:
        bucket, _, key = unquote(urlsplit(self.path).path).removeprefix("/").partition("/")
        self.aws.record("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        self._send(*forward(self.aws.s3.url, "GET", f"/assets/{key}", self.headers))

    def _invoke(self, body: bytes) -> None:
        match = _INVOKE.fullmatch(unquote(self.path))
        self.aws.record("lambda:InvokeFunction", match[1] if match else self.path)
        self.aws.invocations.append(json.loads(body))
        self._answer(202, {})

    def _answer(self, status: int, document: Mapping[str, Any]) -> None:
        self._send(status, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def forward(
    url: str, method: str, target: str, headers: Message, body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """Send a request on, and return status, headers and body of the answer."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        sent = {k: v for k, v in headers.items() if k.lower() not in {"host", "content-length"}}
        connection.request(method, target, body=body, headers=sent)
        answer = connection.getresponse()
        content = answer.read()
        left_out = {"content-length", "connection", "transfer-encoding"}
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in left_out}
        return answer.status, kept, content
    finally:
        connection.close()


class Server(ThreadingHTTPServer):
    """Serves the account."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away."""


@contextmanager
def running_aws(lightsail: LightsailServer, cloudformation: str, s3: FakeS3) -> Iterator[Aws]:
    """Run the account on a free port of loopback."""
    aws = Aws(lightsail=lightsail, cloudformation=cloudformation, s3=s3)
    server = Server(("127.0.0.1", 0), type("Own", (Handler,), {"aws": aws}))
    aws.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield aws
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
