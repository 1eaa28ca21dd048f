"""Signals that somebody brings: forwarded, pasted, or as a test. They are judged at once, and what
became of each is the answer."""

import re
from collections.abc import Mapping
from typing import Any

from agents.domain.errors import MarketUnavailable
from agents.domain.heard import Heard
from agents.domain.signal import SignalKind, SignalReading
from agents.domain.strategy import Strategy
from agents.execution.telling import card_of
from agents.signals.settings import opened
from handlers import confirm, dialogue, drafting, heard, numbers, texts
from handlers.chat import Reply, bold, lines, text
from handlers.desk import Desk
from handlers.tables import clipped
from handlers.turn import Answer, Turn

JUDGE = "judge_signal"  # the question whether a text is a signal that is to be judged
NO_SIGNAL = "I read no signal in that: one names a coin, long or short, and a stop or targets."
_PASTED = "pasted"
_ORIGIN = 60  # characters of a name
_LEAST_LEVELS = 2  # of entry, stop and targets, in a text that is taken for a signal

# What makes a text a rule to be watched instead of a trade to be made now.
_WATCHED = re.compile(
    r"\b(?:above|below|over|under|when(?:ever)?|if|once|until|cross\w*|break\w*|close[sd]?|candles?"
    r"|rsi|ema|sma|macd|atr|vwap|bollinger|each|every|session|\d+\s?(?:m|min|h|d|w))\b|[<>]",
    re.IGNORECASE,
)


def is_forwarded(turn: Turn) -> bool:
    """Whether somebody else's words were handed on in private."""
    return bool(turn.incoming.private and turn.incoming.forwarded and turn.words)


async def forwarded(desk: Desk, turn: Turn) -> Answer:
    """A message of somebody else's, handed on in private."""
    origin = clipped(" ".join(turn.incoming.forwarded.split()), _ORIGIN)
    return await _brought(desk, turn, turn.words, f"forwarded:{origin}")


async def test(desk: Desk, turn: Turn, words: str) -> Answer:
    """/listen test TEXT."""
    if not words:
        return [texts.said("Write the signal after it: /listen test LONG BTC …")]
    return await _brought(desk, turn, words, _PASTED)


async def _brought(desk: Desk, turn: Turn, words: str, source: str) -> Answer:
    reading = await desk.signals.read(words)
    if reading.kind is SignalKind.NOTHING:
        return [texts.said(NO_SIGNAL)]
    made = await _opened(desk, turn, reading)
    stored = await _stored(desk, turn, reading, words, source)
    try:
        stored = await desk.signals.judge(stored.id, answered=True)
    except MarketUnavailable:
        stored = await desk.memory.heard.get(turn.user.id, stored.id)
    said, rows = await heard.shown(desk, stored)
    answer = Reply(said, rows, replies_to=card_of(stored.proposal_id))
    return [answer, *made]


async def _opened(desk: Desk, turn: Turn, reading: SignalReading) -> Answer:
    """What is said of the strategy for signals, where this first one makes it."""
    if reading.kind is not SignalKind.SIGNAL:
        return []
    strategy, made = await opened(desk.memory, turn.user.id, desk.clock.now())
    return [_made(strategy)] if made else []


async def _stored(desk: Desk, turn: Turn, reading: SignalReading, words: str, source: str) -> Heard:
    """Once for each update, also when that is handled again after a kill."""
    owner, key = turn.user.id, turn.incoming.key
    stored = await desk.signals.receive(
        owner,
        source,
        key,
        reading,
        words,
        answers=turn.incoming.answers,
        said_at=turn.incoming.written_at or turn.incoming.sent_at,
    )
    known = stored or await desk.memory.heard.find(owner, source, key)
    assert known is not None  # noqa: S101  # what is handed in is stored, or was
    return known


def _made(strategy: Strategy) -> Reply:
    return Reply(
        lines(
            bold(f"📡 Strategy #{strategy.number} {strategy.name} is made for this."),
            f"It takes any coin, risks {numbers.percent(strategy.spec.risk_percent)} a trade in "
            "paper money, and only proposes: each trade waits for your tap.",
            "/listen shows and changes it.",
        )
    )


# --- a text that reads as a signal ----------------------------------------------------------------


async def offered(desk: Desk, turn: Turn) -> Answer:
    """The question whether to judge a pasted text as a signal; nothing where it is not clear that
    it is one."""
    reading = await desk.signals.read(turn.words)
    if not _is_clear(reading, turn.words):
        return []
    step = await dialogue.ask(desk, turn, JUDGE, {"words": turn.words})
    said = lines(
        bold(f"📡 That reads as a signal: {heard.name_of(reading)}"),
        text("Shall I judge it? A good one becomes a proposal that waits for your tap."),
    )
    rows = (
        (step.button("📡 Judge it", "yes"), step.button("📝 Draft a strategy", "as_strategy")),
        (step.button("🚫 No", "no"),),
    )
    return [Reply(said, rows)]


def _is_clear(reading: SignalReading, words: str) -> bool:
    levels = (reading.entries or reading.market, reading.stop, reading.targets)
    whole = reading.symbol is not None and reading.side is not None and not reading.faults
    named = sum(bool(level) for level in levels)
    signal = reading.kind is SignalKind.SIGNAL and whole and named >= _LEAST_LEVELS
    return signal and not _WATCHED.search(words)


async def judged(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to that question."""
    return [confirm.agreed("📡 Judged:"), *await _brought(desk, turn, facts["words"], _PASTED)]


async def as_strategy(desk: Desk, turn: Turn) -> Answer:
    """It was meant as a strategy."""
    step = await dialogue.answered(desk, turn)
    if step is None or step.kind != JUDGE:
        return [confirm.agreed(texts.OVER)]
    drafted = await drafting.from_sentence(desk, turn, step.facts["words"])
    return [confirm.agreed("📝 As a strategy:"), *drafted]
