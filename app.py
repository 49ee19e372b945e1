#!/usr/bin/env python3
"""The app that `cdk deploy` runs: one image into one Lightsail container service.

    cdk deploy -c service_name=shop -c label=web -c digest=sha256:...

Context:
    service_name: a container service that exists in the account and Region.
    label: what the images of one kind have in common, such as `web`.
    digest: of a linux/amd64 image that was just pushed to the Lightsail registry.
"""

import os

from aws_cdk import App, CfnOutput, Environment, Stack
from constructs import Construct

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

USAGE = "cdk deploy -c service_name=<container service> -c label=<label> -c digest=sha256:<digest>"


class LightsailContainerImage(Stack):
    """Registers one image with one container service."""

    def __init__(
        self, scope: Construct, *, service_name: str, label: str, source: ImageSource
    ) -> None:
        super().__init__(
            scope,
            "LightsailContainerImage",
            description="Registers a container image with a Lightsail container service",
            env=Environment(
                account=os.environ.get("CDK_DEFAULT_ACCOUNT"),
                region=os.environ.get("CDK_DEFAULT_REGION"),
            ),
        )
        service = ContainerService.from_service_name(self, "Service", service_name)
        image = ContainerImage(self, "Image", service=service, label=label, source=source)
        CfnOutput(self, "ImageName", value=image.image_name)
        CfnOutput(self, "ImageDigest", value=image.image_digest)


def main() -> None:
    """Synthesize the app from its context, or say what is wrong with that in a line or two."""
    app = App()
    try:
        LightsailContainerImage(
            app,
            service_name=_context(app, "service_name"),
            label=_context(app, "label"),
            source=_source(app),
        )
    except ValueError as error:
        raise SystemExit(f"{error}\nusage: {USAGE}") from None
    app.synth()


def _source(app: App) -> ImageSource:
    if app.node.try_get_context("image"):
        raise ValueError("context 'image' is not supported yet: push the image and give its digest")
    return ImageSource.from_digest(_context(app, "digest"))


def _context(app: App, key: str) -> str:
    value = app.node.try_get_context(key)
    if not value:
        raise ValueError(f"context {key!r} is missing")
    return str(value)


if __name__ == "__main__":
    main()
