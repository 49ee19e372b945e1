"""Errors, and what never gets into them."""

import json

import pytest

from cdk_lightsail_containers_handler.registry.errors import (
    DigestMismatch,
    Missing,
    RegistryError,
    Rejected,
    Unauthorized,
    Unavailable,
    UploadInterrupted,
    error_of_answer,
    quoted_answer,
)


def body(code: object, message: object) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


@pytest.mark.parametrize(
    ("status", "code", "kind", "temporary"),
    [
        (401, "UNAUTHORIZED", Unauthorized, False),
        (403, "DENIED", Unauthorized, False),
        (404, "MANIFEST_UNKNOWN", Missing, False),
        (400, "DIGEST_INVALID", DigestMismatch, False),
        (400, "SIZE_INVALID", DigestMismatch, False),
        (405, "UNSUPPORTED", Rejected, False),
        (413, "", Rejected, False),
        (408, "", Unavailable, True),
        (429, "TOOMANYREQUESTS", Unavailable, True),
        (503, "", Unavailable, True),
    ],
)
def test_an_answer_becomes_the_error_of_its_kind(
    status: int, code: str, kind: type[RegistryError], temporary: bool
) -> None:
    error = error_of_answer("ghcr.io did not give it", status, body(code, "because"))

    assert type(error) is kind
    assert (error.status, error.temporary) == (status, temporary)
    assert f"({status} {code}".rstrip() in error.problem
    assert str(error).startswith(f"ghcr.io did not give it ({status}")
    assert "because" in error.problem
    assert str(error) == f"{error.problem}: {error.fix}"


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b'{"errors": []}', b'{"errors": [1]}', body(1, 2), b"[" * 100_000],
)
def test_an_answer_without_a_code_is_told_by_its_status(answer: bytes) -> None:
    assert error_of_answer("it failed", 502, answer).problem == "it failed (502)"


def test_a_code_that_is_none_is_left_out() -> None:
    assert error_of_answer("it failed", 400, body("no code", "")).problem == "it failed (400)"


def test_quotes_no_secret_no_query_no_credentials_and_no_long_word() -> None:
    text = (
        "token c2VjcmV0 refused\n at https://cdn.example/x?X-Amz-Signature=abc "
        f"https://robot:hunter2@a.io/b {'e' * 200} \x1b[31m"
    )

    assert quoted_answer(text, ["c2VjcmV0"]) == (
        "token ... refused  at https://cdn.example/x https://a.io/b ...  [31m"
    )


def test_quotes_no_more_than_a_line() -> None:
    quoted = quoted_answer("word " * 1000)

    assert 110 < len(quoted) <= 120
    assert quoted.endswith(" word ...")


def test_cuts_no_word_of_an_answer_so_that_a_password_in_it_can_be_hidden() -> None:
    said = "refused\n  correct?horse at https://robot:hunter2@a.io/b?sig=abc " + "word " * 200

    problem = error_of_answer("it failed", 403, body("DENIED", said)).problem

    assert problem.startswith("it failed (403 DENIED, refused   correct?horse at https://a.io/b ")
    assert problem.endswith(" word ...)")
    assert len(problem) < 600


def test_an_interrupted_upload_may_be_sent_again() -> None:
    assert UploadInterrupted("the session is over").temporary
    assert RegistryError("it", temporary=True).temporary
