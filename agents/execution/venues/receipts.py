"""What a look at an exchange account found, and the notice that tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agents.domain.user import Notice, NoticeKind
from agents.domain.venue import Finding, VenueState
from agents.execution.venues.comparing import Gap


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one look found, at a moment of market time. `positions`, `stops` and `orders` are ours
    and there, `fills` were new, and `findings` are those that wait for their owner."""

    owner_id: int
    exchange: str
    state: VenueState
    at: datetime
    positions: int
    stops: int
    orders: int
    fills: int
    findings: tuple[Finding, ...]

    @property
    def matches(self) -> bool:
        return not self.findings


def found(owner_id: int, gap: Gap, at: datetime) -> Finding:
    """Not yet stored; `at` is market time."""
    return Finding(
        owner_id,
        gap.key,
        gap.kind,
        gap.symbol,
        gap.side,
        gap.quantity,
        gap.price,
        at,
        position_id=gap.position_id,
        venue_id=gap.venue_id,
    )


def found_notice(receipt: Receipt, findings: Sequence[Finding], *, start: bool) -> Notice:
    return Notice(
        receipt.owner_id,
        NoticeKind.RECEIPT,
        f"receipt:{receipt.owner_id}:{receipt.at.isoformat()}{':start' if start else ''}",
        {
            "exchange": receipt.exchange,
            "start": start,
            "positions": receipt.positions,
            "stops": receipt.stops,
            "orders": receipt.orders,
            "fills": receipt.fills,
            "findings": [one.id for one in findings],
        },
    )
