"""An image of a registry: created, looked up again, rolled back, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oci_images import OCI_LAYER, OCI_MANIFEST, image
from reliability.broken import check
from reliability.unknowns.images import content
from reliability.unknowns.templates import SHOP

if TYPE_CHECKING:
    from reliability.unknowns.account import Account


def push(account: Account) -> None:
    """Run it."""
    account.has_shop()
    source = account.source("1")

    first = account.offer("1", "first")
    account.hands.change_service(SHOP)
    created = account.put("push", becomes="CREATE_COMPLETE", Source=source, Revision="1")
    account.check_images("once it is created", first)

    second = account.offer("1", "second")
    replaced = account.put("push", becomes="UPDATE_COMPLETE", Source=source, Revision="2")
    account.check_images("once its tag is looked up again", second)
    check("that its name is another", replaced.outputs != created.outputs, True)

    unchanged = account.put("push", becomes="UPDATE_COMPLETE", Source=source, Revision="3")
    check("what is there when nothing has changed", unchanged.outputs, replaced.outputs)
    account.check_done("RegisterContainerImage", 2)

    third = account.offer("3", "third")
    back = account.put(
        "push-broken",
        becomes="UPDATE_ROLLBACK_COMPLETE",
        Source=account.source("3"),
        Revision="3",
    )
    check("that the third image is another", third != second, True)
    check("what is there after a failed update", back.outputs, replaced.outputs)
    account.check_images("after a failed update", second)

    last = _zstd(account) or second
    account.check_images("before it is deleted", last)
    account.delete()
    account.check_images("after the stack")
    account.check_done("RegisterContainerImage", 3 + (last != second))


def _zstd(account: Account) -> str | None:
    """Update to an image whose layer is compressed with zstd; return its content if it is taken.

    Compressed in another way it would be another layer, and its image another image.
    """
    made = image(b"zstd", layer_type=OCI_LAYER.replace("gzip", "zstd"))
    account.registry.add(made, "zstd")
    source = account.source("zstd")
    # Docker has no media type for it.
    takes_oci = account.behaviour.media_types == "docker_and_oci"
    if account.behaviour.zstd_layers and takes_oci:
        account.put("push", becomes="UPDATE_COMPLETE", Source=source, Revision="3")
        return content(made)
    account.put("push", becomes="UPDATE_ROLLBACK_COMPLETE", Source=source, Revision="3")
    account.told(
        "layers compressed with zstd are not taken"
        if takes_oci
        else f"'{OCI_MANIFEST}' are not taken"
    )
    return None
