#!/usr/bin/env bash
# With the CDK's validation of templates switched off, `cdk synth` fails with errors of an earlier
# synthesis, of an app that is correct by now.
#
# Seen with aws-cdk 2.1148.1, aws-cdk-lib 2.275.0 and Python 3.11, 2026-12-01. A synthesis with the
# validation writes cdk.out/validation-report.json. One without it leaves that file as it is, and the
# command line reads it all the same. After one failed synthesis, `CDK_VALIDATION=false cdk synth`
# of the corrected app says the following, until the file is deleted or the validation runs again:
#
#     wrong, validated: fails; corrected, not validated: fails; without the report: passes
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check aws-cdk-lib==2.275.0
npm install --silent --no-fund --no-audit aws-cdk@2.1148.1 >/dev/null
# As `cdk init` writes it: what the validation finds is an error.
echo '{"context": {"@aws-cdk/core:validateAgainstDefaultRules": true}}' > cdk.json
export HOME=$folder CI=true JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20

app() {
  cat > app.py <<PYTHON
from aws_cdk import App, CfnResource, Stack

app = App()
stack = Stack(app, "Stack")
CfnResource(stack, "Topic", type="AWS::SNS::Topic", properties={"$1": "news"})
app.synth()
PYTHON
}
synth() {
  if node_modules/.bin/cdk synth --quiet --app venv/bin/python\ app.py >>log 2>&1; then
    echo passes
  else
    echo fails
  fi
}
app NoSuchProperty
found="wrong, validated: $(synth)"
app TopicName
found="$found; corrected, not validated: $(CDK_VALIDATION=false synth)"
rm cdk.out/validation-report.json
found="$found; without the report: $(CDK_VALIDATION=false synth)"
echo "$found"
[ "$found" = "wrong, validated: fails; corrected, not validated: fails; without the report: passes" ] ||
  { cat log; exit 1; }
