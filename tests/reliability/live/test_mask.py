import pytest
from reliability.live.mask import Mask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("arn:aws:iam::123456789012:user/me", "arn:aws:iam::<account>:user/me"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "<registry>"),
        (
            "210987654321.dkr.ecr.us-east-1.amazonaws.com",
            "<account>.dkr.ecr.us-east-1.amazonaws.com",
        ),
        ("https://bucket/key?X-Amz-Signature=abc&a=b is refused", "https://bucket/key is refused"),
        ("key AKIAIOSFODNN7EXAMPLE", "key <key>"),
        ("the secret is hunter2!", "the secret is <password>!"),
        (f"sha256:{'123456789012' * 5}1234", f"sha256:{'123456789012' * 5}1234"),
        ("What now? Nothing.", "What now? Nothing."),
    ],
)
def test_what_nobody_is_to_read_is_taken_out(text: str, shown: str) -> None:
    mask = Mask()
    mask.add("hunter2", "password")
    mask.add("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "registry")
    mask.add("", "nothing")

    assert mask(text) == shown
