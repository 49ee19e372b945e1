"""A service that stores as many images as Lightsail keeps."""

import pytest

import stack_requests
from cdk_lightsail_containers_handler.properties.container_image import NOT_REGISTERED
from image_requests import reason
from stack_requests import Stack, digest


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
