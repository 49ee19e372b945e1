"""Every question, in an order in which each finds what it needs and waits as little as can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cdk_lightsail_containers_handler.registry.errors import RegistryError

from .answers import QUESTIONS, Answer, Side, unsettled
from .lightsail import CallFailed
from .mask import Mask
from .probed_service import ProbedService
from .probes import assumptions
from .probes.assumptions import Fact
from .probes.busy import BusyService
from .probes.order import OrderOfAnswers
from .probes.registering import register_twice, register_what_does_not_run, reuse_a_number
from .probes.staleness import Staleness
from .probes.taking import mount_a_blob, push_media_types, read_manifests, upload_blobs
from .probes.throttling import throttling
from .probes.unregistered import UnregisteredPushes
from .probes.using import delete_in_use, deploy_latest
from .waiting import TookTooLong

# Of the latter an answer of another form than the documented one makes its reader's exceptions.
_FORM = (LookupError, ValueError, TypeError, AttributeError)
_UNANSWERED = (CallFailed, RegistryError, TookTooLong, *_FORM)


class Probing:
    """The questions, as they are put to a service that is not made yet.

    `tell` gets each question and its answer.
    """

    def __init__(
        self, service: ProbedService, mask: Mask, tell: Callable[[str, Answer], None]
    ) -> None:
        self._service = service
        self._mask = mask
        self._tell = tell
        self._answers: dict[str, Answer] = {}
        self._facts: list[Fact] = []
        self._problems: dict[str, list[str]] = {}
        self._busy = BusyService(service)
        self._order = OrderOfAnswers(service)
        self._staleness = Staleness(service)
        self._unregistered = UnregisteredPushes(service)

    @property
    def answers(self) -> dict[str, Answer]:
        """The answers so far, by their questions and in the order of those."""
        return {
            unknown: self._answers[unknown] for unknown in QUESTIONS if unknown in self._answers
        }

    @property
    def facts(self) -> list[Fact]:
        """What else was seen."""
        return [(what, self._mask(said)) for what, said in self._facts]

    def begin(self) -> None:
        """Make the service, and see what works until it is ready.

        Raises:
            CallFailed: Lightsail does not make it.
            TookTooLong: it does not become ready.
        """
        service = self._service
        self._note(lambda: assumptions.before_the_first_service(service.lightsail))
        created = service.create()
        self._note(lambda: [assumptions.of_a_service("was made just now", created)])
        self._try("U9", lambda: self._busy.look("PENDING", created))
        ready = service.wait_until_ready()
        self._note(lambda: [assumptions.of_a_service("is ready", ready)])

    def ask_without_deployments(self) -> None:
        """Put the questions that a service without a deployment answers."""
        self._try("U8", self._unregistered.push)
        self._settle("U1", register_twice)
        self._settle("U2", reuse_a_number)
        self._settle("U4", register_what_does_not_run)
        self._settle("U5", read_manifests)
        self._settle("U6", upload_blobs)
        self._settle("U7", push_media_types)
        self._settle("U13", mount_a_blob)
        self._try("U12", self._staleness.look_at_images)
        self._try("U11", self._order.look_at_images)
        self._note(lambda: assumptions.of_refusals(self._service))
        self.look_for_pushes()

    def ask_with_deployments(self) -> None:
        """Deploy, and put the questions about that; then those about a change of the service."""
        service = self._service
        self._try("U9", lambda: self._busy.prepare("DEPLOYING"))
        self._try("U9", self._look_while_deploying)
        self._put("U12", self._staleness.answer)
        self._settle("U3", delete_in_use)
        self._note(lambda: [assumptions.of_a_log(service)])
        self.look_for_pushes()
        self._settle("U10", deploy_latest)
        self.look_at_deployments(service.name)
        self._try("U9", lambda: self._busy.prepare("UPDATING"))
        self._try("U9", self._look_while_updating)
        self._put("U9", self._busy.answer)
        self.look_for_pushes()

    def ask_at_the_end(self) -> None:
        """Put the questions that are best put last."""
        self.look_for_pushes()
        self._settle("U14", throttling)
        self._put("U11", self._order.answer)
        is_told = self._reads_manifests() or self._found("U4", {"missing_digest": "refused"})
        self._put("U8", lambda: self._unregistered.answer(is_told=is_told))

    def look_for_pushes(self) -> None:
        """See whether what was pushed at the beginning is still there."""
        by_manifest = self._reads_manifests()
        self._try("U8", lambda: self._unregistered.look(by_manifest=by_manifest))

    def look_at_deployments(self, name: str) -> None:
        """See in which order the deployments of a service are listed."""
        self._try("U11", lambda: self._order.look_at_deployments(name))

    def _look_while_deploying(self) -> None:
        deploying = self._service.begin_to_serve()
        self._try("U12", lambda: self._staleness.look_at_deployment(deploying))
        self._busy.look("DEPLOYING", deploying)
        self._facts.append(assumptions.of_a_service("deploys", deploying))
        image = deploying["nextDeployment"]["containers"]["web"]["image"]
        self._facts.append(assumptions.of_a_second_deployment(self._service, image))

    def _look_while_updating(self) -> None:
        """Change the service, and see what works meanwhile."""
        updating = self._service.begin_update()
        self._busy.look("UPDATING", updating)
        self._facts.append(assumptions.of_a_service("is updated", updating))
        self._service.wait_until_ready()

    def _reads_manifests(self) -> bool:
        return self._found("U5", {"manifest_reads": "answered"})

    def _found(self, unknown: str, side: Mapping[str, Side]) -> bool:
        answer = self._answers.get(unknown)
        return answer is not None and side.items() <= answer.sides.items()

    def _settle(self, unknown: str, probe: Callable[[ProbedService], Answer]) -> None:
        self._put(unknown, lambda: probe(self._service))

    def _put(self, unknown: str, find: Callable[[], Answer]) -> None:
        """Find an answer, or say what has failed on the way to it."""
        problems = self._problems.get(unknown, [])
        try:
            answer = find()
        except _UNANSWERED as failure:
            answer = unsettled(_words(failure))
        why = answer.found if answer.is_settled or not problems else problems[0]
        evidence = (*answer.evidence, *problems)
        answer = replace(answer, found=self._mask(why), evidence=tuple(map(self._mask, evidence)))
        self._answers[unknown] = answer
        self._tell(unknown, answer)

    def _try(self, unknown: str, act: Callable[[], None]) -> None:
        """Take a step towards an answer; what fails is part of it."""
        try:
            act()
        except _UNANSWERED as failure:
            self._problems.setdefault(unknown, []).append(_words(failure))

    def _note(self, find: Callable[[], list[Fact]]) -> None:
        try:
            self._facts += find()
        except _UNANSWERED as failure:
            self._facts.append(("a look that failed", _words(failure)))


def _words(failure: Exception) -> str:
    if isinstance(failure, _FORM):
        return f"an answer has another form than the documented one: {failure!r}"
    return str(failure)
