"""Follows the accounts that have something open: by their streams, and by looking.

A stream may miss things and not know it, and a look comes late: both are done, and what both have
seen is told once.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.domain.errors import KeyRefused, OrderRejected, TryAgain
from agents.domain.market import to_ms
from agents.domain.money import ZERO
from agents.domain.order import OrderIntent, OrderState
from agents.domain.ports import Clock, Memory
from agents.domain.strategy import Mode
from agents.domain.venue import OURS, Connection, ConnectionState
from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_live import LiveBroker
from bot.connectors.ccxt_live_lookup import Lookup
from bot.connectors.ccxt_live_numbers import told
from bot.connectors.ccxt_live_orders import (
    child_name,
    client_of,
    dated,
    falls_short,
    is_apart,
    trade_name,
)
from bot.connectors.ccxt_live_session import Session, Sessions
from bot.connectors.ccxt_live_stream import LivePatience, UserStream

_log = logging.getLogger(__name__)
_FIRST_MS = 60_000
_OVERLAP_MS = 15_000
"""How far back the first look at an account goes, and each further one."""
_SEEN = 5_000
_LISTED = frozenset({OrderState.OPEN, OrderState.PART_FILLED})
_GONE = frozenset({"canceled", "expired", "rejected"})
Order = Mapping[str, Any]


@dataclass
class _Followed:
    """What is known of one account's news. `unheard` are trades that a look found before the
    stream brought them, and when; `since` is by symbol, ms; `sure` are the symbols whose last look
    was made while the stream worked: what is new there, the stream must bring too."""

    stream: UserStream
    due: float = 0.0
    seen: dict[str, None] = field(default_factory=dict)
    unheard: dict[str, float] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    sure: set[str] = field(default_factory=set)


class Following:
    def __init__(
        self,
        sessions: Sessions,
        broker: LiveBroker,
        lookup: Lookup,
        memory: Memory,
        clock: Clock,
        back: Callable[[int], None],
        patience: LivePatience | None = None,
        *,
        backoff: Callable[[], Backoff] = Backoff,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._broker = broker
        self._lookup = lookup
        self._memory = memory
        self._clock = clock
        self._back = back
        self._patience = patience or LivePatience()
        self._backoff = backoff
        self._pause = pause
        self._elapsed = elapsed
        self._followed: dict[int, _Followed] = {}
        self._away: dict[int, tuple[Backoff, float]] = {}  # who can't be reached, and until when

    async def run(self) -> None:
        """Go round all accounts, forever."""
        while True:
            try:
                await self.round()
            except Exception:
                _log.exception("A round over the connected accounts broke off.")
            await self._pause(self._patience.round)

    async def round(self) -> None:
        open_before = self._sessions.owners
        connections = await self._memory.connections.all()
        gone = {*open_before} - {one.owner_id for one in connections}
        await self._sessions.close_of(gone)
        wanted = await self._wanted(connections)
        for owner in tuple(self._followed):
            session = self._sessions.opened_for(owner)
            if owner not in wanted or session is not self._followed[owner].stream.session:
                await self._followed.pop(owner).stream.stop()
        await asyncio.gather(*(self._follow(owner, open_) for owner, open_ in wanted.items()))
        await self._sessions.close_idle(self._patience.idle, frozenset(wanted))

    async def stop(self) -> None:
        for followed in self._followed.values():
            await followed.stream.stop()
        self._followed.clear()

    def live(self, owner_id: int) -> bool:
        """Whether the account's stream works."""
        followed = self._followed.get(owner_id)
        return bool(followed and followed.stream.live)

    async def _wanted(
        self, connections: Sequence[Connection]
    ) -> dict[int, Mapping[str, Sequence[OrderIntent]]]:
        """Accounts with something open, and their unsettled orders by symbol."""
        found: dict[int, Mapping[str, Sequence[OrderIntent]]] = {}
        for connection in connections:
            if connection.state is not ConnectionState.REFUSED:
                open_ = await self._open(connection.owner_id)
                if open_:
                    found[connection.owner_id] = open_
        return found

    async def _open(self, owner: int) -> Mapping[str, Sequence[OrderIntent]]:
        memory, found = self._memory, dict[str, list[OrderIntent]]()
        for intent in await memory.orders.unsettled_of(owner, Mode.LIVE):
            found.setdefault(intent.symbol, []).append(intent)
        now = self._clock.now()
        for position in await memory.positions.of_owner_mode(owner, Mode.LIVE, now):
            found.setdefault(position.symbol, [])
        return found

    async def _follow(self, owner: int, open_: Mapping[str, Sequence[OrderIntent]]) -> None:
        _, until = self._away.get(owner, (None, 0.0))
        if self._elapsed() < until:
            return
        try:
            session = await self._sessions.of(owner)
            followed = self._followed.get(owner) or self._begin(session)
            now = self._elapsed()
            await self._mind_silence(followed, now)
            if now < followed.due and owner not in self._away:
                return
            wait = self._patience.calm if followed.stream.live else self._patience.poll
            followed.due = now + wait
            for symbol, intents in open_.items():
                if symbol not in session.listing.spelled:
                    _log.debug("A market is gone.", extra={"owner": owner, "symbol": symbol})
                    continue
                await self._look(session, followed, symbol, intents)
        except KeyRefused as refusal:
            _log.info("An account is not followed.", extra={"owner": owner, "why": str(refusal)})
        except (TryAgain, OrderRejected) as fault:
            self._lose(owner, fault)
        else:
            if self._away.pop(owner, None) is not None:
                self._back(owner)

    def _begin(self, session: Session) -> _Followed:
        stream = UserStream(
            session,
            self._patience,
            self._backoff,
            trade=self._hear_trade,
            order=self._hear_order,
            back=lambda session: self._back(session.owner_id),
        )
        followed = self._followed[session.owner_id] = _Followed(stream)
        return followed

    def _lose(self, owner: int, fault: Exception) -> None:
        _log.info("An account can't be looked at.", extra={"owner": owner, "why": str(fault)})
        backoff, _ = self._away.get(owner, (self._backoff(), 0.0))
        self._away[owner] = backoff, self._elapsed() + backoff.failed()

    # --- looking ------------------------------------------------------------------------------

    async def _look(
        self,
        session: Session,
        followed: _Followed,
        symbol: str,
        intents: Sequence[OrderIntent],
    ) -> None:
        spelling = session.listing.spelling(symbol)
        now = to_ms(session.theirs(self._clock.now()))
        start = followed.since.get(symbol) or now - _FIRST_MS
        about = dict(session.dialect.paging) if session.dialect.cursors else {}
        for trade in await session.ask("fetch_my_trades", spelling, start, None, about):
            name = _name(symbol, trade)
            if name not in followed.seen:
                if symbol in followed.sure:
                    followed.unheard[name] = self._elapsed()
                await self._tell(session, followed, name, trade)
            stamp = int(trade.get("timestamp") or 0)
            followed.since[symbol] = max(followed.since.get(symbol, start), stamp - _OVERLAP_MS)
        if followed.stream.live:
            followed.sure.add(symbol)
        listed = [one for one in intents if one.state in _LISTED]
        if listed:
            await self._look_at_orders(session, spelling, listed)

    async def _look_at_orders(
        self, session: Session, spelling: str, intents: Sequence[OrderIntent]
    ) -> None:
        """Those that are open here and not there have ended."""
        open_: set[str] = set()
        for about in ({}, {"trigger": True}):
            among = [one for one in intents if is_apart(session, one) is bool(about)]
            if among:
                found = await session.ask("fetch_open_orders", spelling, None, None, about)
                open_ |= {client_of(session, one) for one in found}
        for intent in intents:
            if intent.client_id not in open_:
                await self._broker.look_at(intent.client_id)

    async def _mind_silence(self, followed: _Followed, now: float) -> None:
        """A stream that did not bring what was seen otherwise is dead, whatever it says."""
        if not followed.stream.live:
            followed.unheard.clear()
            followed.sure.clear()
            return
        late = [at for at in followed.unheard.values() if now - at > self._patience.late]
        if late:
            followed.unheard.clear()
            followed.sure.clear()
            _log.warning(
                "A user's stream is silent; it is opened again.",
                extra={"owner": followed.stream.session.owner_id},
            )
            await followed.stream.hang_up()

    # --- hearing ------------------------------------------------------------------------------

    async def _hear_trade(self, session: Session, trade: Order) -> None:
        followed = self._followed.get(session.owner_id)
        symbol = session.ours.get(str(trade.get("symbol")))
        if followed is None or symbol is None or not dated([trade], None):
            return
        name = _name(symbol, trade)
        followed.unheard.pop(name, None)
        if name not in followed.seen:
            await self._tell(session, followed, name, trade)

    async def _tell(self, session: Session, followed: _Followed, name: str, trade: Order) -> None:
        followed.seen[name] = None
        while len(followed.seen) > _SEEN:
            del followed.seen[next(iter(followed.seen))]
        try:
            fill = await self._lookup.heard(session, trade)
        except BaseException:
            followed.seen.pop(name, None)  # the next look tells it
            raise
        if fill is not None and fill.client_id.startswith(OURS):
            self._broker.tell(fill)

    async def _hear_order(self, session: Session, order: Order) -> None:
        symbol = session.ours.get(str(order.get("symbol")))
        if symbol is None:
            return
        client_id = client_of(session, order)
        if not client_id.startswith(OURS):  # what a conditional order has become, perhaps
            client_id = self._lookup.names.known(session, symbol, str(order.get("id"))) or ""
        elif child := child_name(order):
            self._lookup.names.learn(session, symbol, child, client_id)
        untold = not session.has("watchMyTrades") and order.get("filled")
        status = order.get("status")
        gone = status in _GONE or (status == "closed" and falls_short(order))
        if client_id and (gone or untold) and not self._known(client_id, order):
            await self._broker.look_at(client_id)

    def _known(self, client_id: str, order: Order) -> bool:
        """Whether we asked for its end, and nothing of it was filled: a look would tell nothing."""
        info = order.get("info") or {}
        filled = told(order.get("filled"), info)
        if filled is None:
            filled = told(info.get("aq"))  # of what a conditional order of Binance has become
        return filled == ZERO and not child_name(order) and self._broker.expected(client_id)


def _name(symbol: str, trade: Order) -> str:
    return f"{symbol} {trade_name(trade)}"
