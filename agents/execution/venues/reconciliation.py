"""Whether our book and the exchange say the same, looked at again and again.

One look at an account, one at a time for each owner:

    ask state and fills → settle what is ours → compare → note what differs → pause or resume

What differs is believed at once where nothing of the symbol is moving and a second question says
the same; where an order is on its way it has to be there at two looks. What nobody here knows is
never touched: it becomes a finding, and its owner decides.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.errors import BrokerBusy, KeyRefused, TryAgain
from agents.domain.money import ZERO
from agents.domain.order import OrderPurpose
from agents.domain.ports import Clock, Market, Memory
from agents.domain.strategy import Side
from agents.domain.venue import (
    Connection,
    ConnectionState,
    Finding,
    FindingKind,
    FindingState,
    Venue,
    VenueState,
)
from agents.execution.bounds.limits import Holding
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.dues import Backoff, Dues
from agents.execution.turns import Turns
from agents.execution.venues.account_states import AccountStates
from agents.execution.venues.catching_up import CatchingUp, Caught, foreign_sales, is_listed
from agents.execution.venues.comparing import Book, Gap, Known, compare
from agents.execution.venues.funds import KnownFunds
from agents.execution.venues.last_prices import LastPrices
from agents.execution.venues.receipts import Receipt, found, found_notice

log = logging.getLogger(__name__)
PATIENCE = 30.0  # seconds that one slow account may hold up whoever waits for all
_FOR_ONE = 5.0  # and whoever waits for that one
_KNOWN = (FindingState.OPEN, FindingState.IGNORED)
_ORDERS_TOLD = timedelta(hours=1)  # orders of others come and go; told of no oftener
_AGAIN = (2, 5, 10, 20, 40)  # seconds until an account that did not answer is asked again
_SOON = timedelta(seconds=5)


Looked = Callable[[Receipt], None]

Refused = Callable[[int, str, str], Awaitable[object]]
"""Takes down that the exchange refuses an owner's sealed key: owner, why, the sealed key."""


def unheard(receipt: Receipt) -> None:
    """Nobody counts looks."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Both sides at one moment. `moving` are the symbols that were about to change."""

    book: Book
    state: VenueState
    caught: Caught
    gaps: tuple[Gap, ...]
    moving: frozenset[str]


class Reconciliation:
    """`wake` at start, `every_minute` for the scheduler, `look` for whoever wants the truth."""

    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        venue: Venue,
        catching: CatchingUp,
        funds: KnownFunds,
        *,
        refused: Refused,
        looked: Looked = unheard,
        patience: float = PATIENCE,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._venue = venue
        self._catching = catching
        self._funds = funds
        self._refused = refused
        self._looked = looked
        self._patience = patience
        self._passed = passed
        self._states = AccountStates(memory, clock)
        self._turns: dict[int, asyncio.Lock] = {}
        self._looks: Turns[int] = Turns(self._safely)
        self._again: Dues[int] = Dues()
        self._backoff: Backoff[int] = Backoff(*_AGAIN)
        self._suspects: dict[int, set[tuple[str, Decimal]]] = {}
        self._met: set[int] = set()  # owners whose account was seen since the start
        self._orders_told: dict[int, datetime] = {}
        self._prices = LastPrices(market, clock)
        venue.when_back(self.soon)

    # --- when ---------------------------------------------------------------------------------

    async def wake(self) -> None:
        """At start, once orders were looked up."""
        await self.every_minute()

    async def every_minute(self) -> None:
        """Look at every account; one that is slow or broken is left to itself."""
        connections = await self._memory.connections.all()
        self._states.count(connections)
        usable = [one for one in connections if one.state is not ConnectionState.REFUSED]
        await self._look_at([one.owner_id for one in usable], self._patience)

    async def every_second(self) -> None:
        """Ask those again that did not answer: nothing is entered there until they do."""
        for owner_id in self._again.due(self._clock.wall()):
            self.soon(owner_id)

    def soon(self, owner_id: int) -> None:
        """Look in the background: an account was connected, or can be reached again. What is
        being looked at, which may have begun before that, is looked at once more."""
        self._looks.put(owner_id)

    async def have_seen(self, owner_id: int) -> None:
        """Return when a look at one account is over, or after some seconds."""
        await self._look_at([owner_id], min(self._patience, _FOR_ONE))

    async def idle(self) -> None:
        """Return when no look is under way."""
        await self._looks.idle()

    def health(self) -> tuple[str, bool, str]:
        """`accounts`, whether all are ready, and a sentence."""
        return self._states.health()

    async def _look_at(self, owners: Sequence[int], patience: float) -> None:
        for owner_id in owners:
            if not self._looks.under_way([owner_id]):
                self._looks.put(owner_id)
        if waits := self._looks.under_way(owners):
            for task in (await asyncio.wait(waits, timeout=patience))[0]:
                task.result()

    async def _safely(self, owner_id: int) -> None:
        try:
            await self.look(owner_id)
        except Exception as fault:
            known = isinstance(fault, KeyRefused | TryAgain)
            level, trace = (log.warning, None) if known else (log.error, fault)
            told = {"why": str(fault)}
            level("Account of %s was not seen.", owner_id, exc_info=trace, extra=told)
            if not isinstance(fault, KeyRefused):
                self._ask_again(owner_id, fault)
            await self._states.unseen(owner_id)

    def _ask_again(self, owner_id: int, fault: Exception) -> None:
        wait = self._backoff.next(owner_id)
        if isinstance(fault, BrokerBusy):
            wait = max(wait, timedelta(seconds=fault.retry_after))
        self._again.put(owner_id, self._clock.wall() + wait)

    # --- one look -----------------------------------------------------------------------------

    async def look(self, owner_id: int) -> Receipt | None:
        """What is true of an account now; None when its owner has none connected. Raises TryAgain
        when it could not be asked, and KeyRefused."""
        async with self.turn(owner_id):
            return await self.look_in_turn(owner_id)

    def turn(self, owner_id: int) -> asyncio.Lock:
        """Held while the account is looked at, and while something found there is answered: what
        a look found before an answer would be noted anew after it."""
        return self._turns.setdefault(owner_id, asyncio.Lock())

    async def look_in_turn(self, owner_id: int) -> Receipt | None:
        """As `look`, for whoever holds the turn."""
        connection = await self._memory.connections.of(owner_id)
        if connection is None:
            self._forget(owner_id)
            return None
        if connection.state is ConnectionState.REFUSED:
            raise KeyRefused
        try:
            receipt, soon = await self._look(connection)
        except KeyRefused as refusal:
            self._funds.forget(owner_id)  # with another key it is looked at before all else
            await self._refused(owner_id, str(refusal), connection.sealed)
            raise
        self._again.drop(owner_id)
        self._backoff.forget(owner_id)
        if soon:
            self._again.put(owner_id, self._clock.wall() + _SOON)
        self._looked(receipt)
        await self._states.seen(connection)
        return receipt

    def _forget(self, owner_id: int) -> None:
        self._funds.forget(owner_id)
        self._suspects.pop(owner_id, None)
        self._met.discard(owner_id)
        self._again.drop(owner_id)
        self._backoff.forget(owner_id)

    async def _look(self, connection: Connection) -> tuple[Receipt, bool]:
        """With whether it is to be looked at again soon."""
        began, owner = self._clock.now(), connection.owner_id
        known = await self._memory.findings.of(owner, _KNOWN)
        first = seen = await self._see(connection, known)
        if _news(seen.gaps, known):
            seen = await self._see(connection, known)
        fills = len({*first.caught.fills, *seen.caught.fills})
        believed = self._believed(owner, first, seen)
        self._passed("look.seen")
        new = await self._note(connection, seen, believed, known)
        await self._states.judge(connection, believed, seen.gaps)
        # Nothing is entered until this is known, so that no entry comes before the judgement.
        self._funds.note(owner, connection.exchange, seen.state, _by_hand(believed, seen.state))
        if first.caught.settled and seen.caught.settled:
            await self._memory.connections.seen(owner, began)
        waiting = await self._memory.findings.open(owner)
        receipt = self._receipt(connection, seen, fills, waiting)
        await self._tell(receipt, new)
        return receipt, seen.caught.soon

    async def _see(self, connection: Connection, known: Sequence[Finding]) -> _Seen:
        before = await self._catching.book(connection.owner_id)
        state = await self._venue.state(connection.owner_id)
        waking = connection.owner_id not in self._met
        caught = await self._catching.catch_up(connection, state, before, waking=waking)
        book = await self._catching.book(connection.owner_id)
        universe = await self._market.universe()
        prices = await self._prices.of(_symbols(connection, state, book), universe)
        around = _known(connection, known, caught, Known(universe, prices.get))
        gaps = tuple(compare(book, state, around))
        moving = before.moving | book.moving | caught.moved | _changed(before, book)
        return _Seen(book, state, caught, gaps, frozenset(moving))

    def _believed(self, owner_id: int, first: _Seen, seen: _Seen) -> list[Gap]:
        """What differs at both questions, and at the look before where its symbol is moving."""
        before = self._suspects.get(owner_id, set())
        self._suspects[owner_id] = {gap.same for gap in seen.gaps}
        twice = {gap.same for gap in first.gaps}
        moving = first.moving | seen.moving
        return [
            gap
            for gap in seen.gaps
            if gap.same in before or (gap.same in twice and gap.symbol not in moving)
        ]

    # --- what is done about it ----------------------------------------------------------------

    async def _note(
        self,
        connection: Connection,
        seen: _Seen,
        believed: Sequence[Gap],
        known: Sequence[Finding],
    ) -> list[Finding]:
        """The findings that are new. Those whose difference is no more are gone by themselves."""
        owner, there = connection.owner_id, _noted_as(seen.gaps, known)
        noted: list[Finding] = []
        async with self._memory.transactions.transaction():
            for gap in believed:
                if gap.covered:
                    await self._own_coins_went(connection, gap)
                elif not gap.accepted:
                    noted += await self._found(owner, gap)
            for finding in known:
                if finding.key not in there:
                    await self._memory.findings.move(finding, FindingState.GONE)
        return noted

    async def _found(self, owner_id: int, gap: Gap) -> list[Finding]:
        new = await self._memory.findings.note(found(owner_id, gap, self._clock.now()))
        return [new] if new else []

    async def _own_coins_went(self, connection: Connection, gap: Gap) -> None:
        """There is enough for what we hold: what went was the owner's own."""
        owner, coin = connection.owner_id, gap.symbol.partition("/")[0]
        was = connection.baseline.get(coin, ZERO)
        own = await self._memory.connections.change_baseline(owner, coin, -gap.quantity, was)
        if own is None:
            return  # somebody changed it meanwhile; the next look sees what that left
        facts = {"coin": coin, "own": str(own)}
        actor = "reconciliation"
        await self._memory.audit.record(owner, actor, "own coins went", facts)

    def _receipt(
        self, connection: Connection, seen: _Seen, fills: int, waiting: Sequence[Finding]
    ) -> Receipt:
        resting = [one for one in seen.book.orders if is_listed(one, seen.state)]
        lacking = {gap.position_id for gap in seen.gaps}
        return Receipt(
            connection.owner_id,
            connection.exchange,
            seen.state,
            seen.state.at,
            positions=sum(one.id not in lacking for one in seen.book.positions),
            stops=sum(one.purpose is OrderPurpose.STOP for one in resting),
            orders=len(resting),
            fills=fills,
            findings=tuple(waiting),
        )

    async def _tell(self, receipt: Receipt, new: Sequence[Finding]) -> None:
        """The first look at an account that holds something is told; then what is new."""
        owner, first = receipt.owner_id, receipt.owner_id not in self._met
        held = bool(receipt.positions or receipt.findings)
        if (first and held) or self._worth_telling(owner, new):
            told = receipt.findings if first else new
            await self._memory.notices.tell(found_notice(receipt, told, start=first))
        self._met.add(owner)

    def _worth_telling(self, owner_id: int, new: Sequence[Finding]) -> bool:
        if not new:
            return False
        now, last = self._clock.wall(), self._orders_told.get(owner_id)
        if all(one.kind is FindingKind.ORDER for one in new):
            if last is not None and now - last < _ORDERS_TOLD:
                return False
            self._orders_told[owner_id] = now
        return True


def _known(
    connection: Connection, findings: Sequence[Finding], caught: Caught, market: Known
) -> Known:
    """`market` with what is known of the account's owner."""
    left_alone = [one for one in findings if one.state is FindingState.IGNORED]
    missing = {one.symbol for one in findings if one.kind is FindingKind.MISSING}
    return replace(
        market,
        baseline=connection.baseline,
        accepted=frozenset([*connection.baseline.items(), *_positions_of(left_alone)]),
        sold=foreign_sales(caught.foreign) | missing,
        orders={
            (one.symbol, one.venue_id): one.quantity
            for one in left_alone
            if one.kind is FindingKind.ORDER
        },
    )


def _noted_as(gaps: Sequence[Gap], known: Sequence[Finding]) -> set[str]:
    """The keys under which what differs is noted. An order that its owner left alone keeps that
    of an earlier release, which had no symbol in it."""
    orders = {(gap.symbol, gap.venue_id) for gap in gaps if gap.kind is FindingKind.ORDER}
    left_alone = [one for one in known if one.state is FindingState.IGNORED and one.venue_id]
    kept = {one.key for one in left_alone if (one.symbol, one.venue_id) in orders}
    return {gap.key for gap in gaps} | kept


def _symbols(connection: Connection, state: VenueState, book: Book) -> set[str]:
    """What needs a price: coins of which there is more or less than before, and positions."""
    own, held = connection.baseline, state.holdings
    coins = {coin for coin in own if coin not in held}
    coins |= {coin for coin, amount in held.items() if amount.total != own.get(coin)}
    symbols = {f"{coin}/{state.quote}" for coin in coins}
    symbols |= {one.symbol for one in state.positions}
    return symbols | {one.symbol for one in book.positions}


def _by_hand(believed: Sequence[Gap], state: VenueState) -> dict[str, Holding]:
    """What is held of perpetuals besides our trades, also what its owner has said to leave."""
    leverage = {one.symbol: one.leverage for one in state.positions}
    return {
        gap.symbol: Holding(Side(gap.side), leverage.get(gap.symbol), by_hand=True)
        for gap in believed
        if gap.kind is FindingKind.POSITION
    }


def _positions_of(findings: Sequence[Finding]) -> list[tuple[str, Decimal]]:
    """Symbols and signed quantities."""
    found = [one for one in findings if one.kind is FindingKind.POSITION]
    return [(one.symbol, one.quantity * Side(one.side).sign) for one in found]


def _changed(before: Book, after: Book) -> set[str]:
    """Symbols whose positions were filled, opened or closed in between."""
    then = {(one.id, one.version): one.symbol for one in before.positions}
    now = {(one.id, one.version): one.symbol for one in after.positions}
    return {symbol for key, symbol in {**then, **now}.items() if (key in then) != (key in now)}


def _news(gaps: Sequence[Gap], known: Sequence[Finding]) -> bool:
    """Whether there is a difference that was not found before."""
    noted = {(one.key, one.quantity) for one in known}
    return any(not gap.accepted and gap.same not in noted for gap in gaps)
