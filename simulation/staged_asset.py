"""The function's asset, as `cdk synth` stages it."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Stack

from cdk_lightsail_containers import Handler


def staged_asset(assembly: Path) -> Path:
    """Synthesize a stack with a function into a folder, and return the asset in it."""
    app = App(outdir=str(assembly))
    Handler(Stack(app, "Stack"), "Handler")
    app.synth()
    (asset,) = assembly.glob("asset.*")
    return asset
