"""Programs that some tests want, and that not every machine has."""

import os
import shutil

import pytest


def needs(*programs: str) -> pytest.MarkDecorator:
    """Return the mark of tests that are skipped without programs, but in CI fail without them."""
    missing = [program for program in programs if shutil.which(program) is None]
    is_skipped = bool(missing) and "CI" not in os.environ
    return pytest.mark.skipif(is_skipped, reason=f"not installed: {', '.join(missing)}")
