"""What makes the promise a figure: every fault, every unknown, every bad input, tried.

Each command prints a table, and with `--write` puts it into `docs/reliability.md`. They use what
tests share, in `tests/support`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SUPPORT = str(ROOT / "tests" / "support")
if _SUPPORT not in sys.path:
    sys.path.insert(0, _SUPPORT)
