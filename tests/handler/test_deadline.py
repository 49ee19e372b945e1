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


def test_pauses_before_each_turn_but_the_first_the_longer_the_more() -> None:
    time = FakeTime()

    turns = [(turn, time.now - 1000) for turn in time.deadline(12).pauses(1, 3)]

    assert turns == [(0, 0), (1, 1), (2, 2.5), (3, 4.75), (4, 7.75), (5, 10.75)]


def test_pauses_no_longer_and_no_shorter_than_a_turn_asks_for() -> None:
    time = FakeTime()
    pauses = time.deadline(20).pauses(1, 10)

    for turn in pauses:
        pauses.shortest = 5 if turn == 0 else 0
        pauses.longest = 1.2

    assert time.slept[:3] == [5, 1.2, 1.2]


def test_has_one_turn_when_there_is_no_time_for_a_pause() -> None:
    time = FakeTime()

    assert list(time.deadline(0).pauses(1, 10)) == [0]
    assert time.slept == []
