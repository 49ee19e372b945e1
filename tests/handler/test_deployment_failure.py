"""What is said of a deployment that failed, whatever its containers logged."""

import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from cdk_lightsail_containers_handler.deployment import Deployment
from cdk_lightsail_containers_handler.deployment_failure import DeploymentFailures
from cdk_lightsail_containers_handler.lightsail import Lightsail
from cdk_lightsail_containers_handler.properties.container import Container
from cdk_lightsail_containers_handler.properties.public_endpoint import PublicEndpoint
from fake_time import FakeTime

AT = datetime(2026, 11, 24, tzinfo=UTC)
DETAIL = "EVALUATING_HEALTH_CHECK: The health of your deployment is being evaluated."


def told(logs: dict[str, list[str]], *, public: str | None = None, detail: str = DETAIL) -> str:
    """Return what is said of deployment 7, which logged these lines."""
    client = boto3.client("lightsail")
    endpoint = PublicEndpoint(container_name=public, container_port=80) if public else None
    deployment = Deployment(
        version=7,
        state="FAILED",
        created_at=AT,
        containers={name: Container(image="nginx:1") for name in logs},
        public_endpoint=endpoint,
    )
    with Stubber(client) as answers:
        for lines in logs.values():
            events = [{"createdAt": AT, "message": line} for line in lines]
            answers.add_response("get_container_log", {"logEvents": events})
        lightsail = Lightsail(client, FakeTime().deadline(60), lambda *_, **__: None)
        failures = DeploymentFailures(lightsail, lambda *_, **__: None, str)
        error = failures.explain(deployment, "shop", detail)
    client.close()
    assert len(json.dumps(str(error))) <= 802
    return str(error)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["starting", "Error: one", "Error: two"], "'web': Error: one | Error: two: mend it"),
        (["Error: one", "Error: two", "Error: one"], "'web': Error: two | Error: one: mend it"),
        (["Error: " + "x" * 700, "Error: two"], "'web': Error: two: mend it"),
        (["Error: " + "y" * 900], "yyy...: mend it"),
        (["Error: " + "ü" * 900], "üüü...: mend it"),
        ([f"Error {number}" for number in range(9)], "'web': Error 4 | Error 5 | Error 6 | Er"),
        (["no word of it", "  listening "], "'web': no word of it | listening: mend it"),
        (["[deployment:7] Took too long", "[deployment:7] Canceled"], "; Took too long), cont"),
        (["[deployment:6] Took too long"], "is being evaluated), container 'web': mend it"),
        ([], "container 'web': mend it"),
    ],
    ids=str,
)
def test_shows_the_last_lines_that_matter(lines: list[str], said: str) -> None:
    assert said in told({"web": lines})


def test_leaves_the_states_message_out_where_a_line_needs_the_room() -> None:
    line = f"Error: connect ECONNREFUSED 10.0.0.1:5432 while it was starting{', again' * 82}"

    assert f"(EVALUATING_HEALTH_CHECK), container 'web': {line}" in told({"web": [line]})


def test_names_the_log_group_even_one_with_the_longest_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = "g" * 512
    monkeypatch.setenv("AWS_LAMBDA_LOG_GROUP_NAME", group)

    said = told({"web": ["Error: no " + "x" * 900]})

    assert said.endswith(f"...: mend it, its log is in log group {group}")
    assert "container 'web': Error: no" in said


def test_without_a_state_begins_with_the_container() -> None:
    assert "'shop' failed, container 'web': Error" in told({"web": ["Error"]}, detail="")


@pytest.mark.parametrize(
    ("logs", "public", "culprit"),
    [
        ({"api": ["ok"], "web": ["Error: no"]}, "api", "web"),
        ({"api": ["Error: no"], "web": ["Error: no"]}, "web", "web"),
        ({"api": ["ok"], "web": ["ok"]}, "web", "web"),
        ({"api": [], "web": ["ok"]}, "api", "web"),
        ({"api": [], "web": []}, "web", "web"),
        ({"api": [], "web": []}, None, "api"),
    ],
)
def test_names_the_container_that_tells_of_a_failure_else_the_public_one(
    logs: dict[str, list[str]], public: str | None, culprit: str
) -> None:
    assert f"container '{culprit}'" in told(logs, public=public)
