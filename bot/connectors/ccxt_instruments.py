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
_UNTOLD_LEVERAGE = 20


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


def newer(known: Listing, found: Listing) -> Listing:
    """What is listed now, and what was before: a market that pauses may hold a position. A symbol
    goes on to mean the market that it meant."""
    now, before = found.universe.by_symbol, known.universe.by_symbol
    kept = {
        symbol: one
        for symbol, one in before.items()
        if found.spelled.get(symbol) != known.spelled[symbol]
    }
    return Listing(Universe(tuple({**now, **kept}.values())), {**found.spelled, **known.spelled})


def _is_offered(market: Mapping[str, Any]) -> bool:
    perpetual = market.get("swap") and market.get("linear") and not market.get("expiry")
    return bool(market.get("spot") or perpetual) and bool(market.get("base"))


def _instrument(symbol: str, market: Mapping[str, Any], mode: int) -> Instrument:
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    spot = bool(market.get("spot"))
    # Amounts of perpetuals are written in contracts, which may be more or less than one coin.
    lot = Decimal(1) if spot else contract_size(market)
    amount = _step(precision.get("amount"), mode) * lot
    least = max(_least(limits, "amount"), _least(limits, "market")) * lot
    return Instrument(
        symbol=symbol,
        base=str(market["base"]),
        quote=str(market["quote"]),
        price_step=_step(precision.get("price"), mode),
        amount_step=amount,
        min_amount=least or amount,
        min_cost=_least(limits, "cost"),
        kind=InstrumentKind.SPOT if spot else InstrumentKind.LINEAR,
        max_leverage=1 if spot else _most_leverage(limits),
    )


def contract_size(market: Mapping[str, Any]) -> Decimal:
    """How much of the base currency a contract is."""
    size = exact(market.get("contractSize") or 1)
    return Decimal(1) if size == 1 else size  # 1.0 would add a digit to whatever it multiplies


def _most_leverage(limits: Mapping[str, Any]) -> int:
    """What an exchange that tells nothing allows is not known: little is taken for granted."""
    most = (limits.get("leverage") or {}).get("max")
    return max(1, int(most)) if most else _UNTOLD_LEVERAGE


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
