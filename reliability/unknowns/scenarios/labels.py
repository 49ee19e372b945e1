"""Two labels of one service in a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reliability.broken import check
from reliability.unknowns.templates import SHOP

if TYPE_CHECKING:
    from reliability.unknowns.account import Account


def labels(account: Account) -> None:
    """Run it."""
    account.has_shop()
    same, other = (account.offer(text, text) for text in ("same", "other"))

    created = account.put(
        "labels-web-worker",
        becomes="CREATE_COMPLETE",
        Sourceweb=account.source("same"),
        Sourceworker=account.source("same"),
    )
    account.check_images("of two labels", same, same)
    names = created.outputs
    check("the label of one", names["ImageNameweb"].rpartition(".")[0], f":{SHOP}.web")
    check("the label of the other", names["ImageNameworker"].rpartition(".")[0], f":{SHOP}.worker")

    # While another user deploys.
    account.hands.begin_to_deploy(SHOP, next(iter(account.others)))
    updated = account.put(
        "labels-web-worker",
        becomes="UPDATE_COMPLETE",
        Sourceweb=account.source("same"),
        Sourceworker=account.source("other"),
    )
    account.check_images("once one is replaced", same, other)
    check("the one that is unchanged", updated.outputs["ImageNameweb"], names["ImageNameweb"])

    account.put("labels-web", becomes="UPDATE_COMPLETE", Sourceweb=account.source("same"))
    account.check_images("once one is removed", same)

    account.delete()
    account.check_images("after the stack")
    account.check_done("RegisterContainerImage", 3)
