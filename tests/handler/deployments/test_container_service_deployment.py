"""Containers deployed to a local Lightsail, and waited for."""

import itertools
import json
import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

import stack_requests
from deployment_requests import FakeLambda, FakeSecrets, deployment
from lightsail_local.samples.sample_image import push_sample_image
from lightsail_local.server import Fault
from stack_requests import Stack

CREATE = "CreateContainerServiceDeployment"
SECRET = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:db-a1b2c3"


def versions(stack: Stack) -> list[tuple[int, str]]:
    """The deployments of the service, oldest first, once everything has settled."""
    stack.time.now += 3600
    found = stack.client().get_container_service_deployments(serviceName="shop")["deployments"]
    return sorted((one["version"], one["state"]) for one in found)


def deploy(stack: Stack, image: str = "nginx:1", kind: str = "Create", **changes: Any) -> Any:
    return stack.send(deployment(kind, stack, image, **changes))


def reason(answer: dict[str, str]) -> str:
    assert answer["Status"] == "FAILED", answer
    assert answer["PhysicalResourceId"] == "shop"
    assert len(json.dumps(answer["Reason"])) <= 1502
    return answer["Reason"]


class TestDeploy:
    def test_answers_version_and_url_once_it_serves(self, stack: Stack) -> None:
        answer = deploy(stack)

        (service,) = stack.client().get_container_services(serviceName="shop")["containerServices"]
        assert answer["Status"] == "SUCCESS", answer
        assert answer["PhysicalResourceId"] == "shop"
        assert answer["Data"] == {"DeploymentVersion": "1", "Url": service["url"]}
        assert service["currentDeployment"]["version"] == 1
        assert service["currentDeployment"]["containers"]["web"] == {
            "image": "nginx:1",
            "command": [],
            "environment": {"MODE": "live"},
            "ports": {"80": "HTTP"},
        }
        assert "nextDeployment" not in service

    def test_without_a_public_endpoint_has_a_url_too(self, stack: Stack) -> None:
        answer = deploy(stack, PublicEndpoint=None, Command=["serve", "--all"])

        assert answer["Data"]["Url"].startswith("https://shop.")
        (service,) = stack.client().get_container_services(serviceName="shop")["containerServices"]
        assert "publicEndpoint" not in service["currentDeployment"]
        assert service["currentDeployment"]["containers"]["web"]["command"] == ["serve", "--all"]

    def test_of_what_serves_waits_for_another_that_begins_before_its_second_look(
        self, stack: Stack
    ) -> None:
        deploy(stack)
        stack.lightsail.behaviour.deployment_seconds = 60

        def begin() -> None:
            stack.time.on_sleep = lambda: None
            stack.client().create_container_service_deployment(
                serviceName="shop", containers={"web": {"image": "nginx:9"}}
            )

        stack.time.on_sleep = begin

        assert deploy(stack, kind="Update")["Data"]["DeploymentVersion"] == "3"

    def test_of_what_is_deployed_already_deploys_nothing(self, stack: Stack) -> None:
        deploy(stack)
        defaults = {"Path": "/", "TimeoutSeconds": "2", "SuccessCodes": "200-499"}
        endpoint = {"ContainerName": "web", "ContainerPort": "80", "HealthCheck": defaults}

        again = deploy(stack, kind="Update", PublicEndpoint=endpoint, Command=[])

        assert again["Data"]["DeploymentVersion"] == "1"
        assert versions(stack) == [(1, "ACTIVE")]

    @pytest.mark.parametrize(
        "changes",
        [
            {"image": "nginx:2"},
            {"Environment": {"MODE": "test"}},
            {"Command": ["serve"]},
            {"Ports": {"80": "HTTPS"}},
            {"PublicEndpoint": None},
            {
                "PublicEndpoint": {
                    "ContainerName": "web",
                    "ContainerPort": "80",
                    "HealthCheck": {"Path": "/up"},
                }
            },
        ],
        ids=str,
    )
    def test_of_anything_else_deploys_it(self, stack: Stack, changes: dict[str, Any]) -> None:
        deploy(stack)

        answer = deploy(stack, kind="Update", **changes)

        assert answer["Data"]["DeploymentVersion"] == "2"
        assert versions(stack) == [(1, "INACTIVE"), (2, "ACTIVE")]

    def test_waits_for_another_deployment_first(self, stack: Stack) -> None:
        stack.lightsail.behaviour.deployment_seconds = 60
        others = {"worker": {"image": "busybox:1"}}
        stack.client().create_container_service_deployment(serviceName="shop", containers=others)

        answer = deploy(stack)

        assert answer["Data"]["DeploymentVersion"] == "2"
        assert versions(stack) == [(1, "INACTIVE"), (2, "ACTIVE")]

    def test_that_another_delivery_began_is_waited_for(self, stack: Stack) -> None:
        stack.lightsail.behaviour.deployment_seconds = 60
        first = deployment("Create", stack)
        stack.seconds = 40  # for the first one, which hands over
        stack.clients["lambda"] = FakeLambda()
        stack.handler(first, stack.context())
        stack.seconds = 300

        answer = stack.send(first)

        assert answer["Data"]["DeploymentVersion"] == "1"
        assert stack.calls(CREATE) == 1

    def test_that_another_delivery_ended_while_the_stack_was_read_is_found(
        self, stack: Stack
    ) -> None:
        stack.lightsail.behaviour.deployment_seconds = 60
        first = deployment("Create", stack)
        reads = itertools.count(1)

        def deliver_again(**_: Any) -> None:
            if next(reads) == 2:  # right before the deployment
                stack.new_handler()(first, stack.context())

        client = boto3.client("cloudformation", endpoint_url=stack.cloudformation.url)
        client.meta.events.register("before-call.cloudformation.DescribeStacks", deliver_again)
        stack.clients["cloudformation"] = client
        stack.new_handler()(first, stack.context())

        assert [answer["Data"]["DeploymentVersion"] for answer in stack.response.answers] == [
            "1",
            "1",
        ]
        assert stack.calls(CREATE) == 1

    def test_waits_while_the_service_is_being_changed(self, stack: Stack) -> None:
        stack.lightsail.behaviour.service_seconds = 40
        stack.client().update_container_service(serviceName="shop", scale=2)

        assert deploy(stack)["Data"]["DeploymentVersion"] == "1"

    def test_of_the_latest_image_always_deploys(self, stack: Stack) -> None:
        stack.lightsail.behaviour.latest = "echoed"
        stack.create()
        stack.deploy(":shop.web.1")  # which pushes the image, too

        first = deploy(stack, ":shop.web.latest")
        again = deploy(stack, ":shop.web.latest", kind="Update")

        assert (first["Status"], again["Status"]) == ("SUCCESS", "SUCCESS")
        assert (
            int(again["Data"]["DeploymentVersion"]) == int(first["Data"]["DeploymentVersion"]) + 1
        )

    def test_that_another_one_has_followed_was_a_success(self, stack: Stack) -> None:
        request = deployment("Create", stack)
        deploy(stack)
        stack.deploy("busybox:1")
        request["HandOver"] = {"Count": 1, "Began": 0.0, "State": {"Version": 1}}

        assert stack.send(request)["Data"]["DeploymentVersion"] == "1"


class TestRefusals:
    def test_for_one_deployment_after_the_other_are_waited_out(self) -> None:
        with stack_requests.stack(stale_seconds=4, deployment_seconds=30) as stack:
            client, left = stack.client(), ["busybox:1", "busybox:2"]

            def begin() -> None:
                """Deploy something else, whenever reads show that nothing is under way."""
                shown = client.get_container_service_deployments(serviceName="shop")["deployments"]
                if left and all(one["state"] != "ACTIVATING" for one in shown):
                    client.create_container_service_deployment(
                        serviceName="shop", containers={"worker": {"image": left.pop()}}
                    )

            begin()
            stack.time.on_sleep = begin

            assert deploy(stack)["Data"]["DeploymentVersion"] == "3"

    def test_are_told_in_lightsails_words(self, stack: Stack) -> None:
        assert "Example of valid image" in reason(deploy(stack, ":shop.web.latest"))
        assert versions(stack) == []

    def test_that_quote_a_secret_do_not_show_it(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        stack.clients["secretsmanager"] = FakeSecrets(**{SECRET: "hunter22-and-more" * 20})
        quoted = f"Environment {'hunter22-and-more' * 20} is invalid."
        stack.lightsail.faults.append(
            Fault(operation=CREATE, code="InvalidInputException", message=quoted, times=9)
        )

        told = reason(deploy(stack, Secrets={"PASSWORD": {"SecretArn": SECRET}}))

        assert "Environment *** is invalid" in told
        assert "hunter22" not in told + caplog.text

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"Containers": {}}, "Containers must be 1 to 10, got 0"),
            ({"Containers": []}, "Containers must be an object"),
            ({"Containers": {"Web": {}}}, "container name must be 1-53 lowercase"),
            ({"image": ""}, "Containers.web.Image must be an image name"),
            ({"image": ":other.web.1"}, "must be one of the container service 'shop' itself"),
            ({"image": ":shop"}, "when it begins with ':'"),
            ({"Ports": {"0": "HTTP"}}, "Containers.web.Ports must be a whole number from 1"),
            ({"Ports": {"80": "FTP"}}, "must be one of HTTP, HTTPS, TCP, UDP, got 'FTP'"),
            ({"Ports": {"80": "TCP"}}, "must be an HTTP or HTTPS port of container 'web'"),
            ({"Command": "serve"}, "Containers.web.Command must be a list of strings"),
            ({"Environment": {"A": {}}}, "Containers.web.Environment.A must be a string"),
            ({"Secrets": {"A": {}}}, "Containers.web.Secrets.A must hold either"),
            ({"PublicEndpoint": {"ContainerName": "api"}}, "must be one of the containers"),
            (
                {
                    "PublicEndpoint": {
                        "ContainerName": "web",
                        "ContainerPort": "80",
                        "HealthCheck": {"TimeoutSeconds": "1"},
                    }
                },
                "PublicEndpoint.HealthCheck.TimeoutSeconds must be a whole number from 2 to 60",
            ),
            (
                {
                    "PublicEndpoint": {
                        "ContainerName": "web",
                        "ContainerPort": "80",
                        "HealthCheck": {"Path": "up"},
                    }
                },
                "PublicEndpoint.HealthCheck.Path must begin with '/'",
            ),
            (
                {
                    "PublicEndpoint": {
                        "ContainerName": "web",
                        "ContainerPort": "80",
                        "HealthCheck": {"SuccessCodes": "500"},
                    }
                },
                "PublicEndpoint.HealthCheck.SuccessCodes must be codes or ranges",
            ),
        ],
        ids=str,
    )
    def test_of_impossible_properties_call_nothing(
        self, stack: Stack, changes: dict[str, Any], said: str
    ) -> None:
        before = len(stack.lightsail.requests)

        told = reason(deploy(stack, **changes))

        assert said in told
        assert len(stack.lightsail.requests) == before

    def test_have_an_id_when_the_service_is_not_even_named(self, stack: Stack) -> None:
        answer = deploy(stack, ServiceName=None)

        assert answer["PhysicalResourceId"] == "LightsailContainerServiceDeployment::NOT_DEPLOYED"
        assert "ServiceName is missing" in answer["Reason"]

    def test_have_an_id_when_the_properties_are_no_object(self, stack: Stack) -> None:
        event = {**deployment("Create", stack), "ResourceProperties": []}

        answer = stack.send(event)

        assert answer["PhysicalResourceId"] == "LightsailContainerServiceDeployment::NOT_DEPLOYED"


class TestFailures:
    def test_say_which_container_failed_and_what_it_logged(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_LAMBDA_LOG_GROUP_NAME", "Shop-Log")
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"

        told = reason(deploy(stack, "nginx:2", kind="Update"))

        assert told == (
            "deployment 1 of container service 'shop' failed, container 'web': Error: cannot "
            "start: nginx:2: fix it, its log is in log group Shop-Log"
        )
        assert versions(stack) == [(1, "FAILED")]

    def test_of_a_create_show_what_its_rollback_deletes(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_LAMBDA_LOG_GROUP_NAME", "Shop-Log")
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"

        assert reason(deploy(stack, "nginx:2")) == (
            "deployment 1 of container service 'shop' failed, container 'web': Error: cannot "
            "start: nginx:2, it also logged: starting | environment: MODE=live: fix it, deploy "
            "with --no-rollback to keep the log"
        )

    @pytest.mark.parametrize(
        ("failure", "said"),
        [
            ("health_check", "GET /up 503 | [deployment:1] Failed health check"),
            ("took_too_long", "starting | [deployment:1] Took too long"),
        ],
    )
    def test_of_a_container_that_does_not_serve_name_what_is_asked_for(
        self, stack: Stack, failure: Any, said: str
    ) -> None:
        stack.lightsail.behaviour.failing_images["nginx:2"] = failure
        check = {"Path": "/up", "SuccessCodes": "200-299"}
        endpoint = {"ContainerName": "web", "ContainerPort": "80", "HealthCheck": check}

        told = reason(deploy(stack, "nginx:2", kind="Update", PublicEndpoint=endpoint))

        assert told == (
            "deployment 1 of container service 'shop' failed (health check: GET /up on port 80 of "
            f"container 'web', success codes 200-299), container 'web': {said}: fix it, its log "
            "is in the log of the function"
        )

    @pytest.mark.parametrize("secret", ["shop", "live", "container", "deployment", "step", "log"])
    def test_are_readable_beside_a_secret_that_is_a_word(
        self, stack: Stack, caplog: pytest.LogCaptureFixture, secret: str
    ) -> None:
        caplog.set_level(logging.INFO)
        stack.clients["secretsmanager"] = FakeSecrets(**{SECRET: secret})
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"

        told = reason(
            deploy(stack, "nginx:2", kind="Update", Secrets={"NAME": {"SecretArn": SECRET}})
        )

        assert told == (
            "deployment 1 of container service 'shop' failed, container 'web': Error: cannot "
            "start: nginx:2: fix it, its log is in the log of the function"
        )
        lines = [json.loads(record.getMessage()) for record in caplog.records]
        assert [line["stack"] for line in lines] == ["Shop"] * len(lines)
        assert lines[-1]["reason"] == told

    @pytest.mark.parametrize("kind", ["Create", "Update"])
    @pytest.mark.parametrize(
        "written",
        [
            'p\\"a\\/ss-\\u0077ord',
            "p%22a%2Fss-word",
            'p"a/ss-\x1b[31mword',
            'p"a/ss-word at https://a.b/c?sig=p',
        ],
    )
    def test_show_no_secret_however_the_container_writes_it(
        self, stack: Stack, caplog: pytest.LogCaptureFixture, kind: str, written: str
    ) -> None:
        caplog.set_level(logging.INFO)
        stack.clients["secretsmanager"] = FakeSecrets(**{SECRET: 'p"a/ss-word'})
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"

        told = reason(
            deploy(
                stack,
                "nginx:2",
                kind=kind,
                Environment={"CONFIG": f"an error, {written}"},
                Secrets={"PASSWORD": {"SecretArn": SECRET}},
            )
        )

        assert "CONFIG=an error, ***" in told
        assert "\x1b" not in told
        for part in ("ss-", "u0077ord", "sig=p"):
            assert part not in told + caplog.text

    def test_are_rolled_back_without_another_deployment(self, stack: Stack) -> None:
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"
        deploy(stack)
        reason(deploy(stack, "nginx:2", kind="Update"))

        rolled_back = deploy(stack, kind="Update")

        assert rolled_back["Data"]["DeploymentVersion"] == "1"
        assert versions(stack) == [(1, "ACTIVE"), (2, "FAILED")]

    def test_that_are_still_under_way_are_waited_for_by_the_rollback(self, stack: Stack) -> None:
        stack.lightsail.behaviour.failing_images["nginx:2"] = "took_too_long"
        deploy(stack)
        stack.lightsail.behaviour.deployment_seconds = 100
        given_up = deployment("Update", stack, "nginx:2", ServiceTimeout="60")
        stack.seconds = 60
        stack.clients["lambda"] = FakeLambda()
        assert "was still under way when CloudFormation's time was over" in reason(
            stack.send(given_up)
        )
        stack.seconds = 300

        rolled_back = deploy(stack, kind="Update")

        assert rolled_back["Data"]["DeploymentVersion"] == "1"
        assert versions(stack) == [(1, "ACTIVE"), (2, "FAILED")]

    def test_can_be_fixed_after_a_create(self, stack: Stack) -> None:
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"
        reason(deploy(stack, "nginx:2"))
        assert deploy(stack, "nginx:2", kind="Delete")["Status"] == "SUCCESS"

        assert deploy(stack)["Data"]["DeploymentVersion"] == "2"

    def test_name_the_container_that_failed_among_several(self, stack: Stack) -> None:
        stack.lightsail.behaviour.failing_images["busybox:2"] = "crash"
        containers = {
            "web": {"Image": "nginx:1", "Ports": {"80": "HTTP"}},
            "worker": {"Image": "busybox:2"},
        }

        assert "container 'worker': Error: cannot start" in reason(
            deploy(stack, Containers=containers)
        )

    def test_log_all_that_the_containers_logged_but_no_secret(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        stack.clients["secretsmanager"] = FakeSecrets(**{SECRET: 'hunt"er\nsecond line'})
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"

        told = reason(deploy(stack, "nginx:2", Secrets={"PASSWORD": {"SecretArn": SECRET}}))

        assert '"line": "environment: MODE=live PASSWORD=***"' in caplog.text
        for secret in ("hunt", "second line"):
            assert secret not in told + caplog.text

    def test_show_no_secret_as_it_was_before_it_was_rotated(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        secrets = FakeSecrets(**{SECRET: "the-old-password"})
        stack.clients["secretsmanager"] = secrets
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"
        password = {"PASSWORD": {"SecretArn": SECRET}}
        deploy(stack, Secrets=password)
        secrets.secrets[SECRET] = "the-new-password"

        told = reason(
            deploy(
                stack,
                "nginx:2",
                kind="Update",
                Environment={"SAID": "error: cannot log in with the-old-password"},
                Secrets=password,
            )
        )

        assert "cannot log in with ***" in told
        assert "the-old-password" not in caplog.text

    def test_are_told_without_a_log_that_cannot_be_read(self, stack: Stack) -> None:
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"
        stack.lightsail.faults.append(Fault(operation="GetContainerLog", kind="denied", times=100))

        assert (
            "container 'web': there is no log of it, the last state was CREATING_DEPLOYMENT: Your "
            "deployment is being created on your container service: fix it, deploy with"
        ) in reason(deploy(stack, "nginx:2"))


class TestFaults:
    @pytest.mark.parametrize("kind", ["throttle", "error", "unavailable", "reset_before"])
    @pytest.mark.parametrize(
        "operation",
        ["GetContainerServiceDeployments", "GetContainerServices", CREATE],
    )
    def test_are_tried_again(self, stack: Stack, operation: str, kind: Any) -> None:
        stack.lightsail.faults.append(Fault(operation=operation, kind=kind, times=2))

        assert deploy(stack)["Data"]["DeploymentVersion"] == "1"
        assert versions(stack) == [(1, "ACTIVE")]

    @pytest.mark.parametrize("kind", ["reset_after", "cut", "garbage"])
    def test_that_lose_the_answer_deploy_once(self, stack: Stack, kind: Any) -> None:
        stack.lightsail.faults.append(Fault(operation=CREATE, kind=kind))

        assert deploy(stack)["Data"]["DeploymentVersion"] == "1"
        assert versions(stack) == [(1, "ACTIVE")]

    def test_that_lose_the_answer_of_one_that_fails_deploy_once(self, stack: Stack) -> None:
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"
        stack.lightsail.behaviour.deployment_seconds = 0.1
        stack.lightsail.faults.append(Fault(operation=CREATE, kind="reset_after"))

        reason(deploy(stack, "nginx:2"))

        assert versions(stack) == [(1, "FAILED")]

    def test_at_the_end_of_an_invocation_are_left_to_the_next(self, stack: Stack) -> None:
        stack.lightsail.behaviour.deployment_seconds = 60
        invoked = stack.clients["lambda"] = FakeLambda()
        stack.seconds = 40
        operation = "GetContainerServices"
        stack.lightsail.faults.append(Fault(operation=operation, kind="throttle", times=100))

        stack.handler(deployment("Create", stack), stack.context())

        (handed,) = invoked.payloads
        assert handed["HandOver"]["State"]["Version"] == 1
        assert stack.response.answers == []

    @pytest.mark.parametrize("operation", ["GetContainerServiceDeployments", CREATE])
    def test_before_its_turn_are_left_to_the_next_invocation(
        self, stack: Stack, operation: str
    ) -> None:
        stack.deploy("busybox:1")
        invoked = stack.clients["lambda"] = FakeLambda()
        stack.seconds = 40
        client, others = stack.client(), {"worker": {"image": "busybox:2"}}
        stack.lightsail.behaviour.deployment_seconds = 3
        client.create_container_service_deployment(serviceName="shop", containers=others)

        def throttle() -> None:
            stack.lightsail.faults.append(Fault(operation=operation, kind="throttle", times=100))

        stack.time.on_sleep = throttle

        stack.handler(deployment("Create", stack), stack.context())

        (handed,) = invoked.payloads
        assert handed["HandOver"]["State"]["Settled"] == 1
        assert stack.response.answers == []

    def test_of_the_first_call_of_all_are_told(self, stack: Stack) -> None:
        stack.lightsail.faults.append(
            Fault(operation="GetContainerServiceDeployments", kind="throttle", times=100)
        )

        assert "did not answer GetContainerServiceDeployments" in reason(deploy(stack))


class TestHandOver:
    def test_goes_on_in_the_next_invocations_and_answers_once(self, stack: Stack) -> None:
        stack.lightsail.behaviour.deployment_seconds = 100
        invoked = stack.clients["lambda"] = FakeLambda()
        stack.seconds = 60
        stack.handler(deployment("Create", stack), stack.context())

        while not stack.response.answers:
            stack.new_handler()(invoked.payloads[-1], stack.context())

        assert len(invoked.payloads) >= 3
        for payload in invoked.payloads:
            assert payload["HandOver"]["State"]["Version"] == 1
        assert stack.response.answer["Data"]["DeploymentVersion"] == "1"
        assert stack.calls(CREATE) == 1

    def test_of_one_that_fails_says_so_and_deploys_nothing_twice(self, stack: Stack) -> None:
        stack.lightsail.behaviour.deployment_seconds = 40
        stack.lightsail.behaviour.failing_images["nginx:2"] = "crash"
        invoked = stack.clients["lambda"] = FakeLambda()
        stack.seconds = 45
        stack.handler(deployment("Create", stack, "nginx:2"), stack.context())
        stack.time.now += 100

        stack.handler(invoked.payloads[-1], stack.context())

        told = reason(stack.response.answer)
        assert "failed, container 'web': Error: cannot start" in told
        assert stack.calls(CREATE) == 1

    def test_while_another_deployment_is_in_progress_remembers_what_had_ended(
        self, stack: Stack
    ) -> None:
        stack.deploy("busybox:1")
        stack.lightsail.behaviour.deployment_seconds = 60
        stack.client().create_container_service_deployment(
            serviceName="shop", containers={"worker": {"image": "busybox:2"}}
        )
        invoked = stack.clients["lambda"] = FakeLambda()
        stack.seconds = 40
        stack.handler(deployment("Create", stack), stack.context())

        (handed,) = invoked.payloads
        assert handed["HandOver"]["State"]["Settled"] == 1
        stack.time.now += 100
        stack.seconds = 300
        stack.handler(handed, stack.context())
        assert stack.response.answer["Data"]["DeploymentVersion"] == "3"

    def test_leaves_a_second_look_at_what_serves_to_the_next(self, stack: Stack) -> None:
        deploy(stack)
        stack.time.now += 60
        invoked = stack.clients["lambda"] = FakeLambda()
        stack.seconds = 33
        stack.handler(deployment("Update", stack), stack.context())
        stack.seconds = 300

        answer = stack.send(invoked.payloads[-1])

        assert answer["Data"]["DeploymentVersion"] == "1"
        assert versions(stack) == [(1, "ACTIVE")]

    def test_carries_no_secret(self, stack: Stack) -> None:
        stack.lightsail.behaviour.deployment_seconds = 60
        stack.clients["secretsmanager"] = FakeSecrets(**{SECRET: "hunter22"})
        invoked = stack.clients["lambda"] = FakeLambda()
        stack.seconds = 40

        event = deployment("Create", stack, Secrets={"PASSWORD": {"SecretArn": SECRET}})
        stack.handler(event, stack.context())

        assert "hunter22" not in str(invoked.payloads)
        assert SECRET in str(invoked.payloads)


class TestStaleReads:
    @pytest.fixture
    def stack(self) -> Iterator[Stack]:
        with stack_requests.stack(stale_seconds=4.0) as given:
            yield given

    def test_do_not_pass_for_a_deployment_that_serves(self, stack: Stack) -> None:
        assert deploy(stack)["Data"]["DeploymentVersion"] == "1"
        assert versions(stack) == [(1, "ACTIVE")]

    def test_do_not_pass_for_what_a_rollback_has_to_deploy(self, stack: Stack) -> None:
        deploy(stack)
        stack.time.now += 60
        deploy(stack, "nginx:2", kind="Update")

        rolled_back = deploy(stack, kind="Update")

        assert rolled_back["Data"]["DeploymentVersion"] == "3"
        assert versions(stack)[-1] == (3, "ACTIVE")

    def test_do_not_pass_for_what_another_stack_has_just_replaced(self, stack: Stack) -> None:
        deploy(stack)
        stack.time.now += 60
        stack.deploy("busybox:1")
        stack.time.now -= 3600 - 2  # it became active a second ago

        assert deploy(stack, kind="Update")["Data"]["DeploymentVersion"] == "3"

    def test_of_another_deployment_in_progress_are_refused_and_looked_at_again(
        self, stack: Stack
    ) -> None:
        stack.lightsail.behaviour.deployment_seconds = 20
        others = {"worker": {"image": "busybox:1"}}
        stack.client().create_container_service_deployment(serviceName="shop", containers=others)

        assert deploy(stack)["Data"]["DeploymentVersion"] == "2"


class TestDelete:
    def test_leaves_the_deployment_as_it_is(self, stack: Stack) -> None:
        deploy(stack)
        before = len(stack.lightsail.requests)

        answer = deploy(stack, kind="Delete")

        assert answer["Status"] == "SUCCESS"
        assert len(stack.lightsail.requests) == before
        assert versions(stack) == [(1, "ACTIVE")]


class TestGreenMeansThatItServes:
    def test_a_disabled_service_is_told(self, stack: Stack) -> None:
        stack.send(deployment("Create", stack))
        stack.client().update_container_service(serviceName="shop", isDisabled=True)
        stack.time.now += 600

        answer = stack.send(deployment("Update", stack, Revision="2"))

        assert answer["Status"] == "FAILED"
        assert answer["Reason"] == (
            "container service 'shop' is disabled, so that deployment 1 does not serve: "
            "enable the service and deploy again"
        )

    @pytest.mark.parametrize(
        "image", ["ghcr.io/acme/web:1.25.latest", "nginx:latest", ":shop.web.1"]
    )
    def test_an_image_that_is_only_called_latest_is_not_deployed_again(
        self, stack: Stack, image: str
    ) -> None:
        push_sample_image(stack.lightsail.url, "1")
        stack.create()
        stack.send(deployment("Create", stack, image))

        stack.send(deployment("Update", stack, image, Revision="2"))

        assert len(versions(stack)) == 1

    @pytest.mark.parametrize("fault", ["garbage", "error", "reset_before", "unavailable", None])
    @pytest.mark.parametrize("busy", ["deploying", "changing"])
    def test_a_list_that_is_missing_makes_no_old_version_pass_for_this_one(
        self, fault: Any, busy: str
    ) -> None:
        with stack_requests.stack(
            deployment_seconds=60, service_seconds=60, busy_service="refused"
        ) as stack:
            stack.send(deployment("Create", stack, "nginx:1"))
            stack.send(deployment("Update", stack, "nginx:2"))
            stack.time.now += 600
            if busy == "deploying":
                stack.client().create_container_service_deployment(
                    serviceName="shop", containers={"x": {"image": "busybox:1"}}
                )
            else:
                stack.client().update_container_service(serviceName="shop", power="micro")
            if fault:
                stack.lightsail.faults.append(
                    Fault(operation="GetContainerServiceDeployments", kind=fault)
                )

            answer = stack.send(deployment("Update", stack, "nginx:1"))

            (service,) = stack.client().get_container_services(serviceName="shop")[
                "containerServices"
            ]
            serving = service["currentDeployment"]["version"]
            assert answer["Data"]["DeploymentVersion"] == str(serving)

    @pytest.mark.parametrize(
        "fault", ["throttle", "error", "garbage", "reset_after", "unavailable"]
    )
    @pytest.mark.parametrize(
        "operation", ["GetContainerServiceDeployments", "GetContainerServices"]
    )
    def test_an_unchanged_deployment_makes_no_new_version(
        self, stack: Stack, operation: str, fault: Any
    ) -> None:
        stack.send(deployment("Create", stack))
        stack.lightsail.faults.append(Fault(operation=operation, kind=fault))

        assert stack.send(deployment("Update", stack, Revision="2"))["Status"] == "SUCCESS"

        assert len(versions(stack)) == 1
