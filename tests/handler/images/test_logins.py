"""The credentials that a source's registry asks for."""

import json
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
)

import fake_registry
import oci_images
from fake_registry import PASSWORD, USERNAME, FakeRegistry
from image_requests import LAYERS, create, refusal
from stack_requests import Stack

SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:registry-a1b2c3"

pytestmark = pytest.mark.behaviour(missing_digest="refused")


class Secrets:
    """AWS Secrets Manager with one secret."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's
        assert SecretId == SECRET
        if self._text is None:
            error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(error, "GetSecretValue")
        return {"SecretString": self._text}


class TestCredentials:
    @pytest.mark.parametrize("login", ["basic", "bearer"])
    @pytest.mark.parametrize(
        "text",
        [
            json.dumps({"username": USERNAME, "password": PASSWORD, "more": 1}),
            f"{USERNAME}:{PASSWORD}\n",
        ],
    )
    def test_come_from_the_secret(
        self, stack: Stack, source: FakeRegistry, login: Any, text: str
    ) -> None:
        source.login = login
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        stack.clients["secretsmanager"] = Secrets(text)

        assert create(stack, source, secret=SECRET)["Data"]["ImageDigest"] == made.digest

    @pytest.mark.parametrize("text", ["", "token", "[1]", '{"username": "robot"}', ":", "null"])
    def test_that_are_none_are_refused_by_name_and_not_shown(
        self, stack: Stack, source: FakeRegistry, text: str
    ) -> None:
        source.login = "basic"
        stack.clients["secretsmanager"] = Secrets(text)

        assert refusal(create(stack, source, secret=SECRET)) == (
            f'the secret {SECRET} holds no credentials: make it JSON with "username" and "password"'
        )

    def test_that_may_not_be_read_say_so(self, stack: Stack, source: FakeRegistry) -> None:
        source.login = "basic"
        stack.clients["secretsmanager"] = Secrets(None)

        assert "could not be read (AccessDeniedException)" in refusal(
            create(stack, source, secret=SECRET)
        )

    def test_that_are_missing_say_so(self, stack: Stack, source: FakeRegistry) -> None:
        source.login = "basic"

        assert "401" in refusal(create(stack, source))

    def test_are_in_no_log_and_in_no_answer(
        self, stack: Stack, source: FakeRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        source.login = "bearer"
        source.add(oci_images.image(*LAYERS), "1")
        stack.clients["secretsmanager"] = Secrets(f"{USERNAME}:{PASSWORD}")

        create(stack, source, secret=SECRET)
        stack.clients["secretsmanager"] = Secrets(f"{USERNAME}:wrong-horse")
        create(stack, source, "web:2", secret=SECRET)

        said = caplog.text + b"".join(stack.response.bodies).decode()
        secrets = [PASSWORD, "wrong-horse", fake_registry.BASIC, "Bearer", "token-0"]
        assert not [secret for secret in secrets if secret in said]
