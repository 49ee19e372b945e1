"""The scenarios that run on every side.

What Lightsail refuses on a side, no matter what a program does, must be in the stack's event and
leave nothing behind; then the scenario goes on with what Lightsail takes.
"""

from collections.abc import Callable, Mapping

from reliability.unknowns.account import Account

from .deploy import deploy
from .labels import labels
from .prune import prune
from .push import push
from .register import register
from .share import share

SCENARIOS: Mapping[str, Callable[[Account], None]] = {
    "deploy": deploy,
    "register": register,
    "push": push,
    "share": share,
    "prune": prune,
    "labels": labels,
}
"""The scenarios by name; each raises `Broken` if something is not as it has to be.

Those that take longest come first, so that none is left to wait for at the end.
"""
