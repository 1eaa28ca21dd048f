"""Tells an owner of a fill or a win rate that stands out from the account's own history.

It listens to the notices of fills and looks at them later, so that no fill waits for it; what a
killed process did not look at is not looked at again.
"""

import logging
from collections.abc import Callable, Iterator, Sequence

from agents.domain.errors import NotFound
from agents.domain.money import ZERO
from agents.domain.order import Fill, OrderIntent
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.strategy import Mode
from agents.domain.user import Notice, NoticeKind
from agents.reporting.anomalies import (
    LATENCY_FLOOR,
    SLIPPAGE_FLOOR,
    LosingRun,
    Outlier,
    losing_run,
    outlier,
)
from agents.reporting.journal import slippage
from agents.reporting.performance import closed

log = logging.getLogger(__name__)
Filled = tuple[OrderIntent, Fill]
Measure = Callable[[Filled], float | None]
_MODES = frozenset({Mode.LIVE, Mode.PAPER})
_FILLS = frozenset({NoticeKind.FILLED, NoticeKind.PARTLY_CLOSED, NoticeKind.CLOSED})
_HISTORY = 200  # fills that count as an account's history
_TRAIL = {"proposal_id": "proposal", "position_id": "position"}
_TRAIL |= {"client_id": "order", "trade_id": "trade"}


class StandingOut:
    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._waiting: list[Notice] = []

    async def follow(self, notice: Notice) -> None:
        """A listener for notices: they wait, for their transaction is not over yet."""
        if notice.kind in _FILLS:
            self._waiting.append(notice)

    async def work(self) -> None:
        """Look at what came since the last time; every few seconds."""
        waiting, self._waiting = self._waiting, []
        for notice in waiting:
            try:
                await self._look(notice)
            except NotFound:
                told = _trail(notice)
                log.info("A fill was taken back before it was looked at.", extra=told)
            except Exception:
                told = _trail(notice)
                log.exception("A fill could not be compared with its history.", extra=told)

    async def _look(self, notice: Notice) -> None:
        facts = notice.facts
        position = await self._memory.positions.get(notice.owner_id, facts["position_id"])
        if position.mode not in _MODES:
            return
        fills = await self._memory.orders.fills(position.account_id)
        this = (facts["client_id"], facts["trade_id"])
        mine = [one for one in fills if (one[1].client_id, one[1].trade_id) == this]
        before = [one for one in fills if one[1].client_id != this[0]][-_HISTORY:]
        for said in _standing_out(mine[0], before) if mine else ():
            key = f"anomaly:fill:{this[0]}:{this[1]}"
            await self._tell(position, key, said)
            break  # once for each fill
        if notice.kind is NoticeKind.CLOSED:
            await self._look_at_wins(position)

    async def _look_at_wins(self, position: Position) -> None:
        """Once a day for each account."""
        done = closed(await self._memory.positions.of_account(position.account_id))
        run = losing_run([one.net() > ZERO for one in done])
        if run is not None:
            day = self._clock.wall().date().isoformat()
            key = f"anomaly:wins:{position.account_id}:{day}"
            await self._tell(position, key, _of_wins(position, run))

    async def _tell(self, position: Position, key: str, said: str) -> None:
        facts = {"summary": said, "position_id": position.id}
        await self._memory.notices.tell(Notice(position.owner_id, NoticeKind.ANOMALY, key, facts))


def _standing_out(this: Filled, before: Sequence[Filled]) -> Iterator[str]:
    name = f"{this[0].symbol} ({this[0].mode}, {this[0].purpose})"
    if found := _compared(this, before, _slipped, SLIPPAGE_FLOOR):
        yield f"The fill of {name} slipped {_numbers(found, 'bp')}."
    if found := _compared(this, before, _took, LATENCY_FLOOR):
        yield f"The fill of {name} came late: it took {_numbers(found, 's')}."


def _compared(
    this: Filled, before: Sequence[Filled], measure: Measure, floor: float
) -> Outlier | None:
    value = measure(this)
    if value is None:
        return None
    history = [known for one in before if (known := measure(one)) is not None]
    return outlier(history, value, floor)


def _numbers(found: Outlier, unit: str) -> str:
    return (
        f"{found.value:.1f} {unit}; the average of the {found.count} before it is "
        f"{found.usual:.1f} {unit}"
    )


def _slipped(filled: Filled) -> float | None:
    """Basis points worse than expected."""
    intent, fill = filled
    expected = intent.trigger or fill.mark
    found = slippage([(expected, fill)]) if expected else None
    return None if found is None else float(found)


def _took(filled: Filled) -> float | None:
    """Seconds from the order's going out to its fill being known; of market orders alone, for
    others wait for their price."""
    intent, fill = filled
    if intent.rests or intent.sent_at is None or fill.heard_at is None:
        return None
    return (fill.heard_at - intent.sent_at).total_seconds()


def _of_wins(position: Position, run: LosingRun) -> str:
    return (
        f"{position.strategy_name} ({position.mode}) won {run.wins} of its last {run.count} "
        f"trades; before that it won {run.rate:.0%}. By chance alone that happens in "
        f"{run.chance:.1%} of such runs."
    )


def _trail(notice: Notice) -> dict[str, object]:
    """The ids that a log line about its fill carries."""
    return {name: notice.facts[fact] for fact, name in _TRAIL.items() if fact in notice.facts}
