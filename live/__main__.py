"""`make live`: settle the unknowns of Lightsail, and try the product, in a real account.

It tells beforehand what it makes and costs, asks for a yes, and removes everything at the end,
also when it is interrupted. Credentials and Region are those of the environment, as for every
program of AWS: AWS_PROFILE or keys, and AWS_REGION.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, cast

from botocore.exceptions import BotoCoreError, ClientError
from demo.screen import Screen
from reliability import ROOT

from . import interruption
from .account import Account, Refusal, check_tools, find_account
from .answers import command
from .clean_up import CleanUp, Left, find_runs
from .document import document
from .lasting_output import LastingOutput
from .lightsail import CallFailed, Lightsail
from .names import Names
from .plan import ask, plan
from .run import Run
from .stack import RunStack
from .waiting import Waiting

_REPORT = Path("docs") / "live-service.md"
_INTERRUPTED = 130
_AGAIN = "python -m live --clean-up"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with its arguments, by default the process's own.

    The exit code is 0 when all came out as it should, 1 when not, or after a no, 2 when it could
    not begin, 130 after an interruption.
    """
    options = _parser().parse_args(arguments)
    # Also when the terminal is closed: then there is no one to tell, and everything to remove.
    interruption.listen()
    with redirect_stdout(cast("TextIO", LastingOutput(sys.stdout))):
        return _main(options)


def _main(options: argparse.Namespace) -> int:
    screen = Screen()
    try:
        account = find_account()
        if options.clean_up:
            return _clean_up(account, screen, is_yes=options.yes)
        bootstrap = check_tools(account)
        names = Names()
        print(plan(account, names, str(options.report), datetime.now(UTC)))
        if not options.yes and not ask("Type yes to go on: "):
            print("Nothing was made.")
            return 1
    except (Refusal, CallFailed, ClientError, BotoCoreError) as refusal:
        sys.stderr.write(f"make live: {refusal}\n")
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted." if options.clean_up else "\nNothing was made.")
        return _INTERRUPTED
    return _run(Run(account, names, screen, bootstrap), options.report)


def _run(run: Run, report: Path) -> int:
    is_done = is_interrupted = False
    try:
        try:
            run.work()
            is_done = True  # so its answers are reported, also if the removal is stopped
            interruption.ignore_all_but_ctrl_c()
            interruption.check()
            run.remove()
        except KeyboardInterrupt:
            is_interrupted = True
            interruption.forget()
            print("\nInterrupted: everything is removed now. Ctrl-C again stops that, too.")
            run.remove()
    except Refusal as refusal:
        sys.stderr.write(f"make live: {refusal}\n")
        print("Nothing was made.")
        return 2
    except KeyboardInterrupt:
        is_interrupted = True
    # After any error, the user has to know what is left.
    except Exception:  # noqa: BLE001
        traceback.print_exc()
    interruption.ignore_ctrl_c()
    _tell_left(run.findings.left)
    if is_done:
        _write(run, report)
    if is_interrupted:
        return _INTERRUPTED
    return 0 if run.is_right else 1


def _write(run: Run, report: Path) -> None:
    """Write the report of a run that was not interrupted in its work."""
    if run.findings.failure:
        print(f"The run ended early: {run.findings.failure}")
    text = document(run.findings, run.mask)
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(text)
        print(f"The report is in {report}. A local cloud that behaves so:")
    except OSError as error:
        print(f"The report could not be written ({error}), so here it is:\n\n{text}")
    print(f"  {command(run.findings.answers.values())}")


def _clean_up(account: Account, screen: Screen, *, is_yes: bool) -> int:
    """Remove what earlier runs have left in the account and Region."""
    lightsail = Lightsail(account.client("lightsail"), Waiting())
    cloudformation = account.client("cloudformation")
    logs = account.client("logs")
    runs = find_runs(lightsail, cloudformation, logs)
    if not runs:
        print(f"Nothing of an earlier run is in {account.id}, {account.region}.")
        return 0
    for run, services in runs.items():
        shown = ", ".join(services) or "none"
        print(f"  of {run}: its stack and log groups, and the services {shown}")
    if not is_yes and not ask(f"Type yes to remove them from {account.id}, {account.region}: "):
        return 1
    clean_ups = {
        run: CleanUp(
            stack=RunStack(run, cloudformation, lightsail.waiting),
            services=services,
            lightsail=lightsail,
            logs=logs,
            region=account.region,
            doing=screen.doing,
        )
        for run, services in runs.items()
    }
    left = {run: clean_up.everything() for run, clean_up in clean_ups.items()}
    interruption.ignore_all_but_ctrl_c()
    try:
        for run, clean_up in clean_ups.items():
            with screen.step(f"Remove what {run} has left"):
                left[run] = clean_up.run()
    finally:
        interruption.ignore_ctrl_c()
        _tell_left([one for of_run in left.values() for one in of_run])
    return 1 if any(left.values()) else 0


def _tell_left(left: Sequence[Left]) -> None:
    if not left:
        print("Nothing is left: no stack, no container service, no image, no log group.")
        return
    print("These are left, or may be. A container service costs until it is deleted:")
    for one in left:
        print(f"  {one.what}\n    {one.command}")
    print(f"or all of it: {_AGAIN}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--yes", action="store_true", help="go on without being asked")
    parser.add_argument(
        "--report",
        type=Path,
        default=ROOT / _REPORT,
        metavar="PATH",
        help=f"where the report goes (default: {_REPORT})",
    )
    parser.add_argument(
        "--clean-up",
        action="store_true",
        help="only remove what an earlier run has left in the account and Region",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
