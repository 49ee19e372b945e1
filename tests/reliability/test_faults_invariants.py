"""What `make faults` looks at: each thing that may go wrong is seen in a world that has it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from reliability.advice import is_sentence
from reliability.answers import wrong_answers
from reliability.invariants import Invariants
from reliability.lifecycles import register, set_up, write
from reliability.local_aws import leave_real_accounts
from reliability.records import stood_for

from cdk_lightsail_containers_handler.domains.records import Record
from cdk_lightsail_containers_handler.properties.container_image import (
    CONTAINER_IMAGE_TYPE,
    ImageAttribute,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
)
from cdk_lightsail_containers_handler.properties.domains import (
    CERTIFICATE_VALIDATION_TYPE,
    DOMAIN_ENTRY_TYPE,
)
from fake_registry import PASSWORD, USERNAME
from fake_time import FakeTime
from world.aws import LIGHTSAIL_ZONE
from world.cloudformation import SimulatedStack
from world.custom_resource import BROKEN_REASON, NO_ANSWER, Exchange, Outcome
from world.custom_resource import Resource as Made
from world.function import Function
from world.world import Put, World

FINE = Outcome("UPDATE_COMPLETE")
FULL = "it is full: lower max_versions, or delete some with 'aws lightsail delete-container-image'"
EVENT = {
    "RequestType": "Create",
    "StackId": "stack",
    "RequestId": "request",
    "LogicalResourceId": "Image",
    "ResourceType": CONTAINER_IMAGE_TYPE,
}
ANSWER = {
    "Status": "SUCCESS",
    "PhysicalResourceId": ":shop.web.1",
    "StackId": "stack",
    "RequestId": "request",
    "LogicalResourceId": "Image",
    "Data": {str(name): "" for name in ImageAttribute},
}


class FalseWorld:
    """A world with one stack, made by hand."""

    def __init__(self, world: World, log: Path) -> None:
        self.world = world
        self.stack = SimulatedStack("Shop", world, cast("Function", None))
        self.dropped: set[str] = set()
        self.log = log
        self.log.touch()
        set_up(world)
        self.invariants = Invariants(world, [self.stack], self.dropped, log)

    def has(self, name: str, **properties: Any) -> None:
        """Make the stack own an image."""
        given = {"ServiceName": "shop", "Label": "web", **properties}
        self.stack.resources["Image"] = Made(CONTAINER_IMAGE_TYPE, given, name, {})

    def serves(self, image: str) -> None:
        """Deploy an image as another user does, and wait until it serves."""
        containers = {"web": {"image": image}}
        self.world.call(
            "CreateContainerServiceDeployment", serviceName="shop", containers=containers
        )
        self.world.clock.sleep(100)

    def deletes(self, image: str) -> None:
        """Delete an image as another user does."""
        self.world.call("DeleteContainerImage", serviceName="shop", image=image)

    def certifies(self) -> None:
        """Make the stack stand for a certificate, with its record and the mark of that."""
        properties = {"CertificateName": "www", "DomainName": "www.example.com"}
        self.world.request_certificate(properties)
        self.world.clock.sleep(self.world.behaviour.records_seconds)
        self.stack.resources["Validation"] = Made(
            CERTIFICATE_VALIDATION_TYPE, properties, "www", {}
        )
        (record,) = stood_for(self.world, self.stack.resources["Validation"])
        for one in (record, record.mark):
            write(self.world, one.name, one.kind, one.target)
        self.world.call("GetCertificates")  # Lightsail looks for the record
        self.world.clock.sleep(self.world.behaviour.certificate_seconds)

    def loses(self, kind: str) -> str:
        """Remove what the stack has written of a kind, and return what it was."""
        sets = self.world.route53.sets
        (found,) = (one for one in sets if one["type"] == kind and one["name"].startswith("_"))
        sets.remove(found)
        return str(Record.of(found["name"], kind, found["values"][0]))

    def broken(self, outcome: Outcome = FINE, *, had_fault: bool = False) -> list[str]:
        """Return what does not hold."""
        return self.invariants.broken(outcome, succeeds=False, had_fault=had_fault)


@pytest.fixture
def false_world(tmp_path: Path) -> Iterator[FalseWorld]:
    leave_real_accounts()
    with World(FakeTime()) as world:
        yield FalseWorld(world, tmp_path / "log")


def versions(false_world: FalseWorld, count: int) -> list[str]:
    names = [register(false_world.world, "shop", "web", str(number)) for number in range(count)]
    false_world.has(names[-1], RemovalPolicy="Retain")
    false_world.invariants.begin()
    return names


def test_an_image_of_no_stack_and_one_that_is_gone_are_seen(false_world: FalseWorld) -> None:
    name = register(false_world.world, "shop", "web", "first")
    false_world.has(name)
    false_world.invariants.begin()
    assert false_world.broken() == []

    orphan = register(false_world.world, "shop", "web", "second")
    false_world.deletes(":shop.other.1")
    false_world.deletes(name)

    assert false_world.broken() == [
        "image :shop.other.1 is lost",
        f"image {name} is lost",
        f"image {orphan} belongs to no stack",
    ]


def test_an_image_may_be_gone_when_only_the_answer_of_its_delete_was_lost(
    false_world: FalseWorld,
) -> None:
    name = register(false_world.world, "shop", "web", "first")
    false_world.has(name)
    false_world.invariants.begin()
    false_world.deletes(name)

    assert false_world.broken() == [f"image {name} is lost"]
    failed = Outcome("DELETE_FAILED", ["Lightsail did not answer: deploy again"])
    assert false_world.broken(failed, had_fault=True) == []


def test_an_image_in_use_that_is_deleted_is_seen(false_world: FalseWorld) -> None:
    name = register(false_world.world, "shop", "web", "first")
    false_world.has(name)
    false_world.serves(name)
    false_world.invariants.begin()
    del false_world.stack.resources["Image"]
    assert false_world.broken() == []  # kept, because it serves: from here on it has to stay

    false_world.serves("nginx:1")
    assert false_world.broken() == []
    false_world.deletes(name)

    assert false_world.broken() == [f"image {name} is lost"]


@pytest.mark.parametrize("had_fault", [False, True])
def test_exactly_the_newest_versions_stay(false_world: FalseWorld, *, had_fault: bool) -> None:
    first, second, third = versions(false_world, 3)
    new = register(false_world.world, "shop", "web", "new")
    false_world.has(new, RemovalPolicy="Retain", MaxVersions="2")
    false_world.deletes(":shop.web.1")
    false_world.deletes(first)

    # A deploy that cannot prune, because of a fault, leaves it to the next one.
    more = [] if had_fault else [f"image {second} is more than there should be"]
    assert false_world.broken(had_fault=had_fault) == more
    false_world.deletes(second)
    assert false_world.broken() == []
    false_world.deletes(third)

    assert false_world.broken() == [f"image {third} is lost"]


def test_an_old_version_that_serves_stays(false_world: FalseWorld) -> None:
    first, second, _ = versions(false_world, 3)
    false_world.serves(first)
    new = register(false_world.world, "shop", "web", "new")
    false_world.has(new, RemovalPolicy="Retain", MaxVersions="2")
    for name in (":shop.web.1", second):
        false_world.deletes(name)
    assert false_world.broken() == []

    false_world.deletes(first)

    assert false_world.broken() == [f"image {first} is lost"]


@pytest.mark.parametrize("most", ["2", "3"])
def test_what_a_cancelled_request_has_pruned_is_not_lost(
    false_world: FalseWorld, most: str
) -> None:
    _, second, _ = versions(false_world, 3)
    properties = {"ServiceName": "shop", "Label": "web", "MaxVersions": most}
    event = {**EVENT, "ResourceProperties": properties}
    put = Put(json.dumps(ANSWER).encode(), at=0)
    false_world.stack.exchanges.append(
        Exchange(event, 1, [put], Outcome("UPDATE_ROLLBACK_COMPLETE"))
    )
    false_world.deletes(second)

    lost = [f"image {second} is lost"] if most == "3" else []
    assert false_world.broken(had_fault=True) == lost


def test_a_deployment_that_is_not_the_stack_s_is_seen(false_world: FalseWorld) -> None:
    false_world.serves("nginx:1")
    false_world.stack.resources["Deployment"] = Made(
        DEPLOYMENT_TYPE, {"ServiceName": "shop"}, "shop", {"DeploymentVersion": "1"}
    )
    false_world.invariants.begin()
    assert false_world.broken() == []

    false_world.serves("nginx:2")

    assert false_world.broken() == ["Shop stands for a deployment that does not serve"]


DEPLOY = "CreateContainerServiceDeployment"


@pytest.mark.parametrize(
    ("during", "rolled_back", "image", "is_known"),
    [
        (DEPLOY, 90, "nginx:2", True),
        ("GetContainerServiceDeployments", 90, "nginx:2", False),
        (DEPLOY, 110, "nginx:2", False),
        (DEPLOY, 90, "nginx:3", False),
    ],
)
def test_a_deployment_that_is_cancelled_on_its_way_is_counted(
    false_world: FalseWorld, during: str, rolled_back: float, image: str, *, is_known: bool
) -> None:
    false_world.serves("nginx:1")
    properties = {"ServiceName": "shop", "ServiceTimeout": str(TIMEOUT)}
    false_world.stack.resources["Deployment"] = Made(
        DEPLOYMENT_TYPE, properties, "shop", {"DeploymentVersion": "1"}
    )
    false_world.invariants.begin()
    world, cloudformation = false_world.world, false_world.world.aws.cloudformation
    world.clock.now = SENT
    cloudformation.show(STACK_ARN, "UPDATE_IN_PROGRESS")
    event = {
        **EVENT,
        "StackId": STACK_ARN,
        "RequestType": "Update",
        "ResourceProperties": {**properties, "Containers": {"web": {"Image": image}}},
    }
    false_world.stack.exchanges.append(
        Exchange(event, SENT + TIMEOUT, [], FINE, rolled_back_during=during)
    )
    false_world.dropped.add(event["RequestId"])
    rolls_back(false_world, SENT + rolled_back)
    world.clock.now = SENT + 100
    false_world.serves("nginx:2")

    problems = false_world.broken(Outcome("ROLLBACK_COMPLETE"), had_fault=True)

    unknown = [] if is_known else ["Shop stands for a deployment that does not serve"]
    assert problems == unknown
    counted = {"cancelled while its deployment was on its way": 1} if is_known else {}
    assert dict(false_world.invariants.windows) == counted


@pytest.mark.parametrize("kind", ["CNAME", "TXT"])
def test_a_certificate_without_its_record_or_without_the_mark_of_that_is_seen(
    false_world: FalseWorld, kind: str
) -> None:
    false_world.invariants.begin()
    false_world.certifies()
    assert false_world.broken() == []

    lost = false_world.loses(kind)

    assert false_world.broken() == [f"Shop has no record {lost}"]
    # A deletion that has failed may have removed it: the stack is deleted again.
    failed = Outcome("DELETE_FAILED", ["Lightsail did not answer: deploy again"])
    assert false_world.broken(failed, had_fault=True) == []


def test_a_certificate_that_is_pending_or_gone_is_seen(false_world: FalseWorld) -> None:
    false_world.invariants.begin()
    false_world.certifies()
    false_world.world.behaviour.certificate_seconds = 1e9
    pending = "Shop stands for certificate www: PENDING_VALIDATION"
    assert false_world.broken() == [pending]

    false_world.world.call("DeleteCertificate", certificateName="www")

    assert "Shop stands for certificate www: gone" in false_world.broken()


def test_what_the_function_wrote_and_left_behind_is_seen(false_world: FalseWorld) -> None:
    false_world.invariants.begin()
    false_world.certifies()
    (record,) = stood_for(false_world.world, false_world.stack.resources.pop("Validation"))

    left = [f"record {one} belongs to no stack" for one in (record, record.mark)]
    assert false_world.broken() == left
    false_world.loses("CNAME")
    assert false_world.broken() == left[1:]
    false_world.loses("TXT")
    assert false_world.broken() == []


def test_an_entry_that_leads_elsewhere_is_seen(false_world: FalseWorld) -> None:
    false_world.invariants.begin()
    name = f"www.{LIGHTSAIL_ZONE}"
    entries = []
    for host in ("shop.example.org", "blog.example.org"):
        properties = {"Name": name, "Target": f"https://{host}/"}
        resource = Made(DOMAIN_ENTRY_TYPE, properties, name, {})
        (record,) = stood_for(false_world.world, resource)
        entries.append((resource, record))
    (shop, record), (blog, other) = entries
    for one in (record, record.mark):
        write(false_world.world, one.name, one.kind, one.target)
    false_world.stack.resources["Entry"] = shop
    assert false_world.broken() == []

    false_world.stack.resources["Entry"] = blog

    assert false_world.broken() == [
        f"Shop has no record {other.mark}",
        f"Shop has no record {other}",
        f"record {record.mark} belongs to no stack",
        f"record {record} belongs to no stack",
    ]


def test_records_of_others_that_are_lost_or_changed_are_seen(false_world: FalseWorld) -> None:
    false_world.invariants.begin()
    (mail,) = (one for one in false_world.world.route53.sets if one["type"] == "CNAME")
    mail["values"] = ["elsewhere.example.org"]
    zone = false_world.world.call("GetDomain", domainName=LIGHTSAIL_ZONE)["domain"]
    (text,) = (one for one in zone["domainEntries"] if one["type"] == "TXT")
    false_world.world.call("DeleteDomainEntry", domainName=LIGHTSAIL_ZONE, domainEntry=text)

    assert false_world.broken() == [
        f"record {LIGHTSAIL_ZONE} TXT v=spf1 -all of another user is lost",
        "record mail.example.com CNAME mail.example.org of another user is lost",
        "record mail.example.com CNAME elsewhere.example.org belongs to no stack",
    ]


def test_every_login_and_token_is_seen_also_in_base64(false_world: FalseWorld) -> None:
    world = false_world.world
    given = world.call("CreateContainerServiceRegistryLogin")["registryLogin"]
    world.source.tokens.add("token-of-the-source")
    login = f"{given['username']}:{given['password']}"
    told = [
        given["password"],
        base64.b64encode(login.encode()).decode(),
        base64.b64encode(b"AWS:password-of-ecr").decode(),
        base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode(),
        "password-of-the-shop",
        base64.b64encode(b"token-of-the-shop").decode(),
        "token-of-the-source",
        base64.b64encode(b"token-of-the-source").decode(),
    ]
    false_world.invariants.begin()
    assert false_world.broken() == []

    for one in told:
        false_world.log.write_text(f"Authorization: {one}\n")
        assert any(problem.startswith("the log shows") for problem in false_world.broken()), one

    false_world.log.write_text("")
    _, token = world.new_response_url()
    world.puts[token].append(Put(told[1].encode(), at=0))
    assert any(problem.startswith("an answer shows") for problem in false_world.broken())


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (Outcome("UPDATE_ROLLBACK_FAILED", [BROKEN_REASON]), "stuck in UPDATE_ROLLBACK_FAILED"),
        (Outcome("ROLLBACK_FAILED", [BROKEN_REASON]), "stuck in ROLLBACK_FAILED"),
        (Outcome("ROLLBACK_COMPLETE", [NO_ANSWER]), "ROLLBACK_COMPLETE without a cause"),
        (Outcome("DELETE_FAILED", ["KeyError: 'x'"]), "DELETE_FAILED without a cause"),
        (Outcome("UPDATE_COMPLETE", ["it failed"]), "UPDATE_COMPLETE without a cause"),
    ],
)
def test_an_outcome_that_is_none_is_seen(
    false_world: FalseWorld, outcome: Outcome, problem: str
) -> None:
    false_world.invariants.begin()

    (seen,) = false_world.broken(outcome)

    assert seen.startswith(problem)


def test_an_outcome_that_had_to_succeed_and_did_not_is_seen(false_world: FalseWorld) -> None:
    false_world.invariants.begin()
    outcome = Outcome("ROLLBACK_COMPLETE", [BROKEN_REASON])

    assert false_world.broken(outcome) == []
    assert false_world.invariants.broken(outcome, succeeds=True, had_fault=False) == [
        f"ROLLBACK_COMPLETE: ['{BROKEN_REASON}']"
    ]


def test_a_request_that_was_given_up_may_have_no_answer(false_world: FalseWorld) -> None:
    false_world.invariants.begin()
    false_world.stack.exchanges.append(Exchange(EVENT, 1, []))
    outcome = Outcome("ROLLBACK_COMPLETE", [NO_ANSWER])
    assert len(false_world.broken(outcome)) == len([NO_ANSWER, "never answered"])

    false_world.dropped.add("request")

    assert false_world.broken(outcome) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"StackId": "another"}, "StackId is another"),
        ({"RequestId": "another"}, "RequestId is another"),
        ({"PhysicalResourceId": ""}, "it has no PhysicalResourceId"),
        ({"Data": {"ImageName": ":shop.web.1"}}, "its attributes are ['ImageName']"),
        ({"Status": "FAILED", "Reason": "it failed: bad"}, "its reason is 'it failed: bad'"),
        ({"NoEcho": "x" * 4096}, "4305 bytes"),
    ],
)
def test_a_wrong_answer_is_seen(changes: dict[str, Any], problem: str) -> None:
    right, wrong = (Put(json.dumps({**ANSWER, **more}).encode(), at=1) for more in ({}, changes))

    assert list(wrong_answers(Exchange(EVENT, 1, [right]), ())) == []
    (seen,) = wrong_answers(Exchange(EVENT, 1, [wrong]), ())
    assert seen == f"Create of Image was answered wrongly: {problem}"


def test_no_answer_two_answers_and_one_too_late_are_seen() -> None:
    first, other = (
        Put(json.dumps({**ANSWER, "PhysicalResourceId": name}).encode(), at=2)
        for name in (":shop.web.1", ":shop.web.2")
    )

    assert list(wrong_answers(Exchange(EVENT, 2, []), ())) == ["Create of Image was never answered"]
    (two,) = wrong_answers(Exchange(EVENT, 2, [first, other]), ())
    assert two.startswith("Create of Image was answered in 2 ways")
    assert list(wrong_answers(Exchange(EVENT, 1, [first]), ())) == [
        "Create of Image was answered too late"
    ]


def test_other_answers_to_a_request_that_was_cancelled_do_no_harm() -> None:
    puts = [
        Put(json.dumps({**ANSWER, "PhysicalResourceId": name}).encode(), at=2)
        for name in (":shop.web.1", ":shop.web.2")
    ]
    gone = Outcome("UPDATE_ROLLBACK_COMPLETE")

    assert list(wrong_answers(Exchange(EVENT, 2, puts, gone), ())) == []


def test_a_failure_that_follows_a_success_does_no_harm_and_one_before_it_is_seen() -> None:
    failed = {**ANSWER, "Status": "FAILED", "Reason": FULL}
    success, failure = (Put(json.dumps(one).encode(), at=2) for one in (ANSWER, failed))

    assert list(wrong_answers(Exchange(EVENT, 2, [success, failure]), ())) == []
    (seen,) = wrong_answers(Exchange(EVENT, 2, [failure, success]), ())
    assert seen.startswith("Create of Image was answered in 2 ways")
    assert list(wrong_answers(Exchange(EVENT, 2, [failure, success]), (), ["request"])) == []


def test_another_answer_to_a_late_delivery_of_an_answered_request_does_no_harm() -> None:
    first, other = (
        Put(json.dumps({**ANSWER, "PhysicalResourceId": name}).encode(), at=at, began=at - 1)
        for name, at in ((":shop.web.1", 2), (":shop.web.2", 600))
    )

    assert list(wrong_answers(Exchange(EVENT, 2, [first, other]), ())) == []


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("container service 'shop' does not exist: create it, or correct its name", True),
        ("deployment 7 was still under way: deploy again when it has ended", True),
        (FULL, True),
        ("KeyError: 'x'", False),
        ("KeyError: 'digest'", False),
        ("unexpected KeyError, 'x': report it, its log is in log group y", False),
        ("An error occurred (ValidationException) when calling X: no such thing", False),
        ("deploy again", False),
        (f"{'x' * 240}: deploy again", True),
        (f"{'x' * 800}: deploy again", False),
    ],
)
def test_a_reason_names_its_cause_and_one_of_the_fixes(reason: str, *, expected: bool) -> None:
    assert is_sentence(reason) is expected


SENT, TIMEOUT = 5000, 3600
STACK_ARN = "arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/1"
FAILED = {"Status": "FAILED", "Reason": FULL, "PhysicalResourceId": "Image"}


def left(false_world: FalseWorld, *answers: tuple[dict[str, Any], float, float]) -> str:
    """Leave an image of a Create in the world, with answers, when they came and were begun."""
    world = false_world.world
    false_world.invariants.begin()
    world.clock.now = SENT
    world.aws.cloudformation.show(STACK_ARN, "CREATE_IN_PROGRESS")
    world.clock.sleep(10)
    name = register(world, "shop", "web", "left")
    properties = {"ServiceName": "shop", "Label": "web", "ServiceTimeout": str(TIMEOUT)}
    event = {**EVENT, "StackId": STACK_ARN, "ResourceProperties": properties}
    body = {**ANSWER, "PhysicalResourceId": name, "StackId": STACK_ARN}
    puts = [Put(json.dumps(body | one).encode(), at, began) for one, at, began in answers]
    false_world.stack.exchanges.append(Exchange(event, SENT + TIMEOUT, puts))
    return name


def seen(false_world: FalseWorld, name: str) -> dict[str, int] | None:
    """Return the windows that are counted, None if the image belongs to no stack."""
    problems = false_world.broken(Outcome("ROLLBACK_COMPLETE"), had_fault=True)
    if f"image {name} belongs to no stack" in problems:
        assert not false_world.invariants.windows
        return None
    # It is counted once, and may go.
    false_world.broken(Outcome("ROLLBACK_COMPLETE"), had_fault=True)
    false_world.deletes(name)
    again = false_world.broken(Outcome("ROLLBACK_COMPLETE"), had_fault=True)
    assert not [problem for problem in again if name in problem and "image" in problem]
    return dict(false_world.invariants.windows)


def rolls_back(false_world: FalseWorld, at: float) -> None:
    false_world.world.clock.now = at
    false_world.world.aws.cloudformation.show(STACK_ARN, "ROLLBACK_IN_PROGRESS")


@pytest.mark.parametrize(
    ("rolled_back", "windows"),
    [(SENT + 40, {"a duplicate delivery answered FAILED first": 1}), (SENT + 25, None)],
)
def test_an_image_that_is_kept_after_a_duplicate_failed_first_is_counted(
    false_world: FalseWorld, rolled_back: float, windows: dict[str, int] | None
) -> None:
    name = left(false_world, (FAILED, SENT + 20, SENT), ({}, SENT + 30, SENT))
    rolls_back(false_world, rolled_back)

    assert seen(false_world, name) == windows


@pytest.mark.parametrize(
    ("rolled_back", "windows"),
    [
        (SENT + 29.5, {"cancelled while its answer was on its way": 1}),
        (SENT + 25, None),
        (SENT + 31, None),
    ],
)
def test_an_image_whose_request_is_cancelled_at_its_answer_is_counted(
    false_world: FalseWorld, rolled_back: float, windows: dict[str, int] | None
) -> None:
    name = left(false_world, ({}, SENT + 30, SENT))
    false_world.stack.exchanges[-1].rolled_back = Outcome("ROLLBACK_COMPLETE")
    rolls_back(false_world, rolled_back)

    assert seen(false_world, name) == windows


@pytest.mark.parametrize(
    ("began", "looked", "windows"),
    [
        (70, False, {"killed right after it registered, and not able to look again": 1}),
        (70, True, None),
        (0, False, None),
    ],
)
def test_an_image_of_a_function_that_is_killed_and_cannot_look_is_counted(
    false_world: FalseWorld, began: float, *, looked: bool, windows: dict[str, int] | None
) -> None:
    name = left(false_world, (FAILED, SENT + 90, SENT + began))
    false_world.world.clock.now = SENT + 80
    if looked:
        client = boto3.client("lightsail", endpoint_url=false_world.world.lightsail.url)
        client.get_container_images(serviceName="shop")

    assert seen(false_world, name) == windows


def test_an_image_of_a_request_for_another_one_is_not_counted(false_world: FalseWorld) -> None:
    name = left(false_world, (FAILED, SENT + 90, SENT + 70))
    (exchange,) = false_world.stack.exchanges
    exchange.event["ResourceProperties"]["Digest"] = f"sha256:{'0' * 64}"
    assert seen(false_world, name) is None

    del exchange.event["ResourceProperties"]["Digest"]
    for changes in ({"RequestType": "Delete"}, {"StackId": "another"}):
        exchange.event = {**exchange.event, **changes}
        exchange.puts.reverse()
    assert seen(false_world, name) is None
