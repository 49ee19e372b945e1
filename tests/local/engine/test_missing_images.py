"""What Amazon ECR says of an image, which the CDK's command line builds if it is not there."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_an_image_that_is_not_there_is_an_error(ecr: Any) -> None:
    with pytest.raises(ClientError, match="does not exist in the repository 'web'") as caught:
        ecr.describe_images(repositoryName="web", imageIds=[{"imageTag": "1"}])

    assert caught.value.response["Error"]["Code"] == "ImageNotFoundException"


def test_an_image_that_is_there_is_described(ecr: Any) -> None:
    ecr.put_image(repositoryName="web", imageManifest="{}", imageTag="1")

    found = ecr.describe_images(repositoryName="web", imageIds=[{"imageTag": "1"}])

    assert [image["imageTags"] for image in found["imageDetails"]] == [["1"]]


def test_a_repository_has_no_images_without_any_error(ecr: Any) -> None:
    assert ecr.describe_images(repositoryName="web")["imageDetails"] == []


def test_a_repository_that_is_not_there_is_another_error(ecr: Any) -> None:
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        ecr.describe_images(repositoryName="gone", imageIds=[{"imageTag": "1"}])
