"""The function behind the resources of a stack, and its permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_lightsail_containers_handler.properties.rules import (
    BEYOND_TIMEOUT_SECONDS,
    check_number,
    show,
)

from ._checks import SynthesisCheck, check_seconds, is_same_stack, is_token
from ._handler.acknowledgements import (
    acknowledge_every_service,
    acknowledge_lightsail,
    acknowledge_role,
    acknowledge_runtime,
)
from ._handler.asset import ENTRY_POINT, handler_code
from ._handler.policies import (
    STACK_READS,
    check_role_size,
    invoke,
    network_interfaces,
    read_stack,
)
from .container_service import check_place, service_name_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import UnionType

    from aws_cdk import CustomResource
    from aws_cdk.interfaces.aws_lightsail import IContainerRef

    from ._handler.policies import Permissions

_SHARED_ID = "LightsailContainersHandler"
_TIMEOUT_SECONDS = (60, 900)
_MEMORY_MIB = (128, 10240)


@jsii.implements(iam.IGrantable)
class Handler(Construct):
    """The AWS Lambda function that carries out the resources of this library.

    A stack creates one when it first needs it. To choose its settings, create one yourself and pass
    it to the constructs:

        handler = Handler(self, "Handler", memory_size=1024, vpc=vpc)
        ContainerImage(self, "Image", handler=handler, ...)

    The function runs on Python 3.13 and writes to a log group of the stack. AWS Lambda repeats a
    request if the function was killed or could not answer. The function has only the permissions
    that the stack's resources need. You can grant it more: `key.grant_decrypt(handler)`.

    Every image and deployment adds a policy to the function's role. The policies of a role have
    10,240 characters together: enough for about 15 deployments or pushed images, or 25 images that
    are only registered. Beyond that, synthesis fails: create another handler for the rest. See
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
        """Create the function, its role and its log group.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            architecture: the processor of the function itself. It can move images for any other.
                Default: arm64.
            log_retention: how long the log is kept. Default: one month.
            memory_size: MiB, 128 to 10240. Default: 512.
            security_groups: the security groups of a function in a VPC. Default: a new one.
            timeout: the longest time of one invocation, 1 to 15 minutes in whole seconds.
                CloudFormation waits twice as long plus a minute, because AWS Lambda may repeat the
                request. For a deployment or a pushed image it waits an hour, and the function
                continues in another invocation. Default: 15 minutes.
            vpc: the VPC to run in. It must reach Lightsail's public endpoint, for example through a
                NAT gateway (Lightsail has no interface endpoint), and the registries of the
                images. Default: none.
            vpc_subnets: the subnets of the VPC. Default: the private ones.

        Raises:
            ValueError: a value has the wrong type or is out of range, there are subnets or security
                groups but no VPC, or the VPC has only public subnets.
        """
        memory_size = 512 if memory_size is None else memory_size
        timeout = Duration.minutes(15) if timeout is None else timeout
        _check_type(
            architecture, "architecture", lambda_.Architecture, "an aws_lambda.Architecture"
        )
        _check_type(
            log_retention, "log_retention", logs.RetentionDays, "one of aws_logs.RetentionDays"
        )
        if not is_token(memory_size):
            check_number(memory_size, "memory_size, in MiB,", *_MEMORY_MIB)
        check_seconds(timeout, "timeout", *_TIMEOUT_SECONDS)
        _check_network(vpc=vpc, vpc_subnets=vpc_subnets, security_groups=security_groups)
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
        """The function's role."""
        # AWSLambdaBasicExecutionRole would allow to write to every log group of the account.
        log_group.grant_write(self.role)
        self.role.add_to_policy(read_stack(self, STACK_READS))
        if vpc is not None:
            self.role.add_to_policy(network_interfaces())
            acknowledge_role(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            architecture=architecture or lambda_.Architecture.ARM_64,
            code=handler_code(self),
            description="Carries out the resources of cdk-lightsail-containers",
            handler=ENTRY_POINT,
            log_group=log_group,
            # As long as CloudFormation waits beyond the timeout: an older request could register an
            # image after CloudFormation has given up.
            max_event_age=spare,
            memory_size=memory_size,
            # The function fails only if it could not answer. A repeated request finds what the
            # first one did. Without the retries the stack would wait until its timeout, and no
            # resource would own the image that was registered.
            retry_attempts=2,
            role=self.role,
            runtime=lambda_.Runtime.PYTHON_3_13,
            security_groups=security_groups,
            timeout=timeout,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
        )
        """The function."""
        # The CDK adds a dependency on the role to every function, although it refers to it anyway.
        cast("lambda_.CfnFunction", self.function.node.default_child).add_metadata(
            "cfn-lint", {"config": {"ignore_checks": ["W3005"]}}
        )
        acknowledge_runtime(self.function)
        self.service_timeout = Duration.hours(1) if timeout.is_unresolved() else timeout.plus(spare)
        """How long CloudFormation waits for a resource that takes one invocation."""
        self.hand_over_timeout = Duration.hours(1)
        """How long CloudFormation waits for a resource that may take several invocations."""
        self._policies: list[iam.Policy] = []
        self.node.add_validation(SynthesisCheck(self._check_role))

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The function's role, as the receiver of grants."""
        return cast("iam.IPrincipal", self.role)

    @classmethod
    def shared(cls, scope: Construct) -> Handler:
        """Return the handler that the constructs of a stack share by default."""
        stack = Stack.of(scope)
        existing = stack.node.try_find_child(_SHARED_ID)
        return cast("Handler", existing) if existing else cls(stack, _SHARED_ID)

    def allow(
        self,
        scope: Construct,
        service: IContainerRef,
        permissions: Permissions,
        *,
        grants: Sequence[iam.PolicyStatement],
    ) -> iam.Policy:
        """Add a policy to the function's role that exists as long as a resource needs it.

        CloudFormation deletes a resource after it has updated the rest of the stack. A shared
        policy would already have lost the permissions for it. A policy of the resource's own
        construct is deleted after the resource that depends on it.

        Args:
            scope: the construct of the resource.
            service: the container service.
            permissions: what the function does there.
            grants: further statements, to read a source or secrets.
        """
        name = service_name_of(service)
        # A resource that moves to another service still needs the policy for the old one. So the id
        # contains the service: another service is another policy.
        service_id = service.node.addr if is_token(name) else name
        arn = service.container_ref.container_arn
        statements = [*permissions.on(arn), *grants]
        if permissions.hands_over:
            statements.append(invoke(self.function.function_arn))
        if not is_same_stack(scope, self):
            statements.append(read_stack(scope, [*STACK_READS, *permissions.stack_reads]))
        elif permissions.stack_reads:
            # The role's own policy contains an equal statement only once.
            self.role.add_to_policy(read_stack(scope, permissions.stack_reads))
        policy = iam.Policy(
            scope,
            f"Policy-{service_id}",
            # The default, the logical id, is not unique among the stacks that share the role.
            policy_name=f"{service_id}-{scope.node.addr}",
            statements=statements,
        )
        # After the statements: an imported role receives them when it is attached.
        policy.attach_to_role(self.role)
        self._policies.append(policy)
        acknowledge_lightsail(policy)
        if arn.endswith("/*"):
            acknowledge_every_service(policy)
        return policy

    def add_dependency_of(self, resource: CustomResource) -> None:
        """Make a resource wait for all parts of the function.

        A reference to the function waits for the function and its role, but not for the settings
        of its retries, which are a resource of their own.
        """
        resource.node.add_dependency(self.function.node.find_child("EventInvokeConfig"))

    def _check_role(self) -> None:
        own = (one for one in self.role.node.find_all() if isinstance(one, iam.Policy))
        check_role_size([*self._policies, *own])


def check_handler(scope: Construct, handler: object) -> None:
    """Check that a handler, if there is one, is a Handler of the stack's account and Region."""
    if handler is None:
        return
    if not isinstance(handler, Handler):
        raise ValueError(f"handler must be a Handler, got {handler!r}")  # noqa: TRY004 - one kind of error for a user
    check_place(scope, handler, "handler")


def _longest_wait(timeout: Duration) -> Duration:
    """Return the greatest age of a request when the function starts it.

    AWS Lambda repeats a killed invocation after one minute, and again after two more. An invocation
    that reached its timeout has answered shortly before, so it needs no repetition.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    seconds = _TIMEOUT_SECONDS[0] if timeout.is_unresolved() else int(timeout.to_seconds())
    return Duration.seconds(seconds + BEYOND_TIMEOUT_SECONDS)


def _check_network(*, vpc: object, vpc_subnets: object, security_groups: object) -> None:
    """Check that a function in a VPC has private subnets."""
    if vpc is None:
        if vpc_subnets is not None or security_groups is not None:
            raise ValueError("vpc_subnets and security_groups need a vpc, got none")
        return
    if not hasattr(vpc, "vpc_id"):
        raise ValueError(f"vpc must be an IVpc such as ec2.Vpc, got {show(vpc)}")
    _check_type(
        vpc_subnets, "vpc_subnets", ec2.SubnetSelection | dict, "an aws_ec2.SubnetSelection"
    )
    # A function in a public subnet reaches nothing outside the VPC.
    if vpc_subnets is None and cast("ec2.IVpc", vpc).select_subnets().has_public:
        path = cast("ec2.IVpc", vpc).node.path
        raise ValueError(f"vpc must have private subnets, got {path!r}, which has only public ones")
    if getattr(vpc_subnets, "subnet_type", None) is ec2.SubnetType.PUBLIC:
        raise ValueError("vpc_subnets must be private, got SubnetType.PUBLIC")
    if security_groups is not None and not _are_security_groups(security_groups):
        rule = "security_groups must be a list of ISecurityGroups such as ec2.SecurityGroup"
        raise ValueError(f"{rule}, got {show(security_groups)}")


def _are_security_groups(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        hasattr(group, "security_group_id") for group in value
    )


def _check_type(value: object, what: str, kind: type | UnionType, shown: str) -> None:
    if value is not None and not isinstance(value, kind):
        raise ValueError(f"{what} must be {shown}, got {show(value)}")
