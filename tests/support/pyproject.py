"""What `pyproject.toml` says."""

import tomllib
from pathlib import Path

PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
VERSION = PYPROJECT["project"]["version"]
