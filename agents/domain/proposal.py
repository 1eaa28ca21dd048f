"""A proposed trade and its one outcome."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from agents.domain.autonomy import Course
from agents.domain.strategy import Mode, Side


class ProposalState(StrEnum):
    """PENDING waits for a person; APPROVED waits for the price and risk check; ORDERED has an
    order intent; the rest are final."""

    PENDING = "pending"
    APPROVED = "approved"
    ORDERED = "ordered"
    FILLED = "filled"
    VETOED = "vetoed"
    EXPIRED = "expired"
    REFUSED = "refused"
    CANCELLED = "cancelled"


S = ProposalState
PROPOSAL_MOVES: dict[ProposalState, frozenset[ProposalState]] = {
    # PENDING to PENDING is a new version: an edit, or new numbers after the price moved.
    S.PENDING: frozenset({S.PENDING, S.APPROVED, S.VETOED, S.EXPIRED, S.REFUSED, S.CANCELLED}),
    S.APPROVED: frozenset({S.PENDING, S.ORDERED, S.REFUSED, S.CANCELLED, S.EXPIRED}),
    S.ORDERED: frozenset({S.FILLED, S.REFUSED, S.CANCELLED}),
    S.FILLED: frozenset(),
    S.VETOED: frozenset(),
    S.EXPIRED: frozenset(),
    S.REFUSED: frozenset(),
    S.CANCELLED: frozenset(),
}
FINAL = frozenset(state for state, moves in PROPOSAL_MOVES.items() if not moves)


class VetoReason(StrEnum):
    """The reasons a veto offers with one tap."""

    TOO_RISKY = "too risky"
    BAD_TIMING = "bad timing"
    NOT_THIS_COIN = "not this coin"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """A target as a price and the share (0 to 1) of the position closed there."""

    price: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class Trailing:
    """How the stop follows: distances in quote currency per unit, fixed at the signal.

    `percent` (of the best price) and `distance` (absolute, from atr) exclude each other;
    `breakeven_r` moves the stop to the entry price once the trade is that many R in profit.
    """

    percent: Decimal | None = None
    distance: Decimal | None = None
    breakeven_r: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers a person approves. Prices in quote currency, quantity in base currency."""

    side: Side
    entry: Decimal
    stop: Decimal
    targets: tuple[PlannedTarget, ...]
    trailing: Trailing
    quantity: Decimal
    notes: tuple[str, ...] = ()  # what sizing or limits changed, in words
    leverage: int = 1
    liquidation: Decimal | None = None  # where the exchange would close it, on perpetuals

    @property
    def risk_per_unit(self) -> Decimal:
        """Distance from entry to stop, quote currency per unit: one R per unit."""
        return abs(self.entry - self.stop)

    @property
    def risk(self) -> Decimal:
        """Quote currency lost when the stop is filled at its price, before fees."""
        return self.risk_per_unit * self.quantity

    @property
    def notional(self) -> Decimal:
        return self.entry * self.quantity

    def r_multiple(self, price: Decimal) -> Decimal:
        """Profit at `price` in multiples of the risk."""
        return (price - self.entry) * self.side.sign / self.risk_per_unit


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stored proposal at one version. `id` is 0 until stored.

    `expires_at` and `runs_at` are in human (wall clock) time, `closed` in market time. One with
    `runs_at` runs by itself then, unless it was decided before; `autonomy` is the stored Course,
    which says by which rule it asks or runs.
    """

    owner_id: int
    strategy_id: int
    strategy_version: int
    strategy_name: str
    decision_id: int
    symbol: str
    timeframe: str
    closed: datetime
    mode: Mode
    plan: Plan
    equity: Decimal
    confidence: float | None
    reasons: tuple[str, ...]
    advised_by: str  # model name, or "rules"
    created_at: datetime
    expires_at: datetime
    state: ProposalState = ProposalState.PENDING
    version: int = 1
    outcome: str = ""  # what became of it, in words
    veto_reason: VetoReason | None = None
    resolved_by: int | None = None
    resolved_at: datetime | None = None
    changes: tuple[str, ...] = field(default=())  # why versions after the first were made
    runs_at: datetime | None = None
    autonomy: str = ""
    id: int = 0

    @property
    def by_itself(self) -> bool:
        """Whether it went on without anybody's tap."""
        begun = self.state in {S.APPROVED, S.ORDERED, S.FILLED}
        return begun and self.runs_at is not None and self.resolved_by is None

    @property
    def course(self) -> Course:
        return Course.parse(self.autonomy)

    @property
    def risk_percent(self) -> Decimal:
        """Risk in percent of the account's equity when proposed."""
        return self.plan.risk / self.equity * 100 if self.equity else Decimal(0)
