"""An app of a web service with names of a DNS zone of Lightsail.

Context:
    image: a reference.
    zone: the zone.
    names: the names, with commas between them.
"""

from aws_cdk import App, Stack

from cdk_lightsail_containers import ContainerWebService, ImageSource, WebDomain

app = App()
image, zone, names = (str(app.node.get_context(name)) for name in ("image", "zone", "names"))
ContainerWebService(
    Stack(app, "Domains"),
    "Site",
    service_name="site",
    port=80,
    source=ImageSource.from_registry(image),
    domain=WebDomain.lightsail(zone, *names.split(",")),
)
app.synth()
