"""An app of a web service with names of a DNS zone.

Context:
    image: a reference.
    zone_name: the zone's name.
    zone_id: the zone's id in Amazon Route 53; `new` or `new in lightsail` for a zone of the stack
        itself; without, it is a zone of Lightsail.
    names: the names, with commas between them.
    off: the name of a certificate that the service had before, to take it off.
"""

from typing import Any

from aws_cdk import App, Stack
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_route53 as route53

from cdk_lightsail_containers import ContainerWebService, ImageSource, WebDomain

app = App()
stack = Stack(app, "Domains")
image, zone_name, names = (
    str(app.node.get_context(name)) for name in ("image", "zone_name", "names")
)
zone_id = app.node.try_get_context("zone_id")
zone: Any
if zone_id == "new":
    zone = route53.PublicHostedZone(stack, "Zone", zone_name=zone_name)
    domain = WebDomain.route53(zone, *names.split(","))
elif zone_id == "new in lightsail":
    zone = lightsail.CfnDomain(stack, "Zone", domain_name=zone_name)
    domain = WebDomain.lightsail(zone, *names.split(","))
elif zone_id:
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", zone_name=zone_name, hosted_zone_id=zone_id
    )
    domain = WebDomain.route53(zone, *names.split(","))
else:
    domain = WebDomain.lightsail(zone_name, *names.split(","))
ContainerWebService(
    stack,
    "Site",
    service_name="site",
    port=80,
    source=ImageSource.from_registry(image),
    domain=domain,
    public_domain_names={off: []} if (off := app.node.try_get_context("off")) else None,
)
app.synth()
