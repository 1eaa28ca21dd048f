"""Draws the pictures that replies ask for: facts gathered here, drawn in a worker thread."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from agents.domain.errors import NotFound
from agents.domain.market import Candles, Timeframe
from agents.domain.money import ZERO
from agents.domain.position import Position, PositionState
from agents.domain.proposal import Plan, PlannedTarget, Proposal
from agents.domain.strategy import Mode
from agents.domain.user import User
from agents.publishing import entries
from agents.reporting import journal
from agents.reporting.charts import Mark, draw_chart, draw_equity, draw_record, draw_trade
from agents.reporting.performance import equity_curve
from agents.reporting.record import results
from handlers import markers, money, numbers
from handlers.chat import Picture
from handlers.desk import Desk
from handlers.tables import clipped

_CANDLES = 90
_BEFORE = 30  # candles shown before a trade's entry
_MOST = 400

Draw = Callable[[User, Mapping[str, Any]], Awaitable[bytes]]


class Pictures:
    """Satisfies `handlers.chat.Drawer`. Raises NotFound for what is not the user's, and
    MarketUnavailable while candles can't be had."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # One thread: drawing is computing, and several would only take the loop's turns away.
        self._thread = ThreadPoolExecutor(1, "pictures")
        self._drawers: dict[str, Draw] = {
            "proposal": self._proposal,
            "signal": self._signal,
            "position": self._position,
            "entered": self._entered,
            "journal": self._journal,
            "chart": self._chart,
            "equity": self._equity,
            "record": self._record,
        }

    async def __call__(self, picture: Picture, user_id: int) -> bytes:
        draw = self._drawers.get(picture.kind)
        if draw is None:
            raise NotFound(f"There is no picture of kind {picture.kind!r}.")
        return await draw(await self._desk.memory.users.get(user_id), picture.facts)

    async def _drawn(self, draw: Callable[..., bytes], /, *given: Any, **options: Any) -> bytes:
        work = partial(draw, *given, **options)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _trade(
        self,
        of: Proposal | Position,
        plan: Plan,
        candles: Candles,
        note: str,
        marks: Sequence[Mark] = (),
        zone: str = "UTC",
    ) -> bytes:
        """Levels on candles: those of a plan as it was proposed, and of a position as it began."""
        entry, stop, moved = plan.entry, plan.stop, None
        if isinstance(of, Position):
            entry, stop = of.entry_price, of.initial_stop
            moved = of.stop if marks else None  # not as it looked at the entry
        return await self._drawn(
            draw_trade,
            candles,
            title=f"{markers.trade(of)} · {of.timeframe}",
            side=plan.side,
            entry=entry,
            stop=stop,
            moved=moved,
            targets=_targets(plan),
            marks=marks,
            note=f"{_plain_mode(of)} · {note}",
            zone=zone,
        )

    async def _proposal(self, user: User, facts: Mapping[str, Any]) -> bytes:
        proposal = await self._desk.memory.proposals.get(user.id, facts["proposal_id"])
        candles = await self._proposed(proposal)
        note = f"{proposal.strategy_name} · proposed"
        return await self._trade(proposal, proposal.plan, candles, note, zone=user.zone)

    async def _signal(self, user: User, facts: Mapping[str, Any]) -> bytes:
        """For a channel: its mode and number, and neither the strategy's name nor a zone."""
        signal = await self._desk.memory.channels.signal(facts["signal_id"])
        proposal = await self._desk.memory.proposals.get(user.id, signal.proposal_id)
        position = await self._desk.memory.positions.by_proposal(proposal.id)
        if position is not None and facts["closed"]:
            candles, marks = await self._around(position), _marks(position)
        else:
            candles, marks = await self._proposed(proposal), []
        plan = _told(proposal.plan, entries.present(signal, facts.get("story")))
        return await self._trade(proposal, plan, candles, f"signal #{signal.number}", marks)

    async def _position(self, user: User, facts: Mapping[str, Any]) -> bytes:
        position, plan = await self._held(user, facts)
        candles, marks = await self._around(position), _marks(position)
        note = f"{position.strategy_name} · {_result(position)}"
        return await self._trade(position, plan, candles, note, marks, zone=user.zone)

    async def _entered(self, user: User, facts: Mapping[str, Any]) -> bytes:
        """As it looked when the trade was entered."""
        position, plan = await self._held(user, facts)
        candles = await self._candles(position.symbol, position.timeframe, position.opened_at)
        note = f"{position.strategy_name} · at the entry"
        return await self._trade(position, plan, candles, note, zone=user.zone)

    async def _held(self, user: User, facts: Mapping[str, Any]) -> tuple[Position, Plan]:
        position = await self._desk.memory.positions.get(user.id, facts["position_id"])
        proposal = await self._desk.memory.proposals.get(user.id, position.proposal_id)
        return position, proposal.plan

    async def _journal(self, user: User, facts: Mapping[str, Any]) -> bytes:
        """A table, and no picture: every trade of the user, oldest first."""
        positions = await money.all_positions(self._desk, user.id)
        oldest = sorted(positions, key=lambda position: position.id)
        found = await journal.entries(self._desk.memory, user.id, oldest)
        return await self._drawn(journal.as_csv, found)

    async def _chart(self, user: User, facts: Mapping[str, Any]) -> bytes:
        now = self._desk.clock.now()
        candles = await self._candles(facts["symbol"], facts["timeframe"], now)
        return await self._drawn(
            draw_chart,
            candles,
            title=f"{facts['symbol']} · {facts['timeframe']}",
            note=markers.market(self._desk.market.name),
            zone=user.zone,
        )

    async def _equity(self, user: User, facts: Mapping[str, Any]) -> bytes:
        """The running net profit of every closed trade of one mode, on top of its accounts'
        start."""
        mode = Mode(facts.get("mode", Mode.PAPER))
        accounts = [one for one in await self._desk.memory.accounts.of(user.id) if one.mode is mode]
        found = await money.all_positions(self._desk, user.id)
        positions = [one for one in found if one.mode is mode]
        start = sum((account.start for account in accounts), ZERO)
        opened = min((account.opened_at for account in accounts), default=self._desk.clock.now())
        points = equity_curve(positions, start, opened)
        return await self._drawn(
            draw_equity,
            points,
            title=f"Equity · {_in_words(mode)}",
            note="closed trades, USDT",
            zone=user.zone,
        )

    async def _record(self, user: User, facts: Mapping[str, Any]) -> bytes:
        """The results of a channel's first `entries` entries: what the message beside it counts."""
        channel = await self._desk.memory.channels.get(facts["channel_id"])
        entries = await self._desk.memory.record.entries(channel.id)
        made = results(entries[: facts["entries"]])
        note = f"{len(made)} closed signals, each result in R and their sum"
        return await self._drawn(
            draw_record, made, title=clipped(channel.title, 50), note=note, zone=user.zone
        )

    async def _candles(
        self, symbol: str, timeframe: str, until: datetime, count: int = _CANDLES
    ) -> Candles:
        length = Timeframe.parse(timeframe)
        return await self._desk.market.history(symbol, length, until, count)

    async def _proposed(self, proposal: Proposal) -> Candles:
        """Up to now."""
        until = max(proposal.closed, self._desk.clock.now())
        return await self._candles(proposal.symbol, proposal.timeframe, until)

    async def _around(self, position: Position) -> Candles:
        """From some candles before the entry to some after the exit, or to now."""
        length = Timeframe.parse(position.timeframe).length
        now = self._desk.clock.now()
        ended = position.closed_at or now
        until = min(now, ended + length * 6)
        count = int((until - position.opened_at) / length) + _BEFORE
        return await self._candles(
            position.symbol, position.timeframe, until, max(_CANDLES // 2, min(count, _MOST))
        )


def _told(plan: Plan, levels: Mapping[str, Any]) -> Plan:
    """With the levels that a channel was told of: others may be there that it hears of later."""
    targets = tuple(PlannedTarget(Decimal(at), Decimal(share)) for at, share in levels["targets"])
    entry, stop = Decimal(levels["entry"]), Decimal(levels["stop"])
    return replace(plan, entry=entry, stop=stop, targets=targets)


def _targets(plan: Plan) -> list[tuple[Any, str]]:
    return [
        (target.price, numbers.distance(plan.r_multiple(target.price))) for target in plan.targets
    ]


def _marks(position: Position) -> list[Mark]:
    marks = [Mark(position.opened_at, position.entry_price, "entry")]
    if position.closed_at is not None and position.exit_price is not None:
        marks.append(Mark(position.closed_at, position.exit_price, "exit"))
    return marks


def _plain_mode(of: Position | Proposal) -> str:
    """The mode without its sign: the picture's font has no emoji."""
    return _in_words(of.mode)


def _in_words(mode: Mode) -> str:
    return markers.mode(mode).partition(" ")[2]


def _result(position: Position) -> str:
    if position.state is not PositionState.CLOSED:
        return "open"
    return f"closed {numbers.multiple(position.r_multiple())}"
