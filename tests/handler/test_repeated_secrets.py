"""A secret that AWS or a registry repeats in its words leaves the function nowhere.

What leaves it: the answer, the log, the hand-over, and the error that ends an invocation.
"""

import json
import logging
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError

import fake_registry
import registry_faults
from cdk_lightsail_containers_handler.errors import HandlerError
from deployment_requests import FakeLambda, FakeSecrets, deployment
from fake_registry import FakeRegistry
from lightsail_local.server import Fault
from registry_faults import errors
from stack_requests import Stack

ARN, OTHER = (f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}" for name in ("a", "b"))
SECRET = 'Xq7#vZ"k?W/2jR+ Gh\\8pQm'
FORMS = {
    "as it is": SECRET,
    "in JSON": json.dumps(SECRET)[1:-1],
    "in JSON in JSON": json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
    "in a URL": quote(SECRET, safe=""),
    "in a form": quote_plus(SECRET),
    "in Unicode escapes": "".join(f"\\u{ord(letter):04x}" for letter in SECRET),
}
SECRETS = {"PASSWORD": {"SecretArn": ARN}}
IN_DOUBT = "CreateContainerServiceDeployment"
PIECE = 5


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def written(request: pytest.FixtureRequest) -> str:
    """The secret, as it is or escaped."""
    return str(request.param)


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.fixture
def source() -> Iterator[FakeRegistry]:
    with fake_registry.fake_registry(login="basic") as registry:
        yield registry


def check(left: str, written: str = SECRET) -> None:
    """Check that no piece of the secret is in what has left, and that its place is shown."""
    for form in (SECRET, written):
        pieces = {form[at : at + PIECE] for at in range(len(form) - PIECE + 1)}
        assert not [piece for piece in pieces if piece in left]
    assert "***" in left


def reason(stack: Stack, caplog: pytest.LogCaptureFixture, written: str = SECRET) -> str:
    """Return the reason of the only answer, and check it and the log."""
    answer = stack.response.answers[-1]
    assert answer["Status"] == "FAILED"
    check(answer["Reason"], written)
    check(caplog.text, written)
    return str(answer["Reason"])


def deploy(stack: Stack, **changes: Any) -> None:
    stack.clients["secretsmanager"] = FakeSecrets(**{ARN: SECRET})
    event = deployment("Create", stack, Secrets=SECRETS, **changes)
    stack.handler(event, stack.context())


@pytest.mark.parametrize("code", ["InvalidInputException", "AccountSetupException"])
def test_by_lightsail(
    stack: Stack, caplog: pytest.LogCaptureFixture, code: str, written: str
) -> None:
    fault = Fault(operation=IN_DOUBT, code=code, message=f"PASSWORD={written} is bad.", times=9)
    stack.lightsail.faults.append(fault)

    deploy(stack)

    assert "PASSWORD=*** is bad: " in reason(stack, caplog, written)


@pytest.mark.parametrize("written", [SECRET, FORMS["in a URL"]])
def test_by_lightsail_where_the_sentence_is_cut(
    stack: Stack, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    for before in range(80, 140, 7):
        message = f"{'-' * before} {written} and more of it {'-' * 99}"
        stack.lightsail.faults[:] = [
            Fault(operation=IN_DOUBT, code="InvalidInputException", message=message, times=9)
        ]

        deploy(stack)

        answer = stack.response.answers[-1]["Reason"]
        assert len(answer) > 200
        check(f"{answer}***", written)
    check(caplog.text, written)


class Quoting(FakeSecrets):
    """AWS Secrets Manager, whose second secret cannot be read."""

    def __init__(self, error: Exception) -> None:
        super().__init__(**{ARN: SECRET})
        self.error = error

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        if SecretId == OTHER:
            raise self.error from ValueError(*self.error.args)
        return super().get_secret_value(SecretId)


@pytest.mark.parametrize(
    "kind", ["of AWS", "of botocore", "not understood", "unexpected", "unexpected and quoted"]
)
def test_while_another_secret_is_read(
    stack: Stack, caplog: pytest.LogCaptureFixture, kind: str, written: str
) -> None:
    error: dict[str, Exception] = {
        "of AWS": ClientError({"Error": {"Code": "X", "Message": f"at\n{written}"}}, "Read"),
        "of botocore": ParamValidationError(report=f"at\n{written}"),
        "not understood": ValueError(f"no {written}"),
        "unexpected": AssertionError(f"no {written}"),
        "unexpected and quoted": OSError(5, "no", written),
    }
    stack.clients["secretsmanager"] = Quoting(error[kind])
    secrets = {**SECRETS, "TOKEN": {"SecretArn": OTHER}}

    stack.handler(deployment("Create", stack, Secrets=secrets), stack.context())

    assert "***" in reason(stack, caplog, written)


def test_in_the_refusal_of_a_hand_over(
    stack: Stack, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    refusal = {"Error": {"Code": "AccessDeniedException", "Message": f"no {written}"}}
    stack.clients["lambda"] = FakeLambda(ClientError(refusal, "Invoke"))
    stack.lightsail.behaviour.deployment_seconds = 1000
    stack.seconds = 60

    deploy(stack)

    assert "hand over to itself (AccessDeniedException): no ***: " in reason(stack, caplog, written)


def test_in_the_state_of_the_service_that_is_handed_over(
    stack: Stack, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    lightsail = boto3.client("lightsail", endpoint_url=stack.lightsail.url)
    detail = {"code": "UNKNOWN_ERROR", "message": f"PASSWORD={written}"}
    lightsail.meta.events.register(
        "after-call.lightsail.GetContainerServices",
        lambda parsed, **_: parsed["containerServices"][0].update(stateDetail=detail),
    )
    stack.clients["lightsail"] = lightsail
    stack.handler = stack.new_handler()
    invoked = stack.clients["lambda"] = FakeLambda()
    stack.lightsail.behaviour.deployment_seconds = 100
    stack.lightsail.behaviour.failing_images["nginx:1"] = "crash"
    stack.seconds = 60

    deploy(stack)
    check(json.dumps(invoked.payloads), written)
    stack.seconds = 300
    stack.handler(invoked.payloads[0], stack.context())

    assert "failed (UNKNOWN_ERROR: PASSWORD=***), " in reason(stack, caplog, written)


def ended(stack: Stack, event: dict[str, Any]) -> str:
    """Return what a runtime can log of the error that ends an invocation."""
    with pytest.raises(HandlerError) as caught:
        stack.handler(event, stack.context())
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def test_while_it_is_in_doubt(stack: Stack, caplog: pytest.LogCaptureFixture, written: str) -> None:
    stack.clients["secretsmanager"] = FakeSecrets(**{ARN: SECRET})
    refusal = {"Error": {"Code": "AccessDeniedException", "Message": f"no {written}"}}
    stack.clients["lambda"] = FakeLambda(ClientError(refusal, "Invoke"))
    words = f"no {written}"
    read = Fault(operation="GetContainerServiceDeployments", code="X", message=words, times=999)
    stack.before[IN_DOUBT] = lambda: stack.lightsail.faults.append(read)
    stack.lightsail.faults.append(Fault(operation=IN_DOUBT, kind="reset_after"))

    error = ended(stack, deployment("Create", stack, Secrets=SECRETS))

    check(f"{error}***", written)
    check(caplog.text, written)
    assert '"step": "left unanswered"' in caplog.text
    assert stack.response.answers == []


def test_while_what_was_made_is_taken_back(
    stack: Stack,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    written: str,
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)

    def refuse() -> None:
        stack.lightsail.behaviour.service_seconds = 10_000
        stack.client().update_container_service(serviceName="shop", power="micro")
        stack.lightsail.faults.append(
            Fault(
                operation="DeleteContainerImage",
                code="InvalidInputException",
                message=f"no {written}",
                times=999,
            )
        )

    stack.before["RegisterContainerImage"] = lambda: stack.becomes("ROLLBACK_IN_PROGRESS")
    stack.response.on_answer = refuse

    error = ended(stack, stack.request("Create"))

    check(f"{error}***", written)
    check(caplog.text, written)
    assert '"step": "not taken back"' in caplog.text


def from_source(stack: Stack, source: FakeRegistry) -> None:
    login = json.dumps({"username": fake_registry.USERNAME, "password": SECRET})
    stack.clients["secretsmanager"] = FakeSecrets(**{ARN: login})
    place = {"Image": f"{source.host}/web:1", "CredentialsSecretArn": ARN}
    stack.handler(stack.request("Create", Digest=None, Source=place), stack.context())


def test_by_a_registry(
    stack: Stack, source: FakeRegistry, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    source.fail("GET .*/manifests/", registry_faults.status(401, {"WWW-Authenticate": "Basic"}))
    source.fail("GET .*/manifests/", errors(403, "DENIED", f"you are {written}"), times=99)

    from_source(stack, source)

    answer = stack.response.answers[-1]["Reason"]
    # A word that is too long may be a token.
    assert f"(403 DENIED, you are {'***' if len(written) < 80 else '...'})" in answer
    check(f"{answer}{caplog.text}***", written)


@pytest.mark.parametrize("written", [SECRET, FORMS["in a URL"]])
def test_by_a_registry_where_its_words_are_cut(
    stack: Stack, source: FakeRegistry, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    source.basic = "Basic none"
    for before in (*range(40, 160, 9), *range(485, 512, 3)):
        words = f"{'no ' * (before // 3)}{written} and more {'of it ' * 99}"
        source.faults.clear()
        source.fail("GET .*/manifests/", registry_faults.status(401, {"WWW-Authenticate": "Basic"}))
        source.fail("GET .*/manifests/", errors(403, "DENIED", words), times=99)

        from_source(stack, source)

        check(f"{stack.response.answers[-1]['Reason']}***", written)
    check(f"{caplog.text}***", written)
