"""Fuzz one target after the other, for so many seconds each; what fails is told and kept.

python -m reliability.fuzz [TARGET ...] [--seconds N] [--keep]
python -m reliability.fuzz TARGET --repeat FILE
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from reliability import ROOT

from .targets import TARGETS
from .wire_targets import WIRE_TARGETS

CORPUS = Path(__file__).with_name("corpus")
ALL = {**TARGETS, **WIRE_TARGETS}
_LONGEST = {"archive": 12_000}
_LONGEST_OTHERS = 2000
_OPTIONS = ("-timeout=20", "-rss_limit_mb=1024", "-verbosity=0", "-close_fd_mask=0")


def main(arguments: list[str] | None = None) -> int:
    """Fuzz, and return whether something was found."""
    parser = argparse.ArgumentParser(prog="python -m reliability.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(ALL))
    parser.add_argument("--seconds", type=int, default=20, help="for each target, 20 by default")
    parser.add_argument("--keep", action="store_true", help="keep what reaches new code")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="give a target this alone")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.targets if name not in ALL]
    if unknown:
        parser.error(f"there is no target {unknown[0]!r}")
    if given.repeat:
        for name in given.targets:
            ALL[name](given.repeat.read_bytes())
        return 0
    found = [name for name in given.targets or ALL if not _fuzz(name, given.seconds, given.keep)]
    print("nothing was found" if not found else f"found something in {', '.join(found)}")
    return int(bool(found))


def _fuzz(name: str, seconds: int, keep: bool) -> bool:
    """Fuzz a target in a process of its own, and return whether it holds."""
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    new, kept = folder / "corpus", CORPUS / name
    new.mkdir()
    kept.mkdir(parents=True, exist_ok=True)
    longest = f"-max_len={_LONGEST.get(name, _LONGEST_OTHERS)}"
    limits = [f"-artifact_prefix={folder}/", f"-max_total_time={seconds}", longest]
    done = _run(name, *limits, str(new), str(kept))
    runs = [line for line in done.stderr.splitlines() if line.startswith("Done ")]
    print(f"{name}: {runs[-1] if runs else 'stopped'}, {len(list(kept.iterdir()))} inputs are kept")
    crashes = [path for path in folder.iterdir() if path.is_file()]
    if done.returncode or crashes:
        print(done.stdout, done.stderr, sep="\n")
        for path in crashes:
            repeat = [sys.executable, "-m", "reliability.fuzz", name, "--repeat", str(path)]
            print("repeat it with:", shlex.join(repeat))
        return False
    if keep:
        _run(name, "-merge=1", longest, str(kept), str(new))
    return True


def _run(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reliability.fuzz.one", name, *_OPTIONS, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves


if __name__ == "__main__":
    sys.exit(main())
