"""Symbols in every spelling resolve to one; unknown ones get suggestions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.errors import UnknownSymbol
from agents.domain.market import Universe
from agents.domain.symbols import DEFAULT_UNIVERSE, resolve


@pytest.mark.parametrize(
    "spelling",
    ["BTCUSDT", "BTC/USDT", "BTC-PERP", "BTC/USDT:USDT", "btc_usdt", "XBT", "$btc", "bitcoin",
     "BTCUSD", "BTC", "btc", "BTCUSDT.P", "BTC-USDT-SWAP", "BINANCE:BTCUSDT", "#BTC", "Btc-Usd",
     "btc perp", "XBTUSD", "BTCUSDC"],
)  # fmt: skip
def test_spellings_of_bitcoin(spelling: str) -> None:
    assert resolve(spelling, DEFAULT_UNIVERSE).symbol == "BTC/USDT"


@pytest.mark.parametrize(
    ("spelling", "suggested"),
    [("dogecion", "DOGE/USDT"), ("AVXA", "AVAX/USDT"), ("etherum", "ETH/USDT"),
     ("SLO", "SOL/USDT")],
)  # fmt: skip
def test_unknown_ones_get_suggestions(spelling: str, suggested: str) -> None:
    with pytest.raises(UnknownSymbol) as caught:
        resolve(spelling, DEFAULT_UNIVERSE)
    assert suggested in caught.value.suggestions
    assert len(caught.value.suggestions) <= 3
    assert suggested in str(caught.value)


def test_a_pair_in_another_coin_is_not_taken_for_dollars() -> None:
    with pytest.raises(UnknownSymbol):
        resolve("ETHBTC", DEFAULT_UNIVERSE)


def test_dollars_stand_for_each_other_but_the_named_one_comes_first() -> None:
    btc = resolve("BTC", DEFAULT_UNIVERSE)
    other = replace(btc, symbol="BTC/USDC", quote="USDC")
    universe = Universe((btc, other))
    assert resolve("btcusdc", universe).symbol == "BTC/USDC"
    assert resolve("btcusd", universe).symbol == "BTC/USDT"
    assert resolve("bitcoin", Universe((other,))).symbol == "BTC/USDC"


def test_a_coin_under_its_other_name() -> None:
    matic = resolve("MATIC", DEFAULT_UNIVERSE)
    renamed = Universe((replace(matic, symbol="POL/USDT", base="POL"),))
    assert resolve("polygon", renamed).symbol == "POL/USDT"


@given(st.text(max_size=60))
def test_any_text_resolves_or_is_refused(text: str) -> None:
    try:
        found = resolve(text, DEFAULT_UNIVERSE)
    except UnknownSymbol as unknown:
        assert len(unknown.suggestions) <= 3
    else:
        assert found in DEFAULT_UNIVERSE.instruments


def test_the_default_universe_is_sensible() -> None:
    symbols = [instrument.symbol for instrument in DEFAULT_UNIVERSE.instruments]
    assert len(symbols) == len(set(symbols)) >= 60
    assert all(instrument.price_step > 0 for instrument in DEFAULT_UNIVERSE.instruments)
