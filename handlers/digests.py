"""/digest, and what a digest says: the period's money, trades and decisions."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from agents.domain.digest import PREFERENCE, Digest
from agents.domain.errors import AskUser
from agents.domain.position import Position, PositionState
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.user import User
from agents.reporting.performance import performance
from handlers import markers, money, numbers, saying, tables, texts, times
from handlers.chat import Button, Reply, Words, bold, code, lines, pre, text
from handlers.desk import Desk, Facts
from handlers.paging import rows_of
from handlers.turn import Answer, Turn

S = ProposalState
USUAL = "08:00"
_PRESETS = (
    ("📰 Daily 08:00", "daily 08:00"),
    ("🗓 Mondays 08:00", "weekly mon 08:00"),
    ("👀 Show now", "now"),
    ("🚫 Off", "off"),
)
_HOW = ("/digest daily 08:00", "/digest weekly mon 08:00", "/digest off")
_OFF = frozenset({"off", "none", "never", "no"})
_PROPOSALS = 2_000  # looked at
_OPEN = 8  # open positions that are listed
_RAN = 8  # and trades that ran by themselves
_LATE = timedelta(hours=1)


# --- /digest ------------------------------------------------------------------------------------


async def line(desk: Desk, user_id: int) -> str:
    """What /settings says."""
    return f"Digest: {await _present(desk, user_id)}"


async def _present(desk: Desk, user_id: int) -> str:
    said = Digest.from_json(await desk.memory.preferences.read(user_id, PREFERENCE))
    return f"{_when(said)} at {said.at}" if said else "none"


def _when(said: Digest) -> str:
    return f"every {saying.weekday(said.weekday)}" if said.weekday else "every day"


async def digest(desk: Desk, turn: Turn) -> Answer:
    """/digest; /digest daily HH:MM; /digest weekly DAY HH:MM; /digest now; /digest off."""
    if not turn.words:
        return [await _page(desk, turn)]
    return await _wanted(desk, turn, turn.words)


async def opened(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn)]


async def tapped(desk: Desk, turn: Turn) -> Answer:
    if turn.tap.id >= len(_PRESETS):
        return [texts.said(texts.NOT_MINE)]
    return await _wanted(desk, turn, _PRESETS[turn.tap.id][1])


async def _page(desk: Desk, turn: Turn) -> Reply:
    words = lines(
        bold("📰 Digest"),
        f"Now: {await _present(desk, turn.user.id)}. Hours are those of {turn.user.zone}.",
        "It tells what a day or a week brought: money, trades, decisions. Change it with",
        *(code(example) for example in _HOW),
    )
    made = [Button(label, "digest_set", index) for index, (label, _) in enumerate(_PRESETS)]
    return Reply(words, rows_of(made))


async def _wanted(desk: Desk, turn: Turn, said: str) -> Answer:
    first, *rest = said.lower().split()
    wall = desk.clock.wall()
    if first == "now":
        facts = {"period": "day", "since": (wall - timedelta(days=1)).isoformat()}
        return [await told(desk, turn.user, {**facts, "until": wall.isoformat()})]
    if first in _OFF:
        await desk.memory.preferences.write(turn.user.id, PREFERENCE, None, wall)
        return [texts.said("📰 No digest is sent any more. /digest now shows one at any time.")]
    wanted = parsed(first, rest, wall)
    await desk.memory.preferences.write(turn.user.id, PREFERENCE, wanted.as_json(), wall)
    said = f"📰 Your digest comes {_when(wanted)} at {wanted.at}, {turn.user.zone} time."
    return [texts.said(said)]


def parsed(first: str, rest: Sequence[str], since: datetime) -> Digest:
    """`daily 08:00`, `weekly mon 08:00`. Raises AskUser."""
    words = [word for word in rest if word not in {"at", "on"}]
    if first in {"daily", "day"}:
        return Digest(saying.clock(" ".join(words) or USUAL), None, since)
    if first not in {"weekly", "week"}:
        raise AskUser(f"I can't read {first[:20]!r}. Write {_HOW[0]}, {_HOW[1]} or {_HOW[2]}.")
    named = [found for word in words if (found := saying.day(word))]
    hour = " ".join(word for word in words if saying.day(word) is None)
    if len(named) > 1:
        raise AskUser(f"A weekly digest comes on one day. Write it like {_HOW[1]}.")
    return Digest(saying.clock(hour or USUAL), named[0] if named else "mon", since)


# --- what it says -------------------------------------------------------------------------------


async def told(desk: Desk, user: User, facts: Facts) -> Reply:
    """The digest of a period of human time, as of now."""
    since, until = (datetime.fromisoformat(facts[name]) for name in ("since", "until"))
    positions = await money.all_positions(desk, user.id)
    closed = [one for one in positions if _closed_in(desk, one, since, until)]
    still_open = [one for one in positions if one.state is not PositionState.CLOSED]
    found = await desk.memory.proposals.of(user.id, limit=_PROPOSALS)
    made = [one for one in found if since <= one.created_at < until]
    parts: list[Words | str] = [_title(desk, user, facts["period"], until)]
    for mode, mine in money.by_mode(closed).items():
        parts += [bold(markers.mode(mode)), pre(tables.table(_sums(mine)))]
    if not closed:
        parts.append("No trade was closed.")
    parts += [*_open(desk, still_open), *_decided(made), *_ran(made, positions)]
    several = len(positions) - len(still_open) > 1  # one trade makes a step and no line
    picture = money.equity_picture(user.id, closed) if several else None
    return Reply(lines(*parts), picture=picture)


def _title(desk: Desk, user: User, period: str, until: datetime) -> Words:
    wall = desk.clock.wall()
    local = until.astimezone(times.zoned(user.zone))
    sign = "🗓" if period == "week" else "📰"
    late = " Sent late: nothing ran at the time." if wall - until > _LATE else ""
    return bold(f"{sign} Your {period} to {local:%a} {local.day} {local:%b} {local:%H:%M}") + text(
        f".{late}" if late else ""
    )


def _closed_in(desk: Desk, position: Position, since: datetime, until: datetime) -> bool:
    """Whether it closed in a period of human time; positions carry the market's."""
    if position.state is not PositionState.CLOSED or position.closed_at is None:
        return False
    return since <= desk.clock.wall_at(position.closed_at) < until


def _sums(mine: Sequence[Position]) -> list[tuple[str, str]]:
    result = performance(mine)
    best = max(mine, key=lambda one: one.net())
    worst = min(mine, key=lambda one: one.net())
    return [
        ("Net of fees", f"{numbers.signed(result.net)} USDT"),
        ("Fees", numbers.money(result.fees)),
        ("Trades closed", f"{result.trades}"),
        ("Win rate", numbers.fraction(result.win_rate or 0)),
        (f"Best {markers.base(best.symbol)}", numbers.signed(best.net())),
        (f"Worst {markers.base(worst.symbol)}", numbers.signed(worst.net())),
    ]


def _open(desk: Desk, still_open: Sequence[Position]) -> Iterator[Words | str]:
    if not still_open:
        yield "Nothing is open."
        return
    rows = []
    for one in still_open[:_OPEN]:
        price = desk.price(one.symbol)
        now = "no price" if price is None else numbers.signed(one.unrealised(price))
        rows.append((f"{markers.side(one.side)} {markers.base(one.symbol)}", now))
    yield bold(f"Open now: {len(still_open)}")
    yield pre(tables.table(rows))


def _decided(made: Sequence[Proposal]) -> Iterator[Words | str]:
    """What became of the period's proposals."""
    if not made:
        yield "Nothing was proposed."
        return
    begun = (S.APPROVED, S.ORDERED, S.FILLED)
    alone = sum(one.by_itself for one in made)
    counts = [
        ("Approved", sum(one.state in begun for one in made) - alone),
        ("Ran by itself", alone),
        ("Vetoed", sum(one.state is S.VETOED for one in made)),
        ("Expired", sum(one.state is S.EXPIRED for one in made)),
        ("Refused or cancelled", sum(one.state in {S.REFUSED, S.CANCELLED} for one in made)),
        ("Still waiting", sum(one.state is S.PENDING for one in made)),
    ]
    yield bold(f"Proposals: {len(made)}")
    yield pre(tables.table([(name, str(count)) for name, count in counts if count]))


def _ran(made: Sequence[Proposal], positions: Sequence[Position]) -> Iterator[Words | str]:
    """What happened without a tap, with what it has brought so far."""
    alone = [one for one in made if one.by_itself]
    if not alone:
        return
    by_proposal = {one.proposal_id: one for one in positions}
    yield bold("🤖 Without a tap")
    for proposal in alone[:_RAN]:
        position = by_proposal.get(proposal.id)
        yield f"• #{proposal.id} {markers.trade(proposal)}: {_brought(position)}"
    if len(alone) > _RAN:
        yield f"… and {len(alone) - _RAN} more; /trades lists them."


def _brought(position: Position | None) -> str:
    if position is None:
        return "not filled"
    if position.state is not PositionState.CLOSED:
        return "open"
    return f"{numbers.signed(position.net())} {markers.quote(position.symbol)}"
