"""Requests that ministack would carry out without a part of them: they are refused.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html
"""

from typing import Any

from ministack.services.cloudformation import handlers

from lightsail_local.engine.wrapping import Wrapper, wrap_action

_TRIGGERS = "RollbackConfiguration.RollbackTriggers.member."


def install() -> None:
    """Refuse them."""
    for action in ("CreateStack", "UpdateStack", "SetStackPolicy", "CreateChangeSet"):
        wrap_action(action, _refuse)


def _refuse(original: Wrapper, params: dict[str, Any]) -> Any:
    for name in params:
        if problem := _problem(name, params):
            return handlers._error("ValidationError", problem)  # noqa: SLF001 - private to ministack
    return original(params)


def _problem(name: str, params: dict[str, Any]) -> str | None:
    """Say what is wrong with the parameter of that name, if something is."""
    if name.startswith("StackPolicy"):
        return f"The local cloud does not enforce stack policies: leave {name} out"
    if name == "DeploymentMode":
        mode = handlers._p(params, name)  # noqa: SLF001 - private to ministack
        return f"The local cloud does not revert drift: leave {name} {mode} out"
    if name.startswith(_TRIGGERS):
        return "The local cloud watches no alarms: leave RollbackTriggers out"
    return None
