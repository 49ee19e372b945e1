"""Signatures of an image, which cosign and skopeo put beside it in its registry.

The registry lists them as referrers. One that cannot has a list under a tag that is made of the
digest. Older tools put all of them into one manifest, whose tag ends in `.sig`.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
https://github.com/sigstore/cosign/blob/v3.0.2/specs/SIGNATURE_SPEC.md
https://github.com/sigstore/cosign/blob/v3.0.2/specs/BUNDLE_SPEC.md
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .blob_copy import read_blob
from .descriptor import parse_descriptor
from .errors import DigestMismatch, Missing, Unsupported
from .manifest import json_object
from .repository import Repository

_MOST = 100
"""How many manifests and layers are looked at."""
_PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_ANNOTATION = "dev.cosignproject.cosign/signature"
_KIND = "cosign container image signature"
_STATEMENT = "application/vnd.in-toto+json"
_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
"""What is no attestation, which says something else of an image than that it is approved."""
_LARGEST = 256 << 10
_LONGEST_VALUE = 6144
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html"""
_DAMAGED = (
    *(AttributeError, LookupError, TypeError, ValueError),
    *(DigestMismatch, Missing, Unsupported),
)


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A signature, which is still to be verified.

    Args:
        digests: the digests of the manifests that it is of.
        hashed: the SHA-256 digest of the bytes that are signed.
        value: the signature, an ECDSA one as DER.
    """

    digests: frozenset[str]
    hashed: bytes
    value: bytes


def find_signatures(repository: Repository, digest: str) -> Iterator[Signature | None]:
    """Give the signatures that are beside an image, None for each that is damaged.

    Args:
        repository: where the image is.
        digest: the digest of its manifest or index.

    Raises:
        Unsupported: there are too many.
        RegistryError: the registry does not answer.
    """
    looked_at = 0
    for manifest in _manifests(repository, digest):
        layers = manifest.get("layers") if manifest else [None]
        layers = layers if isinstance(layers, list) else []
        looked_at += 1 + len(layers)
        if looked_at > _MOST:
            raise Unsupported(
                f"{repository} has more than {_MOST} signatures and attestations beside it",
                fix="delete those that are not needed, or push it to another repository",
            )
        for layer in layers:
            try:
                yield from _signatures(repository, layer)
            except _DAMAGED:
                yield None


def _manifests(repository: Repository, digest: str) -> Iterator[dict[str, Any] | None]:
    """Give the manifests that may hold signatures, None for each that is damaged."""
    tag = digest.replace(":", "-")
    for path in (f"referrers/{digest}", f"manifests/{tag}", f"manifests/{tag}.sig"):
        for content in repository.pages(path):
            try:
                listed = json_object(content, path)
            except Unsupported:
                continue  # some registries answer what they do not know with a page for people
            items = listed.get("manifests")
            if not isinstance(items, list):
                yield listed
                continue
            # What their descriptors say of them may be wrong.
            for item in items:
                try:
                    found = parse_descriptor(item).digest
                    (manifest,) = repository.pages(f"manifests/{found}", found)
                    yield json_object(manifest, found)
                except _DAMAGED:
                    yield None


def _signatures(repository: Repository, layer: Any) -> Iterator[Signature]:
    """Give the signatures in a layer of a manifest, if it is of a kind that has any."""
    blob = parse_descriptor(layer)
    if blob.media_type not in (_PAYLOAD, _BUNDLE) or blob.size > _LARGEST:
        return
    content = read_blob(repository, blob, blob.digest)
    document = json_object(content, blob.digest)
    if blob.media_type == _PAYLOAD:
        yield _of_payload(content, document, layer["annotations"][_ANNOTATION])
    elif "dsseEnvelope" in document:  # else of a file
        yield from _of_envelope(document["dsseEnvelope"])


def _of_payload(content: bytes, document: dict[str, Any], value: str) -> Signature:
    """Return the signature of a payload as cosign 2 makes it."""
    critical = document["critical"]
    if critical["type"] != _KIND:
        raise ValueError("it is the payload of something else")
    return _signature({critical["image"]["docker-manifest-digest"]}, content, value)


def _of_envelope(envelope: dict[str, Any]) -> Iterator[Signature]:
    """Give the signature of an envelope as cosign 3 makes it; nothing if it is an attestation.

    https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
    """
    kind, payload = envelope["payloadType"], _decoded(envelope["payload"])
    statement = json_object(payload, _STATEMENT)
    if kind != _STATEMENT or statement["predicateType"] != _PREDICATE:
        return
    digests = {f"sha256:{subject['digest']['sha256']}" for subject in statement["subject"]}
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    (one,) = envelope["signatures"]
    yield _signature(digests, signed, one["sig"])


def _signature(digests: set[str], signed: bytes, value: str) -> Signature:
    decoded = _decoded(value)
    if not 0 < len(decoded) <= _LONGEST_VALUE:
        raise ValueError("it is no signature")
    hashed = hashlib.sha256(signed).digest()
    return Signature(digests=frozenset(digests), hashed=hashed, value=decoded)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
