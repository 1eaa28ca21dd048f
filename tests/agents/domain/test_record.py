"""How an entry is printed and hashed: by the letter, since strangers write it again."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.record import (
    GENESIS,
    RecordKind,
    canonical,
    entry_hash,
    follow,
    moment_of,
    moment_text,
    plain,
)

AT = datetime(2026, 3, 1, 12, 0, 0, 123_457, tzinfo=UTC)


def test_canonical_json_by_the_letter() -> None:
    value = {"b": [1, -2, True, None], "a": Decimal("1E+2"), "é": 'q"\\/\n\x01\x7f😀', "at": AT}
    assert canonical(value) == (
        '{"a":"100","at":"2026-03-01T12:00:00.123457Z","b":[1,-2,true,null],'
        '"é":"q\\"\\\\/\\n\\u0001\x7f😀"}'
    )


def test_the_hash_by_the_letter() -> None:
    """Out of the published definition, with nothing of the program."""
    text = (
        '{"at":"2026-03-01T12:00:00.123457Z","body":{"entry":"61000.10","signal":1},'
        '"channel":3,"kind":"signal","number":1}'
    )
    wanted = hashlib.sha256(("0" * 64 + text).encode()).hexdigest()
    assert wanted == "eea0a6efe76dc0c284a8399a80d15d48ac316a7524643e3b57f4fca08352b351"
    facts = {"signal": 1, "entry": Decimal("61000.10")}
    assert entry_hash(GENESIS, 3, 1, "signal", AT, facts) == wanted
    assert follow(None, 3, RecordKind.SIGNAL, facts, AT).hash == wanted


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), {"x": [0.1]}, {1: "x"}, {"x": object()}, {"x": {1, 2}}, b"x"],
)
def test_what_can_be_read_in_two_ways_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), Decimal("NaN"), Decimal("Infinity"), AT.replace(tzinfo=None)],
    ids=str,
)
def test_what_is_no_exact_value_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical({"x": value})


def test_times_of_other_zones_are_told_in_utc() -> None:
    local = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert moment_text(local) == "2026-03-01T12:00:00.000000Z"
    assert moment_of("2026-03-01T12:00:00.000000Z") == local
    for other in ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5Z", "2026-3-01T12:00:00.000000Z"):
        with pytest.raises(ValueError):
            moment_of(other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_read_from_canonical_json_prints_the_same(value: Any) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text
    assert json.loads(text) == plain(value)
    text.encode("utf-8")


@given(st.dictionaries(st.text(), st.integers(-5, 5), max_size=6))
def test_the_order_of_names_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(list(value.items())))) == canonical(value)


@given(st.decimals(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False))
def test_decimals_keep_their_value(one: Decimal, other: Decimal) -> None:
    text = json.loads(canonical(one))
    assert Decimal(text) == one
    assert "e" not in text.lower()
