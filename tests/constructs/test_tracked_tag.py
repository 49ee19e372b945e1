"""A tag that is looked up at synthesis, over the wire, with the machine's own logins."""

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Stack
from aws_cdk.assertions import Annotations, Match

import oci_images
from cdk_lightsail_containers import ImageSource, _docker_login
from fake_registry import FakeRegistry, fake_registry
from fake_server import reset
from registry_faults import errors, status
from stacks import DIGEST, image_in, origin_of

FIRST, SECOND = (oci_images.image(*oci_images.layers(1, 100, text)) for text in ("1", "2"))
PASSWORD = "pass/wörd-7"
LOGIN = base64.b64encode(f"user:{PASSWORD}".encode()).decode()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without logins, where the app runs."""
    places = ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")
    for name in ("CDK_OUTDIR", *places):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as registry:
        registry.add(FIRST, "live")
        yield registry


@pytest.fixture
def private() -> Iterator[FakeRegistry]:
    with fake_registry(login="basic", basic=f"Basic {LOGIN}") as registry:
        registry.add(FIRST, "live")
        yield registry


def name_in(registry: FakeRegistry) -> str:
    return f"{registry.host}/acme/web:live"


def pinned(registry: FakeRegistry, context: dict[str, str] | None = None) -> str:
    """What a new app has in its template."""
    stack = Stack(App(context=context), "Stack")
    image_in(stack, source=ImageSource.from_registry(name_in(registry), track_tag=True))
    return str(origin_of(stack)["Source"]["Image"])


def key_of(registry: FakeRegistry) -> str:
    return f"image-digest:{name_in(registry)}"


def test_is_pinned_by_the_digest_that_it_has_when_the_app_is_synthesized(
    registry: FakeRegistry,
) -> None:
    assert pinned(registry) == f"{name_in(registry)}@{FIRST.digest}"
    registry.add(SECOND, "live")
    assert pinned(registry) == f"{name_in(registry)}@{SECOND.digest}"


def test_is_asked_for_with_a_head_that_docker_hub_does_not_count(registry: FakeRegistry) -> None:
    registry.fail("HEAD .*live", status(200, {"Docker-Content-Digest": DIGEST}))

    assert pinned(registry) == f"{name_in(registry)}@{DIGEST}"
    assert registry.lines() == ["HEAD /v2/acme/web/manifests/live"]


def test_of_a_registry_that_takes_no_head_is_asked_for_with_a_get(registry: FakeRegistry) -> None:
    registry.fail("HEAD ", status(405))

    assert pinned(registry) == f"{name_in(registry)}@{FIRST.digest}"


def test_of_an_image_for_several_platforms_is_that_of_its_index() -> None:
    several = oci_images.multi_arch(*oci_images.layers(1, 100, "several"))
    with fake_registry() as registry:
        registry.add(several, "live")

        assert pinned(registry) == f"{name_in(registry)}@{several.digest}"


def test_is_looked_up_once_in_an_app_and_again_in_another(registry: FakeRegistry) -> None:
    app = App()
    for name in ("One", "Two"):
        source = ImageSource.from_registry(name_in(registry), track_tag=True)
        image_in(Stack(app, name), source=source)
    asked = len(registry.lines("GET"))
    pinned(registry)

    assert (asked, len(registry.lines("GET"))) == (1, 2)


def test_that_a_lookup_has_not_given_yet_is_left_to_the_next_synthesis(stack: Stack) -> None:
    dummy = "dummy-value-for-/image"

    image_in(stack, source=ImageSource.from_registry(dummy, track_tag=True))

    assert origin_of(stack)["Source"] == {"Image": dummy}


@pytest.mark.parametrize("image", [f"web@{DIGEST}", f"web:1@{DIGEST}"])
def test_is_refused_beside_a_digest(image: str) -> None:
    with pytest.raises(ValueError, match="leave track_tag out"):
        ImageSource.from_registry(image, track_tag=True)


def test_is_refused_when_it_is_known_only_when_it_is_deployed(stack: Stack) -> None:
    image = CfnParameter(stack, "Parameter").value_as_string

    with pytest.raises(ValueError, match="must have a tag that is known at synthesis"):
        ImageSource.from_registry(image, track_tag=True)


def test_that_does_not_exist_is_refused_though_the_context_has_a_digest() -> None:
    with fake_registry() as registry, pytest.raises(ValueError, match=r"must exist .*live.*404"):
        pinned(registry, {key_of(registry): DIGEST})


def test_that_cannot_be_looked_up_stays_as_the_context_has_it(registry: FakeRegistry) -> None:
    registry.fail("manifests", reset, times=100)
    app = App(context={key_of(registry): DIGEST})
    stack = Stack(app, "Stack")

    image_in(stack, source=ImageSource.from_registry(name_in(registry), track_tag=True))

    assert origin_of(stack)["Source"]["Image"] == f"{name_in(registry)}@{DIGEST}"
    stays = f"stays at {DIGEST}, as cdk.context.json has it"
    Annotations.from_stack(stack).has_warning("*", Match.string_like_regexp(stays))


def test_that_cannot_be_looked_up_warns_in_each_stack_that_uses_it(
    registry: FakeRegistry,
) -> None:
    registry.fail("manifests", reset, times=100)
    app = App(context={key_of(registry): DIGEST})
    stacks = [Stack(app, name) for name in ("One", "Two")]
    for stack in stacks:
        source = ImageSource.from_registry(name_in(registry), track_tag=True)
        image_in(stack, source=source)

    for stack in stacks:
        Annotations.from_stack(stack).has_warning("*", Match.string_like_regexp("stays at"))


@pytest.mark.parametrize("context", [{}, {"wrong": True}])
def test_that_cannot_be_looked_up_and_is_not_in_the_context_is_refused(
    registry: FakeRegistry, context: dict[str, Any]
) -> None:
    registry.fail("manifests", reset, times=100)

    with pytest.raises(ValueError, match=r"cdk\.context\.json has no digest of it: go online"):
        pinned(registry, {key_of(registry): "latest"} if context else None)


class TestTheContext:
    @pytest.fixture(autouse=True)
    def _command_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CDK_OUTDIR", "cdk.out")

    def test_keeps_the_digest_for_when_there_is_no_network(
        self, registry: FakeRegistry, home: Path
    ) -> None:
        context = home / "cdk.context.json"
        context.write_text('{"vpc": "vpc-1"}')

        pinned(registry)
        written = context.read_text()
        pinned(registry)

        kept = {"vpc": "vpc-1", key_of(registry): FIRST.digest}
        assert written == context.read_text() == json.dumps(kept, indent=2) + "\n"
        assert [path.name for path in home.iterdir()] == ["cdk.context.json"]

    def test_is_made_when_there_is_none(self, registry: FakeRegistry, home: Path) -> None:
        pinned(registry)

        context = json.loads((home / "cdk.context.json").read_text())
        assert context == {key_of(registry): FIRST.digest}

    @pytest.mark.parametrize("content", ["no JSON", "[]"])
    def test_is_left_alone_when_it_is_damaged(
        self, registry: FakeRegistry, home: Path, content: str
    ) -> None:
        (home / "cdk.context.json").write_text(content)

        assert pinned(registry).endswith(FIRST.digest)
        assert (home / "cdk.context.json").read_text() == content


def test_the_context_is_left_alone_without_the_command_line(
    registry: FakeRegistry, home: Path
) -> None:
    pinned(registry)

    assert not (home / "cdk.context.json").exists()


class TestLogins:
    @pytest.mark.parametrize(
        ("place", "variable"),
        [
            (".docker/config.json", {}),
            ("elsewhere/config.json", {"DOCKER_CONFIG": "elsewhere"}),
            (".config/containers/auth.json", {}),
            ("run/containers/auth.json", {"XDG_RUNTIME_DIR": "run"}),
            ("run/containers/{user}/auth.json", {"XDG_RUNTIME_DIR": ""}),
            ("run/user/{user}/containers/auth.json", {"XDG_RUNTIME_DIR": ""}),
            ("etc/containers/auth.json", {"XDG_CONFIG_HOME": "etc"}),
            ("auth", {"REGISTRY_AUTH_FILE": "auth"}),
        ],
    )
    def test_are_those_of_docker_and_podman(
        self,
        private: FakeRegistry,
        home: Path,
        monkeypatch: pytest.MonkeyPatch,
        place: str,
        variable: dict[str, str],
    ) -> None:
        for name, value in variable.items():
            monkeypatch.setenv(name, value and str(home / value))
        monkeypatch.setattr(_docker_login, "_RUN", home / "run")
        file = home / place.format(user=os.getuid())
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"auths": {private.host: {"auth": LOGIN}}}))

        assert pinned(private).endswith(FIRST.digest)

    @pytest.mark.parametrize(
        "key", ["{}", "https://{}", "https://{}/v1/", "{}/acme", "{}/acme/web"]
    )
    def test_are_kept_under_hosts_addresses_and_paths(
        self, private: FakeRegistry, home: Path, key: str
    ) -> None:
        self.keep(home, {"auths": {key.format(private.host): {"auth": LOGIN}}})

        assert pinned(private).endswith(FIRST.digest)

    @pytest.mark.parametrize(
        "config", [{"credsStore": "vault"}, {"credHelpers": {"HOST": "vault"}}]
    )
    def test_come_from_a_credential_helper(
        self,
        private: FakeRegistry,
        home: Path,
        monkeypatch: pytest.MonkeyPatch,
        config: dict[str, Any],
    ) -> None:
        self.keep(home, json.loads(json.dumps(config).replace("HOST", private.host)))
        answer = json.dumps({"Username": "user", "Secret": PASSWORD})
        self.helper(home, monkeypatch, f"read -r server || true; cat <<'E'\n{answer}\nE")

        assert pinned(private).endswith(FIRST.digest)

    @pytest.mark.parametrize(
        "config",
        [
            "no JSON",
            [],
            {"auths": []},
            {"auths": {"HOST": "x"}},
            {"auths": {"HOST": {"auth": 1}}},
            {"auths": {"HOST": {"auth": "/w=="}}},
            {"auths": {"HOST": {"auth": base64.b64encode(b"user").decode()}}},
            {"auths": {"HOST": {"auth": base64.b64encode(b"<token>:x").decode()}}},
            {"auths": {"other.example": {"auth": LOGIN}}},
            {"credsStore": "missing"},
            {"credsStore": "../vault"},
            {"credsStore": "vault"},
        ],
    )
    def test_that_cannot_be_used_count_as_none(
        self, private: FakeRegistry, home: Path, monkeypatch: pytest.MonkeyPatch, config: Any
    ) -> None:
        text = config if isinstance(config, str) else json.dumps(config)
        self.keep(home, text.replace("HOST", private.host))
        self.helper(home, monkeypatch, "echo '{\"Username\": 1}'")

        with pytest.raises(ValueError, match=r"401.*without a login.*log in with docker login"):
            pinned(private)

    def test_to_docker_hub_are_kept_under_its_old_name(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from cdk_lightsail_containers import _docker_login  # noqa: PLC0415
        from cdk_lightsail_containers_handler.registry.reference import (  # noqa: PLC0415
            Reference,
        )

        self.keep(home, {"credsStore": "vault"})
        self.helper(
            home,
            monkeypatch,
            'read -r server || true; echo "{\\"Username\\": \\"$server\\", \\"Secret\\": \\"s\\"}"',
        )

        login = _docker_login.docker_login(Reference.parse("nginx"))

        assert login is not None
        assert login.username == "https://index.docker.io/v1/"

    def test_are_not_shown_when_a_registry_repeats_them(
        self, private: FakeRegistry, home: Path
    ) -> None:
        self.keep(home, {"auths": {private.host: {"auth": LOGIN}}})
        private.fail("manifests", errors(403, "DENIED", f"no {PASSWORD} {LOGIN}"), times=100)

        with pytest.raises(ValueError, match="correct that login, or name a digest") as caught:
            pinned(private)

        assert PASSWORD not in str(caught.value)
        assert LOGIN not in str(caught.value)

    def keep(self, home: Path, config: Any) -> None:
        (home / ".docker").mkdir()
        text = config if isinstance(config, str) else json.dumps(config)
        (home / ".docker" / "config.json").write_text(text)

    def helper(self, home: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        program = home / "docker-credential-vault"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{home}:/usr/bin:/bin")
