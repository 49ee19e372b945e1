"""What the function may do is what it does, for every kind of stack."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from reliability.permissions.lives import live_as_image
from reliability.permissions.policy import Call, Permission, Policy
from reliability.permissions.report import Finding, examine, problems, tables
from reliability.permissions.stacks import Build, kinds
from reliability.permissions.world import World

from cdk_lightsail_containers import Handler

KINDS = kinds()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_missing_and_nothing_unused(kind: str) -> None:
    found = examine(kind, *KINDS[kind])

    assert len(found.calls) > 30
    assert problems([found]) == []
    assert all(f"`{one.action}`" in tables([found]) for one in found.policy.permissions())


def digest_stack(change: Callable[[Stack], None]) -> Build:
    """A stack that registers an image by its digest, with something changed."""
    build, _ = KINDS["digest"]

    def changed(stack: Stack, world: World) -> None:
        build(stack, world)
        change(stack)

    return changed


def test_an_action_that_is_allowed_and_never_used_is_found() -> None:
    def allow(stack: Stack) -> None:
        iam.Grant.add_to_principal(
            grantee=Handler.shared(stack),
            actions=["s3:GetObject"],
            resource_arns=["arn:aws:s3:::shop/secrets"],
        )

    found = examine("wide", digest_stack(allow), live_as_image)

    assert problems([found]) == [
        "wide: s3:GetObject on arn:aws:s3:::shop/secrets is allowed and never used"
    ]


def test_a_call_that_is_not_allowed_is_found_with_when_it_was_made() -> None:
    def deny(stack: Stack) -> None:
        Handler.shared(stack).role.add_to_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=["lightsail:RegisterContainerImage"],
                resources=["*"],
            )
        )

    found = examine("narrow", digest_stack(deny), live_as_image)

    assert {call.action for call in found.missing} == {"lightsail:RegisterContainerImage"}
    assert "narrow: lightsail:RegisterContainerImage on arn:aws:lightsail:" in problems([found])[0]
    assert problems([found])[0].endswith(" is not allowed (create)")


def test_an_action_that_could_be_on_less_than_everything_is_found() -> None:
    policy = Policy([statement("lightsail:DeleteContainerImage", "*")])
    call = Call(action="lightsail:DeleteContainerImage", resource="arn:aws:lightsail:::1")

    found = Finding(kind="wide", policy=policy, calls=[call])

    assert problems([found]) == [
        "wide: lightsail:DeleteContainerImage on * is allowed on more than need be"
    ]


def statement(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("action", "resource", "is_allowed"),
    [
        ("s3:GetObject", "arn:aws:s3:::assets/1.zip", True),
        ("S3:getobject", "arn:aws:s3:::assets/1.zip", True),
        ("s3:GetObject", "arn:aws:s3:::Assets/1.zip", False),
        ("s3:GetObject", "arn:aws:s3:::others/1.zip", False),
        ("s3:GetObjectVersion", "arn:aws:s3:::assets/1.zip", False),
        ("s3:GetObject", "*", False),
    ],
)
def test_allows_what_a_statement_names_and_nothing_else(
    action: str, resource: str, is_allowed: bool
) -> None:
    policy = Policy([statement(["s3:GetObject"], ["arn:aws:s3:::assets/?.zip"])])

    assert policy.allows(Call(action=action, resource=resource)) is is_allowed


def test_a_denial_counts_more_than_what_allows() -> None:
    policy = Policy([statement("s3:*", "*"), {**statement("s3:GetObject", "*"), "Effect": "Deny"}])

    assert not policy.allows(Call(action="s3:GetObject", resource="arn:aws:s3:::assets/1"))
    assert policy.allows(Call(action="s3:PutObject", resource="arn:aws:s3:::assets/1"))


@pytest.mark.parametrize(
    ("service", "is_allowed"), [("ssm", True), ("secretsmanager", False), ("", False)]
)
def test_a_key_is_used_through_its_service_alone(service: str, is_allowed: bool) -> None:
    condition = {"StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"}}
    policy = Policy([statement("kms:Decrypt", "arn:aws:kms:::key/1", Condition=condition)])
    context = {"kms:ViaService": f"{service}.us-east-1.amazonaws.com"} if service else {}

    call = Call(action="kms:Decrypt", resource="arn:aws:kms:::key/1", context=context)

    assert policy.allows(call) is is_allowed


def test_the_functions_own_code_may_not_use_the_network_interfaces_of_its_vpc() -> None:
    policy = examine("vpc", KINDS["digest, function in a VPC"][0], lambda _: None).policy
    function = {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:it"}

    assert policy.allows(Call(action="ec2:CreateNetworkInterface"))
    assert not policy.allows(Call(action="ec2:CreateNetworkInterface", context=function))


def test_actions_with_a_wildcard_are_too_wide_for_any_use() -> None:
    assert Permission(action="s3:Get*", resource="arn:aws:s3:::assets/1.zip").is_too_wide


THROUGH = '{"StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"}}'
ACCOUNT = "us-east-1:000000000000"


@pytest.mark.parametrize(
    ("action", "resource", "condition", "is_too_wide"),
    [
        ("s3:GetObject", "arn:aws:s3:::assets/1.zip", "{}", False),
        ("s3:GetObject", "arn:aws:s3:::assets/*", "{}", True),
        ("cloudformation:DescribeStacks", f"arn:aws:cloudformation:{ACCOUNT}:stack/*", "{}", True),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{ACCOUNT}:secret:*", "{}", True),
        (
            "secretsmanager:GetSecretValue",
            f"arn:aws:secretsmanager:{ACCOUNT}:secret:hub-??????",
            "{}",
            False,
        ),
        ("logs:PutLogEvents", "*", "{}", True),
        ("logs:PutLogEvents", f"arn:aws:logs:{ACCOUNT}:log-group:*", "{}", True),
        ("logs:PutLogEvents", f"arn:aws:logs:{ACCOUNT}:log-group:own:*", "{}", False),
        ("lightsail:CreateDomainEntry", "arn:aws:lightsail:*:000000000000:Domain/*", "{}", False),
        ("lightsail:CreateDomainEntry", "arn:aws:lightsail:*:*:*", "{}", True),
        ("kms:Decrypt", f"arn:aws:kms:{ACCOUNT}:key/1", THROUGH, False),
        ("kms:Decrypt", f"arn:aws:kms:{ACCOUNT}:key/1", "{}", True),
        ("ec2:CreateNetworkInterface", "*", "{}", True),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1", "{}", True),
    ],
)
def test_a_pattern_or_a_missing_condition_is_too_wide(
    action: str, resource: str, condition: str, is_too_wide: bool
) -> None:
    permission = Permission(action=action, resource=resource, condition=condition)

    assert permission.is_too_wide is is_too_wide


def test_all_services_are_too_wide_where_the_service_is_known() -> None:
    everything = f"arn:aws:lightsail:{ACCOUNT}:ContainerService/*"
    policy = Policy([statement("lightsail:DeleteContainerImage", everything)])

    assert Finding(kind="digest", policy=policy, calls=[]).too_wide
    assert not Finding(kind="digest, service by its name", policy=policy, calls=[]).too_wide


def test_tables_tell_what_each_action_was_used_for() -> None:
    policy = Policy(
        [
            statement("lightsail:GetContainerLog", "*"),
            statement("logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:a:*"),
        ]
    )
    calls = [Call(action="lightsail:GetContainerLog", step="fail")] * 2

    text = tables([Finding(kind="one", policy=policy, calls=calls)])

    assert text.startswith(
        "1 kinds of stack, 2 permissions: 0 missing, 0 unused, 0 wider than need be.\n"
    )
    assert "| `lightsail:GetContainerLog` | `*` " in text
    assert " | fail " in text
    assert "| one   | 2           | 1 " in text
