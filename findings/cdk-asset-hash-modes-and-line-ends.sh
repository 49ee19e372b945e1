#!/usr/bin/env bash
# The AWS CDK's hash of an asset sees neither a file's mode nor CRLF, so the fix is not deployed.
#
# Versions: aws-cdk-lib 2.275.0 with constructs 10.8.1. It needs Node beside Python.
# A folder for AWS Lambda has a script `bootstrap` without its executable bit, and with CRLF line
# ends: either one keeps the function from starting. `chmod +x`, and then LF, change what the zip
# contains, but not the hash. The hash is the name of the file in Amazon S3, where the command line
# uploads nothing that is there. So the template has no change, and the old zip stays.
#
# Seen:
#   chmod +x: same hash
#   LF: same hash
#   another word: another hash
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile aws-cdk-lib==2.275.0 constructs==10.8.1 2> "$folder/pip" ||
    { cat "$folder/pip" >&2; exit 1; }

cat > "$folder/hashes.py" <<'PYTHON'
import tempfile
from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk.aws_s3_assets import Asset

code = Path(tempfile.mkdtemp())
script = code / "bootstrap"


def hash_of(content: bytes, mode: int) -> str:
    script.write_bytes(content)
    script.chmod(mode)
    stack = Stack(App(outdir=tempfile.mkdtemp()), "Stack")
    return Asset(stack, "Code", path=str(code)).asset_hash


broken = hash_of(b"#!/bin/sh\r\nexec server\r\n", 0o644)
for name, content, mode in (
    ("chmod +x", b"#!/bin/sh\r\nexec server\r\n", 0o755),
    ("LF", b"#!/bin/sh\nexec server\n", 0o755),
    ("another word", b"#!/bin/sh\nexec daemon\n", 0o755),
):
    print(f"{name}: {'same' if hash_of(content, mode) == broken else 'another'} hash")
PYTHON

export JSII_RUNTIME_PACKAGE_CACHE_ROOT="$folder/cache" TMPDIR="$folder"
"$folder/venv/bin/python" "$folder/hashes.py" 2> "$folder/errors" | tee "$folder/seen"

diff - "$folder/seen" <<'SEEN'
chmod +x: same hash
LF: same hash
another word: another hash
SEEN
