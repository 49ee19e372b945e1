"""Two stacks that register and deploy into one service at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..broken import check
from ..images import offer
from ..templates import SHOP

if TYPE_CHECKING:
    from ..account import Account

_STACKS = ("one", "two")


def share(account: Account) -> None:
    """Live through it."""
    hands = account.hands
    account.has_shop()
    # The deployment that was there before is another's turn as well.
    versions = len(hands.deployments(SHOP))

    def put_both(text: str, becomes: str) -> list[str]:
        digests = []
        for name in _STACKS:
            digests.append(offer(account.registry, f"{name}-{text}", f"{name} {text}"))
            account.stacks.start(
                account.name(name),
                "share",
                Source=f"{account.registry.host}/web:{name}-{text}",
                Label=name,
            )
        for name in _STACKS:
            account.settled(becomes, name)
        return digests

    created = put_both("first", "CREATE_COMPLETE")
    account.check_images("of two stacks", *created)
    check("how many deployments there were", len(hands.deployments(SHOP)), versions + 2)
    check("that all of them served", set(hands.deployments(SHOP).values()), _ENDED_WELL)

    updated = put_both("second", "UPDATE_COMPLETE")
    account.check_images("of two updated stacks", *updated)
    check("how many deployments there were", len(hands.deployments(SHOP)), versions + 4)
    check("that all of them served", set(hands.deployments(SHOP).values()), _ENDED_WELL)

    running = hands.running(SHOP)["web"]["image"]
    serving = hands.images(SHOP)[running]
    for name in _STACKS:
        account.stacks.start_to_delete(account.name(name))
    for name in _STACKS:
        check("a stack that was deleted", account.stacks.settled(account.name(name)), None)
    account.check_images("of which one serves, after both stacks", serving)
    account.check_done("RegisterContainerImage", 4)
    account.check_done("CreateContainerServiceDeployment", 4)


_ENDED_WELL = {"ACTIVE", "INACTIVE"}
