import os
from dataclasses import replace

import pytest

from lightsail_local.endpoints import Endpoints

ENDPOINTS = Endpoints(
    engine="https://127.0.0.1:4566",
    lightsail="http://127.0.0.1:4567",
    registry="127.0.0.1:4568",
    ecr="127.0.0.1:4571",
    certificate="/cloud/server.crt",
    clients="/cloud/clients",
    builder="/usr/bin/podman",
    cdk_home="/cloud/cdk",
    region="eu-central-1",
    account="123456789012",
)


def test_environment_sends_everything_to_the_cloud() -> None:
    environment = ENDPOINTS.environment()

    assert environment["AWS_ENDPOINT_URL"] == "https://127.0.0.1:4566"
    assert environment["AWS_ENDPOINT_URL_LIGHTSAIL"] == "http://127.0.0.1:4567"
    assert environment["AWS_ACCESS_KEY_ID"] == "123456789012"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert environment["AWS_CA_BUNDLE"] == environment["NODE_EXTRA_CA_CERTS"] == "/cloud/server.crt"


def test_environment_leaves_the_user_s_own_settings_of_engines_alone() -> None:
    environment = ENDPOINTS.environment()

    assert environment["DOCKER_CONFIG"] == "/cloud/clients"
    assert environment["REGISTRY_AUTH_FILE"] == "/cloud/clients/auth.json"
    assert environment["SSL_CERT_FILE"] == "/cloud/clients/trusted.pem"


def test_environment_names_what_builds_images_unless_the_user_does() -> None:
    chosen = {"CDK_DOCKER": "/home/me/build"}

    assert ENDPOINTS.environment()["CDK_DOCKER"] == "/usr/bin/podman"
    assert "CDK_DOCKER" not in ENDPOINTS.environment(chosen)
    assert ENDPOINTS.environment_within(chosen)["CDK_DOCKER"] == "/home/me/build"
    assert "CDK_DOCKER" not in replace(ENDPOINTS, builder="").environment()


def test_names_what_would_send_a_request_elsewhere_or_sign_it_for_a_real_account() -> None:
    shell = {
        "AWS_ENDPOINT_URL_S3": "https://elsewhere",
        "AWS_ENDPOINT_URL_LIGHTSAIL": "https://elsewhere",
        "AWS_PROFILE": "real",
        "AWS_SESSION_TOKEN": "real",
        "PATH": "/bin",
    }

    assert ENDPOINTS.conflicting(shell) == [
        "AWS_ENDPOINT_URL_S3",
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
    ]


def test_a_process_keeps_the_rest_of_its_environment() -> None:
    whole = ENDPOINTS.environment_within({"AWS_PROFILE": "real", "PATH": "/bin"})

    assert whole == {"PATH": "/bin", **ENDPOINTS.environment()}


def test_enters_the_cloud_with_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"AWS_PROFILE": "real", "PATH": "/bin"})

    ENDPOINTS.enter()

    assert os.environ == {"PATH": "/bin", **ENDPOINTS.environment()}
