"""Whose account it is, and whether a run can begin there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from demo.cdk_program import CDK
from reliability import ROOT

from .credentials import Lifetime, kept, lifetime
from .mask import Mask

_BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
_POWER = "nano"


class Refusal(Exception):
    """Why nothing is begun, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account, and the Region, that the credentials are for."""

    id: str
    arn: str  # whose credentials they are
    region: str
    price: float  # what a nano container service costs there, USD a month
    session: Any = field(repr=False)
    lasting: Lifetime

    def mask(self) -> Mask:
        """Return what takes the account, its caller and this machine out of strings."""
        mask = Mask()
        mask.add(self.id, "account")
        mask.add(self.arn, "caller")
        # A user's name, or the one of a role's session, which often is a person's email address.
        _, _, name = self.arn.rpartition("/")
        mask.add_word(name if "/" in self.arn else "", "caller")
        mask.add(str(ROOT), "checkout")
        home = Path.home()
        mask.add(str(home) if home.name else "", "home")
        return mask

    def client(self, service: str) -> Any:
        """Return a client that repeats nothing by itself for Lightsail, and as usual otherwise."""
        if service == "lightsail":
            retries = {"total_max_attempts": 1}
            return self.session.client(service, config=Config(retries=retries, read_timeout=60))
        return _client(self.session, service)


def find_account() -> Account:
    """Return the account that the environment's credentials are for.

    Raises:
        Refusal: there are none that work, or something is missing that a run needs.
    """
    session = _session()
    caller = _caller(session)
    lasting = lifetime(session)
    if lasting.ends is not None:
        session = kept(session)
    return Account(
        id=caller["Account"],
        arn=caller["Arn"],
        region=session.region_name,
        price=_price(session),
        session=session,
        lasting=lasting,
    )


def check_tools(account: Account, command: Path = CDK) -> int:
    """Check that the CDK can deploy to the account, and return the version of its bootstrap.

    Raises:
        Refusal: its command line or its bootstrap is missing.
    """
    if not command.exists():
        raise Refusal("the CDK command line is not installed here: run `npm ci`, or `make live`")
    ssm = account.client("ssm")
    with _or_refuse("the CDK's bootstrap could not be looked up"):
        try:
            return int(ssm.get_parameter(Name=_BOOTSTRAP)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound as error:
            raise Refusal(
                "the CDK's bootstrap is missing in this account and Region: run "
                f"`npx cdk bootstrap aws://{account.id}/{account.region}` first"
            ) from error


def _session() -> Any:
    with _or_refuse("the profile cannot be used"):
        # boto3 by itself reads AWS_DEFAULT_REGION alone, and the CDK this one first.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    if not session.region_name:
        raise Refusal("no Region is set: set AWS_REGION, such as AWS_REGION=eu-central-1")
    return session


def _client(session: Any, service: str) -> Any:
    return session.client(service, config=Config(retries={"mode": "standard"}))


def _caller(session: Any) -> dict[str, str]:
    refused = "AWS does not take the credentials, log in again"
    with _or_refuse("the credentials could not be used", by_aws=refused):
        try:
            return dict(_client(session, "sts").get_caller_identity())
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise Refusal(
                "no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY"
            ) from error


def _price(session: Any) -> float:
    """Return what the power costs now, which Lightsail tells every account."""
    lost = f"Lightsail was not reached in {session.region_name}, which may not have it"
    with _or_refuse(lost, by_aws="Lightsail did not tell its prices"):
        powers = _client(session, "lightsail").get_container_service_powers()["powers"]
        return float(next(one["price"] for one in powers if one["name"] == _POWER))


@contextmanager
def _or_refuse(otherwise: str, *, by_aws: str = "") -> Iterator[None]:
    """Refuse for what AWS answers, or for what came of it otherwise."""
    try:
        yield
    except ClientError as error:
        told = error.response["Error"]
        what = f"{told.get('Code')}: {told.get('Message')}"
        raise Refusal(f"{by_aws or otherwise}: {what}") from error
    except (BotoCoreError, ValueError) as error:
        raise Refusal(f"{otherwise}: {error}") from error
