"""What makes the promise measurable: every fault, every assumption, every bad input, tried.

`python -m reliability COMMAND` prints a table, and with `--write` puts it into
`docs/reliability.md`. What the commands run in is in `simulation`.
"""

from pathlib import Path

ROOT = Path(__file__).parent.parent
