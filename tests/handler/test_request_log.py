"""What a line of the function's log shows, and in which order."""

import json
import logging
from typing import Any

import pytest

from cdk_lightsail_containers_handler.request_log import RequestLog, log_bare_lines

EVENT = {
    "RequestType": "Update",
    "LogicalResourceId": "Deployment9D742C96",
    "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop/7e2f",
    "RequestId": "3c4f",
    "ResponseURL": "https://s3.amazonaws.com/answer?X-Amz-Signature=1f6a&X-Amz-Expires=7200",
}
IDS = {"type": "Update", "resource": "Deployment9D742C96", "stack": "Shop", "request": "3c4f"}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> RequestLog:
    caplog.set_level(logging.INFO)
    return RequestLog(EVENT, lambda: 1.0)


def line(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(caplog.records[-1].getMessage())
    return shown


def test_has_the_step_and_its_facts_first_and_the_ids_last(
    log: RequestLog, caplog: pytest.LogCaptureFixture
) -> None:
    log("container log", line="Error: no", container="web")

    assert caplog.records[-1].getMessage() == (
        '{"step": "container log", "line": "Error: no", "container": "web", "ms": 0, '
        '"type": "Update", "resource": "Deployment9D742C96", "stack": "Shop", "request": "3c4f"}'
    )


def test_shows_no_secret_in_any_fact_and_keeps_its_own_words(
    log: RequestLog, caplog: pytest.LogCaptureFixture
) -> None:
    for secret in ('pa"ss\\wo"rd', "step", "Update", "Shop", "shop", "true", "text"):
        log.mask.hide(secret)
    quoted = json.dumps({"P": 'pa"ss\\wo"rd'})

    log("step", text=quoted, of=[quoted, {"step": (quoted, 1)}], image=":shop.web.1", text2=True)

    assert line(caplog) == {
        "step": "step",
        "text": '{"P": "***"}',
        "of": ['{"P": "***"}', {"step": ['{"P": "***"}', 1]}],
        "image": ":shop.web.1",
        "text2": True,
        "ms": 0,
        **IDS,
    }


def test_shows_neither_the_functions_own_keys_nor_what_signs_the_answers_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2Vj/of+the=role")
    log = RequestLog(EVENT, lambda: 1.0)

    log("call failed", text="x-amz-security-token:IQoJb3JpZ2luX2Vj%2Fof%2Bthe%3Drole\nhost:a")
    log("unexpected", traceback=f"in {EVENT['ResponseURL']}")

    assert "IQoJ" not in caplog.text
    assert line(caplog)["traceback"] == "in https://s3.amazonaws.com/answer?***"


def test_is_deleted_with_a_stack_whose_creation_fails(
    log: RequestLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = RequestLog({**EVENT, "RequestType": "Create"}, lambda: 1.0)

    assert (log.is_kept, log.where) == (True, "its log is in the log of the function")
    monkeypatch.setenv("AWS_LAMBDA_LOG_GROUP_NAME", "Shop-Log")
    assert log.where == "its log is in log group Shop-Log"
    assert not created.is_kept
    assert created.where == "deploy with --no-rollback to keep the log"


@pytest.mark.parametrize("stack", [None, 7, "Shop"])
def test_shows_what_is_given_for_a_stack(stack: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    RequestLog({"StackId": stack}, lambda: 1.0)("began")

    assert line(caplog)["stack"] == stack


class LambdaHandler(logging.Handler):
    """What AWS Lambda's runtime gives the root logger, which writes no line feed of its own."""


class JsonFormatter(logging.Formatter):
    """What it has when the function logs JSON."""


@pytest.mark.parametrize(
    ("handler", "formatter", "shown"),
    [
        (LambdaHandler(), logging.Formatter("[%(levelname)s]\t%(message)s\n"), "{}\n"),
        (LambdaHandler(), JsonFormatter('"%(message)s"'), '"{}"'),
        (logging.StreamHandler(), logging.Formatter("of a test: %(message)s"), "of a test: {}"),
    ],
)
def test_of_aws_lambda_has_no_time_and_id_before_a_line(
    handler: logging.Handler, formatter: logging.Formatter, shown: str
) -> None:
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    try:
        log_bare_lines()
    finally:
        logging.getLogger().removeHandler(handler)

    assert handler.format(logging.makeLogRecord({"msg": "{}"})) == shown
