"""The conditions under which images are copied side by side."""

import os
import socket
from pathlib import Path

import pytest
from benchmarks import copy_image


@pytest.mark.parametrize("before", [None, "system.pem"])
def test_over_tls_all_authorities_of_the_system_are_read(
    before: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "system.pem"
    system.write_text("the system's\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "gethostbyname", lambda _: "127.0.0.1")
    monkeypatch.setattr(copy_image, "_authorities", system.read_text)
    if before is None:
        monkeypatch.delenv("SSL_CERT_FILE")
    else:
        monkeypatch.setenv("SSL_CERT_FILE", before)
    with copy_image._reaching(is_tls=True):
        system_first, _, ours = Path(os.environ["SSL_CERT_FILE"]).read_text().partition("-----")
    assert system_first == "the system's\n"
    assert ours.startswith("BEGIN CERTIFICATE")
    assert os.environ.get("SSL_CERT_FILE") == before


def test_the_authorities_are_those_that_python_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_text("trusted\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    assert copy_image._authorities() == "trusted\n"
