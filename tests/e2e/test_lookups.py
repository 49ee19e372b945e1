"""An app whose values the real CDK command line looks up, and then synthesizes again."""

import json
import re
from pathlib import Path

import pytest
from demo.cdk_program import ROOT

from cdk_commands import Cdk
from lightsail_local.samples.sample_image import push_sample_image

pytestmark = pytest.mark.e2e

APP = str(ROOT / "tests" / "e2e" / "lookups_app.py")


def test_values_of_parameters_are_looked_up_and_then_checked(
    cdk: Cdk, shop: str, tmp_path: Path
) -> None:
    ssm = cdk.client("ssm")
    digest = push_sample_image(cdk.cloud.lightsail.url, "looked up")
    for name, value in {"service": shop, "label": "web", "digest": digest}.items():
        ssm.put_parameter(Name=f"/shop/{name}", Type="String", Value=value)
    # The command line keeps what it has looked up in the folder that it runs in.
    cdk = Cdk(cdk.cloud, tmp_path, project=tmp_path)
    context = tmp_path / "cdk.context.json"

    deployed = cdk.deploy_program(APP)
    assert deployed.outputs == {"ImageName": ":shop.web.1"}, deployed.output
    assert sorted(json.loads(context.read_text()).values()) == sorted([shop, "web", digest])
    assert cdk.images() == {":shop.web.1": digest}

    context.unlink()
    ssm.put_parameter(Name="/shop/label", Type="String", Value="Web", Overwrite=True)
    refused = cdk.synth(APP)
    assert refused.returncode == 1
    assert "label must be 1-53 lowercase letters" in re.sub(r"\s+", " ", refused.output)
    assert "got 'Web'" in refused.output

    cdk.delete("Lookups")
    assert cdk.images() == {}
