"""A service, its image and a deployment with a secret in one stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reliability.broken import check
from reliability.unknowns.templates import SITE

if TYPE_CHECKING:
    from reliability.unknowns.account import Account

_PASSWORD = "password-that-no-one-sees"  # noqa: S105 - of a secret that is made here


def deploy(account: Account) -> None:
    """Run it."""
    hands = account.hands
    secret = account.secret(f'{{"password": "{_PASSWORD}"}}')
    first, second, third = (account.offer(text, text) for text in ("first", "second", "third"))
    account.offer("crash", "crash", fails="crash")

    def put(tag: str, becomes: str, template: str = "deploy") -> dict[str, str]:
        source = account.source(tag)
        stack = account.put(template, becomes=becomes, Source=source, SecretArn=secret)
        return dict(stack.outputs)

    lost = account.loses_first_push
    if lost:
        put("first", "ROLLBACK_COMPLETE")
        account.told("container 'web': the image :site.web.1 could not be pulled")
        check("services after a failed create", hands.services(), [])
        account.delete()

    created = put("first", "CREATE_COMPLETE")
    check("deployments once it is created", hands.deployments(SITE), {1: "ACTIVE"})
    check("its version", created["DeploymentVersion"], "1")
    account.check_images("once it is created", first, service=SITE)
    container = hands.running(SITE)["web"]
    check("the image that serves", container["image"], created["ImageName"])
    check("its environment", container["environment"], {"MODE": "live", "PASSWORD": _PASSWORD})

    updated = put("second", "UPDATE_COMPLETE")
    serving = {1: "INACTIVE", 2: "ACTIVE"}
    check("deployments once it is updated", hands.deployments(SITE), serving)
    account.check_images("once it is updated", second, service=SITE)

    back = put("crash", "UPDATE_ROLLBACK_COMPLETE")
    account.told("container 'web': Error: cannot start: crash")
    check("what is there after a failed deployment", back, updated)
    failed = {**serving, 3: "FAILED"}
    check("deployments after a failed one", hands.deployments(SITE), failed)
    check("the image that serves on", hands.running(SITE)["web"]["image"], updated["ImageName"])
    account.check_images("after a failed deployment", second, service=SITE)

    if account.behaviour.latest == "refused":
        put("third", "UPDATE_ROLLBACK_COMPLETE", "deploy-latest")
        account.told(f'has invalid image ":{SITE}.web.latest"')
        check("deployments after a refused one", hands.deployments(SITE), failed)
        account.check_images("after a refused deployment", second, service=SITE)
    else:
        latest = put("third", "UPDATE_COMPLETE", "deploy-latest")
        check("its version", latest["DeploymentVersion"], "4")
        # What is written as `.latest` holds every version: which one a node runs is unknown.
        held = [second] if account.behaviour.latest == "echoed" else []
        account.check_images("of a .latest", third, *held, service=SITE)

    account.check_tells_nothing_of(_PASSWORD)
    account.delete()
    check("services after the stack", hands.services(), [])
    account.check_done("RegisterContainerImage", 4 + lost)
    deployed = 3 + (account.behaviour.latest != "refused") + lost
    account.check_done("CreateContainerServiceDeployment", deployed)
