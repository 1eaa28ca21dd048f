"""What is tapped under an update to an earlier signal."""

from datetime import timedelta

from agents.domain.errors import NotFound
from agents.execution.leaving.hands import HandOutcome, HandVerdict
from agents.signals.desk import Applied
from agents.signals.updates import Effect
from handlers import heard, markers, numbers, stops, texts, times
from handlers.chat import Reply, bold, lines
from handlers.desk import Desk
from handlers.turn import Answer, Turn


async def stop(desk: Desk, turn: Turn) -> Answer:
    return await _taken(desk, turn, Effect.STOP)


async def half(desk: Desk, turn: Turn) -> Answer:
    return await _taken(desk, turn, Effect.HALF)


async def close(desk: Desk, turn: Turn) -> Answer:
    return await _taken(desk, turn, Effect.CLOSE)


async def ignore(desk: Desk, turn: Turn) -> Answer:
    return await _taken(desk, turn, Effect.IGNORE)


async def _taken(desk: Desk, turn: Turn, effect: Effect) -> Answer:
    """A tap that comes late does nothing: the price is another one by now."""
    late = desk.clock.wall() - turn.incoming.sent_at
    if effect is not Effect.IGNORE and late > timedelta(seconds=desk.tap_rules.stale_seconds):
        said = f"You tapped that {times.age(late)} ago, and nothing was done."
        return [texts.said(said, "Tap it again if you still want it.")]
    try:
        done = await desk.signals.apply(turn.user.id, turn.tap.id, effect, turn.person.id)
    except NotFound:
        return [texts.said(texts.NOT_MINE)]
    after = await desk.memory.heard.get(turn.user.id, done.heard.id)
    words, rows = await heard.shown(desk, after)
    said = await _told(desk, done)
    return [Reply(lines(words, bold(said)) if said else words, rows, edits=True)]


async def _told(desk: Desk, done: Applied) -> str:
    """One line; empty where the message itself says it all."""
    if done.over:
        return "That was answered before; nothing more was done."
    if done.stop is not None:
        return await stops.told(desk, done.stop)
    return await _close(desk, done.close) if done.close is not None else ""


async def _close(desk: Desk, outcome: HandOutcome) -> str:
    position = outcome.position
    if position is None or outcome.verdict is HandVerdict.ALREADY:
        return "That trade is not open any more; nothing was changed."
    name = f"#{position.id} {markers.trade(position)}"
    if outcome.verdict is HandVerdict.REFUSED:
        return f"⛔ {name} was not closed: {outcome.reason}."
    size = numbers.amount(outcome.quantity, await desk.instrument(position.symbol))
    base = markers.base(position.symbol)
    return f"🚪 Exiting {name}: the order for {size} {base} is sent."
