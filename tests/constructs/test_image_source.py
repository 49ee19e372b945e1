"""Where an image may come from."""

import pytest

from cdk_lightsail_containers import ImageSource


@pytest.mark.parametrize(
    "digest",
    ["", "0" * 64, "sha256:" + "0" * 63, "sha256:" + "A" * 64, "sha512:" + "0" * 64],
)
def test_refuses_what_is_no_digest(digest: str) -> None:
    with pytest.raises(ValueError, match="digest must be 'sha256:' and 64 lowercase hex digits"):
        ImageSource.from_digest(digest)
