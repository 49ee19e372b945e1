"""Stack policies, which ministack keeps and does not enforce: they are refused.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

from typing import Any

from ministack.services.cloudformation import handlers

from lightsail_local.engine.wrapping import Wrapper, wrap_action


def install() -> None:
    """Refuse the requests that have one."""
    for action in ("CreateStack", "UpdateStack", "SetStackPolicy"):
        wrap_action(action, _refuse)


def _refuse(original: Wrapper, params: dict[str, Any]) -> Any:
    for name in params:
        if name.startswith("StackPolicy"):
            problem = f"The local cloud does not enforce stack policies: leave {name} out"
            return handlers._error("ValidationError", problem)  # noqa: SLF001 - private to ministack
    return original(params)
