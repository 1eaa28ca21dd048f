"""The stream of one account: its trades and orders as they happen, opened again when it breaks.

A watch method of ccxt is used only as an alarm clock: what comes while nobody waits rings for
nobody, so everything that has come is read from ccxt's caches, at each alarm and in between.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_live_session import Session

_log = logging.getLogger(__name__)
_WATCHED = {"watchMyTrades": "watch_my_trades", "watchOrders": "watch_orders"}
_CACHES = {"watchMyTrades": "myTrades", "watchOrders": "orders"}
_REMEMBERED = 2_000
Order = Mapping[str, Any]
Take = Callable[[Session, Order], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LivePatience:
    """Seconds. `poll`: between two looks at an account with something open and no stream; `calm`:
    with one. `late`: after which a stream that did not bring what a look has seen counts as dead.
    `round`: between two rounds over all accounts. `idle`: after which an unused session is closed.
    `look`: between two looks whether a stream is connected. `cost`: what requests cost, as a part
    of what ccxt says."""

    poll: float = 3.0
    calm: float = 12.0
    late: float = 5.0
    round: float = 2.0
    idle: float = 600.0
    look: float = 0.2
    cost: float = 1.0


class UserStream:
    """`take` gets each trade and order; `back` is called when the stream works again after a
    break. Where ccxt has no streams of an exchange, it is never `live`."""

    def __init__(
        self,
        session: Session,
        patience: LivePatience,
        backoff: Callable[[], Backoff],
        *,
        trade: Take,
        order: Take,
        back: Callable[[Session], None],
    ) -> None:
        self.session = session
        self._patience = patience
        self._backoff = backoff
        self._takes = {"watchMyTrades": trade, "watchOrders": order}
        self._back = back
        streams = session.dialect.streams
        self._watched = [name for name in _WATCHED if streams and session.has(name)]
        self._working: set[str] = set()
        self._read: dict[str, dict[Any, None]] = {name: {} for name in self._watched}
        self._broke = False
        self._tasks = [
            asyncio.create_task(self._keep(name), name=f"user stream {name}")
            for name in self._watched
        ]

    @property
    def live(self) -> bool:
        return bool(self._watched) and len(self._working) == len(self._watched)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def hang_up(self) -> None:
        """Close the connection, dead or not; it is opened again by itself."""
        self._forget_listen_keys()
        await self.session.exchange.close_ws_clients()

    def _forget_listen_keys(self) -> None:
        """ccxt uses one for twenty minutes, and one that has expired at Binance hears nothing."""
        for part in self.session.exchange.options.values():
            if isinstance(part, dict) and "listenKey" in part:
                part.update(listenKey=None, lastAuthenticatedTime=0)

    async def _keep(self, name: str) -> None:
        backoff = self._backoff()
        while True:
            try:
                await self._wait(name, backoff)
            except Exception as fault:
                self._lost(name, fault)
                await asyncio.sleep(backoff.failed())

    async def _wait(self, name: str, backoff: Backoff) -> None:
        """Until the alarm rings; meanwhile notice that the stream is connected, and what has come
        between two alarms."""
        watch = getattr(self.session.exchange, _WATCHED[name])
        watching: asyncio.Future[Any] = asyncio.ensure_future(watch())
        try:
            while not watching.done():
                await asyncio.wait({watching}, timeout=self._patience.look)
                if not watching.done() and self._joined(name):
                    self._found(name, backoff)
                for one in self._unread(name):
                    await self._take(name, one)
            if watching.cancelled():
                raise ConnectionError("hung up")
            watching.result()
            self._found(name, backoff)
        finally:
            watching.cancel()

    def _unread(self, name: str) -> list[Order]:
        """What ccxt keeps and we have not seen in this state, oldest first."""
        read, fresh = self._read[name], list[Order]()
        for one in list(getattr(self.session.exchange, _CACHES[name], None) or ()):
            mark = (one.get("symbol"), one.get("id"), one.get("status"), one.get("filled"))
            if mark not in read:
                read[mark] = None
                fresh.append(dict(one))
        while len(read) > _REMEMBERED:
            del read[next(iter(read))]
        return fresh

    async def _take(self, name: str, one: Order) -> None:
        try:
            await self._takes[name](self.session, one)
        except Exception as fault:  # the next look at the account finds it
            _log.warning(
                "News of an account waits for the next look.",
                extra={"stream": name, "fault": type(fault).__name__},
            )

    def _joined(self, name: str) -> bool:
        """Whether a connection waits for these news, and for nothing before that."""
        return any(
            client.isConnected
            and not client.closed()
            and not any(map(_before, waiting))
            and _waits(name, waiting)
            for client in self.session.exchange.clients.values()
            if (waiting := [key for key, one in client.futures.items() if not one.done()])
        )

    def _found(self, name: str, backoff: Backoff) -> None:
        backoff.succeeded()
        self._working.add(name)
        if self._broke and self.live:
            self._broke = False
            self._back(self.session)

    def _lost(self, name: str, fault: Exception) -> None:
        self._working.discard(name)
        self._broke = True
        self._forget_listen_keys()
        _log.info(
            "A user's stream broke; it is opened again.",
            extra={"owner": self.session.owner_id, "fault": type(fault).__name__},
        )


def _waits(name: str, waiting: Sequence[str]) -> bool:
    """Some exchanges are asked for trades and for orders one after the other, on one connection;
    what ccxt calls neither by its usual name may be either."""
    usual = [key for key in waiting if key.startswith(tuple(_CACHES.values()))]
    return any(key.startswith(_CACHES[name]) for key in usual) or not usual


def _before(key: str) -> bool:
    """Whether ccxt waits under this name for the answer to a request, and not for news."""
    return key.startswith("authenticate") or key.isdecimal()
