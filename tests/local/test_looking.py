"""What a person sees of the services without a browser."""

from contextlib import closing

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.looking import RunningServices
from lightsail_local.server import LightsailServer


def test_the_status_says_that_there_is_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with LightsailServer(Behaviour()) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LIGHTSAIL", server.url)
        with closing(RunningServices()) as services:
            assert list(services.status()) == ["no container services"]
