"""/receipt: whether our book and the exchange say the same, and what to do where they do not."""

from collections.abc import Iterator, Sequence

from agents.domain.errors import AskUser, NotFound
from agents.domain.market import Instrument
from agents.domain.user import User
from agents.domain.venue import ConnectionState, Finding, FindingKind, FindingState
from agents.execution.venues.funds import KnownFunds, Standing
from agents.execution.venues.receipts import Receipt
from agents.execution.venues.truth import Truth
from handlers import markers, numbers, texts, times
from handlers.chat import Button, Reply, Rows, Words, bold, lines, text
from handlers.desk import Desk, Facts
from handlers.turn import Answer, Turn

_MOST = 5  # findings at a time: each has a row of buttons
NO_MARKET = (
    "This desk trades no real money: its market is played, not an exchange. Its operator sets "
    "PARLEY_MARKET=ccxt:binance (or another exchange) for that."
)
NOT_CONNECTED = "No exchange is connected. /connect connects one."


def truth_of(desk: Desk) -> Truth:
    """Raises AskUser on a desk without real money."""
    if desk.truth is None:
        raise AskUser(NO_MARKET)
    return desk.truth


async def receipt(desk: Desk, turn: Turn) -> Answer:
    """/receipt: look at the account now, and tell what matches and what does not."""
    found = await truth_of(desk).reconciliation.look(turn.user.id)
    if found is None:
        raise AskUser(NOT_CONNECTED)
    return [await shown(desk, turn.user, found)]


async def shown(desk: Desk, user: User, found: Receipt) -> Reply:
    wall = desk.clock.wall()
    at = times.moment(found.at, user.zone, wall)
    title = bold(f"🧾 {markers.exchange(found.exchange)} at {at}")
    head: list[Words | str] = [title, funds_words(found)]
    matched = _matched(found)
    left = await desk.memory.findings.of(user.id, (FindingState.IGNORED,))
    missing = [one for one in left if one.kind is FindingKind.MISSING]
    waiting = [*found.findings, *missing]
    if not waiting:
        return texts.said(*head, f"✅ {matched}: all match.", *await _paused(desk, user))
    listed = await _listed(desk, waiting)
    said = [*head, f"✅ {matched}.", "", *listed]
    return Reply(lines(*said, *await _paused(desk, user)), _rows(waiting))


async def told(desk: Desk, user: User, facts: Facts) -> Reply:
    """The notice of a receipt: after a start, or of something new."""
    waiting = [one for number in facts["findings"] if (one := await _open(desk, user, number))]
    exchange, start = markers.exchange(str(facts["exchange"])), bool(facts["start"])
    matched = _counted(facts, "while I was away" if start else "")
    if not waiting:
        if not start:
            raise NotFound  # it was answered, or went by itself, before it could be told
        return Reply(text(f"🧾 {exchange}: {matched}: all match."), silent=True)
    title = bold(f"🧾 {exchange}: something does not match")
    head = [title, f"✅ {matched}."] if start else [title]
    said = [*head, *await _listed(desk, waiting), *await _paused(desk, user)]
    orders_only = all(one.kind is FindingKind.ORDER for one in waiting)
    return Reply(lines(*said), _rows(waiting), silent=orders_only)


def funds_words(found: Receipt) -> str:
    state = found.state
    return f"{numbers.money(state.equity)} {state.quote}, {numbers.money(state.free)} free"


def balance_line(funds: KnownFunds, user_id: int) -> str:
    """`binance: 5,012.33 USDT, 4,100.00 free`; empty where nothing is known."""
    standing: Standing | None = funds.standing(user_id)
    if standing is None:
        return ""
    worth = f"{numbers.money(standing.equity)} {standing.quote}"
    return f"{markers.exchange(standing.exchange)}: {worth}, {numbers.money(standing.free)} free"


# --- what is there ------------------------------------------------------------------------------


def _matched(found: Receipt) -> str:
    counted = {
        "positions": found.positions,
        "stops": found.stops,
        "orders": found.orders,
        "fills": found.fills,
    }
    return _counted(counted, "")


def _counted(facts: Facts, when: str) -> str:
    """`3 positions, 3 stops, 0 fills while I was away`."""
    stops, orders = int(facts["stops"]), int(facts["orders"])
    parts = [_count(int(facts["positions"]), "position"), _count(stops, "stop")]
    parts += [_count(orders - stops, "other order")] if orders > stops else []
    fills = _count(int(facts["fills"]), "new fill" if not when else "fill")
    return ", ".join([*parts, f"{fills} {when}".rstrip()])


def _count(number: int, one: str) -> str:
    return f"{number} {one}" + ("s" if number != 1 else "")


async def _open(desk: Desk, user: User, number: int) -> Finding | None:
    finding = await desk.memory.findings.get(user.id, number)
    return finding if finding.state is FindingState.OPEN else None


async def _paused(desk: Desk, user: User) -> list[str]:
    connection = await desk.memory.connections.of(user.id)
    if connection is None or connection.state is not ConnectionState.PAUSED:
        return []
    why = texts.sentence(connection.why or "book and exchange differ")
    return ["", f"⏸ No new trades there until this is cleared up. {why}"]


# --- what does not match ------------------------------------------------------------------------


async def _listed(desk: Desk, findings: Sequence[Finding]) -> list[Words | str]:
    steps = (await desk.universe()).by_symbol
    shown = findings[:_MOST]
    said: list[Words | str] = [
        f"{_number(shown, index)}{described(one, steps.get(one.symbol))}"
        for index, one in enumerate(shown)
    ]
    if len(findings) > _MOST:
        said.append(f"… and {len(findings) - _MOST} more, shown once these are answered.")
    return said


def _number(findings: Sequence[Finding], index: int) -> str:
    return f"{index + 1}. " if len(findings) > 1 else "⚠️ "


def described(finding: Finding, instrument: Instrument | None) -> str:
    """A finding in a sentence."""
    size = f"{numbers.amount(finding.quantity, instrument)} {markers.base(finding.symbol)}"
    price = numbers.price(finding.price, instrument) if finding.price else ""
    match finding.kind:
        case FindingKind.POSITION:
            opened = f", opened at {price}" if price else ""
            return f"{finding.side.upper()} {size} is held{opened}, and no trade here knows of it."
        case FindingKind.HOLDING:
            worth = numbers.money(finding.quantity * finding.price) if finding.price else ""
            about = f" (about {worth} {markers.quote(finding.symbol)})" if worth else ""
            return f"{size}{about} is held, and no trade here knows of it."
        case FindingKind.ORDER:
            at = f" at {price}" if price else " at the market"
            return f"An order that is not mine: {finding.side} {size}{at}."
    kept = " You chose to leave that so." if finding.state is FindingState.IGNORED else ""
    trade = f"trade #{finding.position_id} ({finding.side.upper()} {finding.symbol})"
    return f"{size} of {trade} is not there any more.{kept}"


def _rows(findings: Sequence[Finding]) -> Rows:
    shown = findings[:_MOST]
    return tuple(
        tuple(_buttons(one, f" {index + 1}" if len(shown) > 1 else ""))
        for index, one in enumerate(shown)
    )


def _buttons(finding: Finding, number: str) -> Iterator[Button]:
    def button(label: str, verb: str) -> Button:
        return Button(f"{label}{number}", verb, finding.id, finding.version)

    if finding.kind in {FindingKind.POSITION, FindingKind.HOLDING}:
        yield button("📥 Adopt", "adopt")
    closing = {FindingKind.ORDER: "✖️ Cancel it", FindingKind.MISSING: "✖️ Book as closed"}
    yield button(closing.get(finding.kind, "✖️ Close"), "found_close")
    if finding.state is not FindingState.IGNORED:
        yield button("🙈 Ignore", "found_ignore")
