"""Requests of CloudFormation for a deployment, to the handler before a local Lightsail."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from stack_requests import Stack

PROPERTIES: dict[str, Any] = {
    "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:handler",
    "ServiceTimeout": "3600",
    "ServiceName": "shop",
    "Containers": {
        "web": {
            "Image": "nginx:1",
            "Environment": {"MODE": "live"},
            "Ports": {"80": "HTTP"},
        }
    },
    "PublicEndpoint": {"ContainerName": "web", "ContainerPort": "80"},
}


def deployment(kind: str, stack: Stack, image: str = "nginx:1", **changes: Any) -> dict[str, Any]:
    """Return a request for a deployment.

    Args:
        kind: Create, Update or Delete.
        stack: where its answer arrives.
        image: what the container `web` runs.
        changes: properties of that container, or of the resource; None takes one away.
    """
    properties = json.loads(json.dumps(PROPERTIES))
    web = properties["Containers"]["web"]
    web["Image"] = image
    for name, value in changes.items():
        of_container = name in {"Command", "Environment", "Ports", "Secrets"}
        target = web if of_container else properties
        if value is None:
            target.pop(name)
        else:
            target[name] = value
    event = stack.request(
        kind, ResourceType="Custom::LightsailContainerServiceDeployment", Digest=None
    )
    if kind != "Create":
        event["PhysicalResourceId"] = "shop"
    return {**event, "LogicalResourceId": "Deployment", "ResourceProperties": properties}


class FakeSecrets:
    """AWS Secrets Manager and SSM's parameters, by ARN or name.

    Attributes:
        reads: what was asked for.
        refusals: the names of the errors that are answered first.
        words: what AWS says of these.
    """

    def __init__(self, **secrets: str | None) -> None:
        self.secrets = secrets
        self.reads: list[str] = []
        self.refusals: list[str] = []
        self.words = ""

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        value = self._read(SecretId, "GetSecretValue")
        return {"SecretBinary": b""} if value is None else {"SecretString": value}

    def get_parameter(self, Name: str, WithDecryption: bool) -> dict[str, Any]:  # noqa: N803
        assert WithDecryption
        return {"Parameter": {"Value": self._read(Name, "GetParameter")}}

    def _read(self, name: str, operation: str) -> str | None:
        self.reads.append(name)
        if self.refusals:
            error = {"Code": self.refusals.pop(0), "Message": self.words}
            raise ClientError({"Error": error}, operation)
        if name not in self.secrets:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, operation)
        return self.secrets[name]


class FakeLambda:
    """AWS Lambda, as a function sees it that invokes itself.

    Args:
        error: what goes wrong.
        times: how often.
        first: what goes wrong before that, once.
        wait: passes the time that each call takes.
    """

    def __init__(
        self,
        error: Exception | None = None,
        times: int = 99,
        first: Exception | None = None,
        wait: Callable[[], None] = lambda: None,
    ) -> None:
        self.payloads: list[dict[str, Any]] = []
        self._error = error
        self._times = times
        self._first = first
        self._wait = wait

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert (FunctionName.rsplit(":", maxsplit=1)[-1], InvocationType) == ("handler", "Event")
        self._wait()
        if self._first:
            self._first, first = None, self._first
            raise first
        self._times -= 1
        if self._error and self._times >= 0:
            raise self._error
        self.payloads.append(json.loads(Payload))
