import re
import time
from typing import Any

import pytest

from patience import wait_until


def test_takes_id_and_attributes_of_a_good_answer(stacks: Any) -> None:
    template = stacks.template(
        "good", Create=[{"PhysicalResourceId": "thing-1", "Data": {"Size": "7"}}]
    ).replace(
        '"Resources"', '"Outputs": {"Size": {"Value": {"Fn::GetAtt": "Thing.Size"}}}, "Resources"'
    )

    assert stacks.create("good", template) == "CREATE_COMPLETE"

    assert stacks.events("good")[-1] == ("CREATE_COMPLETE", "", "thing-1")
    outputs = stacks.client.describe_stacks(StackName="good")["Stacks"][0]["Outputs"]
    assert outputs[0]["OutputValue"] == "7"


def test_shows_the_reason_of_a_failure_as_cloudformation_words_it(stacks: Any) -> None:
    template = stacks.template("failed", Create=[{"Status": "FAILED", "Reason": "No room."}])

    assert stacks.create("failed", template) == "ROLLBACK_COMPLETE"

    request = stacks.requests("failed")[0]["RequestId"]
    assert stacks.reason("failed") == (
        "Received response status [FAILED] from custom resource. "
        f"Message returned: No room. (RequestId: {request})"
    )


def test_fails_an_update_that_names_another_function(stacks: Any) -> None:
    client = stacks.service("lambda")
    other = client.get_function(FunctionName=stacks.function)["Configuration"]
    template = stacks.template("moved", Size=1)
    stacks.create("moved", template)
    client.create_alias(FunctionName=other["FunctionName"], Name="next", FunctionVersion="$LATEST")
    client.close()

    status = stacks.update("moved", template.replace(stacks.function, f"{stacks.function}:next"))

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("moved", "UPDATE_FAILED") == "Modifying service token is not allowed."


def test_fails_a_resource_whose_answer_is_over_4096_bytes(stacks: Any) -> None:
    template = stacks.template("long", Create=[{"Body": "x" * 4097}])

    assert stacks.create("long", template) == "ROLLBACK_COMPLETE"

    assert stacks.reason("long") == "Response object is too long."


@pytest.mark.parametrize(
    "physical_id", [None, "", 7, "x" * 1025], ids=["missing", "empty", "number", "long"]
)
def test_fails_a_resource_whose_answer_has_no_valid_physical_id(
    stacks: Any, physical_id: object, request: pytest.FixtureRequest
) -> None:
    stack = f"id-{request.node.callspec.id}"
    template = stacks.template(stack, Create=[{"PhysicalResourceId": physical_id}])

    assert stacks.create(stack, template) == "ROLLBACK_COMPLETE"

    assert stacks.reason(stack) == "Invalid PhysicalResourceId."


@pytest.mark.parametrize(
    "answer",
    [
        {"RequestId": "another"},
        {"StackId": "another"},
        {"LogicalResourceId": "Another"},
        {"RequestId": None},
        {"Status": "DONE"},
        {"Body": "nothing that is JSON"},
        {"Body": '["SUCCESS"]'},
    ],
    ids=["request", "stack", "resource", "no-request", "status", "no-json", "no-object"],
)
def test_goes_on_waiting_after_an_answer_that_is_none_to_the_request(
    stacks: Any, answer: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    stack = f"wait-{request.node.callspec.id}"
    template = stacks.template(stack, Create=[answer, {"PhysicalResourceId": "right"}])

    assert stacks.create(stack, template) == "CREATE_COMPLETE"

    assert stacks.events(stack)[-1] == ("CREATE_COMPLETE", "", "right")


def test_fails_a_resource_that_is_not_answered_within_its_service_timeout(stacks: Any) -> None:
    # So long that the rollback's Delete is answered in time, also on a machine with much to do.
    template = stacks.template(
        "timeout", timeout=8, Create=[{"RequestId": "another"}, {"Sleep": 25}]
    )
    start = time.monotonic()

    stacks.client.create_stack(StackName="timeout", TemplateBody=template)
    wait_until(lambda: "CREATE_FAILED" in stacks.statuses("timeout"))

    assert time.monotonic() - start < 20
    request = stacks.requests("timeout")[0]["RequestId"]
    assert stacks.reason("timeout") == (
        "CloudFormation did not receive a response from your Custom Resource. "
        f"Please check your logs for requestId [{request}]."
    )
    assert stacks.settled("timeout") == "ROLLBACK_COMPLETE"
    delete = stacks.requests("timeout")[-1]
    assert delete["RequestType"] == "Delete"
    assert re.fullmatch("timeout-Thing-[A-Z0-9]{12}", delete["PhysicalResourceId"])


def test_takes_the_first_valid_answer_and_ignores_those_after_it(stacks: Any) -> None:
    template = stacks.template(
        "first",
        Create=[{"PhysicalResourceId": "first"}, {"Status": "FAILED", "Reason": "No."}],
    )

    assert stacks.create("first", template) == "CREATE_COMPLETE"

    assert stacks.events("first")[-1] == ("CREATE_COMPLETE", "", "first")


def test_counts_data_that_is_no_object_as_no_attributes(stacks: Any) -> None:
    template = stacks.template("data", Create=[{"Data": "text"}])

    assert stacks.create("data", template) == "CREATE_COMPLETE"


def test_sends_both_old_and_new_properties_as_strings_in_an_update(stacks: Any) -> None:
    stacks.create("update", stacks.template("update", Size=1))

    assert stacks.update("update", stacks.template("update", Size=2)) == "UPDATE_COMPLETE"

    request = stacks.requests("update")[1]
    assert request["PhysicalResourceId"] == "made"
    assert request["OldResourceProperties"]["Size"] == "1"
    assert request["ResourceProperties"]["Size"] == "2"


def test_fails_a_resource_whose_function_does_not_exist(stacks: Any) -> None:
    template = stacks.template("no-function").replace(stacks.function, stacks.function + "-none")

    assert stacks.create("no-function", template) == "ROLLBACK_COMPLETE"

    assert stacks.reason("no-function").startswith(
        "Invalid service token: no function arn:aws:lambda"
    )
    assert "DELETE_IN_PROGRESS" not in stacks.statuses("no-function")


def test_leaves_the_engines_other_requests_with_a_body_alone(stacks: Any) -> None:
    buckets = stacks.service("s3")
    buckets.create_bucket(Bucket="other")

    buckets.put_object(Bucket="other", Key="key", Body=b"value")

    assert buckets.get_object(Bucket="other", Key="key")["Body"].read() == b"value"
    buckets.close()
