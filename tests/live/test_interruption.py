import signal
import weakref
from collections.abc import Iterator

import pytest
from live import interruption

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    # A shell or nohup may have had this process ignore some.
    before = {number: signal.signal(number, signal.SIG_DFL) for number in NUMBERS}
    interruption.listen()
    yield
    interruption.forget()
    for number, handler in before.items():
        signal.signal(number, handler)


class Thing:
    """Something that a weak reference can lead to."""


@pytest.mark.parametrize("number", NUMBERS)
def test_interrupts_at_once(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_lost_in_a_callback_is_raised_by_the_next_wait() -> None:
    thing = Thing()
    reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))

    del thing  # the callback's exception goes nowhere

    assert reference() is None
    with pytest.raises(KeyboardInterrupt):
        interruption.sleep(60)
    interruption.sleep(0)


def test_what_has_arrived_is_not_raised_again() -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    interruption.forget()

    interruption.check()


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_ignored_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)  # inherited, as from `nohup`

    interruption.listen()

    assert signal.getsignal(number) == signal.SIG_IGN


@pytest.mark.parametrize("number", NUMBERS)
def test_after_an_interruption_only_ctrl_c_interrupts_again(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)

    for other in (signal.SIGTERM, signal.SIGHUP):
        assert signal.getsignal(other) == signal.SIG_IGN
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
