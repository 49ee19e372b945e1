"""Versions of a label: as many as `max_versions` says, but none in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reliability.unknowns.templates import SHOP

if TYPE_CHECKING:
    from reliability.unknowns.account import Account


def prune(account: Account) -> None:
    """Run it."""
    account.has_shop()
    one, two, three, four = (account.offer(text, text) for text in ("one", "two", "three", "four"))

    def put(tag: str, becomes: str = "UPDATE_COMPLETE") -> str:
        source = account.source(tag)
        return account.put("prune", becomes=becomes, Source=source).outputs["ImageName"]

    put("one", "CREATE_COMPLETE")
    name = put("two")
    # The image of another user is a version of the label, too, and serves.
    account.check_images("after two versions", one, two)
    account.hands.deploy(SHOP, name)
    account.others = {}

    put("three")
    account.check_images("after three versions, while one serves", two, three)
    put("four")
    account.check_images("after four versions, while one serves", two, three, four)

    account.delete()
    account.check_images("after the stack, which retains them", two, three, four)
    account.check_done("RegisterContainerImage", 4)
