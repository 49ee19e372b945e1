"""A token service that docker-registry believes.

https://distribution.github.io/distribution/spec/auth/jwt/
"""

import base64
import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from certificates import Certificate
from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection

SERVICE, ISSUER = "a registry", "a token service"


@dataclass(kw_only=True, eq=False)
class TokenService(Fake):
    """A token service.

    Args:
        certificate: what its tokens are signed with.
        authorization: what it wants to see.
        seconds: how long its tokens are valid.
    """

    certificate: Certificate
    authorization: str
    seconds: int = 300
    realm: str = ""
    scopes: list[list[str]] = field(default_factory=list)

    @property
    def auth(self) -> dict[str, Any]:
        """The registry's configuration."""
        return {
            "token": {
                "realm": self.realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self.certificate.certificate),
            }
        }

    def respond(self, connection: Connection) -> None:
        """Give a token to who shows the authorization."""
        scopes = parse_qs(urlsplit(connection.path).query).get("scope", [])
        self.scopes.append(scopes)
        is_known = connection.headers.get("Authorization") == self.authorization
        token = self.token(scopes) if is_known else ""
        body = json.dumps({"token": token, "expires_in": self.seconds}).encode()
        connection.send(Answer(status=200 if token else 401, body=body))

    def token(self, scopes: list[str]) -> str:
        now = int(time.time())
        access = [scope.split(":") for scope in scopes]
        claims = {
            "iss": ISSUER,
            "sub": "robot",
            "aud": SERVICE,
            "nbf": now - 5,
            "iat": now,
            "exp": now + self.seconds,
            "jti": str(time.time_ns()),
            "access": [
                {"type": kind, "name": name, "actions": actions.split(",")}
                for kind, name, actions in access
            ],
        }
        pem = self.certificate.certificate.read_text()
        der = base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()
        header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.certificate.key)]
        done = subprocess.run(command, input=signed, check=True, capture_output=True)
        return b".".join((signed, _encoded(done.stdout))).decode()


@contextmanager
def token_service(certificate: Certificate, authorization: str) -> Iterator[TokenService]:
    """Run a token service on loopback."""
    with TokenService(certificate=certificate, authorization=authorization).served() as service:
        service.realm = f"{service.url}/token"
        yield service


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
