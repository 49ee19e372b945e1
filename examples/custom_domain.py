r"""A web service under a domain name of its own, from a certificate to the DNS record.

Deploy it with the name of your hosted zone in Amazon Route 53:

    cdk deploy --app "python examples/custom_domain.py" \
        -c zone_name=example.com -c zone_id=Z0123456789ABC
"""

from aws_cdk import App, Stack
from aws_cdk import aws_route53 as route53

from cdk_lightsail_containers import ContainerWebService, ImageSource, WebDomain

app = App()
stack = Stack(app, "CustomDomain")
zone_name = app.node.try_get_context("zone_name") or "example.com"
zone = route53.HostedZone.from_hosted_zone_attributes(
    stack,
    "Zone",
    zone_name=zone_name,
    hosted_zone_id=app.node.try_get_context("zone_id") or "Z0123456789ABC",
)

ContainerWebService(
    stack,
    "Site",
    service_name="site",
    port=80,
    source=ImageSource.from_registry(
        app.node.try_get_context("image") or "public.ecr.aws/nginx/nginx:1.27"
    ),
    domain=WebDomain.route53(zone, f"www.{zone_name}"),
)
app.synth()
