"""What initializing the handler costs a cold start, beside a bare Lightsail client.

Each variant runs in a fresh interpreter that has what AWS Lambda's has, in turns, so that all of
them see the same machine. The runtime's own packages have bytecode; the asset has none, for AWS
Lambda lets nothing be written beside it.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from . import ROOT
from .runs import NO_ACCOUNT

from staged_asset import staged_asset  # isort: skip

ROUNDS = 15
RUNTIME = ROOT / ".venv-runtime" / "bin" / "python"
CLIENT = "import boto3; boto3.client('lightsail')"
VARIANTS = {
    "boto3.client('lightsail') alone": CLIENT,
    "this handler": "import cdk_lightsail_containers_handler.main",
    "crhelper as it comes": f"{CLIENT}; from crhelper import CfnResource; CfnResource()",
}
_VERSIONS = """
import boto3, json, platform
print(json.dumps(f"Python {platform.python_version()}, boto3 {boto3.__version__}"))
"""
_MEASURED = """
import json, re, time
began = time.perf_counter()
{code}
took = time.perf_counter() - began
# Not ru_maxrss: it begins with what the process that started this one had.
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(json.dumps([took * 1000, int(peak[1]) / 1024]))
"""


def main() -> None:
    """Measure, and print a table."""
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as folder:
        asset = staged_asset(Path(folder))
        for code in VARIANTS.values():
            _measure(code, asset)  # writes bytecode
        versions = _run(_VERSIONS, asset)
        for cache in asset.rglob("__pycache__"):
            shutil.rmtree(cache)
        for round_number in range(ROUNDS):
            sys.stderr.write(f"\rcold start: round {round_number + 1} of {ROUNDS} ")
            for name, code in VARIANTS.items():
                measured[name].append(_measure(code, asset, "-B"))
    sys.stderr.write("\r\x1b[K")
    base, *_ = measured.values()
    print(f"Cold start, {ROUNDS} rounds, medians; ratio: paired in each round")
    print(json.loads(versions))
    print(f"{'':34}{'ms':>8}{'MiB':>8}{'ratio':>8}")
    for name, values in measured.items():
        milliseconds = statistics.median(value[0] for value in values)
        memory = statistics.median(value[1] for value in values)
        ratio = statistics.median(
            one[0] / other[0] for one, other in zip(values, base, strict=True)
        )
        print(f"{name:34}{milliseconds:8.0f}{memory:8.1f}{ratio:8.2f}")


def _measure(code: str, asset: Path, *options: str) -> tuple[float, float]:
    milliseconds, memory = json.loads(_run(_MEASURED.format(code=code), asset, *options))
    return milliseconds, memory


def _run(program: str, asset: Path, *options: str) -> bytes:
    return subprocess.run(  # noqa: S603 - our own code
        [str(RUNTIME), *options, "-c", program],
        env={"PYTHONPATH": str(asset), **NO_ACCOUNT},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout


if __name__ == "__main__":
    main()
