"""No text breaks the reader, or makes it slow."""

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.signal import SignalKind, problems, reading_from_json
from agents.domain.symbols import DEFAULT_UNIVERSE
from agents.signals.reading import read_signal
from agents.signals.reading.lexicon import PHRASES

WORDS = sorted({" ".join(said) for rows in PHRASES.values() for said, _ in rows})
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(
        ["BTC/USDT", "#eth", "\n", " - ", "✅", "🎯", "🛑", ":", "%", "x", "k", ")", "("]
    ),
    st.integers(0, 100_000).map(str),
    st.decimals(0, 100_000, places=3).map(str),
    st.text(max_size=6),
)
ALIKE = st.lists(PIECES, max_size=60).map(" ".join) | st.lists(PIECES, max_size=60).map("".join)


@given(st.text(max_size=10_000) | ALIKE)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_in_one_way(text: str) -> None:
    reading = read_signal(text, DEFAULT_UNIVERSE)
    assert read_signal(text, DEFAULT_UNIVERSE) == reading
    assert reading_from_json(reading.as_json()) == reading
    problems(reading, None)
    numbers = [*reading.entries, *(target.price for target in reading.targets)]
    numbers += [reading.stop] if reading.stop is not None else []
    assert all(number.is_finite() and number > 0 for number in numbers)
    assert reading.kind is SignalKind.SIGNAL or not numbers
    assert all(len(fault) < 400 for fault in reading.faults)


UNITS = [
    "1", "a", "A", "1-", "TP1 1.5 ", "buy stop ", "trail\n", "1,", "1.", "#BTC/USDT ", "a/", "#",
    "5x ", "1.5 ", "LONG 1 ", "TP ✅ ", "target ", "LONGLEVERAGE", "BTCUSD", "@", "http://", "۱",
    "if tp1 hit ", " ", "\n", "12:", "1/1/", "sl to ", "entry 1 - ", "🎯", "ABCDEFGHIJKLMNOP/",
    "USDT-", "it's ", "𝗧𝗣𝟭 ", "TP1: 2 ✅\n", "SL 1 ", "+5% ", "close half ",
]  # fmt: skip


def calls(text: str) -> int:
    """How many functions, regular expressions and methods the reading of `text` calls."""
    count = 0

    def seen(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        read_signal(text, DEFAULT_UNIVERSE)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("unit", UNITS)
def test_a_text_twice_as_long_takes_twice_the_work(unit: str) -> None:
    short, long = ((unit * length)[:length] for length in (2_000, 4_000))
    read_signal(long, DEFAULT_UNIVERSE)  # what is kept from now on is kept for both
    assert calls(long) <= 2.3 * calls(short) + 200
