"""/mode: trying, paper or real money, and what a strategy must have shown for the next step."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from agents.domain.errors import AskUser, NotFound
from agents.domain.ladder import RUNGS, climbs
from agents.domain.money import ZERO
from agents.domain.strategy import Mode, Strategy, StrategyState
from agents.execution.bounds.modes import LEAST, Progress, Wanted
from handlers import dialogue, drafting, markers, numbers, saying, strategies, texts
from handlers.chat import Button, Reply, Rows, Words, bold, code, lines, text
from handlers.desk import Desk
from handlers.paging import rows_of
from handlers.strategy_card import strategy_card
from handlers.turn import Answer, Turn

TYPE_LIVE = "type_live"  # the dialogue that waits for the word
WORD = "LIVE"
_LIVING = (StrategyState.ACTIVE, StrategyState.PAUSED, StrategyState.DRAFT)
_MOST = 8
_FEWER = Decimal(500)  # of the example
_CLONE = len(RUNGS)  # the choice of a button: those before it are the modes
_NAMES = {
    **{mode.value: mode for mode in Mode},
    "sim": Mode.SIMULATION,
    "dry": Mode.PAPER,
    "real": Mode.LIVE,
}
_HOW = "Write it like /mode 1 paper, /mode 1 live or /mode 1 live 500."


async def mode(desk: Desk, turn: Turn) -> Answer:
    """/mode; /mode N; /mode N MODE; /mode N live AMOUNT; /mode N clone."""
    words = turn.words.split()
    if not words:
        return [await _overview(desk, turn)]
    at = next((i for i, one in enumerate(words) if one.lower() in (*_NAMES, "clone")), None)
    if at is None:
        return [await _of(desk, await _looked_at(desk, turn, words))]
    said = " ".join(words[:at])
    strategy = await _meant(desk, turn, said)
    return await _change(desk, turn, strategy, _wanted(words[at].lower(), words[at + 1 :]))


async def _looked_at(desk: Desk, turn: Turn, words: Sequence[str]) -> Strategy:
    """The strategy that is named; one with another word after it was to be given that mode."""
    try:
        return await strategies.find(desk, turn, " ".join(words))
    except NotFound:
        if len(words) == 1 or not (words[0].lstrip("#").isdecimal()):
            raise
    strategy = await strategies.find(desk, turn, words[0])
    wanted, every = texts.echo(" ".join(words[1:])), ", ".join(mode.value for mode in RUNGS)
    raise AskUser(
        f"There is no mode {wanted!r}, so #{strategy.number} {strategy.name} stays as it was. "
        f"The modes are {every}. {_HOW}"
    )


async def _meant(desk: Desk, turn: Turn, said: str) -> Strategy:
    if said:
        return await strategies.find(desk, turn, said)
    mine = await desk.memory.strategies.of(turn.user.id, _LIVING)
    if len(mine) == 1:
        return mine[0]
    if not mine:
        raise AskUser("You have no strategy yet. Write one in a sentence first.")
    raise AskUser(f"Which strategy? /strategies lists them. {_HOW}")


def _wanted(name: str, rest: Sequence[str]) -> Wanted:
    words = [word.lower() for word in rest]
    clone = name == "clone" or "clone" in words
    numbers_said = [word for word in words if word not in {"clone", "as", "live", "usdt", "with"}]
    to = Mode.LIVE if clone else _NAMES[name]
    if not numbers_said:
        return Wanted(to, None, clone)
    amount = saying.money(numbers_said[0]) if len(numbers_said) == 1 else None
    if amount is None or to is not Mode.LIVE or amount <= 0:
        raise AskUser(f"I can't read {texts.echo(' '.join(rest))!r} after {name}. {_HOW}")
    return Wanted(to, amount, clone)


# --- looking ------------------------------------------------------------------------------------


async def _overview(desk: Desk, turn: Turn) -> Reply:
    mine = await desk.memory.strategies.of(turn.user.id, _LIVING)
    if not mine:
        return texts.examples("You have no strategies yet. Write one in a sentence, for example:")
    said: list[Words | str] = [bold("🪜 Modes")]
    for strategy in mine[:_MOST]:
        said.append(bold(f"#{strategy.number} {strategy.name}: {markers.mode(strategy.mode)}"))
        said += [_step(up)] if (up := await desk.modes.next(strategy)) else []
    if len(mine) > _MOST:
        said.append(f"… and {len(mine) - _MOST} more; /mode N shows one.")
    said.append(_HOW)
    openers = (Button(f"🪜 #{one.number} {one.name[:20]}", "mode", one.id) for one in mine[:_MOST])
    return Reply(lines(*said), rows_of(openers))


def _step(up: Progress) -> str:
    missing = [gate.said for gate in up.gates if not gate.open]
    if not missing:
        return f"   {markers.mode(up.to)} is open to it."
    return f"   For {markers.mode(up.to)}: {'; '.join(missing)}."


async def opened(desk: Desk, turn: Turn) -> Answer:
    """The Mode button of a strategy."""
    return [await _of(desk, await desk.memory.strategies.get(turn.user.id, turn.tap.id))]


async def _of(desk: Desk, strategy: Strategy) -> Reply:
    record = await desk.modes.record(strategy)
    said: list[Words | str] = [
        bold(f"🪜 #{strategy.number} {strategy.name}: {markers.mode(strategy.mode)}")
    ]
    for of, shown in record.items():
        trades = f"{shown.trades} closed trade{'s' * (shown.trades != 1)}"
        said.append(f"{markers.mode(of)}: {trades}, {numbers.signed(shown.profit)} net")
    if up := await desk.modes.next(strategy):
        said += ["", *_conditions(up)]
    return Reply(lines(*said), _choices(strategy))


def _conditions(up: Progress) -> Iterator[Words | str]:
    yield bold(f"For {markers.mode(up.to)}:")
    for gate in up.gates:
        yield f"{'✅' if gate.open else '⬜'} {gate.said}"
    if up.to is Mode.LIVE:
        yield f"✍️ then you confirm the risks by typing {WORD}"
    elif not up.gates:
        yield "✅ nothing is needed"
    if up.free is not None:
        yield f"Free on your account for it: {numbers.money(up.free)}"


def _choices(strategy: Strategy) -> Rows:
    found = [
        Button(_short(to), "set_mode", strategy.id, place)
        for place, to in enumerate(RUNGS)
        if to is not strategy.mode
    ]
    if strategy.mode is Mode.PAPER:
        found.append(Button("👯 Clone as live", "set_mode", strategy.id, _CLONE))
    return rows_of(found)


def _short(mode: Mode) -> str:
    """A mode for a button."""
    return markers.mode(mode).partition(",")[0]


async def tapped(desk: Desk, turn: Turn) -> Answer:
    """One of the modes was tapped: `version` is which."""
    strategy = await desk.memory.strategies.get(turn.user.id, turn.tap.id)
    choice = turn.tap.version
    if choice > _CLONE:
        return [texts.said(texts.NOT_MINE)]
    wanted = Wanted(Mode.LIVE, clone=True) if choice == _CLONE else Wanted(RUNGS[choice])
    return await _change(desk, turn, strategy, wanted)


# --- changing -----------------------------------------------------------------------------------


async def _change(desk: Desk, turn: Turn, strategy: Strategy, wanted: Wanted) -> Answer:
    name = f"#{strategy.number} {strategy.name}"
    if strategy.state is StrategyState.ARCHIVED:
        return [texts.said(f"{name} is archived and trades no more; nothing was changed.")]
    if strategy.mode is wanted.to and not wanted.clone:
        return [texts.said(f"{name} is in this mode already: {markers.mode(wanted.to)}.")]
    progress = await desk.modes.progress(strategy, wanted.to, clone=wanted.clone)
    if not progress.open:
        return [Reply(lines(bold(f"🪜 {name}: not yet"), *_conditions(progress)))]
    if wanted.to is Mode.LIVE:
        return await _ask_for_the_word(desk, turn, strategy, wanted, progress)
    return await _changed(desk, turn, strategy, wanted)


async def _ask_for_the_word(
    desk: Desk, turn: Turn, strategy: Strategy, wanted: Wanted, progress: Progress
) -> Answer:
    if not turn.incoming.private:
        raise AskUser(texts.PRIVATE_ONLY)
    _check_amount(wanted.amount, progress.free)
    facts = {"strategy_id": strategy.id, **replace(wanted, shown=progress.free).as_json()}
    await dialogue.ask(desk, turn, TYPE_LIVE, facts)
    amount = wanted.amount if wanted.amount is not None else progress.free
    what = "A copy of it will trade" if wanted.clone else "It will trade"
    words = lines(
        bold(f"🔴 Real money for #{strategy.number} {strategy.name}?"),
        f"{what} with {numbers.money(amount or ZERO)} of your exchange account."
        + _less(strategy, wanted),
        "• You can lose all of it, and with leverage quickly.",
        "• What it made on paper is no promise: prices slip, and exchanges fail.",
        "• Stops rest at the exchange where it can hold them; a price may jump over them.",
        "• /panic closes everything, /limits says what is allowed at most.",
        bold(f"Type {WORD} to confirm that you take these risks; /cancel drops it."),
    )
    return [Reply(words)]


def _check_amount(amount: Decimal | None, free: Decimal | None) -> None:
    """Raises AskUser for one that would be refused once the word is typed."""
    if amount is None or free is None or LEAST <= amount <= free:
        return
    least = f"It needs at least {numbers.money(LEAST)} to trade with"
    most = f"Only {numbers.money(free)} is free on your account for it"
    raise AskUser(f"{least if amount < LEAST else most}. Nothing was changed.")


def _less(strategy: Strategy, wanted: Wanted) -> str:
    """How to give it less than all that is free."""
    if wanted.amount is not None:
        return ""
    how = f"/mode {strategy.number} {'clone' if wanted.clone else 'live'} 500"
    return f" {how} gives it {numbers.money(_FEWER)} instead."


async def typed(desk: Desk, turn: Turn, step: dialogue.Step) -> Answer:
    """The answer to the question for the word."""
    if turn.words.strip(" .!\"'").upper() != WORD:
        said = f"That was not {WORD}, so nothing was changed. Type {WORD}, or /cancel."
        return [texts.said(said)]
    await dialogue.end(desk, turn)
    strategy = await desk.memory.strategies.get(turn.user.id, step.facts["strategy_id"])
    return await _changed(desk, turn, strategy, Wanted.from_json(step.facts))


async def _changed(desk: Desk, turn: Turn, strategy: Strategy, wanted: Wanted) -> Answer:
    after = await desk.modes.change(strategy, wanted, f"user:{turn.person.id}")
    fresh = wanted.clone or after.state is StrategyState.DRAFT  # with its Activate below
    card = strategy_card(await drafting.shown(desk, after), redraw=not fresh)
    return [texts.said(await _told(desk, strategy, after, wanted)), card]


async def _told(desk: Desk, before: Strategy, after: Strategy, wanted: Wanted) -> Words:
    if wanted.clone:
        risk = numbers.percent(after.spec.risk_percent)
        return lines(
            bold(f"👯 #{after.number} {after.name}: {markers.mode(after.mode)}"),
            f"It is a draft that risks {risk} a trade; activate it below. "
            f"#{before.number} goes on as it was.",
        )
    open_ones = await _still_open(desk, before)
    rest = (
        f" {open_ones} open {'position is' if open_ones == 1 else 'positions are'} finished as "
        f"{markers.mode(before.mode)}."
        if open_ones
        else ""
    )
    up = "real money from the next proposal on." if climbs(before.mode, after.mode) else ""
    live = f" {up.capitalize()}" if after.mode is Mode.LIVE else ""
    said = f"🪜 #{after.number} {after.name} is now {markers.mode(after.mode)}.{live}{rest}"
    return text(said)


async def _still_open(desk: Desk, strategy: Strategy) -> int:
    found = await desk.memory.positions.of(strategy.owner_id, open_only=True, limit=1_000)
    return sum(one.strategy_id == strategy.id and one.mode is strategy.mode for one in found)


def hint(strategy: Strategy) -> Words:
    """Where the mode of a strategy is changed, for its card."""
    return code(f"/mode {strategy.number}")
