"""An entry in a DNS zone of Lightsail that leads a domain name to a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..aws.calls import Calls
from ..cloudformation.resource import Answer, Resource
from ..errors import NotFound, OutOfTime
from ..properties.domains import NOT_WRITTEN, EntryProperties, EntryProperty
from .lightsail_zone import ALIAS, REGION, LightsailZone
from .records import OwnRecords, Record

if TYPE_CHECKING:
    from ..cloudformation.request import Request


class EntryResource(Resource):
    """An entry, as one request names it: an alias, which is possible at the zone's apex, too."""

    named_by = EntryProperty.NAME
    never_made = NOT_WRITTEN

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._own: OwnRecords | None = None

    def put(self) -> Answer:
        """Write the entry, in place of the one that the resource stood for."""
        request = self.request
        wanted = self.parsed(EntryProperties.parse)
        self._own = self._own_records(wanted)
        self._own.write(_alias(wanted), may_replace=request.event["RequestType"] == "Update")
        return Answer(physical_id=wanted.name, undo=self.undo)

    def delete(self) -> None:
        """Remove the entry if the function has written it.

        Raises:
            Unfinished: the deadline came first; another invocation goes on, as a Delete that fails
                leaves the stack stuck.
        """
        request = self.request
        try:
            wanted = EntryProperties.parse(request.event.get("ResourceProperties"))
        except ValueError as error:
            request.log("nothing to delete", why=str(error))
            return
        if request.stack.keeps(wanted.name):
            request.log("kept: another resource stands for it", name=wanted.name)
            return
        try:
            self._take_back(self._own_records(wanted), wanted.name)
        except OutOfTime as error:
            raise error.unfinished() from error

    def undo(self, *, is_too_late: bool) -> None:
        """Undo what was written, if the request is cancelled by now.

        The request with which the stack goes back may have come before it was written.
        """
        request, own = self.request, self._own
        if own is None or not own.tried:
            return
        (name,) = {one.name for one in own.tried}
        if request.event["RequestType"] == "Create":
            if is_too_late or request.stack.takes_back(name):
                request.log("cancelled", name=name)
                self._take_back(own, name)
        elif is_too_late or request.stack.has_cancelled():
            request.log("cancelled", name=name)
            before = EntryProperties.parse(request.event.get("OldResourceProperties"))
            own.write(_alias(before), may_replace=True, is_checked=False)

    def _take_back(self, own: OwnRecords, name: str) -> None:
        try:
            own.take_back(name, ALIAS)
        except NotFound as error:
            self.request.log("gone with the zone", why=error)

    def _own_records(self, wanted: EntryProperties) -> OwnRecords:
        request = self.request
        client = request.environment.make_client("lightsail", region_name=REGION)
        calls = Calls(request.deadline, request.log)
        zone = LightsailZone(client, calls, wanted.lightsail_domain_name)
        return OwnRecords(
            zone, request.deadline, request.log, lambda: request.stack.check("an entry was written")
        )


def _alias(wanted: EntryProperties) -> Record:
    return Record.of(wanted.name, ALIAS, wanted.target)
