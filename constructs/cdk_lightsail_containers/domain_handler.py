"""The function behind the certificates and DNS records of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from ._handler.acknowledgements import acknowledge_domains
from ._handler.asset import DOMAINS
from .handler import Handler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from ._handler.asset import FunctionCode


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class DomainHandler(Handler):
    """The AWS Lambda function that validates certificates and writes DNS records.

    It is another function than the one for images, with a role of its own: this one may change
    records of a zone, and that one may not. A stack creates one when it first needs it. To choose
    its settings, create it yourself under its `SHARED_ID`, or pass another one to
    `CertificateValidation`. It takes the same arguments as a `Handler`.
    """

    _code: ClassVar[FunctionCode] = DOMAINS
    SHARED_ID: ClassVar[str] = "LightsailDomainsHandler"
    """The id, in the stack itself, of the handler that domains share by default."""

    def allow_zone(
        self,
        scope: Construct,
        name: str,
        statements: Sequence[iam.PolicyStatement],
    ) -> iam.Policy:
        """Add a policy to the function's role that exists as long as a resource needs it.

        Args:
            scope: the construct of the resource.
            name: another one for another zone or certificate, so that a resource that moves keeps
                the policy for the old one until it is deleted.
            statements: what the function does there.
        """
        reads = ("cloudformation:ListStackResources",)
        policy = self._add_policy(scope, name, statements, stack_reads=reads, hands_over=True)
        acknowledge_domains(policy)
        return policy
