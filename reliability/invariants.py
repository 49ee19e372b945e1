"""What must hold in a world after any fault."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdk_lightsail_containers_handler.domains.records import Record
from cdk_lightsail_containers_handler.properties.container_image import ImageName
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
)
from cdk_lightsail_containers_handler.properties.domains import CERTIFICATE_VALIDATION_TYPE
from world.cloudformation import SimulatedStack
from world.custom_resource import BROKEN_REASON, NO_ANSWER, Exchange, Outcome, Resource
from world.world import World

from .advice import is_sentence
from .answers import wrong_answers
from .records import by_lightsail, certificate, records, stood_for
from .windows import Window, window_of, window_of_deployment

_SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"})
_FAILED = frozenset({"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"})


@dataclass
class Invariants:
    """What is known of a world, to tell what is wrong in it."""

    world: World
    stacks: Sequence[SimulatedStack]
    dropped: Collection[str]  # the ids of the requests that AWS Lambda has given up
    log: Path  # what the function has logged
    duplicated: Collection[str] = ()  # those that one of two deliveries may fail first
    bystanders: set[str] = field(default_factory=set)
    """Images that no stack has, and that have to stay."""
    windows: Counter[Window] = field(default_factory=Counter)
    """How many images and deployments no stack stands for because of a case that is known."""
    _known: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Take the world as it is for right."""
        self._owned_before = self._owned()
        of_stacks = {one.attributes.get("DeploymentVersion") for one in self._resources()}
        self._deployed_before = {
            version
            for which in ("currentDeployment", "nextDeployment")
            for version in self._current(which).values()
            if version is not None and str(version) not in of_stacks
        }
        self.bystanders = self._images() - self._owned_before | self._retained()
        self._records_of_others = records(self.world) - self._written(self._resources())

    def broken(self, *outcomes: Outcome, succeeds: bool, had_fault: bool) -> list[str]:
        """Return what does not hold, in sentences.

        Args:
            outcomes: what has become of the first stacks, in their order.
            succeeds: whether they have to have succeeded.
            had_fault: whether something has gone wrong since what was right.
        """
        # What was begun and not waited for comes to its end.
        self.world.clock.sleep(self.world.behaviour.deployment_seconds)
        return [
            *(
                problem
                for stack, outcome in zip(self.stacks, outcomes, strict=False)
                for problem in (
                    *self._wrong_outcome(outcome, succeeds=succeeds),
                    *self._wrong_rollback(stack, outcome),
                )
            ),
            *self._wrong_images(outcomes, had_fault=had_fault),
            *self._wrong_records(outcomes),
            *self._wrong_deployments(),
            *self._needless_deployments(),
            *(
                problem
                for exchange in self._exchanges()
                for problem in wrong_answers(exchange, self.dropped, self.duplicated)
            ),
            *self._told_secrets(),
        ]

    def unclear(self, outcome: Outcome) -> Iterator[str]:
        """Say which of an outcome's reasons does not name its cause and fix."""
        for reason in outcome.reasons:
            # Killed late in an invocation: then CloudFormation waits, and says so itself.
            is_known = reason == BROKEN_REASON or (reason == NO_ANSWER and self.dropped)
            if not is_known and not is_sentence(reason):
                yield f"{outcome.status} without a cause and a fix: {reason}"

    def _wrong_outcome(self, outcome: Outcome, *, succeeds: bool) -> Iterator[str]:
        if succeeds and outcome.status not in _SUCCEEDED:
            yield f"{outcome.status}: {outcome.reasons}"
        elif outcome.status not in _SUCCEEDED | _FAILED:
            yield f"stuck in {outcome.status}: {outcome.reasons}"
        else:
            yield from self.unclear(outcome)

    def _wrong_rollback(self, stack: SimulatedStack, outcome: Outcome) -> Iterator[str]:
        """Say which resource of a stack that has gone back stands for something else by now."""
        if outcome.status != "UPDATE_ROLLBACK_COMPLETE":
            return
        for name, old in stack.before.items():
            new = stack.resources.get(name)
            if new is None or new.physical_id != old.physical_id:
                yield f"{stack.name}/{name} does not stand for {old.physical_id} any more"

    def _wrong_images(self, outcomes: Collection[Outcome], *, had_fault: bool) -> Iterator[str]:
        images, owned, used = self._images(), self._owned(), self._used()
        known = images | owned | self.bystanders
        prunable = self._prunable(known) - used - owned
        may_be_gone = prunable | self._pruned_in_vain(known) - used - owned
        if _is_deleted_again(outcomes):
            may_be_gone |= owned - used
        for name in sorted((owned | self.bystanders | used) - may_be_gone - images):
            yield f"image {name} is lost"
        for name in sorted(images - owned - self.bystanders - used - self._known):
            if window := self._window(window_of, self._stored()[name]):
                self.windows[window] += 1
                self._known.add(name)
            else:
                yield f"image {name} belongs to no stack"
        if not had_fault:  # a deploy that could not prune leaves it to the next one
            for name in sorted(prunable & images):
                yield f"image {name} is more than there should be"
        self._owned_before = owned
        # What stacks have left behind because it is in use, or because they are asked to.
        self.bystanders = (self.bystanders | (used - owned) | self._retained()) & images

    def _window(self, find: Callable[..., Window | None], left: Mapping[str, Any]) -> Window | None:
        """Return the case in which something was left, None if it is none that is known."""
        found = (find(self.world, left, exchange) for exchange in self._exchanges())
        return next(filter(None, found), None)

    def _wrong_records(self, outcomes: Collection[Outcome]) -> Iterator[str]:
        """Say which DNS record is lost, and which stays that no stack stands for any more."""
        found, others = records(self.world), self._records_of_others
        for record in sorted(others - found, key=str):
            yield f"record {record} of another user is lost"
        written: set[Record] = set()
        # What Lightsail writes by itself, it keeps or removes; the function may write it again.
        free = _with_marks(by_lightsail(self.world))
        for stack in self.stacks:
            wanted = self._written(stack.resources.values())
            written |= wanted
            if not _is_deleted_again(outcomes):
                for record in sorted(wanted - found - free, key=str):
                    yield f"{stack.name} has no record {record}"
            yield from self._wrong_certificates(stack)
        for record in sorted(found - written - others - free, key=str):
            yield f"record {record} belongs to no stack"

    def _written(self, resources: Iterable[Resource]) -> set[Record]:
        """Return the records that resources stand for, and what the function writes beside them."""
        return _with_marks({record for one in resources for record in stood_for(self.world, one)})

    def _wrong_certificates(self, stack: SimulatedStack) -> Iterator[str]:
        for resource in stack.resources.values():
            if resource.kind == CERTIFICATE_VALIDATION_TYPE:
                found = certificate(self.world, resource)
                status = found["status"] if found else "gone"
                if status != "ISSUED":
                    yield f"{stack.name} stands for certificate {resource.physical_id}: {status}"

    def _prunable(self, known: set[str]) -> set[str]:
        """Return the images that a stack's `MaxVersions` lets go, of all that there were."""
        wanted = [resource.properties for resource in self._resources()]
        return {name for one in wanted for name in _surplus(known, one, 0)} - self._owned_before

    def _pruned_in_vain(self, known: set[str]) -> set[str]:
        """Return those that requests let go which were cancelled, each with a new one of its own.

        They are gone as they were meant to be, though the new one is, too.
        """
        wanted = [
            exchange.event["ResourceProperties"]
            for exchange in self._exchanges()
            if exchange.rolled_back
        ]
        return {name for one in wanted for name in _surplus(known, one, 1)} - self._owned_before

    def _wrong_deployments(self) -> Iterator[str]:
        for stack in self.stacks:
            for resource in stack.resources.values():
                if resource.kind != DEPLOYMENT_TYPE or self._serves(resource):
                    continue
                service = self._services()[resource.properties["ServiceName"]]
                current = service.get("currentDeployment", {})
                if window := self._window(window_of_deployment, current):
                    self.windows[window] += 1
                else:
                    yield f"{stack.name} stands for a deployment that does not serve"

    def _exchanges(self) -> Iterator[Exchange]:
        return (exchange for stack in self.stacks for exchange in stack.exchanges)

    def _needless_deployments(self) -> Iterator[str]:
        """Say which deployments run what ran already."""
        for service in self._services():
            found = self.world.call("GetContainerServiceDeployments", serviceName=service)
            served = [one for one in found["deployments"] if one["state"] != "FAILED"]
            in_order = sorted(served, key=lambda one: int(one["version"]))
            for before, after in itertools.pairwise(in_order):
                is_same = before["containers"] == after["containers"]
                # The latest may be another image each time.
                if is_same and ".latest'" not in str(after["containers"]):
                    yield f"deployment {after['version']} of {service} runs what ran already"

    def _serves(self, resource: Resource) -> bool:
        """Return whether a deployment serves, or what another user deployed over it before."""
        service = resource.properties["ServiceName"]
        found = self.world.call("GetContainerServiceDeployments", serviceName=service)
        deployments = {one["version"]: one for one in found["deployments"]}
        current = self._current()[service]
        if current is None or current in self._deployed_before:
            return current is not None
        own = deployments[_version(resource)]
        if any(_version(one) > _version(resource) for one in self._deployments_in(service)):
            return bool(own["state"] != "FAILED")  # another stack has deployed since
        # Two deliveries of a request may deploy the same, one after the other.
        return bool(own["containers"] == deployments[current]["containers"])

    def _deployments_in(self, service: str) -> Iterator[Resource]:
        for one in self._resources():
            if one.kind == DEPLOYMENT_TYPE and one.properties["ServiceName"] == service:
                yield one

    def _told_secrets(self) -> Iterator[str]:
        log = self.log.read_text(errors="replace")
        bodies = "".join(
            put.body.decode(errors="replace") for puts in self.world.puts.values() for put in puts
        )
        for secret in sorted(self.world.untold()):
            if secret in log:
                yield f"the log shows {secret!r}"
            if secret in bodies:
                yield f"an answer shows {secret!r}"

    def _images(self) -> set[str]:
        return set(self._stored())

    def _stored(self) -> dict[str, dict[str, Any]]:
        return {
            image["image"]: image
            for service in self._services()
            for image in self.world.call("GetContainerImages", serviceName=service)[
                "containerImages"
            ]
        }

    def _resources(self) -> list[Resource]:
        return [one for stack in self.stacks for one in stack.resources.values()]

    def _owned(self) -> set[str]:
        names = {resource.physical_id for resource in self._resources()}
        return {name for name in names if name.startswith(":")}

    def _retained(self) -> set[str]:
        return {
            resource.physical_id
            for resource in self._resources()
            if resource.properties.get("RemovalPolicy") == "Retain"
        }

    def _services(self) -> dict[str, Any]:
        found = self.world.call("GetContainerServices")["containerServices"]
        return {service["containerServiceName"]: service for service in found}

    def _current(self, which: str = "currentDeployment") -> dict[str, int | None]:
        return {
            name: service.get(which, {}).get("version")
            for name, service in self._services().items()
        }

    def _used(self) -> set[str]:
        """Return the images in use; of a label's latest, all that there are and were."""
        named = {
            container["image"]
            for service in self._services().values()
            for which in ("currentDeployment", "nextDeployment")
            for container in service.get(which, {}).get("containers", {}).values()
            if container["image"].startswith(":")
        }
        labels = {one.removesuffix("latest") for one in named if one.endswith(".latest")}
        known = self._images() | self._owned() | self._owned_before
        of_latest = {one for one in known if one[: one.rindex(".") + 1] in labels}
        return {one for one in named if not one.endswith(".latest")} | of_latest


def _version(resource: Resource) -> int:
    """Return the version of a deployment."""
    return int(resource.attributes["DeploymentVersion"])


def _is_deleted_again(outcomes: Collection[Outcome]) -> bool:
    """Return whether the answer of a stack's Delete was lost: the stack is deleted again."""
    return any(outcome.status == "DELETE_FAILED" for outcome in outcomes)


def _with_marks(written: set[Record]) -> set[Record]:
    """Return records, and what the function writes beside them."""
    return written | {record.mark for record in written}


def _surplus(known: set[str], properties: Mapping[str, Any], new: int) -> set[str]:
    """Return a label's versions beyond `MaxVersions`, when so many new ones are not known."""
    if "MaxVersions" not in properties:
        return set()
    wanted = properties["ServiceName"], properties["Label"]
    names = filter(None, map(ImageName.parse, known))
    versions = sorted(
        (one for one in names if (one.service, one.label) == wanted), key=lambda one: one.number
    )
    most = int(properties["MaxVersions"]) - new
    return {str(one) for one in versions[: max(len(versions) - most, 0)]}
