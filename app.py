#!/usr/bin/env python3
"""The app that `cdk deploy` runs: one image into one Lightsail container service.

    cdk deploy -c service_name=shop -c label=web -c image=public.ecr.aws/nginx/nginx:1.27
    cdk deploy -c service_name=shop -c label=web -c digest=sha256:...

Context:
    service_name: a container service that exists in the account and Region.
    label: what the images of one kind have in common, such as `web`.
    image: a reference to an image in a registry, which is pushed and registered; or
    digest: of a linux/amd64 image that was just pushed to the Lightsail registry.
"""

import os

from aws_cdk import Annotations, App, CfnOutput, Environment, Stack
from constructs import Construct

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

USAGE = (
    "cdk deploy -c service_name=<container service> -c label=<label> "
    "-c image=<registry/repository:tag>, or -c digest=sha256:<digest> of a pushed image"
)


class LightsailContainerImage(Stack):
    """Registers the image that the context names."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope,
            "LightsailContainerImage",
            description="Registers a container image with a Lightsail container service",
            env=Environment(
                account=os.environ.get("CDK_DEFAULT_ACCOUNT"),
                region=os.environ.get("CDK_DEFAULT_REGION"),
            ),
        )
        try:
            image = ContainerImage(
                self,
                "Image",
                service=ContainerService.from_service_name(
                    self, "Service", self._context("service_name")
                ),
                label=self._context("label"),
                source=self._source(),
            )
        except ValueError as error:
            # Said when it is deployed: `cdk bootstrap`, `ls` and `destroy` need no context.
            Annotations.of(self).add_error(f"{error} (usage: {USAGE})")
        else:
            CfnOutput(self, "ImageName", value=image.image_name)
            CfnOutput(self, "ImageDigest", value=image.image_digest)

    def _source(self) -> ImageSource:
        image, digest = (self.node.try_get_context(key) for key in ("image", "digest"))
        if bool(image) == bool(digest):
            raise ValueError("context must have either 'image' or 'digest'")
        return ImageSource.from_registry(image) if image else ImageSource.from_digest(digest)

    def _context(self, key: str) -> str:
        value = self.node.try_get_context(key)
        if not value:
            raise ValueError(f"context {key!r} is missing")
        return str(value)


app = App()
LightsailContainerImage(app)
app.synth()
