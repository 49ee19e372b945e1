"""The function behind the resources of a stack, and its permissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, cast
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import (
    CrossStackReferences,
    Duration,
    ReferenceStrength,
    RemovalPolicy,
    Stack,
)
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_lightsail_containers_handler.properties.rules import (
    check_number,
)

from ._checks import (
    SynthesisCheck,
    check_place,
    check_seconds,
    errors_in,
    is_same_stack,
    is_token,
    new_path,
    service_name_of,
)
from ._handler.acknowledgements import (
    acknowledge_every_service,
    acknowledge_lightsail,
    acknowledge_role,
    acknowledge_runtime,
)
from ._handler.asset import IMAGES, handler_code
from ._handler.grantees import PolicyGrantee
from ._handler.metric_options import MetricOptions
from ._handler.policies import (
    STACK_READS,
    check_role_size,
    invoke,
    network_interfaces,
    policy_name,
    read_stack,
)
from ._handler.settings import (
    MEMORY_MIB,
    MOST_EXECUTIONS,
    TIMEOUT_SECONDS,
    TRACES,
    check_environment,
    check_has,
    check_network,
    check_type,
    longest_wait,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self, Unpack

    from aws_cdk import CustomResource
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk.interfaces.aws_lightsail import IContainerRef

    from ._handler.asset import FunctionCode
    from ._handler.policies import Permissions

# Of each role: handlers may share one.
_policies: WeakKeyDictionary[iam.IRole, list[iam.Policy]] = WeakKeyDictionary()


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class Handler(Construct):
    """The AWS Lambda function that carries out the resources of this library.

    A stack creates one with the default settings when it first needs it. To choose its settings,
    create it yourself, before the constructs that share it:

        Handler(self, Handler.SHARED_ID, memory_size=1024, vpc=vpc)
        ContainerImage(self, "Image", ...)

    In a stack that is deployed already, this updates the function in place.

    Parts of a stack that need different settings each pass a handler of their own as `handler`.
    CloudFormation does not let a deployed resource change its function, `Modifying service token is
    not allowed`: give the image or deployment a new id, too. The new resource takes the image over.

    The function runs on Python 3.13 and writes to a log group of the stack. AWS Lambda repeats a
    request if the function was killed or could not answer. The function has only the permissions
    that the stack's resources need. You can grant it more: `key.grant_decrypt(handler)`. Its
    `node.default_child` is the `CfnFunction`.

    Every image and deployment adds a policy to the function's role. The policies of a role have
    10,240 characters together: enough for about 15 deployments or pushed images, or 25 images that
    are only registered. Beyond that, synthesis fails: create another handler for the rest. See
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """

    SHARED_ID: ClassVar[str] = "LightsailContainersHandler"
    """The id, in the stack itself, of the handler that constructs share by default."""

    _code: ClassVar[FunctionCode] = IMAGES

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        architecture: lambda_.Architecture | None = None,
        environment: Mapping[str, str] | None = None,
        log_group: logs.ILogGroup | None = None,
        log_retention: logs.RetentionDays | None = None,
        memory_size: int | None = None,
        reserved_concurrent_executions: int | None = None,
        role: iam.IRole | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        timeout: Duration | None = None,
        tracing: lambda_.Tracing | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
    ) -> None:
        """Create the function, its role and its log group.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            architecture: the processor of the function itself. It can move images for any other.
                Default: arm64.
            environment: a mapping of name to string: environment variables of the function itself,
                such as `HTTPS_PROXY`, `http://[user:password@]host[:port]`, and `NO_PROXY`. No
                secrets: everyone who may read the template or the function's configuration sees
                them. The function reads the secrets of containers and registries by itself.
                Default: none.
            log_group: the log group to write to. Default: a new one, deleted with the stack.
            log_retention: how long the new log group keeps a line. Default: one month.
            memory_size: MiB, 128 to 10240. Default: 512.
            reserved_concurrent_executions: how many resources the function works on at once, taken
                from the limit of the account. At least 1; set it to the number of images that a
                deploy pushes. AWS Lambda drops a request that has waited a minute longer than the
                timeout, and the stack fails an hour later. Default: no limit of its own.
            role: the function's role, which AWS Lambda must be allowed to assume. The constructs
                add policies to it. Default: a new one.
            security_groups: the security groups of a function in a VPC. Default: a new one.
            timeout: the longest time of one invocation, 1 to 15 minutes in whole seconds.
                CloudFormation waits twice as long plus a minute, because AWS Lambda may repeat the
                request. For a deployment or a pushed image it waits an hour, and the function
                continues in another invocation. Default: 15 minutes.
            tracing: whether AWS X-Ray traces the function. Default: it does not.
            vpc: the VPC to run in. It must reach Lightsail's public endpoint, for example through a
                NAT gateway (Lightsail has no interface endpoint), and the registries of the
                images. Default: none.
            vpc_subnets: the subnets of the VPC. Default: the private ones.

        Raises:
            ValueError: a value has the wrong type or is out of range, a variable is secret, the
                scope has another construct of this id, there are both a log group and a retention,
                there are subnets or security groups but no VPC, or the VPC has only public subnets.
        """
        with errors_in(_new_path(scope, id, self.SHARED_ID)):
            memory_size = 512 if memory_size is None else memory_size
            timeout = Duration.minutes(15) if timeout is None else timeout
            check_type(
                architecture, "architecture", lambda_.Architecture, "an aws_lambda.Architecture"
            )
            check_type(
                log_retention, "log_retention", logs.RetentionDays, "one of aws_logs.RetentionDays"
            )
            if not is_token(memory_size):
                check_number(memory_size, "memory_size, in MiB,", *MEMORY_MIB)
            check_seconds(timeout, "timeout", *TIMEOUT_SECONDS)
            check_type(tracing, "tracing", lambda_.Tracing, "one of aws_lambda.Tracing")
            check_environment(scope, {} if environment is None else environment)
            check_has(log_group, "log_group", "log_group_arn", "an ILogGroup such as logs.LogGroup")
            if log_group is not None and log_retention is not None:
                rule = "log_retention must not be set beside log_group"
                raise ValueError(f"{rule}, got {log_retention.name}: set it on the log group")
            check_has(role, "role", "role_arn", "an IRole such as iam.Role")
            if reserved_concurrent_executions is not None and not is_token(
                reserved_concurrent_executions
            ):
                # With 0 the function would never run, and CloudFormation would wait in vain.
                check_number(
                    reserved_concurrent_executions,
                    "reserved_concurrent_executions",
                    1,
                    MOST_EXECUTIONS,
                )
            check_network(vpc=vpc, vpc_subnets=vpc_subnets, security_groups=security_groups)
        super().__init__(scope, id)

        spare = longest_wait(timeout)
        self.log_group: logs.ILogGroup = log_group or logs.LogGroup(
            self,
            "LogGroup",
            retention=log_retention or logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        """The function's log group."""
        self.role: iam.IRole = role or iam.Role(
            self,
            "Role",
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
            description=self._code.role_description,
        )
        """The function's role."""
        grantee = PolicyGrantee(self, self.role, is_function=True)
        # AWSLambdaBasicExecutionRole would allow to write to every log group of the account.
        self.log_group.grant_write(grantee)
        grantee.add_to_principal_policy(read_stack(self, STACK_READS))
        if vpc is not None:
            grantee.add_to_principal_policy(network_interfaces())
        if role is None and tracing in TRACES:
            acknowledge_role(self.role)
        with handler_code(self, self._code) as content:
            self.function = lambda_.Function(
                self,
                "Function",
                architecture=architecture or lambda_.Architecture.ARM_64,
                code=content,
                description=self._code.description,
                environment=environment,
                handler=self._code.entry_point,
                log_group=self.log_group,
                # As long as CloudFormation waits beyond the timeout: an older request could
                # register an image after CloudFormation has given up.
                max_event_age=spare,
                memory_size=memory_size,
                reserved_concurrent_executions=reserved_concurrent_executions,
                # The function fails only if it could not answer. A repeated request finds what the
                # first one did. Without the retries the stack would wait until its timeout, and no
                # resource would own the image that was registered.
                retry_attempts=2,
                role=cast("iam.IRole", self.role),
                runtime=lambda_.Runtime.PYTHON_3_13,
                security_groups=security_groups,
                timeout=timeout,
                tracing=tracing,
                vpc=vpc,
                vpc_subnets=vpc_subnets,
            )
            """The function."""
        resource = cast("lambda_.CfnFunction", self.function.node.default_child)
        self.node.default_child = resource
        # A resource cannot even be deleted without its function. Only a strong reference keeps the
        # function's stack while another one uses it, and new apps of the CDK have weak ones.
        CrossStackReferences.of(self).produce(ReferenceStrength.STRONG)
        # The CDK adds a dependency on the role to every function, although it refers to it anyway.
        resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3005"]}})
        acknowledge_runtime(self.function)
        self.service_timeout = Duration.hours(1) if timeout.is_unresolved() else timeout.plus(spare)
        """How long CloudFormation waits for a resource that takes one invocation."""
        self.hand_over_timeout = Duration.hours(1)
        """How long CloudFormation waits for a resource that may take several invocations."""
        if grantee.statements:
            policy = iam.Policy(self, "Policy", statements=grantee.statements)
            self._attach(policy)
            # A function in a VPC is created only if it may create network interfaces.
            self.function.node.add_dependency(policy)
            acknowledge_role(policy)
        self.node.add_validation(SynthesisCheck(lambda: self._check_again(environment or {})))

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The function's role, as the receiver of grants."""
        return cast("iam.IPrincipal", self.role)

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of a function in a VPC.

        Raises:
            ValueError: the function is not in a VPC.
        """
        if not self.function.is_bound_to_vpc:
            path = self.node.path
            raise ValueError(f"connections must be those of a handler with a vpc, got {path!r}")
        return self.function.connections

    def metric_duration(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the metric of how long invocations take, in milliseconds.

        Args:
            **options: those of `aws_lambda.Function.metric_duration`. Default: the average of five
                minutes.
        """
        return self.function.metric_duration(**options)

    def metric_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the metric of how many invocations were killed or could not answer.

        A resource that fails with an answer to CloudFormation is no error of an invocation.

        Args:
            **options: those of `aws_lambda.Function.metric_errors`. Default: the sum of five
                minutes.
        """
        return self.function.metric_errors(**options)

    def metric_invocations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the metric of how many invocations there were.

        Args:
            **options: those of `aws_lambda.Function.metric_invocations`. Default: the sum of five
                minutes.
        """
        return self.function.metric_invocations(**options)

    @classmethod
    def shared(cls, scope: Construct) -> Self:
        """Return the handler that the constructs of a stack share by default."""
        stack = Stack.of(scope)
        existing = stack.node.try_find_child(cls.SHARED_ID)
        check_handler(scope, existing, cls)
        return cast("Self", existing) if existing else cls(stack, cls.SHARED_ID)

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
        policy = self._add_policy(
            scope,
            service_id,
            [*permissions.on(arn), *grants],
            stack_reads=permissions.stack_reads,
            hands_over=permissions.hands_over,
        )
        acknowledge_lightsail(policy)
        if arn.endswith("/*"):
            acknowledge_every_service(policy)
        return policy

    def _add_policy(
        self,
        scope: Construct,
        name: str,
        statements: Sequence[iam.PolicyStatement],
        *,
        stack_reads: Sequence[str],
        hands_over: bool,
    ) -> iam.Policy:
        """Add a policy of a resource's construct to the function's role."""
        needed = [*statements]
        if hands_over:
            needed.append(invoke(self.function.function_arn))
        if not is_same_stack(scope, self.role):
            needed.append(read_stack(scope, [*STACK_READS, *stack_reads]))
        elif stack_reads:
            # The role's own policy contains an equal statement only once.
            self.role.add_to_principal_policy(read_stack(scope, stack_reads))
        policy = iam.Policy(
            scope,
            f"Policy-{name}",
            policy_name=policy_name(name, scope),
            statements=needed,
        )
        self._attach(policy)
        return policy

    def _attach(self, policy: iam.Policy) -> None:
        """Attach a policy to the role, unless that is one that is not to be changed."""
        self.role.attach_inline_policy(policy)
        _policies.setdefault(self.role, []).append(policy)

    def allow_more(self, policy: iam.Policy, statements: Sequence[iam.PolicyStatement]) -> None:
        """Add statements to a policy of a resource's construct."""
        policy.add_statements(*statements)
        # A role that others create has received the statements that there were.
        self.role.attach_inline_policy(policy)

    def add_dependency_of(self, resource: CustomResource) -> None:
        """Make a resource wait for all parts of the function.

        A reference to the function waits for the function and its role, but not for the settings
        of its retries, which are a resource of their own.
        """
        resource.node.add_dependency(self.function.node.find_child("EventInvokeConfig"))

    def _check_again(self, environment: Mapping[str, str]) -> None:
        """Check at synthesis what was not known before, and all policies together."""
        check_environment(self, environment, is_synthesis=True)
        own = (one for one in self.role.node.find_all() if isinstance(one, iam.Policy))
        check_role_size([*_policies.get(self.role, ()), *own])


def _new_path(scope: object, construct_id: object, shared_id: str) -> str:
    """Return the path of a new handler after a check that it can be there."""
    if construct_id == shared_id and isinstance(scope, Stack):
        existing = scope.node.try_find_child(shared_id)
        if existing is not None:
            raise ValueError(
                f"handler {existing.node.path!r} already exists: create it once, before the "
                "constructs that share it"
            )
    return new_path(scope, construct_id)


def check_handler(scope: Construct, handler: object, kind: type[Handler] = Handler) -> None:
    """Check that a handler, if there is one, is of a kind and of the stack's account and Region."""
    if handler is None:
        return
    # What a kind of handler can do is its code: that of a kind of its own is another one's.
    if not isinstance(handler, kind) or handler._code != kind._code:  # noqa: SLF001 - our own class
        raise ValueError(f"handler must be a {kind.__name__}, got {handler!r}")
    check_place(scope, handler, Stack.of(handler), "handler")
