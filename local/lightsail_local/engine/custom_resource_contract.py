"""What CloudFormation takes as a custom resource's answer, where ministack takes anything.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack import app
from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_region, new_uuid
from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import custom_resource

from lightsail_local.engine import failed_creates, update_rollback

_ANSWER_PATH = "/_ministack/cfn-response/"
_MAX_ANSWER_BYTES = 4096
_MAX_PHYSICAL_ID = 1024
_DEFAULT_SERVICE_TIMEOUT = 3600
# How long a function may go on after its answer before its stack goes on without it.
_FUNCTION_END_SECONDS = 1.0


class CustomResourceError(RuntimeError):
    """The custom resource has failed, in the words of CloudFormation's stack event."""


@dataclass(frozen=True)
class Answer:
    """An answer that CloudFormation takes, be it good or bad.

    Attributes:
        physical_id: The id it carries, None if CloudFormation cannot use it.
        data: The attributes of a success.
        failure: Why the resource has failed; None for a success.
    """

    physical_id: str | None
    data: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True)
class Request:
    """One event sent to a function, and the answers that came for it and were taken."""

    stack_id: str
    logical_id: str
    request_id: str = field(default_factory=new_uuid)
    token: str = field(default_factory=new_uuid)
    answers: "queue.SimpleQueue[Answer]" = field(default_factory=queue.SimpleQueue)

    def read(self, body: bytes) -> Answer | None:
        """Read what was put to the request's ResponseURL; None if it is no answer to it."""
        if len(body) > _MAX_ANSWER_BYTES:
            return Answer(None, failure="Response object is too long.")
        answer = _json(body)
        if not isinstance(answer, dict) or not self._is_for_this(answer):
            return None
        physical_id = answer.get("PhysicalResourceId")
        if not isinstance(physical_id, str) or not 0 < len(physical_id) <= _MAX_PHYSICAL_ID:
            return Answer(None, failure="Invalid PhysicalResourceId.")
        if answer["Status"] == "SUCCESS":
            data = answer.get("Data")
            return Answer(physical_id, data=data if isinstance(data, dict) else {})
        return Answer(
            physical_id,
            failure="Received response status [FAILED] from custom resource. Message "
            f"returned: {answer.get('Reason', '')} (RequestId: {self.request_id})",
        )

    def _is_for_this(self, answer: Mapping[str, Any]) -> bool:
        names = ("StackId", "RequestId", "LogicalResourceId")
        expected = [self.stack_id, self.request_id, self.logical_id]
        return answer.get("Status") in ("SUCCESS", "FAILED") and expected == [
            answer.get(name) for name in names
        ]


_pending: dict[str, Request] = {}
_lock = threading.Lock()


def install() -> None:
    """Put the contract in the place of ministack's own handling of custom resources."""
    custom_resource.invoke_custom_resource = invoke_custom_resource
    handle = app._handle_post_body_shortcuts

    async def take_answers(
        method: str, path: str, headers: Mapping[str, str], body: bytes, *args: Any
    ) -> Any:
        if method == "PUT" and path.startswith(_ANSWER_PATH):
            take_answer(path.removeprefix(_ANSWER_PATH), body)
            # As S3 does, which takes everything that is put to a signed URL.
            return 200, {}, b""
        return await handle(method, path, headers, body, *args)

    app._handle_post_body_shortcuts = take_answers


def take_answer(token: str, body: bytes) -> None:
    """Hand an answer to the request that waits for it, if one does and the answer is its."""
    with _lock:
        request = _pending.get(token)
    answer = request and request.read(body)
    if request and answer:
        request.answers.put(answer)


def invoke_custom_resource(  # noqa: PLR0917 - ministack's signature
    request_type: str,
    logical_id: str,
    props: dict[str, Any],
    stack_name: str,
    stack_id: str,
    resource_type: str,
    physical_id: str | None = None,
    old_props: dict[str, Any] | None = None,
) -> tuple[str, Mapping[str, Any]]:
    """Send an event to a custom resource's function and wait for the answer.

    The signature is ministack's; it is called on a thread of its own.

    Returns:
        The physical id and the attributes.

    Raises:
        CustomResourceError: The resource has failed.
    """
    if request_type == "Update" and old_props is not None:
        _check_same_function(stack_name, props, old_props)
    function = _function(props.get("ServiceToken"))
    timeout = int(props.get("ServiceTimeout") or _DEFAULT_SERVICE_TIMEOUT)
    request = Request(stack_id, logical_id)
    event = {
        "RequestType": request_type,
        "RequestId": request.request_id,
        "StackId": stack_id,
        "ResponseURL": custom_resource._response_url(request.token),
        "ResourceType": resource_type,
        "LogicalResourceId": logical_id,
        "ResourceProperties": custom_resource._normalise_resource_properties(props),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old_props is not None:
        event["OldResourceProperties"] = custom_resource._normalise_resource_properties(old_props)

    answer = _ask(function, event, request, timeout)
    if answer.failure is not None:
        if request_type == "Create":
            failed_creates.remember(
                stack_name, logical_id, resource_type, answer.physical_id, props
            )
        elif request_type == "Update" and answer.physical_id is not None:
            update_rollback.take_failed_id(stack_name, logical_id, answer.physical_id)
        raise CustomResourceError(answer.failure)
    return answer.physical_id or "", answer.data


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _check_same_function(
    stack_name: str, props: Mapping[str, Any], old_props: Mapping[str, Any]
) -> None:
    """Check that an update names the same function.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
    """
    is_rollback = "ROLLBACK" in cloudformation._stacks[stack_name]["StackStatus"]
    if not is_rollback and props.get("ServiceToken") != old_props.get("ServiceToken"):
        raise CustomResourceError("Modifying service token is not allowed.")


def _function(service_token: object) -> Any:
    record, config, _ = lambda_svc._get_func_record_for_ref(service_token)
    if not record or not config or config["FunctionArn"].split(":")[3] != get_region():
        raise CustomResourceError(
            f"Invalid service token: no function {service_token} in {get_region()}."
        )
    return lambda_svc._execution_record_for_config(record, config)


def _ask(function: Any, event: dict[str, Any], request: Request, timeout: float) -> Answer:
    with _lock:
        _pending[request.token] = request
    try:
        # On a thread: the time is counted from the event, not from the function's end.
        running = spawn_background(lambda_svc._execute_function_with_config_scope, function, event)
        answer = request.answers.get(timeout=timeout)
        # The function's last log lines are there when its stack is done.
        running.join(_FUNCTION_END_SECONDS)
    except queue.Empty:
        return Answer(
            None,
            failure="CloudFormation did not receive a response from your Custom Resource. "
            f"Please check your logs for requestId [{request.request_id}].",
        )
    finally:
        with _lock:
            del _pending[request.token]
    return answer
