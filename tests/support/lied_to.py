"""A stack whose image comes from a registry that lies, and what must hold for anything it says."""

from dataclasses import dataclass
from time import sleep
from typing import Any

import pytest

from deployment_requests import FakeLambda, FakeSecrets
from fake_registry import BASIC, PASSWORD, USERNAME, Act, FakeRegistry
from image_requests import refusal
from stack_requests import Stack

SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:registry-a1b2c3"


@dataclass(kw_only=True, eq=False)
class LiedTo:
    """A stack, and the registry of its image."""

    stack: Stack
    source: FakeRegistry  # which wants a login
    elsewhere: FakeRegistry  # another host, which must not get it
    log: pytest.LogCaptureFixture  # of the function

    def __post_init__(self) -> None:
        self.source.login = "basic"
        self.stack.clients["secretsmanager"] = FakeSecrets(**{SECRET: f"{USERNAME}:{PASSWORD}"})
        self.stack.clients["lambda"] = FakeLambda()
        self.began = self.stack.time.now

    def lie(self, pattern: str, act: Act, times: int = 1000) -> None:
        self.source.fail(pattern, act, times)

    def pass_time(self, seconds: float = 10) -> bool:
        """Let some time pass between two bytes; after hours there is no wait any more."""
        sleep(0.005)  # so that the function sees one byte after the other
        self.stack.time.now += seconds
        return self.stack.time.now < self.began + 10_000

    def create(self, image: str = "web:1", **changes: Any) -> dict[str, Any]:
        """Create the image, and check that nothing was left half done and nothing told."""
        place = {"Image": f"{self.source.host}/{image}", "CredentialsSecretArn": SECRET}
        # No more than one invocation takes, so that it says what is wrong.
        properties = {"Digest": None, "Source": place, "ServiceTimeout": "300", **changes}
        answer = self.stack.send(self.stack.request("Create", **properties))
        self._check_secrets()
        if self.stack.time.now < self.began + 270:  # after its deadline it sends nothing more
            self._check_uploads()
        return answer

    def reason(self, image: str = "web:1", **changes: Any) -> str:
        """Return why the image cannot be created; nothing is registered then."""
        told = refusal(self.create(image, **changes))
        assert self.stack.images() == []
        assert self.stack.calls("RegisterContainerImage") == 0
        return told

    def _check_uploads(self) -> None:
        """Check that each upload that was begun became a blob or was ended."""
        requests = self.stack.lightsail.registry_requests
        begun = [one for one in requests if one.operation == "StartUpload"]
        over = [one for one in requests if one.operation in {"PutUpload", "DeleteUpload"}]
        assert len(begun) == len([one for one in over if (one.status or 500) < 300])

    def _check_secrets(self) -> None:
        """Check that the login reached the registry alone."""
        assert not [seen for seen in self.elsewhere.seen if "Authorization" in seen.headers]
        said = self.log.text + b"".join(self.stack.response.bodies).decode()
        said = said.replace("a Basic or Bearer login", "")  # our own words
        assert not [secret for secret in (PASSWORD, BASIC[6:], "Bearer") if secret in said]
