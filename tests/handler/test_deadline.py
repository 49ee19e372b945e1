"""How long a request may go on."""

from fake_time import FakeTime


def test_counts_down_to_nothing_and_not_below() -> None:
    time = FakeTime()
    deadline = time.deadline(3)

    time.now += 2
    assert deadline.left() == 1
    time.now += 2
    assert deadline.left() == 0


def test_pauses_while_there_is_time_and_not_when_there_would_be_none() -> None:
    time = FakeTime()
    deadline = time.deadline(3)

    assert deadline.pause(2) is True
    assert deadline.pause(1) is False
    assert time.slept == [2]


def test_backs_off_longer_each_time_up_to_ten_seconds_and_never_the_same() -> None:
    time = FakeTime()
    deadline = time.deadline(1000)

    for attempt in (0, 0, 4, 8, 1000):
        assert deadline.back_off(attempt)

    first, again, *later = time.slept
    assert first != again
    assert 0.25 <= first <= 0.5
    assert 4 <= later[0] <= 8
    assert all(5 <= pause <= 10 for pause in later[1:])
