"""/schedule: what sets a strategy off, and whether it waits until it is flat."""

import re

from agents.domain.errors import AskUser
from agents.domain.schedule import EXAMPLES, parsed
from agents.domain.strategy import RunKind, Strategy, StrategyState
from handlers import drafting, strategies, texts, times
from handlers.chat import Reply, bold, code, lines, text
from handlers.desk import Desk
from handlers.strategy_card import strategy_card
from handlers.turn import Answer, Turn

_FLAT = re.compile(r"[\s,]*\b(?:wait(?:s)? until flat|when flat|until flat|flat)\b(\s+off)?", re.I)
_RUNS = {
    "once": RunKind.ONCE,
    "continuous": RunKind.CONTINUOUS,
    "always": RunKind.CONTINUOUS,
    "off": RunKind.CONTINUOUS,
}
_HOW = (
    "/schedule 1 every 4h",
    f"/schedule 1 {EXAMPLES[2]}",
    "/schedule 1 continuous",
    "/schedule 1 once",
    "/schedule 1 until flat",
)


async def schedule(desk: Desk, turn: Turn) -> Answer:
    """/schedule; /schedule N; /schedule N WHEN [until flat]."""
    first, _, rest = turn.words.partition(" ")
    if not first:
        return [Reply(lines(bold("🗓 When a strategy is set off"), *(code(one) for one in _HOW)))]
    strategy = await strategies.find(desk, turn, first)
    name = f"#{strategy.number} {strategy.name}"
    if not rest.strip():
        said = [code(one.replace(" 1 ", f" {strategy.number} ")) for one in _HOW]
        return [Reply(lines(bold(f"🗓 {name}"), words_of(desk, strategy), *said))]
    if strategy.state is StrategyState.ARCHIVED:
        raise AskUser(f"{name} is archived and trades no more; nothing was changed.")
    if strategy.run is RunKind.ON_SIGNAL:
        raise AskUser(f"{name} runs on signals, whenever they come; nothing was changed.")
    now = await _set(desk, turn, strategy, rest.strip())
    card = strategy_card(await drafting.shown(desk, now), redraw=True)
    return [texts.said(text(f"🗓 {name}: ") + text(words_of(desk, now))), card]


async def _set(desk: Desk, turn: Turn, strategy: Strategy, said: str) -> Strategy:
    """The strategy as it is afterwards. Raises AskUser for what can't be read."""
    flat = _FLAT.search(said)
    waits = strategy.waits_flat if flat is None else not flat[1]
    when = _FLAT.sub("", said).strip(" ,")
    run, kept = strategy.run, strategy.schedule
    if when.lower() in _RUNS:
        run, kept = _RUNS[when.lower()], ""
    elif when:
        parsed(when)
        run, kept = RunKind.SCHEDULED, " ".join(when.split())
    memory, owner = desk.memory, turn.user.id
    async with memory.transactions.transaction():
        await memory.strategies.set_schedule(owner, strategy.id, kept, waits_flat=waits)
        await memory.strategies.set_run(owner, strategy.id, run.value)
        facts = {"strategy_id": strategy.id, "run": run.value, "schedule": kept, "flat": waits}
        await memory.audit.record(owner, f"user:{turn.person.id}", "schedule", facts)
    return await memory.strategies.get(owner, strategy.id)


def words_of(desk: Desk, strategy: Strategy) -> str:
    """What sets it off, with the next time where it has a schedule."""
    flat = " It opens nothing while a trade of it is open." if strategy.waits_flat else ""
    match strategy.run:
        case RunKind.ONCE:
            return f"one trade, then it pauses.{flat}"
        case RunKind.ON_SIGNAL:
            return "on signals that come in."
        case RunKind.SCHEDULED:
            return f"{strategy.schedule}; {_next(desk, strategy)}.{flat}"
        case _:
            return f"at every {strategy.spec.timeframe} close.{flat}"


def _next(desk: Desk, strategy: Strategy) -> str:
    after = parsed(strategy.schedule).next_after(desk.clock.now())
    if after is None:
        return "that never comes"
    left = desk.clock.wall_at(after) - desk.clock.wall()
    return f"next in {times.countdown(left)}"
