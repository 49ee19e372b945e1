"""Values of secrets on their way into a container's environment."""

import logging
from typing import Any

import pytest

from deployment_requests import FakeSecrets, deployment
from stack_requests import Stack

SECRET = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:db-a1b2c3"
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
    ],
    ids=str,
)
def test_that_cannot_be_read_are_named(stack: Stack, wanted: dict[str, str], said: str) -> None:
    told = failure(stack, FakeSecrets(**{SECRET: DOCUMENT, "text": PASSWORD}), A=wanted)

    assert said in told
    assert PASSWORD not in told
    assert stack.calls("CreateContainerServiceDeployment") == 0


def test_that_are_throttled_for_long_are_told_within_a_minute(stack: Stack) -> None:
    secrets = FakeSecrets(**{SECRET: PASSWORD})
    secrets.refusals = ["ThrottlingException"] * 1000
    began = stack.time.now

    assert "could not be read (ThrottlingException)" in failure(
        stack, secrets, A={"SecretArn": SECRET}
    )
    assert stack.time.now - began < 90


def test_of_bytes_alone_are_empty(stack: Stack) -> None:
    assert environment(stack, FakeSecrets(**{SECRET: None}), A={"SecretArn": SECRET})["A"] == ""


def test_are_in_no_line_of_the_log(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="cdk_lightsail_containers_handler")
    secrets = FakeSecrets(**{SECRET: DOCUMENT})

    environment(stack, secrets, A={"SecretArn": SECRET, "Field": "password"})

    ours: list[Any] = [one for one in caplog.records if one.name.startswith("cdk_lightsail")]
    assert ours
    assert not [one for one in ours if PASSWORD in one.getMessage()]
