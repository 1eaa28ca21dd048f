"""/journal: each trade with its reasons, its costs and its pictures, and all of them as a file."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from agents.domain.errors import AskUser
from agents.domain.market import Instrument
from agents.domain.position import Position, PositionState
from agents.reporting import journal as book
from agents.reporting.journal import Entry
from handlers import markers, numbers, paging, texts, times
from handlers.chat import Button, Picture, Reply, Words, bold, lines, text
from handlers.desk import Desk
from handlers.tables import clipped
from handlers.turn import Answer, Turn

FILE = "journal"  # kind of the file
_MOST = 500
_OPENERS = 6
_DIGITS = 15  # no trade has a longer number
_HOW = "/journal 12 shows one trade, /journal csv sends all of them as a file."


async def journal(desk: Desk, turn: Turn) -> Answer:
    """/journal; /journal N; /journal csv."""
    words = turn.words.strip().lstrip("#").lower()
    if not words:
        return [await _page(desk, turn, 0)]
    if words in {"csv", "export", "file"}:
        return [await _file(desk, turn)]
    if not words.isdecimal():
        raise AskUser(f"I can't read {texts.echo(turn.words)!r}. {_HOW}")
    if len(words) > _DIGITS:
        raise AskUser(f"There is no trade {texts.echo(words)!r}. {_HOW}")
    return await _one(desk, turn, int(words))


async def page(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn, turn.tap.id, turned=True)]


async def opened(desk: Desk, turn: Turn) -> Answer:
    """A trade was tapped."""
    return await _one(desk, turn, turn.tap.id)


async def exported(desk: Desk, turn: Turn) -> Answer:
    return [await _file(desk, turn)]


async def _page(desk: Desk, turn: Turn, number: int, *, turned: bool = False) -> Reply:
    found = await desk.memory.positions.of(turn.user.id, limit=_MOST)
    if not found:
        return texts.said("There are no trades yet. Approve a proposal to make the first.")
    zone, now = turn.user.zone, desk.clock.now()
    items = [_line(one, zone, now) for one in found]
    number = paging.page_number(number, -(-len(items) // _OPENERS))
    here = found[number * _OPENERS : (number + 1) * _OPENERS]
    openers = paging.rows_of((_opener(one) for one in here), in_a_row=3)
    rows = (*openers, (Button("💾 CSV", "journal_csv", 0),))
    title = f"Journal ({len(found)})"
    return paging.paged(
        title, items, "journal_page", number, per_page=_OPENERS, rows=rows, turned=turned
    )


def _opener(position: Position) -> Button:
    return Button(f"📓 #{position.id} {markers.base(position.symbol)}", "journal", position.id)


def _line(position: Position, zone: str, now: datetime) -> Words:
    title = bold(f"#{position.id} {markers.trade(position)} · {markers.mode(position.mode)}")
    at = times.moment(position.opened_at, zone, now)
    if position.state is not PositionState.CLOSED:
        return lines(title, f"   🔵 open since {at} · {clipped(position.strategy_name, 40)}")
    net = position.net()
    sums = f"{markers.result(net)} {numbers.signed(net)} {markers.quote(position.symbol)}"
    r = numbers.multiple(position.r_multiple())
    return lines(title, f"   {sums} · {r} · {at} · {clipped(position.exit_reason, 40)}")


async def _one(desk: Desk, turn: Turn, position_id: int) -> Answer:
    """The trade with its chart at the entry, and, once it is closed, at the exit."""
    entry = await book.entry(desk.memory, turn.user.id, position_id)
    instrument = await desk.instrument(entry.position.symbol)
    zone, now = turn.user.zone, desk.clock.now()
    facts = {"position_id": position_id}
    first = Reply(lines(*_why(entry, instrument, zone, now)), picture=Picture("entered", facts))
    if entry.position.state is not PositionState.CLOSED:
        return [first]
    return [first, Reply(lines(*_how(entry, instrument)), picture=Picture("position", facts))]


def _why(
    entry: Entry, instrument: Instrument | None, zone: str, now: datetime
) -> Iterator[Words | str]:
    position, plan = entry.position, entry.proposal.plan
    yield bold(f"📓 {markers.mode(position.mode)} · #{position.id} {markers.trade(position)}")
    yield f"{position.strategy_name}, version {entry.proposal.strategy_version}"
    yield f"Signal: {position.timeframe} candle of {times.moment(entry.proposal.closed, zone, now)}"
    yield f"Why: {clipped(entry.decision.reason, 300)}"
    sure = entry.proposal.confidence
    by = "the rules" if entry.proposal.advised_by == "rules" else entry.proposal.advised_by
    yield f"Judged by {by}" + (f", {numbers.fraction(sure)} sure" if sure is not None else "")
    targets = ", ".join(numbers.price(one.price, instrument) for one in plan.targets)
    yield (
        f"Plan: in {numbers.price(plan.entry, instrument)}, stop "
        f"{numbers.price(plan.stop, instrument)}" + (f", target {targets}" if targets else "")
    )
    size = numbers.amount(plan.quantity, instrument)
    yield f"Size {size} {markers.base(position.symbol)}, risk {numbers.money(plan.risk)}"
    yield _filled(entry, instrument)
    if speed := _speed(entry):
        yield speed


def _filled(entry: Entry, instrument: Instrument | None) -> str:
    position = entry.position
    price = numbers.price(position.entry_price, instrument)
    size = numbers.amount(position.entered, instrument)
    return f"Filled: {size} at {price}{slip(entry.entry_slippage)}"


def slip(points: Decimal | None) -> str:
    """How much worse than expected, where it is known."""
    if points is None:
        return ""
    rounded = abs(points).quantize(Decimal("0.1"))
    if not rounded:
        return ", as expected"
    better = "better" if points < 0 else "worse"
    return f", {numbers.significant(rounded, 3)} bp {better} than expected"


def _speed(entry: Entry) -> str:
    said = []
    if entry.tap_to_order is not None:
        said.append(f"tap to order {_time(entry.tap_to_order)}")
    if entry.order_to_fill is not None:
        said.append(f"order to fill {_time(entry.order_to_fill)}")
    return f"Speed: {', '.join(said)}" if said else ""


def _time(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def _how(entry: Entry, instrument: Instrument | None) -> Iterator[Words | str]:
    """How it ended."""
    position = entry.position
    quote = markers.quote(position.symbol)
    yield bold(f"📓 #{position.id} closed: {clipped(position.exit_reason, 120)}")
    last = position.exit_price or position.entry_price
    held = times.short((position.closed_at or position.opened_at) - position.opened_at)
    prices = [numbers.price(one, instrument) for one in (position.entry_price, last)]
    yield f"{prices[0]} → {prices[1]} in {held}{slip(entry.exit_slippage)}"
    for intent, fill in entry.exits:
        size, at = numbers.amount(fill.quantity, instrument), numbers.price(fill.price, instrument)
        yield f"• {size} at {at} · {clipped(intent.reason or str(intent.purpose), 60)}"
    costs = f"Fees {numbers.money(position.fees)}"
    if position.funding:
        costs += f" · funding {numbers.signed(position.funding)}"
    yield f"Gross {numbers.signed(position.realised)} · {costs}"
    net = position.net()
    yield bold(
        f"{markers.result(net)} {numbers.signed(net)} {quote} · "
        f"{numbers.multiple(position.r_multiple())}"
    )


async def _file(desk: Desk, turn: Turn) -> Reply:
    count = len(await desk.memory.positions.of(turn.user.id, limit=1))
    if not count:
        return texts.said("There are no trades yet. Approve a proposal to make the first.")
    if not (turn.incoming.private or turn.group):
        raise AskUser(texts.PRIVATE_ONLY)
    name = f"journal-{desk.clock.wall():%Y-%m-%d}.csv"
    words = bold("📓 Your journal") + text(": every trade, one a line; times are UTC.")
    return Reply(words, picture=Picture(FILE, {}, name))
