"""Secrets that a template would hand to the function in the clear."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    CfnCondition,
    CfnOutput,
    CfnParameter,
    CfnResource,
    Fn,
    IStableStringProducer,
    Lazy,
    NestedStack,
    SecretValue,
    Stack,
    Token,
)
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import cloudformation_include as include
from aws_cdk.assertions import Template

from cdk_lightsail_containers import (
    Container,
    ContainerSecret,
    ContainerService,
    ContainerWebService,
    HealthCheck,
    ImageSource,
    PublicEndpoint,
)
from stacks import DIGEST, Text, deployed, deployment_in, image_in, only

DEFAULT = "hunter2"
NO_ECHO = r"must not be a secret, got NoEcho parameter 'Password': pass it in `secrets=`"


def hidden(scope: Stack) -> CfnParameter:
    """A parameter whose value CloudFormation does not show."""
    return CfnParameter(scope, "Password", no_echo=True, default=DEFAULT)


def shown(scope: Stack, name: str = "Mode") -> CfnParameter:
    return CfnParameter(scope, name, default="live")


def named(stack: Stack, value: Any) -> Any:
    """A value that names the parameter, which is there."""
    hidden(stack)
    return value


def condition(stack: Stack) -> str:
    return CfnCondition(stack, "C", expression=Fn.condition_equals("a", "b")).logical_id


def included(stack: Stack, folder: Path, **changes: Any) -> CfnParameter:
    """The parameter of a template that is included."""
    password = {"Type": "String", "NoEcho": True}
    topic = {"Type": "AWS::SNS::Topic"}
    file = folder / "included.json"
    file.write_text(
        json.dumps({"Parameters": {"Password": password}, "Resources": {"Topic": topic}})
    )
    template = include.CfnInclude(stack, "Included", template_file=str(file), **changes)
    return template.get_parameter("Password")


WAYS: dict[str, Callable[[Stack], Any]] = {
    "itself": lambda stack: hidden(stack).value_as_string,
    "its value": lambda stack: hidden(stack).value,
    "the parameter": hidden,
    "in a URL": lambda stack: f"postgres://app:{hidden(stack).value_as_string}@db/app",
    "ref": lambda stack: named(stack, Fn.ref("Password")),
    "sub": lambda stack: named(stack, Fn.sub("a-${Password}")),
    "sub with a map": lambda stack: Fn.sub("a-${b}", {"b": hidden(stack).value_as_string}),
    "sub beside a map": lambda stack: named(stack, Fn.sub("${b}${Password}", {"b": "c"})),
    "join": lambda stack: Fn.join("-", ["a", hidden(stack).value_as_string]),
    "select and split": lambda stack: Fn.select(
        1, Fn.split(",", hidden(stack).value_as_string, assumed_length=2)
    ),
    "base64": lambda stack: Fn.base64(hidden(stack).value_as_string),
    "condition": lambda stack: Fn.condition_if(
        condition(stack), "x", hidden(stack).value_as_string
    ).to_string(),
    "JSON": lambda stack: stack.to_json_string({"password": hidden(stack).value_as_string}),
    "token of a token": lambda stack: Token.as_string(Token.as_any(hidden(stack).value)),
    "lazy": lambda stack: Lazy.string(Text(hidden(stack).value_as_string)),
    "unwrapped": lambda stack: SecretValue.cfn_parameter(hidden(stack)).unsafe_unwrap(),
    "secret value to string": lambda stack: SecretValue.cfn_parameter(hidden(stack)).to_string(),
    "list": lambda stack: Fn.join(
        ",",
        CfnParameter(
            stack, "Password", type="CommaDelimitedList", no_echo=True, default=DEFAULT
        ).value_as_list,
    ),
    "value of SSM": lambda stack: (
        CfnParameter(
            stack, "Password", type="AWS::SSM::Parameter::Value<String>", no_echo=True
        ).value_as_string
    ),
}


# These may hold a `Lazy`, which must not be asked before the app is complete.
AT_SYNTHESIS = {"join", "condition", "JSON", "lazy", "list"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["environment", "command"])
def test_a_no_echo_parameter_is_refused_however_it_is_written(
    stack: Stack, way: str, place: str
) -> None:
    value = WAYS[way](stack)
    changes: dict[str, Any] = {"environment": {"A": value}, "command": ["run", value]}
    web = Container(image="nginx", **{place: changes[place]})

    if way in AT_SYNTHESIS:
        deployment_in(stack, containers={"web": web})
        with pytest.raises(RuntimeError, match=NO_ECHO) as refused:
            deployed(stack)
    else:
        with pytest.raises(ValueError, match=NO_ECHO) as refused:
            deployment_in(stack, containers={"web": web})

    assert DEFAULT not in str(refused.value)


def test_a_list_that_is_a_no_echo_parameter_is_no_command(stack: Stack) -> None:
    words = CfnParameter(stack, "Password", type="CommaDelimitedList", no_echo=True)

    with pytest.raises(ValueError, match=NO_ECHO):
        deployment_in(
            stack, containers={"web": Container(image="nginx", command=words.value_as_list)}
        )


def test_a_secret_value_of_a_parameter_is_refused_where_it_is_passed(stack: Stack) -> None:
    value: Any = SecretValue.cfn_parameter(hidden(stack))

    with pytest.raises(ValueError, match="must not be a secret, got a SecretValue: pass it in"):
        Container(image="nginx", environment={"A": value})


def test_a_web_service_refuses_a_no_echo_parameter(stack: Stack) -> None:
    value = hidden(stack).value_as_string

    with pytest.raises(ValueError, match=NO_ECHO):
        ContainerWebService(
            stack,
            "Site",
            service_name="site",
            port=80,
            source=ImageSource.from_digest(DIGEST),
            environment={"A": value},
        )


def test_a_parameter_that_hides_its_value_only_later_is_refused_at_synthesis(stack: Stack) -> None:
    parameter = shown(stack, "Password")
    deploy(stack, parameter.value_as_string)
    parameter.no_echo = True

    with pytest.raises(RuntimeError, match=rf"\[Stack/Deployment\] environment\['A'\] {NO_ECHO}"):
        deployed(stack)


def test_a_parameter_that_is_made_later_is_refused_at_synthesis(stack: Stack) -> None:
    deploy(stack, Fn.ref("Password"))
    hidden(stack)

    with pytest.raises(RuntimeError, match=NO_ECHO):
        deployed(stack)


def test_a_parameter_with_a_logical_id_of_its_own_is_refused_by_that(stack: Stack) -> None:
    parameter = hidden(stack)
    parameter.override_logical_id("Token")

    with pytest.raises(ValueError, match="got NoEcho parameter 'Token'"):
        deploy(stack, parameter.value_as_string)


def test_a_parameter_of_an_included_template_is_refused(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=NO_ECHO):
        deploy(stack, included(stack, tmp_path).value_as_string)


def test_a_parameter_of_an_included_nested_stack_is_refused(stack: Stack, tmp_path: Path) -> None:
    nested = NestedStack(stack, "Nested")

    with pytest.raises(ValueError, match=NO_ECHO):
        deploy(nested, included(nested, tmp_path).value_as_string)


VISIBLE: dict[str, Callable[[Stack], Any]] = {
    "parameter": lambda stack: shown(stack).value_as_string,
    "another parameter is hidden": lambda stack: named(stack, shown(stack).value_as_string),
    "the account": lambda stack: named(stack, f"{stack.account} in {stack.region}"),
    "sub of a variable of the same name": lambda stack: named(
        stack, Fn.sub("${Password}", {"Password": "a"})
    ),
    "sub that is escaped": lambda stack: named(stack, Fn.sub("${!Password}")),
    "a string that looks like a sub": lambda stack: named(stack, "${Password}"),
    "ARN of a secret": lambda stack: secretsmanager.Secret(stack, "Secret").secret_arn,
    "id of an access key": lambda stack: iam.CfnAccessKey(stack, "Key", user_name="a").ref,
    "attribute": lambda stack: Fn.get_att("Service", "Url").to_string(),
    "output of a nested stack without a name": lambda stack: named(
        stack, Fn.get_att("Elsewhere", "Outputs.Password").to_string()
    ),
    "import from elsewhere": lambda _: Fn.import_value("elsewhere"),
    "output of a stack elsewhere": lambda _: Fn.get_stack_output("Elsewhere", "Password"),
}


@pytest.mark.parametrize("way", VISIBLE)
def test_what_may_be_seen_is_taken(stack: Stack, way: str) -> None:
    value = VISIBLE[way](stack)
    deploy(stack, value)

    given = deployed(stack)["Containers"]["web"]["Environment"]["A"]
    assert given == stack.resolve(value)


SECRET_ATTRIBUTES: dict[str, Callable[[Stack], Any]] = {
    "access key": lambda stack: iam.AccessKey(
        stack, "Key", user=iam.User.from_user_name(stack, "User", "a")
    ).secret_access_key.unsafe_unwrap(),
    "L1 access key": lambda stack: (
        iam.CfnAccessKey(stack, "Key", user_name="a").attr_secret_access_key
    ),
    "by its name": lambda _: Fn.get_att("Key", "SecretAccessKey").to_string(),
    "in a sub": lambda _: Fn.sub("${Key.SecretAccessKey}"),
    "as one string": lambda _: Token.as_string({"Fn::GetAtt": "Key.SecretAccessKey"}),
    "resource attribute": lambda stack: SecretValue.resource_attribute(
        iam.CfnAccessKey(stack, "Key", user_name="a").attr_secret_access_key
    ).unsafe_unwrap(),
    "client of a user pool": lambda stack: (
        cognito.CfnUserPoolClient(stack, "Client", user_pool_id="a").attr_client_secret
    ),
    "answer of a custom resource": lambda stack: (
        cognito.UserPool(stack, "Pool")
        .add_client("Client", generate_secret=True)
        .user_pool_client_secret.unsafe_unwrap()
    ),
}


@pytest.mark.parametrize("way", SECRET_ATTRIBUTES)
def test_an_attribute_that_is_a_secret_is_refused(stack: Stack, way: str) -> None:
    with pytest.raises(ValueError, match=r"must not be a secret, got attribute '[\w.]+' of '"):
        deploy(stack, SECRET_ATTRIBUTES[way](stack))


def test_a_secret_that_a_nested_stack_is_passed_is_refused(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    deploy(nested, hidden(stack).value_as_string)

    with pytest.raises(RuntimeError, match=rf"\[Stack/Nested/Deployment\] .* {NO_ECHO}"):
        only(stack, "AWS::CloudFormation::Stack")


def test_a_secret_that_a_nested_stack_is_passed_by_hand_is_refused(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    shown(nested, "Given")
    nested.set_parameter("Given", hidden(stack).value_as_string)

    with pytest.raises(ValueError, match=NO_ECHO):
        deploy(nested, Fn.ref("Given"))


def test_what_is_no_secret_is_passed_to_a_nested_stack(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    hidden(stack)
    deploy(nested, shown(stack).value_as_string)

    (given,) = only(stack, "AWS::CloudFormation::Stack")["Properties"]["Parameters"].values()
    assert given == {"Ref": "Mode"}


def test_a_parameter_of_a_nested_stack_itself_is_taken(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    deploy(nested, shown(nested).value_as_string)

    assert deployed(nested)["Containers"]["web"]["Environment"]["A"] == {"Ref": "Mode"}


def test_a_secret_that_a_nested_stack_hands_out_is_refused(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    deploy(stack, hidden(nested).value_as_string)

    with pytest.raises(RuntimeError, match=NO_ECHO):
        deployed(stack)


def test_what_a_nested_stack_hands_out_besides_a_secret_is_taken(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    CfnOutput(nested, "Secret", value=hidden(nested).value_as_string)
    deploy(stack, shown(nested).value_as_string)

    (name, attribute) = deployed(stack)["Containers"]["web"]["Environment"]["A"]["Fn::GetAtt"]
    assert name.startswith("Nested")
    assert attribute.startswith("Outputs.")


@pytest.mark.parametrize("strength", ["strong", "weak", "both"])
def test_a_secret_of_another_stack_is_refused(strength: str) -> None:
    app = App(context={"@aws-cdk/core:defaultCrossStackReferences": strength})
    exporting, importing = Stack(app, "Exporting"), Stack(app, "Importing")
    deploy(importing, hidden(exporting).value_as_string)

    with pytest.raises(RuntimeError, match=rf"\[Importing/Deployment\] .* {NO_ECHO}"):
        app.synth()


@pytest.mark.parametrize("strength", ["strong", "weak", "both"])
def test_what_is_no_secret_of_another_stack_is_taken(strength: str) -> None:
    app = App(context={"@aws-cdk/core:defaultCrossStackReferences": strength})
    exporting, importing = Stack(app, "Exporting"), Stack(app, "Importing")
    CfnOutput(exporting, "Secret", value=hidden(exporting).value_as_string, export_name="secret")
    deploy(importing, shown(exporting).value_as_string)

    (function,) = deployed(importing)["Containers"]["web"]["Environment"]["A"]
    assert function == ("Fn::ImportValue" if strength == "strong" else "Fn::GetStackOutput")


def test_a_secret_that_is_imported_by_the_name_of_its_export_is_refused() -> None:
    app = App()
    exporting, importing = Stack(app, "Exporting"), Stack(app, "Importing")
    CfnOutput(exporting, "Out", value=hidden(exporting).value_as_string, export_name="password")

    with pytest.raises(ValueError, match=NO_ECHO):
        deploy(importing, Fn.import_value("password"))


def image(**changes: Any) -> Callable[[Stack], Any]:
    return lambda stack: image_in(stack, **{name: of(stack) for name, of in changes.items()})


def secret_named(stack: Stack) -> secretsmanager.ISecret:
    return secretsmanager.Secret.from_secret_name_v2(stack, "S", hidden(stack).value_as_string)


PLACES: dict[str, tuple[str, Callable[[Stack], Any]]] = {
    "label": ("Label", image(label=lambda stack: hidden(stack).value_as_string)),
    "maximum": (
        "MaxVersions",
        image(
            max_versions=lambda stack: (
                CfnParameter(stack, "Password", type="Number", no_echo=True).value_as_number
            )
        ),
    ),
    "digest": (
        "Digest",
        image(source=lambda stack: ImageSource.from_digest(hidden(stack).value_as_string)),
    ),
    "image of a registry": (
        "Source",
        image(source=lambda stack: ImageSource.from_registry(hidden(stack).value_as_string)),
    ),
    "credentials": (
        "Source",
        image(
            source=lambda stack: ImageSource.from_registry(
                "ghcr.io/acme/web", credentials=secret_named(stack)
            )
        ),
    ),
    "revision of a source": (
        "Revision",
        image(
            source=lambda stack: ImageSource.from_registry(
                "nginx", revision=hidden(stack).value_as_string
            )
        ),
    ),
    "name of a service elsewhere": (
        "ServiceName",
        image(
            service=lambda stack: ContainerService.from_service_name(
                stack, "Service", hidden(stack).value_as_string
            )
        ),
    ),
    "name of a service of the stack": (
        "ServiceName",
        image(
            service=lambda stack: lightsail.CfnContainer(
                stack,
                "Service",
                service_name=hidden(stack).value_as_string,
                power="nano",
                scale=1,
            )
        ),
    ),
    "service of a deployment": (
        "ServiceName",
        lambda stack: deployment_in(
            stack,
            service=ContainerService.from_service_name(
                stack, "Service", hidden(stack).value_as_string
            ),
        ),
    ),
    "image of a container": (
        "Containers",
        lambda stack: deployment_in(
            stack, containers={"web": Container(image=hidden(stack).value_as_string)}
        ),
    ),
    "field of a secret": (
        "Containers",
        lambda stack: deployment_in(
            stack,
            containers={
                "web": Container(
                    image="nginx",
                    secrets={
                        "A": ContainerSecret.from_secrets_manager(
                            secretsmanager.Secret(stack, "Secret"), hidden(stack).value_as_string
                        )
                    },
                )
            },
        ),
    ),
    "path of a health check": (
        "PublicEndpoint",
        lambda stack: deployment_in(
            stack,
            containers={"web": Container(image="nginx", ports={80: "HTTP"})},
            public_endpoint=PublicEndpoint(
                container="web",
                port=80,
                health_check=HealthCheck(path=hidden(stack).value_as_string),
            ),
        ),
    ),
    "revision of a deployment": (
        "Revision",
        lambda stack: deployment_in(stack, revision=hidden(stack).value_as_string),
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_no_echo_parameter_is_refused_in_every_property(stack: Stack, place: str) -> None:
    name, build = PLACES[place]
    build(stack)

    rule = f"property {name} must not be a secret, got NoEcho parameter 'Password': events"
    with pytest.raises(RuntimeError, match=rule) as refused:
        Template.from_stack(stack)

    assert DEFAULT not in str(refused.value)


def test_a_dynamic_reference_that_is_joined_is_refused(stack: Stack) -> None:
    parts = ["{{resolve", "secretsmanager", shown(stack).value_as_string, "SecretString}}"]

    deploy(stack, Fn.join(":", parts))

    with pytest.raises(RuntimeError, match="must not be a secret, got a dynamic reference"):
        deployed(stack)


def test_a_secret_in_the_name_of_an_image_is_refused(stack: Stack) -> None:
    secret = SecretValue.secrets_manager("web").unsafe_unwrap()
    image_in(stack, source=ImageSource.from_registry(f"ghcr.io/acme/web:{secret}"))

    rule = "property Source must not be a secret, got a dynamic reference: events and logs"
    with pytest.raises(RuntimeError, match=rule):
        only(stack, "Custom::LightsailContainerImage")


def test_a_web_service_with_a_hidden_name_is_refused(stack: Stack) -> None:
    ContainerWebService(
        stack,
        "Site",
        service_name=hidden(stack).value_as_string,
        port=80,
        source=ImageSource.from_digest(DIGEST),
    )

    with pytest.raises(RuntimeError, match="property ServiceName must not be a secret"):
        deployed(stack)


def test_the_name_of_a_service_is_looked_up_in_the_stack_of_the_service() -> None:
    app = App()
    theirs, ours = Stack(app, "Theirs"), Stack(app, "Ours")
    service = lightsail.CfnContainer(
        theirs,
        "Service",
        service_name=shown(theirs, "Password").value_as_string,
        power="nano",
        scale=1,
    )
    hidden(ours)
    image_in(ours, service=service)

    assert "Label" in only(ours, "Custom::LightsailContainerImage")["Properties"]


def test_a_secret_that_cannot_be_read_yet_is_refused_at_synthesis(stack: Stack) -> None:
    asked = []

    @jsii.implements(IStableStringProducer)
    class Late:
        def produce(self) -> str:
            asked.append(1)
            return Fn.ref("Password")

    hidden(stack)
    deploy(stack, Lazy.string(Late()))
    assert not asked

    with pytest.raises(RuntimeError, match=NO_ECHO):
        deployed(stack)


def test_a_resource_of_the_name_of_a_hidden_parameter_elsewhere_is_none(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    hidden(nested)
    topic = CfnResource(stack, "Password", type="AWS::SNS::Topic")
    deploy(stack, topic.ref)

    assert deployed(stack)["Containers"]["web"]["Environment"]["A"] == {"Ref": "Password"}


def deploy(stack: Stack, value: Any) -> None:
    """Deploy a container with a value in its environment."""
    deployment_in(stack, containers={"web": Container(image="nginx", environment={"A": value})})
