"""CloudFormation's express mode, which ministack does not know.

Its rollback is off unless the request turns it on, RollbackStack does not take such a stack, and
stacks and change sets tell how they are deployed, which the CDK's command line reads.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html
https://github.com/aws/aws-cdk-cli/pull/1970
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from collections.abc import Mapping
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

from lightsail_local.engine.change_sets import named_change_set
from lightsail_local.engine.wrapping import Params, Response, Wrapper, wrap_action

_KEY, _MEMBERS = "_deployment_config", ("Mode", "DisableRollback")

Config = dict[str, str]


def install() -> None:
    """Deploy stacks so, and say how they were deployed."""
    for action in ("CreateStack", "UpdateStack"):
        wrap_action(action, _deploy)
    wrap_action("CreateChangeSet", _create_change_set)
    wrap_action("ExecuteChangeSet", _execute_change_set)
    wrap_action("RollbackStack", _roll_back)
    wrap_action("DescribeStacks", _describe_stacks)
    wrap_action("DescribeChangeSet", _describe_change_set)


def _deploy(original: Wrapper, params: Params) -> Response:
    config = _config(params)
    response: Response = original(_without_rollback(params, config))
    _note(handlers._resolve_stack(handlers._p(params, "StackName")), config, response)
    return response


def _create_change_set(original: Wrapper, params: Params) -> Response:
    response: Response = original(params)
    _note(named_change_set(params), _config(params), response)
    return response


def _execute_change_set(original: Wrapper, params: Params) -> Response:
    change_set = named_change_set(params)
    config: Config = change_set.get(_KEY, {})
    if not change_set.get("OnStackFailure"):
        params = _without_rollback(params, config)
    response: Response = original(params)
    _note(cloudformation._stacks.get(change_set.get("StackName", "")), config, response)
    return response


def _roll_back(original: Wrapper, params: Params) -> Any:
    stack = handlers._resolve_stack(handlers._p(params, "StackName"))
    if stack and _is_express(stack.get(_KEY, {})):
        problem = "RollbackStack is not supported for stacks that express mode deployed last"
        return handlers._error("ValidationError", problem)
    return original(params)


def _describe_stacks(original: Wrapper, params: Params) -> Response:
    response: Response = original(params)
    for stack in cloudformation._stacks.values():
        response = _told(response, f"<StackId>{stack['StackId']}</StackId>", stack)
    return response


def _describe_change_set(original: Wrapper, params: Params) -> Response:
    change_set = named_change_set(params)
    identifier = f"<ChangeSetId>{change_set.get('ChangeSetId')}</ChangeSetId>"
    return _told(original(params), identifier, change_set)


def _config(params: Params) -> Config:
    """Return a request's DeploymentConfig."""
    given = {name: handlers._p(params, f"DeploymentConfig.{name}") for name in _MEMBERS}
    return {name: value for name, value in given.items() if value}


def _is_express(config: Mapping[str, str]) -> bool:
    return config.get("Mode") == "EXPRESS"


def _without_rollback(params: Params, config: Config) -> Params:
    """Return the params with rollback off, if that is what the config means."""
    is_said = {"DisableRollback", "OnFailure"} & set(params)
    if is_said or not _is_express(config) or config.get("DisableRollback") == "false":
        return params
    return {**params, "DisableRollback": ["true"]}


def _note(record: dict[str, Any] | None, config: Config, response: Response) -> None:
    """Note the config of what a request has made or changed."""
    if record is not None and response[0] == 200:  # noqa: PLR2004 - HTTP's
        record[_KEY] = config


def _told(response: Response, identifier: str, record: Mapping[str, Any]) -> Response:
    """Add the config of a record behind its identifier in a response."""
    status, headers, body = response
    if config := record.get(_KEY):
        members = "".join(f"<{name}>{handlers._esc(config[name])}</{name}>" for name in config)
        addition = f"<DeploymentConfig>{members}</DeploymentConfig>"
        body = body.replace(identifier.encode(), (identifier + addition).encode())
    return status, headers, body
