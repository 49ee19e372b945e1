"""An engine per module, and a function that answers CloudFormation as a test tells it to."""

import contextlib
import io
import json
import os
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lightsail_local.engine.engine import Engine
from lightsail_local.server import LightsailServer
from patience import wait_until

PROVIDER = """
import json, os, time, urllib.request

def seen(stack):
    import boto3
    client = boto3.client("cloudformation")
    return {
        "Stack": client.describe_stacks(StackName=stack)["Stacks"][0],
        "Resources": client.list_stack_resources(StackName=stack)["StackResourceSummaries"],
        "Events": client.describe_stack_events(StackName=stack)["StackEvents"],
    }

def handler(event, context):
    properties = event["ResourceProperties"]
    noted = {**event, **(seen(event["StackId"]) if "Look" in properties else {})}
    with open(properties["Record"], "a") as record:
        record.write(json.dumps(noted, default=str) + "\\n")
    answers = json.loads(properties.get(event["RequestType"], "[{}]"))
    if os.path.exists(properties.get("Breaks", "")):
        answers = [{"Status": "FAILED", "Reason": "Broken."}]
    for change in answers:
        answer = {
            "Status": "SUCCESS",
            "PhysicalResourceId": event.get("PhysicalResourceId", "made"),
            **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
            **change,
        }
        answer = {name: value for name, value in answer.items() if value is not None}
        time.sleep(answer.pop("Sleep", 0))
        body = answer.pop("Body", None) or json.dumps(answer)
        urllib.request.urlopen(
            urllib.request.Request(event["ResponseURL"], data=body.encode(), method="PUT")
        ).close()
"""


@pytest.fixture(scope="session")
def measured() -> dict[str, str]:
    """The variables with which coverage measures a process that inherits nothing else."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


@pytest.fixture(scope="module")
def lightsail() -> LightsailServer | None:
    """The Lightsail behind the engine, for modules that have one."""
    return None


@pytest.fixture(scope="module")
def engine(lightsail: LightsailServer | None, measured: dict[str, str]) -> Iterator[Engine]:
    url = lightsail.url if lightsail else "http://127.0.0.1:9"  # nothing listens on that port
    with Engine(url, environment=measured) as engine:
        yield engine


@pytest.fixture(scope="module")
def api(lightsail: LightsailServer) -> Iterator[Any]:
    """A client of the module's Lightsail."""
    session = boto3.Session("000000000000", "local", region_name="us-east-1")
    client = session.client("lightsail", endpoint_url=lightsail.url)
    yield client
    client.close()


def create_function(functions: Any, code: str, **options: Any) -> str:
    """Create a function of a module's text, close the client, and give the ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("index.py", code)
    with contextlib.closing(functions):
        arn: str = functions.create_function(
            FunctionName=f"function-{uuid.uuid4()}",
            Runtime="python3.13",
            Role="arn:aws:iam::000000000000:role/function",
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=60,
            **options,
        )["FunctionArn"]
    return arn


@pytest.fixture
def function_on() -> Iterator[Callable[..., Callable[[], Any]]]:
    """Give a Lambda function of an engine, of the text of its body, as a function to call."""
    clients = []

    def make(engine: Engine, body: str, **options: Any) -> Callable[[], Any]:
        modules = "logging, os, signal, time, urllib.request"
        code = f"import {modules}\ndef handler(event, context):\n    {body}\n"
        function = create_function(client_of(engine, "lambda"), code, **options)
        client = client_of(engine, "lambda")
        clients.append(client)

        def call() -> Any:
            return json.load(client.invoke(FunctionName=function)["Payload"])

        return call

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def logs(engine: Engine) -> Iterator[Any]:
    """CloudWatch Logs of the engine."""
    client = client_of(engine, "logs")
    yield client
    client.close()


@pytest.fixture
def ecr(engine: Engine) -> Iterator[Any]:
    """Amazon ECR of the engine, with an empty repository `web`."""
    client = client_of(engine, "ecr")
    client.create_repository(repositoryName="web")
    yield client
    client.delete_repository(repositoryName="web", force=True)
    client.close()


def client_of(engine: Engine, service: str) -> Any:
    session = boto3.Session("000000000000", "local", region_name="us-east-1")
    return session.client(service, endpoint_url=engine.url, verify=str(engine.certificate))


@pytest.fixture(scope="session")
def are_gone() -> Callable[..., bool]:
    """Say whether processes have ended, or do within five seconds."""

    def is_alive(process: int) -> bool:
        try:
            stat = Path(f"/proc/{process}/stat").read_text()
        except FileNotFoundError:
            return False
        # One that its parent has not waited for yet has ended all the same.
        return stat.rpartition(")")[2].split()[0] != "Z"

    def wait(*processes: int) -> bool:
        deadline = time.monotonic() + 60
        while any(is_alive(process) for process in processes) and time.monotonic() < deadline:
            time.sleep(0.02)
        return not any(is_alive(process) for process in processes)

    return wait


class Stacks:
    """CloudFormation as the tests need it: synchronous, with one custom resource a stack."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._folder = folder
        self._engine = engine
        self.client = self.service("cloudformation")
        self.function = create_function(self.service("lambda"), PROVIDER)

    def service(self, name: str) -> Any:
        return client_of(self._engine, name)

    def template(self, stack: str, timeout: int = 20, **properties: Any) -> str:
        """Give a template whose resource answers as `Create=[...]`, `Delete=[...]` say."""
        return self.of(Thing=self.resource(stack, timeout, **properties))

    def of(self, **resources: Any) -> str:
        """Give a template of resources."""
        return json.dumps({"Resources": resources})

    def resource(self, stack: str, timeout: int = 20, **properties: Any) -> dict[str, Any]:
        answers = {
            name: json.dumps(value) if isinstance(value, list) else value
            for name, value in properties.items()
        }
        return {
            "Type": "Custom::Thing",
            "Properties": {
                "ServiceToken": self.function,
                "ServiceTimeout": timeout,
                "Record": str(self._record(stack)),
                **answers,
            },
        }

    def create(self, stack: str, template: str, **options: Any) -> str:
        self.client.create_stack(StackName=stack, TemplateBody=template, **options)
        return self.settled(stack)

    def update(self, stack: str, template: str, **options: Any) -> str:
        self.client.update_stack(StackName=stack, TemplateBody=template, **options)
        return self.settled(stack)

    def update_failed(self, stack: str, template: str) -> str:
        """Update a stack that is left failed, as `cdk deploy` does: with a change set."""
        return self.change(stack, template, "UPDATE")

    def change(self, stack: str, template: str, kind: str, **options: Any) -> str:
        """Create or update a stack with a change set."""
        self.client.create_change_set(
            StackName=stack,
            ChangeSetName="next",
            ChangeSetType=kind,
            TemplateBody=template,
            **options,
        )
        waiter = self.client.get_waiter("change_set_create_complete")
        waiter.wait(StackName=stack, ChangeSetName="next", WaiterConfig={"Delay": 0.05})
        self.client.execute_change_set(StackName=stack, ChangeSetName="next")
        return self.settled(stack)

    def adopt(self, stack: str, template: str, **identifiers: str) -> str:
        """Import the template's one resource into a stack, and return what it says if it cannot."""
        ((logical_id, resource),) = json.loads(template)["Resources"].items()
        self.client.create_change_set(
            StackName=stack,
            ChangeSetName="import",
            ChangeSetType="IMPORT",
            TemplateBody=template,
            ResourcesToImport=[
                {
                    "ResourceType": resource["Type"],
                    "LogicalResourceId": logical_id,
                    "ResourceIdentifier": identifiers,
                }
            ],
        )
        made = self.client.describe_change_set(StackName=stack, ChangeSetName="import")
        if made["ExecutionStatus"] != "AVAILABLE":
            return str(made["StatusReason"])
        self.client.execute_change_set(StackName=stack, ChangeSetName="import")
        return self.settled(stack)

    def delete(self, stack: str) -> str:
        identifier = self.client.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        self.client.delete_stack(StackName=stack)
        return self.settled(identifier)

    def settled(self, stack: str) -> str:
        wait_until(lambda: not self._status(stack).endswith("_IN_PROGRESS"))
        return self._status(stack)

    def _status(self, stack: str) -> str:
        (found,) = self.client.describe_stacks(StackName=stack)["Stacks"]
        return str(found["StackStatus"])

    def events(self, stack: str, resource: str = "Thing") -> list[tuple[str, str, str]]:
        """Give status, reason and physical id of a resource's events, oldest first."""
        events = self.client.describe_stack_events(StackName=stack)["StackEvents"]
        return [
            (
                event["ResourceStatus"],
                event.get("ResourceStatusReason", ""),
                event.get("PhysicalResourceId", ""),
            )
            for event in reversed(events)
            if event["LogicalResourceId"] == resource
        ]

    def statuses(self, stack: str, resource: str = "Thing") -> list[str]:
        return [status for status, _, _ in self.events(stack, resource)]

    def reason(self, stack: str, status: str = "CREATE_FAILED", resource: str = "Thing") -> str:
        """Give the reason of a resource's last event of that status."""
        return next(
            reason for found, reason, _ in reversed(self.events(stack, resource)) if found == status
        )

    def requests(self, stack: str) -> list[dict[str, Any]]:
        """Give the events that the function got from the stack."""
        record = self._record(stack)
        return [json.loads(line) for line in record.read_text().splitlines()]

    def sequence(self, stack: str) -> list[tuple[str, str, str | None, str | None, str | None]]:
        """Give type, resource, id and the new and old `Size` of the stack's requests."""
        return [
            (
                request["RequestType"],
                request["LogicalResourceId"],
                request.get("PhysicalResourceId"),
                request["ResourceProperties"].get("Size"),
                request.get("OldResourceProperties", {}).get("Size"),
            )
            for request in self.requests(stack)
        ]

    def ids(self, stack: str) -> dict[str, str]:
        """Give the physical ids of the stack's resources by logical id."""
        found = self.client.list_stack_resources(StackName=stack)["StackResourceSummaries"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def request_types(self, stack: str) -> list[str]:
        return [request["RequestType"] for request in self.requests(stack)]

    def _record(self, stack: str) -> Path:
        return self._folder / f"{stack}.jsonl"


@pytest.fixture(scope="module")
def stacks(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    stacks = Stacks(engine, tmp_path_factory.mktemp("stacks"))
    yield stacks
    stacks.client.close()
