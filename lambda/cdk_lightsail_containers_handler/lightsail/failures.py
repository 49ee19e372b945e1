"""What the failures of a call to Lightsail mean.

Lightsail answers every client error with status 400, so the exception's name decides, never the
status or the English text:
https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/CommonErrors.html
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import (
    HandlerError,
    NotFound,
    OutOfTime,
    Refused,
    Unanswered,
    not_made,
    not_understood,
)


@dataclass(frozen=True)
class LightsailCall:
    """A call to Lightsail, as its failures name it.

    Args:
        operation: its name.
        service: the container service.
        digest: that of the image that is registered.
        repeatable: whether it may be carried out twice.
    """

    operation: str
    service: str
    digest: str = ""
    repeatable: bool = True

    def failed(self, code: str, said: str) -> HandlerError:
        """Return the error for what Lightsail answered: the error's name, and its words."""
        problem = f"Lightsail refused {self._call}"
        if code == "NotFoundException" and not self.digest:
            return _no_service(self.service)
        if code == "NotFoundException":
            return NotFound(
                f"Lightsail has no pushed image {self.digest} for container service "
                f"'{self.service}'",
                "push it again, and deploy at once",
            )
        if code == "InvalidInputException":
            return Refused(problem, "correct it and deploy again", said=said)
        if code == "AccessDeniedException":
            return HandlerError(
                f"the function's role may not call lightsail:{self.operation} on container "
                f"service '{self.service}'",
                "allow it, also in the organization's policies and permissions boundaries",
            )
        if code == "RegionSetupInProgressException":
            return HandlerError(
                f"Lightsail is still being set up in the Region of container service "
                f"'{self.service}'",
                "deploy again in some minutes",
            )
        return HandlerError(f"{problem} with {code}", "fix that and deploy again", said=said)

    def deleted(self) -> NotFound:
        """Return the error for a container service that is gone, and was there before."""
        return NotFound(
            f"container service '{self.service}' was deleted outside of the stack",
            "create it again with 'aws lightsail create-container-service', or let the stack "
            "make another one under a new name",
        )

    def not_made(self, cause: str, said: str) -> HandlerError:
        """Return the error for a call that botocore could not make, with botocore's words."""
        return not_made(self._call, cause, said)

    def unanswered(self, cause: str) -> Unanswered:
        """Return the error for a call whose answer was lost."""
        return Unanswered(self._problem(cause), "deploy again")

    def out_of_time(self, cause: str, seconds: float) -> OutOfTime:
        """Return the error for a call that did not get through in the seconds that it had."""
        if "Throttl" in cause:
            fix = "deploy again, fewer stacks at once, or give the function a longer timeout"
        else:
            fix = (
                "deploy again, in a Region that has Lightsail, and in a VPC with a way to the "
                "internet"
            )
        return OutOfTime(self._problem(cause), fix, seconds=seconds)

    def not_understood(self, cause: str, said: str) -> HandlerError:
        """Return the error for a call whose answer is not what it should be, again and again."""
        return not_understood("Lightsail", self._call, cause, said)

    @property
    def _call(self) -> str:
        return f"{self.operation} for container service '{self.service}'"

    def _problem(self, cause: str) -> str:
        return f"Lightsail did not answer {self._call} in time ({cause})"


def _no_service(service: str) -> NotFound:
    return NotFound(
        f"container service '{service}' does not exist in the account and Region of the stack",
        "create it, or correct its name",
    )
