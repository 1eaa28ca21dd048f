"""/limits drawdown anew: from where the drawdown is measured, after a Yes and the delay."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.domain.desks import Right
from agents.domain.errors import AskUser
from agents.domain.strategy import Mode
from agents.execution.bounds.peaks import LIVE, Peak
from handlers import confirm, markers, numbers, seats, strategies, texts, times
from handlers.chat import Reply, Words, bold, lines
from handlers.desk import Desk, Facts
from handlers.turn import Answer, Turn

ANEW = "peak_anew"  # act of the table of acts
_WORD = "anew"


async def only_owner(desk: Desk, turn: Turn) -> None:
    """Raises AskUser for who may only look."""
    seat = seats.Seat(turn.person, turn.user, turn.group, turn.role)
    if why := await seats.refusal(desk, seat, Right.LEAD, turn.incoming):
        raise AskUser(why)


def is_meant(words: str) -> bool:
    """What follows the name of the limit begins with the word for it."""
    return words.lower().split()[:1] == [_WORD]


async def anew(desk: Desk, turn: Turn, words: str) -> Answer:
    """/limits drawdown anew; /limits drawdown anew 3."""
    await only_owner(desk, turn)
    scope, title = await _scope(desk, turn, words.split()[1:])
    found = await desk.bounding.book.peaks.look_at(turn.user.id, scope)
    if found is None:
        raise AskUser(f"{title} has no account yet, so nothing was lost there.")
    if found.now == found.anew:
        return [texts.said(f"{title}: the peak is the balance of {_money(found.now)} already.")]
    return await confirm.ask(
        desk, turn, ANEW, {"scope": scope, "title": title}, _question(desk, turn, found, title)
    )


async def _scope(desk: Desk, turn: Turn, said: list[str]) -> tuple[str, str]:
    """Which accounts are meant, and what they are called. Raises AskUser."""
    every = await desk.memory.accounts.of(turn.user.id)
    if not said:
        if any(one.mode is Mode.LIVE for one in every):
            return LIVE, f"{markers.mode(Mode.LIVE)} · all your accounts together"
        raise AskUser("Say for which strategy: /limits drawdown anew 3 (its number).")
    strategy = await strategies.find(desk, turn, " ".join(said))
    if strategy.mode is Mode.LIVE:
        return LIVE, f"{markers.mode(Mode.LIVE)} · all your accounts together"
    mine = (one for one in every if one.strategy_id == strategy.id and one.mode is strategy.mode)
    account = next(mine, None)
    title = f"{markers.mode(strategy.mode)} · #{strategy.number} {strategy.name}"
    return str(account.id if account else 0), title


def _question(desk: Desk, turn: Turn, found: Peak, title: str) -> Words:
    wall = desk.clock.wall()
    at = times.moment(wall + desk.bounding.book.delay, turn.user.zone, wall)
    below = numbers.percent((found.now - found.anew) / found.now * 100)
    return lines(
        bold("🛡 Measure the drawdown anew?"),
        title,
        f"Peak from {_money(found.now)} to the balance, {_money(found.anew)} now: the {below} lost "
        "since then no longer count, and the limit allows as much again.",
        f"It holds {when(desk, at)}; until then you can take it back.",
    )


async def agreed(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to the question."""
    await only_owner(desk, turn)
    peaks = desk.bounding.book.peaks
    at = await peaks.ask(turn.user.id, f"user:{turn.person.id}", facts["scope"])
    if desk.bounding.book.delay <= timedelta():
        await peaks.apply_due()
        return [confirm.agreed(f"🛡 {facts['title']}: the drawdown is measured anew from now on.")]
    moment = times.moment(at, turn.user.zone, desk.clock.wall())
    return [
        confirm.agreed(
            f"🛡 {facts['title']}: the drawdown is measured anew {when(desk, moment)}. Take it "
            "back with /limits keep drawdown"
        )
    ]


async def waiting(desk: Desk, turn: Turn) -> list[str]:
    """A line for each that does not hold yet."""
    found = await desk.bounding.book.peaks.waiting(turn.user.id)
    return [_line(desk, turn, scope, at) for scope, at in found.items()]


def _line(desk: Desk, turn: Turn, scope: str, at: datetime) -> str:
    moment = times.moment(at, turn.user.zone, desk.clock.wall())
    which = "all live accounts" if scope == LIVE else "one strategy's account"
    return (
        f"⏳ The drawdown of {which} is measured anew from {moment} on. Take it back with "
        "/limits keep drawdown"
    )


async def told(desk: Desk, facts: Facts, owner_id: int) -> Reply:
    """That it holds from now on."""
    title = f"{markers.mode(Mode(facts['mode']))} · all your accounts together"
    if facts["scope"] != LIVE:
        strategy = await desk.memory.strategies.get(owner_id, int(facts["strategy_id"]))
        title = f"{markers.mode(Mode(facts['mode']))} · #{strategy.number} {strategy.name}"
    return texts.said(
        bold("🛡 The drawdown is measured anew"),
        title,
        f"Peak: {_money(facts['is'])}, before that {_money(facts['was'])}. You asked for that, and "
        "the delay is over. What was paused goes on with /resume.",
    )


def when(desk: Desk, at: str) -> str:
    """From when a looser limit holds; `at` is that moment as it is written."""
    delay = desk.bounding.book.delay
    return f"from {at} on, {times.age(delay)} from now" if delay > timedelta() else "at once"


def _money(value: Decimal | str) -> str:
    return numbers.money(Decimal(value))
