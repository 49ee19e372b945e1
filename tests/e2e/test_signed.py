"""Images that must be signed, with the real CDK command line and the local cloud's AWS KMS."""

from collections.abc import Iterator

import pytest

import fake_registry
import oci_images
import signed_images
from cdk_commands import Cdk

pytestmark = pytest.mark.e2e

APP, STACK = "examples/signed_image.py", "SignedImage"


@pytest.fixture(autouse=True)
def no_stack_is_left(cdk: Cdk, shop: str) -> Iterator[None]:  # before the service goes
    yield
    cdk.delete(STACK)


def test_the_example_deploys_what_its_key_has_signed_and_refuses_the_rest(
    cdk: Cdk, shop: str
) -> None:
    kms = cdk.client("kms")
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    key = made["KeyMetadata"]["Arn"]

    def sign(payload: bytes) -> bytes:
        signed = kms.sign(KeyId=key, Message=payload, SigningAlgorithm="ECDSA_SHA_256")
        return bytes(signed["Signature"])

    with fake_registry.fake_registry() as source:
        signed, unsigned = oci_images.multi_arch(b"signed"), oci_images.multi_arch(b"unsigned")
        for image in (signed, unsigned):
            source.add(image)
        signed_images.sign(source, signed.digest, sign)
        names = [f"{source.host}/web@{image.digest}" for image in (signed, unsigned)]

        run = cdk.deploy(APP, key=key, reference=names[0])
        assert run.outputs["ImageName"] == ":shop.web.1", run.output
        refused = cdk.deploy(APP, key=key, reference=names[1])

    assert refused.returncode == 1
    (reason,) = cdk.reasons(STACK, "UPDATE_FAILED")
    advice = f"sign it with 'cosign sign --key awskms:///{key} {names[1]}'"
    assert f"{names[1]} is not signed: {advice}" in reason
    assert list(cdk.images()) == [":shop.web.1"]
