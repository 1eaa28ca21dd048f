"""/status, the sign of life: what is watched and how near it is, what is open, what is wrong."""

from collections.abc import Iterator, Sequence

from agents.decision.rules import Check
from agents.domain.errors import AskUser, TryAgain
from agents.domain.market import MarketState
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.strategy import RunKind, Strategy, StrategyState
from agents.watch import Look
from handlers import cards, markers, numbers, paging, times, trades
from handlers.chat import Button, Reply, Rows, Words, bold, lines, text
from handlers.desk import Desk
from handlers.tables import clipped
from handlers.turn import Answer, Turn

_LONGEST = 90  # characters of a condition
_CONDITIONS = 4  # shown for each look
_OPENERS, _CLOSERS = 2, 4  # buttons, so that all fit five rows
_REFRESH = (Button("🔄 Refresh", "status"),)
_SAME_TIME = 60  # seconds between the clocks that are not worth a word
_LOOKS = 3  # shown for each strategy


async def status(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn, 0)]


async def page(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn, turn.tap.id, turned=True)]


async def _page(desk: Desk, turn: Turn, number: int, *, turned: bool = False) -> Reply:
    blocks = [
        *await _machine(desk, turn),
        *await _positions(desk, turn),
        *await _proposals(desk, turn),
        *await _strategies(desk, turn),
    ]
    rows = (*await _waiting(desk, turn), *await _closers(desk, turn), _REFRESH)
    title = f"Status at {times.moment(desk.clock.wall(), turn.user.zone, desk.clock.wall())}"
    pages = paging.packed([lines("", block) for block in blocks])
    return paging.paged(title, pages, "status", number, per_page=1, rows=rows, turned=turned)


# --- the machine --------------------------------------------------------------------------------


async def _machine(desk: Desk, turn: Turn) -> list[Words]:
    """One line for the market; more only for what is wrong."""
    market = _market(desk, turn, watched=await _is_watched(desk, turn))
    wrong = [f"⚠️ {_named(part, said)}" for part, works, said in desk.health() if not works]
    return [market, *([lines(*wrong)] if wrong else [])]


async def _is_watched(desk: Desk, turn: Turn) -> bool:
    """Whether anything of this user needs prices: a market without it may be asked for none."""
    memory, owner = desk.memory, turn.user.id
    return bool(
        await memory.strategies.of(owner, (StrategyState.ACTIVE,))
        or await memory.positions.of(owner, open_only=True, limit=1)
        or await _pending(desk, turn)
    )


def _named(part: str, said: str) -> str:
    """What is said of a part, which often names it."""
    return said if said.lower().startswith(part.lower()) else f"{part}: {said}"


def _market(desk: Desk, turn: Turn, *, watched: bool) -> Words:
    health, now = desk.market.health(), desk.clock.now()
    name = markers.market(health.name)
    if health.state is not MarketState.LIVE:
        said = health.detail or "no new prices until it is back"
        return text(f"🟠 Market {name} is {health.state}: {said}")
    wall, last = desk.clock.wall(), health.last_tick
    late = wall - desk.clock.wall_at(last) if last else None
    if late is None or late.total_seconds() > desk.tap_rules.stale_seconds:
        if not watched:
            return text(f"⚪ Market {name} is there; prices come once something is watched.")
        known = f"the last price is {times.age(late)} old" if late else "no price has come yet"
        return text(f"🟠 Market {name}: {known}.")
    if abs((wall - now).total_seconds()) < _SAME_TIME:
        return text(f"🟢 Market {name} is live.")
    at = times.moment(now, turn.user.zone, wall)
    return text(f"🟢 Market {name} is live; its time is {at}.")


# --- what is open and what waits ----------------------------------------------------------------


async def _positions(desk: Desk, turn: Turn) -> list[Words]:
    found = await desk.memory.positions.of(turn.user.id, open_only=True)
    steps, now = (await desk.universe()).by_symbol, desk.clock.now()
    return [
        trades.at_a_glance(one, desk.price(one.symbol), steps.get(one.symbol), now) for one in found
    ]


async def _pending(desk: Desk, turn: Turn) -> Sequence[Proposal]:
    found = await desk.memory.proposals.of(turn.user.id, (ProposalState.PENDING,))
    return [one for one in found if one.expires_at > desk.clock.wall()]


async def _proposals(desk: Desk, turn: Turn) -> list[Words]:
    wall = desk.clock.wall()
    waiting = [
        f"• #{one.id} {markers.trade(one)}, {cards.waits(one, wall)}"
        for one in await _pending(desk, turn)
    ]
    return [lines(bold("⏳ Waiting for you"), *waiting)] if waiting else []


async def _waiting(desk: Desk, turn: Turn) -> Rows:
    found = (await _pending(desk, turn))[:_OPENERS]
    return paging.rows_of(
        Button(f"🔎 #{one.id} {markers.trade(one)}", "proposal", one.id) for one in found
    )


async def _closers(desk: Desk, turn: Turn) -> Rows:
    found = await desk.memory.positions.of(turn.user.id, open_only=True, limit=_CLOSERS)
    return paging.rows_of(
        Button(f"🚪 Close #{one.id} {markers.base(one.symbol)}", "close", one.id, one.version)
        for one in found
    )


# --- what is watched ----------------------------------------------------------------------------


async def _strategies(desk: Desk, turn: Turn) -> list[Words]:
    states = (StrategyState.ACTIVE, StrategyState.PAUSED)
    found = await desk.memory.strategies.of(turn.user.id, states)
    active = [one for one in found if one.state is StrategyState.ACTIVE]
    blocks = [await _watched(desk, one) for one in active]
    paused = [one for one in found if one.state is StrategyState.PAUSED]
    if paused:
        blocks.append(lines(*(_paused(one) for one in paused)))
    if not found:
        blocks.append(text("No strategy is active. Write one in a sentence, or see /strategies."))
    return blocks


def _paused(strategy: Strategy) -> str:
    why = f": {strategy.pause_reason}" if strategy.pause_reason else ""
    return f"⏸ #{strategy.number} {strategy.name} is paused{why}"


async def _watched(desk: Desk, strategy: Strategy) -> Words:
    title = bold(f"👁 #{strategy.number} {strategy.name}") + text(f" · {strategy.spec.timeframe}")
    if strategy.run is RunKind.ON_SIGNAL:
        return lines(title, "waits for signals; /listen shows where it listens")
    try:
        looks = await desk.watch.look(strategy)
    except (TryAgain, AskUser) as fault:
        return lines(title, f"⚠️ {fault}")
    return lines(title, *_looks(desk, strategy, looks))


def _looks(desk: Desk, strategy: Strategy, looks: Sequence[Look]) -> Iterator[str]:
    for look in looks[:_LOOKS]:
        yield from _look(desk, strategy, look)
    if len(looks) > _LOOKS:
        yield f"… and {len(looks) - _LOOKS} more; /why SYMBOL looks closer."


def _look(desk: Desk, strategy: Strategy, look: Look) -> Iterator[str]:
    name = f"{look.symbol} {look.side}" if look.side else look.symbol
    if look.fault:
        yield f"{name}: ⚠️ {look.fault}"
        return
    hours = "" if look.in_hours else ", outside its hours"
    left = f"next look in {times.countdown(look.next_look_wall - desk.clock.wall())}{hours}"
    if not look.conditions:
        yield f"{name}: the model judges; {left}"
        return
    yield name
    *others, last = [condition(check) for check in look.conditions[:_CONDITIONS]]
    yield from others
    yield f"{last}; {left}"


def condition(check: Check) -> str:
    """`◻️ rsi(14) 41.2, waits for < 35`; `✅ rsi(14) 31.2, wanted < 35`."""
    sign = {True: "✅", False: "◻️", None: "❔"}[check.met]
    level = f" ({numbers.reading(check.level)})" if check.level is not None else ""
    now = f"{check.text} {numbers.reading(check.value)}"
    wants = "wanted" if check.met else "waits for"
    return clipped(f"{sign} {now}, {wants} {check.waits_for}{level}", _LONGEST)
