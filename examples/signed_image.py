r"""An image that is registered only if your key has signed it.

    aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY
    cosign sign --key awskms:///<the key's ARN> ghcr.io/acme/web@sha256:...
    cdk deploy --app "python examples/signed_image.py" -c key=<the key's ARN> \
        -c reference=ghcr.io/acme/web@sha256:...

Every command needs the context `key` and `reference`. The pipeline that builds the image may use
the key to sign, the function may use it to verify and nothing else. An image without a signature
by this key is not even pushed, and the error says which command signs it. cosign 2 and 3 and
skopeo can sign.
"""

import sys

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_kms as kms

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
stack = Stack(app, "SignedImage")

key, reference = app.node.try_get_context("key"), app.node.try_get_context("reference")
if not key or not reference:
    sys.exit("context is missing: -c key=<ARN of a key> -c reference=<name of an image>")

image = ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", "shop"),
    label="web",
    source=ImageSource.from_registry(reference),
    signed_by=kms.Key.from_key_arn(stack, "Key", key),
)
CfnOutput(stack, "ImageName", value=image.image_name)
CfnOutput(stack, "ImageDigest", value=image.image_digest)

app.synth()
