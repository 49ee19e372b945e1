"""A local cloud with a container service, and the CDK command line before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.cloud import LocalCloud
from patience import wait_until
from request_watcher import RequestWatcher
from sent_bytes import SentBytes


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> SentBytes:
    """What the cloud's functions have sent."""
    return SentBytes(tmp_path_factory.mktemp("functions"))


@pytest.fixture(scope="session")
def watcher() -> RequestWatcher:
    return RequestWatcher()


@pytest.fixture(scope="session")
def command_line(
    tmp_path_factory: pytest.TempPathFactory, sent: SentBytes, watcher: RequestWatcher
) -> Iterator[Cdk]:
    """The command line on a bootstrapped cloud, shared by the tests that one process runs."""
    folder: Path = tmp_path_factory.mktemp("cdk")
    behaviour = Behaviour(service_seconds=0.5)
    with LocalCloud(behaviour, environment=sent.environment, on_request=watcher) as cloud:
        cdk = Cdk(cloud, folder)
        cdk.bootstrap()
        yield cdk


@pytest.fixture(scope="session")
def deploys(tmp_path_factory: pytest.TempPathFactory, command_line: Cdk) -> CloudFormationDeploys:
    """The same cloud without the command line, for what it has no part in."""
    return CloudFormationDeploys(command_line.cloud, tmp_path_factory.mktemp("deploys"))


@pytest.fixture(scope="session")
def cdk(command_line: Cdk) -> Cdk:
    """What deploys in a module: the command line, where the module does not say otherwise."""
    return command_line


def names_of_services(cdk: Cdk) -> list[str]:
    found = cdk.client("lightsail").get_container_services()["containerServices"]
    return [service["containerServiceName"] for service in found]


@pytest.fixture
def shop(cdk: Cdk) -> Iterator[str]:
    """A container service that exists before the stack and after it."""
    lightsail = cdk.client("lightsail")
    lightsail.create_container_service(serviceName="shop", power="nano", scale=1)
    yield "shop"
    lightsail.delete_container_service(serviceName="shop")
    wait_until(lambda: "shop" not in names_of_services(cdk))
