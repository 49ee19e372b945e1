"""An app of one custom resource, whose function notes each request and does nothing else.

Context:
    record: the file for the requests.
    name: the resource's construct.
    size: its property; a resource of each size has an id of its own.
    broken: a resource that fails after it.
"""

from aws_cdk import App, CustomResource, Stack
from aws_cdk import aws_lambda as lambda_

FUNCTION = """
import json, urllib.request

def handler(event, context):
    properties = event["ResourceProperties"]
    with open(properties["Record"], "a") as record:
        record.write(json.dumps(event) + "\\n")
    answer = {
        "Status": "FAILED" if "Broken" in properties else "SUCCESS",
        "Reason": "It is meant to fail.",
        "PhysicalResourceId": f"size-{properties['Size']}",
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    if event["RequestType"] == "Delete":
        answer |= {"Status": "SUCCESS", "PhysicalResourceId": event["PhysicalResourceId"]}
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT")).close()
"""

app = App()
stack = Stack(app, "Recording")
function = lambda_.Function(
    stack,
    "Function",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=lambda_.Code.from_inline(FUNCTION),
)


def recorded(name: str, **properties: str) -> CustomResource:
    return CustomResource(
        stack,
        name,
        service_token=function.function_arn,
        resource_type="Custom::Recorded",
        properties={"Record": app.node.get_context("record"), **properties},
    )


thing = recorded(app.node.get_context("name"), Size=app.node.get_context("size"))
if app.node.try_get_context("broken"):
    recorded("Broken", Size="none", Broken="yes").node.add_dependency(thing)
app.synth()
