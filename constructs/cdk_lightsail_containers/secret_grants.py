"""What the function needs to read a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm

    from .handler import Handler


def grant_secret(secret: secretsmanager.ISecret, handler: Handler) -> None:
    """Allow a handler to read a secret of AWS Secrets Manager."""
    secret.grant_read(handler)
    if secret.encryption_key is not None:
        # The CDK names the function in the key's policy, which a key from elsewhere has not from
        # this stack: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
        iam.Grant.add_to_principal(
            grantee=handler,
            actions=["kms:Decrypt"],
            resource_arns=[secret.encryption_key.key_arn],
            conditions={
                "StringEquals": {
                    "kms:ViaService": f"secretsmanager.{secret.env.region}.amazonaws.com"
                }
            },
        )


def grant_parameter(parameter: ssm.IParameter, handler: Handler) -> None:
    """Allow a handler to read a parameter of SSM, also one that is encrypted.

    The grant is the CDK's own, although it allows more than `ssm:GetParameter`: in Python nothing
    else knows the key of a parameter from outside of the stack.
    """
    parameter.grant_read(handler)
