"""Limits hold in every window, and only as long as they must."""

from hypothesis import given
from hypothesis import strategies as st

from agents.domain.user import Place
from bot.outbox_pace import Pacing
from handlers.chat import Pace

ANN, BOB, EVE = (Place("telegram", chat) for chat in "123")


class Stopwatch:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@given(
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
    st.integers(1, 5),
    st.floats(0.5, 5),
)
def test_no_window_has_more_than_its_count(gaps: list[float], count: int, length: float) -> None:
    watch, sent = Stopwatch(), list[float]()
    pacing, pace = Pacing(watch), Pace("all", count, length)
    for gap in gaps:
        watch.seconds += gap
        if pacing.wait(ANN, [pace]) == 0:
            pacing.count([pace])
            sent.append(watch.seconds)
    for index, start in enumerate(sent):
        assert sum(start <= at < start + length for at in sent[index:]) <= count


def test_it_says_how_long_to_wait() -> None:
    watch = Stopwatch()
    pacing, paces = Pacing(watch), [Pace("all", 2, 10.0), Pace("chat", 1, 3.0)]
    pacing.count(paces)
    assert pacing.wait(ANN, paces) == 3
    watch.seconds = 3
    assert pacing.wait(ANN, paces) == 0
    pacing.count(paces)
    watch.seconds = 6
    assert pacing.wait(ANN, paces) == 4


def test_one_flooded_chat_waits_alone_and_a_second_one_for_all() -> None:
    watch = Stopwatch()
    pacing = Pacing(watch)
    pacing.asked_to_wait(ANN, 30)
    assert (pacing.wait(ANN, []), pacing.wait(EVE, [])) == (30, 0)
    watch.seconds = 10
    pacing.asked_to_wait(BOB, 5)
    assert (pacing.wait(ANN, []), pacing.wait(EVE, []), pacing.rest()) == (20, 5, 5)


def test_a_platform_that_is_down_is_asked_less_and_less() -> None:
    watch = Stopwatch()
    pacing, rests = Pacing(watch), []
    for number in range(10):
        pacing.failed(Place("telegram", str(number)))
        rests.append(pacing.rest())
        watch.seconds += rests[-1]
    assert rests == [0, 0, 0.5, 1, 2, 4, 8, 10, 10, 10]
    pacing.worked()
    pacing.failed(ANN)
    assert pacing.rest() == 0


def test_one_place_that_fails_again_and_again_is_not_the_platform() -> None:
    pacing = Pacing(Stopwatch())
    for _ in range(10):
        pacing.failed(ANN)
    assert pacing.rest() == 0
