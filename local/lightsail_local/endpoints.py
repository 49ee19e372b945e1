"""Where a running cloud is reached, and the environment that sends AWS's tools there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_PORT = 4566
DEFAULT_LIGHTSAIL_PORT = 4567
DEFAULT_REGISTRY_PORT = 4568
DEFAULT_PAGE_PORT = 4569
DEFAULT_WEB_PORT = 4570
DEFAULT_ECR_PORT = 4571
DEFAULT_REGION = "us-east-1"
DEFAULT_ACCOUNT = "000000000000"
_ANYTHING = "local"  # keys are not checked here

# Each of these could send a request elsewhere, or sign it for a real account.
_CONFLICTING = frozenset(
    {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_DEFAULT_PROFILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_TOKEN",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    }
)


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """A running cloud, seen from outside.

    Attributes:
        engine: The URL of CloudFormation, Lambda, S3 and so on, over TLS.
        lightsail: The URL of Lightsail's API.
        registry: Host and port of the registry of all container services.
        ecr: Host and port of Amazon ECR's registry.
        certificate: The path of the certificate of `engine`.
        clients: A folder for the settings of docker, podman and the like.
        builder: The program that builds images, empty for the `docker` that there may be.
        cdk_home: A folder for what the CDK command line remembers, such as account numbers.
        region: The region it plays.
        account: The account it plays, 12 digits.
        page: The URL of the page that shows what happens, empty if it has none.
    """

    engine: str
    lightsail: str
    registry: str
    ecr: str
    certificate: str
    clients: str
    builder: str
    cdk_home: str
    region: str
    account: str
    page: str = ""

    def environment(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the variables with which the CDK command line and boto3 talk to this cloud only.

        Args:
            environ: Where they go; what it says of the program that builds images is kept.
        """
        is_chosen = not self.builder or "CDK_DOCKER" in (environ or {})
        return {
            **({} if is_chosen else {"CDK_DOCKER": self.builder}),
            "AWS_ENDPOINT_URL": self.engine,
            "AWS_ENDPOINT_URL_LIGHTSAIL": self.lightsail,
            # The engine takes 12 digits for the account that the request is of.
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": _ANYTHING,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CA_BUNDLE": self.certificate,
            "NODE_EXTRA_CA_CERTS": self.certificate,
            # Settings of the user's own, such as endpoints per service, stay out of it.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # What docker, podman and buildah push with: the user's own settings stay as they are.
            "DOCKER_CONFIG": self.clients,
            "REGISTRY_AUTH_FILE": f"{self.clients}/auth.json",
            "SSL_CERT_FILE": f"{self.clients}/trusted.pem",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "CDK_HOME": self.cdk_home,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
            # Banners about a Node that works.
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        }

    def conflicting(self, environ: Mapping[str, str]) -> list[str]:
        """Name the variables of `environ` to unset, so that no real account is ever touched."""
        ours = self.environment()
        return sorted(
            name
            for name in environ
            if name in _CONFLICTING or (name.startswith("AWS_ENDPOINT_URL_") and name not in ours)
        )

    def environment_within(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Give `environ` as a process needs it whole to talk to this cloud only."""
        conflicting = self.conflicting(environ)
        kept = {name: value for name, value in environ.items() if name not in conflicting}
        return kept | self.environment(environ)

    def enter(self) -> None:
        """Point this process at this cloud only, regardless of its shell's settings."""
        environment = self.environment_within(os.environ)
        os.environ.clear()
        os.environ.update(environment)
