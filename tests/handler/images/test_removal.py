"""Images that are deleted, unless something uses them."""

import pytest

import stack_requests
from cdk_lightsail_containers_handler.properties.container_image import NOT_REGISTERED
from image_requests import deploy, reason
from lightsail_local.server import Fault
from stack_requests import Stack, digest


def state(stack: Stack) -> str:
    """The state of the container service, as another user reads it."""
    (service,) = stack.client().get_container_services(serviceName="shop")["containerServices"]
    return str(service["state"])


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
