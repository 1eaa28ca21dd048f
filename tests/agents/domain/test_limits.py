"""Which of two limits is stricter, and what of an owner's own holds at a moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agents.domain.limits import (
    BY_NAME,
    RULES,
    Own,
    Pending,
    allows,
    effective,
    joined,
    loosens,
    of_rule,
    owns_as_json,
    owns_from_json,
    stricter,
)
from agents.domain.risk import Limits
from agents.domain.strategy import WEEKDAYS, Window
from agents.domain.windows import Hours

D = Decimal
LONDON = "Europe/London"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def window(begin: str, end: str, tz: str = "UTC", *days: str) -> Window:
    return Window(**{"from": begin, "to": end, "tz": tz, "days": days})


clocks = some.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
windows = some.builds(
    window, clocks, clocks, some.sampled_from(["UTC", "Europe/London", "Asia/Kolkata"])
) | some.builds(
    lambda begin, end, days: window(begin, end, "America/New_York", *days),
    clocks,
    clocks,
    some.lists(some.sampled_from(WEEKDAYS), unique=True, max_size=3),
)
hours = some.builds(
    Hours,
    some.lists(windows, min_size=1, max_size=2).map(tuple),
    some.booleans(),
    some.integers(0, 60),
)
amounts = some.decimals("0.01", 100, places=2)
counts = some.integers(1, 60)
sets = some.frozensets(some.sampled_from(["BTC", "ETH", "BTC/USDT", "SOL/USDC"]), min_size=1)


def value(name: str, number: Decimal, count: int, flag: bool, what: dict[str, Any]) -> Any:
    """A value of one limit out of drawn parts."""
    standard = Limits()
    found: dict[str, Any] = {}
    for field in BY_NAME[name].fields:
        kind = type(getattr(standard, field))
        plain: dict[Any, Any] = {Decimal: number, int: count, bool: flag}
        found[field] = plain.get(kind, what.get(field))
    return found


values = some.sampled_from([rule.name for rule in RULES]).flatmap(
    lambda name: some.tuples(
        some.just(name),
        some.builds(
            value,
            some.just(name),
            amounts,
            counts,
            some.booleans(),
            some.fixed_dictionaries({"symbols": sets, "hours": hours}),
        ),
    )
)
owns = some.lists(values, max_size=12).map(
    lambda drawn: {name: Own(wanted) for name, wanted in drawn}
)


@settings(max_examples=25)
@given(owns)
def test_what_an_owner_sets_never_allows_more_than_the_operator(own: dict[str, Own]) -> None:
    assert not loosens(Limits(), effective(Limits(), own, NOW))


@settings(max_examples=25)
@given(owns, values)
def test_one_more_value_is_never_looser(own: dict[str, Own], one: tuple[str, Any]) -> None:
    before = effective(Limits(), {**own, "hours": Own()}, NOW)
    assert not loosens(before, stricter(before, one[1]))


@settings(max_examples=25)
@given(owns)
def test_what_is_stored_is_read_back(own: dict[str, Own]) -> None:
    waiting = {name: replace(one, pending=Pending(one.value, NOW)) for name, one in own.items()}
    assert owns_from_json(owns_as_json(waiting)) == waiting
    assert owns_from_json(None) == {}


@settings(max_examples=25)
@given(owns, owns)
def test_two_owners_who_become_one_are_held_to_the_limits_of_both(
    one: dict[str, Own], other: dict[str, Own]
) -> None:
    both = effective(Limits(), joined(one, other), NOW)
    for own in (one, other):
        mine = effective(Limits(), own, NOW)
        assert not loosens(replace(mine, hours=None), replace(both, hours=None))
        if mine.hours:
            assert both.hours


@pytest.mark.parametrize(
    ("changes", "looser"),
    [
        ({"risk_percent": D("1.9")}, False),
        ({"risk_percent": D("2.1")}, True),
        ({"cooldown_minutes": 61}, False),
        ({"cooldown_minutes": 59}, True),
        ({"drawdown_flatten": True}, False),
        ({"symbols": frozenset({"BTC"})}, False),
        ({"hours": Hours((window("08:00", "16:00"),))}, False),
    ],
    ids=str,
)
def test_what_is_looser(changes: dict[str, Any], looser: bool) -> None:
    after = replace(Limits(), **changes)
    assert loosens(Limits(), after) is looser
    assert loosens(after, Limits()) is not looser


@pytest.mark.parametrize(
    ("own", "other", "within"),
    [
        (window("08:00", "16:00"), window("07:00", "16:00"), True),
        (window("07:00", "16:00"), window("08:00", "16:00"), False),
        (window("08:00", "16:00", "UTC", "mon"), window("08:00", "16:00"), True),
        (window("08:00", "16:00"), window("08:00", "16:00", "UTC", *WEEKDAYS[:5]), False),
        (window("22:00", "02:00"), window("20:00", "04:00"), True),
        (window("22:00", "04:01"), window("20:00", "04:00"), False),
        # nine in London is eight by UTC in summer
        (window("09:00", "16:00", "Europe/London"), window("09:00", "16:00"), False),
        (window("09:00", "16:00", "Europe/London"), window("08:00", "16:00"), True),
        # five hours apart in winter and in summer, and four for weeks in March
        (window("04:00", "12:00", "America/New_York"), window("09:00", "17:00", LONDON), False),
        (window("04:00", "12:00", "America/New_York"), window("08:00", "17:00", LONDON), True),
        (window("09:00", "17:00", LONDON), window("09:00", "17:00", "Europe/Berlin"), False),
        (window("10:00", "17:00", LONDON), window("11:00", "18:00", "Europe/Berlin"), True),
    ],
)
def test_hours_within_others(own: Window, other: Window, within: bool) -> None:
    assert Hours((own,)).within(Hours((other,))) is within


def test_shorter_grace_and_no_flattening_are_looser() -> None:
    strict = Hours((window("08:00", "16:00"),), flatten=True, grace=15)
    for laxer in (replace(strict, flatten=False), replace(strict, grace=14)):
        assert loosens(replace(Limits(), hours=strict), replace(Limits(), hours=laxer))
        assert not loosens(replace(Limits(), hours=laxer), replace(Limits(), hours=strict))


def test_a_looser_value_holds_from_its_moment_on() -> None:
    own = Own({"risk_percent": D(1)}, Pending({"risk_percent": D(2)}, NOW))
    before, after = (
        effective(Limits(), {"risk": own}, at).risk_percent
        for at in (NOW - timedelta(microseconds=1), NOW)
    )
    assert (before, after) == (D(1), D(2))
    assert of_rule(Limits(), BY_NAME["risk"]) == {"risk_percent": D(2)}


@pytest.mark.parametrize(
    ("symbols", "symbol", "allowed"),
    [
        (None, "BTC/USDT", True),
        (frozenset({"BTC"}), "BTC/USDC", True),
        (frozenset({"BTC/USDT"}), "BTC/USDC", False),
        (frozenset(), "BTC/USDT", False),
    ],
)
def test_symbols(symbols: frozenset[str] | None, symbol: str, allowed: bool) -> None:
    assert allows(symbols, symbol) is allowed
