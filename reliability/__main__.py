"""The command line of what makes the promise measurable: `python -m reliability COMMAND`."""

from __future__ import annotations

import importlib
import sys

from reliability.local_aws import leave_real_accounts

COMMANDS = {
    "faults": ("faults.command", "inject every fault into every call of every lifecycle"),
    "unknowns": ("unknowns.command", "run every lifecycle under every assumption about Lightsail"),
    "load": ("load.command", "run many stacks at once, with little room"),
    "permissions": ("permissions.command", "compare what stacks may do with what they do"),
    "fuzz": ("fuzz.command", "feed every parser with what reaches new code"),
    "builders": ("builders", "read what the image builders of this machine write"),
    "audit": ("supply_chain.audit", "look up known vulnerabilities of what is installed"),
    "licences": ("supply_chain.licences", "print the licences of what is installed"),
    "sbom": ("supply_chain.sbom", "write what the package and its function consist of"),
}


def main(arguments: list[str]) -> int:
    """Run a command, and return its exit code: 1 when something does not hold."""
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        lines = [f"  {one:13} {what}" for one, (_, what) in COMMANDS.items()]
        text = "\n".join(["usage: python -m reliability COMMAND [--help]", "", *lines, ""])
        is_help = name in ("-h", "--help")
        (sys.stdout if is_help else sys.stderr).write(text)
        return 0 if is_help else 2
    leave_real_accounts()  # before the CDK is imported
    module = importlib.import_module(f"reliability.{COMMANDS[name][0]}")
    try:
        return int(module.main(arguments[1:]))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: everything is stopped\n")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
