"""What happened, put into words at delivery: for this reader, in this zone, as it is by now."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from agents.domain.errors import NotFound
from agents.domain.order import OrderIntent, OrderPurpose
from agents.domain.position import Position, PositionState
from agents.domain.user import NoticeKind, User
from agents.execution.telling import position_card
from handlers import (
    account,
    alarms,
    ballots,
    cards,
    digests,
    halt,
    heard,
    limits,
    money_alarms,
    panic,
    peaks,
    quiet,
    receipt,
    signal_posts,
    trades,
)
from handlers.chat import Button, Picture, Reply, Words, bold, lines, reply_from_json, text
from handlers.desk import Desk, Facts

_LIVE = "live"


@dataclass(frozen=True, slots=True)
class _Told:
    """A fact for a reader."""

    user: User
    facts: Facts


class Notices:
    """Renders outbox items. The table below says which kind is told how."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tellers: Mapping[NoticeKind, Callable[[_Told], Awaitable[Reply]]] = {
            NoticeKind.PROPOSAL: self._proposal,
            NoticeKind.PROPOSAL_CHANGED: self._proposal_changed,
            NoticeKind.ORDER_SENT: self._sent,
            NoticeKind.FILLED: self._filled,
            NoticeKind.POSITION_CHANGED: self._position_changed,
            NoticeKind.PARTLY_CLOSED: self._partly_closed,
            NoticeKind.CLOSED: self._closed,
            NoticeKind.STOP_MOVED: self._stop_moved,
            NoticeKind.ORDER_FAILED: self._failed,
            NoticeKind.STRATEGY_PAUSED: self._paused,
            NoticeKind.MARKET: self._market,
            NoticeKind.PANIC: self._panic,
            NoticeKind.DIGEST: self._digest,
            NoticeKind.OPERATOR: self._alarm,
            NoticeKind.PLACE_LOST: self._place_lost,
            NoticeKind.ALARM: lambda told: money_alarms.alarm(desk, told.user, told.facts),
            NoticeKind.ACCOUNT: lambda told: money_alarms.account(told.facts),
            NoticeKind.ANOMALY: lambda told: money_alarms.anomaly(told.facts),
            NoticeKind.RECEIPT: lambda told: receipt.told(desk, told.user, told.facts),
            NoticeKind.LIMIT: self._limit,
            NoticeKind.HALT: self._halt,
            NoticeKind.SIGNAL_POST: lambda told: signal_posts.posted(desk, told.facts),
            NoticeKind.SIGNAL_CHANGED: lambda told: signal_posts.changed(desk, told.facts),
            NoticeKind.SIGNAL_HEARD: lambda told: heard.told(desk, told.user, told.facts),
            NoticeKind.SIGNAL_UPDATE: lambda told: signal_posts.followed_up(desk, told.facts),
        }

    async def render(
        self, kind: NoticeKind, facts: Mapping[str, Any], owner_id: int
    ) -> Reply | None:
        """The message that tells `facts` to their owner; None when the owner does not want it,
        or when what it tells of is no more."""
        if kind is NoticeKind.REPLY:
            return reply_from_json(facts)
        try:
            user = await self._desk.memory.users.get(owner_id)
            level = account.level_of(user, kind)
            if level == "off":
                return None
            teller = self._tellers.get(kind)
            if teller is None:
                return None
            reply = await teller(_Told(user, facts))
        except NotFound:
            return None
        hushed = level == "silent" or await quiet.hushed(self._desk, user, kind)
        return replace(reply, silent=reply.silent or hushed)

    # --- proposals --------------------------------------------------------------------------

    async def _proposal(self, told: _Told) -> Reply:
        return await self._card(told, redraw=False)

    async def _proposal_changed(self, told: _Told) -> Reply:
        return await self._card(told, redraw=True)

    async def _card(self, told: _Told, *, redraw: bool) -> Reply:
        proposal = await self._desk.memory.proposals.get(told.user.id, told.facts["proposal_id"])
        return cards.proposal_card(
            proposal,
            await self._desk.instrument(proposal.symbol),
            self._desk.tap_rules,
            await ballots.reader(self._desk, told.user, proposal),
            redraw=redraw,
        )

    # --- orders and fills -------------------------------------------------------------------

    async def _intent(self, told: _Told) -> OrderIntent:
        intent = await self._desk.memory.orders.get(told.facts["intent_id"])
        if intent.owner_id != told.user.id:
            raise NotFound
        return intent

    async def _sent(self, told: _Told) -> Reply:
        intent = await self._intent(told)
        words = trades.sent(intent, await self._desk.instrument(intent.symbol))
        return Reply(words, replies_to=_card_of(intent.proposal_id), silent=True)

    async def _failed(self, told: _Told) -> Reply:
        intent = await self._intent(told)
        instrument = await self._desk.instrument(intent.symbol)
        over = await self._is_over(intent)
        words = trades.failed(intent, told.facts.get("reason", ""), instrument, over=over)
        return Reply(words, replies_to=_card_of(intent.proposal_id))

    async def _is_over(self, intent: OrderIntent) -> bool:
        held = await self._desk.memory.positions.by_proposal(intent.proposal_id or 0)
        return held is not None and held.state is PositionState.CLOSED

    async def _position(self, told: _Told) -> Position:
        return await self._desk.memory.positions.get(told.user.id, told.facts["position_id"])

    async def _fill(self, told: _Told) -> trades.Filled:
        """A fill with its position as it was left by it, where the facts say so."""
        position, facts = await self._position(told), told.facts
        fill = await self._desk.memory.orders.fill(facts["client_id"], facts["trade_id"])
        if fill is None:
            raise NotFound
        return trades.Filled(
            position=_as_told(position, facts),
            fill=fill,
            instrument=await self._desk.instrument(position.symbol),
            profit=_decimal(facts.get("profit")),
            planned=None if facts.get("whole") else _decimal(facts.get("planned")),
            stays=_decimal(facts.get("stays")),
        )

    async def _filled(self, told: _Told) -> Reply:
        filled = await self._fill(told)
        return _about(filled.position, trades.entry_filled(filled), buttons=True)

    async def _position_changed(self, told: _Told) -> Reply:
        """The entry's message again, as the position is now."""
        position = await self._position(told)
        every = await self._desk.memory.orders.fills(position.account_id)
        entries = [fill for intent, fill in every if _enters(intent, position)]
        if not entries:
            raise NotFound
        filled = trades.Filled(
            position, entries[-1], await self._desk.instrument(position.symbol), None, None
        )
        words = trades.entry_filled(filled)
        if position.state is PositionState.CLOSED:
            words = lines(words, "Closed since.")
        return replace(_about(position, words, buttons=True), edits=True)

    async def _partly_closed(self, told: _Told) -> Reply:
        filled = await self._fill(told)
        return _about(filled.position, trades.partly_closed(filled))

    async def _closed(self, told: _Told) -> Reply:
        filled = await self._fill(told)
        if told.facts.get("again"):
            return _about(filled.position, trades.written_off(filled))
        picture = Picture("position", {"position_id": filled.position.id})
        return replace(_about(filled.position, trades.closed(filled)), picture=picture)

    async def _stop_moved(self, told: _Told) -> Reply:
        position = await self._position(told)
        stop = _decimal(told.facts.get("stop")) or position.stop
        instrument = await self._desk.instrument(position.symbol)
        words = trades.stop_moved(position, stop, told.facts.get("why", ""), instrument)
        return Reply(words, replies_to=_card_of(position.proposal_id), silent=True)

    # --- the rest ---------------------------------------------------------------------------

    async def _paused(self, told: _Told) -> Reply:
        found = self._desk.memory.strategies
        strategy = await found.get(told.user.id, told.facts["strategy_id"])
        words = lines(
            bold(f"⏸ #{strategy.number} {strategy.name} is paused"),
            told.facts.get("reason", ""),
            "Open positions are being closed."
            if told.facts.get("closing")
            else "Open positions keep their stops.",
        )
        resume = Button("▶️ Resume", "resume", strategy.id, strategy.version)
        return Reply(words, ((resume,),))

    async def _market(self, told: _Told) -> Reply:
        state, detail = told.facts.get("state", ""), told.facts.get("detail", "")
        if state == _LIVE:
            return Reply(text("🟢 The market is live again."), silent=True)
        said = f": {detail}" if detail else ""
        return Reply(text(f"🟠 The market is {state}{said}"))

    async def _digest(self, told: _Told) -> Reply:
        return await digests.told(self._desk, told.user, told.facts)

    async def _panic(self, told: _Told) -> Reply:
        return Reply(panic.told(told.facts), edits=bool(told.facts.get("left")))

    async def _alarm(self, told: _Told) -> Reply:
        return alarms.of_machine(told.facts, told.user.zone, self._desk.clock.wall())

    async def _limit(self, told: _Told) -> Reply:
        if told.facts["what"] == "peak":
            return await peaks.told(self._desk, told.facts, told.user.id)
        return limits.told(told.facts)

    async def _halt(self, told: _Told) -> Reply:
        return halt.told(told.facts)

    async def _place_lost(self, told: _Told) -> Reply:
        return alarms.of_place(told.facts)


def _about(position: Position, words: Words, *, buttons: bool = False) -> Reply:
    """A message about a trade, under its proposal's card. The one that is the position's own card
    has its buttons while it is open."""
    still_open = position.state is PositionState.OPEN
    return Reply(
        words,
        rows=trades.close_buttons(position) if buttons and still_open else (),
        card=position_card(position.id) if buttons else "",
        replies_to=_card_of(position.proposal_id),
    )


def _enters(intent: OrderIntent, position: Position) -> bool:
    return intent.purpose is OrderPurpose.ENTRY and intent.proposal_id == position.proposal_id


def _as_told(position: Position, facts: Facts) -> Position:
    """The position as the fill left it; later fills may have changed it since."""
    if "left" not in facts:
        return position
    return replace(
        position,
        quantity=Decimal(facts["left"]),
        stop=Decimal(facts["stop"]),
        exit_reason=facts["reason"],
    )


def _card_of(proposal_id: int | None) -> str:
    return cards.card_name(proposal_id) if proposal_id else ""


def _decimal(told: Any) -> Decimal | None:
    return None if told is None else Decimal(str(told))
