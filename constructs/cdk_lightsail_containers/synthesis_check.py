"""Rules that are held again when an app is synthesized."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from constructs import IValidation

if TYPE_CHECKING:
    from collections.abc import Callable


@jsii.implements(IValidation)
class SynthesisCheck:
    """Finds what was made wrong, or came to be known, after a construct was made.

    Args:
        check: raises the `ValueError` that says what is wrong.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def validate(self) -> list[str]:
        """Return what is wrong, for the CDK to say it with the construct's path."""
        try:
            self._check()
        except ValueError as error:
            return [str(error)]
        return []
