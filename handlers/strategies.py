"""Strategies: listed, shown, activated, paused, resumed, archived, discarded."""

from collections.abc import Sequence

from agents.domain.errors import AskUser, NotFound
from agents.domain.market import Timeframe
from agents.domain.strategy import ANY_SYMBOL, RunKind, Strategy, StrategyState
from handlers import drafting, markers, numbers, paging, texts, times
from handlers.chat import Button, Reply, Rows, Words, bold, lines, text
from handlers.desk import Desk
from handlers.strategy_card import strategy_card
from handlers.tables import clipped
from handlers.turn import Answer, Turn

_SHOWN = (StrategyState.ACTIVE, StrategyState.PAUSED, StrategyState.DRAFT)
_PER_PAGE = 6
_SYMBOLS = 4  # named in a list
_SIGNS = {state: sign.split(" ", maxsplit=1)[0] for state, sign in markers.STATES.items()}


# --- finding and listing ------------------------------------------------------------------------


async def find(desk: Desk, turn: Turn, said: str) -> Strategy:
    """The strategy that `2`, `#2` or a name means; AskUser when there is none or several."""
    mine = await desk.memory.strategies.of(turn.user.id)
    wanted = said.strip().lstrip("#").lower()
    if wanted.isdecimal():
        found = [item for item in mine if item.number == int(wanted)]
    else:
        living = [item for item in mine if item.state in _SHOWN]
        found = [item for item in living if item.name.lower() == wanted]
        found = found or [item for item in living if wanted in item.name.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(f"#{item.number} {item.name}" for item in found[:4])
        raise AskUser(f"Which one do you mean: {several}? Send its number.")
    raise NotFound(f"You have no strategy {texts.echo(said)!r}; /strategies lists them.")


async def listed(desk: Desk, turn: Turn) -> Answer:
    """/strategies, or with a number that strategy's card."""
    if turn.words:
        return [await card(desk, await find(desk, turn, turn.words))]
    return [await _page(desk, turn, 0)]


async def page(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn, turn.tap.id, turned=True)]


async def _page(desk: Desk, turn: Turn, number: int, *, turned: bool = False) -> Reply:
    mine = await desk.memory.strategies.of(turn.user.id, _SHOWN)
    if not mine:
        return texts.examples("You have no strategies yet. Write one in a sentence, for example:")
    order = sorted(mine, key=lambda item: (_SHOWN.index(item.state), item.number))
    number = paging.page_number(number, -(-len(order) // _PER_PAGE))
    here = order[number * _PER_PAGE : (number + 1) * _PER_PAGE]
    title = f"Strategies ({len(order)})"
    items = [_line(item) for item in order]
    return paging.paged(
        title, items, "strategies", number, per_page=_PER_PAGE, rows=_openers(here), turned=turned
    )


def _line(strategy: Strategy) -> Words:
    spec = strategy.spec
    reason = f"\n   {clipped(strategy.pause_reason, 160)}" if strategy.pause_reason else ""
    risk = numbers.percent(spec.risk_percent)
    return (
        bold(f"#{strategy.number} {strategy.name}")
        + text(f" · {markers.STATES[strategy.state]}\n")
        + text(f"   {_few(spec.symbols)} · {spec.timeframe} · risk {risk}{reason}")
    )


def _few(symbols: Sequence[str]) -> str:
    """The first of many symbols, and how many more there are."""
    if ANY_SYMBOL in symbols:
        return "any coin"
    more = f" +{len(symbols) - _SYMBOLS}" if len(symbols) > _SYMBOLS else ""
    return ", ".join(symbols[:_SYMBOLS]) + more


def _openers(strategies: Sequence[Strategy]) -> Rows:
    """A button for each strategy, two in a row."""
    return paging.rows_of(
        Button(f"{_SIGNS[item.state]} #{item.number} {item.name[:20]}", "strategy", item.id)
        for item in strategies
    )


async def opened(desk: Desk, turn: Turn) -> Answer:
    """A strategy's card, for a tap on its name."""
    return [await card(desk, await _tapped(desk, turn))]


async def card(desk: Desk, strategy: Strategy, last: Words | None = None) -> Reply:
    return strategy_card(await drafting.shown(desk, strategy, last))


async def _redrawn(desk: Desk, strategy: Strategy, last: Words | None = None) -> Reply:
    return strategy_card(await drafting.shown(desk, strategy, last), redraw=True)


async def _tapped(desk: Desk, turn: Turn) -> Strategy:
    return await desk.memory.strategies.get(turn.user.id, turn.tap.id)


# --- from draft to active -----------------------------------------------------------------------


async def activate(desk: Desk, turn: Turn) -> Answer:
    strategy = await _tapped(desk, turn)
    if old := await _outdated(desk, turn, strategy):
        return old
    if strategy.state is not StrategyState.DRAFT:
        return await _is_already(desk, strategy)
    await _must_be_decidable(desk, strategy)
    memory, now = desk.memory, desk.clock.now()
    if not await memory.strategies.move(turn.user.id, strategy.id, StrategyState.ACTIVE, now):
        return await _is_already(desk, await _tapped(desk, turn))
    strategy = await _tapped(desk, turn)
    return [await _redrawn(desk, strategy, bold("🟢 Active. ") + text(next_look(desk, strategy)))]


def next_look(desk: Desk, strategy: Strategy) -> str:
    """When the strategy is looked at next, in human time."""
    if strategy.run is RunKind.ON_SIGNAL:
        return "I judge each signal as it comes in."
    if strategy.run is RunKind.SCHEDULED:
        return f"I look when it is time: {strategy.schedule}."
    closes = Timeframe.parse(strategy.spec.timeframe).next_close(desk.clock.now())
    left = desk.clock.wall_at(closes) - desk.clock.wall()
    return (
        f"I look at every {strategy.spec.timeframe} close; next look in {times.countdown(left)}. "
        "/status shows how near it is."
    )


async def _must_be_decidable(desk: Desk, strategy: Strategy) -> None:
    spec = strategy.spec
    has_rule = spec.entry_long or spec.entry_short
    if not has_rule and not await desk.model_for(strategy.owner_id):
        raise AskUser(
            "There is no rule that I can check, and no model is connected to judge your words. "
            "Tap Edit and say when to enter, like rsi(14) < 30."
        )


async def _outdated(desk: Desk, turn: Turn, strategy: Strategy) -> Answer:
    """The present card, when the tapped button belongs to an older version."""
    if strategy.version == turn.tap.version:
        return []
    was = f"That card was version {turn.tap.version}; this is version {strategy.version}."
    return [texts.said(was), await card(desk, strategy)]


async def _is_already(desk: Desk, strategy: Strategy) -> Answer:
    return [
        texts.said(f"#{strategy.number} {strategy.name} is {strategy.state} already."),
        await _redrawn(desk, strategy),
    ]


async def discard(desk: Desk, turn: Turn) -> Answer:
    """A draft is put away; anything else has to be archived."""
    strategy = await _tapped(desk, turn)
    if strategy.state is not StrategyState.DRAFT:
        return await _is_already(desk, strategy)
    now = desk.clock.now()
    await desk.memory.strategies.move(turn.user.id, strategy.id, StrategyState.ARCHIVED, now)
    return [await _redrawn(desk, await _tapped(desk, turn), bold("🗑 Discarded."))]


# --- pausing and resuming -----------------------------------------------------------------------


async def pause(desk: Desk, turn: Turn) -> Answer:
    """/pause N, or all."""
    return await _each(desk, turn, StrategyState.ACTIVE)


async def resume(desk: Desk, turn: Turn) -> Answer:
    """/resume N, or all."""
    return await _each(desk, turn, StrategyState.PAUSED)


async def _each(desk: Desk, turn: Turn, state: StrategyState) -> Answer:
    chosen = await _chosen(desk, turn, state)
    verb = "pause" if state is StrategyState.ACTIVE else "resume"
    if not chosen:
        return [texts.said(f"You have no {state} strategy to {verb}.")]
    done = [
        await _switched(desk, turn, one) if one.state is state else _already(one) for one in chosen
    ]
    return [texts.said(*done)]


def _already(strategy: Strategy) -> str:
    """Said twice it stays so: a command that means one thing never does the other."""
    name = f"#{strategy.number} {strategy.name}"
    return f"{name} is {strategy.state} already; nothing was changed."


async def _chosen(desk: Desk, turn: Turn, state: StrategyState) -> Sequence[Strategy]:
    """Those that the words mean; the only one where there are no words."""
    if turn.words and turn.words.lower() != "all":
        return [await find(desk, turn, turn.words)]
    found = await desk.memory.strategies.of(turn.user.id, (state,))
    if len(found) > 1 and not turn.words:
        verb = "/pause" if state is StrategyState.ACTIVE else "/resume"
        named = "\n".join(f"{verb} {item.number}  ({item.name})" for item in found[:10])
        raise AskUser(f"Which one?\n{named}\n{verb} all")
    return found


async def _switched(desk: Desk, turn: Turn, strategy: Strategy) -> str:
    """Paused when active, resumed when paused; what is true in words."""
    name = f"#{strategy.number} {strategy.name}"
    if strategy.state is StrategyState.ACTIVE:
        moved = await desk.hands.pause(turn.user.id, strategy.id, "paused by you")
        if not moved:
            return f"{name} has changed meanwhile; /strategies {strategy.number} shows it."
        return f"⏸ {name} is paused: no new trades; open positions keep their stops."
    if strategy.state is StrategyState.PAUSED:
        await desk.hands.resume(turn.user.id, strategy.id)
        return f"🟢 {name} is active again. {next_look(desk, strategy)}"
    return f"{name} is {markers.STATES[strategy.state]}; nothing was changed."


async def pause_tapped(desk: Desk, turn: Turn) -> Answer:
    return await _tapped_to(desk, turn, StrategyState.ACTIVE)


async def resume_tapped(desk: Desk, turn: Turn) -> Answer:
    return await _tapped_to(desk, turn, StrategyState.PAUSED)


async def _tapped_to(desk: Desk, turn: Turn, expected: StrategyState) -> Answer:
    strategy = await _tapped(desk, turn)
    if strategy.state is not expected:
        return await _is_already(desk, strategy)
    said = await _switched(desk, turn, strategy)
    return [await _redrawn(desk, await _tapped(desk, turn)), texts.said(said)]


async def archive(desk: Desk, turn: Turn) -> Answer:
    strategy = await _tapped(desk, turn)
    if strategy.state is StrategyState.ARCHIVED:
        return await _is_already(desk, strategy)
    await desk.hands.archive(turn.user.id, strategy.id)
    last = lines(bold("🗄 Archived."), "Open positions keep their stops; its record stays.")
    return [await _redrawn(desk, await _tapped(desk, turn), last)]


async def trade_once(desk: Desk, turn: Turn) -> Answer:
    return await _runs(desk, turn, RunKind.ONCE)


async def keep_trading(desk: Desk, turn: Turn) -> Answer:
    return await _runs(desk, turn, RunKind.CONTINUOUS)


async def _runs(desk: Desk, turn: Turn, run: RunKind) -> Answer:
    if (await _tapped(desk, turn)).run is RunKind.ON_SIGNAL:
        raise AskUser("That strategy runs on signals; pause it to have no more of them.")
    await desk.memory.strategies.set_run(turn.user.id, turn.tap.id, run.value)
    return [await _redrawn(desk, await _tapped(desk, turn))]
