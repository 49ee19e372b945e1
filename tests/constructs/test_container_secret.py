"""Secrets of containers: what is in the template, and what the function may read."""

from typing import Any, cast

import pytest
from aws_cdk import App, CfnParameter, Environment, NestedStack, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template

from cdk_lightsail_containers import Container, ContainerSecret, Handler
from cdk_lightsail_containers._handler.grantees import LeastPrivilegeGrantee, PolicyGrantee
from stacks import EVERY_FUNCTION, allowed_in, deployed, deployment_in, only, statement_for

SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-abcdef"
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/0a"
NAME = "/shop/token"


def secret_of(stack: Stack, value: Any) -> dict[str, Any]:
    """The properties of the one secret of the one container that is deployed with it."""
    deployment_in(stack, containers={"web": Container(image="nginx", secrets={"SECRET": value})})
    return dict(deployed(stack)["Containers"]["web"]["Secrets"]["SECRET"])


def encrypted(stack: Stack, **options: Any) -> ssm.IStringParameter:
    return ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Parameter", parameter_name=NAME, **options
    )


def test_names_a_field_of_a_secret_and_reads_that_secret_alone(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret")

    given = secret_of(stack, ContainerSecret.from_secrets_manager(secret, "password"))

    arn = stack.resolve(secret.secret_arn)
    assert given == {"SecretArn": arn, "Field": "password"}
    reading = statement_for(stack, "secretsmanager:GetSecretValue")
    assert (reading["Action"], reading["Resource"]) == ("secretsmanager:GetSecretValue", arn)


def test_names_the_whole_of_a_secret(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret")

    given = secret_of(stack, ContainerSecret.from_secrets_manager(secret))

    assert given == {"SecretArn": stack.resolve(secret.secret_arn)}


def test_takes_a_field_that_is_known_only_when_it_is_deployed(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret")
    field = CfnParameter(stack, "Field").value_as_string

    given = secret_of(stack, ContainerSecret.from_secrets_manager(secret, field))

    assert given["Field"] == {"Ref": "Field"}


def test_a_secret_itself_stands_for_the_whole_of_it(placed_stack: Stack) -> None:
    secret = secretsmanager.Secret.from_secret_complete_arn(placed_stack, "Secret", SECRET_ARN)

    assert secret_of(placed_stack, secret) == {"SecretArn": SECRET_ARN}


def test_decrypts_with_the_key_of_a_secret_from_elsewhere(placed_stack: Stack) -> None:
    secret = secretsmanager.Secret.from_secret_attributes(
        placed_stack,
        "Secret",
        secret_complete_arn=SECRET_ARN,
        encryption_key=kms.Key.from_key_arn(placed_stack, "Key", KEY_ARN),
    )

    secret_of(placed_stack, secret)

    assert statement_for(placed_stack, "kms:Decrypt")["Resource"] == KEY_ARN


def test_names_a_parameter_and_reads_it_alone(placed_stack: Stack) -> None:
    given = secret_of(placed_stack, ContainerSecret.from_ssm_parameter(encrypted(placed_stack)))

    reading = statement_for(placed_stack, "ssm:GetParameter")
    assert given == {"ParameterName": NAME}
    assert reading["Action"] == "ssm:GetParameter"
    assert reading["Resource"]["Fn::Join"][1][-1] == (
        f":ssm:eu-central-1:111122223333:parameter{NAME}"
    )
    assert not {"kms:Decrypt", "secretsmanager:GetSecretValue"} & allowed_in(placed_stack)


def test_a_parameter_itself_stands_for_the_whole_of_it(stack: Stack) -> None:
    assert secret_of(stack, encrypted(stack)) == {"ParameterName": NAME}


def test_decrypts_with_the_key_of_a_parameter(placed_stack: Stack) -> None:
    key = kms.Key.from_key_arn(placed_stack, "Key", KEY_ARN)

    secret_of(placed_stack, encrypted(placed_stack, encryption_key=key))

    assert statement_for(placed_stack, "kms:Decrypt") == {
        "Action": "kms:Decrypt",
        "Condition": {"StringEquals": {"kms:ViaService": "ssm.eu-central-1.amazonaws.com"}},
        "Effect": "Allow",
        "Resource": KEY_ARN,
    }


def test_decrypts_with_a_key_of_the_stack_that_a_parameter_has(stack: Stack) -> None:
    key = kms.Key(stack, "Key")

    secret_of(stack, encrypted(stack, encryption_key=key))

    assert statement_for(stack, "kms:Decrypt")["Resource"] == stack.resolve(key.key_arn)


def test_is_named_in_the_policy_of_a_key_whose_account_does_not_decide(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    secret = secretsmanager.Secret(stack, "Secret", encryption_key=key)

    secret_of(stack, secret)

    named = only(stack, "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"][-1]
    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    assert named["Principal"] == {"AWS": {"Fn::GetAtt": [role, "Arn"]}}


def test_takes_nothing_of_a_grant_that_is_not_needed(stack: Stack) -> None:
    grantee = LeastPrivilegeGrantee(Handler.shared(stack), {"ssm:GetParameter": {}})

    secretsmanager.Secret(stack, "Secret").grant_read(grantee)

    assert allowed_in(stack) == EVERY_FUNCTION
    assert Template.from_stack(stack).find_resources("AWS::SecretsManager::ResourcePolicy") == {}


def test_stands_for_the_role_of_the_function(stack: Stack) -> None:
    handler = Handler.shared(stack)
    grantee = LeastPrivilegeGrantee(PolicyGrantee(stack, handler.role), {})

    assert grantee.assume_role_action == handler.role.assume_role_action
    assert grantee.principal_account == handler.role.principal_account


def test_refers_to_a_parameter_of_the_stack(stack: Stack) -> None:
    parameter = ssm.StringParameter(stack, "Parameter", string_value="not a secret")

    given = secret_of(stack, parameter)

    assert given == {"ParameterName": stack.resolve(parameter.parameter_name)}


def test_names_a_parameter_by_the_arn_that_it_was_referred_to_with(placed_stack: Stack) -> None:
    # The CDK takes `token` for its name, where it is `/shop/token`.
    arn = f"arn:aws:ssm:eu-central-1:111122223333:parameter{NAME}"
    parameter = ssm.StringParameter.from_string_parameter_arn(placed_stack, "Parameter", arn)

    assert secret_of(placed_stack, parameter) == {"ParameterName": arn}
    assert statement_for(placed_stack, "ssm:GetParameter")["Resource"] == arn


def elsewhere(stack: Stack, account: str, region: str) -> Stack:
    """A stack of the same app in another place."""
    return Stack(stack.node.scope, "Elsewhere", env=Environment(account=account, region=region))


def test_a_parameter_of_another_region_is_refused(placed_stack: Stack) -> None:
    other = elsewhere(placed_stack, "111122223333", "us-east-1")
    parameter = ssm.StringParameter.from_string_parameter_name(other, "Parameter", NAME)

    with pytest.raises(ValueError, match=r"the Region of the stack, eu-central-1, got .*us-east-1"):
        secret_of(placed_stack, parameter)


def test_a_parameter_of_another_account_is_named_by_its_arn(placed_stack: Stack) -> None:
    other = elsewhere(placed_stack, "999988887777", "eu-central-1")
    parameter = ssm.StringParameter.from_string_parameter_name(other, "Parameter", NAME)

    named = secret_of(placed_stack, parameter)["ParameterName"]

    end = f":ssm:eu-central-1:999988887777:parameter{NAME}"
    assert named == {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, end]]}
    assert statement_for(placed_stack, "ssm:GetParameter")["Resource"] == named


@pytest.mark.parametrize(
    ("account", "region"), [("111122223333", "us-east-1"), ("999988887777", "eu-central-1")]
)
def test_a_secret_of_another_place_whose_name_ends_like_an_arn_is_refused(
    placed_stack: Stack, account: str, region: str
) -> None:
    """AWS Secrets Manager takes `db-secret` for `db`, and a name is of the function's Region."""
    other = elsewhere(placed_stack, account, region)
    secret = secretsmanager.Secret.from_secret_name_v2(other, "Secret", "db-secret")

    with pytest.raises(ValueError, match=r"'Elsewhere/Secret' .*: import it with"):
        secret_of(placed_stack, secret)


def test_a_secret_whose_place_is_not_known_is_named_by_its_arn(stack: Stack) -> None:
    other = elsewhere(stack, "111122223333", "us-east-1")
    secret = secretsmanager.Secret.from_secret_name_v2(other, "Secret", "db-secret")

    named = secret_of(stack, secret)["SecretArn"]["Fn::Join"][1][-1]

    assert named == ":secretsmanager:us-east-1:111122223333:secret:db-secret"


def test_a_principal_of_its_own_reads_a_secret_of_the_secrets_place(stack: Stack) -> None:
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", "db-secret")
    principal = cast("iam.IGrantable", iam.AccountRootPrincipal())

    assert ContainerSecret.from_secrets_manager(secret).bind(principal) == {
        "SecretArn": "db-secret"
    }


@pytest.mark.parametrize("of", ["secret and key", "key"])
@pytest.mark.parametrize("is_nested", [True, False])
def test_a_key_of_another_stack_does_not_wait_for_the_function(
    stack: Stack, of: str, *, is_nested: bool
) -> None:
    user = NestedStack(stack, "User") if is_nested else Stack(stack.node.scope, "User")
    key = kms.Key(stack, "Key")
    secret = secretsmanager.Secret(user if of == "key" else stack, "Secret", encryption_key=key)

    secret_of(user, secret)

    resource = only(stack, "AWS::KMS::Key")
    allowed = resource["Properties"]["KeyPolicy"]["Statement"][-1]
    assert "User" not in str(resource)
    assert allowed["Principal"]["AWS"]["Fn::Join"][1][-1] == ":root"
    assert "kms:ViaService" in allowed["Condition"]["StringEquals"]


def test_another_revision_of_the_secrets_is_all_that_changes() -> None:
    found = []
    for revision in ("1", "2"):
        stack = Stack(App(), "Stack")
        container = Container(image="nginx", secrets={"TOKEN": encrypted(stack)})
        deployment_in(stack, containers={"web": container}, revision=revision)
        found.append(deployed(stack))

    first, second = found
    assert (first.pop("Revision"), second.pop("Revision")) == ("1", "2")
    assert first == second


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            ContainerSecret.from_secrets_manager,
            r"secret must be an ISecret such as secretsmanager\.Secret, not its value",
        ),
        (
            ContainerSecret.from_ssm_parameter,
            r"parameter must be an IParameter such as ssm\.StringParameter, not its value",
        ),
        (ContainerSecret, r"a secret must be one of ContainerSecret\.from_.* of a value"),
    ],
)
def test_refuses_a_value_in_place_of_where_it_is_kept_and_does_not_show_it(
    make: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=f"{message}.* of type 'str'") as refused:
        make("hunter2")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("field", ["", 7])
def test_refuses_a_field_that_is_no_text(stack: Stack, field: Any) -> None:
    secret = secretsmanager.Secret(stack, "Secret")

    with pytest.raises(ValueError, match=f"field must be a non-empty string, got {field!r}"):
        ContainerSecret.from_secrets_manager(secret, field)


def test_refuses_the_resource_of_a_secret_that_can_be_granted_nothing(stack: Stack) -> None:
    secret: Any = secretsmanager.CfnSecret(stack, "Secret")

    with pytest.raises(ValueError, match=r"an ISecret such as .* got a value of type 'CfnSecret'"):
        ContainerSecret.from_secrets_manager(secret)
