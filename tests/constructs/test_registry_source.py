"""An image of any registry, as a source."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import CfnParameter, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import ImageSource
from stacks import DIGEST, PUSHES, granted, image_in, origin_of, service_in, statement_for

SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:hub"
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/0a"
SITE = Path(__file__).parents[2] / "examples" / "site"
READS = "secretsmanager:GetSecretValue"


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "ghcr.io/acme/web:1.4",
        f"quay.io/acme/web@{DIGEST}",
        "localhost:5000/web:1",
        "public.ecr.aws/nginx/nginx:1.27",
    ],
)
def test_is_the_name_as_it_was_given(stack: Stack, image: str) -> None:
    image_in(stack, source=ImageSource.from_registry(image))

    assert origin_of(stack) == {"Source": {"Image": image}}
    assert granted(stack) == PUSHES


def test_passes_a_revision_on(stack: Stack) -> None:
    image_in(stack, source=ImageSource.from_registry("nginx:1", revision="2025-11-23"))

    assert origin_of(stack) == {"Source": {"Image": "nginx:1"}, "Revision": "2025-11-23"}


def test_takes_values_that_are_known_only_when_it_is_deployed(stack: Stack) -> None:
    parameter = CfnParameter(stack, "Parameter").value_as_string

    image_in(stack, source=ImageSource.from_registry(parameter, revision=parameter))

    reference = {"Ref": "Parameter"}
    assert origin_of(stack) == {"Source": {"Image": reference}, "Revision": reference}


def test_names_a_secret_of_the_stack_and_reads_it_alone(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Hub")

    image_in(stack, source=ImageSource.from_registry("acme/web", credentials=secret))

    arn = stack.resolve(secret.secret_arn)
    assert origin_of(stack)["Source"] == {"Image": "acme/web", "CredentialsSecretArn": arn}
    assert statement_for(stack, READS) == {
        "Action": READS,
        "Effect": "Allow",
        "Resource": arn,
    }
    assert granted(stack) == PUSHES | {READS}


@pytest.mark.parametrize(("suffix", "granted"), [("", "-??????"), ("-abcdef", "-abcdef")])
def test_names_a_secret_by_partial_and_by_complete_arn(
    placed_stack: Stack, suffix: str, granted: str
) -> None:
    refer = (
        secretsmanager.Secret.from_secret_complete_arn
        if suffix
        else secretsmanager.Secret.from_secret_partial_arn
    )
    secret = refer(placed_stack, "Hub", SECRET_ARN + suffix)

    image_in(placed_stack, source=ImageSource.from_registry("acme/web", credentials=secret))

    assert origin_of(placed_stack)["Source"]["CredentialsSecretArn"] == SECRET_ARN + suffix
    reading = statement_for(placed_stack, "secretsmanager:GetSecretValue")
    assert reading["Resource"] == SECRET_ARN + granted


def test_names_a_secret_by_its_name(placed_stack: Stack) -> None:
    secret = secretsmanager.Secret.from_secret_name_v2(placed_stack, "Hub", "hub")

    image_in(placed_stack, source=ImageSource.from_registry("acme/web", credentials=secret))

    named = origin_of(placed_stack)["Source"]["CredentialsSecretArn"]["Fn::Join"][1]
    reading = statement_for(placed_stack, "secretsmanager:GetSecretValue")
    end = ":secretsmanager:eu-central-1:111122223333:secret:hub"
    assert named == ["arn:", {"Ref": "AWS::Partition"}, end]
    assert reading["Resource"]["Fn::Join"][1][-1] == f"{end}-??????"


def test_names_a_secret_by_its_name_if_that_ends_like_an_arn(placed_stack: Stack) -> None:
    """AWS Secrets Manager would take `hub` for the name, and `-secret` for the random suffix."""
    secret = secretsmanager.Secret.from_secret_name_v2(placed_stack, "Hub", "hub-secret")

    image_in(placed_stack, source=ImageSource.from_registry("acme/web", credentials=secret))

    assert origin_of(placed_stack)["Source"]["CredentialsSecretArn"] == "hub-secret"
    reading = statement_for(placed_stack, "secretsmanager:GetSecretValue")
    assert reading["Resource"]["Fn::Join"][1][-1].endswith(":secret:hub-secret-??????")


def test_names_a_secret_of_another_region_by_its_arn(placed_stack: Stack) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-secret"
    secret = secretsmanager.Secret.from_secret_partial_arn(placed_stack, "Hub", arn)

    image_in(placed_stack, source=ImageSource.from_registry("acme/web", credentials=secret))

    assert origin_of(placed_stack)["Source"]["CredentialsSecretArn"] == arn


def test_decrypts_with_the_key_of_a_secret_from_elsewhere(placed_stack: Stack) -> None:
    secret = secretsmanager.Secret.from_secret_attributes(
        placed_stack,
        "Hub",
        secret_complete_arn=f"{SECRET_ARN}-abcdef",
        encryption_key=kms.Key.from_key_arn(placed_stack, "Key", KEY_ARN),
    )

    image_in(placed_stack, source=ImageSource.from_registry("acme/web", credentials=secret))

    assert statement_for(placed_stack, "kms:Decrypt") == {
        "Action": "kms:Decrypt",
        "Condition": {
            "StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}
        },
        "Effect": "Allow",
        "Resource": KEY_ARN,
    }


def test_decrypts_with_the_key_of_a_secret_of_the_stack(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    secret = secretsmanager.Secret(stack, "Hub", encryption_key=key)

    image_in(stack, source=ImageSource.from_registry("acme/web", credentials=secret))

    assert statement_for(stack, "kms:Decrypt")["Resource"] == stack.resolve(key.key_arn)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("", "image .*repository must be .* got ''"),
        ("a b", "image .*repository must be .* got 'a b'"),
        ("ghcr.io/Acme/web", "image .*repository must be .* got 'ghcr.io/Acme/web'"),
        ("https://ghcr.io/acme/web", "must not begin with a scheme.* got 'https://ghcr.io"),
        ("acme/web@sha256:0", "digest must be .* got 'acme/web@sha256:0'"),
        ("acme/web:-1", "tag must be .* got 'acme/web:-1'"),
        (7, "image must be registry/repository:tag or @digest, got 7"),
    ],
)
def test_refuses_what_names_no_image(image: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageSource.from_registry(image)


@pytest.mark.parametrize(
    "registry",
    [
        "111122223333.dkr.ecr.eu-central-1.amazonaws.com",
        "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
        "111122223333.dkr-ecr.eu-central-1.on.aws",
    ],
)
def test_refuses_a_private_repository_of_ecr_that_it_could_not_pull_from(registry: str) -> None:
    with pytest.raises(ValueError, match=r"got '1111.* use ImageSource\.from_ecr_repository"):
        ImageSource.from_registry(f"{registry}/acme/web:1.4")


PRIVATE = {
    "repository": lambda stack: ecr.Repository(stack, "Own").repository_uri_for_tag("1"),
    "referred": lambda stack: ecr.Repository.from_repository_name(
        stack, "Own", "web"
    ).repository_uri_for_tag("1"),
    "asset": lambda stack: ecr_assets.DockerImageAsset(stack, "Own", directory=str(SITE)).image_uri,
    "text": lambda stack: f"{stack.account}.dkr.ecr.{stack.region}.amazonaws.com/web:1",
}


@pytest.mark.parametrize("make", PRIVATE.values(), ids=PRIVATE)
@pytest.mark.parametrize("placed", [False, True])
def test_refuses_a_private_repository_of_ecr_as_the_cdk_names_it(
    stack: Stack, placed_stack: Stack, make: Callable[[Stack], str], *, placed: bool
) -> None:
    stack = placed_stack if placed else stack
    service, image = service_in(stack), make(stack)

    with pytest.raises(ValueError, match=r"use ImageSource\.from_ecr_repository"):
        image_in(stack, service=service, source=ImageSource.from_registry(image))


def test_takes_an_image_whose_registry_is_known_only_when_it_is_deployed(stack: Stack) -> None:
    registry = CfnParameter(stack, "Registry").value_as_string

    image_in(stack, source=ImageSource.from_registry(f"{registry}/amazonaws.com/web:1"))

    assert origin_of(stack)["Source"]["Image"]["Fn::Join"][1][-1] == "/amazonaws.com/web:1"


def test_takes_a_private_repository_of_ecr_with_credentials(stack: Stack) -> None:
    image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/web:1.4"
    secret = secretsmanager.Secret(stack, "Hub")

    image_in(stack, source=ImageSource.from_registry(image, credentials=secret))

    assert origin_of(stack)["Source"]["Image"] == image


def test_refuses_a_revision_that_is_no_text() -> None:
    with pytest.raises(ValueError, match="revision must be a string, got 7"):
        ImageSource.from_registry("nginx", revision=7)  # type: ignore[arg-type]


def test_refuses_a_password_in_place_of_a_secret_and_does_not_show_it() -> None:
    with pytest.raises(
        ValueError, match=r"credentials must be an ISecret .* of type 'str'"
    ) as refused:
        ImageSource.from_registry("acme/web", credentials="user:hunter2")  # type: ignore[arg-type]

    assert "hunter2" not in str(refused.value)
