"""What an audit says, with a service of advisories on loopback, and without one."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from reliability.supply_chain.audit import LOCKED, Audit, audit

from fake_server import FakeServer
from lightsail_local.wire.http_server import Answer, Connection

NO_HASH = "0" * 64


@contextmanager
def advisories(answer: Callable[[str], tuple[int, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Serve OSV's API, https://google.github.io/osv.dev/post-v1-query/, and tell who was asked."""
    asked: list[str] = []

    def respond(connection: Connection) -> None:
        query = json.loads(b"".join(connection.body))
        asked.append(f"{query['package']['name']} {query['version']}")
        status, document = answer(query["package"]["name"])
        connection.send(Answer(status=status, body=json.dumps(document).encode()))

    with closing(FakeServer(0, respond)) as server:
        yield f"http://{server.host}/v1/query", asked


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Two packages, pinned and hashed."""
    path = tmp_path / "requirements.txt"
    pins = ("crhelper==2.0.12", "constructs==10.8.1")
    path.write_text("".join(f"{pin} --hash=sha256:{NO_HASH}\n" for pin in pins))
    return path


def vulnerable(name: str) -> tuple[int, Any]:
    """Say that crhelper has a vulnerability."""
    affected = {
        "package": {"name": name, "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0.13"}]}],
    }
    found = {"id": "PYSEC-2026-1", "summary": "it breaks", "affected": [affected]}
    return 200, {"vulns": [found]} if name == "crhelper" else {}


def test_a_known_vulnerability_fails(locked: Path) -> None:
    with advisories(vulnerable) as (url, asked):
        found = audit(locked, url)

    assert sorted(asked) == ["constructs 10.8.1", "crhelper 2.0.12"]
    assert found.vulnerable == ("crhelper 2.0.12: PYSEC-2026-1, fixed in 2.0.13",)
    assert str(found).endswith("\n1 known vulnerabilities in 2 packages")
    assert not found.is_good(insist=False)


def test_no_known_vulnerability_passes(locked: Path) -> None:
    with advisories(lambda _: (200, {})) as (url, _):
        found = audit(locked, url)

    assert str(found) == "no known vulnerabilities in 2 packages"
    assert found.is_good(insist=True)


def test_a_service_that_is_not_reached_is_told_and_fails_only_who_insists(locked: Path) -> None:
    found = audit(locked, "http://127.0.0.1:9/v1/query")

    assert str(found).startswith(
        "NOT AUDITED for known vulnerabilities: the service was not reached (requests."
    )
    assert found.is_good(insist=False)
    assert not found.is_good(insist=True)


def test_a_service_that_cannot_now_counts_as_not_reached(locked: Path) -> None:
    with advisories(lambda _: (503, {})) as (url, _):
        found = audit(locked, url)

    assert "the service was not reached (pip_audit" in found.unknown


def test_a_service_that_takes_too_long_counts_as_not_reached(locked: Path) -> None:
    found = audit(locked, seconds=0.01)

    assert found == Audit(unknown="the service took more than 0 s")


def test_what_is_wrong_here_is_no_fault_of_the_network(tmp_path: Path) -> None:
    found = audit(tmp_path / "missing.txt")

    assert "missing.txt" in found.failure
    assert str(found).startswith("pip-audit failed:\n")
    assert not found.is_good(insist=False)


@pytest.mark.parametrize("file", LOCKED)
def test_everything_that_is_locked_is_looked_up(file: Path) -> None:
    with advisories(lambda _: (200, {})) as (url, asked):
        found = audit(file, url)

    assert found.unknown == found.failure == ""
    known = {"atheris"} if "fuzz" in file.name else {"aws-cdk-lib", "crhelper", "boto3"}
    assert known <= {one.split()[0] for one in asked}
    lines = file.read_text().splitlines()
    # Some are for other systems alone.
    pins = [line for line in lines if "==" in line and not line.startswith("#")]
    assert len(pins) - 10 <= found.audited == len(asked) <= len(pins)
