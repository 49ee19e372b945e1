"""Entries in a zone of Lightsail that lead a domain name to a service."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_lightsail_containers_handler.properties.domains import DOMAIN_ENTRY_TYPE
from deployment_requests import FakeLambda
from lightsail_local.server import Fault

TARGET = "https://shop.abc.us-east-1.cs.amazonlightsail.com/"
HOST = "shop.abc.us-east-1.cs.amazonlightsail.com"
MARK = ("_cdk-lightsail-containers.www.example.com", "TXT")


def event_of(domains: Any, kind: str, physical_id: str | None = None, **changes: Any) -> Any:
    event = domains.stack.request(kind, ResourceType=DOMAIN_ENTRY_TYPE)
    properties = {
        "LightsailDomainName": "example.com",
        "Name": "www.example.com",
        "Target": TARGET,
        "ServiceTimeout": "3600",
        **changes,
    }
    event["ResourceProperties"] = {
        name: value for name, value in properties.items() if value is not None
    }
    event["LogicalResourceId"] = "Entry"
    if kind != "Create":
        event["PhysicalResourceId"] = physical_id or "www.example.com"
    if kind == "Update":
        event["OldResourceProperties"] = properties | {"Target": TARGET}
    return event


def send(domains: Any, kind: str, *, physical_id: str | None = None, **changes: Any) -> Any:
    return domains.stack.send(event_of(domains, kind, physical_id, **changes))


def goes_back(domains: Any, operation: str, undoing: str, number: int = 1) -> None:
    """Let the stack go back right before an operation, and undo the request meanwhile."""
    stack = domains.stack

    def undo() -> None:
        if number > 1:
            goes_back(domains, operation, undoing, number - 1)
            return
        is_update = undoing == "Update"
        stack.becomes(f"{'UPDATE_' if is_update else ''}ROLLBACK_IN_PROGRESS")
        stack.handler(event_of(domains, undoing), stack.context())

    stack.before[operation] = undo


def reads_lag(domains: Any) -> None:
    """Let reads show what was before for some seconds, from here on."""
    domains.stack.time.now += 60
    domains.stack.lightsail.behaviour.stale_domain_seconds = 2


def aliases(domains: Any) -> list[tuple[str, str]]:
    entries = domains.api.get_domain(domainName="example.com")["domain"]["domainEntries"]
    return [(one["name"], one["target"]) for one in entries if one["isAlias"]]


def test_writes_an_alias_and_its_mark(in_lightsail: Any) -> None:
    answer = send(in_lightsail, "Create")

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "www.example.com")
    assert in_lightsail.entries() == [MARK, ("www.example.com", "A")]
    assert aliases(in_lightsail) == [("www.example.com", HOST)]


def test_writes_an_alias_at_the_apex(in_lightsail: Any) -> None:
    assert send(in_lightsail, "Create", Name="example.com")["Status"] == "SUCCESS"
    assert aliases(in_lightsail) == [("example.com", HOST)]


def test_an_update_leads_it_to_another_service(in_lightsail: Any) -> None:
    send(in_lightsail, "Create")
    in_lightsail.stack.becomes("UPDATE_IN_PROGRESS")

    assert send(in_lightsail, "Update", Target="https://new.example.net/")["Status"] == "SUCCESS"
    assert aliases(in_lightsail) == [("www.example.com", "new.example.net")]
    assert len(in_lightsail.entries()) == 2

    in_lightsail.stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")
    assert send(in_lightsail, "Update")["Status"] == "SUCCESS"
    assert aliases(in_lightsail) == [("www.example.com", HOST)]


def test_a_create_replaces_nothing(in_lightsail: Any) -> None:
    send(in_lightsail, "Create")

    answer = send(in_lightsail, "Create", Target="https://new.example.net/")

    assert f"'www.example.com' already has the record A {HOST}" in answer["Reason"]
    assert aliases(in_lightsail) == [("www.example.com", HOST)]


def test_an_update_does_not_replace_what_it_has_not_written(in_lightsail: Any) -> None:
    in_lightsail.write("www.example.com", "192.0.2.1", kind="A")
    in_lightsail.stack.becomes("UPDATE_IN_PROGRESS")

    answer = send(in_lightsail, "Update")

    assert "'www.example.com' already has the record A 192.0.2.1" in answer["Reason"]


def test_other_types_of_the_name_are_no_conflict(in_lightsail: Any) -> None:
    in_lightsail.write("www.example.com", '"v=spf1 -all"', kind="TXT")

    assert send(in_lightsail, "Create")["Status"] == "SUCCESS"
    assert send(in_lightsail, "Delete")["Status"] == "SUCCESS"
    assert in_lightsail.entries() == [("www.example.com", "TXT")]


def test_a_delete_removes_it(in_lightsail: Any) -> None:
    send(in_lightsail, "Create")

    assert send(in_lightsail, "Delete")["Status"] == "SUCCESS"
    assert in_lightsail.entries() == []
    assert send(in_lightsail, "Delete")["Status"] == "SUCCESS"


def test_a_delete_goes_on_where_a_killed_one_has_ended(in_lightsail: Any) -> None:
    send(in_lightsail, "Create")
    fault = Fault(operation="DeleteDomainEntry", kind="denied", times=100)
    in_lightsail.stack.before["DeleteDomainEntry"] = lambda: (
        in_lightsail.stack.lightsail.faults.append(fault)
    )
    assert send(in_lightsail, "Delete")["Status"] == "FAILED"
    in_lightsail.stack.lightsail.faults.clear()

    assert send(in_lightsail, "Delete")["Status"] == "SUCCESS"
    assert in_lightsail.entries() == []


def test_a_create_goes_on_where_a_killed_one_has_ended(in_lightsail: Any) -> None:
    send(in_lightsail, "Create")
    (alias,) = (
        one
        for one in in_lightsail.api.get_domain(domainName="example.com")["domain"]["domainEntries"]
        if one["isAlias"]
    )
    in_lightsail.api.delete_domain_entry(domainName="example.com", domainEntry=alias)

    assert send(in_lightsail, "Create", Target="https://new.example.net/")["Status"] == "SUCCESS"
    assert aliases(in_lightsail) == [("www.example.com", "new.example.net")]
    assert len(in_lightsail.entries()) == 2


def test_a_delete_hands_over_until_lightsail_answers(in_lightsail: Any) -> None:
    fake = in_lightsail.stack.clients["lambda"] = FakeLambda()
    send(in_lightsail, "Create")
    fault = Fault(operation="GetDomain", kind="throttle", times=10_000)
    in_lightsail.stack.lightsail.faults.append(fault)

    in_lightsail.stack.handler(event_of(in_lightsail, "Delete"), in_lightsail.stack.context())

    in_lightsail.stack.lightsail.faults.clear()
    (payload,) = fake.payloads
    assert in_lightsail.stack.send(payload)["Status"] == "SUCCESS"
    assert in_lightsail.entries() == []


def test_a_delete_removes_what_reads_do_not_show_yet(in_lightsail: Any) -> None:
    reads_lag(in_lightsail)
    assert send(in_lightsail, "Create")["Status"] == "SUCCESS"

    assert send(in_lightsail, "Delete")["Status"] == "SUCCESS"
    in_lightsail.stack.time.now += 60
    assert in_lightsail.entries() == []


def test_a_cancelled_create_removes_what_reads_do_not_show_yet(in_lightsail: Any) -> None:
    reads_lag(in_lightsail)
    create = event_of(in_lightsail, "Create")
    in_lightsail.stack.before["CreateDomainEntry"] = lambda: in_lightsail.stack.becomes(
        "ROLLBACK_IN_PROGRESS"
    )

    in_lightsail.stack.handler(create, in_lightsail.stack.context())

    in_lightsail.stack.time.now += 60
    assert in_lightsail.entries() == []


@pytest.mark.parametrize("second", ["refused", "accepted"])
def test_an_update_and_its_rollback_replace_what_reads_do_not_show_yet(
    in_lightsail: Any, second: Any
) -> None:
    reads_lag(in_lightsail)
    in_lightsail.stack.lightsail.behaviour.second_alias = second
    assert send(in_lightsail, "Create")["Status"] == "SUCCESS"

    for target in ("https://blog.example.org/", TARGET):
        assert send(in_lightsail, "Update", Target=target)["Status"] == "SUCCESS"

    in_lightsail.stack.time.now += 60
    assert aliases(in_lightsail) == [("www.example.com", HOST)]


def test_what_is_gone_although_reads_show_it_does_not_keep_the_mark(in_lightsail: Any) -> None:
    send(in_lightsail, "Create")
    reads_lag(in_lightsail)
    found = in_lightsail.api.get_domain(domainName="example.com")["domain"]["domainEntries"]
    (alias,) = (one for one in found if one["isAlias"])
    in_lightsail.api.delete_domain_entry(domainName="example.com", domainEntry=alias)

    assert send(in_lightsail, "Delete")["Status"] == "SUCCESS"
    in_lightsail.stack.time.now += 60
    assert in_lightsail.entries() == []


def test_a_name_is_free_although_reads_show_who_had_it(in_lightsail: Any) -> None:
    in_lightsail.write("www.example.com", "192.0.2.1", kind="A")
    reads_lag(in_lightsail)
    (entry,) = in_lightsail.api.get_domain(domainName="example.com")["domain"]["domainEntries"]
    in_lightsail.api.delete_domain_entry(domainName="example.com", domainEntry=entry)

    assert send(in_lightsail, "Create")["Status"] == "SUCCESS"


def test_without_time_for_a_second_look_the_first_one_counts(in_lightsail: Any) -> None:
    in_lightsail.write("www.example.com", "192.0.2.1", kind="A")
    in_lightsail.stack.seconds = 33

    for kind, status in (("Create", "FAILED"), ("Delete", "SUCCESS")):
        assert send(in_lightsail, kind)["Status"] == status
    assert in_lightsail.entries() == [("www.example.com", "A")]


def test_keeps_an_entry_that_another_resource_of_the_stack_stands_for(in_lightsail: Any) -> None:
    send(in_lightsail, "Create")
    in_lightsail.stack.becomes("UPDATE_IN_PROGRESS")
    in_lightsail.stack.lists(
        "www.example.com", "CREATE_COMPLETE", name="Renamed", kind=DOMAIN_ENTRY_TYPE
    )

    assert send(in_lightsail, "Delete")["Status"] == "SUCCESS"
    assert aliases(in_lightsail) == [("www.example.com", HOST)]


def test_a_delete_without_the_zone_succeeds(in_lightsail: Any) -> None:
    in_lightsail.api.delete_domain(domainName="example.com")

    assert send(in_lightsail, "Delete")["Status"] == "SUCCESS"


def test_a_cancelled_create_removes_it(in_lightsail: Any) -> None:
    stack = in_lightsail.stack
    stack.before["CreateDomainEntry"] = lambda: stack.becomes("ROLLBACK_IN_PROGRESS")

    send(in_lightsail, "Create")

    assert in_lightsail.entries() == []


@pytest.mark.parametrize("number", [1, 2])
def test_a_create_that_is_undone_before_it_has_written_all_leaves_nothing(
    in_lightsail: Any, number: int
) -> None:
    goes_back(in_lightsail, "CreateDomainEntry", "Delete", number)

    in_lightsail.stack.handler(event_of(in_lightsail, "Create"), in_lightsail.stack.context())

    assert in_lightsail.entries() == []


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("operation", ["DeleteDomainEntry", "CreateDomainEntry"])
def test_an_update_that_is_undone_before_it_has_written_all_leads_back(
    in_lightsail: Any, operation: str, number: int
) -> None:
    send(in_lightsail, "Create")
    in_lightsail.stack.becomes("UPDATE_IN_PROGRESS")
    goes_back(in_lightsail, operation, "Update", number)

    event = event_of(in_lightsail, "Update", Target="https://new.example.net/")
    in_lightsail.stack.handler(event, in_lightsail.stack.context())

    assert aliases(in_lightsail) == [("www.example.com", HOST)]
    assert in_lightsail.entries() == [MARK, ("www.example.com", "A")]
    in_lightsail.stack.becomes("DELETE_IN_PROGRESS")
    send(in_lightsail, "Delete")
    assert in_lightsail.entries() == []


def test_a_create_that_the_stack_waits_for_keeps_it(in_lightsail: Any) -> None:
    assert send(in_lightsail, "Create", Target=TARGET.rstrip("/"))["Status"] == "SUCCESS"
    assert aliases(in_lightsail) == [("www.example.com", HOST)]


def test_the_target_is_the_host_of_a_url_with_a_port_as_the_local_cloud_has_it(
    in_lightsail: Any,
) -> None:
    answer = send(in_lightsail, "Create", Target="http://shop.localhost:4570/")

    assert answer["Status"] == "SUCCESS"
    assert aliases(in_lightsail) == [("www.example.com", "shop.localhost")]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"Name": "www.example.net"}, "Name must be in the zone 'example.com'"),
        ({"Name": "WWW.example.com"}, "Name must be a domain name such as"),
        ({"Target": "https://"}, "Target must be a domain name"),
        ({"Target": ["shop.example.net"]}, "Target must be a domain name"),
        ({"Name": None}, "Name is missing from the resource properties"),
    ],
)
def test_wrong_properties_fail_with_the_rule(
    in_lightsail: Any, changes: dict[str, Any], rule: str
) -> None:
    answer = send(in_lightsail, "Create", **changes)

    assert rule in answer["Reason"]
    assert send(in_lightsail, "Delete", **changes)["Status"] == "SUCCESS"
    assert in_lightsail.entries() == []


def test_a_create_without_a_name_has_an_id_of_ours(in_lightsail: Any) -> None:
    answer = send(in_lightsail, "Create", Name=None)

    assert answer["PhysicalResourceId"] == "LightsailDomainEntry::NOT_WRITTEN"
