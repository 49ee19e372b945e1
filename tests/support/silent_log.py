"""A request's log that is not kept, for what is tested below the handler."""

from collections.abc import Callable

from cdk_lightsail_containers_handler.mask import Mask


class SilentLog:
    """Takes the steps of a request; an Update's log is kept, a Create's goes with its rollback."""

    def __init__(self, *, is_kept: bool = True) -> None:
        self.is_kept = is_kept
        self.steps: list[str] = []
        self.secrets = Mask()
        self.mask: Callable[[str], str] = self.secrets
        self.where = "its log is in log group G" if is_kept else "deploy with --no-rollback"

    def __call__(self, step: str, /, **_: object) -> None:
        self.steps.append(step)
