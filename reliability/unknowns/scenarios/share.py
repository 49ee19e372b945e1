"""Two stacks that register and deploy into one service at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reliability.broken import check
from reliability.unknowns.templates import SHOP

if TYPE_CHECKING:
    from reliability.unknowns.account import Account

_STACKS = ("one", "two")


def share(account: Account) -> None:
    """Run it."""
    hands = account.hands
    account.has_shop()

    def start(name: str, text: str) -> str:
        digest = account.offer(f"{name}-{text}", f"{name} {text}")
        source = account.source(f"{name}-{text}")
        account.stacks.start(account.name(name), "share", Source=source, Label=name)
        return digest

    def put_both(text: str, becomes: str) -> list[str]:
        digests = [start(name, text) for name in _STACKS]
        for name in _STACKS:
            account.settled(becomes, name)
        return digests

    lost = account.loses_first_push
    if lost:
        start("one", "first")
        account.settled("ROLLBACK_COMPLETE", "one")
        account.told("container 'web': the image :shop.one.1 could not be pulled", "one")
        account.check_images("after a failed create")
        account.delete("one")

    versions = len(hands.deployments(SHOP))

    created = put_both("first", "CREATE_COMPLETE")
    account.check_images("of two stacks", *created)
    _check_all_served(account, versions + 2, lost=lost)

    updated = put_both("second", "UPDATE_COMPLETE")
    account.check_images("of two updated stacks", *updated)
    _check_all_served(account, versions + 4, lost=lost)

    running = hands.running(SHOP)["web"]["image"]
    serving = hands.images(SHOP)[running]
    for name in _STACKS:
        account.stacks.start_to_delete(account.name(name))
    for name in _STACKS:
        check("a stack that was deleted", account.stacks.settled(account.name(name)), None)
    account.check_images("while one serves, after both stacks", serving)
    account.check_done("RegisterContainerImage", 4 + lost)
    account.check_done("CreateContainerServiceDeployment", 4 + lost)


def _check_all_served(account: Account, count: int, *, lost: bool) -> None:
    """Check how many deployments there were, and that all served but the one that was lost."""
    states = sorted(account.hands.deployments(SHOP).values())
    others = ["FAILED"] * lost + ["INACTIVE"] * (count - 1 - lost)
    check("the deployments of both stacks", states, ["ACTIVE", *others])
