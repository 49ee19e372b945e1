"""Checks that an image is signed by a key of AWS KMS, which verifies the signature itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..aws.calls import PlainCall
from ..errors import REASON_LIMIT, HandlerError
from ..registry.signatures import find_signatures

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..aws.calls import Calls
    from ..registry.repository import Repository
    from ..registry.signatures import Signature

_KIND = "use an asymmetric key to sign and verify with, ECC_NIST_P256"
_FIXES = {
    "DisabledException": "enable it, or sign with another key",
    "KMSInvalidStateException": "cancel its deletion, or sign with another key",
    "NotFoundException": "sign with a key that exists",
    "InvalidKeyUsageException": _KIND,
    "UnsupportedOperationException": _KIND,
}


def check_signature(
    repository: Repository, digest: str, key: str, make_client: Callable[..., Any], calls: Calls
) -> None:
    """Check that an image is signed by a key.

    Args:
        repository: where the image and its signatures are.
        digest: the digest that has to be signed: the index's, if the source names one.
        key: the key's ARN.
        make_client: boto3's `client`; called only when there is something to verify.
        calls: sends the calls.

    Raises:
        HandlerError: it is not signed, by another key or for another digest; or the key cannot be
            used.
        RegistryError: the registry does not answer.
    """
    call = PlainCall(
        "Verify",
        f"key {key} could not verify the signature of {repository}",
        "check that the function's role may use it, also in the key's own policy",
        fixes=_FIXES,
    )
    client = None
    is_damaged = is_of_other_digest = False
    for signature in find_signatures(repository, digest):
        if signature is None:
            is_damaged = True
        elif digest not in signature.digests:
            is_of_other_digest = True
        else:
            client = client or make_client("kms", region_name=key.split(":")[3])
            if calls.send(call, partial(_verify, client, key, signature)):
                return
    if client:
        problem = f"no signature of {repository} is by key {key}"
    elif is_damaged:
        problem = f"the signature of {repository} is damaged"
    elif is_of_other_digest:
        problem = f"the signature beside {repository} is of another digest"
    else:
        problem = f"{repository} is not signed"
    image = repository.reference.by_digest(digest)
    raise HandlerError(
        problem,
        f"sign it with 'cosign sign --key awskms:///{key} {image}'",
        limit=REASON_LIMIT,
    )


def _verify(client: Any, key: str, signature: Signature) -> bool:
    """Return whether a signature is valid.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html
    """
    try:
        answer = client.verify(
            KeyId=key,
            Message=signature.hashed,
            MessageType="DIGEST",
            Signature=signature.value,
            SigningAlgorithm="ECDSA_SHA_256",
        )
    except client.exceptions.KMSInvalidSignatureException:
        return False
    return answer["SignatureValid"] is True
