"""What an exchange's perpetuals paid for being held."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agents.domain.errors import MarketUnavailable
from agents.domain.market import FundingRate, from_ms, to_ms
from agents.domain.money import exact
from bot.connectors.ccxt_exchange import PublicExchange
from bot.connectors.ccxt_rest import brief

_PAGE = 100
_PAGES = 20  # weeks of it, and no endless loop where an exchange keeps giving the same page


async def funding_rates(
    exchange: PublicExchange, spelling: str, symbol: str, since: datetime
) -> Sequence[FundingRate]:
    """Oldest first; `spelling` is ccxt's name of `symbol`. Nothing on spot, and where the exchange
    does not tell. Raises MarketUnavailable."""
    if ":" not in spelling or not exchange.has.get("fetchFundingRateHistory"):
        return []
    found: dict[int, FundingRate] = {}
    start = to_ms(since)
    for _ in range(_PAGES):
        try:
            page = await exchange.fetch_funding_rate_history(spelling, start, _PAGE)
        except Exception as fault:
            why = f"{exchange.name} tells no funding of {symbol}: {brief(fault)}."
            raise MarketUnavailable(why) from fault
        fresh = {one: rate for one, rate in _rates(page, symbol).items() if one >= start}
        if not fresh:
            break
        found |= fresh
        start = max(fresh) + 1
    return [found[at] for at in sorted(found)]


def _rates(page: Sequence[Mapping[str, Any]], symbol: str) -> dict[int, FundingRate]:
    rows = [row for row in page if row.get("timestamp") and row.get("fundingRate") is not None]
    return {
        int(row["timestamp"]): FundingRate(
            symbol, from_ms(int(row["timestamp"])), exact(row["fundingRate"])
        )
        for row in rows
    }
