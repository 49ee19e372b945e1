"""What a ContainerImage is synthesized to, and what it refuses."""

from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    Aspects,
    CfnOutput,
    CfnParameter,
    Environment,
    IAspect,
    Lazy,
    NestedStack,
    RemovalPolicy,
    Stack,
)
from aws_cdk.assertions import Template
from aws_cdk.interfaces.aws_lightsail import IContainerRef
from constructs import Construct, IConstruct

from cdk_lightsail_containers import ContainerImage, ContainerService, Handler, ImageSource
from stacks import DIGEST, Text, image_in, only, resources, service_in

TYPE = "Custom::LightsailContainerImage"


def properties(stack: Stack) -> dict[str, Any]:
    given = dict(only(stack, TYPE)["Properties"])
    del given["ServiceToken"]
    return given


def test_has_the_properties_of_the_contract(stack: Stack) -> None:
    image_in(stack, service=ContainerService.from_service_name(stack, "Service", "shop"))

    assert properties(stack) == {
        "ServiceName": "shop",
        "Label": "web",
        "Digest": DIGEST,
        "RemovalPolicy": "Delete",
        "ServiceTimeout": "1857",
    }


def test_passes_the_removal_policy_and_the_number_of_versions_on(stack: Stack) -> None:
    image_in(stack, removal_policy=RemovalPolicy.RETAIN, max_versions=5)

    assert properties(stack)["RemovalPolicy"] == "Retain"
    assert properties(stack)["MaxVersions"] == 5


@pytest.mark.parametrize(
    ("policy", "given"),
    [
        (RemovalPolicy.DESTROY, "Delete"),
        (RemovalPolicy.RETAIN, "Retain"),
        (RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, "Retain"),
    ],
)
def test_takes_a_removal_policy_at_construction_and_later(
    stack: Stack, policy: RemovalPolicy, given: str
) -> None:
    other = Stack(App(), "Other")
    image_in(stack, removal_policy=policy)

    image_in(other).apply_removal_policy(policy)

    assert properties(stack)["RemovalPolicy"] == properties(other)["RemovalPolicy"] == given


def test_takes_the_removal_policy_of_an_aspect(stack: Stack) -> None:
    @jsii.implements(IAspect)
    class KeepImages:
        def visit(self, node: IConstruct) -> None:
            if isinstance(node, ContainerImage):
                node.apply_removal_policy(RemovalPolicy.RETAIN)

    image_in(stack)
    Aspects.of(stack).add(KeepImages())

    assert properties(stack)["RemovalPolicy"] == "Retain"


def test_refuses_to_apply_another_removal_policy(stack: Stack) -> None:
    with pytest.raises(ValueError, match=r"removal_policy must be one of .* got SNAPSHOT"):
        image_in(stack).apply_removal_policy(RemovalPolicy.SNAPSHOT)


def test_has_its_parameters_and_its_place_as_attributes(placed_stack: Stack) -> None:
    service, source = service_in(placed_stack), ImageSource.from_digest(DIGEST)
    handler = Handler(placed_stack, "Handler")

    image = image_in(placed_stack, service=service, source=source, handler=handler)

    assert image.service is service
    assert image.handler is handler
    assert (image.label, image.source) == ("web", source)
    assert image.stack is placed_stack
    assert (image.env.account, image.env.region) == ("111122223333", "eu-central-1")


def test_names_the_service_of_the_same_stack_by_reference(stack: Stack) -> None:
    service = service_in(stack)

    image_in(stack, service=service)

    assert properties(stack)["ServiceName"] == {"Ref": stack.get_logical_id(service)}


def test_offers_name_digest_and_time_of_registration_to_other_resources(stack: Stack) -> None:
    image = image_in(stack)
    for name in ("image_name", "image_digest", "created_at"):
        CfnOutput(stack, name.replace("_", ""), value=getattr(image, name))

    outputs = Template.from_stack(stack).to_json()["Outputs"]

    values = {key: output["Value"]["Fn::GetAtt"][1] for key, output in outputs.items()}
    assert values == {
        "imagename": "ImageName",
        "imagedigest": "ImageDigest",
        "createdat": "CreatedAt",
    }


def test_waits_for_retries_to_be_off(stack: Stack) -> None:
    image_in(stack)

    (retries,) = Template.from_stack(stack).find_resources("AWS::Lambda::EventInvokeConfig")
    assert retries in only(stack, TYPE)["DependsOn"]


def test_images_of_a_stack_share_one_function(stack: Stack) -> None:
    service = service_in(stack)

    image_in(stack, "Web", service=service)
    image_in(stack, "Worker", service=service, label="worker")

    assert len(resources(stack, TYPE)) == 2
    assert len(resources(stack, "AWS::Lambda::Function")) == 1


def test_a_function_of_its_own_leaves_no_shared_one(stack: Stack) -> None:
    handler = Handler(stack, "Handler", memory_size=1024)

    image_in(stack, handler=handler)

    assert only(stack, "AWS::Lambda::Function")["Properties"]["MemorySize"] == 1024


@pytest.mark.parametrize("label", ["a", "web", "a1-b2", "f" * 53, "0123456789abcdef"])
def test_takes_every_label_that_lightsail_takes(stack: Stack, label: str) -> None:
    image_in(stack, label=label)

    assert properties(stack)["Label"] == label


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": ""}, "label must be 1-53 lowercase letters, .* got ''"),
        ({"label": "Web"}, "label must be 1-53 lowercase letters, .* got 'Web'"),
        ({"label": "v1.2"}, "label must be 1-53 lowercase letters, .* got 'v1.2'"),
        ({"label": "-web"}, "label must be 1-53 lowercase letters, .* got '-web'"),
        ({"label": "web\n"}, r"label must be 1-53 lowercase letters, .* got 'web\\n'"),
        ({"label": "w" * 54}, "label must be 1-53 lowercase letters, .* got 'wwww"),
        ({"max_versions": 0}, "max_versions must be a whole number from 1 to 150, got 0"),
        ({"max_versions": 151}, "max_versions must be a whole number from 1 to 150, got 151"),
        ({"max_versions": 1.5}, "max_versions must be a whole number from 1 to 150, got 1.5"),
        ({"max_versions": True}, "max_versions must be a whole number from 1 to 150, got True"),
        (
            {"removal_policy": RemovalPolicy.SNAPSHOT},
            r"removal_policy must be one of RemovalPolicy.DESTROY, .* got SNAPSHOT",
        ),
        ({"removal_policy": "DESTROY"}, "removal_policy must be .* got 'DESTROY'"),
        ({"removal_policy": ""}, "removal_policy must be .* got ''"),
        ({"service": "shop"}, "service must be a ContainerService, .* got 'shop'"),
        ({"service": None}, "service must be a ContainerService, .* got None"),
        ({"source": DIGEST}, "source must be one of ImageSource.from_.* got 'sha256:"),
        ({"handler": "function"}, "handler must be a Handler, got 'function'"),
    ],
)
def test_refuses_a_value_before_any_child_exists(
    stack: Stack, changes: dict[str, Any], message: str
) -> None:
    arguments = {"service": service_in(stack), **changes}
    before = len(stack.node.find_all())

    with pytest.raises(ValueError, match=message):
        image_in(stack, **arguments)

    assert len(stack.node.find_all()) == before


def test_refuses_a_service_of_the_stack_whose_name_lightsail_refuses(stack: Stack) -> None:
    service = service_in(stack, "Shop_1")

    with pytest.raises(ValueError, match=r"service_name must be 1-63 lower.* got 'Shop_1'"):
        image_in(stack, service=service)


def test_refuses_a_second_image_of_the_same_service_and_label(stack: Stack) -> None:
    service = service_in(stack)
    image_in(stack, "First", service=service)

    with pytest.raises(ValueError, match="label 'web' is already used by 'Stack/First'"):
        image_in(stack, "Second", service=service)


def test_a_service_is_the_same_however_it_is_referred_to(stack: Stack) -> None:
    image_in(stack, "First", service=service_in(stack, "shop"))
    same = ContainerService.from_service_name(stack, "Same", "shop")

    with pytest.raises(ValueError, match="label 'web' is already used by 'Stack/First'"):
        image_in(stack, "Second", service=same)


def shop_in(scope: Construct) -> IContainerRef:
    return ContainerService.from_service_name(scope, "Shop", "shop")


def test_refuses_the_image_of_a_nested_stack_after_that_of_its_parent(stack: Stack) -> None:
    image_in(stack, service=shop_in(stack))
    nested = NestedStack(stack, "Nested")

    with pytest.raises(ValueError, match="label 'web' is already used by 'Stack/Image'"):
        image_in(nested, service=shop_in(nested))


def test_refuses_the_image_of_a_parent_after_that_of_its_nested_stack(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    image_in(nested, service=shop_in(nested))

    with pytest.raises(ValueError, match="label 'web' is already used by 'Stack/Nested/Image'"):
        image_in(stack, service=shop_in(stack))


def test_a_stack_below_another_is_another_stack(stack: Stack) -> None:
    below = Stack(stack, "Below")

    for one in (below, stack):
        image_in(one, service=shop_in(one))

    assert len(resources(stack, TYPE)) == len(resources(below, TYPE)) == 1


@pytest.mark.parametrize(
    ("service", "label", "message"),
    [
        ("shop", "Web_1", "label must be 1-53 lowercase .* got 'Web_1'"),
        ("Shop", "web", "service_name must be 1-63 lowercase .* got 'Shop'"),
        ("shop", "web", "label 'web' is already used by 'Stack/Image'"),
    ],
)
def test_what_comes_to_be_known_is_held_to_its_rules(
    stack: Stack, service: str, label: str, message: str
) -> None:
    image_in(stack, service=shop_in(stack))
    late = ContainerService.from_service_name(stack, "Late", Lazy.string(Text(service)))
    image_in(stack, "Second", service=late, label=Lazy.string(Text(label)))

    with pytest.raises(RuntimeError, match=rf"\[Stack/Second\] .*{message}"):
        resources(stack, TYPE)


def test_two_images_may_have_labels_that_are_known_only_when_it_is_deployed(stack: Stack) -> None:
    for name in ("First", "Second"):
        image_in(
            stack,
            name,
            service=ContainerService.from_service_name(stack, f"{name}Shop", "shop"),
            label=CfnParameter(stack, f"{name}Label").value_as_string,
        )

    assert len(resources(stack, TYPE)) == 2


@pytest.mark.parametrize("what", ["service", "handler"])
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Environment(account="111122223333", region="eu-west-1"), "eu-west-1, not of eu-central-1"),
        (Environment(account="999988887777", region="eu-central-1"), "999988887777, not of 1111"),
    ],
)
def test_refuses_what_is_of_another_account_or_region(
    placed_stack: Stack, what: str, other: Environment, message: str
) -> None:
    elsewhere = Stack(placed_stack.node.root, "Elsewhere", env=other)
    given: dict[str, Any] = {
        "service": {"service": service_in(elsewhere)},
        "handler": {"handler": Handler(elsewhere, "Handler"), "service": shop_in(placed_stack)},
    }

    with pytest.raises(
        ValueError, match=f"{what} must be of the account .* got 'Elsewhere/.*' of {message}"
    ):
        image_in(placed_stack, **given[what])

    assert placed_stack.node.try_find_child("Image") is None


def test_takes_what_may_be_of_the_same_account_and_region(placed_stack: Stack) -> None:
    anywhere = Stack(placed_stack.node.root, "Anywhere")

    image_in(placed_stack, service=shop_in(anywhere))

    assert properties(placed_stack)["ServiceName"] == "shop"


def test_two_stacks_may_have_the_same_service_and_label() -> None:
    app = App()

    for name in ("One", "Two"):
        stack = Stack(app, name)
        image_in(stack, service=ContainerService.from_service_name(stack, "Service", "shop"))


def test_takes_values_that_are_known_only_when_it_is_deployed(stack: Stack) -> None:
    parameter = CfnParameter(stack, "Parameter")

    ContainerImage(
        stack,
        "Image",
        service=ContainerService.from_service_name(stack, "Service", parameter.value_as_string),
        label=parameter.value_as_string,
        source=ImageSource.from_digest(parameter.value_as_string),
        max_versions=CfnParameter(stack, "Number", type="Number").value_as_number,
    )

    reference = {"Ref": "Parameter"}
    given = properties(stack)
    assert [given["ServiceName"], given["Label"], given["Digest"]] == [reference] * 3
    assert given["MaxVersions"] == {"Ref": "Number"}
