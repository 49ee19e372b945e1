"""Reads that show the services as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightsail_local.behaviour.behaviour import Behaviour

Refused = Callable[..., tuple[str, str]]
Make = Callable[..., str]


def names(api: Any) -> list[str]:
    return [
        image["image"] for image in api.get_container_images(serviceName="shop")["containerImages"]
    ]


def test_reads_are_as_stale_as_u12_says(
    api: Any, behaviour: Behaviour, clock: Any, register: Make, refused: Refused
) -> None:
    behaviour.stale_seconds = 5
    register()

    assert refused("get_container_images", serviceName="shop")[0] == "NotFoundException"
    clock.now += 5
    assert names(api) == [":shop.web.1"]
    api.delete_container_image(serviceName="shop", image=":shop.web.1")
    assert names(api) == [":shop.web.1"]
    clock.now += 4.9
    assert names(api) == [":shop.web.1"]
    clock.now += 0.1
    assert names(api) == []


def test_shows_the_oldest_state_that_it_kept_where_reads_become_staler(
    api: Any, behaviour: Behaviour, clock: Any, register: Make
) -> None:
    for text in "abc":
        register(text)
        clock.now += 5
    behaviour.stale_seconds = 1e6

    assert names(api) == [":shop.web.2", ":shop.web.1"]


def test_keeps_what_was_written_although_the_clock_is_set_back(
    api: Any, clock: Any, register: Make
) -> None:
    register("a")
    clock.now -= 60
    assert names(api) == [":shop.web.1"]
    register("b")

    assert names(api) == [":shop.web.2", ":shop.web.1"]
