"""U8: how long the registry keeps what is not registered."""

from __future__ import annotations

from dataclasses import dataclass

from lightsail_local.behaviour.behaviour import Behaviour
from live.answers import Answer, settled, unsettled
from live.probed_service import ProbedService

_PUSHES = 9
_NOT_FOUND = 404


@dataclass(frozen=True)
class _Look:
    """What came of a look.

    Args:
        seconds: after the push.
        is_there: whether the push was there.
        is_gone: whether it was not; neither, where it was refused for something else.
        evidence: what was said.
    """

    seconds: float
    is_there: bool
    is_gone: bool
    evidence: str


class UnregisteredPushes:
    """Some pushes, all made at once, and looked for one after the other.

    A registration keeps what it names, so each is good for one look.
    """

    def __init__(self, service: ProbedService) -> None:
        self._service = service
        self._pushes: list[tuple[str, float]] = []
        self._looks: list[_Look] = []

    def push(self) -> None:
        """Push, and register nothing."""
        clock = self._service.waiting.clock
        for number in range(_PUSHES):
            self._pushes.append((self._service.push(f"u8 {number}"), clock()))

    def look(self, *, by_manifest: bool = False) -> None:
        """See whether one of the pushes is still there.

        Args:
            by_manifest: ask the registry for it, if that answers, instead of registering it.
        """
        if not self._pushes:
            return
        service = self._service
        digest, pushed_at = self._pushes.pop(0)
        if by_manifest:
            reply = service.registry.ask_for_manifest("HEAD manifest", "HEAD", digest)
            is_there, is_gone = reply.is_taken, reply.status == _NOT_FOUND
            evidence = str(reply)
        else:
            said = service.ask_to_register("u8", digest)
            # A refusal may be about something else, such as a service that is busy.
            is_there, is_gone = not said.is_refused, service.is_of_missing(said)
            evidence = str(said)
        seconds = service.waiting.clock() - pushed_at
        self._looks.append(_Look(seconds, is_there, is_gone, evidence))

    def answer(self, *, is_told: bool) -> Answer:
        """Return the answer to U8.

        Args:
            is_told: whether a look tells what is there: not where Lightsail registers what is not.
        """
        evidence = [f"after {look.seconds:.0f} s: {look.evidence}" for look in self._looks]
        kept = max((look.seconds for look in self._looks if look.is_there), default=None)
        gone = min((look.seconds for look in self._looks if look.is_gone), default=None)
        if not is_told:
            why = "Lightsail registers digests that are not there, so it tells nothing"
            return unsettled(why, *evidence)
        if kept is None:
            why = "no look told" if gone is None else f"nothing was there after {_span(gone)}"
            return unsettled(why, *evidence)
        if gone is None:
            found = f"longer than {_span(kept)}, the time of the run"
            safe = max(float(int(kept)), Behaviour().unregistered_seconds)
        else:
            found = f"between {_span(kept)} and {_span(gone)}"
            safe = float(int(kept))
        return settled(found, {"unregistered_seconds": safe}, *evidence)


def _span(seconds: float) -> str:
    minutes = 60
    return f"{seconds:.0f} s" if seconds < 2 * minutes else f"{seconds / minutes:.0f} minutes"
