"""The program that `cdk deploy` builds images with."""

from __future__ import annotations

import shutil
import subprocess  # nosec B404 # each call says what it runs
from collections.abc import Sequence

from .container_engine import ENGINES


def find_image_builder(names: Sequence[str] = ENGINES) -> str:
    """Return the first engine that answers, even one that starts no containers; empty for none."""
    for name in names:
        program = shutil.which(name)
        if program and _answers(program):
            return program
    return ""


def _answers(program: str) -> bool:
    # Of a client without its daemon it ends with an error; `--version` does not.
    ran = subprocess.run([program, "version"], capture_output=True, check=False)  # nosec B603  # noqa: S603 - the user's own engine
    return ran.returncode == 0
