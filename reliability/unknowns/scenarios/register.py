"""An image that was pushed already: created, replaced, rolled back, deleted while it serves.

And deleted when another user has deleted its service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reliability.broken import check
from reliability.unknowns.images import content, multi_arch, one_platform
from reliability.unknowns.sides import GONE
from reliability.unknowns.templates import SHOP

if TYPE_CHECKING:
    from reliability.unknowns.account import Account

_NOT_PUSHED = "sha256:" + "0" * 64


def register(account: Account) -> None:
    """Run it."""
    account.has_shop()
    registered = _create_with_an_index(account)

    # From here on what is pushed is registered in time.
    first, second = (one_platform(text) for text in ("first", "second"))
    created = account.put(
        "register",
        becomes="UPDATE_COMPLETE" if registered else "CREATE_COMPLETE",
        Digest=account.hands.push(first),
    )
    check("its digest", created.outputs["ImageDigest"], first.digest)
    account.check_images("once it is created", content(first))

    digest = account.hands.push(second)
    account.hands.change_service(SHOP)
    replaced = account.put("register", becomes="UPDATE_COMPLETE", Digest=digest)
    check("its digest", replaced.outputs["ImageDigest"], second.digest)
    account.check_images("once it is replaced", content(second))

    back = account.put("register-broken", becomes="UPDATE_ROLLBACK_COMPLETE", Digest=_NOT_PUSHED)
    check("what is there after a failed update", back.outputs, replaced.outputs)
    if account.behaviour.missing_digest == "refused":
        account.told(f"Lightsail has no pushed image {_NOT_PUSHED}")
    account.check_images("after a failed update", content(second))

    account.hands.deploy(SHOP, replaced.outputs["ImageName"])
    account.delete()
    account.check_images("while one serves, after the stack", content(second))
    is_accepted = account.behaviour.missing_digest == "accepted"
    account.check_done("RegisterContainerImage", 2 + registered + is_accepted)

    account.put("register", becomes="CREATE_COMPLETE", Digest=account.hands.push(first))
    account.hands.delete_service(SHOP)
    account.delete()


def _create_with_an_index(account: Account) -> bool:
    """Create the stack with an image that Lightsail may not take; return whether it has."""
    index = account.hands.push(multi_arch("several platforms"))
    behaviour = account.behaviour
    is_gone = behaviour.unregistered_seconds == GONE
    is_missing = is_gone and behaviour.missing_digest == "refused"
    is_refused = not is_gone and behaviour.other_platforms == "refused"
    if not is_missing and not is_refused:
        account.put("register", becomes="CREATE_COMPLETE", Digest=index)
        account.check_images("by the digest of an index", index)
        return True
    account.put("register", becomes="ROLLBACK_COMPLETE", Digest=index)
    account.told(
        "push it again, and deploy at once" if is_missing else "is not a linux/amd64 image"
    )
    account.check_images("after a failed create")
    account.delete()
    return False
