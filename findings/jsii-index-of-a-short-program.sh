#!/usr/bin/env bash
# A short Python program never gets jsii's index of aws-cdk-lib, however often it runs.
#
# Seen with jsii 1.142.0 and aws-cdk-lib 2.275.0 on Node 20, 2026-11-30. jsii unpacks a library once
# into its package cache, and writes an index there from which later programs load it. A worker
# thread writes the index, and is meant to keep a short program's Node alive until it has: from
# Python, the end of the program is a message on which Node exits with the worker in it. A program
# that only makes an app ends before aws-cdk-lib's 23 MB of index are written, and so the next one
# parses the whole library and starts the same worker again. One run that lasts some seconds longer
# ends this for all later ones:
#
#     three short runs: constructs has an index, aws-cdk-lib has none; a long one: aws-cdk-lib has an index
#
# Here Node took 2.4 s of processor time a run before that, and 0.6 s after it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check jsii==1.142.0 aws-cdk-lib==2.275.0
export JSII_RUNTIME_PACKAGE_CACHE_ROOT=$folder/cache JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20

cat > short.py <<'PYTHON'
import aws_cdk

aws_cdk.App()
PYTHON
cat > long.py <<'PYTHON'
import pathlib
import time

import aws_cdk

aws_cdk.App()
for _ in range(120):
    if [*pathlib.Path("cache/aws-cdk-lib").rglob(".jsii.runtime.v1.json")]:
        break
    time.sleep(1)
PYTHON

has_index() {
  if [ -n "$(find "cache/$1" -name '.jsii.runtime.v1.json')" ]; then echo "an index"; else echo none; fi
}
for _ in 1 2 3; do venv/bin/python short.py; done
found="three short runs: constructs has $(has_index constructs), aws-cdk-lib has $(has_index aws-cdk-lib)"
venv/bin/python long.py
found="$found; a long one: aws-cdk-lib has $(has_index aws-cdk-lib)"
echo "$found"
[ "$found" = "three short runs: constructs has an index, aws-cdk-lib has none; a long one: aws-cdk-lib has an index" ]
