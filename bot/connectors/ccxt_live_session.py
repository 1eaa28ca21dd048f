"""One session for each connected user: a ccxt exchange with the user's key, opened when needed.

The key goes into that object alone. Whatever ccxt raises ends here, because its texts hold
requests with their signatures, and so does what it logs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from agents.domain.errors import (
    BrokerAway,
    BrokerBusy,
    KeyRefused,
    OperatorNeeded,
    ParleyError,
)
from agents.domain.market import Tick
from agents.domain.venue import Connection, Connections, ConnectionState, Credentials
from bot.connectors.ccxt_dialect import Dialect, dialect_of
from bot.connectors.ccxt_exchange import (
    Addresses,
    PublicExchange,
    enter_sandbox,
    exchange_class,
    pointed,
)
from bot.connectors.ccxt_instruments import Listing
from bot.connectors.ccxt_live_client import Call, calling, live
from bot.connectors.ccxt_live_faults import Circumstances, OwnBusy, Skewed, judged
from bot.connectors.ccxt_live_pace import Pace

_log = logging.getLogger(__name__)
_TIMEOUT_MS = 10_000
_PING_MS = 15_000
"""Between two pings of a user's stream; one that misses two is closed."""
_KEPT = {"ordersLimit": 200, "tradesLimit": 200}
"""How much news of an account ccxt keeps."""
_OWN_AT_MOST = 30.0
"""Seconds for which one account is left alone: orders may be counted by the day, and what became of
those that are open has to be seen all the same."""
_SAME = 0.3
"""Seconds by which two pauses that are the same may differ."""


class Seals(Protocol):
    def open(self, sealed: str) -> str:
        """Raises OperatorNeeded for what was sealed with another secret."""


class Traded(Protocol):
    """The desk's market, at whose exchange its users trade."""

    name: str
    addresses: Addresses
    sandbox: bool

    def loaded(self) -> tuple[PublicExchange, Listing]:
        """Raises MarketUnavailable before the first contact."""

    @property
    def held(self) -> float:
        """Seconds for which the exchange asked to be left alone."""

    def last(self, symbol: str) -> Tick | None: ...
    def hold_back(self, seconds: float) -> None:
        """Ask the exchange for nothing that long."""


@dataclass(eq=False)
class Session:
    """A user's account. `exchange` is a ccxt object with the key in it, and shown nowhere."""

    owner_id: int
    dialect: Dialect
    listing: Listing
    pace: Pace
    exchange: Any = field(repr=False)
    problem: Callable[["Session", ParleyError], Awaitable[None]] = field(repr=False)
    sealed: str = field(default="", repr=False)
    hedged: bool | None = None
    leverage: dict[str, tuple[int, float]] = field(default_factory=dict)  # and when it was set
    used: float = 0.0
    own: Pace = field(default_factory=Pace)  # held while this account alone has to wait

    def __post_init__(self) -> None:
        self.ours = {theirs: ours for ours, theirs in self.listing.spelled.items()}

    @property
    def title(self) -> str:
        return str(self.exchange.name).replace("Ⓢ", "S")  # as people write it

    def relist(self, public: PublicExchange, listing: Listing) -> None:
        """Go by what the exchange lists now."""
        self.exchange.set_markets_from_exchange(public)
        self.listing = listing
        self.__post_init__()

    def theirs(self, at: datetime) -> datetime:
        """A time of ours from which on to look at an exchange whose clock is behind."""
        ahead = int(self.exchange.options.get("timeDifference") or 0)
        return at - timedelta(milliseconds=max(0, ahead))

    def has(self, name: str) -> bool:
        return bool(self.exchange.has.get(name))

    def market(self, symbol: str) -> Mapping[str, Any]:
        """ccxt's description of the market of our symbol."""
        found: Mapping[str, Any] = self.exchange.markets[self.listing.spelling(symbol)]
        return found

    async def ask(
        self, what: str, *asked: Any, urgent: bool = False, reads: bool = True, **named: Any
    ) -> Any:
        """What ccxt's method `what` answers. Raises BrokerBusy, BrokerAway, KeyRefused and
        OrderRejected; OrderUnknown only for what does not merely read."""
        try:
            return await self._once(what, asked, named, urgent=urgent, reads=reads)
        except Skewed:
            await self.set_clock()
        try:
            return await self._once(what, asked, named, urgent=urgent, reads=reads)
        except Skewed as fault:
            raise BrokerAway(str(fault)) from None

    async def set_clock(self) -> None:
        """Compare clocks, before the first signed request and whenever a time stamp is refused."""
        if self.has("fetchTime"):
            await self._once("load_time_difference", (), {}, urgent=True, reads=True)

    async def _once(self, what: str, asked: Any, named: Any, *, urgent: bool, reads: bool) -> Any:
        await self.own.turn(0, urgent=True)
        call = Call(urgent or not reads)
        before = calling.set(call)
        try:
            return await getattr(self.exchange, what)(*asked, **named)
        except Exception as fault:
            problem = judged(fault, self._circumstances(call, reads=reads))
            _log.debug(
                "A request failed.",
                extra={"what": what, "fault": type(fault).__name__, "is": type(problem).__name__},
            )
        finally:
            calling.reset(before)
        if isinstance(problem, OwnBusy):
            self.own.hold(min(problem.retry_after, _OWN_AT_MOST))
        await self.problem(self, problem)
        raise problem  # not in the handler: what ccxt raised must not hang on to it

    def _circumstances(self, call: Call, *, reads: bool) -> Circumstances:
        names = ("apiKey", "secret", "password")
        secrets = (str(getattr(self.exchange, name, None) or "") for name in names)
        return Circumstances(
            self.title,
            self.dialect,
            call.sent,
            reads,
            tried=not self.owner_id,
            secrets=tuple(one for one in secrets if one),
        )

    async def close(self) -> None:
        await self.exchange.close()


Refusal = Callable[[int, str, str], Awaitable[object]]
"""Hears of a key that is not taken any more: owner, a sentence, and the sealed key."""


class Sessions:
    """The sessions of all users at the desk's exchange. `elapsed` counts seconds."""

    def __init__(
        self,
        traded: Traded,
        connections: Connections,
        seals: Seals,
        elapsed: Callable[[], float],
        cost: float = 1.0,
    ) -> None:
        self.traded = traded
        self.dialect = dialect_of(traded.name)
        self.pace = Pace(elapsed, cost, lambda: traded.held)
        self._cost = cost
        self._connections = connections
        self._seals = seals
        self._elapsed = elapsed
        self._open: dict[int, Session] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._refusal: Refusal | None = None

    def when_refused(self, listener: Refusal) -> None:
        """`listener` notes that the connection is REFUSED and tells its owner, once; without one
        it is only noted."""
        self._refusal = listener

    async def of(self, owner_id: int) -> Session:
        """Raises KeyRefused without a connected account, BrokerAway before the first contact."""
        connection = await self._connections.of(owner_id)
        if connection is None:
            raise KeyRefused("No exchange is connected. Connect one with /connect.")
        if connection.state is ConnectionState.REFUSED:
            raise KeyRefused(connection.why or None)
        if dialect_of(connection.exchange).house != self.dialect.house:
            raise KeyRefused(
                f"Your key is for {connection.exchange}, and this desk trades at "
                f"{self.traded.name}. Connect another with /connect."
            )
        async with self._locks.setdefault(owner_id, asyncio.Lock()):
            session = await self._current(connection)
            session.used = self._elapsed()
            return session

    async def _current(self, connection: Connection) -> Session:
        known = self._open.get(connection.owner_id)
        if known is not None and known.sealed == connection.sealed:
            public, listing = self.traded.loaded()
            if listing is not known.listing:
                known.relist(public, listing)
            return known
        if known is not None:
            await self._drop(known)
        key = self._opened_key(connection)
        session = await self.opened(connection.owner_id, key, self._take_note)
        session.sealed = connection.sealed
        self._open[connection.owner_id] = session
        return session

    def _opened_key(self, connection: Connection) -> Credentials:
        try:
            return Credentials.read(self._seals.open(connection.sealed))
        except OperatorNeeded:
            raise BrokerAway(
                "Your key was stored with another secret than this desk has now. Send the key "
                "again with /connect, or have the operator put the earlier secret back."
            ) from None

    async def opened(
        self,
        owner_id: int,
        credentials: Credentials,
        problem: Callable[[Session, ParleyError], Awaitable[None]],
    ) -> Session:
        """A new session; the caller closes it. Raises BrokerAway, BrokerBusy."""
        try:
            public, listing = self.traded.loaded()
        except ParleyError as fault:
            raise BrokerAway(str(fault)) from None
        base = pointed(await exchange_class(self.traded.name), self.traded.addresses)
        pace = self.pace
        if self.dialect.in_turn:
            pace = Pace(self._elapsed, self._cost, lambda: self.pace.held)
        exchange = live(base, self.dialect, pace)(settings_of(credentials, self.dialect))
        if self.traded.sandbox:
            enter_sandbox(exchange, self.dialect.sandbox)
        exchange.set_markets_from_exchange(public)
        session = Session(owner_id, self.dialect, listing, pace, exchange, problem)
        session.own = Pace(self._elapsed)
        try:
            await session.set_clock()
        except BaseException:
            await session.close()
            raise
        return session

    def opened_for(self, owner_id: int) -> Session | None:
        return self._open.get(owner_id)

    @property
    def owners(self) -> tuple[int, ...]:
        """Who has an open session."""
        return tuple(self._open)

    async def close_of(self, owners: Collection[int]) -> None:
        """Those of owners who are not connected any more."""
        for session in tuple(self._open.values()):
            if session.owner_id in owners:
                await self._drop(session)

    async def close_idle(self, seconds: float, keep: frozenset[int]) -> None:
        now = self._elapsed()
        for session in tuple(self._open.values()):
            if session.owner_id not in keep and now - session.used > seconds:
                await self._drop(session)

    async def close(self) -> None:
        await asyncio.gather(*(self._drop(session) for session in tuple(self._open.values())))

    async def _drop(self, session: Session) -> None:
        if self._open.get(session.owner_id) is session:
            del self._open[session.owner_id]
        await session.close()

    async def _take_note(self, session: Session, problem: ParleyError) -> None:
        self.heed(problem)
        if isinstance(problem, KeyRefused):
            await self._refuse(session, str(problem))

    def heed(self, problem: ParleyError) -> None:
        if isinstance(problem, OwnBusy):
            return
        if isinstance(problem, BrokerBusy) and problem.retry_after > self.pace.held + _SAME:
            _log.warning(
                "The exchange asks to wait.",
                extra={"exchange": self.traded.name, "seconds": problem.retry_after},
            )
            self.pace.hold(problem.retry_after)
            self.traded.hold_back(problem.retry_after)

    async def _refuse(self, session: Session, why: str) -> None:
        if self._refusal is not None:
            await self._refusal(session.owner_id, why, session.sealed)
            return
        connection = await self._connections.of(session.owner_id)
        if connection is not None and connection.sealed == session.sealed:
            to = ConnectionState.REFUSED
            await self._connections.set_state(session.owner_id, connection.state, to, why)


def settings_of(credentials: Credentials, dialect: Dialect) -> dict[str, Any]:
    return {
        "apiKey": credentials.key,
        "secret": credentials.secret,
        "password": credentials.password,
        "enableRateLimit": True,
        "timeout": _TIMEOUT_MS,
        "options": {**_KEPT, **dialect.options},
        "streaming": {"keepAlive": _PING_MS},
    }
