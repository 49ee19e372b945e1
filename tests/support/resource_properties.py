"""Resource properties as the constructs write them, with everything that there is."""

from typing import Any

DIGEST = "sha256:" + "0123456789abcdef" * 4
_IMAGE = {"ServiceName": "shop", "Label": "web", "RemovalPolicy": "Delete", "MaxVersions": "5"}
IMAGES: list[dict[str, Any]] = [
    {**_IMAGE, "Digest": DIGEST},
    {**_IMAGE, "Source": {"Image": "ghcr.io/acme/web:1", "CredentialsSecretArn": "arn:aws:x"}},
    {**_IMAGE, "Source": {"Bucket": "assets", "Key": "image.zip"}},
]
DEPLOYED: dict[str, Any] = {
    "ServiceName": "shop",
    "Containers": {
        "web": {
            "Image": "nginx:1",
            "Command": ["run"],
            "Environment": {"MODE": "live"},
            "Ports": {"80": "HTTP", "81": "UDP"},
            "Secrets": {"A": {"SecretArn": "x", "Field": "y"}, "B": {"ParameterName": "z"}},
        },
        "two": {"Image": ":shop.web.latest"},
    },
    "PublicEndpoint": {
        "ContainerName": "web",
        "ContainerPort": "80",
        "HealthCheck": {
            "HealthyThreshold": "2",
            "UnhealthyThreshold": "2",
            "TimeoutSeconds": "2",
            "IntervalSeconds": "5",
            "Path": "/up",
            "SuccessCodes": "200-299,404",
        },
    },
}
