"""Numbers that people read: on the steps of the instrument, and never with eleven digits."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import numbers
from tests.support.market import instrument

BTC = instrument()
SHIB = instrument("SHIB/USDT", price_step=Decimal("0.00000001"), amount_step=Decimal(1))
ANY = st.decimals(
    min_value=Decimal("-1e12"), max_value=Decimal("1e12"), allow_nan=False, allow_infinity=False
)


@pytest.mark.parametrize(
    ("value", "steps", "said"),
    [
        ("61000.1", BTC, "61,000.10"),
        ("60999.996", BTC, "61,000.00"),
        ("0.00002118", SHIB, "0.00002118"),
        ("61000.123456789", None, "61,000.1"),
        ("0.000021183456", None, "0.00002118"),
        ("0", None, "0"),
    ],
)
def test_prices(value, steps, said) -> None:
    assert numbers.price(Decimal(value), steps) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0.01630", "0.0163"),
        ("1200", "1,200"),
        ("0.000001", "0"),
    ],
)
def test_amounts_have_no_needless_zeros(value, said) -> None:
    assert numbers.amount(Decimal(value), BTC) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1234.5", "1,234.50"),
        ("0", "0.00"),
        ("-0.001", "-0.001"),
        ("0.00123456", "0.0012"),
        ("-4.105", "-4.10"),
        ("1e9", "1,000,000,000.00"),
    ],
)
def test_money(value, said) -> None:
    assert numbers.money(Decimal(value)) == said


def test_results_carry_their_sign() -> None:
    assert numbers.signed(Decimal("12.3")) == "+12.30"
    assert numbers.signed(Decimal("-12.3")) == "-12.30"
    assert numbers.signed(Decimal(0)) == "0.00"
    assert numbers.multiple(Decimal("1.944")) == "+1.94R"
    assert numbers.multiple(Decimal("-0.001")) == "0.00R"
    assert numbers.distance(Decimal("1.50")) == "1.5R"


def test_percents_have_two_places_at_most() -> None:
    assert numbers.percent(Decimal("1.2549")) == "1.25%"
    assert numbers.percent(Decimal("2.00")) == "2%"
    assert numbers.fraction(0.7) == "70%"


@pytest.mark.parametrize(
    ("value", "said"),
    [(41.2, "41.2"), (48.21234, "48.21"), (61234.5678, "61,234.6"), (None, "unknown"), (0.0, "0")],
)
def test_data_points(value, said) -> None:
    assert numbers.reading(value) == said


@given(ANY)
def test_no_number_has_more_than_eight_places(value: Decimal) -> None:
    for said in (
        numbers.price(value, None),
        numbers.price(value, BTC),
        numbers.price(value, SHIB),
        numbers.amount(value, None),
        numbers.money(value),
        numbers.percent(value),
        numbers.multiple(value),
        numbers.reading(float(value)),
    ):
        assert not re.search(r"\.\d{9}", said), said
        assert "E" not in said and not said.startswith("-0.00 "), said
