"""U9: what works while something is being done to the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from live.answers import Answer, settled, unsettled
from live.lightsail import Said
from live.probed_service import ProbedService

_BUSY = frozenset({"PENDING", "DEPLOYING", "UPDATING"})
_BEGINS_SECONDS = 60.0
# A state that was there this long ago is there still: they last for minutes.
_LASTS_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What was said to a login and a registration while the service was in a state."""

    state: str
    login: Said
    register: Said | None  # if something could be pushed
    is_alone: bool  # whether no other service of the account was ready, for a login is for all
    is_sure: bool  # whether the service was in that state to the end

    @property
    def said(self) -> tuple[Said, ...]:
        return (self.login, self.register) if self.register else (self.login,)

    def told(self, *, is_gone: bool) -> str:
        """Return it in words; what was to be registered may have been gone, in any state."""
        login = "login refused" if self.login.is_refused else "login works"
        alone = "" if self.is_alone else " (another service of the account was ready)"
        register = ""
        if self.register:
            register = f", register {'refused' if self.register.is_refused else 'works'}"
        if is_gone:
            register = ", nothing to register"
        return f"{self.state}: {login}{alone}{register}"


class BusyService:
    """Tries a login and a registration in each state, as the service comes through them."""

    def __init__(self, service: ProbedService) -> None:
        self._service = service
        self._looks: list[_Look] = []
        self._missed: list[str] = []
        self._digest = ""

    def look(self, wanted: str, answered: Mapping[str, Any]) -> None:
        """Try both, at once, in a state to which a call has just brought the service."""
        if answered.get("state") != wanted and not self._comes_to(wanted):
            self._missed.append(wanted)
            return
        service = self._service
        began = service.waiting.clock()
        login = service.lightsail.ask("CreateContainerServiceRegistryLogin")
        register = None
        if not login.is_refused and not self._digest:
            self._digest = service.push(f"u9 {wanted}")
        if self._digest:
            register = service.ask_to_register("u9", self._digest)
        took = service.waiting.clock() - began
        state = (service.look() or {}).get("state")
        self._looks.append(
            _Look(
                state=wanted,
                login=login,
                register=register,
                is_alone=not self._others_are_ready(),
                is_sure=took < _LASTS_SECONDS or state == wanted,
            )
        )
        self._digest = ""

    def prepare(self, wanted: str) -> None:
        """Push something to register in a state, just before the service comes to it.

        What was pushed for another state may be gone by then.
        """
        self._digest = self._service.push(f"u9 {wanted}")

    def answer(self) -> Answer:
        """Return the answer to U9."""
        evidence = [f"{look.state}: {said}" for look in self._looks for said in look.said]
        evidence += [f"{state}: the service was not seen in it" for state in self._missed]
        evidence += [
            f"{look.state}: it may have been over by then"
            for look in self._looks
            if not look.is_sure
        ]
        registers = [
            look.register
            for look in self._looks
            if look.register
            and not self._is_gone(look)
            and (look.is_sure or look.register.is_refused)
        ]
        if not registers:
            return unsettled("nothing could be registered in any of the states", *evidence)
        is_refused = any(said.is_refused for said in registers)
        found = "; ".join(look.told(is_gone=self._is_gone(look)) for look in self._looks)
        return settled(found, {"busy_service": "refused" if is_refused else "works"}, *evidence)

    def _is_gone(self, look: _Look) -> bool:
        """Return whether a refusal says nothing about the state: the push may have been gone."""
        said = look.register
        if said is None or not said.is_refused:
            return False
        return self._service.missing is None or self._service.is_of_missing(said)

    def _comes_to(self, state: str) -> bool:
        looks = self._service.waiting.looks(_BEGINS_SECONDS)
        return any((self._service.look() or {}).get("state") == state for _ in looks)

    def _others_are_ready(self) -> bool:
        return any(
            service["state"] not in _BUSY
            for service in self._service.lightsail.services()
            if service["containerServiceName"] != self._service.name
        )
