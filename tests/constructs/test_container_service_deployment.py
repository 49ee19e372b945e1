"""What a ContainerServiceDeployment is synthesized to, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    Aspects,
    CfnOutput,
    CfnParameter,
    CfnResource,
    IAspect,
    IStableListProducer,
    IStableStringProducer,
    Lazy,
    NestedStack,
    RemovalPolicy,
    Stack,
)
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Annotations, Match, Template
from constructs import IConstruct

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerService,
    ContainerServiceDeployment,
    Handler,
    ImageSource,
    PublicEndpoint,
)
from stacks import (
    DEPLOYMENT,
    Text,
    deployed,
    deployment_in,
    image_in,
    only,
    own_policy,
    resources,
    service_in,
    statement_for,
)

WEB = Container(image="nginx", ports={80: "HTTP", 443: "HTTPS", 53: "UDP"})
SITE = Path(__file__).parents[2] / "examples" / "site"
PRIVATE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/web:1.4"
WARNING = Match.string_like_regexp(
    "no role to pull images from a private repository.*container web"
)


def test_has_the_properties_of_the_contract(stack: Stack) -> None:
    service = ContainerService.from_service_name(stack, "Service", "shop")

    deployment_in(
        stack,
        service=service,
        containers={"web": WEB, "worker": Container(image="busybox", command=["true"])},
        public_endpoint=PublicEndpoint(container="web", port=80),
        revision="2025-11-23",
    )

    assert deployed(stack) == {
        "ServiceName": "shop",
        "Containers": {
            "web": {"Image": "nginx", "Ports": {"80": "HTTP", "443": "HTTPS", "53": "UDP"}},
            "worker": {"Image": "busybox", "Command": ["true"]},
        },
        "PublicEndpoint": {"ContainerName": "web", "ContainerPort": 80},
        "Revision": "2025-11-23",
    }


def test_leaves_out_what_it_has_not(stack: Stack) -> None:
    service = service_in(stack)

    deployment_in(stack, service=service)

    assert deployed(stack) == {
        "ServiceName": {"Ref": stack.get_logical_id(service)},
        "Containers": {"web": {"Image": "nginx"}},
    }


def test_has_an_hour_and_waits_for_retries_to_be_off(stack: Stack) -> None:
    deployment_in(stack)

    (retries,) = Template.from_stack(stack).find_resources("AWS::Lambda::EventInvokeConfig")
    resource = only(stack, DEPLOYMENT)
    assert resource["Properties"]["ServiceTimeout"] == "3600"
    assert retries in resource["DependsOn"]


def test_offers_version_and_url_to_other_resources(stack: Stack) -> None:
    deployment = deployment_in(stack)
    CfnOutput(stack, "Version", value=deployment.deployment_version)
    CfnOutput(stack, "Url", value=deployment.url)

    outputs = Template.from_stack(stack).to_json()["Outputs"]

    read = {key: output["Value"]["Fn::GetAtt"][1] for key, output in outputs.items()}
    assert read == {"Version": "DeploymentVersion", "Url": "Url"}


def test_shares_its_function_with_the_images_of_the_stack(stack: Stack) -> None:
    service = service_in(stack)

    image = image_in(stack, service=service)
    deployment_in(stack, service=service, containers={"web": Container(image=image.image_name)})

    assert len(resources(stack, "AWS::Lambda::Function")) == 1
    assert deployed(stack)["Containers"]["web"]["Image"]["Fn::GetAtt"][1] == "ImageName"


def test_a_function_of_its_own_leaves_no_shared_one(stack: Stack) -> None:
    deployment_in(stack, handler=Handler(stack, "Handler", memory_size=1024))

    assert only(stack, "AWS::Lambda::Function")["Properties"]["MemorySize"] == 1024


def test_takes_ten_containers(stack: Stack) -> None:
    deployment_in(stack, containers={f"web-{number}": WEB for number in range(10)})

    assert len(deployed(stack)["Containers"]) == 10


@pytest.mark.parametrize("image", [":shop.web.7", ":shop.web.latest", "nginx", PRIVATE])
def test_takes_every_image_that_the_service_may_run(stack: Stack, image: str) -> None:
    deployment_in(stack, containers={"web": Container(image=image)})

    assert deployed(stack)["Containers"]["web"]["Image"] == image


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"service": "shop"}, "service must be a ContainerService, .* got 'shop'"),
        ({"handler": "function"}, "handler must be a Handler, got 'function'"),
        ({"revision": 7}, "revision must be a string, got 7"),
        ({"containers": [WEB]}, "containers must be a mapping of name to Container, got a list"),
        ({"containers": {}}, "containers must be 1 to 10, got 0"),
        ({"containers": {f"web-{number}": WEB for number in range(11)}}, "1 to 10, got 11"),
        ({"containers": {"web_1": WEB}}, "container name must be 1-53 lower.* got 'web_1'"),
        (
            {"containers": {"web": {"environment": "hunter2"}}},
            r"containers\['web'\] must be a Container, got a dict\n",
        ),
        (
            {"containers": {"web": Container(image=":blog.web.7")}},
            "container 'web' must be one of the container service 'shop' itself, got ':blog.web",
        ),
        ({"public_endpoint": "web:80"}, "public_endpoint must be a PublicEndpoint, got 'web:80'"),
        (
            {"public_endpoint": PublicEndpoint(container="api", port=80)},
            "the public endpoint's container must be one of web, got 'api'",
        ),
        (
            {"public_endpoint": PublicEndpoint(container="web", port=53)},
            "port must be an HTTP or HTTPS port of container 'web', which has 80, 443, got 53",
        ),
    ],
)
def test_refuses_a_value_before_any_child_exists(
    stack: Stack, changes: dict[str, Any], message: str
) -> None:
    arguments = {"service": service_in(stack), "containers": {"web": WEB}, **changes}
    before = len(stack.node.find_all())

    with pytest.raises(ValueError, match=message):
        deployment_in(stack, **arguments)

    assert len(stack.node.find_all()) == before


def test_refuses_the_image_of_another_service(stack: Stack) -> None:
    image_in(stack, "Own", service=service_in(stack))
    image = image_in(stack, service=service_in(stack, "blog"))

    with pytest.raises(ValueError, match=r"'shop' itself, got 'Stack/Image', .* one of 'blog'"):
        deployment_in(
            stack,
            service=ContainerService.from_service_name(stack, "Shop", "shop"),
            containers={"web": Container(image=image.image_name)},
        )


def test_refuses_the_image_of_another_service_of_another_stack() -> None:
    app = App()
    image = image_in(Stack(app, "Blog"), service=service_in(Stack(app, "Services"), "blog"))

    with pytest.raises(ValueError, match=r"'shop' itself, got 'Blog/Image', .* one of 'blog'"):
        deployment_in(Stack(app, "Shop"), containers={"web": Container(image=image.image_name)})


def test_a_service_is_the_same_however_it_is_referred_to(stack: Stack) -> None:
    image = image_in(stack)
    same = ContainerService.from_service_name(stack, "Same", "shop")

    deployment_in(stack, service=same, containers={"web": Container(image=image.image_name)})

    assert deployed(stack)["ServiceName"] == "shop"


def test_takes_the_image_of_a_service_whose_name_is_known_only_when_it_is_deployed(
    stack: Stack,
) -> None:
    name = CfnParameter(stack, "Name").value_as_string
    image = image_in(stack, service=ContainerService.from_service_name(stack, "Named", name))

    deployment_in(stack, containers={"web": Container(image=image.image_name)})

    assert deployed(stack)["Containers"]["web"]["Image"]["Fn::GetAtt"][1] == "ImageName"


def test_takes_a_service_and_an_image_that_are_known_only_when_it_is_deployed(
    stack: Stack,
) -> None:
    text = CfnParameter(stack, "Text").value_as_string

    deployment_in(
        stack,
        service=ContainerService.from_service_name(stack, "Service", text),
        containers={"web": Container(image=":shop.web.7"), "worker": Container(image=text)},
        revision=text,
    )

    given = deployed(stack)
    assert given["ServiceName"] == given["Revision"] == {"Ref": "Text"}
    assert given["Containers"]["worker"]["Image"] == {"Ref": "Text"}


def test_takes_an_image_that_no_construct_of_the_app_names(stack: Stack) -> None:
    image_in(stack, service=service_in(stack, "blog"))
    name = CfnParameter(stack, "Image-name").value_as_string

    deployment_in(stack, containers={"web": Container(image=name)})

    assert deployed(stack)["Containers"]["web"]["Image"] == {"Ref": "Imagename"}


def test_refuses_a_token_for_the_name_of_a_container(stack: Stack) -> None:
    name = CfnParameter(stack, "Name").value_as_string

    with pytest.raises(ValueError, match="name of a container must be known when the app is synth"):
        deployment_in(stack, containers={name: WEB})


def test_refuses_a_service_that_brings_its_own_deployment(stack: Stack) -> None:
    service = service_in(stack)
    service.container_service_deployment = (
        lightsail.CfnContainer.ContainerServiceDeploymentProperty()
    )

    with pytest.raises(
        ValueError, match=r"Service-shop' already sets container_service_deployment"
    ):
        deployment_in(stack, service=service)


def test_refuses_a_second_deployment_of_the_same_service(stack: Stack) -> None:
    deployment_in(stack, "First")
    same = ContainerService.from_service_name(stack, "Same", "shop")

    with pytest.raises(ValueError, match=r"already has deployment 'Stack/First'"):
        deployment_in(stack, "Second", service=same)


def test_refuses_a_service_that_brings_its_own_deployment_afterwards(stack: Stack) -> None:
    service = service_in(stack)
    deployment_in(stack, service=service)
    service.container_service_deployment = (
        lightsail.CfnContainer.ContainerServiceDeploymentProperty()
    )

    with pytest.raises(RuntimeError, match=r"\[Stack/Deployment\] .* already sets container_ser"):
        resources(stack, DEPLOYMENT)


def test_refuses_deployments_of_two_nested_stacks_to_one_service(stack: Stack) -> None:
    service = service_in(stack)
    one, two = NestedStack(stack, "One"), NestedStack(stack, "Two")
    deployment_in(one, service=service)

    with pytest.raises(ValueError, match=r"already has deployment 'Stack/One/Deployment'"):
        deployment_in(two, service=service)


def test_a_service_whose_name_comes_to_be_known_is_held_to_its_rules(stack: Stack) -> None:
    deployment_in(stack, service=service_in(stack))
    late = Lazy.string(Text("shop"))
    same = ContainerService.from_service_name(stack, "Same", late)
    deployment_in(stack, "Late", service=same)

    with pytest.raises(
        RuntimeError, match=r"\[Stack/Late\] .* already has deployment 'Stack/Deployment'"
    ):
        resources(stack, DEPLOYMENT)


def test_takes_deployments_of_two_services(stack: Stack) -> None:
    for name in ("shop", "blog"):
        deployment_in(stack, f"Deployment-{name}", service=service_in(stack, name))

    assert len(resources(stack, DEPLOYMENT)) == 2


@pytest.mark.parametrize(
    "image",
    [
        PRIVATE,
        "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/acme/web",
        "111122223333.dkr-ecr.eu-central-1.on.aws/acme/web",
    ],
)
def test_warns_of_a_private_image_that_the_service_has_no_role_to_pull(
    stack: Stack, image: str
) -> None:
    deployment_in(stack, containers={"web": Container(image=image), "worker": WEB})

    Annotations.from_stack(stack).has_warning("/Stack/Deployment", WARNING)


def test_warns_of_the_image_of_a_repository_of_the_stack(stack: Stack) -> None:
    repository = ecr.Repository(stack, "Repository")
    image = repository.repository_uri_for_tag_or_digest("1.4")

    deployment_in(stack, containers={"web": Container(image=image)})

    Annotations.from_stack(stack).has_warning("/Stack/Deployment", WARNING)


def test_warns_of_an_image_that_the_cdk_builds(stack: Stack) -> None:
    asset = ecr_assets.DockerImageAsset(stack, "Asset", directory=str(SITE))

    deployment_in(stack, containers={"web": Container(image=asset.image_uri)})

    Annotations.from_stack(stack).has_warning("/Stack/Deployment", WARNING)


@pytest.mark.parametrize(
    ("access", "warned"),
    [
        ({}, True),
        ({"ecrImagePullerRole": {}}, True),
        ({"ecrImagePullerRole": {"isActive": False}}, True),
        ({"ecrImagePullerRole": {"isActive": True}}, False),
    ],
)
def test_warns_unless_the_role_is_active(
    stack: Stack, access: dict[str, Any], warned: bool
) -> None:
    service = service_in(stack)
    service.private_registry_access = access  # type: ignore[assignment]

    deployment_in(stack, service=service, containers={"web": Container(image=PRIVATE)})

    found = Annotations.from_stack(stack).find_warning("*", WARNING)
    assert bool(found) is warned


def test_does_not_warn_where_a_typed_role_is_active(stack: Stack) -> None:
    service = service_in(stack)
    service.private_registry_access = lightsail.CfnContainer.PrivateRegistryAccessProperty(
        ecr_image_puller_role=lightsail.CfnContainer.EcrImagePullerRoleProperty(is_active=True)
    )

    deployment_in(stack, service=service, containers={"web": Container(image=PRIVATE)})

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


@pytest.mark.parametrize("image", ["public.ecr.aws/nginx/nginx:1.27", "nginx", ":shop.web.7"])
def test_does_not_warn_of_images_that_lightsail_pulls_without_a_role(
    stack: Stack, image: str
) -> None:
    deployment_in(stack, containers={"web": Container(image=image)})

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


def test_does_not_warn_where_the_service_s_role_is_not_known(stack: Stack) -> None:
    service = ContainerService.from_service_name(stack, "Service", "shop")

    deployment_in(stack, service=service, containers={"web": Container(image=PRIVATE)})

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


def test_containers_variables_and_secrets_can_be_added(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret")
    deployment = deployment_in(stack, containers={"web": Container(image="nginx")})

    deployment.add_environment("MODE", "test")
    deployment.add_environment("MODE", "live")
    deployment.add_secret("PASSWORD", secret)
    deployment.add_container("worker", Container(image="busybox", command=["true"]))
    deployment.add_environment("QUEUE", "jobs", container="worker")

    assert deployed(stack)["Containers"] == {
        "web": {
            "Image": "nginx",
            "Environment": {"MODE": "live"},
            "Secrets": {"PASSWORD": {"SecretArn": stack.resolve(secret.secret_arn)}},
        },
        "worker": {"Image": "busybox", "Command": ["true"], "Environment": {"QUEUE": "jobs"}},
    }
    assert statement_for(stack, "secretsmanager:GetSecretValue")["Resource"] == stack.resolve(
        secret.secret_arn
    )


def test_an_aspect_can_add_a_variable(stack: Stack) -> None:
    @jsii.implements(IAspect)
    class Stage:
        def visit(self, node: IConstruct) -> None:
            if isinstance(node, ContainerServiceDeployment):
                for name in node.containers:
                    node.add_environment("STAGE", "live", container=name)

    deployment_in(stack)
    Aspects.of(stack).add(Stage())

    assert deployed(stack)["Containers"]["web"]["Environment"] == {"STAGE": "live"}


def test_the_function_of_another_stack_may_read_an_added_secret() -> None:
    app = App()
    shared, stack = Stack(app, "Shared"), Stack(app, "Stack")
    first, second = (secretsmanager.Secret(stack, name) for name in ("First", "Second"))
    web = Container(image="nginx", secrets={"FIRST": first})
    deployment = deployment_in(stack, containers={"web": web}, handler=Handler(shared, "Handler"))

    deployment.add_secret("SECOND", second)

    allowed = [
        statement["Resource"]
        for statement in own_policy(stack, "Deployment")
        if statement["Action"] == "secretsmanager:GetSecretValue"
    ]
    assert allowed == stack.resolve([first.secret_arn, second.secret_arn])


def test_leaves_a_container_as_it_is_that_others_deploy_too(stack: Stack) -> None:
    given = {"web": Container(image="nginx")}
    deployment = deployment_in(stack, containers=given)

    deployment.add_environment("MODE", "live")
    deployment.add_container("worker", Container(image="busybox"))

    assert given == {"web": Container(image="nginx")}
    assert deployment.containers["web"].environment == {"MODE": "live"}
    assert list(deployment.containers) == ["web", "worker"]


def test_has_its_parameters_and_its_place_as_attributes(placed_stack: Stack) -> None:
    service, handler = service_in(placed_stack), Handler(placed_stack, "Handler")
    endpoint = PublicEndpoint(container="web", port=80)

    deployment = deployment_in(
        placed_stack,
        service=service,
        containers={"web": WEB},
        handler=handler,
        public_endpoint=endpoint,
    )

    assert (deployment.service, deployment.handler) == (service, handler)
    assert deployment.public_endpoint == endpoint
    assert deployment.containers == {"web": WEB}
    assert deployment.stack is placed_stack
    assert deployment.env.region == "eu-central-1"


def test_warns_of_a_private_image_that_is_added(stack: Stack) -> None:
    deployment_in(stack).add_container("web-2", Container(image=PRIVATE))

    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert "(container web-2)" in json.dumps(warning.entry.data)


def test_refuses_to_add_an_image_of_another_service(stack: Stack) -> None:
    deployment = deployment_in(stack)
    image = image_in(stack, service=service_in(stack, "other"))

    for given in (image, image.image_name, ":other.web.7"):
        with pytest.raises(ValueError, match="must be one of the container service 'shop' itself"):
            deployment.add_container("worker", Container(image=given))

    assert list(deployment.containers) == ["web"]


def test_refuses_what_it_cannot_add(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret")
    worker = Container(image="busybox")
    one = deployment_in(stack)
    two = deployment_in(
        stack, "Two", service=service_in(stack, "two"), containers={"a": WEB, "b": WEB}
    )
    one.add_environment("MODE", "live")

    refused: list[tuple[Callable[[], None], str]] = [
        (lambda: one.add_container("web", worker), "container 'web' already exists"),
        (lambda: one.add_container("Web", worker), "container name must be .* got 'Web'"),
        (lambda: one.add_container("b", "busybox"), r"containers\['b'\] must be a Container"),  # type: ignore[arg-type]
        (
            lambda: one.add_environment("A", "a", container="b"),
            "container must be one of web, .*'b'",
        ),
        (lambda: two.add_environment("A", "a"), "container must be one of a, b, got None"),
        (lambda: one.add_environment("A=", "a"), "a name in environment must be .* got 'A='"),
        (lambda: one.add_environment("A", 1), r"environment\['A'\] must be a string, .* 'int'"),  # type: ignore[arg-type]
        (lambda: one.add_environment("A", "{{resolve:ssm-secure:a}}"), "must not be a secret"),
        (lambda: one.add_secret("A", "hunter2"), r"secrets\['A'\] must be one of .* type 'str'"),  # type: ignore[arg-type]
        (lambda: one.add_secret("MODE", secret), "both environment and secrets, got 'MODE'"),
    ]
    for add, message in refused:
        with pytest.raises(ValueError, match=message):
            add()

    assert one.containers == {"web": Container(image="nginx", environment={"MODE": "live"})}


def test_refuses_an_eleventh_container(stack: Stack) -> None:
    deployment = deployment_in(stack, containers=dict.fromkeys(map(str, range(10)), WEB))

    with pytest.raises(ValueError, match="containers must be 1 to 10, got 11"):
        deployment.add_container("10", WEB)


def test_is_always_retained(stack: Stack) -> None:
    deployment = deployment_in(stack)
    before = Template.from_stack(stack).to_json()

    deployment.apply_removal_policy(RemovalPolicy.RETAIN)
    deployment.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    assert Template.from_stack(stack).to_json() == before
    with pytest.raises(
        ValueError, match=r"must be RemovalPolicy\.RETAIN, got DESTROY: Lightsail has"
    ):
        deployment.apply_removal_policy(RemovalPolicy.DESTROY)


def test_what_changes_until_synthesis_is_asked_for_then() -> None:
    """A `Lazy` keeps its first value, also for resources that are not of this library."""
    stack = Stack(App(), "Stack")
    words = []

    def late() -> str:
        @jsii.implements(IStableStringProducer)
        class Words:
            def produce(self) -> str:
                return ",".join(words)

        return Lazy.string(Words())

    @jsii.implements(IStableListProducer)
    class Command:
        def produce(self) -> list[str]:
            return words

    tag, origins, command = late(), late(), Lazy.list(Command())
    Handler(stack, Handler.SHARED_ID, environment={"WORDS": origins})
    service = ContainerService(stack, "Service", service_name="shop")
    source = ImageSource.from_registry(f"nginx:{tag}")
    ContainerImage(stack, "Image", service=service, label="web", source=source)
    web = Container(image=f"nginx:{tag}", environment={"WORDS": origins}, command=command)
    service.add_deployment("Deployment", containers={"web": web}).add_container("next", web)
    words += ["one", "two"]

    (deployment,) = Template.from_stack(stack).find_resources(DEPLOYMENT).values()
    containers = deployment["Properties"]["Containers"]
    assert containers["web"] == containers["next"]
    assert containers["web"]["Environment"] == {"WORDS": "one,two"}
    assert containers["web"]["Command"] == ["one", "two"]
    assert containers["web"]["Image"] == "nginx:one,two"
    (image,) = Template.from_stack(stack).find_resources("Custom::LightsailContainerImage").values()
    assert image["Properties"]["Source"] == {"Image": "nginx:one,two"}
    (function,) = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    assert function["Properties"]["Environment"] == {"Variables": {"WORDS": "one,two"}}


def deployed_from_another_stack(
    image_of: Callable[[ContainerImage], Any] = lambda image: image,
    revision: str | None = None,
    image_revision: str = "1",
) -> tuple[dict[str, Any], list[str]]:
    """The deployment of an image of another stack, and what that stack exports."""
    app = App(context={"@aws-cdk/core:defaultCrossStackReferences": "strong"})
    images, deployments = Stack(app, "Images"), Stack(app, "Deployments")
    service = ContainerService(images, "Service", service_name="shop")
    source = ImageSource.from_registry("nginx:1.27", revision=image_revision)
    image = image_in(images, service=service, source=source)
    deployment_in(
        deployments,
        service=service,
        containers={"web": Container(image=image_of(image))},
        revision=revision,
    ).add_environment("A", "1")
    outputs = Template.from_stack(images).to_json()["Outputs"].values()
    (deployment,) = Template.from_stack(deployments).find_resources(DEPLOYMENT).values()
    exports = [output["Export"]["Name"] for output in outputs if "Export" in output]
    return dict(deployment["Properties"]), exports


@pytest.mark.parametrize("by", ["image", "name"])
def test_an_image_of_another_stack_may_change_and_is_deployed_then(by: str) -> None:
    def image_of(image: ContainerImage) -> Any:
        return image if by == "image" else image.image_name

    one, exports = deployed_from_another_stack(image_of)
    same, _ = deployed_from_another_stack(image_of)
    other, _ = deployed_from_another_stack(image_of, revision="2")
    next_one, _ = deployed_from_another_stack(image_of, image_revision="2")

    assert not [name for name in exports if "ImageName" in name]
    assert "Fn::GetStackOutput" in one["Containers"]["web"]["Image"]
    assert one == same
    assert one["Revision"] != next_one["Revision"]
    assert other["Revision"] == f"2 {one['Revision']}"


def test_an_image_of_the_stack_or_of_a_nested_one_needs_no_weak_reference(stack: Stack) -> None:
    image = image_in(NestedStack(stack, "Nested"))

    deployment_in(stack, containers={"web": Container(image=image)})

    properties = only(stack, DEPLOYMENT)["Properties"]
    assert "Fn::GetAtt" in properties["Containers"]["web"]["Image"]
    assert "Revision" not in properties


def test_the_default_child_is_the_resource(stack: Stack) -> None:
    for construct in (image_in(stack), deployment_in(stack, service=service_in(stack, "blog"))):
        resource = construct.node.default_child
        assert isinstance(resource, CfnResource)
        resource.cfn_options.metadata = {"A": 1}

    assert len(Template.from_stack(stack).find_resources(DEPLOYMENT, {"Metadata": {"A": 1}})) == 1
