"""Measurements beside what users have otherwise, always as ratios of one run: `make bench`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "simulation"), str(ROOT / "tests/support")]
