"""An image of a repository of Amazon ECR, as a source."""

import json
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_ecr as ecr

from cdk_lightsail_containers import ImageSource
from stacks import DIGEST, PULLS, PUSHES, granted, image_in, only, origin_of, statement_for


@pytest.mark.parametrize(("named", "end"), [("1.4", ":1.4"), (DIGEST, f"@{DIGEST}")])
def test_is_the_image_by_tag_or_digest_and_pulls_from_its_repository_alone(
    stack: Stack, named: str, end: str
) -> None:
    repository = ecr.Repository(stack, "Repository")

    image_in(stack, source=ImageSource.from_ecr_repository(repository, named))

    assert origin_of(stack)["Source"]["Image"]["Fn::Join"][1][-1] == end
    assert statement_for(stack, "ecr:BatchGetImage") == {
        "Action": PULLS,
        "Effect": "Allow",
        "Resource": stack.resolve(repository.repository_arn),
    }
    assert granted(stack) == PUSHES | {*PULLS, "ecr:GetAuthorizationToken"}


def test_is_the_latest_when_nothing_is_said(stack: Stack) -> None:
    repository = ecr.Repository(stack, "Repository")

    image_in(stack, source=ImageSource.from_ecr_repository(repository))

    assert origin_of(stack)["Source"]["Image"]["Fn::Join"][1][-1] == ":latest"


def test_is_in_the_account_and_region_of_the_repository(placed_stack: Stack) -> None:
    arn = "arn:aws:ecr:us-east-1:999988887777:repository/acme/web"
    repository = ecr.Repository.from_repository_arn(placed_stack, "Repository", arn)

    image_in(placed_stack, source=ImageSource.from_ecr_repository(repository, "1.4", revision="2"))

    begin, _, end = origin_of(placed_stack)["Source"]["Image"]["Fn::Join"][1]
    assert (begin, end) == ("999988887777.dkr.ecr.us-east-1.", "/acme/web:1.4")
    assert origin_of(placed_stack)["Revision"] == "2"
    assert statement_for(placed_stack, "ecr:BatchGetImage")["Resource"] == arn


def test_takes_a_tag_that_is_known_only_when_it_is_deployed(stack: Stack) -> None:
    tag = CfnParameter(stack, "Tag").value_as_string
    repository = ecr.Repository(stack, "Repository")

    image_in(stack, source=ImageSource.from_ecr_repository(repository, tag))

    assert origin_of(stack)["Source"]["Image"]["Fn::Join"][1][-1] == {"Ref": "Tag"}


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("", "tag_or_digest, unless it is a digest .*, must be 1-128 .* got ''"),
        ("-1", "tag_or_digest, unless it is a digest .*, must be 1-128 .* got '-1'"),
        ("acme/web", "tag_or_digest, unless it is a digest .*, must be 1-128 .* got 'acme/web'"),
        ("1.4\n", r"tag_or_digest, unless it is a digest .*, must be 1-128 .* got '1.4\\n'"),
        ("t" * 129, "tag_or_digest, unless it is a digest .*, must be 1-128 .* got 'ttt"),
        (7, "tag_or_digest, unless it is a digest .*, must be 1-128 .* got 7"),
        (
            f"1.4@{DIGEST}",
            "tag_or_digest, unless it is a digest .*, must be 1-128 .* got '1.4@sha256:",
        ),
        ("sha256:0", "tag_or_digest must be 'sha256:' and 64 .* got 'sha256:0'"),
    ],
)
def test_refuses_what_is_neither_a_tag_nor_a_digest(stack: Stack, named: Any, message: str) -> None:
    repository = ecr.Repository(stack, "Repository")

    with pytest.raises(ValueError, match=message):
        ImageSource.from_ecr_repository(repository, named)


def test_refuses_a_revision_that_is_no_string(stack: Stack) -> None:
    repository = ecr.Repository(stack, "Repository")

    with pytest.raises(ValueError, match=r"revision must be a string, got 1\.5"):
        ImageSource.from_ecr_repository(repository, revision=1.5)  # type: ignore[arg-type]


def test_takes_a_repository_of_the_same_app_in_another_account() -> None:
    app = App()
    tools = Stack(app, "Tools", env=Environment(account="111111111111", region="eu-central-1"))
    live = Stack(app, "Live", env=Environment(account="222222222222", region="eu-central-1"))
    repository = ecr.Repository(tools, "Repository", repository_name="acme/web")

    image_in(live, source=ImageSource.from_ecr_repository(repository, "1.4"))

    arn = json.dumps(statement_for(live, "ecr:BatchGetImage")["Resource"])
    assert ":ecr:eu-central-1:111111111111:repository/acme/web" in arn
    assert "RepositoryPolicyText" not in only(tools, "AWS::ECR::Repository")["Properties"]
