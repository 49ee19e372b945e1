"""What is shown before anything is made, and the yes to it."""

from __future__ import annotations

import sys
from datetime import datetime

from .account import Account, Refusal
from .names import Names

_HOURS_A_MONTH = 730
_SERVICES = 2
_LONGEST_HOURS = 4
_PRICES = "https://aws.amazon.com/lightsail/pricing/"


def plan(account: Account, names: Names, report: str, now: datetime) -> str:
    """Return what a run makes, costs, takes and leaves."""
    hourly = account.price / _HOURS_A_MONTH
    least, most = (hourly * _SERVICES * hours for hours in (1, _LONGEST_HOURS))
    return f"""\
This makes real things in a real AWS account.

  account   {account.id}, as {account.arn}
  Region    {account.region}
  makes     a container service {names.run}, nano, that is asked what AWS does not document;
            a stack {names.run} with another one, {names.web}, a function, its role and
            its log group: created, updated, updated to a version that fails, destroyed
  costs     about {least:.2f} USD, and {most:.2f} USD if it takes {_LONGEST_HOURS} hours: two
            container services, nano, at {account.price:g} USD a month each, by the hour, as
            Lightsail tells its prices now ({_PRICES});
            the function, its log and the CDK's bucket less than a cent
  takes     about an hour, most of it waiting for Lightsail
  with      credentials that {account.lasting.told(now)}
  removes   all of it at the end, also when it fails or is interrupted with Ctrl-C, and then looks
            whether something is left; a few kB stay in the bucket of the CDK's bootstrap
  writes    {report}, without the account's number
"""


def ask(question: str) -> bool:
    """Return whether `yes` was typed.

    Raises:
        Refusal: there is no terminal to type it in.
    """
    if not sys.stdin.isatty():
        raise Refusal("there is no terminal to ask in: run it in one, or with --yes")
    try:
        return input(question).strip() == "yes"
    except EOFError:
        return False
