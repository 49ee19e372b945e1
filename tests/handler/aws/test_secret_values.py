"""Values of secrets on their way into a container's environment."""

import json
import logging
from typing import Any

import pytest

from deployment_requests import FakeSecrets, deployment
from stack_requests import Stack

SECRET = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:db-a1b2c3"
USER = "arn:aws:sts::123456789012:assumed-role/Shop-HandlerRole/Shop-Handler"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1f6a"
PASSWORD = "hunter22-of-the-database"
DOCUMENT = '{"password": "' + PASSWORD + '", "port": 5432, "empty": ""}'


def environment(stack: Stack, secrets: FakeSecrets, **wanted: dict[str, str]) -> dict[str, str]:
    """Deploy a container with secrets, and return the environment that it came to have."""
    stack.clients["secretsmanager"] = stack.clients["ssm"] = secrets
    answer = stack.send(deployment("Create", stack, Secrets=wanted))
    assert answer["Status"] == "SUCCESS", answer
    (service,) = stack.client().get_container_services(serviceName="shop")["containerServices"]
    found: dict[str, str] = service["currentDeployment"]["containers"]["web"]["environment"]
    return found


def failure(stack: Stack, secrets: FakeSecrets, **wanted: dict[str, str]) -> str:
    stack.clients["secretsmanager"] = stack.clients["ssm"] = secrets
    answer = stack.send(deployment("Create", stack, Secrets=wanted))
    assert answer["Status"] == "FAILED"
    return str(answer["Reason"])


def test_fill_the_environment_beside_what_is_no_secret(stack: Stack) -> None:
    secrets = FakeSecrets(**{SECRET: DOCUMENT, "/shop/token": "token-of-the-shop"})

    found = environment(
        stack,
        secrets,
        PASSWORD={"SecretArn": SECRET, "Field": "password"},
        PORT={"SecretArn": SECRET, "Field": "port"},
        ALL={"SecretArn": SECRET},
        TOKEN={"ParameterName": "/shop/token"},
    )

    assert found == {
        "MODE": "live",
        "PASSWORD": PASSWORD,
        "PORT": "5432",
        "ALL": DOCUMENT,
        "TOKEN": "token-of-the-shop",
    }
    assert sorted(secrets.reads) == sorted([SECRET, "/shop/token"])


def test_that_no_time_is_left_for_are_read_by_the_next_deploy(stack: Stack) -> None:
    stack.seconds = 29
    secrets = FakeSecrets(**{SECRET: DOCUMENT})

    told = failure(stack, secrets, PASSWORD={"SecretArn": SECRET})

    assert "could not be read (no time was left): deploy again" in told
    assert secrets.reads == []


def test_that_have_changed_are_deployed_by_an_update(stack: Stack) -> None:
    secrets = FakeSecrets(**{SECRET: "the first one"})
    environment(stack, secrets, PASSWORD={"SecretArn": SECRET})
    secrets.secrets[SECRET] = "the second one"

    update = deployment("Update", stack, Secrets={"PASSWORD": {"SecretArn": SECRET}})

    assert stack.send(update)["Data"]["DeploymentVersion"] == "2"


def test_are_read_again_while_a_permission_is_on_its_way(stack: Stack) -> None:
    secrets = FakeSecrets(**{SECRET: PASSWORD})
    secrets.refusals = ["AccessDeniedException"] * 3

    assert environment(stack, secrets, A={"SecretArn": SECRET})["A"] == PASSWORD


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"SecretArn": "gone"}, "the secret gone could not be read (ResourceNotFoundException)"),
        ({"ParameterName": "/gone"}, "the parameter /gone could not be read"),
        ({"SecretArn": SECRET, "Field": "user"}, "is no JSON with a field 'user'"),
        ({"SecretArn": "text", "Field": "user"}, "is no JSON with a field 'user'"),
        ({"SecretArn": "binary"}, "the secret binary is binary: store it as text"),
    ],
    ids=str,
)
def test_that_cannot_be_read_are_named(stack: Stack, wanted: dict[str, str], said: str) -> None:
    told = failure(
        stack, FakeSecrets(**{SECRET: DOCUMENT, "text": PASSWORD, "binary": None}), A=wanted
    )

    assert said in told
    assert PASSWORD not in told
    assert stack.calls("CreateContainerServiceDeployment") == 0


@pytest.mark.parametrize(
    ("wanted", "code", "words", "said"),
    [
        (
            {"SecretArn": SECRET},
            "InvalidRequestException",
            ("You can't perform this operation on the secret because it was marked for deletion."),
            (
                f"the secret {SECRET} could not be read (InvalidRequestException): You can't "
                "perform this operation on the secret because it was marked for deletion: restore "
                "it if it is scheduled for deletion, or name another one"
            ),
        ),
        (
            {"ParameterName": "/shop/token:9"},
            "ParameterVersionNotFound",
            "Systems Manager could not find version 9 of /shop/token.",
            (
                "the parameter /shop/token:9 could not be read (ParameterVersionNotFound): Systems "
                "Manager could not find version 9 of /shop/token: name a version that exists"
            ),
        ),
        (
            {"ParameterName": "/shop/token"},
            "AccessDeniedException",
            f"User: {USER} is not authorized to perform: kms:Decrypt on resource: {KEY}",
            (
                "the parameter /shop/token could not be read (AccessDeniedException): User: "
                f"{USER} is not authorized to perform: kms:Decrypt on resource: {KEY}: allow the "
                "function's role to read it and to use its key"
            ),
        ),
        (
            {"SecretArn": SECRET},
            "DecryptionFailure",
            "",
            (
                f"the secret {SECRET} could not be read (DecryptionFailure): check that its key "
                "is enabled and that the function's role may use it"
            ),
        ),
        (
            {"SecretArn": SECRET},
            "InvalidSignatureException",
            "The Canonical String is\n\x1b[1m'POST\nx-amz-security-token:IQoJ/b3+JpZ2lu\n'",
            (
                f"the secret {SECRET} could not be read (InvalidSignatureException): The Canonical "
                "String is 'POST x-amz-security-token:*** ': check that it exists, and that the "
                "function's role may read it and use its key"
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalpha() else "",
)
def test_that_are_refused_are_told_in_awss_words(
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    wanted: dict[str, str],
    code: str,
    words: str,
    said: str,
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "IQoJ/b3+JpZ2lu")
    secrets = FakeSecrets()
    secrets.refusals, secrets.words = [code] * 99, words

    assert failure(stack, secrets, A=wanted) == said
    assert "IQoJ" not in caplog.text


def test_that_are_refused_at_length_end_with_the_fix(stack: Stack) -> None:
    secrets = FakeSecrets()
    secrets.refusals, secrets.words = ["DecryptionFailure"], "ü" * 2000

    told = failure(stack, secrets, A={"SecretArn": SECRET})

    assert len(json.dumps(told)) <= 802
    assert told.endswith(
        "ü...: check that its key is enabled and that the function's role may use it"
    )


def test_that_are_throttled_for_long_are_told_within_a_minute(stack: Stack) -> None:
    secrets = FakeSecrets(**{SECRET: PASSWORD})
    secrets.refusals = ["ThrottlingException"] * 1000
    began = stack.time.now

    assert "could not be read (ThrottlingException)" in failure(
        stack, secrets, A={"SecretArn": SECRET}
    )
    assert stack.time.now - began < 90


def test_are_in_no_line_of_the_log(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="cdk_lightsail_containers_handler")
    secrets = FakeSecrets(**{SECRET: DOCUMENT})

    environment(stack, secrets, A={"SecretArn": SECRET, "Field": "password"})

    ours: list[Any] = [one for one in caplog.records if one.name.startswith("cdk_lightsail")]
    assert ours
    assert not [one for one in ours if PASSWORD in one.getMessage()]
