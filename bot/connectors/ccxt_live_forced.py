"""Trades by which an exchange itself closed positions, where it says so.

Binance USD-M names such orders `autoclose-…` and `adl_autoclose…`, and lists them as forced orders
besides (GET /fapi/v1/forceOrders). Anybody can name an order so, and nobody can get one into that
list: only both together count. Elsewhere nothing is marked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from agents.domain.errors import OrderRejected
from agents.domain.market import to_ms
from agents.domain.venue import Forced, VenueFill
from bot.connectors.ccxt_live_session import Session

_KINDS: Mapping[str, tuple[tuple[str, str, Forced], ...]] = {
    "binance": (
        ("autoclose-", "LIQUIDATION", Forced.LIQUIDATED),
        ("adl_autoclose", "ADL", Forced.DELEVERAGED),
    )
}
_BEFORE = timedelta(minutes=1)  # an order is older than its trades
_MOST = 100


async def with_forced(
    session: Session, symbol: str, told: Sequence[VenueFill]
) -> Sequence[VenueFill]:
    """`told`, those marked by which the exchange closed positions. Raises as Session.ask."""
    if not session.market(symbol).get("swap"):
        return told
    marked = list(told)
    for begins, kind, forced in _KINDS.get(session.dialect.house, ()):
        named = [one for one in told if one.fill.client_id.startswith(begins)]
        if not named:
            continue
        listed = await _listed(session, symbol, kind, named)
        marked = [
            replace(one, forced=forced) if one in named and one.venue_id in listed else one
            for one in marked
        ]
    return marked


async def _listed(
    session: Session, symbol: str, kind: str, named: Sequence[VenueFill]
) -> frozenset[str]:
    """The exchange's names of its forced orders of that time."""
    since = to_ms(min(one.fill.at for one in named) - _BEFORE)
    spelling, about = session.listing.spelling(symbol), {"autoCloseType": kind}
    try:
        found = await session.ask("fetch_my_liquidations", spelling, since, _MOST, about)
    except OrderRejected:  # not to be had with this key: then it is not certain
        return frozenset()
    return frozenset(str((one.get("info") or {}).get("orderId")) for one in found)
