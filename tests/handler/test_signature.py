"""Only what is signed is pushed: signatures of real tools, and what is wrong with others."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import oci_images
import signed_images
from cdk_lightsail_containers_handler.properties.container_image import NOT_REGISTERED
from fake_kms import KEY, FakeKms
from fake_registry import FakeRegistry
from registry_faults import status
from signed_images import IMAGE
from stack_requests import Stack

DIGEST = IMAGE.digest
HEX = DIGEST.removeprefix("sha256:")
PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
ANNOTATION = "dev.cosignproject.cosign/signature"
SIGN = "https://sigstore.dev/cosign/sign/v1"

pytestmark = pytest.mark.behaviour(missing_digest="refused")


@pytest.fixture
def kms() -> Iterator[FakeKms]:
    with FakeKms(keys={KEY: signed_images.public_key("deploy")}).served() as given:
        yield given


@pytest.fixture
def stack(stack: Stack, kms: FakeKms) -> Stack:
    stack.urls["kms"] = kms.url
    return stack


def request(stack: Stack, registry: FakeRegistry, **changes: Any) -> dict[str, Any]:
    source = {"Image": f"{registry.host}/web:1"}
    return stack.request("Create", Digest=None, Source=source, SignedBy=KEY, **changes)


def create(stack: Stack, registry: FakeRegistry, **changes: Any) -> dict[str, Any]:
    return stack.send(request(stack, registry, **changes))


def refusal(stack: Stack, registry: FakeRegistry) -> str:
    """What is said of an image that is neither pushed nor registered."""
    answer = create(stack, registry)
    assert answer["Status"] == "FAILED", answer
    assert answer["PhysicalResourceId"] == NOT_REGISTERED
    assert stack.images() == []
    assert stack.lightsail.registry_requests == []
    assert stack.calls("CreateContainerServiceRegistryLogin") == 0
    return str(answer["Reason"])


def fix(registry: FakeRegistry, digest: str = DIGEST) -> str:
    image = f"{registry.host}/web@{digest}"
    return f": sign it with 'cosign sign --key awskms:///{KEY} {image}'"


class Signer:
    """A key of a test's own, which is the one that must have signed."""

    def __init__(self, kms: FakeKms) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        kind, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        kms.keys[KEY] = self._key.public_key().public_bytes(kind, form)

    def sign(self, content: bytes) -> str:
        return base64.b64encode(self._key.sign(content, ec.ECDSA(hashes.SHA256()))).decode()


def payload(digest: str = DIGEST, kind: str = "cosign container image signature") -> bytes:
    image = {"docker-manifest-digest": digest}
    return oci_images.to_json({"critical": {"image": image, "type": kind}, "optional": None})


def envelope(
    signer: Signer, *digests: str, predicate: str = SIGN, kind: str = "application/vnd.in-toto+json"
) -> dict[str, Any]:
    subjects = [{"digest": {"sha256": one.removeprefix("sha256:")}} for one in digests or [DIGEST]]
    statement = oci_images.to_json({"subject": subjects, "predicateType": predicate})
    signed = f"DSSEv1 {len(kind)} {kind} {len(statement)} ".encode() + statement
    return {
        "payloadType": kind,
        "payload": base64.b64encode(statement).decode(),
        "signatures": [{"sig": signer.sign(signed)}],
    }


def put_manifest(registry: FakeRegistry, *layers: tuple[bytes, str, dict[str, str]]) -> bytes:
    """Put a manifest with such layers, and return its content."""
    parts = [oci_images.descriptor(one, kind, annotations=more) for one, kind, more in layers]
    config = oci_images.descriptor(b"{}", "application/vnd.oci.empty.v1+json")
    content = oci_images.to_json({"schemaVersion": 2, "config": config, "layers": parts})
    registry.manifests[oci_images.digest_of(content)] = oci_images.OCI_MANIFEST, content
    registry.blobs |= {oci_images.digest_of(one): one for one, _, _ in layers}
    return content


def put_old(registry: FakeRegistry, signed: bytes, value: str) -> None:
    """Put a signature where cosign 2 puts it."""
    content = put_manifest(registry, (signed, PAYLOAD, {ANNOTATION: value}))
    registry.manifests[f"sha256-{HEX}.sig"] = oci_images.OCI_MANIFEST, content


def put_index(registry: FakeRegistry, *manifests: bytes) -> None:
    """List manifests where a registry that knows no referrers has them."""
    items = [oci_images.descriptor(one, oci_images.OCI_MANIFEST) for one in manifests]
    index = oci_images.to_json({"schemaVersion": 2, "manifests": items})
    registry.manifests[f"sha256-{HEX}"] = oci_images.OCI_INDEX, index


def put_new(registry: FakeRegistry, *bundles: Any) -> None:
    """Put bundles where cosign 3 puts them."""
    contents = [oci_images.to_json(one) for one in bundles]
    put_index(registry, *[put_manifest(registry, (one, BUNDLE, {})) for one in contents])


class TestSigned:
    @pytest.mark.parametrize(
        "name",
        [
            *("cosign-2", "cosign-2-referrers", "cosign-2-two-keys"),
            *("cosign-3", "cosign-3-old-format", "cosign-3-referrers", "cosign-3-two-keys"),
        ],
    )
    def test_what_the_real_tools_have_signed_is_pushed_and_registered(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms, name: str
    ) -> None:
        signed_images.put(source, signed_images.contents(name))
        source.knows_referrers = name.endswith("referrers")

        answer = create(stack, source)

        assert answer["Status"] == "SUCCESS", answer
        assert stack.images() == [":shop.web.1"]
        assert {call["KeyId"] for call in kms.calls} == {KEY}

    def test_so_is_what_skopeo_has_signed(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        kms.keys[KEY] = signed_images.public_key("skopeo")
        signed_images.put(source, signed_images.contents("skopeo"))

        assert create(stack, source)["Status"] == "SUCCESS"

    def test_so_is_an_image_that_is_no_index(self, stack: Stack, source: FakeRegistry) -> None:
        signed_images.put(source, signed_images.contents("cosign-3-image"))

        answer = create(stack, source)

        assert answer["Data"]["ImageDigest"] == oci_images.image(b"web").digest

    def test_the_digest_that_the_source_names_is_what_counts(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        # The index is signed, and its image for linux/amd64 is not.
        signed_images.put(source, signed_images.contents("cosign-3"))
        image = oci_images.image(b"web").digest
        by_digest = {"Image": f"{source.host}/web@{image}"}

        assert create(stack, source)["Status"] == "SUCCESS"
        refused = stack.send(
            stack.request("Create", Digest=None, Source=by_digest, SignedBy=KEY, Label="other")
        )

        assert refused["Status"] == "FAILED"
        assert refused["Reason"] == f"{by_digest['Image']} is not signed{fix(source, image)}"

    def test_any_number_of_bytes_may_be_signed(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        # AWS KMS takes 4096 bytes of a message itself.
        source.add(IMAGE, "1")
        others = [f"sha256:{hashlib.sha256(bytes([one])).hexdigest()}" for one in range(100)]
        put_new(source, {"dsseEnvelope": envelope(Signer(kms), *others, DIGEST)})

        assert create(stack, source)["Status"] == "SUCCESS"

    def test_a_good_signature_counts_beside_bad_ones(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        source.add(IMAGE, "1")
        signer = Signer(kms)
        good, other = envelope(signer), envelope(signer, f"sha256:{'0' * 64}")
        unsigned = {**good, "signatures": []}
        attestation = envelope(signer, predicate="https://slsa.dev/provenance/v1")
        parts = [{"dsseEnvelope": one} for one in (unsigned, attestation, other, good)]
        put_new(source, [], {"dsseEnvelope": None}, {"messageSignature": {}}, *parts)

        assert create(stack, source)["Status"] == "SUCCESS"
        assert len(kms.calls) == 1

    def test_a_throttled_key_is_asked_again(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-2"))
        kms.errors += [(400, "ThrottlingException"), (500, "KMSInternalException")]

        assert create(stack, source)["Status"] == "SUCCESS"
        assert len(kms.calls) == 3


class TestReferrers:
    @pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 406])
    def test_a_registry_may_refuse_to_list_them(
        self, stack: Stack, source: FakeRegistry, code: int
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-3"))
        source.fail("GET .*/referrers/", status(code), times=9)

        assert create(stack, source)["Status"] == "SUCCESS"

    @pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"manifests": 1}', b"{}"])
    def test_a_registry_may_answer_something_else(
        self, stack: Stack, source: FakeRegistry, body: bytes
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-3"))
        source.fail("GET .*/referrers/", status(200, {}, body))

        assert create(stack, source)["Status"] == "SUCCESS"

    def test_all_pages_of_the_list_are_read(self, stack: Stack, source: FakeRegistry) -> None:
        signed_images.put(source, signed_images.contents("cosign-3-referrers"))
        source.knows_referrers = True
        link = f'</v2/web/referrers/{DIGEST}?last=1>; rel="next"'
        source.fail("GET .*/referrers/", status(200, {"Link": link}, b'{"manifests": []}'))

        assert create(stack, source)["Status"] == "SUCCESS"
        assert f"GET /v2/web/referrers/{DIGEST}?last=1" in source.lines()

    @pytest.mark.parametrize("link", ["http://[/", "/v2/web/again"])
    def test_pages_that_lead_nowhere_end(
        self, stack: Stack, source: FakeRegistry, link: str
    ) -> None:
        source.add(IMAGE, "1")
        headers = {"Link": f"<{link}>; rel=next"}
        source.fail("referrers/|/again", status(200, headers, b'{"manifests": []}'), times=99)

        assert refusal(stack, source) == f"{source.host}/web:1 is not signed{fix(source)}"
        assert len(source.lines()) < 20

    def test_a_registry_that_does_not_answer_is_told_as_such(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(IMAGE, "1")
        source.fail("GET .*/referrers/", status(503), times=99)

        told = refusal(stack, source)

        assert told.startswith(f"{source.host} did not give referrers/{DIGEST} of web (503)")

    def test_more_than_can_be_looked_at_are_refused(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        source.add(IMAGE, "1")
        bundles = [{"dsseEnvelope": None, "number": one} for one in range(60)]
        put_new(source, *bundles, {"dsseEnvelope": envelope(Signer(kms))})

        assert refusal(stack, source) == (
            f"{source.host}/web:1 has more than 100 signatures and attestations beside it: delete "
            "those that are not needed, or push it to another repository"
        )


class TestRefused:
    @pytest.mark.parametrize(
        "name", ["cosign-3-attestation", "cosign-3-copied", "cosign-3-file-signature"]
    )
    def test_what_is_no_signature_of_the_image(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms, name: str
    ) -> None:
        signed_images.put(source, signed_images.contents(name))

        assert refusal(stack, source) == f"{source.host}/web:1 is not signed{fix(source)}"
        assert kms.calls == []

    @pytest.mark.parametrize("name", ["cosign-2-other-key", "cosign-3-other-key", "skopeo"])
    def test_what_another_key_has_signed(
        self, stack: Stack, source: FakeRegistry, name: str
    ) -> None:
        signed_images.put(source, signed_images.contents(name))

        assert refusal(stack, source) == (
            f"no signature of {source.host}/web:1 is by key {KEY}{fix(source)}"
        )

    @pytest.mark.parametrize("name", ["cosign-2", "cosign-3"])
    def test_what_is_signed_for_another_digest(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms, name: str
    ) -> None:
        # Another user puts another image there, and the signature of the first one beside it.
        signed_images.put(source, signed_images.contents(name))
        other = oci_images.image(b"other")
        source.add(other, "1")
        tag = f"sha256-{other.digest.removeprefix('sha256:')}"
        for end in ("", ".sig"):
            if f"sha256-{HEX}{end}" in source.manifests:
                source.manifests[tag + end] = source.manifests[f"sha256-{HEX}{end}"]

        assert refusal(stack, source) == (
            f"the signature beside {source.host}/web:1 is of another digest"
            f"{fix(source, other.digest)}"
        )
        assert kms.calls == []

    @pytest.mark.parametrize("name", ["cosign-2", "cosign-3"])
    def test_what_was_changed_to_name_another_digest(
        self, stack: Stack, source: FakeRegistry, name: str
    ) -> None:
        other = oci_images.image(b"other")
        signed_images.put(source, signed_images.contents(name))
        source.add(other, "1")
        swap(source, DIGEST, other.digest)

        assert refusal(stack, source) == (
            f"no signature of {source.host}/web:1 is by key {KEY}{fix(source, other.digest)}"
        )

    def test_what_was_signed_as_something_else(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        source.add(IMAGE, "1")
        signer = Signer(kms)
        signed = payload(kind="a letter")
        put_old(source, signed, signer.sign(signed))
        put_new(
            source,
            {"dsseEnvelope": envelope(signer, predicate="https://slsa.dev/provenance/v1")},
            {"dsseEnvelope": envelope(signer, kind="text/plain")},
        )

        assert refusal(stack, source).startswith(f"the signature of {source.host}/web:1 is damaged")
        assert kms.calls == []

    @pytest.mark.parametrize(
        "damage",
        [
            lambda signed, value: (signed, ""),
            lambda signed, value: (signed, "no base64"),
            lambda signed, value: (signed, value * 100),
            lambda signed, value: (b"no JSON", value),
            lambda signed, value: (b"{}", value),
            lambda signed, value: (b"[" * 9000, value),
        ],
    )
    def test_a_damaged_one(
        self,
        stack: Stack,
        source: FakeRegistry,
        kms: FakeKms,
        damage: Callable[[bytes, str], tuple[bytes, str]],
    ) -> None:
        source.add(IMAGE, "1")
        signed = payload()
        put_old(source, *damage(signed, Signer(kms).sign(signed)))

        assert refusal(stack, source) == (
            f"the signature of {source.host}/web:1 is damaged{fix(source)}"
        )

    def test_one_whose_bytes_are_not_what_their_digest_says(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-2"))
        (digest,) = [one for one, blob in source.blobs.items() if b"critical" in blob]
        source.blobs[digest] = source.blobs[digest].replace(b"null", b"nuLl")

        assert "is damaged" in refusal(stack, source)

    @pytest.mark.parametrize("number", [0, 1])
    def test_one_whose_manifest_is_lost_or_another(
        self, stack: Stack, source: FakeRegistry, number: int
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-3"))
        listed = json.loads(source.manifests[f"sha256-{HEX}"][1])["manifests"][0]["digest"]
        if number:
            source.manifests[listed] = source.manifests["1"]
        else:
            del source.manifests[listed]

        assert "is damaged" in refusal(stack, source)

    @pytest.mark.parametrize("item", [1, {}, {"digest": "../../secret"}, {"mediaType": BUNDLE}])
    def test_a_list_of_something_else(
        self, stack: Stack, source: FakeRegistry, item: object
    ) -> None:
        source.add(IMAGE, "1")
        index = oci_images.to_json({"manifests": [item], "layers": [item]})
        source.manifests[f"sha256-{HEX}"] = oci_images.OCI_INDEX, index

        assert "is damaged" in refusal(stack, source)

    def test_one_that_is_too_large_is_none(self, stack: Stack, source: FakeRegistry) -> None:
        source.add(IMAGE, "1")
        put_old(source, payload() + b" " * (1 << 20), "c2lnbmF0dXJl")

        assert "is not signed" in refusal(stack, source)

    def test_a_registered_image_too_once_it_has_to_be_signed(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(IMAGE, "1")
        first = stack.send(request(stack, source) | unsigned(stack, source))
        assert first["Status"] == "SUCCESS"

        assert "is not signed" in create(stack, source)["Reason"]


class TestKey:
    @pytest.mark.parametrize(
        ("code", "advice"),
        [
            ("DisabledException", "enable it, or sign with another key"),
            ("KMSInvalidStateException", "cancel its deletion, or sign with another key"),
            ("NotFoundException", "sign with a key that exists"),
            (
                "InvalidKeyUsageException",
                "use an asymmetric key to sign and verify with, ECC_NIST_P256",
            ),
            (
                "AccessDeniedException",
                "check that the function's role may use it, also in the key's own policy",
            ),
        ],
    )
    def test_a_key_that_cannot_verify_is_told(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms, code: str, advice: str
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-3"))
        kms.errors += [(400, code)] * 99

        assert refusal(stack, source) == (
            f"key {KEY} could not verify the signature of {source.host}/web:1 ({code}): as "
            f"ordered: {advice}"
        )

    def test_an_answer_that_says_nothing_is_no_yes(
        self, stack: Stack, source: FakeRegistry, kms: FakeKms
    ) -> None:
        signed_images.put(source, signed_images.contents("cosign-3"))
        kms.is_sure = False

        assert f"no signature of {source.host}/web:1 is by key" in refusal(stack, source)


class TestProperties:
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"SignedBy": "alias/deploy"}, "must be the ARN of a key of AWS KMS, got 'alias/"),
            ({"SignedBy": ""}, "must be the ARN of a key of AWS KMS, got ''"),
            ({"SignedBy": ["a"]}, "must be the ARN of a key of AWS KMS, got ['a']"),
            ({"Source": {"Bucket": "a", "Key": "b"}}, "SignedBy needs a Source with an Image"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, stack: Stack, source: FakeRegistry, changes: dict[str, Any], told: str
    ) -> None:
        sent = request(stack, source)
        sent["ResourceProperties"] |= changes

        assert told in stack.send(sent)["Reason"]


def unsigned(stack: Stack, registry: FakeRegistry) -> dict[str, Any]:
    sent = request(stack, registry)
    del sent["ResourceProperties"]["SignedBy"]
    return {"ResourceProperties": sent["ResourceProperties"]}


def swap(registry: FakeRegistry, old: str, new: str) -> None:
    """Write another digest into what is signed, with all digests along the way right again."""
    was, becomes = (one.removeprefix("sha256:") for one in (old, new))
    names = {was: becomes}
    for digest, blob in list(registry.blobs.items()):
        changed = blob.replace(was.encode(), becomes.encode())
        if b"dsseEnvelope" in blob:
            document = json.loads(blob)
            statement = base64.b64decode(document["dsseEnvelope"]["payload"])
            swapped = statement.replace(was.encode(), becomes.encode())
            document["dsseEnvelope"]["payload"] = base64.b64encode(swapped).decode()
            changed = json.dumps(document).encode()
        names[digest.removeprefix("sha256:")] = hashlib.sha256(changed).hexdigest()
        registry.blobs[oci_images.digest_of(changed)] = changed
    for _ in range(2):  # manifests, and the list of them
        for target, (kind, content) in list(registry.manifests.items()):
            document = json.loads(content)
            if "layers" in document:
                for layer in document["layers"]:
                    digest = layer["digest"].removeprefix("sha256:")
                    layer["digest"] = f"sha256:{names.get(digest, digest)}"
                    layer["size"] = len(registry.blobs[layer["digest"]])
            for item in document.get("manifests", []):
                digest = item["digest"].removeprefix("sha256:")
                if digest != was:
                    item["digest"] = f"sha256:{names.get(digest, digest)}"
                    item["size"] = len(registry.manifests[item["digest"]][1])
            changed = oci_images.to_json(document)
            if target.startswith("sha256-"):
                name = target.replace(was, becomes)
                registry.manifests[name] = kind, changed
            elif target not in (new, "1") and "layers" in document:
                names[target.removeprefix("sha256:")] = hashlib.sha256(changed).hexdigest()
                registry.manifests[oci_images.digest_of(changed)] = kind, changed
