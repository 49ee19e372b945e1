from __future__ import annotations

from typing import Any

from lightsail_local.behaviour.behaviour import Behaviour


def test_defaults_to_the_documented_quotas() -> None:
    behaviour = Behaviour()

    assert behaviour.stored_images == 150
    assert behaviour.containers_per_deployment == 10
    assert behaviour.kept_deployments == 50
    assert behaviour.login_seconds == 12 * 3600


def test_can_be_changed_while_the_server_runs(behaviour: Behaviour, api: Any, shop: str) -> None:
    behaviour.container_services = 2

    api.create_container_service(serviceName="second", power="nano", scale=1)

    assert len(api.get_container_services()["containerServices"]) == 2


def test_shares_no_failing_images_between_two_behaviours() -> None:
    Behaviour().failing_images["nginx"] = "crash"

    assert Behaviour().failing_images == {}
