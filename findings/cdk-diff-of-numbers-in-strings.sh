#!/usr/bin/env bash
# cdk diff finds no difference between PostgreSQL 16.1 and 16.10: it compares strings as numbers.
#
# Seen with aws-cdk 2.1148.1 (the CDK's command line) on Node 20.20.2, 2026-11-29. Two strings that
# JavaScript reads as the same number are the same to it. So are two of a build's numbers that have
# more digits than a double keeps, and an account's number with and without its leading zero. The
# templates differ, and a deployment changes the database. Of these three changes together it says,
# and ends with 0 in spite of --fail:
#
#     There were no differences
#
# A second dot makes a string no number any more: from 16.1.0 to 16.10.0 it sees a difference.
# A review of what `cdk diff` prints, or a pipeline that goes by its exit code, misses the upgrade.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit aws-cdk@2.1148.1 >/dev/null

cat > write.py <<'END'
import json
import sys
from pathlib import Path

file, version, build, account = sys.argv[1:]
tags = [{"Key": "build", "Value": build}, {"Key": "owner", "Value": account}]
properties = {"Engine": "postgres", "EngineVersion": version, "Tags": tags}
database = {"Type": "AWS::RDS::DBInstance", "Properties": properties}
Path(file).write_text(json.dumps({"Resources": {"Database": database}}))
END
mkdir cdk.out
cat > cdk.out/manifest.json <<'END'
{
  "version": "36.0.0",
  "artifacts": {
    "Site": {
      "type": "aws:cloudformation:stack",
      "environment": "aws://000000000000/us-east-1",
      "properties": {"templateFile": "Site.template.json"}
    }
  }
}
END
# It compares two files, and asks no account.
export HOME="$folder" CDK_DISABLE_CLI_TELEMETRY=true AWS_EC2_METADATA_DISABLED=true
difference() {
    node_modules/.bin/cdk --app cdk.out --ci --no-notices diff --fail --template deployed.json |
        grep -v '^$' || echo "exit code: ${PIPESTATUS[0]}"
}

python3 write.py deployed.json 16.1 20261129120000001 012345678901
python3 write.py cdk.out/Site.template.json 16.10 20261129120000002 12345678901
difference | tee seen
grep -qx 'There were no differences' seen
if grep 'exit code' seen; then exit 1; fi

python3 write.py deployed.json 16.1.0 1 1
python3 write.py cdk.out/Site.template.json 16.10.0 1 1
difference | tee seen
grep -q '\[-\] 16\.1\.0$' seen
grep -qx 'exit code: 1' seen
