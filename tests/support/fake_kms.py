"""AWS KMS, as strict as the real one, with keys that can only verify."""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from error_answers import json_error
from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection

REGION = "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_SIGNED_FOR = re.compile(r"Credential=[^/]+/[0-9]{8}/([a-z0-9-]+)/kms/aws4_request")
_SHA256_BYTES = 32
_ALGORITHM = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


@dataclass(kw_only=True, eq=False)
class FakeKms(Fake):
    """AWS KMS on loopback."""

    keys: dict[str, bytes] = field(default_factory=dict)  # public ones by ARN, as PEM
    errors: list[tuple[int, str]] = field(default_factory=list)  # the next answers instead
    calls: list[dict[str, Any]] = field(default_factory=list)
    is_sure: bool = True  # whether it says of a signature that is right that it is right

    def respond(self, connection: Connection) -> None:
        given = json.loads(b"".join(connection.body))
        assert connection.headers["X-Amz-Target"] == "TrentService.Verify"
        signed_for = _SIGNED_FOR.search(connection.headers["Authorization"])
        assert signed_for
        self.calls.append(given)
        status, code = self.errors.pop(0) if self.errors else (400, self._verify(given, signed_for))
        body = {"KeyId": given["KeyId"], "SignatureValid": self.is_sure}
        answer = Answer(status=200, body=json.dumps(body).encode())
        connection.send(json_error(status, code) if code else answer)

    def _verify(self, given: dict[str, Any], signed_for: re.Match[str]) -> str:
        """Return the name of the error, nothing for a signature that is right."""
        message, value = (base64.b64decode(given[name]) for name in ("Message", "Signature"))
        public = self.keys.get(given["KeyId"])
        if public is None or signed_for[1] != given["KeyId"].split(":")[3]:
            return "NotFoundException"
        if given["MessageType"] != "DIGEST" or len(message) != _SHA256_BYTES or not value:
            return "ValidationException"
        if given["SigningAlgorithm"] != "ECDSA_SHA_256":
            return "InvalidKeyUsageException"
        key = serialization.load_pem_public_key(public)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        try:
            key.verify(value, message, _ALGORITHM)
        except InvalidSignature:
            return "KMSInvalidSignatureException"
        return ""
