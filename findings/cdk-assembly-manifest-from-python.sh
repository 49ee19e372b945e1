#!/usr/bin/env bash
# An app in Python cannot read the manifest of the assembly that it has just synthesized.
#
# Seen with aws-cdk-lib 2.275.0 of PyPI on Python 3.11.7 and Node 20.20.2, 2026-11-29. The properties of
# an artifact are a union of structs. On their way to Python, jsii takes any of them for the first
# struct, that of a stack, which needs a `templateFile`. Every assembly has other artifacts too, at
# least the tree and each stack's assets. So `app.synth().manifest` raises this RuntimeError in every
# app, and of the artifacts only a stack has a `manifest` that can be read:
#
#     Of property Object.templateFile: Unable to serialize value as string
#
# The file manifest.json itself is as it should be: read that.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check aws-cdk-lib==2.275.0 2>"$folder/pip.log" || { cat "$folder/pip.log"; exit 1; }

cat >"$folder/app.py" <<'END'
import json
from pathlib import Path

from aws_cdk import App, Stack, aws_sns as sns

app = App()
sns.Topic(Stack(app, "Site"), "Topic")
assembly = app.synth()


def read(what):
    try:
        return type(what.manifest).__name__
    except RuntimeError as error:
        return str(error).splitlines()[0]


refusal = "Of property Object.templateFile: Unable to serialize value as string"
found = {artifact.id: read(artifact) for artifact in assembly.artifacts}
assert found == {"Site": "ArtifactManifest", "Site.assets": refusal, "Tree": refusal}, found
assert read(assembly) == refusal
# The file itself is as it should be.
written = json.loads(Path(assembly.directory, "manifest.json").read_text())
assert written["artifacts"]["Tree"] == {"type": "cdk:tree", "properties": {"file": "tree.json"}}
print(read(assembly))
END
(cd "$folder" && venv/bin/python app.py 2>"$folder/app.log" | tail -n 1) || { cat "$folder/app.log"; exit 1; }
