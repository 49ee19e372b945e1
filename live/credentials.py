"""The credentials of a run: handed on, and for how long they last."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session

LASTING = timedelta(hours=2)
"""How long they had better last: a run takes about an hour, and removes what it made last."""

# Where others come from, or what says something about others.
_OTHERS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)
_FROM_VARIABLES = "env"
_OF_A_ROLE = "assume-role"


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """How long credentials last."""

    ends: datetime | None = None  # where that is known
    is_endless: bool = False  # also if they are renewed

    def told(self, now: datetime) -> str:
        """Return it in words, with a warning if that is, or may be, too short."""
        hours = f"{LASTING / timedelta(hours=1):g} hours"
        if self.is_endless:
            return "last, or are renewed as long as the login lasts"
        if self.ends is None:
            return f"are temporary, and do not tell when they end: they have to last {hours}"
        minutes = (self.ends - now) / timedelta(minutes=1)
        text = f"end at {self.ends.astimezone(UTC):%H:%M} UTC, in {minutes:.0f} minutes"
        if self.ends - now >= LASTING:
            return text
        return (
            f"{text}. THAT MAY BE TOO SOON: what is not removed by then is left.\n"
            f"            Better begin again with some that last {hours}; for a role of a profile "
            "that is\n            duration_seconds, and no more than one hour where one role "
            "assumes another"
        )


def lifetime(session: Any) -> Lifetime:
    """Return how long the credentials of a session of boto3 last; they were used before."""
    credentials = session.get_credentials()
    # botocore does not tell, so this looks; where it is called otherwise nothing is known.
    ends = getattr(credentials, "_expiry_time", None)
    if ends is None:
        return Lifetime(is_endless=not credentials.get_frozen_credentials().token)
    # botocore renews others by itself, but does not ask for a code of MFA twice:
    # https://github.com/boto/botocore/issues/1805
    is_asked_for = credentials.method == _OF_A_ROLE and _asks_for_a_code()
    is_ending = is_asked_for or credentials.method == _FROM_VARIABLES
    return Lifetime(ends=ends if is_ending else None, is_endless=not is_ending)


def _asks_for_a_code() -> bool:
    """Return whether the role of the profile, or one on the way to it, asks for a code of MFA."""
    session = botocore.session.Session()
    profiles = dict(session.full_config["profiles"])
    name = session.profile or "default"
    while name in profiles:
        profile = profiles.pop(name)  # it may be its own source
        if "role_arn" in profile and "mfa_serial" in profile:
            return True
        name = profile.get("source_profile")
    return False


def kept(session: Any) -> Any:
    """Return a session with the keys of another one, which are used to their very end.

    botocore renews keys that tell their end ten minutes before it; where it cannot, it fails then.
    """
    keys = session.get_credentials().get_frozen_credentials()
    return boto3.Session(
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
        region_name=session.region_name,
    )


def environment(session: Any) -> dict[str, str]:
    """Return the environment of a program that is to use the credentials of a session.

    It gets the keys as they are now and looks for none, for it may find others, or none: a profile
    with MFA asks, and there is no one to answer. The CDK prefers a profile to keys.
    """
    keys = session.get_credentials().get_frozen_credentials()
    given = {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_REGION": session.region_name,
    }
    if keys.token:
        given["AWS_SESSION_TOKEN"] = keys.token
    return {name: value for name, value in os.environ.items() if name not in _OTHERS} | given
