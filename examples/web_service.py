"""From a Dockerfile to a URL: service, image and deployment in three lines.

    cdk deploy --app "python examples/web_service.py"

`cdk deploy` is green when the image serves, and shows its address. A file that changes in
`examples/site` is another image, deployed in place of the one before.
"""

from pathlib import Path

from aws_cdk import App, Stack

from cdk_lightsail_containers import ContainerWebService, ImageSource

app = App()
stack = Stack(app, "WebService")

site = ImageSource.from_asset(Path(__file__).with_name("site"))
ContainerWebService(stack, "Site", service_name="site", source=site, port=80)

app.synth()
