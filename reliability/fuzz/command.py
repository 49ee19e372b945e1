"""Fuzz one target after the other, for so many seconds each; what fails is kept and told.

python -m reliability fuzz [TARGET ...] [--seconds N] [--keep]
python -m reliability fuzz TARGET --repeat FILE
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from reliability import ROOT
from reliability.report import table, write_section

from .wire_targets import ALL

CORPUS = Path(__file__).with_name("corpus")
_LONGEST = {"archive": 6000}
_LONGEST_OTHERS = 2000
_DONE = re.compile(r"Done (\d+) runs")


def main(arguments: list[str]) -> int:
    """Fuzz, and return 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m reliability fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(sorted(ALL)))
    parser.add_argument("--seconds", type=int, default=20, help="for each target, 20 by default")
    parser.add_argument("--keep", action="store_true", help="keep what reaches code that is new")
    parser.add_argument("--write", action="store_true", help="put the table into the document")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="give a target this alone")
    given = parser.parse_args(arguments)
    names = given.targets or sorted(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        parser.error(f"there is no target {unknown[0]!r}")
    if given.repeat:
        for name in names:
            ALL[name](given.repeat.read_bytes())
        return 0
    rows = [_Fuzzing(name).run(given.seconds, given.keep) for name in names]
    made = table([("target", "inputs kept", "runs", "findings"), *rows])
    print(made)
    if given.write:
        write_section("hostile", made)
    return int(any(row[-1] for row in rows))


class _Fuzzing:
    """The fuzzing of one target, in processes of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
        self._new, self._kept = self._folder / "corpus", CORPUS / name
        self._new.mkdir()
        self._kept.mkdir(parents=True, exist_ok=True)
        self._command = self._folder / "command"
        command = shlex.join([sys.executable, "-m", "reliability.fuzz.one", name])
        self._command.write_text(f'#!/bin/sh\nexec {command} {self._command} "$@"\n')
        self._command.chmod(0o700)

    def run(self, seconds: int, keep: bool) -> tuple[str, int, int, int]:
        """Fuzz for some seconds, and return a row of the table."""
        limits = (f"-max_total_time={seconds}", f"-artifact_prefix={self._folder}/found-")
        done = self._start(*limits, self._new, self._kept)
        found = sorted(self._folder.glob("found-*"))
        if done.returncode:
            told = [*done.stdout.splitlines(), *done.stderr.splitlines()]
            print(*(line for line in told if not line.startswith(("INFO", "#"))), sep="\n")
        for path in found:
            repeat = f"{sys.executable} -m reliability fuzz {self._name} --repeat"
            print("repeat it with:", repeat, shlex.quote(str(path)))
        if keep:
            self._start("-merge=1", self._kept, self._new)
        if not done.returncode:
            shutil.rmtree(self._folder)
        runs = _DONE.search(done.stderr)
        findings = max(len(found), int(bool(done.returncode)))
        kept = len(list(self._kept.iterdir()))
        print(f"{self._name}: {findings} findings")
        return self._name, kept, int(runs[1]) if runs else 0, findings

    def _start(self, *options: str | Path) -> subprocess.CompletedProcess[str]:
        longest = f"-max_len={_LONGEST.get(self._name, _LONGEST_OTHERS)}"
        command = [self._command, "-timeout=20", "-rss_limit_mb=1024", longest, *options]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
