"""crhelper, which picks the function for a type of request, and a guard before each of its traps.

crhelper 2.0.12 would also make clients for polling, start a timer of its own, make up physical ids,
answer more than once, and put exceptions into the answer as they are.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from crhelper import CfnResource

from ..errors import HandlerError
from .resource import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .request import Request
    from .resource import HandOver


class CrhelperGuard(CfnResource):
    """Carries requests out by their type, and leaves it to `Reply` to answer them.

    Args:
        put: creates or updates what a request names.
        delete: deletes it.
    """

    def __init__(
        self,
        put: Callable[[Request], Answer | HandOver],
        delete: Callable[[Request], Answer | HandOver],
    ) -> None:
        # In the local emulator of AWS SAM crhelper makes no clients for polling. They are a seventh
        # of a cold start.
        os.environ["AWS_SAM_LOCAL"] = "true"
        try:
            super().__init__(log_level="INFO", boto_level="ERROR", sleep_on_delete=0)
        finally:
            del os.environ["AWS_SAM_LOCAL"]
        # It logs the request, whose ResponseURL is a signature, and tracebacks.
        logging.getLogger("crhelper").setLevel(logging.CRITICAL)
        for register, act in ((self.create, put), (self.update, put), (self.delete, delete)):
            register(self._keeping_the_outcome_of(act))

    def carry_out(self, request: Request) -> Answer | HandOver:
        """Create, update or delete what a request names."""
        kind = request.event["RequestType"]
        if kind not in ("Create", "Update", "Delete"):  # crhelper would ask for such a function
            return Answer(
                failure=HandlerError(
                    f"RequestType must be Create, Update or Delete, got {kind!r}",
                    "send what CloudFormation sends",
                )
            )
        self._request = request
        self(request.event, request.context)
        return self._outcome

    def _keeping_the_outcome_of(
        self, act: Callable[[Request], Answer | HandOver]
    ) -> Callable[[object, object], None]:
        def run(_event: object, _context: object) -> None:
            self._outcome = act(self._request)

        return run

    def _wrap_function(self, func: Callable[[object, object], None]) -> None:
        func(self._request.event, self._request.context)  # crhelper would catch what it raises

    def _set_timeout(self) -> None:
        """Start no timer: `Reply` has one."""

    def _cfn_response(self, _event: object) -> None:
        """Make up no physical id, and send nothing."""

    def _send(self, _status: str, reason: str) -> None:
        """Turn what crhelper fails at into the outcome."""
        self._outcome = Answer(
            failure=HandlerError("unexpected error", "deploy again", said=reason)
        )
