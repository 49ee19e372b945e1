#!/usr/bin/env bash
# A dependency of aws-cdk-lib overwrites one of its modules, and `pip check` finds nothing wrong.
#
# Seen with aws-cdk-lib 2.275.0 and its dependency aws-cdk-cloud-assembly-schema 55.4.0 of PyPI, on
# Python 3.11.7 and Node 20.20.2, 2026-11-29. Both wheels have aws_cdk/cloud_assembly_schema/__init__.py,
# with other contents: the classes of jsii's module aws-cdk-lib.cloud_assembly_schema in one, those of
# @aws-cdk/cloud-assembly-schema in the other. The one that is installed last wins. In a new environment
# that is the library. When the dependency alone is updated, or installed because it was missing, it is
# not: apps still import and synthesize, and reading an annotation or an artifact raises
#
#     ValueError: Unknown interface: aws-cdk-lib.cloud_assembly_schema.MetadataEntry
#
# `pip check` says "No broken requirements found." Installing aws-cdk-lib again helps.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 PIP_DISABLE_PIP_VERSION_CHECK=1
python3 -m venv "$folder/venv"
install() { "$folder/venv/bin/pip" install --quiet --no-compile "$@" 2>"$folder/pip.log" || { cat "$folder/pip.log"; exit 1; }; }

cat >"$folder/app.py" <<'END'
from aws_cdk import Annotations, App, Stack, aws_sns as sns

app = App()
stack = Stack(app, "Site")
sns.Topic(stack, "Topic")
Annotations.of(stack).add_warning_v2("site:hint", "hello")
artifact = app.synth().get_stack_by_name("Site")
try:
    print(artifact.messages[0].entry.data)
except ValueError as error:
    print(f"ValueError: {error}")
END
# What the CDK itself says of the app goes elsewhere.
run() { (cd "$folder" && venv/bin/python app.py 2>"$folder/app.log" | tail -n 1); }
expect() { echo "$2"; [ "$2" = "$1" ] || { echo "expected: $1"; echo "found:    $2"; cat "$folder/app.log"; exit 1; }; }

install aws-cdk-lib==2.275.0 aws-cdk-cloud-assembly-schema==55.4.0
expect "hello [ack: site:hint]" "$(run)"

install --force-reinstall --no-deps aws-cdk-cloud-assembly-schema==55.4.0
expect "No broken requirements found." "$("$folder/venv/bin/pip" check)"
expect "ValueError: Unknown interface: aws-cdk-lib.cloud_assembly_schema.MetadataEntry" "$(run)"

install --force-reinstall --no-deps aws-cdk-lib==2.275.0
expect "hello [ack: site:hint]" "$(run)"
