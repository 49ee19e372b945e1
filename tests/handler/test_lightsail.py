"""Answers of Lightsail that no local Lightsail gives."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cdk_lightsail_containers_handler.errors import HandlerError, Unanswered
from cdk_lightsail_containers_handler.lightsail import Lightsail
from cdk_lightsail_containers_handler.properties.container_image import ImageName
from fake_time import FakeTime

DIGEST = "sha256:" + "0" * 64
IMAGE = {"image": ":shop.web.1", "digest": DIGEST, "createdAt": datetime(2026, 11, 23, tzinfo=UTC)}


@pytest.fixture
def answers() -> Iterator[Stubber]:
    client = boto3.client("lightsail")
    with Stubber(client) as stubber:
        yield stubber
    client.close()


def lightsail(answers: Stubber) -> Lightsail:
    return Lightsail(answers.client, FakeTime().deadline(0.2), lambda *_, **__: None)


@pytest.mark.parametrize("item", [{}, {**IMAGE, "image": ":shop.web.next"}, {"image": ":a.b.1"}])
def test_passes_over_a_listed_image_that_it_cannot_name(
    answers: Stubber, item: dict[str, Any]
) -> None:
    answers.add_response("get_container_images", {"containerImages": [item, IMAGE]})

    (image,) = lightsail(answers).images("shop")

    assert image.name == ImageName(service="shop", label="web", number=1)


def test_counts_a_registration_without_a_name_as_unanswered(answers: Stubber) -> None:
    answers.add_response("register_container_image", {"containerImage": {"digest": DIGEST}})

    with pytest.raises(Unanswered):
        lightsail(answers).register("shop", "web", DIGEST)


def test_takes_a_list_that_is_left_out_for_an_empty_one(answers: Stubber) -> None:
    answers.add_response("get_container_images", {})

    assert lightsail(answers).images("shop") == []


def test_does_not_take_an_empty_list_for_a_service(answers: Stubber) -> None:
    answers.add_response("get_container_services", {"containerServices": []})

    with pytest.raises(HandlerError, match="did not answer GetContainerServices"):
        lightsail(answers).service("shop")


@pytest.mark.parametrize("item", [{}, {"version": 1}, {"createdAt": IMAGE["createdAt"]}])
def test_passes_over_a_listed_deployment_without_version_or_time(
    answers: Stubber, item: dict[str, Any]
) -> None:
    whole = {"version": 2, "createdAt": IMAGE["createdAt"]}
    answers.add_response("get_container_service_deployments", {"deployments": [item, whole]})

    (deployment,) = lightsail(answers).deployments("shop")

    assert deployment.version == 2
    assert (deployment.containers, deployment.public_endpoint) == ({}, None)


def test_reads_every_page_of_a_log_and_no_further_than_there_is_sense() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    client = boto3.client("lightsail")
    with Stubber(client) as answers:
        for number in range(20):
            event = {"createdAt": at - timedelta(seconds=number), "message": str(number)}
            page = {"logEvents": [event, {"message": "at no time"}], "nextPageToken": str(number)}
            answers.add_response("get_container_log", page)

        events = lightsail(answers).container_log("shop", "web", at)

    client.close()
    assert [event.message for event in events] == [str(number) for number in range(19, -1, -1)]
