"""U8: how long the registry keeps what is not registered."""

from __future__ import annotations

from lightsail_local.behaviour.behaviour import Behaviour
from live.answers import Answer, settled, unsettled
from live.probed_service import ProbedService

_PUSHES = 9
_NOT_FOUND = 404


class UnregisteredPushes:
    """Some pushes, all made at once, and looked for one after the other.

    A registration keeps what it names, so each is good for one look.
    """

    def __init__(self, service: ProbedService) -> None:
        self._service = service
        self._pushes: list[tuple[str, float]] = []
        # The seconds after which a push was there, and after which one was not.
        self._kept: list[float] = []
        self._gone: list[float] = []
        self._evidence: list[str] = []

    def push(self) -> None:
        """Push, and register nothing."""
        clock = self._service.waiting.clock
        for number in range(_PUSHES):
            self._pushes.append((self._service.push(f"u8 {number}"), clock()))

    def look(self, *, by_manifest: bool = False) -> None:
        """See whether one of the pushes is there, by its manifest or else by a registration."""
        if not self._pushes:
            return
        service = self._service
        digest, pushed_at = self._pushes.pop(0)
        if by_manifest:
            reply = service.registry.ask_for_manifest("HEAD", digest)
            is_there, is_gone, said = reply.is_taken, reply.status == _NOT_FOUND, str(reply)
        else:
            answer = service.ask_to_register("u8", digest)
            # A refusal may be about something else, such as a service that is busy.
            is_gone = service.is_of_missing(answer)
            is_there, said = not answer.is_refused, str(answer)
        seconds = service.waiting.clock() - pushed_at
        if is_there:
            self._kept.append(seconds)
        elif is_gone:
            self._gone.append(seconds)
        self._evidence.append(f"after {seconds:.0f} s: {said}")

    def answer(self, *, is_told: bool) -> Answer:
        """Return the answer to U8, if looks tell what is there."""
        kept, gone = max(self._kept, default=None), min(self._gone, default=None)
        if not is_told:
            why = "Lightsail registers digests that are not there, so it tells nothing"
            return unsettled(why, *self._evidence)
        if kept is None:
            why = "no look told" if gone is None else f"nothing was there after {_span(gone)}"
            return unsettled(why, *self._evidence)
        if gone is None:
            found = f"longer than {_span(kept)}, the time of the run"
            safe = max(float(int(kept)), Behaviour().unregistered_seconds)
        else:
            found = f"between {_span(kept)} and {_span(gone)}"
            safe = float(int(kept))
        return settled(found, {"unregistered_seconds": safe}, *self._evidence)


def _span(seconds: float) -> str:
    minutes = 60
    return f"{seconds:.0f} s" if seconds < 2 * minutes else f"{seconds / minutes:.0f} minutes"
