"""Images that Amazon ECR does not have: ministack answers with an empty list.

The CDK's command line takes every answer but the error for an image that is there already, and
would build and push nothing.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

import json
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import ecr


def install() -> None:
    """Make Amazon ECR report an image that it does not have."""
    describe = ecr._describe_images

    def describe_strictly(request: Mapping[str, Any]) -> Any:
        answer = describe(request)
        wanted = request.get("imageIds")
        if wanted and json.loads(answer[2]).get("imageDetails") == []:
            repository = request["repositoryName"]
            return error_response_json(
                "ImageNotFoundException",
                f"The image with imageId {wanted[0]} does not exist in the repository "
                f"'{repository}'",
            )
        return answer

    ecr._describe_images = describe_strictly
