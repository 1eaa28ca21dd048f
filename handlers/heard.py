"""Signals that came in, in words: what was heard, what became of it, and what an update offers."""

from datetime import timedelta
from decimal import Decimal

from agents.domain.heard import Heard, HeardState
from agents.domain.position import Position, PositionState
from agents.domain.signal import SignalKind, SignalReading
from agents.domain.user import User
from agents.execution.telling import card_of
from agents.signals.verdicts import brief, quoted, source_of
from handlers import markers, numbers, times
from handlers.chat import Button, Reply, Rows, Words, bold, italic, lines
from handlers.desk import Desk, Facts
from handlers.tables import clipped

_LONGEST = 300  # characters of a reason
_UNREAD = 3  # pieces that are named
_FRESH = timedelta(minutes=2)  # how old an update may be and nothing is said of its age
_DONE = {
    "stop": "the stop was moved",
    "half": "half was closed",
    "close": "it was closed",
    "ignore": "ignored",
}


# --- what is told -------------------------------------------------------------------------------


async def told(desk: Desk, user: User, facts: Facts) -> Reply:
    """The notice about a signal that came in by itself: quiet, since nobody waits for it."""
    heard = await desk.memory.heard.get(user.id, facts["heard_id"])
    words, rows = await shown(desk, heard)
    return Reply(words, rows, replies_to=card_of(heard.proposal_id), silent=True)


async def shown(desk: Desk, heard: Heard) -> tuple[Words, Rows]:
    """What became of it, and the buttons of an offer that is open."""
    source = await source_of(desk.memory, heard)
    if heard.reading.kind is SignalKind.UPDATE:
        return await _update(desk, heard, source)
    return _signal(heard, source), ()


def name_of(reading: SignalReading, side: str = "") -> str:
    """`LONG BTC/USDT`, as far as it is known."""
    coin = reading.symbol or clipped(reading.written, 20) or "a signal"
    said = reading.side.value if reading.side else side
    return f"{said.upper()} {coin}".strip()


def _signal(heard: Heard, source: str) -> Words:
    score = brief(heard.verdict)
    head = f"📡 Heard: {name_of(heard.reading, heard.verdict.get('side', ''))} from {source}"
    unread = [clipped(piece, 40) for piece in heard.reading.unread[:_UNREAD]]
    return lines(
        bold(head),
        *([score[0].upper() + score[1:]] if score else []),
        _became(heard),
        italic(quoted(heard.words)),
        *([f"Left out: {'; '.join(unread)}"] if unread else []),
    )


def _became(heard: Heard) -> str:
    if heard.state is HeardState.PROPOSED:
        return f"→ proposed as #{heard.proposal_id}; its card says what happens next"
    if heard.state in {HeardState.NEW, HeardState.JUDGING}:
        return "→ stored; it is judged as soon as the market answers"
    return f"→ dropped: {clipped(heard.reason, _LONGEST)}"


# --- updates to earlier signals -----------------------------------------------------------------


async def _update(desk: Desk, heard: Heard, source: str) -> tuple[Words, Rows]:
    quote = italic(quoted(heard.words))
    if heard.state not in {HeardState.UPDATE_OFFERED, HeardState.APPLIED, HeardState.IGNORED}:
        words = lines(bold(f"📡 An update from {source}"), quote, f"→ {heard.reason}")
        return words, ()
    position = await desk.memory.positions.get(heard.owner_id, heard.verdict["position_id"])
    title = bold(f"📡 An update from {source} on #{position.id} {markers.trade(position)}")
    if heard.state is not HeardState.UPDATE_OFFERED:
        return lines(title, quote, f"→ {answered(heard)}"), ()
    if position.state is not PositionState.OPEN:
        return lines(title, quote, "→ that trade is not open any more"), ()
    late = desk.clock.wall() - heard.said_at
    old = f"That was said {times.age(late)} ago. " if late > _FRESH else ""
    asked = f"{old}Nothing was done. What shall I do?"
    return lines(title, quote, asked), await _buttons(desk, heard, position)


async def _buttons(desk: Desk, heard: Heard, position: Position) -> Rows:
    instrument = await desk.instrument(position.symbol)
    stop = Decimal(heard.verdict["stop"])
    where = "entry" if stop == position.entry_price else numbers.price(stop, instrument)
    return (
        (Button(f"🛡 Move stop to {where}", "signal_stop", heard.id, position.version),),
        (
            Button("✂️ Close half", "signal_half", heard.id, position.version),
            Button("🔴 Close now", "signal_close", heard.id, position.version),
        ),
        (Button("🙈 Ignore", "signal_ignore", heard.id, position.version),),
    )


def answered(heard: Heard) -> str:
    """What its owner chose."""
    return _DONE.get(heard.verdict.get("effect", ""), "answered already")
