"""The app that a run deploys: a web service whose image is in an archive.

Context:
    name: the run's name.
    service: the container service's name.
    archive: the folder with the image.
    account, region: where, so that the command line refuses credentials of another account.
"""

from aws_cdk import App, CfnOutput, Environment, Stack, Tags
from aws_cdk import aws_logs as logs

from cdk_lightsail_containers import ContainerWebService, Handler, ImageSource
from live.names import TAG
from live.program import PORT


def main() -> None:
    """Synthesize the stack."""
    app = App()

    def context(key: str) -> str:
        return str(app.node.get_context(key))

    place = Environment(account=context("account"), region=context("region"))
    stack = Stack(app, context("name"), env=place, description="A run of `make live`")
    handler = Handler(stack, "Handler", log_retention=logs.RetentionDays.ONE_DAY)
    web = ContainerWebService(
        stack,
        "Web",
        service_name=context("service"),
        source=ImageSource.from_archive(context("archive")),
        port=PORT,
        handler=handler,
    )
    CfnOutput(stack, "ImageDigest", value=web.image.image_digest)
    Tags.of(stack).add(TAG, context("name"))
    app.synth()


if __name__ == "__main__":
    main()
