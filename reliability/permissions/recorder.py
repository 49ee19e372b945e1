"""Records every call of a function as IAM sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fake_route53 import changes_in
from lightsail_local.wire.http_server import Connection, Respond
from world.aws import FUNCTION_ARN
from world.gate import Gate

from .policy import Call

# What Lightsail's actions on a container service are: the others accept no resource.
_ON_SERVICE = frozenset(
    {"RegisterContainerImage", "DeleteContainerImage", "CreateContainerServiceDeployment"}
)
_ON_DOMAIN = frozenset({"CreateDomainEntry", "DeleteDomainEntry"})
_HOSTED_ZONE = re.compile(r"/2013-04-01/(hostedzone/[A-Z0-9]+)/rrset/?")
_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
_PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|referrers|blobs)/[^/]*")
# What Amazon ECR's API says that a pull through the registry calls:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html
_ECR_ACTIONS = {
    ("GET", "manifests"): "ecr:BatchGetImage",
    ("HEAD", "manifests"): "ecr:BatchGetImage",
    ("GET", "referrers"): "ecr:BatchGetImage",
    ("GET", "blobs"): "ecr:GetDownloadUrlForLayer",
    ("HEAD", "blobs"): "ecr:BatchCheckLayerAvailability",
}


@dataclass
class Recorder(Gate):
    """Records the calls that go through."""

    recorded: list[Call] = field(default_factory=list)
    step: Callable[[], str] = str
    """Tells what is being done."""
    before: dict[str, Callable[[dict[str, Any]], object]] = field(default_factory=dict)
    """What happens right before a call of an operation of Lightsail, once."""
    service_arns: dict[str, str] = field(default_factory=dict)
    domain_arn: str = ""
    function: str = FUNCTION_ARN

    def __call__(self, server: str, connection: Connection, respond: Respond) -> None:
        """Record a call, and let it through."""
        if server == "lightsail":
            operation = connection.headers["X-Amz-Target"].rpartition(".")[2]
            given = json.loads(_body(connection))
            resource = "*"
            if operation in _ON_SERVICE:
                resource = self.service_arns[given["serviceName"]]
            elif operation in _ON_DOMAIN:
                resource = self.domain_arn
            self.record(f"lightsail:{operation}", resource)
            if before := self.before.pop(operation, None):
                before(given)
        elif server == "route53":
            self._record_zone(connection)
        elif server == "ecr-registry" and "Authorization" in connection.headers:
            self._record_pull(connection)
        respond(connection)

    def record(self, action: str, resource: str = "*", **context: str | list[str]) -> None:
        """Record a call."""
        keys = {key.replace("_", ":"): value for key, value in context.items()}
        # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
        keys["lambda:SourceFunctionArn"] = self.function
        self.recorded.append(Call(action=action, resource=resource, context=keys, step=self.step()))

    def _record_zone(self, connection: Connection) -> None:
        """Record a call for a hosted zone, whose changes come with condition keys.

        https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
        """
        zone = _HOSTED_ZONE.fullmatch(urlsplit(connection.path).path)
        if zone is None:
            raise NotImplementedError(f"{connection.command} {connection.path}")
        there = f"arn:aws:route53:::{zone[1]}"
        if connection.command == "GET":
            self.record("route53:ListResourceRecordSets", there)
            return
        changes = changes_in(_body(connection))
        names = [one["name"].rstrip(".").lower() for _, one in changes]
        key = "route53_ChangeResourceRecordSets"
        self.record(
            "route53:ChangeResourceRecordSets",
            there,
            **{
                f"{key}Actions": [action for action, _ in changes],
                f"{key}RecordTypes": [one["type"] for _, one in changes],
                f"{key}NormalizedRecordNames": names,
            },
        )

    def _record_pull(self, connection: Connection) -> None:
        host, path = _HOST.fullmatch(connection.headers["Host"]), _PATH.fullmatch(connection.path)
        if host is None or path is None:
            raise NotImplementedError(f"{connection.command} {connection.path}")
        repository = f"{host['region']}:{host['account']}:repository/{path['repository']}"
        self.record(_ECR_ACTIONS[connection.command, path["kind"]], f"arn:aws:ecr:{repository}")


def _body(connection: Connection) -> bytes:
    """Return the body of a request, which stays there to be read."""
    body = b"".join(connection.body)
    connection.body = iter((body,))
    return body
