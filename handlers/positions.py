"""Open positions: closed in whole, in part, or all of them; and the list of trades."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.domain.errors import AskUser, NotFound
from agents.domain.market import Instrument
from agents.domain.position import Position, PositionState
from agents.domain.symbols import find as find_symbol
from agents.execution.leaving.hands import HandOutcome, HandVerdict
from handlers import confirm, markers, numbers, paging, texts, times, trades
from handlers.chat import Button, Reply, Words, bold, lines, text
from handlers.desk import Desk
from handlers.tables import clipped
from handlers.turn import Answer, Turn

CLOSE = "close_position"  # acts of the table of acts
CLOSE_ALL = "close_all"
_PART = re.compile(r"(?<!\S)(half|all|\d{1,3}(?:\.\d+)?\s*%)(?!\S)", re.IGNORECASE)
_TRADES = 500
_HALF = Decimal("0.5")


# --- /close -------------------------------------------------------------------------------------


async def close(desk: Desk, turn: Turn) -> Answer:
    """/close SYMBOL, /close N, /close SYMBOL half or 30%, /close all."""
    mine = await desk.memory.positions.of(turn.user.id, open_only=True)
    if not mine:
        return [texts.said("You have no open positions.")]
    words = turn.words.strip()
    if words.lower() == "all":
        return await _ask_all(desk, turn, mine)
    fraction, rest = _fraction(words)
    if not rest and len(mine) > 1:
        return [_which(mine)]
    position = mine[0] if not rest else await _meant(desk, mine, rest)
    return await _ask(desk, turn, position, fraction)


async def _meant(desk: Desk, mine: Sequence[Position], said: str) -> Position:
    """As `find`; where a position is followed by something else, that was to be a part of it."""
    which, *part = said.split(maxsplit=1)
    try:
        return await find(desk, mine, said, "/close")
    except NotFound:
        if not part:
            raise
        try:
            position = await find(desk, mine, which, "/close")
        except NotFound:
            position = None
        if position is None:
            raise
    name = f"#{position.id} {position.symbol}"
    raise AskUser(
        f"I can't read {texts.echo(part[0])!r} as a part of {name}, and nothing was closed. Write "
        f"/close {position.id} half, /close {position.id} 30% or /close {position.id}."
    )


def _fraction(words: str) -> tuple[Decimal, str]:
    """The part that `half` or `30%` means, and the words without it."""
    found = _PART.search(words)
    if found is None:
        return Decimal(1), words
    rest = (words[: found.start()] + words[found.end() :]).strip()
    said = found[1].lower()
    if said in {"half", "all"}:
        return _HALF if said == "half" else Decimal(1), rest
    part = Decimal(said.rstrip("% ")) / 100
    if not 0 < part <= 1:
        raise AskUser("A part is more than 0% and at most 100%: /close BTC 30%.")
    return part, rest


def _which(mine: Sequence[Position]) -> Reply:
    rows = paging.rows_of(
        Button(f"🚪 #{one.id} {markers.trade(one)}", "close", one.id, one.version)
        for one in mine[:10]
    )
    return Reply(lines("Which one?", "/close all closes every one."), rows)


async def find(desk: Desk, mine: Sequence[Position], said: str, command: str) -> Position:
    """The open position that an id or a symbol means; AskUser when several do, with the command
    that names one."""
    wanted = said.lstrip("#")
    if wanted.isdecimal():
        found = [one for one in mine if one.id == int(wanted)]
    else:
        instrument = find_symbol(said, await desk.universe())
        symbol = instrument.symbol if instrument else said.upper()
        found = [one for one in mine if one.symbol == symbol]
    if not found:
        named = ", ".join(f"#{one.id} {one.symbol}" for one in mine[:5])
        raise NotFound(f"You have no open position {texts.echo(said)!r}. Open: {named}.")
    if len(found) > 1:
        numbered = " or ".join(f"{command} {one.id}" for one in found[:5])
        raise AskUser(f"You have {len(found)} of those: {numbered}.")
    return found[0]


async def close_tapped(desk: Desk, turn: Turn) -> Answer:
    return await _ask_tapped(desk, turn, Decimal(1))


async def half_tapped(desk: Desk, turn: Turn) -> Answer:
    return await _ask_tapped(desk, turn, _HALF)


async def _ask_tapped(desk: Desk, turn: Turn, fraction: Decimal) -> Answer:
    position = await desk.memory.positions.get(turn.user.id, turn.tap.id)
    return await _ask(desk, turn, position, fraction)


async def _ask(desk: Desk, turn: Turn, position: Position, fraction: Decimal) -> Answer:
    if position.state is not PositionState.OPEN:
        return [texts.said(no_longer_open(position))]
    part = "" if fraction == 1 else f"{numbers.fraction(fraction)} of "
    facts = {"position_id": position.id, "fraction": str(fraction), "version": position.version}
    price, instrument = desk.price(position.symbol), await desk.instrument(position.symbol)
    glance = trades.at_a_glance(position, price, instrument, desk.clock.now())
    words = lines(bold(f"🚪 Close {part}{markers.trade(position)} at the market?"), glance)
    return await confirm.ask(desk, turn, CLOSE, facts, words)


def no_longer_open(position: Position) -> str:
    name = f"#{position.id} {markers.trade(position)}"
    if position.state is PositionState.CLOSING:
        return f"{name} is exiting already: the order is sent and not yet filled."
    net = f"{numbers.signed(position.net())} {markers.quote(position.symbol)}"
    return f"{name} is closed already: {net}, {numbers.multiple(position.r_multiple())}."


async def _ask_all(desk: Desk, turn: Turn, mine: Sequence[Position]) -> Answer:
    names = [f"• #{one.id} {markers.trade(one)} · {one.mode}" for one in mine[:20]]
    count = f"all {len(mine)} positions" if len(mine) > 1 else "your one position"
    words = lines(bold(f"🚪 Close {count} at the market?"), *names)
    return await confirm.ask(desk, turn, CLOSE_ALL, {}, words)


async def close_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to one. A part is not closed of a position that changed since it was asked."""
    fraction = Decimal(facts["fraction"])
    position = await desk.memory.positions.get(turn.user.id, facts["position_id"])
    if fraction < 1 and position.version != facts["version"]:
        return [confirm.agreed("The position has changed since I asked. Look at /status.")]
    outcome = await desk.hands.close(turn.user.id, position.id, fraction)
    return [confirm.agreed(await _hand(desk, outcome))]


async def close_all_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    outcomes = await desk.hands.close_all(turn.user.id)
    if not outcomes:
        return [confirm.agreed("You have no open positions.")]
    said = [await _hand(desk, outcome) for outcome in outcomes]
    return [confirm.agreed(lines(*said))]


async def _hand(desk: Desk, outcome: HandOutcome) -> str:
    position = outcome.position
    if outcome.verdict is HandVerdict.NOT_FOUND or position is None:
        return "There is no such position, or it is not yours."
    if outcome.verdict is HandVerdict.ALREADY:
        return no_longer_open(position)
    name = f"#{position.id} {markers.trade(position)}"
    if outcome.verdict is HandVerdict.REFUSED:
        return f"⛔ {name} was not closed: {outcome.reason}."
    instrument = await desk.instrument(position.symbol)
    size = f"{numbers.amount(outcome.quantity, instrument)} {markers.base(position.symbol)}"
    return f"🚪 Exiting {name}: the order for {size} is sent. The fill is told here."


# --- /trades ------------------------------------------------------------------------------------


async def listed(desk: Desk, turn: Turn) -> Answer:
    """/trades: open and closed, newest first."""
    return [await _page(desk, turn, 0)]


async def page(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn, turn.tap.id, turned=True)]


async def _page(desk: Desk, turn: Turn, number: int, *, turned: bool = False) -> Reply:
    found = await desk.memory.positions.of(turn.user.id, limit=_TRADES)
    if not found:
        return texts.said("There are no trades yet. Approve a proposal to make the first.")
    steps, now = (await desk.universe()).by_symbol, desk.clock.now()
    items = [_line(one, steps.get(one.symbol), turn.user.zone, now) for one in found]
    return paging.paged(f"Trades ({len(found)})", items, "trades", number, turned=turned)


def _line(position: Position, instrument: Instrument | None, zone: str, now: datetime) -> Words:
    entry = numbers.price(position.entry_price, instrument)
    name = f"#{position.id} {markers.trade(position)} · {position.mode}"
    if position.state is not PositionState.CLOSED:
        return lines(bold(name), f"   🔵 open from {entry}")
    net, last = position.net(), position.exit_price or position.entry_price
    at = times.moment(position.closed_at or position.opened_at, zone, now)
    sums = f"{numbers.signed(net)} {markers.quote(position.symbol)}"
    return lines(
        bold(name),
        f"   {markers.result(net)} {sums} · {numbers.multiple(position.r_multiple())} · {at}",
        text(
            f"   {entry} → {numbers.price(last, instrument)} · {clipped(position.exit_reason, 80)}"
        ),
    )
