#!/usr/bin/env bash
# The AWS CDK synthesizes an assembly that refers to an asset which it does not contain.
#
# Versions: aws-cdk-lib 2.275.0 with constructs 10.8.1. It needs Node beside Python.
# One process synthesizes an app into a folder, removes the folder, and synthesizes the app again
# into it, as a test suite or a tool that watches files does. aws-cdk-lib remembers for its whole
# process which assets it has copied where, and does not look whether they are there. Both calls of
# `synth` succeed. A template without assets would have been complete.
#
# Seen:
#   first: the asset is there
#   again: the assembly names an asset that is not there
#   after AssetStaging.clear_asset_hash_cache(): the asset is there
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile aws-cdk-lib==2.275.0 constructs==10.8.1 2> "$folder/pip" ||
    { cat "$folder/pip" >&2; exit 1; }

cat > "$folder/twice.py" <<'PYTHON'
import json
import shutil
import tempfile
from pathlib import Path

from aws_cdk import App, AssetStaging, Stack
from aws_cdk.aws_s3_assets import Asset

code = Path(tempfile.mkdtemp())
(code / "index.py").write_text("pass\n")
assembly = Path(tempfile.mkdtemp()) / "cdk.out"


def synthesized() -> str:
    app = App(outdir=str(assembly))
    Asset(Stack(app, "Stack"), "Code", path=str(code))
    app.synth()
    files = json.loads((assembly / "Stack.assets.json").read_text())["files"].values()
    (path,) = {one["source"]["path"] for one in files if one["source"]["packaging"] == "zip"}
    if (assembly / path).is_dir():
        return "the asset is there"
    return "the assembly names an asset that is not there"


print("first:", synthesized())
shutil.rmtree(assembly)
print("again:", synthesized())
shutil.rmtree(assembly)
AssetStaging.clear_asset_hash_cache()
print("after AssetStaging.clear_asset_hash_cache():", synthesized())
PYTHON

export JSII_RUNTIME_PACKAGE_CACHE_ROOT="$folder/cache" TMPDIR="$folder"
"$folder/venv/bin/python" "$folder/twice.py" 2> "$folder/errors" | tee "$folder/seen"

diff - "$folder/seen" <<'SEEN'
first: the asset is there
again: the assembly names an asset that is not there
after AssetStaging.clear_asset_hash_cache(): the asset is there
SEEN
