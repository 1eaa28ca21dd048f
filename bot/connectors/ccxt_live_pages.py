"""Histories and lists that come in pages, where ccxt itself goes through them."""

from collections.abc import Mapping
from typing import Any

from bot.connectors.ccxt_live_session import Session

Row = Mapping[str, Any]
_DAY_MS = 86_400_000
_AT_MOST = 20_000
"""Trades; whatever an exchange answers, asking for them ends."""


async def paged(
    session: Session,
    what: str,
    spelling: str,
    since: int,
    now: int,
    about: Mapping[str, Any],
    *,
    urgent: bool = False,
) -> list[Row]:
    """All of a history from `since` to `now`, ms: a window at a time where an exchange shows no
    more than that, for it says nothing of what it leaves out."""
    window, found = session.dialect.window_days * _DAY_MS, list[Row]()
    while True:
        asked = {**about, **session.dialect.paging}
        if window:
            asked["until"] = since + window - 1
        found += await session.ask(what, spelling, since, None, asked, urgent=urgent)
        since += window
        if not window or since > now + _DAY_MS:  # its clock may be ahead of ours
            return found


async def newest_first(session: Session, since: int, *, urgent: bool = False) -> list[Row]:
    """Trades of all markets from `since` on, ms, where a page is found by what it leaves out."""
    dialect, found = session.dialect, dict[str, Row]()
    for left_out in range(0, _AT_MOST, dialect.per_page):
        about = {dialect.offset: left_out}
        page = await session.ask("fetch_my_trades", None, since, None, about, urgent=urgent)
        found |= {str(one["id"]): one for one in page}
        if len(page) < dialect.per_page:
            break
    return list(found.values())


async def everything(session: Session, what: str) -> list[Row]:
    """Open orders or positions of all markets."""
    found: list[Row] = []
    for about in _parts(session):
        if what == "fetch_positions":
            found += await session.ask(what, None, about)
        elif session.dialect.cursors:
            found += await session.ask(what, None, 1, None, {**about, **session.dialect.paging})
        else:
            found += await session.ask(what, None, None, None, about)
    return found


def _parts(session: Session) -> list[dict[str, Any]]:
    if not session.dialect.by_settle:
        return [{}]
    markets = [session.market(symbol) for symbol in session.ours.values()]
    coins = {str(one["settle"]) for one in markets if one.get("swap")}
    return [{"settleCoin": coin} for coin in sorted(coins)] or [{}]


async def both_ways(session: Session, spelling: str) -> bool:
    """Whether the account may hold long and short of a market at once."""
    if session.has("fetchPositionMode"):
        return bool((await session.ask("fetch_position_mode")).get("hedged"))
    if not session.dialect.told_by_positions:
        return False
    return any(one.get("hedged") for one in await session.ask("fetch_positions", [spelling]))
