"""What was found out about what no one outside AWS knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lightsail_local.behaviour.behaviour import Behaviour

Side = str | bool | int | float

QUESTIONS = {
    "U1": "The same digest and label, registered twice: a new number, or the one that is there?",
    "U2": "Is the number of a deleted image given out again?",
    "U3": "DeleteContainerImage of an image that the current deployment runs: refused, or done?",
    "U4": "RegisterContainerImage of a digest that is not there, of an index, of an arm64 image?",
    "U5": "HEAD and GET of a manifest in the registry?",
    "U6": "Uploads: PATCH too, Location a path or an address, of the registry or another host?",
    "U7": "Which manifests are taken, and layers compressed with zstd?",
    "U8": "How long does the registry keep what was pushed and not registered?",
    "U9": "Login and RegisterContainerImage while the service is PENDING, DEPLOYING, UPDATING?",
    "U10": "An image `:service.label.latest` in a deployment: refused, echoed, or resolved?",
    "U11": "The order of images and of deployments in answers?",
    "U12": "For how long after a write may a read show what was before?",
    "U13": "The mount of a blob that is there: 201, or 202 and an upload?",
    "U14": "How many calls until ThrottlingException?",
}
"""The questions that a run puts."""

NOT_ASKED = {
    "D1": "Does Lightsail write validation records into a DNS zone of its own by itself?",
    "D2": "Does it remove those with the certificate?",
    "D3": "How does GetDomain show names, targets and TXT: letter case, final dots, quotes?",
    "D4": "A second A entry of a name: refused, or taken?",
    "D5": "A TXT entry that is there already: taken twice, or refused?",
    "D6": "DeleteDomainEntry: by the id, or by everything?",
    "D7": "GetCertificates for a name that is not there: which error, or an empty list?",
    "D8": "Validation records: the same in each certificate of an account, and when shown?",
    "D9": "For how long after a write do GetDomain and GetCertificates show what was before?",
}
"""Those that need a domain name whose name servers are those of the zone."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer to one question in words, or why it could not be settled."""

    found: str
    sides: Mapping[str, Side] = field(default_factory=dict)  # the local cloud's switches for it
    evidence: tuple[str, ...] = ()  # what was called, and what was said
    is_settled: bool = True

    def __str__(self) -> str:
        """Return it in words."""
        return self.found if self.is_settled else f"could not be settled: {self.found}"


def settled(found: str, sides: Mapping[str, Side], *evidence: object) -> Answer:
    """Return an answer, the switches for it, and what was called and said."""
    return Answer(found=found, sides=sides, evidence=tuple(map(str, evidence)))


def unsettled(why: object, *evidence: object) -> Answer:
    """Return that there is no answer."""
    return Answer(found=str(why), evidence=tuple(map(str, evidence)), is_settled=False)


def command(answers: Iterable[Answer]) -> str:
    """Return the command that has the local cloud behave as it was found."""
    defaults = vars(Behaviour())
    sides = [side for answer in answers for side in answer.sides.items()]
    options = [
        f"--behaviour {name}={written(value)}" for name, value in sides if value != defaults[name]
    ]
    return " ".join(["lightsail-local up", *options])


def written(value: Side) -> str:
    """Write a switch's value as the command line reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
