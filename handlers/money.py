"""/balance, /profit, /daily, /performance: how the money stands, by mode."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.errors import AskUser
from agents.domain.money import ZERO
from agents.domain.position import Account, Position, PositionState
from agents.domain.strategy import Mode
from agents.reporting.performance import Performance, daily, grouped, performance
from handlers import markers, numbers, paging, tables, texts
from handlers.chat import Picture, Reply, Words, bold, lines, pre, text
from handlers.desk import Desk
from handlers.receipt import balance_line
from handlers.turn import Answer, Turn

_STEP = 500  # positions read at a time
_MOST = 20_000
_DAYS = 14  # on a page
_PERIOD = re.compile(r"(\d{1,4})\s*(?:d|days?)?", re.IGNORECASE)


async def all_positions(desk: Desk, user_id: int) -> list[Position]:
    """Every position of a user, newest first; the newest 20,000 of them."""
    found: list[Position] = []
    while len(found) < _MOST:
        part = await desk.memory.positions.of(user_id, limit=_STEP, offset=len(found))
        found.extend(part)
        if len(part) < _STEP:
            break
    return found


def by_mode(positions: Sequence[Position]) -> dict[Mode, list[Position]]:
    found: dict[Mode, list[Position]] = defaultdict(list)
    for position in positions:
        found[position.mode].append(position)
    return {mode: found[mode] for mode in Mode if mode in found}


def _unrealised(desk: Desk, positions: Sequence[Position]) -> Decimal:
    """Gross profit of what is open at the newest prices, quote currency."""
    worth = ZERO
    for position in positions:
        price = desk.price(position.symbol)
        if position.state is not PositionState.CLOSED and price is not None:
            worth += position.unrealised(price)
    return worth


# --- /balance -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Standing:
    """An account with the name of its strategy and its equity, quote currency."""

    account: Account
    name: str
    equity: Decimal


async def balance(desk: Desk, turn: Turn) -> Answer:
    """/balance: each account's balance, its equity, and the sums."""
    accounts = await desk.memory.accounts.of(turn.user.id)
    if not accounts:
        start = numbers.money(desk.paper_balance)
        none = f"No account yet. Each strategy gets its own with {start} USDT."
        return [texts.said(none, *_at_exchange(desk, turn))]
    standings = [await _standing(desk, turn, account) for account in accounts]
    parts: list[Words | str] = []
    for mode in Mode:
        mine = [one for one in standings if one.account.mode is mode]
        parts += [*_balance(mode, mine)] if mine else []
    return [texts.said(*parts, *_at_exchange(desk, turn))]


def _at_exchange(desk: Desk, turn: Turn) -> list[str]:
    """What the connected account has, where that was seen just now."""
    line = balance_line(desk.truth.funds, turn.user.id) if desk.truth else ""
    return [f"🏦 {line}"] if line else []


async def _standing(desk: Desk, turn: Turn, account: Account) -> _Standing:
    strategy = await desk.memory.strategies.get(turn.user.id, account.strategy_id)
    view = await desk.accounts.view(account)
    return _Standing(account, f"#{strategy.number} {strategy.name}", view.equity)


def _balance(mode: Mode, standings: Sequence[_Standing]) -> list[Words]:
    start = sum((one.account.start for one in standings), ZERO)
    equity = sum((one.equity for one in standings), ZERO)
    currency = standings[0].account.currency
    rows = [("Account", "Balance", "Equity")]
    rows += [(one.name, _short(one.account.balance), _short(one.equity)) for one in standings]
    if len(standings) > 1:
        in_all = sum((one.account.balance for one in standings), ZERO)
        rows.append(("In all", _short(in_all), _short(equity)))
    change = numbers.percent((equity - start) / start * 100) if start else "0%"
    gained = f"{numbers.signed(equity - start)} {currency} ({change})"
    return [
        bold(f"{markers.mode(mode)} · {numbers.money(equity)} {currency}"),
        pre(tables.table(rows)),
        text(f"Since the start: {gained}"),
    ]


def _short(value: Decimal) -> str:
    """Money in a table: without cents from a hundred thousand on."""
    return numbers.money(value) if abs(value) < 100_000 else f"{value:,.0f}"


# --- /profit ------------------------------------------------------------------------------------


async def profit(desk: Desk, turn: Turn) -> Answer:
    """/profit: realised and open, by mode."""
    found = await all_positions(desk, turn.user.id)
    if not found:
        return [_no_trades()]
    parts: list[Words] = []
    for mode, mine in by_mode(found).items():
        parts += _profit(desk, mode, mine)
    return [Reply(lines(*parts), picture=equity_picture(turn.user.id, found))]


def _profit(desk: Desk, mode: Mode, mine: Sequence[Position]) -> list[Words]:
    gross = sum((one.realised for one in mine), ZERO)
    fees = sum((one.fees for one in mine), ZERO)
    still_open = _unrealised(desk, mine)
    funding = sum((one.funding for one in mine), ZERO)
    net = gross - fees + funding + still_open
    rows = [
        ("Realised", numbers.signed(gross)),
        ("Open now", numbers.signed(still_open)),
        ("Fees", numbers.signed(-fees)),
        *([("Funding", numbers.signed(funding))] if funding else []),
        ("Net", numbers.signed(net)),
    ]
    return [
        bold(f"{markers.mode(mode)} · {markers.result(net)} {numbers.signed(net)} USDT"),
        pre(tables.table(rows)),
    ]


def equity_picture(user_id: int, positions: Sequence[Position]) -> Picture | None:
    """Of the most real mode in which a trade was closed."""
    modes = [mode.value for mode in by_mode(_closed(positions))]
    return Picture("equity", {"user_id": user_id, "mode": modes[-1]}) if modes else None


def _closed(positions: Sequence[Position]) -> list[Position]:
    return [one for one in positions if one.state is PositionState.CLOSED]


def _no_trades() -> Reply:
    return texts.said("There are no trades yet. Approve a proposal to make the first.")


# --- /daily -------------------------------------------------------------------------------------


async def by_day(desk: Desk, turn: Turn) -> Answer:
    """/daily: what each day brought, in the reader's zone."""
    return [await _days(desk, turn, 0)]


async def by_day_page(desk: Desk, turn: Turn) -> Answer:
    return [await _days(desk, turn, turn.tap.id, turned=True)]


async def _days(desk: Desk, turn: Turn, number: int, *, turned: bool = False) -> Reply:
    found = by_mode(_closed(await all_positions(desk, turn.user.id)))
    if not found:
        return texts.said("No trade has been closed yet; each day with one gets a line here.")
    items = [
        page for mode in reversed(found) for page in _by_day(mode, found[mode], turn.user.zone)
    ]
    title = f"By day, {turn.user.zone} time, net USDT"
    return paging.paged(title, items, "daily", number, per_page=1, turned=turned)


def _by_day(mode: Mode, closed: Sequence[Position], zone: str) -> list[Words]:
    """Pages of one mode, the newest days first."""
    cells = [
        (f"{day:%d %b %y}", f"{count} trade{'s' * (count > 1)}", numbers.signed(net))
        for day, count, net in daily(closed, zone)
    ]
    pages = [cells[start : start + _DAYS] for start in range(0, len(cells), _DAYS)]
    return [lines(bold(markers.mode(mode)), pre(tables.table(page))) for page in pages]


# --- /performance -------------------------------------------------------------------------------


async def how_it_goes(desk: Desk, turn: Turn) -> Answer:
    """/performance, /performance 30: rates and multiples by mode, then by strategy."""
    days = _period(turn.words)
    found = await all_positions(desk, turn.user.id)
    if not found:
        return [_no_trades()]
    closed = _closed(found)
    if not closed:
        return [texts.said("No trade has been closed yet; /status shows what is open.")]
    if days:
        return [_lately(closed, days, desk.clock.now())]
    return [Reply(_performance(closed, ""), picture=equity_picture(turn.user.id, found))]


def _period(said: str) -> int:
    """In days, 0 for every trade. Raises AskUser."""
    if said.strip().lower() in {"", "all"}:
        return 0
    found = _PERIOD.fullmatch(said.strip())
    if found is None or not int(found[1]):
        raise AskUser(
            f"I can't read {texts.echo(said)!r}. /performance counts every closed trade, "
            "/performance 30 those of the last 30 days."
        )
    return int(found[1])


def _lately(closed: Sequence[Position], days: int, now: datetime) -> Reply:
    """`now` is market time. Without the picture of all trades."""
    since, period = now - timedelta(days=days), f"last {days} day{'s' * (days != 1)}"
    recent = [one for one in closed if one.closed_at is not None and one.closed_at >= since]
    if not recent:
        return texts.said(f"No trade was closed in the {period}. /performance counts them all.")
    return Reply(_performance(recent, f" · {period}"))


def _performance(closed: Sequence[Position], period: str) -> Words:
    parts: list[Words | str] = []
    for mode, mine in by_mode(closed).items():
        parts += [bold(markers.mode(mode) + period), pre(tables.table(_rates(performance(mine))))]
        parts += [pre(tables.table(_strategies(mine)))]
    return lines(*parts)


def _rates(result: Performance) -> list[tuple[str, str]]:
    return [
        ("Closed trades", f"{result.trades}"),
        ("Won / lost", f"{result.wins} / {result.losses}"),
        ("Win rate", _or_none(result.win_rate, numbers.fraction)),
        ("Net", numbers.signed(result.net)),
        ("Fees", numbers.money(result.fees)),
        *([("Funding", numbers.signed(result.funding))] if result.funding else []),
        ("Profit factor", _or_none(result.profit_factor, lambda value: f"{value:.2f}")),
        ("Expectancy", _or_none(result.expectancy, numbers.signed)),
        ("Average R", _or_none(result.average_r, numbers.multiple)),
        ("Median R", _or_none(result.median_r, numbers.multiple)),
        ("Best", _or_none(result.best, numbers.signed)),
        ("Worst", _or_none(result.worst, numbers.signed)),
        ("Max drawdown", numbers.money(result.drawdown)),
    ]


def _strategies(mine: Sequence[Position]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("Strategy", "n", "R", "Net")]
    for name, result in grouped(mine, lambda one: one.strategy_name).items():
        average = _or_none(result.average_r, lambda value: f"{value:+.2f}")
        rows.append((name, str(result.trades), average, numbers.signed(result.net)))
    return rows


def _or_none(value: Decimal | None, say: Callable[[Decimal], str]) -> str:
    return "–" if value is None else say(value)
