"""An image in an archive, from a builder that needs no Docker.

    buildah build --platform linux/amd64 --tag site examples/site
    buildah push site oci-archive:site.tar
    cdk deploy --app "python examples/from_archive.py" -c archive=site.tar

So are Kaniko's `--tar-path`, the results of Bazel and Nix, and what `docker save` writes: a tar
file that is not compressed, or a folder. `cdk deploy` uploads it to the CDK's own bucket. Every
command needs the context `archive`.
"""

import sys

from aws_cdk import App, CfnOutput, Stack

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
stack = Stack(app, "FromArchive")

archive = app.node.try_get_context("archive")
if not archive:
    sys.exit("context 'archive' is missing: -c archive=<a tar file or a folder with an image>")

image = ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", "shop"),
    label="web",
    source=ImageSource.from_archive(archive),
)
CfnOutput(stack, "ImageName", value=image.image_name)
CfnOutput(stack, "ImageDigest", value=image.image_digest)

app.synth()
