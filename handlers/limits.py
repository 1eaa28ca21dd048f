"""/limits: what may be lost and held at most, how much of it is used, and how it is changed.

Stricter holds at once. Looser is asked about and holds after a delay; beyond the operator's
nothing goes. Only the account's owner changes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from zlib import crc32

from agents.domain.errors import AskUser
from agents.domain.limits import (
    BY_NAME,
    RULES,
    Own,
    Value,
    of_rule,
    value_as_json,
    value_from_json,
)
from agents.domain.position import Account
from agents.domain.risk import Limits
from agents.domain.strategy import Mode
from agents.execution.bounds.accounts import alike
from agents.execution.bounds.limit_book import Change, Changed
from agents.execution.bounds.limits import DRAWDOWN
from handlers import confirm, limit_lines, markers, paging, peaks, texts, times
from handlers.chat import Button, Reply, Rows, Words, bold, code, lines, text
from handlers.desk import Desk, Facts
from handlers.limit_words import EXAMPLES, LABELS, example, halved, named, said, value
from handlers.turn import Answer, Turn

RAISE = "raise_limit"  # act of the table of acts
_HALVED = ("risk", "daily loss", "drawdown", "exposure")  # those that have a button
_NAMES = tuple(rule.name for rule in RULES)
_KEEP = frozenset({"keep", "cancel"})
_KEEP_ONE = "/limits keep daily loss"


async def limits(desk: Desk, turn: Turn) -> Answer:
    """/limits; /limits NAME VALUE; /limits NAME off; /limits keep NAME; /limits ceiling; /limits
    drawdown anew."""
    first, _, rest = turn.words.strip().partition(" ")
    if not first:
        return [await _page(desk, turn, 0)]
    if first.lower() == "ceiling":
        return [_ceiling(desk, turn)]
    if first.lower() in _KEEP:
        if not rest.strip():
            raise AskUser(f"Which limit shall stay as it is? Write it like {_KEEP_ONE}.")
        return await _keep(desk, turn, named(rest)[0])
    name, words = named(turn.words)
    if name == DRAWDOWN and peaks.is_meant(words):
        return await peaks.anew(desk, turn, words)
    now = await desk.bounding.book.of(turn.user.id)
    if not words:
        held = said(name, of_rule(now, BY_NAME[name]))
        return [texts.said(f"{LABELS[name]}: {held}. Change it with {example(name)}.")]
    wanted = value(name, words, now, turn.user.zone, await desk.universe())
    return await _change(desk, turn, name, wanted)


# --- showing ------------------------------------------------------------------------------------


async def page(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn, turn.tap.id, turned=True)]


async def _page(desk: Desk, turn: Turn, number: int, *, turned: bool = False) -> Reply:
    held = await desk.bounding.book.of(turn.user.id)
    owns = await desk.bounding.book.owns(turn.user.id)
    every = await desk.memory.accounts.of(turn.user.id)
    real = _apart([one for one in every if one.mode is Mode.LIVE])
    items = [await _real(desk, account, held, alone=len(real) == 1) for account in real]
    tried = [one for one in every if one.mode is not Mode.LIVE]
    items += [await _tried(desk, turn, account, held) for account in tried]
    if not items:
        items = [lines(*(f"• {LABELS[name]}: {_held(name, held)}" for name in _NAMES))]
    rows = () if turn.group is not None else _rows(held, owns, desk)
    answer = paging.paged(
        "🛡 Limits", items, "limits_page", number, per_page=1, rows=rows, turned=turned
    )
    return Reply(lines(answer.words, *await _foot(desk, turn, owns)), answer.rows, edits=turned)


def _held(name: str, held: Limits) -> str:
    return said(name, of_rule(held, BY_NAME[name]))


def _apart(accounts: Sequence[Account]) -> list[Account]:
    """One of each currency: money that can't be added up is looked at apart."""
    found: list[Account] = []
    for account in accounts:
        if not any(alike(account, one) for one in found):
            found.append(account)
    return found


async def _real(desk: Desk, account: Account, held: Limits, *, alone: bool) -> Words:
    which = "" if alone else f" in {account.currency}"
    title = f"{markers.mode(account.mode)} · all your accounts{which} together"
    return await _scope(desk, account, held, title)


async def _tried(desk: Desk, turn: Turn, account: Account, held: Limits) -> Words:
    strategy = await desk.memory.strategies.get(turn.user.id, account.strategy_id)
    title = f"{markers.mode(account.mode)} · #{strategy.number} {strategy.name}"
    return await _scope(desk, account, held, title)


async def _scope(desk: Desk, account: Account, held: Limits, title: str) -> Words:
    """What the limits look at together, and how much of each is used there."""
    view = await desk.accounts.scope(account)
    told = limit_lines.lines_of(view, held, desk.bounding.correlation, desk.clock.now())
    return lines(bold(title), *told)


async def _foot(desk: Desk, turn: Turn, owns: Mapping[str, Own]) -> list[Words | str]:
    wall = desk.clock.wall()
    waiting: list[Words | str] = [
        f"⏳ {LABELS[name]} {_after(desk, name, own.pending.value)} from "
        f"{times.moment(own.pending.at, turn.user.zone, wall)} on. Take it back with "
        f"/limits keep {name}"
        for name, own in owns.items()
        if own.pending is not None and not own.is_due(wall)
    ]
    waiting += await peaks.waiting(desk, turn)
    halted = await desk.bounding.halts.present()
    stopped = [f"⛔ {texts.sentence(str(halted.breach()))}"] if halted else []
    change = text("Lower one at once, or raise one later: ") + code(example("daily loss"))
    return ["", *stopped, *waiting, change]


def _after(desk: Desk, name: str, wanted: Value | None) -> str:
    rule = BY_NAME[name]
    return said(name, wanted if wanted is not None else of_rule(desk.bounding.book.ceiling, rule))


def _rows(held: Limits, owns: Mapping[str, Own], desk: Desk) -> Rows:
    """Half of the usual ones, and the way back for those that are to be raised."""
    made = []
    for name in _HALVED:
        now = of_rule(held, BY_NAME[name])
        if half := halved(name, now):
            label = f"➗ {LABELS[name]} {said(name, half).partition(' (')[0]}"
            made.append(Button(label, "limit_half", _NAMES.index(name), _mark(now)))
    wall = desk.clock.wall()
    waiting = [name for name, own in owns.items() if own.pending and not own.is_due(wall)]
    kept = [Button(f"↩️ Keep {name}", "limit_keep", _NAMES.index(name)) for name in waiting[:4]]
    return (*paging.rows_of(made), *paging.rows_of(kept))


def _mark(now: Value) -> int:
    """A number of what holds, so that an old button halves nothing twice."""
    return crc32(repr(value_as_json(now)).encode()) & 0x7FFFFFFF


def _ceiling(desk: Desk, turn: Turn) -> Reply:
    if not turn.person.operator:
        raise AskUser("Only operators see the ceilings. /limits shows what holds for you.")
    most = desk.bounding.book.ceiling
    told = [f"• {LABELS[name]}: {_held(name, most)}" for name in _NAMES if name != "hours"]
    settings = f"PARLEY_MAX_{fields(Limits)[0].name.upper()}"
    delay = times.age(desk.bounding.book.delay)
    how = f"They are settings such as {settings}; a raised limit of a user holds after {delay}."
    return texts.said(bold("🛡 Nobody's limits go beyond"), *told, how)


# --- changing -----------------------------------------------------------------------------------


async def half(desk: Desk, turn: Turn) -> Answer:
    """A button was tapped: half of what the limit was when it was shown."""
    name = _name(turn)
    now = of_rule(await desk.bounding.book.of(turn.user.id), BY_NAME[name])
    wanted = halved(name, now)
    if wanted is None or _mark(now) != turn.tap.version:
        return [texts.said(f"{LABELS[name]} is {said(name, now)} by now, so nothing was changed.")]
    return await _change(desk, turn, name, wanted)


async def keep(desk: Desk, turn: Turn) -> Answer:
    return await _keep(desk, turn, _name(turn))


def _name(turn: Turn) -> str:
    if turn.tap.id >= len(_NAMES):
        raise AskUser(texts.NOT_MINE)
    return _NAMES[turn.tap.id]


async def _change(desk: Desk, turn: Turn, name: str, wanted: Value | None) -> Answer:
    """At once where it is stricter; else after a Yes and the delay."""
    await peaks.only_owner(desk, turn)
    actor = f"user:{turn.person.id}"
    found = await desk.bounding.book.tighten(turn.user.id, actor, name, wanted)
    if found.change is Change.LOOSER:
        return await _ask(desk, turn, name, wanted, found)
    return [texts.said(_answered(desk, turn, name, found))]


async def _ask(desk: Desk, turn: Turn, name: str, wanted: Value | None, found: Changed) -> Answer:
    at = times.moment(
        desk.clock.wall() + desk.bounding.book.delay, turn.user.zone, desk.clock.wall()
    )
    words = lines(
        bold(f"🛡 Allow more? {LABELS[name]}"),
        f"From {said(name, found.before)} to {said(name, found.after)}.",
        f"It holds {peaks.when(desk, at)}; until then you can take it back.",
    )
    facts = {
        "name": name,
        "value": value_as_json(wanted),
        "before": value_as_json(found.before),
    }
    return await confirm.ask(desk, turn, RAISE, facts, words)


async def raise_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to the question."""
    await peaks.only_owner(desk, turn)
    before = value_from_json(facts["before"]) or {}
    found = await desk.bounding.book.loosen(
        turn.user.id,
        f"user:{turn.person.id}",
        facts["name"],
        value_from_json(facts["value"]),
        before,
    )
    return [confirm.agreed(_answered(desk, turn, facts["name"], found))]


async def _keep(desk: Desk, turn: Turn, name: str) -> Answer:
    await peaks.only_owner(desk, turn)
    actor = f"user:{turn.person.id}"
    kept = await desk.bounding.book.keep(turn.user.id, actor, name)
    if name == DRAWDOWN and await desk.bounding.book.peaks.keep(turn.user.id, actor) and not kept:
        return [texts.said("🛡 The drawdown is measured as before, from its old peak.")]
    now = of_rule(await desk.bounding.book.of(turn.user.id), BY_NAME[name])
    if not kept:
        return [texts.said(f"Nothing waits there: {LABELS[name]} is {said(name, now)}.")]
    return [texts.said(f"🛡 {LABELS[name]} stays {said(name, now)}.")]


def _answered(desk: Desk, turn: Turn, name: str, found: Changed) -> str:
    label, after = LABELS[name], said(name, found.after)
    match found.change:
        case Change.SET:
            return f"🛡 {label}: {after}, from now on. It was {said(name, found.before)}."
        case Change.SAME:
            return f"🛡 {label} is {after} already."
        case Change.TOO_LOOSE:
            return (
                f"The operator allows no more than this for {label.lower()}: {after}. Nothing was "
                f"changed."
            )
        case Change.WAITS if found.at is not None:
            at = times.moment(found.at, turn.user.zone, desk.clock.wall())
            when = peaks.when(desk, at)
            return (
                f"🛡 {label} goes from {said(name, found.before)} to {after} {when}. "
                f"Take it back with /limits keep {name}"
            )
        case _:
            return f"{label} is {said(name, found.before)} by now, so nothing was changed."


# --- told ---------------------------------------------------------------------------------------


def told(facts: Facts) -> Reply:
    """What a limit did by itself, and a raised one that holds from now on."""
    if facts["what"] == "closing":
        count = facts["count"]
        trades = "1 trade is" if count == 1 else f"{count} trades are"
        return texts.said(
            bold(f"🛡 {markers.mode(Mode(facts['mode']))} · {trades} being closed"),
            texts.sentence(f"limit “{facts['rule']}”: {facts['said']}"),
        )
    name = facts["name"]
    before, after = value_from_json(facts["was"]) or {}, value_from_json(facts["is"]) or {}
    return texts.said(
        bold(f"🛡 {LABELS[name]}: {said(name, after)}"),
        f"It was {said(name, before)}. You asked for that, and the delay is over. "
        f"Lower it with /limits {EXAMPLES[name]}",
    )
