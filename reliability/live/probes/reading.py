"""What reads show: U11, U12."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reliability.live.answers import Answer, unsettled
from reliability.live.probed_service import ProbedService
from reliability.live.waiting import TookTooLong

_READS = 20
_SHOWN_IN_A_ROW = 3
_STALE_LOOK_SECONDS = 0.25
_LONGEST_STALE_SECONDS = 60.0
_ROUNDS = 3


class OrderOfAnswers:
    """U11: the order of images, and of deployments wherever there are several."""

    def __init__(self) -> None:
        self._orders: dict[str, str] = {}
        self._evidence: list[str] = []

    def look_at_images(self, service: ProbedService) -> None:
        """Register images whose order of time is not that of their names, and list them."""
        labels = ("u11b", "u11a", "u11c", "u11b")
        names = [
            service.register(label, service.push(f"u11 {number}"))
            for number, label in enumerate(labels)
        ]
        for name in names:
            service.wait_for_image(name)
        listed = [[name for name in service.images() if name in names] for _ in range(_READS)]
        self._note("images", names, listed)

    def look_at_deployments(self, list_versions: Callable[[], Sequence[int]]) -> None:
        """List deployments, if there are several."""
        first = list_versions()
        if len(first) > 1:
            listed = [first, *(list_versions() for _ in range(_READS - 1))]
            self._note("deployments", sorted(first), listed)

    def answer(self) -> Answer:
        """Return the answer to U11."""
        if "images" not in self._orders:
            return unsettled("U11", "no images could be listed")
        orders = set(self._orders.values())
        found = (f"{what} {order.replace('_', ' ')}" for what, order in self._orders.items())
        return Answer(
            unknown="U11",
            found=", ".join(found),
            # One switch is for both; whoever copes with any order copes with two.
            sides={"order": orders.pop() if len(orders) == 1 else "shuffled"},
            evidence=tuple(self._evidence),
        )

    def _note(
        self, what: str, oldest_first: Sequence[object], listed: Sequence[Sequence[object]]
    ) -> None:
        self._orders[what] = _order(oldest_first, listed)
        shown = [" ".join(map(_short, one)) for one in (oldest_first, listed[0])]
        self._evidence.append(f"{what} made as {shown[0]}, listed as {shown[1]}")


def staleness(service: ProbedService) -> Answer:
    """U12: register and delete images, and read at once until reads show it."""
    seconds: list[float] = []
    for number in range(_ROUNDS):
        name = service.register("u12", service.push(f"u12 {number}"))
        seconds.append(_shown_after(service, lambda name=name: name in service.images()))  # type: ignore[misc]
        said = service.ask_to_delete(name)
        if said.is_refused:
            return unsettled("U12", "an image could not be deleted", said)
        seconds.append(_shown_after(service, lambda name=name: name not in service.images()))  # type: ignore[misc]
    worst = round(max(seconds), 2)
    shown = ", ".join(f"{one:.2f}" for one in seconds)
    return Answer(
        unknown="U12",
        found=f"up to {worst:g} s" if worst else "every read showed the write before it",
        sides={"stale_seconds": worst},
        evidence=(f"GetContainerImages showed a registration and a deletion after {shown} s",),
    )


def _shown_after(service: ProbedService, is_shown: Callable[[], bool]) -> float:
    """Return after how many seconds reads show a write, and go on doing so."""
    clock = service.waiting.clock
    began, since, shown = clock(), 0.0, 0
    while clock() - began < _LONGEST_STALE_SECONDS:
        asked = clock() - began
        if not is_shown():
            shown = 0
        else:
            since = since if shown else asked
            shown += 1
            if shown == _SHOWN_IN_A_ROW:
                # The first read of all shows what is there at once, whatever the network takes.
                return since if since > _STALE_LOOK_SECONDS / 2 else 0.0
        service.waiting.sleep(_STALE_LOOK_SECONDS)
    raise TookTooLong(f"reads did not show a write in {_LONGEST_STALE_SECONDS:.0f} s")


def _order(oldest_first: Sequence[object], listed: Sequence[Sequence[object]]) -> str:
    forwards = list(oldest_first)
    if all(list(one) == forwards for one in listed):
        return "oldest_first"
    return "newest_first" if all(list(one) == forwards[::-1] for one in listed) else "shuffled"


def _short(item: object) -> str:
    return str(item).partition(".")[2] or str(item)
