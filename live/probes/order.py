"""In which order reads show what is there: U11."""

from __future__ import annotations

from collections.abc import Sequence

from live.answers import Answer, settled, unsettled
from live.probed_service import ProbedService

_READS = 20


class OrderOfAnswers:
    """U11: the order of images, and of deployments wherever there are several."""

    def __init__(self, service: ProbedService) -> None:
        self._service = service
        self._orders: dict[str, str] = {}
        self._evidence: list[str] = []

    def look_at_images(self) -> None:
        """Register images whose order of time is not that of their names, and list them."""
        service = self._service
        labels = ("u11b", "u11a", "u11c", "u11b")
        names = [
            service.register(label, service.push(f"u11 {number}"))
            for number, label in enumerate(labels)
        ]
        for name in names:
            service.wait_for_image(name)
        listed = [[name for name in service.images() if name in names] for _ in range(_READS)]
        self._note("images", names, listed)

    def look_at_deployments(self, name: str) -> None:
        """List the deployments of a service, if there are several."""
        first = self._versions(name)
        if len(first) > 1:
            listed = [first, *(self._versions(name) for _ in range(_READS - 1))]
            self._note("deployments", sorted(first), listed)

    def answer(self) -> Answer:
        """Return the answer to U11."""
        if "images" not in self._orders:
            return unsettled("no images could be listed")
        orders = set(self._orders.values())
        found = (f"{what} {order.replace('_', ' ')}" for what, order in self._orders.items())
        # One switch is for both: code that copes with any order copes with two.
        side = orders.pop() if len(orders) == 1 else "shuffled"
        return settled(", ".join(found), {"order": side}, *self._evidence)

    def _versions(self, name: str) -> list[int]:
        return [one["version"] for one in self._service.lightsail.deployments(name)]

    def _note(
        self, what: str, oldest_first: Sequence[object], listed: Sequence[Sequence[object]]
    ) -> None:
        self._orders[what] = _order(oldest_first, listed)
        shown = [" ".join(map(_short, one)) for one in (oldest_first, listed[0])]
        self._evidence.append(f"{what} made as {shown[0]}, listed as {shown[1]}")


def _order(oldest_first: Sequence[object], listed: Sequence[Sequence[object]]) -> str:
    forwards = list(oldest_first)
    if all(list(one) == forwards for one in listed):
        return "oldest_first"
    return "newest_first" if all(list(one) == forwards[::-1] for one in listed) else "shuffled"


def _short(item: object) -> str:
    return str(item).partition(".")[2] or str(item)
