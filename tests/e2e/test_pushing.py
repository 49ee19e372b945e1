"""Images that the function carries into Lightsail, for stacks that CloudFormation's API deploys."""

import json
import time
from collections.abc import Iterator

import pytest

import fake_registry
import oci_images
from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from fake_registry import PASSWORD, USERNAME, FakeRegistry
from lightsail_local.samples.sample_image import sample_image
from lightsail_local.samples.sample_registry import SampleRegistry

pytestmark = pytest.mark.e2e

APP = "tests/e2e/pushing_app.py"


@pytest.fixture(scope="session")
def cdk(deploys: CloudFormationDeploys) -> CloudFormationDeploys:
    """The cloud without the command line."""
    return deploys


@pytest.fixture(autouse=True)
def no_stack_is_left(cdk: Cdk, shop: str) -> Iterator[None]:  # before the service goes
    yield
    for stack in ("Pushing", "FromRegistry", "FromPrivateRegistry"):
        cdk.delete(stack)


@pytest.fixture
def source() -> Iterator[FakeRegistry]:
    with fake_registry.fake_registry() as registry:
        yield registry


def test_a_multi_arch_image_is_carried_replaced_and_removed(cdk: Cdk, shop: str) -> None:
    with SampleRegistry() as registry:
        created = cdk.deploy(service_name=shop, label="web", image=registry.image("first"))
        assert created.outputs == {
            "ImageName": ":shop.web.1",
            "ImageDigest": sample_image("first").digest,
        }, created.output

        replaced = cdk.deploy(service_name=shop, label="web", image=registry.image("second"))
        assert replaced.outputs["ImageDigest"] == sample_image("second").digest, replaced.output
        assert cdk.images() == {":shop.web.2": sample_image("second").digest}

    # The registry is gone, and nothing needs it any more.
    cdk.remove()
    assert cdk.images() == {}


def test_a_private_image_is_read_with_a_secret_that_is_shown_nowhere(
    cdk: Cdk, shop: str, source: FakeRegistry
) -> None:
    source.login = "bearer"
    made = oci_images.multi_arch(*oci_images.layers(2, 100_000))
    source.add(made, "1")
    secrets = cdk.client("secretsmanager")
    given = json.dumps({"username": USERNAME, "password": PASSWORD})
    secret = secrets.create_secret(Name="registry", SecretString=given)["ARN"]

    run = cdk.deploy(APP, image=f"{source.host}/web:1", secret=secret)

    assert run.outputs["ImageName"] == ":shop.web.1", run.output
    logs = cdk.function_log("blob copied")
    assert "blob copied" in logs
    assert "went on without the stack's status" not in logs
    template = cdk.client("cloudformation").get_template(StackName="Pushing")["TemplateBody"]
    events = cdk.client("cloudformation").describe_stack_events(StackName="Pushing")
    said = run.output + logs + json.dumps(template) + str(events["StackEvents"])
    assert not [text for text in (PASSWORD, fake_registry.BASIC, "token-0") if text in said]


def test_a_copy_that_is_longer_than_an_invocation_goes_on_in_the_next(
    cdk: Cdk, shop: str, source: FakeRegistry
) -> None:
    layers = oci_images.layers(2, 100_000, "of an image that is new to the registry")
    made = oci_images.image(*layers)
    source.add(made, "1")
    slow = oci_images.digest_of(layers[0])
    # The function stops its copy half a minute before its end.
    source.fail(f"GET .*{slow}", lambda _: time.sleep(33))

    run = cdk.deploy(APP, image=f"{source.host}/web:1")

    assert run.outputs == {"ImageName": ":shop.web.1", "ImageDigest": made.digest}, run.output
    # Each invocation looks the tag up once; only the second one got the slow layer.
    assert sum("/manifests/1" in line for line in source.lines("GET")) == 2
    assert sum(slow in line for line in source.lines("GET")) == 2


def test_versions_of_a_label_are_kept_as_many_as_asked_for_and_those_in_use(
    cdk: Cdk, shop: str, source: FakeRegistry
) -> None:
    def deployed(tag: str) -> set[str]:
        made = oci_images.sample(tag)
        source.add(made, tag)
        run = cdk.deploy(APP, image=f"{source.host}/web:{tag}", versions=2)
        assert run.outputs["ImageDigest"] == made.digest, run.output
        return set(cdk.images())

    assert deployed("one") == {":shop.web.1"}
    assert deployed("two") == {":shop.web.1", ":shop.web.2"}
    cdk.client("lightsail").create_container_service_deployment(
        serviceName=shop, containers={"web": {"image": ":shop.web.2"}}
    )
    assert deployed("three") == {":shop.web.2", ":shop.web.3"}
    kept = {":shop.web.2", ":shop.web.3", ":shop.web.4"}
    assert deployed("four") == kept
    cdk.delete("Pushing")
    assert set(cdk.images()) == kept


def test_an_image_without_linux_amd64_is_refused_with_its_platforms(
    cdk: Cdk, shop: str, source: FakeRegistry
) -> None:
    source.add(oci_images.image(b"layer", platform="linux/arm64"), "1")

    run = cdk.deploy(APP, image=f"{source.host}/web:1")

    assert run.returncode == 1
    (reason,) = cdk.reasons("Pushing", "CREATE_FAILED")
    assert "is for linux/arm64, not for linux/amd64: build it with --platform" in reason
    assert cdk.images() == {}


def test_the_example_of_a_registry_looks_a_tag_up_again_with_another_revision(
    cdk: Cdk, shop: str, source: FakeRegistry
) -> None:
    app, image = "examples/from_registry.py", f"{source.host}/nginx:1.27"
    before, after = (oci_images.image(text.encode()) for text in ("before", "after"))
    source.add(before, "1.27")
    created = cdk.deploy(app, image=image, revision=1)
    assert created.outputs["ImageDigest"] == before.digest, created.output

    source.add(after, "1.27")
    unchanged = cdk.deploy(app, image=image, revision=1)
    assert "(no changes)" in unchanged.output
    looked_up = cdk.deploy(app, image=image, revision=2)

    assert looked_up.outputs["ImageDigest"] == after.digest, looked_up.output
    assert cdk.images() == {":shop.web.2": after.digest}
    cdk.remove()
    assert cdk.images() == {}


def test_the_example_of_a_private_registry_logs_in_with_the_secret_of_that_name(
    cdk: Cdk, shop: str, source: FakeRegistry
) -> None:
    app, image = "examples/from_private_registry.py", f"{source.host}/acme/web:1.4"
    source.login = "basic"
    made = oci_images.image(b"private")
    source.add(made, "1.4")
    login = json.dumps({"username": USERNAME, "password": PASSWORD})
    secrets = cdk.client("secretsmanager")
    secrets.create_secret(Name="ghcr", SecretString=login)

    created = cdk.deploy(app, image=image)

    assert created.outputs == {"ImageName": ":shop.web.1"}, created.output
    assert cdk.images() == {":shop.web.1": made.digest}
    cdk.remove()
    secrets.delete_secret(SecretId="ghcr", ForceDeleteWithoutRecovery=True)
