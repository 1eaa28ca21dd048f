"""What the trading needs of the world: clocks, markets, brokers, models and memory.

Repositories that read or move a user's rows take the owner; methods without one are the
machine's own (scheduler, settlement) and are never reached by a handler. A move is a
compare-and-set: it answers False when the row was no longer in the expected state or version.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from agents.domain.autonomy import Autonomy
from agents.domain.decision import Advised, Decision, ModelCall, Question, Snapshot
from agents.domain.desks import Desks
from agents.domain.grants import Grants
from agents.domain.heard import HeardSignals
from agents.domain.hooks import Hooks
from agents.domain.linking import Links
from agents.domain.market import Candles, FundingRate, MarketHealth, Tick, Timeframe, Universe
from agents.domain.notebook import Audit, Notes, Preferences
from agents.domain.order import Fill, OrderIntent, OrderState
from agents.domain.position import Account, Position, Trailed
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.publishing import Channels
from agents.domain.record import Record
from agents.domain.sealing import Sealed
from agents.domain.sharing import Shares
from agents.domain.strategy import Mode, Strategy, StrategySpec, StrategyState
from agents.domain.user import Identity, Notice, Place, User
from agents.domain.venue import Connections, Findings, FundingPaid


class Clock(Protocol):
    """Two times: the market's, which replay and simulation move, and people's."""

    def now(self) -> datetime:
        """Market time, aware UTC."""

    def wall(self) -> datetime:
        """Human time, aware UTC: expiry of cards, age of commands."""

    def wall_at(self, moment: datetime) -> datetime:
        """The human time at which the market's clock reads `moment`."""


TickListener = Callable[[Tick], None]


class Market(Protocol):
    """A source of candles and ticks. Three implementations: simulated, replay, ccxt."""

    name: str

    async def start(self, resume_at: datetime | None = None) -> None:
        """Begin; `resume_at` is the market time at which an earlier run stopped.

        An exchange that can't be reached does not raise: health() says so and it keeps trying.
        """

    async def stop(self) -> None: ...

    async def universe(self) -> Universe:
        """Every instrument on offer. Raises MarketUnavailable before the first contact."""

    async def history(
        self, symbol: str, timeframe: Timeframe, until: datetime, count: int
    ) -> Candles:
        """The last `count` candles whose close is not after `until`, oldest first; fewer when
        there are no more. The still open candle is never among them.

        Raises MarketUnavailable, or UnknownSymbol.
        """

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        """What was paid for holding a perpetual, from `since` until now, oldest first; nothing
        where the market has no perpetuals. Raises MarketUnavailable, or UnknownSymbol."""

    async def price(self, symbol: str) -> Tick:
        """The newest tick of any symbol, never older than last(); asked for where none came within
        seconds. Raises MarketUnavailable, or UnknownSymbol."""

    def listen(self, listener: TickListener) -> None:
        """Call `listener` for every tick of the watched symbols, in the same loop turn."""

    def watch(self, symbols: Collection[str]) -> None:
        """The symbols whose ticks are wanted, replacing the earlier set."""

    def last(self, symbol: str) -> Tick | None:
        """The newest tick of a symbol, None before the first."""

    def health(self) -> MarketHealth: ...


class Advisor(Protocol):
    """A model that is asked about a trade the rules allow. Never raises for a bad answer."""

    name: str

    async def advise(self, question: Question) -> Advised: ...


class Transactions(Protocol):
    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All repository calls inside become one commit, or nothing. Nested ones join."""

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call `call` when the present task's transaction is committed; at once outside of one.
        Never after a rollback."""


class Users(Protocol):
    async def find(self, identity: Identity) -> User | None: ...
    async def get(self, user_id: int) -> User: ...
    async def everyone(self) -> Sequence[User]: ...
    async def join(
        self, identity: Identity, name: str, home: Place, *, operator: bool, at: datetime
    ) -> User:
        """The user of `identity`, made when new; `home` becomes a place of delivery."""

    async def places(self, user_id: int) -> Sequence[Place]: ...
    async def add_place(self, user_id: int, place: Place) -> None: ...
    async def drop_place(self, user_id: int, place: Place) -> None: ...
    async def set_zone(self, user_id: int, zone: str) -> None: ...
    async def set_notice(self, user_id: int, kind: str, level: str) -> None: ...
    async def invite(self, code: str, by: int, at: datetime) -> None: ...
    async def redeem(self, code: str, identity: Identity, at: datetime) -> bool:
        """Use an invitation once; False when unknown or used."""


class Strategies(Protocol):
    async def draft(
        self, owner_id: int, name: str, spec: StrategySpec, sentence: str, mode: Mode, at: datetime
    ) -> Strategy: ...
    async def get(self, owner_id: int, strategy_id: int) -> Strategy:
        """Raises NotFound when it isn't there or isn't the owner's."""

    async def of(
        self, owner_id: int, states: Collection[StrategyState] | None = None
    ) -> Sequence[Strategy]: ...
    async def move(
        self,
        owner_id: int,
        strategy_id: int,
        to: StrategyState,
        at: datetime,
        *,
        reason: str = "",
    ) -> bool:
        """Along STRATEGY_MOVES only."""

    async def revise(
        self,
        owner_id: int,
        strategy_id: int,
        version: int,
        spec: StrategySpec,
        sentence: str,
        at: datetime,
    ) -> bool:
        """Store version + 1 when `version` is the present one; earlier versions are kept."""

    async def spec_at(self, owner_id: int, strategy_id: int, version: int) -> StrategySpec: ...
    async def rename(self, owner_id: int, strategy_id: int, name: str) -> None: ...
    async def set_run(self, owner_id: int, strategy_id: int, run: str) -> None: ...
    async def set_autonomy(self, owner_id: int, strategy_id: int, autonomy: Autonomy) -> None: ...
    async def set_mode(self, owner_id: int, strategy_id: int, was: Mode, to: Mode) -> bool:
        """Compare-and-set; False when its mode was not `was`."""

    async def set_schedule(
        self, owner_id: int, strategy_id: int, schedule: str, *, waits_flat: bool
    ) -> None: ...
    async def due(self, timeframe: str) -> Sequence[Strategy]:
        """Every active strategy of this timeframe that candles set off, of all owners."""

    async def active(self) -> Sequence[Strategy]:
        """Every active strategy, of all owners; also those that only signals set off."""


class Decisions(Protocol):
    async def store(
        self, snapshots: Sequence[Snapshot], decisions: Sequence[Decision]
    ) -> Sequence[Decision]:
        """Store in bulk; those whose (strategy, symbol, candle) was decided already are left
        alone. Answers the newly stored ones with their ids."""

    async def decided(
        self, strategy_ids: Collection[int], symbol: str, closed: datetime
    ) -> Collection[int]:
        """Which of these strategies have a decision on that candle."""

    async def last_closed(
        self, strategy_ids: Collection[int]
    ) -> Mapping[tuple[int, str], datetime]:
        """The newest decided candle's close by (strategy, symbol)."""

    async def get(self, owner_id: int, decision_id: int) -> Decision: ...
    async def recent(
        self, owner_id: int, strategy_id: int, limit: int, *, not_hold: bool = False
    ) -> Sequence[Decision]:
        """Newest first."""

    async def snapshot(self, symbol: str, timeframe: str, closed: datetime) -> Snapshot | None: ...


class Proposals(Protocol):
    async def add(self, proposal: Proposal) -> Proposal | None:
        """Stored with its id; None when the decision has a proposal already."""

    async def get(self, owner_id: int, proposal_id: int) -> Proposal: ...
    async def of(
        self, owner_id: int, states: Collection[ProposalState] | None = None, limit: int = 50
    ) -> Sequence[Proposal]:
        """Newest first."""

    async def move(self, proposal: Proposal, to: ProposalState, **changes: Any) -> bool:
        """Compare-and-set on (id, version, state) of `proposal`; `changes` are Proposal fields
        (outcome, veto_reason, resolved_by, resolved_at). A move to the state it is in already,
        final or not, only notes the changes: the reason of a veto comes after the veto."""

    async def revise(self, proposal: Proposal, new: Proposal) -> bool:
        """Replace `proposal` (compare-and-set on id, version, state) by `new`, version + 1."""

    async def hold(self, proposal: Proposal) -> bool:
        """Until the running transaction is over nobody else changes it; False when it is no
        longer in the version and state of `proposal`."""

    async def of_strategy(
        self, strategy_id: int, states: Collection[ProposalState]
    ) -> Sequence[Proposal]:
        """Oldest first."""

    async def in_state(self, state: ProposalState) -> Sequence[Proposal]: ...
    async def expired(self, wall: datetime) -> Sequence[Proposal]:
        """Pending ones whose time is over."""

    async def counting(self) -> Sequence[Proposal]:
        """Pending ones that are to run by themselves, of all owners, the next one first."""

    async def by_id(self, proposal_id: int) -> Proposal: ...


class Orders(Protocol):
    async def add(self, intent: OrderIntent) -> OrderIntent | None:
        """Stored with its id; None when an intent of the same key exists."""

    async def get(self, intent_id: int) -> OrderIntent: ...
    async def by_client_id(self, client_id: str) -> OrderIntent | None: ...
    async def move(self, intent: OrderIntent, to: OrderState, **changes: Any) -> bool:
        """Compare-and-set on (id, state), and on `filled` where that is among the `changes`, which
        are OrderIntent fields (filled, error, quantity, venue_id, sent_at)."""

    async def in_states(self, states: Collection[OrderState]) -> Sequence[OrderIntent]: ...
    async def of_position(self, position_id: int) -> Sequence[OrderIntent]: ...
    async def resting(self, position_id: int) -> Sequence[OrderIntent]:
        """Unsettled resting orders of a position, oldest first."""

    async def of_account(
        self, account_id: int, since: datetime | None = None
    ) -> Sequence[OrderIntent]:
        """Oldest first."""

    async def by_venue_id(
        self, owner_id: int, venue_id: str, symbol: str | None = None
    ) -> OrderIntent | None:
        """The newest of that name; some exchanges count anew for each symbol. None for ""."""

    async def unsettled_of(self, owner_id: int, mode: Mode) -> Sequence[OrderIntent]:
        """Oldest first, resting ones too."""

    async def add_fill(self, intent: OrderIntent, fill: Fill) -> bool:
        """False when (client_id, trade_id) is known already."""

    async def fills(self, account_id: int) -> Sequence[tuple[OrderIntent, Fill]]:
        """Every fill of an account, oldest first."""

    async def fill(self, client_id: str, trade_id: str) -> Fill | None: ...
    async def entries_since(self, account_id: int, since: datetime) -> int:
        """Entry orders created since a moment of market time."""

    async def entries_of_owner_since(self, owner_id: int, mode: Mode, since: datetime) -> int:
        """The same across all accounts of an owner in one mode."""


class Positions(Protocol):
    async def add(self, position: Position) -> Position: ...
    async def get(self, owner_id: int, position_id: int) -> Position: ...
    async def by_id(self, position_id: int) -> Position: ...
    async def by_proposal(self, proposal_id: int) -> Position | None: ...
    async def save(self, position: Position) -> bool:
        """Compare-and-set on (id, version); the stored version becomes version + 1."""

    async def save_stops(self, stops: Mapping[int, Trailed]) -> None:
        """Write stop and best of positions that only trailed; does not change versions. One that
        was stored anew since is left alone."""

    async def still_open(self, timeframe: str | None = None) -> Sequence[Position]:
        """Every position that is OPEN or CLOSING, of all owners; with a timeframe only those that
        were opened on it, or whose strategy is on it by now."""

    async def count_open(self) -> int:
        """How many positions are OPEN or CLOSING, of all owners."""

    async def of(
        self, owner_id: int, *, open_only: bool = False, limit: int = 100, offset: int = 0
    ) -> Sequence[Position]:
        """Newest first."""

    async def of_account(
        self, account_id: int, *, open_only: bool = False, since: datetime | None = None
    ) -> Sequence[Position]:
        """Oldest first; with `since` those that are open and those closed from then on."""

    async def held_since(self, since: datetime) -> Sequence[Position]:
        """Those of all owners that are open and those closed from then on, oldest first."""

    async def of_owner_mode(self, owner_id: int, mode: Mode, since: datetime) -> Sequence[Position]:
        """Those that are open and those closed since, oldest first."""


class Accounts(Protocol):
    async def open(
        self, owner_id: int, strategy_id: int, mode: Mode, start: Decimal, at: datetime
    ) -> Account:
        """The account of (strategy, mode), made when missing."""

    async def get(self, account_id: int) -> Account: ...
    async def of(self, owner_id: int) -> Sequence[Account]: ...
    async def add_funding(self, account_id: int, position_id: int, paid: FundingPaid) -> bool:
        """False when it is known already."""

    async def funding(self, account_id: int) -> Sequence[tuple[int, FundingPaid]]:
        """(position id, payment), oldest first."""

    async def book(self, account_id: int, change: Decimal) -> Account:
        """Add `change` (quote currency, exact) to the balance, and raise the peak."""

    async def allot(self, owner_id: int, account_id: int, amount: Decimal) -> Account:
        """The balance becomes `amount`, as if that much had been paid in or out; see
        `Account.allotted`. Raises NotFound for an account that is not the owner's."""

    async def reset_peak(self, owner_id: int, account_id: int) -> Account:
        """The peak becomes the balance. Raises NotFound for an account that is not the owner's."""


class ModelCalls(Protocol):
    async def add(self, call: ModelCall) -> ModelCall: ...
    async def get(self, owner_id: int, call_id: int) -> ModelCall: ...
    async def of(self, owner_id: int, since: datetime) -> Sequence[ModelCall]: ...


NoticeListener = Callable[[Notice], Awaitable[None]]


class Notices(Protocol):
    async def tell(self, notice: Notice) -> None:
        """Put into the outbox for each of the owner's places; a known key is left alone."""


class Memory(Protocol):
    """All repositories of one database."""

    transactions: Transactions
    users: Users
    strategies: Strategies
    decisions: Decisions
    proposals: Proposals
    orders: Orders
    positions: Positions
    accounts: Accounts
    model_calls: ModelCalls
    notices: Notices
    notes: Notes
    preferences: Preferences
    audit: Audit
    record: Record
    shares: Shares
    grants: Grants
    channels: Channels
    links: Links
    desks: Desks
    heard: HeardSignals
    hooks: Hooks
    connections: Connections
    findings: Findings
    sealed: Sealed

    def when_told(self, listener: NoticeListener) -> None:
        """Have `listener` called for each notice in the transaction that tells it, whether or not
        its owner wants to hear of it."""

    async def last_market_time(self) -> datetime | None:
        """The newest market time that anything stored was stamped with."""
