#!/usr/bin/env bash
# When an update that has replaced a custom resource is rolled back, CloudFormation sends the
# function an Update back, with the new id. ministack 1.5.33 sends a Delete of the new id alone: a
# function whose way back is wrong passes.
#
# Seen with ministack 1.5.33 and boto3 1.43.106, 2026-12-01. The stack has one custom resource. The
# update replaces it, and fails at an output. Of CloudFormation you would expect the requests Create,
# Update one, Update two, Delete two; each names the id that the resource had until then. Seen:
#
#     Create, Update one, Delete two
#
# Send your function an Update with the new id and the old properties in a test of its own.
set -euo pipefail

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check ministack==1.5.33 boto3==1.43.106

port=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir tmp
env -i PATH="$PATH" HOME="$folder" TMPDIR="$folder/tmp" GATEWAY_PORT="$port" BIND_HOST=127.0.0.1 \
    MINISTACK_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 \
    DOCKER_HOST="unix://$folder/none.sock" venv/bin/ministack > log 2>&1 &
server=$!

cat > case.py <<'CASE'
import io, json, sys, time, urllib.request, zipfile

import boto3

address = f"http://127.0.0.1:{sys.argv[1]}"
for _ in range(300):
    try:
        urllib.request.urlopen(f"{address}/_ministack/ready").close()
        break
    except OSError:
        time.sleep(0.1)

CODE = """
import json, urllib.request

def handler(event, context):
    size = event["ResourceProperties"]["Size"]
    with open(event["ResourceProperties"]["Record"], "a") as record:
        record.write(" ".join([event["RequestType"], event.get("PhysicalResourceId", "")]) + "\\n")
    answer = {"Status": "SUCCESS", "PhysicalResourceId": size}
    if event["RequestType"] == "Delete":
        answer["PhysicalResourceId"] = event["PhysicalResourceId"]
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        answer[name] = event[name]
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT")).close()
"""


def client(name):
    session = boto3.Session("test", "test", region_name="us-east-1")
    return session.client(name, endpoint_url=address)


archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as writer:
    writer.writestr("index.py", CODE)
function = client("lambda").create_function(
    FunctionName="function",
    Runtime="python3.12",
    Role="arn:aws:iam::000000000000:role/function",
    Handler="index.handler",
    Code={"ZipFile": archive.getvalue()},
)["FunctionArn"]


def template(size, **more):
    properties = {"ServiceToken": function, "Record": sys.argv[2], "Size": size}
    return json.dumps(
        {"Resources": {"Thing": {"Type": "Custom::Thing", "Properties": properties}}, **more}
    )


stacks = client("cloudformation")


def settled():
    while True:
        status = stacks.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.1)


stacks.create_stack(StackName="stack", TemplateBody=template("one"))
assert settled() == "CREATE_COMPLETE"
missing = {"Missing": {"Value": {"Fn::GetAtt": ["Thing", "Missing"]}}}
stacks.update_stack(StackName="stack", TemplateBody=template("two", Outputs=missing))
assert settled() == "UPDATE_ROLLBACK_COMPLETE"
CASE

venv/bin/python case.py "$port" "$folder/record"
found=$(sed 's/ *$//' record | paste -sd , | sed 's/,/, /g')
echo "$found"
[ "$found" = "Create, Update one, Delete two" ]
