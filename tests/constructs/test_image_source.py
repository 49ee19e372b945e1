"""An image that was pushed, as a source; the other sources have modules of their own."""

import pytest
from aws_cdk import Stack

from cdk_lightsail_containers import ImageSource
from stacks import DIGEST, granted, image_in, origin_of


def test_is_the_digest_and_may_neither_push_nor_hand_over(stack: Stack) -> None:
    image_in(stack, source=ImageSource.from_digest(DIGEST))

    assert origin_of(stack) == {"Digest": DIGEST}
    assert granted(stack) == set()


@pytest.mark.parametrize(
    "digest",
    ["", "0" * 64, "sha256:" + "0" * 63, "sha256:" + "A" * 64, "sha512:" + "0" * 64],
)
def test_refuses_what_is_no_digest(digest: str) -> None:
    with pytest.raises(ValueError, match="digest must be 'sha256:' and 64 lowercase hex digi"):
        ImageSource.from_digest(digest)
