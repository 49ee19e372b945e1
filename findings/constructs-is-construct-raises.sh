#!/usr/bin/env bash
# In Python, `Construct.is_construct(x)` raises RuntimeError for what is not a construct, where
# it should return False. Only a string or a number gets False.
#
# Seen with constructs 10.8.1, aws-cdk-lib 2.275.0 and jsii 1.142.0, 2026-12-01. In JavaScript the
# function returns what the object has under a symbol, which is undefined and counts as false. jsii
# takes only true and false for a boolean:
#
#     a stack: True; a dict: RuntimeError; a policy statement: RuntimeError; a principal: RuntimeError
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check aws-cdk-lib==2.275.0 constructs==10.8.1 jsii==1.142.0
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20

found=$(venv/bin/python - <<'PYTHON'
from aws_cdk import App, Stack
from aws_cdk.aws_iam import AccountRootPrincipal, PolicyStatement
from constructs import Construct


def answer(value):
    try:
        return Construct.is_construct(value)
    except RuntimeError as error:
        assert "Unable to serialize value as boolean" in str(error), error
        return "RuntimeError"


values = {
    "a stack": Stack(App(), "Stack"),
    "a dict": {},
    "a policy statement": PolicyStatement(),
    "a principal": AccountRootPrincipal(),
}
print("; ".join(f"{name}: {answer(value)}" for name, value in values.items()))
PYTHON
)
echo "$found"
[ "$found" = "a stack: True; a dict: RuntimeError; a policy statement: RuntimeError; a principal: RuntimeError" ]
