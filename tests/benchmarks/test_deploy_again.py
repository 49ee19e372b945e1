"""What a deploy of an image that is there may cost."""

import pytest
from benchmarks.deploy_again import check

GOOD = [3, 2, 1, 459, 0]


def test_few_requests_and_the_config_alone_are_right() -> None:
    check(GOOD, [12, 4, 1, 459, 0], 459)


@pytest.mark.parametrize(
    ("again", "second", "message"),
    [
        ([4, 2, 1, 459, 0], GOOD, "again it took 7 requests, more than 6"),
        ([3, 2, 1, 460, 0], GOOD, "again it read 460 bytes of blobs and sent 0"),
        (GOOD, [12, 4, 1, 459, 2], "for a second label it read 459 bytes of blobs and sent 2"),
    ],
)
def test_more_is_a_failure(again: list[int], second: list[int], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        check(again, second, 459)
