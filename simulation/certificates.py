"""A certificate and its key, made with openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate that signs itself.

    Args:
        certificate: its PEM file.
        key: its key's PEM file.
    """

    certificate: Path
    key: Path


def certificate(folder: Path, *names: str) -> Certificate:
    """Make a certificate for host names."""
    made = Certificate(certificate=folder / "certificate.pem", key=folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={names[0]}", "-keyout", str(made.key)]
    command += ["-out", str(made.certificate)]
    command += ["-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    subprocess.run(command, check=True, capture_output=True)
    return made
