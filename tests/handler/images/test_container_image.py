"""The life of a container image, over the wire to a local Lightsail."""

import threading
from functools import partial

import pytest

import stack_requests
from cdk_lightsail_containers_handler.cloudformation.response import Undeliverable
from cdk_lightsail_containers_handler.properties.container_image import NOT_REGISTERED
from lightsail_local.server import Fault
from stack_requests import Stack, digest

BOTH = pytest.mark.parametrize("register_again", ["new", "old"])


def reason(answer: dict[str, str]) -> str:
    assert answer["Status"] == "FAILED"
    assert len(answer["Reason"]) <= 240
    return answer["Reason"]


def state(stack: Stack) -> str:
    """The state of the container service, as somebody else reads it."""
    (service,) = stack.client().get_container_services(serviceName="shop")["containerServices"]
    return str(service["state"])


def deploy(stack: Stack, image: str) -> None:
    """Have somebody deploy an image, and not wait."""
    stack.client().create_container_service_deployment(
        serviceName="shop", containers={"web": {"image": image}}
    )


class TestCreate:
    def test_answers_name_digest_and_time_of_the_registered_image(self, stack: Stack) -> None:
        answer = stack.create()

        (image,) = stack.client().get_container_images(serviceName="shop")["containerImages"]
        assert answer["Status"] == "SUCCESS"
        assert answer["PhysicalResourceId"] == ":shop.web.1"
        assert answer["Data"] == {
            "ImageName": ":shop.web.1",
            "ImageDigest": digest(1),
            "CreatedAt": image["createdAt"].isoformat(),
        }

    def test_takes_an_image_that_is_registered_already(self, stack: Stack) -> None:
        stack.client().register_container_image(serviceName="shop", label="web", digest=digest(1))

        answer = stack.create()

        assert answer["PhysicalResourceId"] == ":shop.web.1"
        assert stack.calls("RegisterContainerImage") == 1

    def test_registers_a_digest_that_only_another_label_has(self, stack: Stack) -> None:
        stack.create(Label="worker")

        answer = stack.create()

        assert answer["PhysicalResourceId"] == ":shop.web.1"
        assert stack.images() == [":shop.web.1", ":shop.worker.1"]

    def test_takes_the_lowest_of_several_numbers(self) -> None:
        with stack_requests.stack(order="shuffled") as stack:
            for _ in range(4):
                stack.client().register_container_image(
                    serviceName="shop", label="web", digest=digest(1)
                )

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    def test_registers_again_what_reads_still_show_although_it_is_deleted(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.delete(name)

            answer = stack.create()

            assert answer["PhysicalResourceId"] == ":shop.web.2"
            assert stack.images() == [":shop.web.2"]


class TestTheSameRequestTwice:
    @BOTH
    def test_one_after_the_other_registers_once(self, register_again: str) -> None:
        with stack_requests.stack(register_again=register_again) as stack:
            request = stack.request("Create")

            first, second = stack.send(request), stack.send(request)

            assert first == second
            assert stack.calls("RegisterContainerImage") == 1

    @BOTH
    @pytest.mark.parametrize("stale_seconds", [0, 4])
    def test_before_reads_have_caught_up_leaves_one_image(
        self, register_again: str, stale_seconds: float
    ) -> None:
        with stack_requests.stack(
            register_again=register_again, stale_seconds=stale_seconds
        ) as stack:
            first = stack.create()
            second = stack.create()

            assert first["PhysicalResourceId"] == second["PhysicalResourceId"]
            assert stack.images() == [":shop.web.1"]

    @BOTH
    def test_at_once_leaves_one_image(self, register_again: str) -> None:
        with stack_requests.stack(register_again=register_again) as stack:
            request = stack.request("Create")
            handlers = [stack.new_handler() for _ in range(4)]
            together = threading.Barrier(len(handlers))

            def send(handler: stack_requests.Handler) -> None:
                together.wait()
                handler(request, stack.context())

            threads = [threading.Thread(target=send, args=(one,)) for one in handlers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            (kept,) = stack.images()
            assert {answer["PhysicalResourceId"] for answer in stack.response.answers} == {kept}

    def test_does_not_wait_for_reads_to_catch_up_longer_than_there_is_time(self) -> None:
        with stack_requests.stack(stale_seconds=40) as stack:
            stack.seconds = 33

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    def test_whose_second_image_cannot_be_deleted_answers_the_first(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            stack.time.now += 60
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(1)
            )
            stack.lightsail.faults.append(
                Fault(operation="DeleteContainerImage", kind="denied", times=1000)
            )

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    @BOTH
    @pytest.mark.parametrize("kind", ["reset_after", "cut"])
    def test_after_a_lost_answer_finds_what_was_registered(
        self, register_again: str, kind: str
    ) -> None:
        with stack_requests.stack(register_again=register_again) as stack:
            stack.lightsail.faults.append(Fault(operation="RegisterContainerImage", kind=kind))

            answer = stack.create()

            assert answer["PhysicalResourceId"] == ":shop.web.1"
            assert stack.images() == [":shop.web.1"]
            assert stack.calls("RegisterContainerImage") == 1

    def test_after_an_answer_lost_in_stale_reads_leaves_one_image(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            stack.lightsail.faults.append(
                Fault(operation="RegisterContainerImage", kind="reset_after")
            )

            answer = stack.create()

            assert [answer["PhysicalResourceId"]] == stack.images() == [":shop.web.1"]

    def test_after_a_crash_between_register_and_answer_registers_once(self, stack: Stack) -> None:
        stack.response.faults = [403]
        request = stack.request("Create")
        with pytest.raises(Undeliverable):
            stack.handler(request, stack.context())
        assert stack.response.answers == []

        answer = stack.send(request)

        assert answer["PhysicalResourceId"] == ":shop.web.1"
        assert stack.calls("RegisterContainerImage") == 1


class TestUpdate:
    def test_to_a_new_digest_answers_a_new_id_and_leaves_the_old_image(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]

        new = stack.update(old, Digest=digest(2))

        assert new["PhysicalResourceId"] == ":shop.web.2"
        assert new["Data"]["ImageDigest"] == digest(2)
        assert stack.images() == [":shop.web.1", ":shop.web.2"]

    def test_to_a_new_label_answers_a_new_id(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]

        assert stack.update(old, Label="worker")["PhysicalResourceId"] == ":shop.worker.1"

    def test_of_anything_else_keeps_the_id(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]

        answer = stack.update(old, RemovalPolicy="Retain", MaxVersions="9")

        assert answer["PhysicalResourceId"] == old
        assert stack.calls("RegisterContainerImage") == 1

    def test_keeps_its_own_id_among_several_of_the_same_digest(self, stack: Stack) -> None:
        for _ in range(2):
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(1)
            )

        assert stack.update(":shop.web.2")["PhysicalResourceId"] == ":shop.web.2"

    def test_that_is_rolled_back_finds_the_old_image_and_registers_nothing(
        self, stack: Stack
    ) -> None:
        old = stack.create()["PhysicalResourceId"]
        new = stack.update(old, Digest=digest(2))["PhysicalResourceId"]

        back = stack.update(new, Digest=digest(1))
        gone = stack.delete(new, Digest=digest(2))

        assert back["PhysicalResourceId"] == old
        assert gone["Status"] == "SUCCESS"
        assert stack.images() == [old]
        assert stack.calls("RegisterContainerImage") == 2

    def test_that_fails_keeps_the_id(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]

        answer = stack.update(old, Digest="no digest")

        assert "Digest must be" in reason(answer)
        assert answer["PhysicalResourceId"] == old

    def test_does_not_read_the_old_properties_which_another_release_wrote(
        self, stack: Stack
    ) -> None:
        old = stack.create()["PhysicalResourceId"]
        request = stack.request("Update", PhysicalResourceId=old, Digest=digest(2))
        request["OldResourceProperties"] = {"Something": [{"else": "entirely"}]}

        assert stack.send(request)["PhysicalResourceId"] == ":shop.web.2"


class TestDelete:
    def test_deletes_the_image(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]

        answer = stack.delete(name)

        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", name)
        assert stack.images() == []

    def test_deletes_the_image_with_the_properties_of_another_release(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]

        stack.delete(name, Digest=None, RemovalPolicy=None, MaxVersions="x", Older="y")

        assert stack.images() == []

    def test_keeps_an_image_when_there_is_no_time_to_look_twice_whether_it_is_used(
        self, stack: Stack
    ) -> None:
        name = stack.create()["PhysicalResourceId"]
        stack.seconds = 33

        assert stack.delete(name)["Status"] == "SUCCESS"
        assert stack.images() == [name]

    def test_twice_succeeds(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]

        stack.delete(name)
        answer = stack.delete(name)

        assert answer["Status"] == "SUCCESS"
        assert stack.calls("DeleteContainerImage") == 1

    def test_retains_what_it_is_told_to_retain(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]

        assert stack.delete(name, RemovalPolicy="Retain")["Status"] == "SUCCESS"
        assert stack.images() == [name]

    @pytest.mark.parametrize(
        "physical_id",
        [
            NOT_REGISTERED,
            "Shop-Image-1ABCDEFGHIJKL",
            ":shop.worker.1",
            ":blog.web.1",
            ":shop.web.1.2",
            "2026/11/23/[$LATEST]8c0f",
        ],
    )
    def test_of_an_id_that_is_not_ours_calls_nothing(self, stack: Stack, physical_id: str) -> None:
        stack.create()
        calls = len(stack.lightsail.requests)

        answer = stack.delete(physical_id)

        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", physical_id)
        assert len(stack.lightsail.requests) == calls

    def test_of_a_number_that_was_never_there_deletes_nothing(self, stack: Stack) -> None:
        stack.create()

        assert stack.delete(":shop.web.7")["Status"] == "SUCCESS"
        assert stack.calls("DeleteContainerImage") == 0

    def test_leaves_a_name_that_belongs_to_another_digest_by_now(self) -> None:
        with stack_requests.stack(reuse_numbers=True) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.client().delete_container_image(serviceName="shop", image=name)
            stack.create(Digest=digest(2))

            assert stack.delete(name)["Status"] == "SUCCESS"
            assert stack.images() == [name]

    @pytest.mark.parametrize("missing_service", ["NotFoundException", "InvalidInputException"])
    def test_of_an_image_of_a_service_that_is_gone_succeeds(self, missing_service: str) -> None:
        with stack_requests.stack(missing_service=missing_service) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.client().delete_container_service(serviceName="shop")
            stack.time.now += 3600

            assert stack.delete(name)["Status"] == "SUCCESS"

    def test_that_lightsail_refuses_though_the_service_is_there_says_so(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]
        stack.lightsail.faults.append(
            Fault(operation="GetContainerImages", code="InvalidInputException", times=99)
        )

        assert "refused GetContainerImages" in reason(stack.delete(name))

    @pytest.mark.parametrize("delete_in_use", ["refused", "done"])
    def test_never_deletes_an_image_that_is_deployed(self, delete_in_use: str) -> None:
        with stack_requests.stack(delete_in_use=delete_in_use) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.deploy(name)

            assert stack.delete(name)["Status"] == "SUCCESS"
            assert stack.images() == [name]

    @pytest.mark.parametrize("delete_in_use", ["refused", "done"])
    def test_never_deletes_an_image_that_is_being_deployed(self, delete_in_use: str) -> None:
        with stack_requests.stack(delete_in_use=delete_in_use, deployment_seconds=10_000) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.deploy(name)

            assert stack.delete(name)["Status"] == "SUCCESS"
            assert stack.images() == [name]

    @pytest.mark.parametrize("latest", ["echoed", "resolved"])
    def test_never_deletes_what_latest_may_stand_for(self, latest: str) -> None:
        with stack_requests.stack(latest=latest, delete_in_use="done") as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.deploy(":shop.web.latest")

            assert stack.delete(name)["Status"] == "SUCCESS"
            assert stack.images() == [name]

    def test_deletes_an_image_that_only_an_old_deployment_used(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]
        stack.deploy(old)
        new = stack.update(old, Digest=digest(2))["PhysicalResourceId"]
        stack.deploy(new)

        stack.delete(old)

        assert stack.images() == [new]

    def test_waits_for_reads_that_still_show_the_deployment_before(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            old = stack.create()["PhysicalResourceId"]
            stack.deploy(old)
            new = stack.create(Digest=digest(2))["PhysicalResourceId"]
            stack.deploy(new)
            stack.time.now -= 3600 - 2  # the new deployment became active a second ago

            stack.delete(old)

            assert stack.images() == [new]

    def test_waits_for_reads_that_do_not_show_a_deployment_yet(self) -> None:
        with stack_requests.stack(stale_seconds=4, delete_in_use="done") as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.deploy(name)
            stack.time.now -= 3600 - 1  # it began a second ago

            assert stack.delete(name)["Status"] == "SUCCESS"
            assert stack.images() == [name]

    def test_waits_while_lightsail_refuses_because_the_service_changes(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]
        stack.lightsail.behaviour.service_seconds = 20
        stack.client().update_container_service(serviceName="shop", scale=2)
        stack.lightsail.faults.append(
            Fault(operation="DeleteContainerImage", code="InvalidInputException", times=1)
        )

        assert stack.delete(name)["Status"] == "SUCCESS"
        assert stack.images() == []

    def test_keeps_an_image_that_is_deployed_while_it_waits_for_the_service(self) -> None:
        with stack_requests.stack(
            busy_service="refused", delete_in_use="done", deployment_seconds=60
        ) as stack:
            old = stack.create()["PhysicalResourceId"]
            new = stack.create(Digest=digest(2))["PhysicalResourceId"]
            stack.deploy(new)
            stack.time.now -= 3600 - 1

            def deploy_the_old_one() -> None:
                if state(stack) == "RUNNING":
                    stack.time.on_sleep = lambda: None
                    deploy(stack, old)

            stack.time.on_sleep = deploy_the_old_one
            assert stack.delete(old)["Status"] == "SUCCESS"
            assert stack.images() == [old, new]

    def test_finds_an_image_that_reads_do_not_show_yet(self) -> None:
        with stack_requests.stack() as stack:
            stack.lightsail.behaviour.stale_seconds = 4
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(1)
            )

            stack.delete(":shop.web.1")

            assert stack.images() == []

    def test_keeps_an_image_that_lightsail_refuses_to_delete(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]
        stack.lightsail.faults.append(
            Fault(
                operation="DeleteContainerImage",
                code="InvalidInputException",
                message="The image is in use.",
                times=2,
            )
        )

        assert stack.delete(name)["Status"] == "SUCCESS"
        assert stack.images() == [name]

    def test_tries_again_when_reads_do_not_show_yet_that_the_service_changes(
        self, stack: Stack
    ) -> None:
        name = stack.create()["PhysicalResourceId"]
        stack.lightsail.faults.append(
            Fault(operation="DeleteContainerImage", code="InvalidInputException")
        )

        assert stack.delete(name)["Status"] == "SUCCESS"
        assert stack.images() == []

    def test_says_when_it_may_not_delete(self, stack: Stack) -> None:
        name = stack.create()["PhysicalResourceId"]
        stack.lightsail.faults.append(
            Fault(operation="DeleteContainerImage", kind="denied", times=1000)
        )

        answer = stack.delete(name)

        assert "may not call lightsail:DeleteContainerImage on container service 'shop'" in reason(
            answer
        )
        assert answer["PhysicalResourceId"] == name


class TestMaxVersions:
    def register(self, stack: Stack, *numbers: int) -> None:
        for number in numbers:
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(number)
            )

    def test_deletes_the_oldest_versions_of_the_label_beyond_the_number(self) -> None:
        with stack_requests.stack(order="shuffled") as stack:
            self.register(stack, 2, 3, 4)
            stack.create(Label="worker")

            stack.create(MaxVersions="2")

            assert stack.images() == [":shop.web.3", ":shop.web.4", ":shop.worker.1"]

    def test_never_deletes_one_in_use(self, stack: Stack) -> None:
        self.register(stack, 2, 3, 4)
        stack.deploy(":shop.web.1")

        stack.create(MaxVersions="1")

        assert stack.images() == [":shop.web.1", ":shop.web.4"]

    def test_never_deletes_one_that_is_deployed_while_it_deletes_others(self) -> None:
        with stack_requests.stack(delete_in_use="done") as stack:
            self.register(stack, 2, 3, 4)
            stack.deploy(":shop.web.3")
            stack.lightsail.faults.append(Fault(operation="DeleteContainerImage", kind="throttle"))

            def deploy_the_second_one() -> None:
                if stack.calls("DeleteContainerImage"):
                    stack.time.on_sleep = lambda: None
                    deploy(stack, ":shop.web.2")

            stack.time.on_sleep = deploy_the_second_one
            stack.create(MaxVersions="1")

            assert stack.images() == [":shop.web.2", ":shop.web.3", ":shop.web.4"]

    def test_never_deletes_the_one_being_replaced(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]
        self.register(stack, 2, 3)

        stack.update(old, Digest=digest(4), MaxVersions="1")

        assert stack.images() == [old, ":shop.web.4"]

    def test_never_deletes_the_one_that_was_found(self, stack: Stack) -> None:
        self.register(stack, 1, 2, 3)

        assert stack.create(MaxVersions="1")["PhysicalResourceId"] == ":shop.web.1"
        assert stack.images() == [":shop.web.1", ":shop.web.3"]

    def test_calls_no_more_than_needed_when_there_is_nothing_to_delete(self, stack: Stack) -> None:
        stack.create(MaxVersions="2")

        assert stack.calls("GetContainerServices") == 0
        assert stack.calls("DeleteContainerImage") == 0

    def test_fails_nothing_when_pruning_fails(self, stack: Stack) -> None:
        self.register(stack, 2)
        stack.lightsail.faults.append(
            Fault(operation="DeleteContainerImage", kind="denied", times=1000)
        )

        answer = stack.create(MaxVersions="1")

        assert answer["PhysicalResourceId"] == ":shop.web.2"
        assert stack.images() == [":shop.web.1", ":shop.web.2"]

    @pytest.mark.parametrize("number", ["150", "1"])
    def test_makes_room_for_the_new_one_in_a_service_that_is_full(
        self, stack: Stack, number: str
    ) -> None:
        self.register(stack, *range(2, 152))

        assert stack.create(MaxVersions=number)["PhysicalResourceId"] == ":shop.web.151"
        assert len(stack.images()) == int(number)

    def test_makes_room_though_reads_still_show_a_full_service(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            self.register(stack, *range(2, 152))
            stack.time.now += 60

            assert stack.create(MaxVersions="140")["PhysicalResourceId"] == ":shop.web.151"
            assert len(stack.images()) == 140

    @pytest.mark.parametrize("number", ["150", "140"])
    def test_makes_room_when_others_took_the_last_room_meanwhile(self, number: str) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            self.register(stack, *range(2, 151))
            stack.time.now += 60
            self.register(stack, 151)

            assert stack.create(MaxVersions=number)["PhysicalResourceId"] == ":shop.web.151"
            assert len(stack.images()) == int(number)

    def test_says_that_a_service_is_full_when_nothing_can_be_deleted(self, stack: Stack) -> None:
        self.register(stack, *range(2, 152))
        stack.lightsail.faults.append(
            Fault(operation="DeleteContainerImage", code="InvalidInputException", times=1000)
        )

        assert "stores 150 images" in reason(stack.create(MaxVersions="149"))

    def test_makes_room_in_a_service_that_is_full(self, stack: Stack) -> None:
        self.register(stack, *range(2, 152))

        answer = stack.create(MaxVersions="140")

        assert answer["PhysicalResourceId"] == ":shop.web.151"
        assert len(stack.images()) == 140


class TestFullService:
    FULL = (
        "container service 'shop' stores 150 images, the most that Lightsail keeps: set "
        "max_versions to prune old ones, or delete some with "
        "'aws lightsail delete-container-image'"
    )

    def fill(self, stack: Stack) -> None:
        for number in range(2, 152):
            stack.client().register_container_image(
                serviceName="shop", label="other", digest=digest(number)
            )

    def test_says_so_before_it_registers(self, stack: Stack) -> None:
        self.fill(stack)
        calls = stack.calls("RegisterContainerImage")

        answer = stack.create()

        assert reason(answer) == self.FULL
        assert answer["PhysicalResourceId"] == NOT_REGISTERED
        assert stack.calls("RegisterContainerImage") == calls

    def test_says_so_when_pruning_frees_no_room(self, stack: Stack) -> None:
        self.fill(stack)

        fix = "lower max_versions, or delete some with 'aws lightsail delete-container-image'"
        assert reason(stack.create(MaxVersions="5")).endswith(fix)
        assert len(stack.images()) == 150

    def test_says_so_in_a_minute_when_lightsail_stores_fewer_than_it_did(self) -> None:
        with stack_requests.stack(stored_images=2) as stack:
            for number in (2, 3):
                stack.client().register_container_image(
                    serviceName="shop", label="other", digest=digest(number)
                )
            began = stack.time.now

            assert reason(stack.create()) == self.FULL
            assert stack.time.now < began + 90

    def test_says_so_when_others_took_the_last_room_meanwhile(self) -> None:
        with stack_requests.stack(stale_seconds=5) as stack:
            self.fill(stack)

            assert reason(stack.create()) == self.FULL

    def test_says_so_when_there_is_no_time_to_look_again(self, stack: Stack) -> None:
        self.fill(stack)
        stack.seconds = 33

        assert reason(stack.create()) == self.FULL

    @pytest.mark.parametrize("more", [{}, {"MaxVersions": "1"}])
    def test_takes_the_image_that_another_delivery_registered_as_the_last_one(
        self, more: dict[str, str]
    ) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            for number in range(2, 151):
                stack.client().register_container_image(
                    serviceName="shop", label="other", digest=digest(number)
                )
            stack.time.now += 60
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(1)
            )

            assert stack.create(**more)["PhysicalResourceId"] == ":shop.web.1"
            assert len(stack.images()) == 150

    def test_takes_the_image_that_another_delivery_registered_when_one_gave_way(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            self.fill(stack)
            stack.time.now += 60
            stack.client().delete_container_image(serviceName="shop", image=":shop.other.1")
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(1)
            )
            calls = stack.calls("RegisterContainerImage")

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

            assert stack.calls("RegisterContainerImage") == calls

    def test_registers_once_others_have_given_way(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            self.fill(stack)
            stack.time.now += 60
            for image in (":shop.other.1", ":shop.other.2"):
                stack.client().delete_container_image(serviceName="shop", image=image)

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    def test_still_finds_what_is_registered(self, stack: Stack) -> None:
        self.fill(stack)

        answer = stack.create(Label="other", Digest=digest(2))

        assert answer["PhysicalResourceId"] == ":shop.other.1"


class TestBusyService:
    def test_waits_while_lightsail_takes_no_image(self) -> None:
        with stack_requests.stack(busy_service="refused", deployment_seconds=40) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.deploy(name)
            stack.time.now -= 3600
            calls = stack.calls("RegisterContainerImage")

            answer = stack.create(Digest=digest(2))

            assert answer["PhysicalResourceId"] == ":shop.web.2"
            assert stack.calls("RegisterContainerImage") > calls + 1

    def test_tries_again_when_it_is_not_busy_any_more(self, stack: Stack) -> None:
        stack.lightsail.faults.append(
            Fault(operation="RegisterContainerImage", code="InvalidInputException", times=1)
        )

        assert stack.create()["Status"] == "SUCCESS"

    def test_waits_though_reads_do_not_show_yet_that_it_is_busy(self) -> None:
        with stack_requests.stack(
            busy_service="refused", service_seconds=40, stale_seconds=4
        ) as stack:
            stack.client().update_container_service(serviceName="shop", scale=2)

            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    def test_says_so_when_it_takes_too_long(self) -> None:
        with stack_requests.stack(busy_service="refused", deployment_seconds=1000) as stack:
            name = stack.create()["PhysicalResourceId"]
            stack.deploy(name)
            stack.time.now -= 3600

            assert reason(stack.create(Digest=digest(2))) == (
                "container service 'shop' was DEPLOYING all the time and took no change: "
                "deploy again when it is READY or RUNNING"
            )


@pytest.mark.parametrize("seconds", [300.0, 900.0])
def test_pruning_waits_for_no_service_that_is_busy(stack: Stack, seconds: float) -> None:
    stack.seconds = seconds
    names = [
        stack.create(Digest=digest(number), RemovalPolicy="Retain")["PhysicalResourceId"]
        for number in (1, 2, 3)
    ]
    stack.lightsail.behaviour.busy_service = "refused"
    stack.lightsail.behaviour.service_seconds = 3000
    began = stack.time.now
    # Somebody changes the service right after the registration.
    stack.before["RegisterContainerImage"] = partial(
        stack.client().update_container_service, serviceName="shop", power="micro"
    )

    stack.update(names[-1], Digest=digest(4), MaxVersions="1", RemovalPolicy="Retain")

    assert stack.time.now - began <= 10
    assert ":shop.web.1" in stack.images()


def test_pruning_does_not_wait_for_a_lightsail_that_is_away(stack: Stack) -> None:
    stack.seconds = 900
    one = stack.create()["PhysicalResourceId"]
    began = stack.time.now
    stack.before["RegisterContainerImage"] = lambda: stack.before.update(
        GetContainerImages=lambda: stack.lightsail.faults.append(
            Fault(operation="GetContainerImages", kind="throttle", times=10_000)
        )
    )

    answer = stack.update(one, Digest=digest(2), MaxVersions="1")

    assert answer["Status"] == "SUCCESS"
    assert stack.time.now - began < 60
