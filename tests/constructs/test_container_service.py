"""Container services: those of the stack, and existing ones."""

import json
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, RemovalPolicy, Stack, Tags
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lightsail as lightsail
from aws_cdk.assertions import Annotations, Match, Template

from cdk_lightsail_containers import Container, ContainerService, IContainerService, Power
from stacks import (
    DEPLOYMENT,
    deployment_in,
    image_in,
    only,
    own_policy,
    resources,
    statement_for,
)

SERVICE = "AWS::Lightsail::Container"
ARN = (
    "arn:aws:lightsail:eu-central-1:111122223333:"
    "ContainerService/9c1b8a2e-5c0d-4f3e-8a77-0123456789ab"
)
URL = "https://shop.0123456789.eu-central-1.cs.amazonlightsail.com/"
PRINCIPAL = "arn:aws:iam::123456789012:role/amazon/lightsail/eu-central-1/containers/shop/1"


def service_of(stack: Stack, **changes: Any) -> ContainerService:
    """A service with as much as it needs, and changes to that."""
    return ContainerService(stack, "Service", **{"service_name": "shop", **changes})


def existing_in(stack: Stack, **changes: Any) -> IContainerService:
    """An existing service, by its attributes."""
    given = {"service_name": "shop", "service_arn": ARN, **changes}
    return ContainerService.from_service_attributes(stack, "Service", **given)


def test_is_one_nano_node_by_default(stack: Stack) -> None:
    service_of(stack)

    assert only(stack, SERVICE)["Properties"] == {
        "ServiceName": "shop",
        "Power": "nano",
        "Scale": 1,
    }


def test_passes_on_what_is_chosen(stack: Stack) -> None:
    service_of(
        stack,
        power=Power.LARGE,
        scale=20,
        is_disabled=True,
        private_registry_access=True,
        public_domain_names={"acme": ["acme.example"]},
        tags={"team": "web"},
    )

    assert only(stack, SERVICE)["Properties"] == {
        "ServiceName": "shop",
        "Power": "large",
        "Scale": 20,
        "IsDisabled": True,
        "PrivateRegistryAccess": {"EcrImagePullerRole": {"IsActive": True}},
        "PublicDomainNames": [{"CertificateName": "acme", "DomainNames": ["acme.example"]}],
        "Tags": [{"Key": "team", "Value": "web"}],
    }


def test_takes_values_that_are_known_only_when_it_is_deployed(stack: Stack) -> None:
    text = CfnParameter(stack, "Text").value_as_string
    scale = CfnParameter(stack, "Scale", type="Number").value_as_number

    service_of(stack, service_name=text, power=text, scale=scale)

    assert only(stack, SERVICE)["Properties"] == {
        "ServiceName": {"Ref": "Text"},
        "Power": {"Ref": "Text"},
        "Scale": {"Ref": "Scale"},
    }


def test_has_the_logical_id_of_a_cfn_container_of_the_same_id(stack: Stack) -> None:
    before = Stack(App(), "Stack")
    lightsail.CfnContainer(before, "Service", service_name="shop", power="nano", scale=1)

    service_of(stack)

    found = Template.from_stack(stack).to_json()["Resources"]
    assert found == Template.from_stack(before).to_json()["Resources"]


def test_takes_part_in_what_the_cdk_does_with_resources(stack: Stack) -> None:
    service = service_of(stack, tags={"team": "web"})

    Tags.of(service).add("stage", "live")
    service.apply_removal_policy(RemovalPolicy.RETAIN)

    resource = only(stack, SERVICE)
    assert resource["DeletionPolicy"] == "Retain"
    assert [tag["Key"] for tag in resource["Properties"]["Tags"]] == ["stage", "team"]
    assert service.stack.node.path == "Stack"
    assert isinstance(service.node.default_child, lightsail.CfnContainer)


def test_has_attributes(stack: Stack) -> None:
    service = service_of(stack, private_registry_access=True)

    values = [
        service.service_name,
        service.service_arn,
        service.url,
        service.principal_arn,
        service.image_puller_arn,
        service.container_ref.container_arn,
    ]
    assert stack.resolve(values) == [
        {"Ref": "Service"},
        {"Fn::GetAtt": ["Service", "ContainerArn"]},
        {"Fn::GetAtt": ["Service", "Url"]},
        {"Fn::GetAtt": ["Service", "PrincipalArn"]},
        {"Fn::GetAtt": ["Service", "PrivateRegistryAccess.EcrImagePullerRole.PrincipalArn"]},
        {"Fn::GetAtt": ["Service", "ContainerArn"]},
    ]


def test_a_repository_can_let_its_role_pull(stack: Stack) -> None:
    service = service_of(stack, private_registry_access=True)
    repository = ecr.Repository(stack, "Repository")

    repository.grant_pull(iam.ArnPrincipal(service.image_puller_arn))

    policy = only(stack, "AWS::ECR::Repository")["Properties"]["RepositoryPolicyText"]
    assert policy["Statement"][0]["Principal"] == {"AWS": stack.resolve(service.image_puller_arn)}


def test_has_no_role_that_pulls_unless_it_is_asked_for(stack: Stack) -> None:
    service = service_of(stack)

    with pytest.raises(ValueError, match=r"image_puller_arn must be .* got 'Stack/Service', which"):
        _ = service.image_puller_arn


def test_a_deployment_is_added_to_it(stack: Stack) -> None:
    service = service_of(stack)

    deployment = service.add_deployment(
        "Deployment", containers={"web": Container(image="nginx")}, revision="1"
    )

    given = only(stack, DEPLOYMENT)["Properties"]
    assert deployment.node.path == "Stack/Service/Deployment"
    assert given["ServiceName"] == {"Ref": "Service"}
    assert given["Containers"] == {"web": {"Image": "nginx"}}
    assert given["Revision"] == "1"


def test_an_image_may_be_changed_on_this_service_only(stack: Stack) -> None:
    image_in(stack, service=service_of(stack))

    changes, reads = own_policy(stack)
    assert changes["Resource"] == {"Fn::GetAtt": ["Service", "ContainerArn"]}
    assert all(":Get" in action for action in reads["Action"])


def test_a_private_image_needs_the_role_of_the_service(stack: Stack) -> None:
    image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/web:1"
    containers = {"web": Container(image=image)}
    without = ContainerService(stack, "Without", service_name="without")
    with_role = ContainerService(stack, "With", service_name="with", private_registry_access=True)

    for service in (without, with_role):
        service.add_deployment("Deployment", containers=containers)

    warnings = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert [warning.id for warning in warnings] == ["/Stack/Without/Deployment"]


def test_refuses_a_deployment_beside_that_of_its_resource(stack: Stack) -> None:
    service = service_of(stack)
    resource = service.node.default_child
    assert isinstance(resource, lightsail.CfnContainer)
    resource.container_service_deployment = (
        lightsail.CfnContainer.ContainerServiceDeploymentProperty()
    )

    with pytest.raises(ValueError, match="'Stack/Service' already sets container_service_deploy"):
        service.add_deployment("Deployment", containers={"web": Container(image="nginx")})


def test_grants_actions_on_itself(stack: Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())

    grant = service_of(stack).grant(role, "lightsail:UpdateContainerService")

    assert grant.success
    assert statement_for(stack, "lightsail:UpdateContainerService")["Resource"] == {
        "Fn::GetAtt": ["Service", "ContainerArn"]
    }


def test_a_grant_names_an_action(stack: Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())
    service = service_of(stack)

    with pytest.raises(ValueError, match=r"actions must be names such as .* got none"):
        service.grant(role)


@pytest.mark.parametrize("power", ["2xlarge", Power.of("2xlarge"), Power.of("gpu-1")])
def test_warns_of_a_power_that_it_does_not_know(stack: Stack, power: str) -> None:
    service_of(stack, power=power)

    (warning,) = Annotations.from_stack(stack).find_warning("/Stack/Service", Match.any_value())
    assert only(stack, SERVICE)["Properties"]["Power"] == power
    assert json.dumps(warning.entry.data).startswith(f'"power {power} is not one that this release')


def test_does_not_warn_of_a_power_that_it_knows(stack: Stack) -> None:
    service_of(stack, power=Power.of("xlarge"))

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []
    assert Power.of("xlarge") is Power.XLARGE


@pytest.mark.parametrize("power", ["", "Nano", "nano ", "-nano", 1])
def test_refuses_what_cannot_be_a_power(stack: Stack, power: Any) -> None:
    for refuse in (lambda: Power.of(power), lambda: service_of(stack, power=power)):
        with pytest.raises(ValueError, match=r"power must be one of nano, micro, .* got "):
            refuse()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"service_name": "Shop"}, "service_name must be 1-63 lowercase letters, .* got 'Shop'"),
        ({"scale": 0}, "scale must be a whole number from 1 to 20, got 0"),
        ({"scale": "3"}, "scale must be a whole number from 1 to 20, got '3'"),
        ({"is_disabled": "no"}, "is_disabled must be True or False, got 'no'"),
        ({"private_registry_access": {}}, "private_registry_access must be True or False, got {}"),
        ({"public_domain_names": {"a": "a.example"}}, "domain names, got 'a.example' for 'a'"),
        ({"public_domain_names": {"a": [""]}}, r"domain names, got \[''\] for 'a'"),
        ({"tags": ["team"]}, r"tags must be a mapping of string to string, got \['team'\]"),
        ({"tags": {"team": 1}}, "tags must be a mapping of string to string, got 1 for 'team'"),
    ],
)
def test_refuses_a_value(stack: Stack, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        service_of(stack, **changes)

    assert stack.node.children == []


def test_an_existing_service_by_its_arn_has_permissions_on_it_alone(placed_stack: Stack) -> None:
    service = existing_in(placed_stack)

    image_in(placed_stack, service=service)
    deployment_in(placed_stack, service=service)

    for construct in ("Image", "Deployment"):
        changes, reads, *_ = own_policy(placed_stack, construct)
        assert changes["Resource"] == ARN
        assert all(":Get" in action for action in reads["Action"])
    assert "ContainerService/*" not in json.dumps(Template.from_stack(placed_stack).to_json())
    assert only(placed_stack, DEPLOYMENT)["Properties"]["ServiceName"] == "shop"
    assert resources(placed_stack, SERVICE) == []


def test_an_existing_service_has_the_attributes_that_are_given(placed_stack: Stack) -> None:
    service = existing_in(placed_stack, url=URL, principal_arn=PRINCIPAL)

    assert (service.service_name, service.service_arn) == ("shop", ARN)
    assert (service.url, service.principal_arn) == (URL, PRINCIPAL)
    assert (service.env.account, service.env.region) == ("111122223333", "eu-central-1")


def test_an_existing_service_takes_attributes_of_another_stack() -> None:
    app = App()
    owner, user = Stack(app, "Owner"), Stack(app, "User")
    made = service_of(owner)

    image_in(user, service=existing_in(user, service_arn=made.service_arn, url=made.url))

    assert "Fn::ImportValue" in own_policy(user)[0]["Resource"]


@pytest.mark.parametrize("attribute", ["url", "principal_arn"])
def test_asks_for_an_attribute_of_an_existing_service_that_is_not_given(
    stack: Stack, attribute: str
) -> None:
    for service in (
        existing_in(stack),
        ContainerService.from_service_name(stack, "Named", "shop"),
    ):
        with pytest.raises(
            ValueError, match=rf"{attribute} must be given to .* '{service.node.path}'"
        ):
            getattr(service, attribute)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"service_name": "Shop"}, "service_name must be 1-63 lowercase letters, .* got 'Shop'"),
        ({"service_arn": "shop"}, "service_arn must be arn:aws:lightsail:.*, got 'shop'"),
        ({"service_arn": ARN.partition("/")[0] + "/*"}, r"service_arn must be .*/\*'\n"),
        ({"service_arn": 1}, "service_arn must be arn:aws:lightsail:.*, got 1"),
        ({"service_arn": None}, "service_arn must be arn:aws:lightsail:.*, got None"),
        ({"url": "shop.example"}, "url must be https://.../, got 'shop.example'"),
        ({"principal_arn": "shop"}, "principal_arn must be the ARN of a principal, got 'shop'"),
    ],
)
def test_refuses_an_attribute(stack: Stack, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        existing_in(stack, **changes)

    assert stack.node.children == []


def test_refuses_a_service_whose_arn_is_of_another_region(placed_stack: Stack) -> None:
    service = existing_in(placed_stack, service_arn=ARN.replace("eu-central-1", "us-east-1"))

    with pytest.raises(ValueError, match="'Stack/Service' of us-east-1, not of eu-central-1"):
        image_in(placed_stack, service=service)


def test_refers_to_a_service_by_name_and_to_all_of_the_account_by_arn(placed_stack: Stack) -> None:
    service = ContainerService.from_service_name(placed_stack, "Service", "shop")

    reference = placed_stack.resolve(service.container_ref.container_arn)
    assert service.container_ref.service_name == service.service_name == "shop"
    assert reference["Fn::Join"][1][-1] == ":lightsail:eu-central-1:111122223333:ContainerService/*"


@pytest.mark.parametrize("name", ["", "Shop", "shop_1", "s" * 64, "-shop"])
def test_refuses_a_name_that_lightsail_refuses(stack: Stack, name: str) -> None:
    with pytest.raises(ValueError, match="service_name must be 1-63 lowercase letters"):
        ContainerService.from_service_name(stack, "Service", name)

    assert stack.node.children == []
