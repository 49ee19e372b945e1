"""Stacks on a local cloud, by CloudFormation's own API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from reliability.broken import Broken

from .templates import BUCKET

if TYPE_CHECKING:
    from lightsail_local.cloud import LocalCloud

    from .templates import Templates

_POLL_SECONDS = 0.2
_LONGEST_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack as CloudFormation shows it.

    Args:
        status: its status.
        outputs: its outputs.
    """

    status: str
    outputs: Mapping[str, str]


class Stacks:
    """The stacks of a cloud.

    Args:
        cloud: the cloud; the templates' assets are put there.
        templates: what there is to deploy.
    """

    def __init__(self, cloud: LocalCloud, templates: Templates) -> None:
        self._endpoints = cloud.endpoints
        # A session of its own: boto3's default one is not to be shared between threads.
        self._session = boto3.session.Session(
            aws_access_key_id=cloud.endpoints.account,
            aws_secret_access_key="local",  # noqa: S106 - it is not checked here
            region_name=cloud.endpoints.region,
        )
        self._cloudformation = self.client("cloudformation")
        self._templates = templates
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for key, content in templates.assets.items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def client(self, service: str) -> Any:
        """Return a client of a service of the cloud, but not of Lightsail."""
        return self._session.client(
            service, endpoint_url=self._endpoints.engine, verify=self._endpoints.certificate
        )

    def start(self, name: str, template: str, **parameters: str) -> None:
        """Begin to create a stack, or to update it if it exists."""
        exists = self._find(name) is not None
        act = self._cloudformation.update_stack if exists else self._cloudformation.create_stack
        act(
            StackName=name,
            TemplateBody=self._templates.bodies[template],
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )

    def start_to_delete(self, name: str) -> None:
        """Begin to delete a stack."""
        self._cloudformation.delete_stack(StackName=name)

    def settled(self, name: str) -> Stack | None:
        """Wait until nothing is done to a stack, and return it, None if there is none.

        Raises:
            Broken: that takes too long.
        """
        ends = time.monotonic() + _LONGEST_SECONDS
        while True:
            stack = self._find(name)
            if stack is None or not stack.status.endswith("IN_PROGRESS"):
                return stack
            if time.monotonic() > ends:
                raise Broken(f"stack {name} is {stack.status} after {_LONGEST_SECONDS} s")
            time.sleep(_POLL_SECONDS)

    def reasons(self, name: str) -> list[str]:
        """Return why resources of a stack have failed, newest first."""
        return [
            event.get("ResourceStatusReason", "")
            for event in self.events(name)
            if event["ResourceStatus"] in ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
        ]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return a stack's events, newest first."""
        found = self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return list(found)

    def _find(self, name: str) -> Stack | None:
        try:
            (found,) = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError:
            return None  # as CloudFormation says that there is none
        status = found["StackStatus"]
        if status == "DELETE_COMPLETE":
            return None
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
        return Stack(status=status, outputs=outputs)
