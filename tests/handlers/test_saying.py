"""Numbers as people write them: what can be read in two ways is not read at all."""

from decimal import Decimal

import pytest

from handlers import saying, texts


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("500", "500"),
        ("$500", "500"),
        ("1,000", "1000"),
        ("1,234,567.50", "1234567.50"),
        ("59400.5", "59400.5"),
        (".5", "0.5"),
        ("0.00001234", "0.00001234"),
    ],
)
def test_money(said: str, meant: str) -> None:
    assert saying.money(said) == Decimal(meant)


@pytest.mark.parametrize(
    "said",
    [
        *("1,5", "1,50", "12,34", "1,0000", ",500", "1.5.5", "1e5", "-5", "NaN", "inf", "½", "٣"),
        *("1 2", "", "$", "$$5", "5€", "9" * 13, "0." + "0" * 12 + "1", "1_000", "+5"),
    ],
)
def test_what_is_no_money(said: str) -> None:
    assert saying.money(said) is None


@pytest.mark.parametrize(
    ("said", "meant"), [("3", "3"), ("0.5%", "0.5"), ("12.25 %", "12.25"), ("-3", "-3")]
)
def test_percent(said: str, meant: str) -> None:
    assert saying.percent(said) == Decimal(meant)


@pytest.mark.parametrize(
    "said", ["1 2", "5%%", "1e2", "0,5", "٣", "NaN", "%", "0.00001", "9" * 7, "1_0", ""]
)
def test_what_is_no_percentage(said: str) -> None:
    assert saying.percent(said) is None


@pytest.mark.parametrize("said", ["9" * 30, "0.00000000001", "1e" + "9" * 12, "BTC 123456789012"])
def test_a_number_is_said_back_with_few_digits(said: str) -> None:
    assert len(texts.echo(said)) <= 9
    assert texts.echo("0.0000001") == "0.0000001"
