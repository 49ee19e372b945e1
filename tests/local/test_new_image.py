"""Registering images: what is taken, and how it is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.samples.sample_image import sample_image

Refused = Callable[..., tuple[str, str]]
Make = Callable[..., str]
DIGEST = sample_image("hello").digest
DIGEST_OF_A = sample_image("a").digest


def names(api: Any) -> list[str]:
    return [
        image["image"] for image in api.get_container_images(serviceName="shop")["containerImages"]
    ]


def test_counts_images_by_service_and_label(api: Any, register: Make) -> None:
    api.create_container_service(serviceName="bar", power="nano", scale=1)

    first, second, other = register("a"), register("b"), register("a", label="db")
    elsewhere = api.register_container_image(serviceName="bar", label="web", digest=DIGEST_OF_A)

    assert (first, second, other) == (":shop.web.1", ":shop.web.2", ":shop.db.1")
    assert elsewhere["containerImage"]["image"] == ":bar.web.1"


def test_answers_what_was_registered(api: Any, clock: Any, push: Make) -> None:
    whole, clock.now = clock.now, clock.now + 0.7
    image = api.register_container_image(serviceName="shop", label="web", digest=push())[
        "containerImage"
    ]

    assert image["image"] == ":shop.web.1"
    assert image["digest"] == DIGEST
    assert image["createdAt"].timestamp() == whole
    assert api.get_container_images(serviceName="shop")["containerImages"] == [image]


@pytest.mark.parametrize("label", ["v1.2.3", "Web", "a_b"])
def test_refuses_labels_that_are_no_names(refused: Refused, push: Make, label: str) -> None:
    code, message = refused(
        "register_container_image", serviceName="shop", label=label, digest=push()
    )

    assert code == "InvalidInputException"
    assert message.startswith(f'Label name "{label}" does not match pattern')


def test_refuses_what_is_no_digest(refused: Refused, shop: str) -> None:
    code, _ = refused("register_container_image", serviceName=shop, label="web", digest="sha256:1")

    assert code == "InvalidInputException"


@pytest.mark.parametrize(
    ("switch", "expected"), [("new", [":shop.web.2", ":shop.web.1"]), ("old", [":shop.web.1"])]
)
def test_registering_again_follows_u1(
    api: Any, behaviour: Behaviour, register: Make, switch: Any, expected: list[str]
) -> None:
    behaviour.register_again = switch
    register()

    assert register() == expected[0]
    assert names(api) == expected


def test_registers_another_label_of_a_digest_also_where_u1_is_old(
    behaviour: Behaviour, register: Make
) -> None:
    behaviour.register_again = "old"
    register()

    assert register(label="db") == ":shop.db.1"


@pytest.mark.parametrize(("switch", "expected"), [(False, ":shop.web.3"), (True, ":shop.web.2")])
def test_numbers_after_a_deletion_follow_u2(
    api: Any, behaviour: Behaviour, register: Make, switch: bool, expected: str
) -> None:
    behaviour.reuse_numbers = switch
    register("a")
    api.delete_container_image(serviceName="shop", image=register("b"))

    assert register("c") == expected


def test_counts_from_one_where_u2_reuses_the_only_number(
    api: Any, behaviour: Behaviour, register: Make
) -> None:
    behaviour.reuse_numbers = True
    api.delete_container_image(serviceName="shop", image=register())

    assert register() == ":shop.web.1"


def test_refuses_the_151st_image(api: Any, push: Make, refused: Refused) -> None:
    digest = push()
    for _ in range(150):
        api.register_container_image(serviceName="shop", label="web", digest=digest)

    assert refused("register_container_image", serviceName="shop", label="web", digest=digest) == (
        "InvalidInputException",
        "Maximum number of container service images has been reached",
    )


def test_refuses_a_digest_that_was_not_pushed(refused: Refused, shop: str) -> None:
    code, _ = refused("register_container_image", serviceName=shop, label="web", digest=DIGEST)

    assert code == "NotFoundException"


def test_registers_a_digest_that_was_not_pushed_where_u4_accepts_it(
    api: Any, behaviour: Behaviour, shop: str
) -> None:
    behaviour.missing_digest = "accepted"
    behaviour.other_platforms = "refused"

    api.register_container_image(serviceName=shop, label="web", digest=DIGEST)

    assert names(api) == [":shop.web.1"]


def test_registers_an_arm64_image(register: Make) -> None:
    assert register(platform="linux/arm64") == ":shop.web.1"


def test_refuses_an_arm64_image_where_u4_refuses_it(
    behaviour: Behaviour, push: Make, refused: Refused
) -> None:
    behaviour.other_platforms = "refused"
    digest = push(platform="linux/arm64")

    code, message = refused(
        "register_container_image", serviceName="shop", label="web", digest=digest
    )

    assert code == "InvalidInputException"
    assert message.endswith("is not a linux/amd64 image.")


def test_registers_an_amd64_image_where_u4_refuses_others(
    behaviour: Behaviour, register: Make
) -> None:
    behaviour.other_platforms = "refused"

    assert register() == ":shop.web.1"


def test_forgets_a_push_that_is_not_registered_in_time(
    clock: Any, push: Make, refused: Refused
) -> None:
    digest = push()
    clock.now += 3600

    code, _ = refused("register_container_image", serviceName="shop", label="web", digest=digest)

    assert code == "NotFoundException"


def test_keeps_what_is_registered_for_ever(api: Any, clock: Any, register: Make) -> None:
    register()
    clock.now += 1e6

    api.register_container_image(serviceName="shop", label="db", digest=DIGEST)

    assert names(api) == [":shop.db.1", ":shop.web.1"]
