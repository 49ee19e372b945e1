"""A small service for each branch, with a URL of its own.

    cdk deploy --app "python examples/preview.py" -c branch=fix-cart
    cdk destroy --app "python examples/preview.py" -c branch=fix-cart --force

The name of the branch becomes the name of the stack and of the service; `fix/cart` and `fix-cart`
share one. `-c image=` names what to deploy. The service costs money until it is destroyed, so
destroy it when the branch is merged.
"""

import hashlib
import re
import sys

from aws_cdk import App, Stack

from cdk_lightsail_containers import ContainerWebService, ImageSource, Power

LONGEST_NAME = 63

app = App()
branch = app.node.try_get_context("branch")
if not branch:
    sys.exit("context 'branch' is missing: -c branch=<name of the branch>")
# What both a stack and a service may be called. Long names of branches often differ at their ends.
name = re.sub("[^a-z0-9]+", "-", f"preview-{branch.lower()}").strip("-")
if len(name) > LONGEST_NAME:
    name = f"{name[:54]}-{hashlib.sha256(branch.encode()).hexdigest()[:8]}"

stack = Stack(app, name)
ContainerWebService(
    stack,
    "Site",
    service_name=name,
    source=ImageSource.from_registry(
        app.node.try_get_context("image") or "public.ecr.aws/nginx/nginx:1.27"
    ),
    port=80,
    power=Power.NANO,
)

app.synth()
