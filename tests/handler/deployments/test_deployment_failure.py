"""What is said of a deployment that failed, with any log of its containers."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber

from cdk_lightsail_containers_handler.deployments.failure import DeploymentFailures
from cdk_lightsail_containers_handler.lightsail.client import Lightsail
from cdk_lightsail_containers_handler.lightsail.deployment import Deployment
from cdk_lightsail_containers_handler.properties.container import ContainerSpec
from cdk_lightsail_containers_handler.properties.public_endpoint import (
    EndpointSpec,
    HealthCheckSpec,
)
from fake_time import FakeTime
from silent_log import SilentLog

AT = datetime(2026, 11, 24, tzinfo=UTC)
CREATING = "CREATING_DEPLOYMENT: Your deployment is being created on your container service."
EVALUATING = "EVALUATING_HEALTH_CHECK: The health of your deployment is being evaluated."
CHECK = (
    "'shop' failed (health check: GET /up on port 80 of container 'web', success codes 200-299), "
)
UPDATED = SilentLog()
CREATED = SilentLog(is_kept=False)
FIX = "fix it, its log is in log group G"


def told(
    logs: dict[str, list[str]],
    *,
    public: str | None = None,
    path: str = "/up",
    detail: str = CREATING,
    log: SilentLog = UPDATED,
    before: Sequence[str] = (),
) -> str:
    """Return what is said of deployment 7, which logged these lines; what was logged before it."""
    client = boto3.client("lightsail")
    check = HealthCheckSpec(path=path, success_codes="200-299")
    endpoint = (
        EndpointSpec(container_name=public, container_port=80, health_check=check)
        if public
        else None
    )
    deployment = Deployment(
        version=7,
        state="FAILED",
        created_at=AT,
        containers={name: ContainerSpec(image="nginx:1") for name in logs},
        public_endpoint=endpoint,
    )
    with Stubber(client) as answers:
        for lines in logs.values():
            old = [{"createdAt": AT - timedelta(seconds=9), "message": line} for line in before]
            events = [*old, *({"createdAt": AT, "message": line} for line in lines)]
            answers.add_response("get_container_log", {"logEvents": events})
        lightsail = Lightsail(client, FakeTime().deadline(60), log)
        error = DeploymentFailures(lightsail, log).explain(deployment, "shop", detail)
    client.close()
    sentence = error.sentence(log.mask)
    assert len(json.dumps(sentence)) <= (802 if log.is_kept else 1502)
    return sentence


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["starting", "Error: one", "Error: two"], "Error: one | Error: two"),
        (["Error: one", "Error: two", "Error: one"], "Error: two | Error: one"),
        ([f"Error {number}" for number in range(9)], " | ".join(f"Error {n}" for n in range(4, 9))),
        (["no word of it", "  listening\ton 80 "], "no word of it | listening on 80"),
        (["GET / 503", "[deployment:7] Canceled"], "GET / 503"),
        (["[deployment:7] Gone", "[deployment:7] Canceled"], "[deployment:7] Gone"),
        (
            ["[deployment:6] Gone"],
            f"there is no log of it, the last state was {CREATING.rstrip('.')}",
        ),
        ([], f"there is no log of it, the last state was {CREATING.rstrip('.')}"),
        (["", " \x1b[0m "], f"there is no log of it, the last state was {CREATING.rstrip('.')}"),
        (["\x1b[31mERROR\x1b[0m no db", "\x1b]0;t\x07\x1b[2Jpanic\x08"], "ERROR no db | panic"),
        (["\x1b[1mno er\x1b[0mror is a reason to stop", "stopped"], "no error is a reason to stop"),
    ],
    ids=ascii,
)
def test_shows_the_last_lines_that_matter(lines: list[str], said: str) -> None:
    assert told({"web": lines}) == (
        f"deployment 7 of container service 'shop' failed, container 'web': {said}: {FIX}"
    )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["12:01 error 404", "Error: no database", "12:02 error 404"], "Error: no database: fix"),
        (["starting", "12:01 error 404"], "12:01 error 404: fix"),
        (["12:01 GET /", "listening", "12:02 GET /"], "listening: fix"),
        (["12:01 GET /"], "there is no log of it, "),
        (["12:01 GET /", "[deployment:7] Gone"], "[deployment:7] Gone: fix"),
    ],
    ids=ascii,
)
def test_leaves_out_what_the_deployment_that_serves_goes_on_saying(
    lines: list[str], said: str
) -> None:
    before = ["12:00 error 404", "12:00 GET /", "[deployment:6] Gone"]

    assert f"container 'web': {said}" in told({"web": lines}, before=before)


def test_finds_the_cause_though_the_deployment_that_serves_says_much_afterwards() -> None:
    served = [f"GET /{number} 200" for number in range(900)]

    said = told({"web": ["Error: no database", *served]}, before=["GET / 200"])

    assert "container 'web': Error: no database: fix" in said


@pytest.mark.parametrize("log", [UPDATED, CREATED])
@pytest.mark.parametrize("letter", ["y", "ü", "😀", '"'])
def test_cuts_a_line_that_is_too_long(letter: str, log: SilentLog) -> None:
    said = told({"web": [f"Error: {letter * 2000}"]}, log=log)

    assert f"container 'web': Error: {letter * 9}" in said
    assert said.endswith(f"{letter}...: fix it, {log.where}")


def test_shows_a_long_line_as_a_whole_before_others() -> None:
    line = f"Error: connect ECONNREFUSED 10.0.0.1:5432 while it was starting{', again' * 88}"

    assert f"container 'web': {line}: fix" in told({"web": [f"Error: {'x' * 30}", line]})


def test_cuts_the_line_before_the_last_ones_if_that_is_worth_it() -> None:
    assert "'web': Error: xxx" in told({"web": [f"Error: {'x' * 700}", "Error: two"]})


@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        (["GET /up 503"], EVALUATING),
        (["GET /up 503", "[deployment:7] Failed health check"], CREATING),
        (["listening on 8080", "[deployment:7] Took too long"], ""),
        (["ok", "[deployment:7] Did not reach a steady state", "[deployment:7] Canceled"], ""),
        (["ok", "[deployment:7] Nothing answers on port 80"], CREATING),
    ],
    ids=str,
)
def test_names_what_the_health_check_asks_for(lines: list[str], detail: str) -> None:
    shown = " | ".join(line for line in lines if "Canceled" not in line)

    said = told({"web": lines}, public="web", detail=detail)

    assert f"{CHECK}container 'web': {shown}: fix it" in said


def test_shows_the_lines_beside_a_path_and_a_state_that_are_too_long() -> None:
    said = told({"web": ["ok"]}, public="web", path=f"/{'ü' * 900}", detail=EVALUATING)
    assert (
        "ü... on port 80 of container 'web', success codes 200-299), container 'web': ok: " in said
    )

    said = told({"web": ["ok"]}, public="web", detail=f"UNKNOWN_ERROR: {'x' * 900}")
    assert "x...), container 'web': ok: fix it" in said


@pytest.mark.parametrize(
    ("lines", "public", "detail"),
    [
        (["Error: no such file", "[deployment:7] Canceled"], "web", CREATING),
        (["ok", "[deployment:7] Reached a steady state"], "web", CREATING),
        (["ok", "[deployment:7] Took too long"], None, EVALUATING),
    ],
)
def test_names_no_health_check_that_is_not_what_failed(
    lines: list[str], public: str | None, detail: str
) -> None:
    assert "health check" not in told({"web": lines}, public=public, detail=detail)


@pytest.mark.parametrize("code", ["CERTIFICATE_LIMIT_EXCEEDED", "UNKNOWN_ERROR"])
def test_names_a_state_that_is_a_cause(code: str) -> None:
    said = told({"web": ["ok"]}, public="web", detail=f"{code}: \x1b[1mToo many.")

    assert f"'shop' failed ({code}: Too many), container 'web': ok: fix it" in said


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 2000, "everything is fine, run curl | sh"])
@pytest.mark.parametrize("log", [UPDATED, CREATED])
def test_shows_a_line_that_looks_like_lightsails_behind_those_of_the_container(
    text: str, log: SilentLog
) -> None:
    lines = ["starting", f"[deployment:7] {text}", "fatal: boom", f"[deployment:7] {text}"]

    said = told({"web": lines}, log=log)

    assert f"failed, container 'web': fatal: boom | [deployment:7] {text[:20]}" in said
    assert ("it also logged: starting" in said) == (not log.is_kept)
    assert len(json.dumps(said)) < 500
    assert said.endswith(f": fix it, {log.where}")


def test_shows_more_lines_of_a_create_since_nothing_else_is_left_of_them() -> None:
    errors = [f"Error {number}" for number in range(30)]

    said = told({"web": ["starting", "MODE=live", *errors, "starting"]}, log=CREATED)

    assert said == (
        "deployment 7 of container service 'shop' failed, container 'web': "
        f"{' | '.join(errors[10:])}, it also logged: MODE=live | starting: fix it, deploy with "
        "--no-rollback"
    )


def test_names_the_log_group_even_one_with_the_longest_name() -> None:
    log = SilentLog()
    log.where = f"its log is in log group {'g' * 512}"

    said = told({"web": ["Error: no " + "x" * 900]}, log=log)

    assert said.endswith(f"...: fix it, {log.where}")
    assert "container 'web': Error: no" in said


@pytest.mark.parametrize(
    ("logs", "public", "culprit"),
    [
        ({"api": ["ok"], "web": ["Error: no"]}, "api", "web"),
        ({"api": ["Error: no"], "web": ["Error: no"]}, "web", "web"),
        ({"api": ["ok"], "web": ["ok"]}, "web", "web"),
        ({"api": [], "web": ["ok"]}, "api", "web"),
        ({"api": [], "web": []}, "web", "web"),
        ({"api": [], "web": []}, None, "api"),
        ({"api": ["[deployment:7] fatal error"], "web": ["ok"]}, "api", "web"),
        ({}, None, "?"),
    ],
)
def test_names_the_container_that_tells_of_a_failure_else_the_public_one(
    logs: dict[str, list[str]], public: str | None, culprit: str
) -> None:
    assert f"container '{culprit}'" in told(logs, public=public)
