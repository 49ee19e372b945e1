"""The function behind the resources of a stack, and what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_lightsail_containers_handler.properties.rules import BEYOND_TIMEOUT_SECONDS

from .findings import acknowledge_role, acknowledge_runtime
from .handler_asset import ENTRY_POINT, handler_code
from .handler_rules import TIMEOUT_SECONDS, check_network, check_settings
from .role_size import check_role_size
from .stack_status import STACK_READS, may_read_stack
from .synthesis_check import SynthesisCheck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CustomResource

_SHARED_ID = "LightsailContainersHandler"


@jsii.implements(iam.IGrantable)
class Handler(Construct):
    """The function that carries out the resources of this library.

    A stack has one, made when it is first needed. Make one yourself, and hand it to the
    constructs, to choose its settings:

        handler = Handler(self, "Handler", memory_size=1024, vpc=vpc)
        ContainerImage(self, "Image", handler=handler, ...)

    It runs on Python 3.13, and keeps its log in a log group of the stack. AWS Lambda repeats a
    request whose function was killed or could not answer. It is allowed only what the stack's
    resources need, and whatever else is granted to it: `key.grant_decrypt(handler)`.

    Every image and every deployment adds a policy to its role, and those of a role may have 10,240
    characters: enough for about 15 deployments or images that are pushed, or 25 images that are
    only registered. What has more does not synthesize: make another for the rest. See
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's word
        *,
        architecture: lambda_.Architecture | None = None,
        log_retention: logs.RetentionDays | None = None,
        memory_size: int | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        timeout: Duration | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
    ) -> None:
        """Make the function, its role and its log group.

        Args:
            scope: the construct that this belongs to.
            id: the id within the scope.
            architecture: what the function itself runs on; it moves images of any. Default: arm64.
            log_retention: how long its log is kept. Default: one month.
            memory_size: MiB, 128 to 10240. Default: 512.
            security_groups: those of the function in a VPC. Default: one of its own.
            timeout: how long one invocation may take, 1 to 15 minutes in whole seconds.
                CloudFormation waits for twice as long and a minute, as AWS Lambda may repeat it;
                for an image that is pushed it waits an hour, and the function goes on in another
                invocation. Default: 15 minutes.
            vpc: the VPC to run in; it needs a way to Lightsail's public endpoint, such as a NAT
                gateway, for Lightsail has no interface endpoint, and to where the images come
                from. Default: none.
            vpc_subnets: which subnets of the VPC. Default: the private ones.

        Raises:
            ValueError: a value is of another type or out of its range, names subnets or security
                groups without a VPC, or is a VPC that has public subnets alone.
        """
        memory_size = 512 if memory_size is None else memory_size
        timeout = Duration.minutes(15) if timeout is None else timeout
        check_settings(
            architecture=architecture,
            log_retention=log_retention,
            memory_size=memory_size,
            timeout=timeout,
        )
        check_network(vpc=vpc, vpc_subnets=vpc_subnets, security_groups=security_groups)
        super().__init__(scope, id)

        spare = _longest_wait(timeout)
        log_group = logs.LogGroup(
            self,
            "LogGroup",
            retention=log_retention or logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
            description="What the function of cdk-lightsail-containers may do",
        )
        """The role of the function."""
        # Not AWSLambdaBasicExecutionRole: that may write to every log group of the account.
        log_group.grant_write(self.role)
        self.role.add_to_policy(may_read_stack(self, STACK_READS))
        if vpc is not None:
            self._allow_network_interfaces()
        self.function = lambda_.Function(
            self,
            "Function",
            architecture=architecture or lambda_.Architecture.ARM_64,
            code=handler_code(),
            description="Carries out the resources of cdk-lightsail-containers",
            handler=ENTRY_POINT,
            log_group=log_group,
            # All that CloudFormation waits beyond the timeout: a request that waited longer could
            # register an image after it was given up.
            max_event_age=spare,
            memory_size=memory_size,
            # Only a request that was not answered raises or is cut off, and to repeat it finds what
            # was done: without that the stack would wait for its whole time, and what was
            # registered would be nobody's.
            retry_attempts=2,
            role=self.role,
            runtime=lambda_.Runtime.PYTHON_3_13,
            security_groups=security_groups,
            timeout=timeout,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
        )
        """The function itself."""
        # The CDK has every function depend on its role, also where it refers to it anyway.
        cast("lambda_.CfnFunction", self.function.node.default_child).add_metadata(
            "cfn-lint", {"config": {"ignore_checks": ["W3005"]}}
        )
        acknowledge_runtime(self.function)
        self.service_timeout = Duration.hours(1) if timeout.is_unresolved() else timeout.plus(spare)
        """How long CloudFormation waits for an answer that one invocation gives."""
        self.hand_over_timeout = Duration.hours(1)
        """How long CloudFormation waits, at most, where one invocation hands over to the next."""
        self._policies: list[iam.Policy] = []
        self.node.add_validation(SynthesisCheck(self._check_role))

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The function's role, to grant permissions to."""
        return cast("iam.IPrincipal", self.role)

    @classmethod
    def shared(cls, scope: Construct) -> Handler:
        """Return the one handler that the constructs of a stack share by default."""
        stack = Stack.of(scope)
        existing = stack.node.try_find_child(_SHARED_ID)
        return cast("Handler", existing) if existing else cls(stack, _SHARED_ID)

    def precede(self, resource: CustomResource) -> None:
        """Have a resource wait until this function is as it should be.

        A reference to the function waits for the function and its role, but not for the resource
        of its own that sets how AWS Lambda repeats it.
        """
        resource.node.add_dependency(self.function.node.find_child("EventInvokeConfig"))

    def attach(self, policy: iam.Policy) -> None:
        """Allow the function what a policy allows, for one of the resources that it carries out."""
        policy.attach_to_role(self.role)
        self._policies.append(policy)

    def _check_role(self) -> None:
        of_its_own = (one for one in self.role.node.find_all() if isinstance(one, iam.Policy))
        check_role_size([*self._policies, *of_its_own])

    def _allow_network_interfaces(self) -> None:
        # What a function in a VPC needs, instead of a managed policy that also allows logs:
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "ec2:CreateNetworkInterface",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSubnets",
                    "ec2:DeleteNetworkInterface",
                    "ec2:AssignPrivateIpAddresses",
                    "ec2:UnassignPrivateIpAddresses",
                ],
                resources=["*"],
                # AWS Lambda itself does it, and never the code of the function, whose calls say
                # of which function they are:
                # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
                conditions={"Null": {"lambda:SourceFunctionArn": "true"}},
            )
        )
        acknowledge_role(self.role)


def _longest_wait(timeout: Duration) -> Duration:
    """Return how old a request may be when the function begins it.

    AWS Lambda repeats what was killed a minute later, and a second time after two more. What ran
    into its timeout was answered shortly before, so that is never repeated: it would be older.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    seconds = TIMEOUT_SECONDS[0] if timeout.is_unresolved() else int(timeout.to_seconds())
    return Duration.seconds(seconds + BEYOND_TIMEOUT_SECONDS)
