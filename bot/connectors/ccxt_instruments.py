"""An exchange's markets as instruments, and both spellings of each symbol."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.domain.errors import UnknownSymbol
from agents.domain.market import Instrument, InstrumentKind, Universe
from agents.domain.money import exact
from agents.domain.symbols import suggestions

_DECIMAL_PLACES = 2  # ccxt's numbers for how a precision is written
_SIGNIFICANT_DIGITS = 3
_FALLBACK_STEP = Decimal("1e-8")


@dataclass(frozen=True)
class Listing:
    """The instruments of an exchange; `spelled` is ccxt's symbol of each of ours."""

    universe: Universe
    spelled: Mapping[str, str]

    def spelling(self, symbol: str) -> str:
        """Raises UnknownSymbol with suggestions."""
        try:
            return self.spelled[symbol]
        except KeyError:
            raise UnknownSymbol(symbol, suggestions(symbol, self.universe)) from None


def listing(markets: Iterable[Mapping[str, Any]], precision_mode: int) -> Listing:
    """Of markets as ccxt describes them: spot, and linear perpetuals where there is no spot.

    Both are called BASE/QUOTE here; ccxt calls a perpetual BTC/USDT:USDT.
    """
    chosen: dict[str, Mapping[str, Any]] = {}
    for market in sorted(markets, key=lambda one: not one.get("spot")):
        if market.get("active") is not False and _is_offered(market):
            chosen.setdefault(f"{market['base']}/{market['quote']}", market)
    instruments = (_instrument(name, market, precision_mode) for name, market in chosen.items())
    spelled = {name: str(market["symbol"]) for name, market in chosen.items()}
    return Listing(Universe(tuple(instruments)), spelled)


def _is_offered(market: Mapping[str, Any]) -> bool:
    perpetual = market.get("swap") and market.get("linear") and not market.get("expiry")
    return bool(market.get("spot") or perpetual) and bool(market.get("base"))


def _instrument(symbol: str, market: Mapping[str, Any], mode: int) -> Instrument:
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    amount = _step(precision.get("amount"), mode)
    return Instrument(
        symbol=symbol,
        base=str(market["base"]),
        quote=str(market["quote"]),
        price_step=_step(precision.get("price"), mode),
        amount_step=amount,
        min_amount=_least(limits, "amount") or amount,
        min_cost=_least(limits, "cost"),
        kind=InstrumentKind.SPOT if market.get("spot") else InstrumentKind.LINEAR,
    )


def _step(written: Any, mode: int) -> Decimal:
    """A precision as a step: ccxt writes a step, or a number of decimal places."""
    if written is None or mode == _SIGNIFICANT_DIGITS:
        return _FALLBACK_STEP
    number = exact(written)
    step = Decimal(1).scaleb(-int(number)) if mode == _DECIMAL_PLACES else number
    return step if step > 0 else _FALLBACK_STEP


def _least(limits: Mapping[str, Any], name: str) -> Decimal:
    least = (limits.get(name) or {}).get("min")
    return exact(least) if least else Decimal(0)
