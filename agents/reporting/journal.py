"""The journal: every trade with why it was made, what it cost, and how fast it was.

Prices and money are in quote currency, quantities in base currency. Slippage is in basis points
of the expected price, positive where the fill was worse; latencies are seconds of human time, and
None where an earlier version of the desk did not note them.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from agents.domain.decision import Decision
from agents.domain.money import BASIS_POINT, ZERO
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide
from agents.domain.ports import Memory
from agents.domain.position import Position
from agents.domain.proposal import Proposal

Filled = tuple[OrderIntent, Fill]


@dataclass(frozen=True, slots=True)
class Entry:
    """A trade with everything that led to it. `fills` are in their order."""

    position: Position
    proposal: Proposal
    decision: Decision
    fills: tuple[Filled, ...]

    @property
    def entries(self) -> list[Filled]:
        return [one for one in self.fills if not one[0].reduces]

    @property
    def exits(self) -> list[Filled]:
        return [one for one in self.fills if one[0].reduces]

    @property
    def entry_slippage(self) -> Decimal | None:
        """Against the price on the card that was approved."""
        expected = self.proposal.plan.entry
        return slippage([(expected, fill) for _, fill in self.entries])

    @property
    def exit_slippage(self) -> Decimal | None:
        """Against the level that caused each exit, or the market's price where none did."""
        expected = [(intent.trigger or fill.mark, fill) for intent, fill in self.exits]
        return slippage([(price, fill) for price, fill in expected if price is not None])

    @property
    def tap_to_order(self) -> float | None:
        """From the approval to the order's going out."""
        sent = [intent.sent_at for intent, _ in self.entries if intent.sent_at]
        if self.proposal.resolved_at is None or not sent:
            return None
        return (min(sent) - self.proposal.resolved_at).total_seconds()

    @property
    def order_to_fill(self) -> float | None:
        """From the entry order's going out to its first fill being known."""
        pairs = [(i.sent_at, f.heard_at) for i, f in self.entries if i.sent_at and f.heard_at]
        waits = [(heard - sent).total_seconds() for sent, heard in pairs if sent and heard]
        return min(waits, default=None)


def slippage(fills: Sequence[tuple[Decimal, Fill]]) -> Decimal | None:
    """Basis points by which fills were worse than expected, weighted by quantity; None without
    one. `fills` are (expected price, fill)."""
    whole = sum((expected * fill.quantity for expected, fill in fills), ZERO)
    if not whole:
        return None
    worse = sum(
        (
            (fill.price - expected) * fill.quantity * (1 if fill.side is OrderSide.BUY else -1)
            for expected, fill in fills
        ),
        ZERO,
    )
    return worse / whole / BASIS_POINT


async def entry(memory: Memory, owner_id: int, position_id: int) -> Entry:
    """One trade. Raises NotFound."""
    position = await memory.positions.get(owner_id, position_id)
    fills = _by_proposal(await memory.orders.fills(position.account_id))
    return await _entry(memory, position, fills)


async def entries(memory: Memory, owner_id: int, positions: Sequence[Position]) -> list[Entry]:
    """These trades, in their order."""
    fills: dict[int, list[Filled]] = {}
    for account_id in {position.account_id for position in positions}:
        fills |= _by_proposal(await memory.orders.fills(account_id))
    return [await _entry(memory, position, fills) for position in positions]


async def _entry(
    memory: Memory, position: Position, fills: Mapping[int, Sequence[Filled]]
) -> Entry:
    proposal = await memory.proposals.get(position.owner_id, position.proposal_id)
    decision = await memory.decisions.get(position.owner_id, proposal.decision_id)
    return Entry(position, proposal, decision, tuple(fills.get(proposal.id, ())))


def _by_proposal(fills: Iterable[Filled]) -> dict[int, list[Filled]]:
    found: dict[int, list[Filled]] = defaultdict(list)
    for intent, fill in fills:
        found[intent.proposal_id or 0].append((intent, fill))
    return found


# --- as a file --------------------------------------------------------------------------------

Cell = Callable[[Entry], object]


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _exact(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


def _points(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("id", lambda e: e.position.id),
    ("mode", lambda e: e.position.mode.value),
    ("strategy", lambda e: e.position.strategy_name),
    ("strategy_version", lambda e: e.proposal.strategy_version),
    ("symbol", lambda e: e.position.symbol),
    ("side", lambda e: e.position.side.value),
    ("timeframe", lambda e: e.position.timeframe),
    ("state", lambda e: e.position.state.value),
    ("signal_candle_closed", lambda e: _iso(e.proposal.closed)),
    ("opened_at", lambda e: _iso(e.position.opened_at)),
    ("closed_at", lambda e: _iso(e.position.closed_at)),
    ("reason", lambda e: e.decision.reason),
    ("advised_by", lambda e: e.proposal.advised_by),
    ("confidence", lambda e: "" if e.proposal.confidence is None else e.proposal.confidence),
    ("planned_entry", lambda e: _exact(e.proposal.plan.entry)),
    ("planned_stop", lambda e: _exact(e.proposal.plan.stop)),
    (
        "planned_targets",
        lambda e: "; ".join(
            f"{_exact(one.price)} x {_exact(one.share)}" for one in e.proposal.plan.targets
        ),
    ),
    ("planned_quantity", lambda e: _exact(e.proposal.plan.quantity)),
    ("planned_risk", lambda e: _exact(e.proposal.plan.risk)),
    ("leverage", lambda e: e.position.leverage),
    ("entry_price", lambda e: _exact(e.position.entry_price)),
    ("exit_price", lambda e: _exact(e.position.exit_price)),
    ("exit_reason", lambda e: e.position.exit_reason),
    ("quantity", lambda e: _exact(e.position.entered)),
    ("still_open", lambda e: _exact(e.position.quantity)),
    ("last_stop", lambda e: _exact(e.position.stop)),
    ("gross", lambda e: _exact(e.position.realised)),
    ("fees", lambda e: _exact(e.position.fees)),
    ("funding", lambda e: _exact(e.position.funding)),
    ("net", lambda e: _exact(e.position.net())),
    ("r_multiple", lambda e: f"{e.position.r_multiple():.4f}"),
    ("entry_slippage_bp", lambda e: _points(e.entry_slippage)),
    ("exit_slippage_bp", lambda e: _points(e.exit_slippage)),
    ("tap_to_order_s", lambda e: _seconds(e.tap_to_order)),
    ("order_to_fill_s", lambda e: _seconds(e.order_to_fill)),
    ("fills", lambda e: len(e.fills)),
    ("stop_fills", lambda e: sum(i.purpose is OrderPurpose.STOP for i, _ in e.fills)),
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(found: Iterable[Entry]) -> bytes:
    """A table with a header, UTF-8. Texts that a spreadsheet would take for a formula get an
    apostrophe in front."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([name for name, _ in COLUMNS])
    for one in found:
        writer.writerow([_harmless(cell(one)) for _, cell in COLUMNS])
    return file.getvalue().encode()


def _harmless(value: object) -> object:
    """Numbers may begin with a minus; words that come from people may not begin a formula."""
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        Decimal(value)
    except ArithmeticError:
        return f"'{value}"
    return value
