"""Updates that are undone: the image that the resource stood for before is the answer."""

from typing import Any

import pytest

import oci_images
import signed_images
from fake_kms import KEY, FakeKms
from fake_registry import FakeRegistry
from stack_requests import STACK_ID, Stack, digest

REGISTER = "RegisterContainerImage"


def pushed(source: FakeRegistry, revision: str = "1") -> dict[str, Any]:
    """Return the properties of an image that is pushed from a tag."""
    return {"Digest": None, "Source": {"Image": f"{source.host}/web:live"}, "Revision": revision}


def answered(stack: Stack, event: dict[str, Any], name: str = "Image") -> str:
    """Send a request that succeeds, and have CloudFormation show what it answers."""
    answer = stack.send(event)
    assert answer["Status"] == "SUCCESS", answer
    stack.lists(answer["PhysicalResourceId"], f"{event['RequestType'].upper()}_COMPLETE", name)
    return str(answer["PhysicalResourceId"])


def created(stack: Stack, **properties: Any) -> str:
    """Create the image in a stack that is complete then."""
    # There are other services, as the registry's login asks for one.
    name = answered(stack, stack.request("Create", **properties))
    stack.becomes("CREATE_COMPLETE")
    stack.time.now += 600
    return name


def begin_update(stack: Stack, name: str, **properties: Any) -> dict[str, Any]:
    """Return the request of an update that begins."""
    stack.becomes("UPDATE_IN_PROGRESS")
    stack.lists(name, "UPDATE_IN_PROGRESS")
    return stack.request("Update", PhysicalResourceId=name, **properties)


def moved(stack: Stack, source: FakeRegistry) -> tuple[str, str]:
    """Create an image from a tag, move the tag and update; return both images."""
    source.add(oci_images.image(b"one"), "live")
    one = created(stack, **pushed(source))
    source.add(oci_images.image(b"two"), "live")
    return one, answered(stack, begin_update(stack, one, **pushed(source, "2")))


def roll_back(stack: Stack, name: str, **properties: Any) -> dict[str, Any]:
    """Return the rollback's request, for a resource with the id that it has by now."""
    stack.time.now += 100
    stack.lists("shop", "UPDATE_FAILED", "Deployment")
    stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")
    stack.lists(name, "UPDATE_IN_PROGRESS")
    return stack.request("Update", PhysicalResourceId=name, **properties)


@pytest.fixture(autouse=True)
def many_events(stack: Stack) -> None:
    """Make so many earlier events that they come in several pages."""
    for number in range(9):
        stack.lists(f"other-{number}", "CREATE_COMPLETE", f"Other{number}")


@pytest.mark.parametrize("changes_update_time", [True, False])
@pytest.mark.parametrize("gone", ["moved", "removed"])
def test_a_tag_that_moved_leads_back_to_the_image_of_before(
    stack: Stack, source: FakeRegistry, gone: str, *, changes_update_time: bool
) -> None:
    stack.cloudformation.changes_update_time = changes_update_time
    one, two = moved(stack, source)
    if gone == "removed":
        source.manifests.clear()
    lines = len(source.lines())

    answer = stack.send(roll_back(stack, two, **pushed(source)))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", one)
    assert answer["Data"]["ImageName"] == one
    assert len(source.lines()) == lines
    assert stack.calls(REGISTER) == 2
    stack.delete(two, **pushed(source, "2"))
    assert stack.images() == [one]


def test_an_update_that_failed_for_its_source_is_undone_without_it(
    stack: Stack, source: FakeRegistry
) -> None:
    source.add(oci_images.image(b"one"), "live")
    one = created(stack, **pushed(source))
    source.manifests.clear()
    failed = stack.send(begin_update(stack, one, **pushed(source, "2")))
    assert (failed["Status"], failed["PhysicalResourceId"]) == ("FAILED", one)

    answer = stack.send(roll_back(stack, one, **pushed(source)))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", one)
    assert stack.images() == [one]


def test_an_image_that_had_to_be_signed_needs_no_signature_again(
    stack: Stack, source: FakeRegistry
) -> None:
    with FakeKms(keys={KEY: signed_images.public_key("deploy")}).served() as kms:
        stack.urls["kms"] = kms.url
        signed_images.put(source, signed_images.contents("cosign-3"))
        source.manifests["live"] = source.manifests["1"]
        one = created(stack, **pushed(source), SignedBy=KEY)
        source.add(oci_images.image(b"two"), "live")
        failed = stack.send(begin_update(stack, one, **pushed(source, "2"), SignedBy=KEY))
        assert (failed["Status"], failed["PhysicalResourceId"]) == ("FAILED", one)
        kms.keys.clear()
        calls = len(kms.calls)

        answer = stack.send(roll_back(stack, one, **pushed(source), SignedBy=KEY))

        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", one)
        assert len(kms.calls) == calls


@pytest.mark.parametrize("known", ["events", "times"])
def test_of_several_versions_the_one_of_before_is_the_answer(
    stack: Stack, source: FakeRegistry, known: str
) -> None:
    for number in (5, 6):  # older versions, which an update has left
        stack.client().register_container_image(
            serviceName="shop", label="web", digest=digest(number)
        )
    stack.time.now += 100
    source.add(oci_images.image(b"one"), "live")
    one = created(stack, RemovalPolicy="Retain", **pushed(source))
    if known == "events":
        # A newer version of the label, which another stack has registered.
        stack.client().register_container_image(serviceName="shop", label="web", digest=digest(7))
        stack.time.now += 100
    else:
        stack.cloudformation.errors["DescribeStackEvents"] = "AccessDenied", "not for you"
    source.add(oci_images.image(b"two"), "live")
    two = answered(stack, begin_update(stack, one, **pushed(source, "2")))

    assert stack.send(roll_back(stack, two, **pushed(source)))["PhysicalResourceId"] == one


def test_an_image_that_is_not_registered_any_more_is_pushed_again(
    stack: Stack, source: FakeRegistry
) -> None:
    source.add(oci_images.image(b"one"), "live")
    one = created(stack, **pushed(source))
    two = answered(stack, begin_update(stack, one, **pushed(source, "2"), Label="site"))
    stack.client().delete_container_image(serviceName="shop", image=one)
    stack.time.now += 60

    answer = stack.send(roll_back(stack, two, **pushed(source)))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", ":shop.web.2")


@pytest.mark.parametrize("change", ["Digest", "Label", "ServiceName"])
def test_an_image_by_digest_is_the_one_of_before(stack: Stack, change: str) -> None:
    stack.client().create_container_service(serviceName="other", power="nano", scale=1)
    stack.time.now += 600
    one = created(stack)
    changed = {"Digest": digest(2), "Label": "site", "ServiceName": "other"}
    two = answered(stack, begin_update(stack, one, **{change: changed[change]}))
    assert two != one

    assert stack.send(roll_back(stack, two))["PhysicalResourceId"] == one

    assert stack.calls(REGISTER) == 2


def test_an_update_after_a_rollback_is_none_of_it_while_reads_show_that(stack: Stack) -> None:
    one = created(stack)
    begin_update(stack, one)
    roll_back(stack, one)
    stack.lists(one, "UPDATE_COMPLETE")
    stack.time.now += 100
    event = begin_update(stack, one, Digest=digest(2))
    shown = stack.cloudformation.stacks[STACK_ID]
    shown.status = "UPDATE_ROLLBACK_COMPLETE"
    stack.time.on_sleep = lambda: setattr(shown, "status", "UPDATE_IN_PROGRESS")

    answer = stack.send(event)

    assert answer["Data"]["ImageDigest"] == digest(2)


def test_a_service_that_is_gone_is_told(stack: Stack) -> None:
    stack.client().create_container_service(serviceName="other", power="nano", scale=1)
    stack.time.now += 600
    one = created(stack, ServiceName="other")
    two = answered(stack, begin_update(stack, one))
    stack.client().delete_container_service(serviceName="other")
    stack.time.now += 600

    answer = stack.send(roll_back(stack, two, ServiceName="other"))

    assert answer["Status"] == "FAILED"
    assert "container service 'other'" in answer["Reason"]


def test_a_continued_rollback_goes_back_to_the_image_of_before_the_update(
    stack: Stack, source: FakeRegistry
) -> None:
    one, two = moved(stack, source)
    roll_back(stack, two, **pushed(source))
    stack.becomes("UPDATE_ROLLBACK_FAILED")
    stack.time.now += 100

    answer = stack.send(roll_back(stack, two, **pushed(source)))

    assert answer["PhysicalResourceId"] == one


def test_a_continued_rollback_goes_back_though_the_update_is_not_among_the_events_any_more(
    stack: Stack, source: FakeRegistry
) -> None:
    one, two = moved(stack, source)
    stack.cloudformation.stacks[STACK_ID].events.clear()
    stack.lists(two, "UPDATE_COMPLETE")

    answer = stack.send(roll_back(stack, two, **pushed(source)))

    assert answer["PhysicalResourceId"] == one


def test_a_continued_rollback_has_left_the_request_of_its_first_try_behind(stack: Stack) -> None:
    one = created(stack)
    two = answered(stack, begin_update(stack, one, Digest=digest(2)))
    first = roll_back(stack, two)
    stack.becomes("UPDATE_ROLLBACK_FAILED")
    roll_back(stack, two)

    assert "CloudFormation cancelled the request" in stack.send(first)["Reason"]


@pytest.mark.parametrize("moment", ["after", "late"])
def test_what_a_rollback_registers_again_stays_while_it_is_not_listed_yet(
    stack: Stack, moment: str
) -> None:
    one = created(stack)
    two = answered(stack, begin_update(stack, one, Label="site"))
    stack.client().delete_container_image(serviceName="shop", image=one)
    stack.time.now += 60
    event = roll_back(stack, two)
    if moment == "after":
        stack.response.on_answer = lambda: stack.becomes("UPDATE_ROLLBACK_COMPLETE")
    else:
        stack.time.now += 60  # it waits in AWS Lambda's queue

    assert stack.send(event)["PhysicalResourceId"] == ":shop.web.2"

    assert ":shop.web.2" in stack.images()


def test_that_fails_says_what_to_run(stack: Stack) -> None:
    one = created(stack, MaxVersions="1")
    two = answered(stack, begin_update(stack, one, Digest=digest(2)))
    event = roll_back(stack, two, Label="Wrong")

    answer = stack.send(event)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].endswith(
        "deploy again; the stack is rolling back: run 'cdk rollback', not 'cdk deploy'"
    )


class TestARename:
    def rename(self, stack: Stack, old: str = "Image", new: str = "Renamed") -> str:
        """Let a new resource take an image over, and return the image."""
        one = created(stack)
        stack.becomes("UPDATE_IN_PROGRESS")
        event = {**stack.request("Create"), "LogicalResourceId": new}
        assert answered(stack, event, new) == one
        stack.becomes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        stack.lists(one, "DELETE_IN_PROGRESS", old)
        return one

    def test_keeps_the_image(self, stack: Stack) -> None:
        one = self.rename(stack)

        assert stack.delete(one)["Status"] == "SUCCESS"

        assert stack.images() == [one]

    def test_with_another_digest_deletes_the_old_image(self, stack: Stack) -> None:
        one = created(stack)
        stack.becomes("UPDATE_IN_PROGRESS")
        event = {**stack.request("Create", Digest=digest(2)), "LogicalResourceId": "Renamed"}
        two = answered(stack, event, "Renamed")
        stack.becomes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")

        stack.delete(one)

        assert stack.images() == [two]

    def test_that_fails_keeps_the_image(self, stack: Stack) -> None:
        one = self.rename(stack)
        stack.lists(one, "CREATE_COMPLETE", "Image")
        stack.becomes("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")

        stack.send(
            {**stack.request("Delete", PhysicalResourceId=one), "LogicalResourceId": "Renamed"}
        )

        assert stack.images() == [one]

    @pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
    def test_of_a_stack_that_goes_as_a_whole_deletes_the_image(
        self, stack: Stack, status: str
    ) -> None:
        one = self.rename(stack)
        stack.lists(one, "CREATE_COMPLETE", "Image")  # two resources of one image
        stack.becomes(status)

        stack.delete(one)

        assert stack.images() == []

    def test_of_two_at_once_that_are_both_removed_deletes_the_image(self, stack: Stack) -> None:
        one = self.rename(stack)
        stack.lists(one, "DELETE_COMPLETE", "Renamed")

        stack.delete(one)

        assert stack.images() == []

    def test_of_a_stack_whose_resources_cannot_be_read_deletes_the_image(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        one = self.rename(stack)
        stack.cloudformation.errors["ListStackResources"] = "AccessDenied", "not for you"

        stack.delete(one)

        assert stack.images() == []
        assert "the stack's resources are not known" in caplog.text

    def test_is_not_deleted_while_cloudformation_does_not_say_what_stands_for_it(
        self, stack: Stack
    ) -> None:
        one = self.rename(stack)
        stack.cloudformation.errors["ListStackResources"] = "Throttling", "slow down"

        answer = stack.delete(one)

        assert answer["Status"] == "FAILED"
        assert "the stack's resources are not known (Throttling)" in answer["Reason"]
        assert stack.images() == [one]


@pytest.mark.parametrize("most", [{}, {"MaxVersions": "1"}])
def test_updates_that_failed_and_were_not_rolled_back_are_undone_together(
    stack: Stack, source: FakeRegistry, most: dict[str, str]
) -> None:
    """`cdk deploy --no-rollback`, three times, and `cdk rollback`."""
    source.add(oci_images.image(b"one"), "live")
    name = one = created(stack, **pushed(source), **most)
    for revision in ("2", "3", "4"):
        source.add(oci_images.image(revision.encode()), "live")
        event = begin_update(stack, name, **pushed(source, revision), **most)
        name = answered(stack, event)
        stack.lists("shop", "UPDATE_FAILED", "Deployment")
        stack.becomes("UPDATE_FAILED")
        stack.time.now += 600

    answer = stack.send(roll_back(stack, name, **pushed(source)))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", one)
