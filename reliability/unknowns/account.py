"""The account that a scenario runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reliability.broken import check, check_told

from .by_hand import LOST
from .images import content, multi_arch, one_platform
from .sides import GONE
from .templates import SHOP

if TYPE_CHECKING:
    from fake_registry import FakeRegistry
    from lightsail_local.behaviour.behaviour import Behaviour
    from lightsail_local.behaviour.failure import Failure

    from .by_hand import ByHand
    from .stacks import Stack, Stacks


class Account:
    """An account on a local cloud, as one run of a scenario finds it: with nothing in it.

    Args:
        name: what the names of its stacks begin with.
        hands: its Lightsail.
        stacks: its stacks.
        registry: where images are pulled from.

    Attributes:
        hands: its Lightsail.
        stacks: its stacks.
        registry: where images are pulled from.
        others: the images that are not the stacks', by name.
        loses_first_push: whether the first push is gone before it is registered, and is registered
            all the same, so that it shows only when it is deployed.
    """

    def __init__(self, name: str, hands: ByHand, stacks: Stacks, registry: FakeRegistry) -> None:
        self._name = name
        self.hands = hands
        self.stacks = stacks
        self.registry = registry
        self.others: dict[str, str] = {}
        is_gone = self.behaviour.unregistered_seconds == GONE
        self.loses_first_push = is_gone and self.behaviour.missing_digest == "accepted"

    @property
    def behaviour(self) -> Behaviour:
        """How its Lightsail behaves."""
        return self.hands.behaviour

    def has_shop(self) -> None:
        """Create a service in which another user has registered an image by hand, which serves."""
        made = one_platform("of another user")
        self.hands.create_service(SHOP)
        name = self.hands.register(SHOP, "web", made)
        self.hands.deploy(SHOP, name)
        self.others = {name: content(made)}

    def offer(self, tag: str, text: str, *, fails: Failure | None = None) -> str:
        """Store the multi-arch image of some content in the registry, under a tag.

        Returns:
            What its image for linux/amd64 is known by, see `content`.
        """
        made = multi_arch(text, fails=fails)
        self.registry.add(made, tag)
        return content(made.manifests[-1])

    def source(self, tag: str) -> str:
        """Return the reference of the registry's image of a tag."""
        return f"{self.registry.host}/web:{tag}"

    def secret(self, text: str) -> str:
        """Create a secret of AWS Secrets Manager, and return its ARN."""
        secrets = self.stacks.client("secretsmanager")
        return str(secrets.create_secret(Name=self._name, SecretString=text)["ARN"])

    def name(self, stack: str = "") -> str:
        """Return the whole name of a stack."""
        return f"{self._name}-{stack}" if stack else self._name

    def put(self, template: str, *, becomes: str, stack: str = "", **parameters: str) -> Stack:
        """Create or update a stack, and check what becomes of it."""
        self.stacks.start(self.name(stack), template, **parameters)
        return self.settled(becomes, stack)

    def settled(self, becomes: str, stack: str = "") -> Stack:
        """Wait for a stack, and check what has become of it."""
        name = self.name(stack)
        found = self.stacks.settled(name)
        status = found.status if found else "gone"
        if status != becomes:
            check(f"stack {name}, {'; '.join(self.stacks.reasons(name))}", status, becomes)
        assert found is not None  # noqa: S101 - for the type checker
        return found

    def told(self, part: str, stack: str = "") -> None:
        """Check that the newest failure of a stack has a sentence with a part."""
        check_told(self.stacks.reasons(self.name(stack)), part)

    def delete(self, stack: str = "") -> None:
        """Delete a stack, and check that it is gone."""
        name = self.name(stack)
        self.stacks.start_to_delete(name)
        found = self.stacks.settled(name)
        check(f"stack {name} after its deletion", found and found.status, None)

    def check_images(self, step: str, *contents: str, service: str = SHOP) -> None:
        """Check that a service has these images, and those that are not the stacks'."""
        found = self.hands.images(service)
        lost = self.others.items() - found.items()
        check(f"others' images that are gone {step}", lost, set())
        lost_in_use = self.hands.images_in_use(service) - found.keys()
        check(f"images in use that are gone {step}", lost_in_use, set())
        wanted = [*contents, *self.others.values()]
        contents_found = list(found.values())
        if self.loses_first_push and LOST in contents_found:
            # What it was is unknown; no other one may be missing.
            contents_found.remove(LOST)
            contents_found += [one for one in contents if one not in contents_found][:1]
        check(f"images {step}", sorted(contents_found), sorted(wanted))

    def check_tells_nothing_of(self, secret: str, stack: str = "") -> None:
        """Check that a secret is in nothing that CloudFormation tells of a stack."""
        told = str(self.stacks.events(self.name(stack)))
        check("that a secret is shown", secret in told, False)

    def check_done(self, operation: str, times: int) -> None:
        """Check how often the function has done something that must not be done twice."""
        check(f"times that {operation} was done", self.hands.done(operation), times)
