"""The engine, with the CDK's stacks and a function that notes what it is asked."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.cdk_program import Ended

from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys

pytestmark = pytest.mark.e2e

APP, STACK = "tests/e2e/recording_app.py", "Recording"


class Recording:
    """The stack of the app, and the requests that its function got."""

    def __init__(self, cdk: Cdk, record: Path) -> None:
        self.cdk = cdk
        self._record = record

    def deploy(
        self, *arguments: str, size: int = 1, name: str = "Thing", **context: object
    ) -> Ended:
        return self.cdk.deploy(
            APP, *arguments, record=self._record, size=size, name=name, **context
        )

    def requests(self) -> list[tuple[str, str, str | None]]:
        """Give type, construct and physical id of the requests since the last call."""
        requests = [json.loads(line) for line in self._record.read_text().splitlines()]
        self._record.unlink()
        return [
            (
                request["RequestType"],
                request["LogicalResourceId"],
                request.get("PhysicalResourceId"),
            )
            for request in requests
        ]


def deployed(cdk: Cdk, record: Path) -> Iterator[Recording]:
    """Give the stack, deployed."""
    recording = Recording(cdk, record)
    created = recording.deploy()
    assert created.returncode == 0, created.output
    assert recording.requests() == [("Create", "Thing", None)]
    yield recording
    cdk.delete(STACK)


@pytest.fixture
def recording(deploys: CloudFormationDeploys, tmp_path: Path) -> Iterator[Recording]:
    yield from deployed(deploys, tmp_path / "requests")


@pytest.fixture
def recording_of_the_command_line(cdk: Cdk, tmp_path: Path) -> Iterator[Recording]:
    yield from deployed(cdk, tmp_path / "requests")


UPDATE = [("Update", "Thing", "size-1"), ("Create", "Broken", None)]
ROLLBACK = [
    ("Update", "Thing", "size-2"),
    ("Delete", "Broken", "size-none"),
    ("Delete", "Thing", "size-2"),
]


def test_a_replaced_resource_is_updated_back_when_a_deploy_fails(recording: Recording) -> None:
    failed = recording.deploy(size=2, broken=1)

    assert failed.returncode == 1
    assert "It is meant to fail." in failed.output
    assert recording.cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"
    assert recording.requests() == [*UPDATE, *ROLLBACK]
    # And the stack stands for what it stood for.
    assert "(no changes)" in recording.deploy().output


def test_a_replaced_resource_is_updated_back_by_the_command_lines_rollback(
    recording_of_the_command_line: Recording,
) -> None:
    recording = recording_of_the_command_line
    failed = recording.deploy("--no-rollback", size=2, broken=1)
    assert failed.returncode == 1
    assert recording.requests() == UPDATE

    rolled_back = recording.cdk.rollback(STACK)

    assert rolled_back.returncode == 0, rolled_back.output
    assert recording.cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"
    assert recording.requests() == ROLLBACK


def test_a_failed_express_deploy_stays_as_it_is_and_goes_on_with_the_next_one(
    recording_of_the_command_line: Recording,
) -> None:
    recording = recording_of_the_command_line
    failed = recording.deploy("--express", size=2, broken=1)
    assert failed.returncode == 1
    assert recording.cdk.status(STACK) == "UPDATE_FAILED"
    assert recording.requests() == UPDATE

    assert recording.cdk.rollback(STACK).returncode == 1
    next_one = recording.deploy("--express", "--no-rollback", size=3)

    assert next_one.returncode == 0, next_one.output
    assert recording.cdk.status(STACK) == "UPDATE_COMPLETE"


def test_a_failed_express_deploy_is_rolled_back_if_the_command_line_asks_for_it(
    recording_of_the_command_line: Recording,
) -> None:
    recording = recording_of_the_command_line
    failed = recording.deploy("--express", "--rollback", size=2, broken=1)

    assert failed.returncode == 1
    assert recording.cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"


def test_a_renamed_resource_is_created_before_the_one_of_before_is_deleted(
    recording: Recording,
) -> None:
    renamed = recording.deploy(name="Other")

    assert renamed.returncode == 0, renamed.output
    assert recording.requests() == [("Create", "Other", None), ("Delete", "Thing", "size-1")]
