"""Calls whose refusals are answers, and what is none."""

from collections.abc import Callable

import pytest
from live.lightsail import CallFailed
from live.probes.using import delete_in_use

from lightsail_local.server import Fault

from .conftest import Cloud

Start = Callable[..., Cloud]


def test_a_refusal_is_an_answer(cloud: Start) -> None:
    said = cloud().lightsail.ask("GetContainerServices", serviceName="no-service")

    assert said.is_refused
    assert str(said).startswith("GetContainerServices: NotFoundException: ")


def test_throttling_is_waited_out_for_any_call(cloud: Start) -> None:
    started = cloud()
    fault = Fault(operation="CreateContainerServiceRegistryLogin", kind="throttle", times=3)
    started.server.faults.append(fault)
    started.service.create()

    started.lightsail.tell("CreateContainerServiceRegistryLogin")

    assert started.lightsail.throttled == 3
    assert len(started.time.slept) == 3


def test_throttling_without_an_end_is_given_up(cloud: Start) -> None:
    started = cloud(throttle_every=1)

    with pytest.raises(CallFailed, match="ThrottlingException"):
        started.lightsail.ask("GetContainerServices")
    assert sum(started.time.slept) < 60


def sides_of_a_failed_deletion(cloud: Start, delete_in_use_is: str, kind: str) -> object:
    """Return what is found of deleting what serves, where the first deletion has a fault."""
    started = cloud(delete_in_use=delete_in_use_is)
    started.service.create()
    started.service.wait_until_ready()
    started.service.serving()
    started.server.faults.append(Fault(operation="DeleteContainerImage", kind=kind))  # type: ignore[arg-type]
    return delete_in_use(started.service).sides


@pytest.mark.parametrize("kind", ["reset_after", "cut"])
def test_a_deletion_that_was_done_but_not_answered_is_done(cloud: Start, kind: str) -> None:
    assert sides_of_a_failed_deletion(cloud, "done", kind) == {"delete_in_use": "done"}


@pytest.mark.parametrize("kind", ["error", "reset_before", "throttle"])
def test_a_deletion_that_is_refused_is_refused_also_when_it_is_repeated(
    cloud: Start, kind: str
) -> None:
    assert sides_of_a_failed_deletion(cloud, "refused", kind) == {"delete_in_use": "refused"}


def test_what_was_never_there_is_not_deleted(cloud: Start) -> None:
    started = cloud()
    started.service.create()
    fault = Fault(operation="DeleteContainerImage", kind="throttle")
    started.server.faults.append(fault)

    assert started.service.ask_to_delete(f":{started.service.name}.never.1").is_refused


@pytest.mark.parametrize("kind", ["error", "reset_before", "cut"])
def test_what_could_be_done_twice_is_not_repeated(cloud: Start, kind: str) -> None:
    started = cloud()
    started.server.faults.append(Fault(operation="CreateContainerService", kind=kind))  # type: ignore[arg-type]

    with pytest.raises(CallFailed):
        started.service.create()
    assert started.time.slept == []


@pytest.mark.parametrize("kind", ["error", "reset_before", "unavailable"])
def test_what_reads_is_repeated(cloud: Start, kind: str) -> None:
    started = cloud()
    started.server.faults.append(Fault(operation="GetContainerServices", kind=kind, times=2))  # type: ignore[arg-type]

    started.lightsail.tell("GetContainerServices")

    assert len(started.time.slept) == 2
