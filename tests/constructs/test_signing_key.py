"""The key that an image must be signed by."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_kms as kms

from cdk_lightsail_containers import ContainerWebService, Handler, ImageSource
from stacks import (
    DIGEST,
    PUSHES,
    granted,
    image_in,
    only,
    own_policy,
    resources,
    service_in,
    statement_for,
)

KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
IMAGE = ImageSource.from_registry("ghcr.io/acme/web:1")
SITE = Path(__file__).parents[2] / "examples" / "site"
VERIFY = "kms:Verify"


def named(stack: Stack, arn: str = KEY_ARN) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", arn)


def signed_by(stack: Stack) -> Any:
    return only(stack, "Custom::LightsailContainerImage")["Properties"].get("SignedBy")


def test_is_named_in_the_template_and_may_verify_and_nothing_else(stack: Stack) -> None:
    image_in(stack, source=IMAGE, signed_by=named(stack))

    assert signed_by(stack) == KEY_ARN
    assert granted(stack) == PUSHES | {VERIFY}
    assert statement_for(stack, VERIFY) == {
        "Action": VERIFY,
        "Effect": "Allow",
        "Resource": KEY_ARN,
    }


def test_is_in_no_template_without_one(stack: Stack) -> None:
    image_in(stack, source=IMAGE)

    assert signed_by(stack) is None
    assert granted(stack) == PUSHES


def test_may_be_a_key_of_the_stack(stack: Stack) -> None:
    key = kms.Key(
        stack, "Key", key_spec=kms.KeySpec.ECC_NIST_P256, key_usage=kms.KeyUsage.SIGN_VERIFY
    )

    image_in(stack, source=IMAGE, signed_by=key)

    assert signed_by(stack) == stack.resolve(key.key_arn)
    assert statement_for(stack, VERIFY)["Resource"] == stack.resolve(key.key_arn)
    (statement,) = only(stack, "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    assert statement["Action"] == "kms:*"  # the account's, which the CDK gives every key


def test_of_an_image_in_another_stack_than_the_function_is_granted_there() -> None:
    app = App()
    home, away = Stack(app, "Home"), Stack(app, "Away")

    image_in(away, source=IMAGE, signed_by=named(away), handler=Handler(home, "Handler"))

    assert VERIFY in [statement["Action"] for statement in own_policy(away)]
    assert not [one for one in resources(home, "AWS::IAM::Policy") if VERIFY in str(one)]


def test_of_a_web_service_is_its_images(stack: Stack) -> None:
    ContainerWebService(
        stack, "Web", service_name="shop", port=80, source=IMAGE, signed_by=named(stack)
    )

    assert signed_by(stack) == KEY_ARN
    assert statement_for(stack, VERIFY)["Resource"] == KEY_ARN


def test_may_be_known_later(stack: Stack) -> None:
    key = named(stack, CfnParameter(stack, "Arn").value_as_string)

    image_in(stack, source=IMAGE, signed_by=key)

    assert signed_by(stack) == {"Ref": "Arn"}


def test_may_be_one_that_the_command_line_is_still_to_look_up() -> None:
    place = Environment(account="111122223333", region="eu-central-1")
    stack = Stack(App(), "Stack", env=place)

    image_in(
        stack, source=IMAGE, signed_by=kms.Key.from_lookup(stack, "Key", alias_name="alias/deploy")
    )

    assert "key/" in str(signed_by(stack))


def test_may_have_a_spec_that_is_known_later(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    made = key.node.default_child
    assert isinstance(made, kms.CfnKey)
    parameter = CfnParameter(stack, "Parameter").value_as_string
    made.key_spec = made.key_usage = parameter

    image_in(stack, source=IMAGE, signed_by=key)


def test_goes_with_all_sources_in_a_registry(stack: Stack) -> None:
    repository = ecr.Repository.from_repository_name(stack, "Repository", "web")
    asset = ecr_assets.DockerImageAsset(stack, "Asset", directory=str(SITE))
    sources = [
        ImageSource.from_ecr_repository(repository, "1.4"),
        ImageSource.from_docker_image_asset(asset),
    ]

    key = named(stack)
    for number, source in enumerate(sources):
        image_in(
            stack,
            f"Image{number}",
            label=f"web-{number}",
            source=source,
            signed_by=key,
            service=service_in(stack, f"shop-{number}"),
        )

    made = resources(stack, "Custom::LightsailContainerImage")
    assert [one["Properties"]["SignedBy"] for one in made] == [KEY_ARN, KEY_ARN]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            lambda folder: ImageSource.from_asset(SITE),
            (
                "from_asset builds the image during the deployment, before it can be signed: "
                "build, push and sign it before, and use from_ecr_repository"
            ),
        ),
        (
            ImageSource.from_archive,
            (
                "an archive holds no signatures: push the image to a registry, sign it there, and "
                "use from_registry or from_ecr_repository"
            ),
        ),
        (
            lambda folder: ImageSource.from_digest(DIGEST),
            (
                "Lightsail's registry holds no signatures: use from_registry or "
                "from_ecr_repository, with the image that was signed"
            ),
        ),
    ],
)
def test_is_refused_where_there_are_no_signatures(
    stack: Stack, tmp_path: Path, source: Callable[[Path], ImageSource], reason: str
) -> None:
    (tmp_path / "index.json").touch()

    with pytest.raises(ValueError, match=r"^signed_by must come with an image of a") as error:
        image_in(stack, source=source(tmp_path), signed_by=named(stack))

    assert str(error.value).endswith(f", and {reason}")
    assert stack.node.try_find_child("Image") is None


@pytest.mark.parametrize(
    ("made", "got"),
    [
        ({}, "SYMMETRIC_DEFAULT and ENCRYPT_DECRYPT"),
        (
            {"key_spec": kms.KeySpec.RSA_2048, "key_usage": kms.KeyUsage.SIGN_VERIFY},
            "RSA_2048 and SIGN_VERIFY",
        ),
        (
            {"key_spec": kms.KeySpec.ECC_NIST_P256, "key_usage": kms.KeyUsage.KEY_AGREEMENT},
            "ECC_NIST_P256 and KEY_AGREEMENT",
        ),
    ],
)
def test_is_refused_when_it_cannot_have_signed(
    stack: Stack, made: dict[str, Any], got: str
) -> None:
    with pytest.raises(ValueError, match=r"^signed_by must be a key with key_spec") as error:
        image_in(stack, source=IMAGE, signed_by=kms.Key(stack, "Key", **made))

    assert str(error.value) == (
        f"signed_by must be a key with key_spec ECC_NIST_P256 and key_usage SIGN_VERIFY, got {got}"
    )


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (lambda stack: KEY_ARN, "^signed_by must be an IKey such as kms.Key, got 'arn:aws:kms:"),
        (lambda stack: 5, "^signed_by must be an IKey such as kms.Key, got 5"),
        (
            lambda stack: kms.Alias.from_alias_name(stack, "Alias", "alias/deploy"),
            "^signed_by must be a key, not an alias: kms.Key.from_lookup",
        ),
        (
            lambda stack: kms.Key(stack, "Key").add_alias("alias/deploy"),
            "^signed_by must be a key, not an alias: kms.Key.from_lookup",
        ),
        (
            lambda stack: named(stack, KEY_ARN.replace("key/", "alias/")),
            "^signed_by must be the ARN of a key of AWS KMS, got 'arn:aws:kms:eu-central-1:111",
        ),
    ],
)
def test_is_a_key(stack: Stack, key: Callable[[Stack], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        image_in(stack, source=IMAGE, signed_by=key(stack))
