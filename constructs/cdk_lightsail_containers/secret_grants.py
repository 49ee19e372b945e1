"""What the function needs to read a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from .narrow_grantee import NarrowGrantee

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm


def grant_secret(secret: secretsmanager.ISecret, handler: iam.IGrantable) -> None:
    """Allow a handler to read a secret of AWS Secrets Manager."""
    secret.grant_read(NarrowGrantee(handler, {"secretsmanager:GetSecretValue": {}}))
    if secret.encryption_key is not None:
        # The CDK names the function in the key's policy, which a key from elsewhere has not from
        # this stack: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
        iam.Grant.add_to_principal(
            grantee=handler,
            actions=["kms:Decrypt"],
            resource_arns=[secret.encryption_key.key_arn],
            conditions=_only_through("secretsmanager", secret.env.region),
        )


def grant_parameter(parameter: ssm.IParameter, handler: iam.IGrantable) -> None:
    """Allow a handler to read a parameter of SSM, also one that is encrypted.

    In Python nothing but the CDK's own grant knows the key of a parameter from outside of the
    stack. See https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    """
    through_ssm = _only_through("ssm", parameter.env.region)
    parameter.grant_read(
        NarrowGrantee(handler, {"ssm:GetParameter": {}, "kms:Decrypt": through_ssm})
    )


def _only_through(service: str, region: str) -> Mapping[str, Mapping[str, str]]:
    """Return the condition that a key is used by a service on behalf of the function."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{region}.amazonaws.com"}}
