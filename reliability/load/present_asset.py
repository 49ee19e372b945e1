"""The asset of the present function."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Stack

from cdk_lightsail_containers import Handler


def present_asset(assembly: Path) -> Path:
    """Stage it as the CDK does, below a folder."""
    app = App(outdir=str(assembly))
    Handler(Stack(app, "Stack"), "Handler")
    app.synth()
    (asset,) = assembly.glob("asset.*")
    return asset
