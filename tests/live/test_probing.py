"""The questions find the side that each switch of the local Lightsail is set to."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from live.answers import NOT_ASKED, QUESTIONS, command
from live.probes.staleness import Staleness
from reliability.unknowns.sides import SWITCHES

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.behaviour.behaviour_option import parse_behaviour
from lightsail_local.server import Fault

from .conftest import Cloud

Start = Callable[..., Cloud]

STALE, EVERY, VANISHES = 1.5, 7, 200.0
NUMBERS: dict[str, tuple[float, ...]] = {
    "stale_seconds": (STALE,),
    "throttle_every": (3, EVERY, 50),
    "calls_per_second": (2, 15, 60),
    "unregistered_seconds": (VANISHES,),
}
OTHER_SIDES = {
    "register_again": "old",
    "reuse_numbers": True,
    "delete_in_use": "done",
    "other_platforms": "refused",
    "manifest_reads": "answered",
    "missing_digest": "accepted",
    "blob_uploads": "monolithic",
    "locations": "relative",
    "media_types": "docker",
    "zstd_layers": False,
    "busy_service": "refused",
    "latest": "resolved",
    "order": "shuffled",
    "stale_seconds": STALE,
    "blob_mount": "created",
    "throttle_every": EVERY,
}


def switches() -> Iterator[tuple[str, Any]]:
    """Every switch of an unknown with each of its sides, and some values of those with numbers."""
    for name, kind in get_type_hints(Behaviour).items():
        # No question asks for a service that is not there, or about domains.
        if name == "missing_service" or SWITCHES.get(name, "U")[0] in NOT_ASKED:
            continue
        if get_origin(kind) is Literal:
            yield from ((name, side) for side in get_args(kind))
        elif kind is bool:
            yield from ((name, side) for side in (False, True))
    for name, values in NUMBERS.items():
        yield from ((name, value) for value in values)


def expected(**behaviour: Any) -> dict[str, Any]:
    """Every switch, as the local Lightsail has it."""
    names = {name for name, _ in switches()}
    found = {name: value for name, value in vars(Behaviour(**behaviour)).items() if name in names}
    if found["calls_per_second"]:
        found["calls_at_once"] = Behaviour.calls_at_once
    return found


def found(cloud: Cloud) -> dict[str, Any]:
    """Every switch, as it was found to be; what is measured is rounded to what was set."""
    sides = {
        name: side
        for answer in cloud.probe().answers.values()
        for name, side in answer.sides.items()
    }
    # A read that is throttled is repeated only after a second.
    if STALE <= sides["stale_seconds"] <= STALE + 1.5:
        sides["stale_seconds"] = STALE
    if 0 < sides.get("unregistered_seconds", 0) <= VANISHES:
        sides["unregistered_seconds"] = VANISHES
    return sides


@pytest.mark.nightly
@pytest.mark.parametrize("switch", list(switches()), ids=lambda switch: f"{switch[0]}={switch[1]}")
def test_every_side_of_every_switch_is_found_and_all_others_with_it(
    cloud: Callable[..., Cloud], switch: tuple[str, Any]
) -> None:
    behaviour = dict([switch])
    wanted = expected(**behaviour)
    if behaviour.get("upload_host") == "other":
        del wanted["locations"]  # there is no path to another host
    if behaviour.get("missing_digest") == "accepted":
        del wanted["unregistered_seconds"]  # nothing tells what is there

    assert found(cloud(**behaviour)) == wanted


def test_the_other_sides_are_found_all_at_once(cloud: Start) -> None:
    assert found(cloud(**OTHER_SIDES)) == expected(**OTHER_SIDES)


def test_all_questions_are_answered_and_the_command_gives_the_same_lightsail(cloud: Start) -> None:
    answers = cloud(order="shuffled", zstd_layers=False, latest="echoed").probe().answers

    assert list(answers) == list(QUESTIONS)
    assert all(answer.is_settled and answer.evidence for answer in answers.values())
    words = command(answers.values()).split(" --behaviour ")
    assert words[0] == "lightsail-local up"
    assert sorted(map(parse_behaviour, words[1:])) == [
        ("latest", "echoed"),
        ("order", "shuffled"),
        ("zstd_layers", False),
    ]


@pytest.mark.nightly
def test_what_is_found_of_the_default_is_the_default(cloud: Start) -> None:
    assert command(cloud().probe().answers.values()) == "lightsail-local up"


def test_a_refusal_that_is_about_the_caller_answers_nothing(cloud: Start) -> None:
    started = cloud()
    started.server.faults.append(Fault(operation="DeleteContainerImage", kind="denied", times=99))

    answers = started.probe().answers

    assert not answers["U3"].is_settled
    assert "AccessDeniedException" in str(answers["U3"])
    assert not answers["U2"].is_settled
    assert answers["U1"].is_settled


@pytest.mark.nightly
def test_a_deployment_that_comes_to_nothing_leaves_its_questions_open(cloud: Start) -> None:
    started = cloud()
    started.server.faults.append(
        Fault(
            operation="CreateContainerServiceDeployment",
            code="InvalidInputException",
            message="no deployments today",
            times=99,
        )
    )

    answers = started.probe().answers

    assert str(answers["U3"]).startswith("could not be settled: CreateContainerServiceDeployment")
    assert "no deployments today" in str(answers["U9"].evidence)
    assert answers["U14"].is_settled


def test_broken_connections_and_errors_of_the_server_are_passed_over(cloud: Start) -> None:
    started = cloud()
    started.server.faults += [
        Fault(operation="GetContainerImages", kind="reset_before", times=2),
        Fault(operation="GetContainerServices", kind="error", times=2),
        Fault(operation="DeleteContainerImage", kind="throttle", times=2),
        Fault(operation="PutUpload", kind="unavailable"),
    ]

    assert found(started) == expected()


@pytest.mark.nightly
@pytest.mark.parametrize("code", ["NotFoundException", "InvalidInputException"])
def test_nothing_wrong_is_found_where_every_push_is_gone_at_once(cloud: Start, code: str) -> None:
    behaviour = {"unregistered_seconds": 0, "blob_mount": "created"}
    started = cloud(**behaviour)
    started.rename("NotFoundException", code)
    answers = started.probe().answers

    sides = {name: side for answer in answers.values() for name, side in answer.sides.items()}
    set_to = expected(**behaviour)
    assert sides == {name: set_to[name] for name in sides}
    open_ones = {unknown for unknown, answer in answers.items() if not answer.is_settled}
    assert open_ones >= {"U1", "U2", "U3", "U4", "U8", "U9", "U10", "U12"}


@pytest.mark.nightly
def test_the_calls_are_few(cloud: Start) -> None:
    started = cloud()
    started.probe()

    assert len(started.server.requests) < 200 + 240  # those for throttling, and all others
    assert len(started.server.registry_requests) < 300


@pytest.mark.nightly
def test_a_login_is_not_taken_for_proof_when_another_service_is_ready(cloud: Start) -> None:
    started = cloud(busy_service="refused")
    started.client.create_container_service(serviceName="other", power="nano", scale=1)
    started.time.sleep(300)

    answers = started.probe().answers

    assert "login works (another service of the account was ready)" in str(answers["U9"])
    assert answers["U9"].sides == {"busy_service": "refused"}


@pytest.mark.nightly
@pytest.mark.parametrize("code", ["NotFoundException", "InvalidInputException"])
def test_the_time_of_pushes_is_found_however_a_missing_digest_is_called(
    cloud: Start, code: str
) -> None:
    started = cloud(unregistered_seconds=200, manifest_reads="denied")
    started.rename("NotFoundException", code)

    answers = started.probe().answers

    assert answers["U9"].sides == {"busy_service": "works"}
    assert 0 < answers["U8"].sides["unregistered_seconds"] <= 200
    assert "between" in str(answers["U8"])


@pytest.mark.nightly
def test_each_state_has_a_push_of_its_own_so_that_none_is_gone_by_then(cloud: Start) -> None:
    started = cloud(unregistered_seconds=100)
    busy = Fault(
        operation="RegisterContainerImage",
        code="InvalidInputException",
        message="The service is busy.",
    )
    started.server.faults.append(busy)  # while it is PENDING, for longer than the push is kept

    answers = started.probe().answers

    assert str(answers["U9"]) == (
        "PENDING: login works, register refused; DEPLOYING: login works, register works; "
        "UPDATING: login works, register works"
    )


@pytest.mark.nightly
def test_a_look_that_is_refused_for_something_else_tells_no_time(cloud: Start) -> None:
    started = cloud(manifest_reads="denied")
    busy = Fault(
        operation="RegisterContainerImage",
        code="InvalidInputException",
        message="The service is UPDATING.",
    )
    started.probing.begin()
    started.probing.ask_without_deployments()
    started.server.faults.append(busy)
    started.probing.look_for_pushes()
    started.probing.look_for_pushes()
    started.probing.ask_at_the_end()

    answer = started.probing.answers["U8"]
    assert str(answer).startswith("longer than ")
    assert "The service is UPDATING." in str(answer.evidence)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["error", "reset_before"])
def test_a_courtesy_that_fails_unsettles_nothing(cloud: Start, kind: str) -> None:
    behaviour = {"blob_mount": "upload", "blob_uploads": "monolithic"}
    started = cloud(**behaviour)
    started.server.faults.append(Fault(operation="DeleteUpload", kind=kind, times=99))  # type: ignore[arg-type]

    assert found(started) == expected(**behaviour)
    assert any(one.operation == "DeleteUpload" for one in started.server.registry_requests)


@pytest.mark.nightly
def test_reads_after_a_deployment_are_looked_at_and_slow_ones_marked(cloud: Start) -> None:
    answers = cloud(stale_seconds=7).probe().answers

    evidence = " ".join(answers["U12"].evidence)
    for operation in (
        "GetContainerImages, a registration: shown after 7.",
        "GetContainerImages, a deletion: shown after 7.",
        "GetContainerServiceDeployments, a deployment: shown after 7.",
        "GetContainerServices, a deployment: shown after 7.",
    ):
        assert operation in evidence
    assert "LONGER THAN THE 5 s THAT THE LIBRARY WAITS" in str(answers["U12"])


def test_reads_that_show_nothing_for_a_minute_are_the_slowest(cloud: Start) -> None:
    started = cloud()
    started.probing.begin()
    started.server.behaviour.stale_seconds = 300
    made = started.service.begin_to_serve()
    staleness = Staleness(started.service)
    staleness.look_at_deployment(made)

    assert staleness.answer().sides == {"stale_seconds": 60}


@pytest.mark.nightly
def test_a_read_in_time_is_not_marked(cloud: Start) -> None:
    answers = cloud(stale_seconds=1).probe().answers

    assert "LONGER" not in str(answers["U12"])


def test_nothing_secret_is_in_an_answer(cloud: Start) -> None:
    started = cloud(missing_digest="accepted", upload_host="other")
    probing = started.probe()

    shown = json.dumps([str((answer, answer.evidence)) for answer in probing.answers.values()])
    shown += json.dumps(probing.facts)

    login = started.client.create_container_service_registry_login()["registryLogin"]
    assert started.server.registry not in shown
    assert login["password"] not in shown
    assert "000000000000" not in shown
    assert "_state=" not in shown
