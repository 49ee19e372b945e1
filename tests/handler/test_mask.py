"""Secrets in texts that are shown."""

import json

import pytest

from cdk_lightsail_containers_handler.mask import Mask

KEY = "-----BEGIN KEY-----\nTUlJRXZ\n  aGFsZg==\n-----END KEY-----"


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("hunter22", "the password is hunter22!", "the password is ***!"),
        ("hunter22", "hunter22hunter22", "******"),
        (KEY, f"read {KEY}", "read ***"),
        (KEY, "line TUlJRXZ and aGFsZg==", "line *** and ***"),
        ('say "so"', json.dumps({"line": 'say "so"'}), '{"line": "***"}'),
        ("", "nothing", "nothing"),
        ("80", "port 80", "port 80"),
    ],
)
def test_shows_no_secret(secret: str, text: str, shown: str) -> None:
    mask = Mask()
    mask.hide(secret)

    assert mask(text) == shown


def test_leaves_nothing_of_a_secret_that_contains_another() -> None:
    mask = Mask()
    mask.hide("open")
    mask.hide("open sesame")

    assert mask("say open sesame") == "say ***"
