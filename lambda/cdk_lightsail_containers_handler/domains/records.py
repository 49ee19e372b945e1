"""DNS records that the function writes, and takes back unless they were changed since.

Beside each of its records the function writes a mark, a TXT record that holds what it has written.
So what it finds again is known to be its own: after a killed invocation, in a Delete, or in the
resource that replaces another one. A zone has no other place for that, and a record without a mark
is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from ..errors import HandlerError, Refused, Unanswered, Unfinished
from ..lightsail.client import STALE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..deadline import Deadline
    from ..request_log import Log

_MARKED = "_cdk-lightsail-containers"
_WROTE = "cdk-lightsail-containers wrote"
_MOST_ATTEMPTS = 5
CNAME, TXT = "CNAME", "TXT"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A DNS record.

    Args:
        name: its domain name, lowercase and without a final dot.
        kind: such as CNAME.
        target: what it says, for a domain name lowercase and without a final dot.
        is_as_written: whether the rest of it is as the function writes it.
    """

    name: str
    kind: str
    target: str
    is_as_written: bool = field(default=True, compare=False)

    @classmethod
    def of(cls, name: str, kind: str, target: str, *, is_as_written: bool = True) -> Self:
        """Return a record as it compares with others."""
        is_name = kind != TXT
        return cls(
            name=plain_name(name),
            kind=kind,
            target=plain_name(target) if is_name else target.strip('"'),
            is_as_written=is_as_written,
        )

    @property
    def mark(self) -> Record:
        """What stands beside a record that the function has written."""
        return Record(
            name=f"{_MARKED}.{self.name}", kind=TXT, target=f"{_WROTE} {self.kind} {self.target}"
        )

    @property
    def is_mark(self) -> bool:
        """Whether it is a mark of this function."""
        return self.kind == TXT and self.target.startswith(f"{_WROTE} ")

    def __str__(self) -> str:
        """Return it as a message shows it."""
        return f"{self.name} {self.kind} {self.target}"


class Zone(Protocol):
    """A DNS zone."""

    def records(self, names: Sequence[str]) -> list[Record]:
        """Return the records of some names."""

    def change(self, remove: Sequence[Record], add: Sequence[Record]) -> None:
        """Remove some records, and then add others.

        Raises:
            Refused: another change came before.
            Unanswered: it may have been carried out.
        """


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What to change in a zone.

    Args:
        remove: the records to remove.
        add: the records to add.
        is_sure: whether one look is enough for it: a read may lag behind what was written.
        conflict: why nothing can be changed.
    """

    remove: Sequence[Record] = ()
    add: Sequence[Record] = ()
    is_sure: bool
    conflict: HandlerError | None = None


class OwnRecords:
    """The function's own records in a zone.

    Args:
        zone: the zone.
        deadline: when to stop.
        log: where the steps are logged.
        check: raises for a request that does not count any more, before anything is written.

    Attributes:
        tried: the records that it has written, or may have.
    """

    def __init__(self, zone: Zone, deadline: Deadline, log: Log, check: Callable[[], None]) -> None:
        self._zone = zone
        self._deadline = deadline
        self._log = log
        self._check = check
        self._added: set[Record] = set()
        self._replaced: set[Record] = set()
        self.tried: set[Record] = set()

    def write(self, record: Record, *, may_replace: bool = False, is_checked: bool = True) -> None:
        """Write a record unless it is there.

        Args:
            record: the record.
            may_replace: whether it may replace one of another target that the function has written.
            is_checked: whether the request has to count still.

        Raises:
            HandlerError: the name has another record.
        """
        self._change(
            record.name,
            lambda found: self._to_write(record, found, may_replace=may_replace),
            "wrote",
            is_checked=is_checked,
        )

    def take_back(self, name: str, kind: str) -> None:
        """Remove what the function has written for a name, unless it was changed since.

        Args:
            name: the domain name.
            kind: the kind of the record.
        """
        self._change(name, lambda found: self._to_take_back(name, kind, found), "removed")

    def _to_write(self, record: Record, found: Sequence[Record], *, may_replace: bool) -> _Plan:
        """Plan to write a record beside what a zone has, with its mark and no other."""
        marks = [one for one in found if one.is_mark]
        if record in found:
            # A request that this one undoes, or the other way round, may have come between.
            is_ours = record in self._replaced and record.mark not in marks
            known = {one.mark for one in found}
            return _Plan(
                remove=[one for one in marks if one not in known],
                add=[record.mark] if is_ours else [],
                is_sure=not may_replace,
            )
        own = [one for one in found if may_replace and _is_own(one, marks)]
        for other in found:
            excludes_it = other.kind == record.kind or CNAME in (other.kind, record.kind)
            if other.name == record.name and excludes_it and other not in own:
                conflict = HandlerError(
                    f"'{record.name}' already has the record {other.kind} {other.target}",
                    "remove it from the zone, or use another domain name",
                )
                return _Plan(is_sure=False, conflict=conflict)
        return _Plan(
            remove=[*own, *(one for one in marks if one != record.mark)],
            add=[one for one in (record.mark, record) if one not in found],
            # An update finds what it replaces.
            is_sure=bool(own) or not may_replace,
        )

    def _to_take_back(self, name: str, kind: str, found: Sequence[Record]) -> _Plan:
        """Plan to remove what the function has written, and all marks."""
        marks = [one for one in found if one.is_mark]
        # A request that undoes this one may have removed the mark of what was just added.
        own = [
            one for one in found if one.kind == kind and (_is_own(one, marks) or one in self._added)
        ]
        for one in found:
            if one.name == name and one not in own:
                self._log("kept: not written by the function", record=str(one))
        return _Plan(remove=[*own, *marks], is_sure=bool(own))

    def _change(
        self,
        name: str,
        plan: Callable[[Sequence[Record]], _Plan],
        done: str,
        *,
        is_checked: bool = False,
    ) -> None:
        """Change a zone as planned from what is there; plan again when something came between."""
        name = plain_name(name)
        names = [name, f"{_MARKED}.{name}"]
        attempt = 0
        has_waited = False
        while True:
            planned = plan(self._zone.records(names))
            if not planned.is_sure and not has_waited:
                has_waited = True
                if self._deadline.pause(STALE_SECONDS):
                    continue
            if planned.conflict:
                raise planned.conflict
            remove, add = planned.remove, planned.add
            if not remove and not add:
                return
            if is_checked:
                self._check()
            self.tried.update(one for one in add if not one.is_mark)
            self._replaced.update(remove)
            try:
                self._zone.change(remove, add)
            except (Refused, Unanswered) as error:
                attempt += 1
                if attempt == _MOST_ATTEMPTS:
                    raise
                self._log("looking again", why=error)
                if not self._deadline.pause(STALE_SECONDS):
                    raise Unfinished(
                        f"the records of '{name}' were not changed in all the time",
                        "deploy again",
                        said=error.said,
                    ) from error
                has_waited = True
            else:
                self._added.update(add)
                self._log(done, records=[str(one) for one in _shown(remove, add)])
                return


def _is_own(record: Record, marks: Sequence[Record]) -> bool:
    return record.is_as_written and record.mark in marks


def _shown(remove: Iterable[Record], add: Iterable[Record]) -> list[Record]:
    return [one for one in (*remove, *add) if not one.is_mark]


def plain_name(name: str) -> str:
    """Return a domain name as it compares with others."""
    return name.rstrip(".").lower()
