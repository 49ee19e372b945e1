"""What a Container is synthesized to, and what it refuses."""

from collections.abc import Callable
from typing import Any

import jsii
import pytest
from aws_cdk import CfnParameter, Fn, IStableStringProducer, Lazy, SecretValue, Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import Container, ContainerWebService, ImageSource, PortProtocol
from stacks import DIGEST, deployed, deployment_in, image_in, service_in

SECRET = "hunter2"


def container(**changes: Any) -> Container:
    return Container(**{"image": "nginx", **changes})


def test_leaves_out_what_it_has_nothing_of(stack: Stack) -> None:
    deployment_in(stack, containers={"web": container()})

    assert deployed(stack)["Containers"] == {"web": {"Image": "nginx"}}


def test_has_the_properties_of_the_contract(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret")
    web = Container(
        image="public.ecr.aws/nginx/nginx:1.27",
        ports={80: PortProtocol.HTTP, 9000: "UDP"},
        environment={"MODE": "live", "EMPTY": ""},
        command=["nginx", "-g", "daemon off;"],
        secrets={"PASSWORD": secret},
    )

    deployment_in(stack, containers={"web": web})

    assert deployed(stack)["Containers"]["web"] == {
        "Image": "public.ecr.aws/nginx/nginx:1.27",
        "Ports": {"80": "HTTP", "9000": "UDP"},
        "Environment": {"MODE": "live", "EMPTY": ""},
        "Command": ["nginx", "-g", "daemon off;"],
        "Secrets": {"PASSWORD": {"SecretArn": stack.resolve(secret.secret_arn)}},
    }


def test_takes_values_that_are_known_only_when_it_is_deployed(stack: Stack) -> None:
    text = CfnParameter(stack, "Text").value_as_string
    web = Container(
        image=text,
        ports={80: text},
        environment={"MODE": text, "SIZE": CfnParameter(stack, "Size", type="Number").value},  # type: ignore[dict-item]
        command=[text],
    )

    deployment_in(stack, containers={"web": web})

    reference = {"Ref": "Text"}
    assert deployed(stack)["Containers"]["web"] == {
        "Image": reference,
        "Ports": {"80": reference},
        "Environment": {"MODE": reference, "SIZE": {"Ref": "Size"}},
        "Command": [reference],
    }


@pytest.mark.parametrize("name", ["A", "Reference", "REF", "Fn:A", "spring.profiles", "ü"])
def test_takes_every_name_that_a_process_can_have(stack: Stack, name: str) -> None:
    deployment_in(stack, containers={"web": container(environment={name: "a"})})

    assert deployed(stack)["Containers"]["web"]["Environment"] == {name: "a"}


@pytest.mark.parametrize("port", [1, 80, 65535])
def test_takes_every_port(stack: Stack, port: int) -> None:
    deployment_in(stack, containers={"web": container(ports={port: PortProtocol.TCP})})

    assert deployed(stack)["Containers"]["web"]["Ports"] == {str(port): "TCP"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": ""}, "image must be an image name such as ':shop.web.7' or .* got ''"),
        ({"image": 7}, "image must be a ContainerImage or an image name, got 7"),
        ({"image": ":shop.web"}, "image must be an image name .* got ':shop.web'"),
        ({"image": "Nginx"}, "repository must be .* got 'Nginx'"),
        ({"ports": [80]}, r"ports must be a mapping of port to PortProtocol, got \[80\]"),
        ({"ports": {0: "HTTP"}}, "port must be a whole number from 1 to 65535, got 0"),
        ({"ports": {65536: "HTTP"}}, "port must be a whole number from 1 to 65535, got 65536"),
        ({"ports": {True: "HTTP"}}, "port must be a whole number from 1 to 65535, got True"),
        ({"ports": {80: "http"}}, r"ports\[80\] must be one of HTTP, HTTPS, TCP, UDP, got 'http'"),
        ({"command": "nginx -t"}, "command must be a list of strings, got 'nginx -t'"),
        ({"command": None}, "command must be a list of strings, got None"),
        ({"command": ["sleep", 5]}, "command must be a list of strings, got 5 in it"),
        ({"environment": {"": "a"}}, "a name in environment must be a non-empty string .* got ''"),
        ({"environment": {7: "a"}}, "a name in environment must be a non-empty string .* got 7"),
        ({"environment": {"A=B": "a"}}, "without '=' or control characters, and .* got 'A=B'"),
        ({"environment": {"A\n": "a"}}, r"a name in environment must be .* got 'A\\n'"),
        ({"environment": {"A\0": "a"}}, r"a name in environment must be .* got 'A\\x00'"),
        ({"environment": {"Ref": "a"}}, "neither 'Ref' nor 'Fn::...', got 'Ref'"),
        ({"environment": {"Fn::Sub": "a"}}, "neither 'Ref' nor 'Fn::...', got 'Fn::Sub'"),
        ({"secrets": {"": "a"}}, "a name in secrets must be a non-empty string .* got ''"),
        ({"secrets": {"Ref": "a"}}, "a name in secrets must be .* got 'Ref'"),
        ({"ports": {"80": "HTTP", 80: "TCP"}}, "port must be a whole number .* got '80'"),
    ],
)
def test_refuses_a_value_that_breaks_its_rule(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        container(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"environment": [SECRET]}, "environment must be a mapping of name to value, got a list"),
        ({"environment": {"A": [SECRET]}}, r"environment\['A'\] must be a string, .* type 'list'"),
        (
            {"environment": {"A": SecretValue.unsafe_plain_text(SECRET)}},
            r"environment\['A'\] must not be a secret, got a SecretValue: pass it in `secrets=`",
        ),
        (
            {"environment": {"A": f"{{{{resolve:secretsmanager:{SECRET}}}}}"}},
            r"environment\['A'\] must not be a secret",
        ),
        (
            {"environment": {"A": f"https://u:{{{{resolve:ssm-secure:{SECRET}}}}}@acme"}},
            r"environment\['A'\] must not be a secret",
        ),
        (
            {"command": ["login", f"{{{{resolve:secretsmanager:{SECRET}}}}}"]},
            "a part of command must not be a secret, got a dynamic reference",
        ),
        (
            {"command": [SecretValue.unsafe_plain_text(SECRET)]},
            "a part of command must not be a secret",
        ),
        ({"secrets": SECRET}, "secrets must be a mapping of name to value, got a str"),
        ({"secrets": {"A": SECRET}}, r"secrets\['A'\] must be one of .* got a value of type 'str'"),
    ],
)
def test_never_shows_what_it_refuses_where_a_secret_might_be(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        container(**changes)

    assert SECRET not in str(refused.value)


def test_its_representation_shows_no_environment() -> None:
    assert SECRET not in repr(container(environment={"A": SECRET}))


def test_refuses_a_name_that_is_both_in_the_environment_and_in_the_secrets(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret")

    with pytest.raises(ValueError, match="in both environment and secrets, got 'A'"):
        container(environment={"A": "a"}, secrets={"B": secret, "A": secret})


def test_takes_an_image_as_an_object_or_by_its_name(stack: Stack) -> None:
    image = image_in(stack)
    by_object, by_name = Container(image=image), Container(image=image.image_name)

    deployment_in(stack, service=image.service, containers={"a": by_object, "b": by_name})

    containers = deployed(stack)["Containers"]
    assert containers["a"] == containers["b"] == {"Image": stack.resolve(image.image_name)}
    assert by_object.image is image
    assert by_object.image_name == by_name.image_name == image.image_name


@pytest.mark.parametrize("part", ["ports", "environment", "secrets"])
def test_refuses_a_token_where_a_template_has_a_key(stack: Stack, part: str) -> None:
    if part == "ports":
        changes = {part: {CfnParameter(stack, "Port", type="Number").value_as_number: "HTTP"}}
    else:
        changes = {part: {CfnParameter(stack, "Name").value_as_string: "a"}}

    with pytest.raises(ValueError, match="must be known when the app is synthesized, got a token"):
        container(**changes)


def password_of(stack: Stack) -> str:
    """A field of a secret, as the CDK writes it into a template."""
    secret = secretsmanager.Secret(stack, "Secret")
    return secret.secret_value_from_json("password").unsafe_unwrap()


HIDDEN = [
    lambda stack: {"environment": {"A": password_of(stack)}},
    lambda stack: {"environment": {"A": f"postgres://u:{password_of(stack)}@host"}},
    lambda _: {"environment": {"A": SecretValue.ssm_secure("/a").unsafe_unwrap()}},
    lambda stack: {"environment": {"A": Fn.sub("a${b}", {"b": password_of(stack)})}},
    lambda stack: {"command": ["login", password_of(stack)]},
    lambda stack: {"command": Fn.split(",", password_of(stack))},
]


@pytest.mark.parametrize("make", HIDDEN)
def test_a_secret_behind_a_token_is_refused_before_any_child_exists(
    stack: Stack, make: Callable[[Stack], dict[str, Any]]
) -> None:
    web, service = container(**make(stack)), service_in(stack)
    before = len(stack.node.find_all())

    with pytest.raises(ValueError, match="must not be a secret, got a dynamic reference"):
        deployment_in(
            stack,
            containers={"web": web},
            service=service,
        )

    assert len(stack.node.find_all()) == before


@pytest.mark.parametrize("make", HIDDEN)
def test_a_web_service_refuses_a_secret_behind_a_token(
    stack: Stack, make: Callable[[Stack], dict[str, Any]]
) -> None:
    changes = make(stack)

    with pytest.raises(ValueError, match="must not be a secret, got a dynamic reference"):
        ContainerWebService(
            stack,
            "Site",
            service_name="site",
            port=80,
            source=ImageSource.from_digest(DIGEST),
            **changes,
        )


def test_a_secret_that_is_known_only_at_synthesis_is_refused_then(stack: Stack) -> None:
    password = password_of(stack)
    asked = []

    @jsii.implements(IStableStringProducer)
    class Late:
        def produce(self) -> str:
            asked.append(1)
            return password

    deployment_in(stack, containers={"web": container(environment={"A": Lazy.string(Late())})})
    assert not asked

    with pytest.raises(RuntimeError, match=r"\[Stack/Deployment\] environment\['A'\] must not be"):
        deployed(stack)
