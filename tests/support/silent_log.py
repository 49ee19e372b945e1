"""A request's log that is not kept, for what is tested below the handler."""

from collections.abc import Callable

from cdk_lightsail_containers_handler.mask import Mask


class SilentLog:
    """Takes the steps of a request.

    Args:
        is_kept: as of an Update; a Create's log is gone after its rollback.

    Attributes:
        steps: the steps that were logged.
        mask: learns secrets.
        where: how to get at the log.
    """

    def __init__(self, *, is_kept: bool = True) -> None:
        self.is_kept = is_kept
        self.steps: list[str] = []
        self.secrets = Mask()
        self.mask: Callable[[str], str] = self.secrets
        self.where = "its log is in log group G" if is_kept else "deploy with --no-rollback"

    def __call__(self, step: str, /, **_: object) -> None:
        self.steps.append(step)
