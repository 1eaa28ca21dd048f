"""A stop moved by hand: /sl, nearer to the price and never away from it."""

from collections.abc import Sequence
from decimal import Decimal

from agents.domain.errors import AskUser
from agents.domain.position import Position, PositionState
from agents.execution.leaving.stops import StopOutcome, StopVerdict
from handlers import markers, numbers, positions, saying, texts
from handlers.desk import Desk
from handlers.turn import Answer, Turn

_ENTRY = frozenset({"entry", "be", "breakeven", "break-even"})
_WHERE = (
    "Where to? Write a price, entry, or a distance from the price: {0} 59400, {0} entry, {0} 1%."
)


async def move(desk: Desk, turn: Turn) -> Answer:
    """/sl SYMBOL or N, and PRICE, entry, or a distance from the price in percent."""
    mine = await desk.memory.positions.of(turn.user.id, open_only=True)
    if not mine:
        return [texts.said("You have no open positions.")]
    position, where = await _meant(desk, mine, turn.words.split())
    if position.state is not PositionState.OPEN:
        return [texts.said(positions.no_longer_open(position))]
    stop = _price(desk, position, where)
    outcome = await desk.hands.move_stop(turn.user.id, position.id, stop)
    return [texts.said(await told(desk, outcome))]


async def _meant(desk: Desk, mine: Sequence[Position], words: list[str]) -> tuple[Position, str]:
    """The position, and where its stop is to be; one open position needs no name."""
    if len(mine) == 1 and len(words) == 1 and _is_place(words[0], mine[0]):
        return mine[0], words[0]
    if not words:
        name = mine[0].id if len(mine) > 1 else ""
        stops = [await _stands(desk, one) for one in mine[:10]]
        raise AskUser("\n".join([*stops, _WHERE.format(f"/sl {name}".strip())]))
    position = await positions.find(desk, mine, words[0], "/sl")
    return position, " ".join(words[1:])


def _is_place(word: str, position: Position) -> bool:
    if word.lstrip("#") == str(position.id):
        return False
    return word.lower() in _ENTRY or "%" in word or saying.money(word) is not None


async def _stands(desk: Desk, position: Position) -> str:
    at = numbers.price(position.stop, await desk.instrument(position.symbol))
    return f"The stop of #{position.id} {markers.trade(position)} is at {at}."


def _price(desk: Desk, position: Position, where: str) -> Decimal:
    """Quote currency. Raises AskUser for what is no price."""
    if where.lower() in _ENTRY:
        return position.entry_price
    if where.endswith("%"):
        return _away(desk, position, saying.percent(where))
    price = saying.money(where)
    if price is None or price <= 0:
        asked = f"I can't read {texts.echo(where)!r} as a price. " if where else ""
        raise AskUser(asked + _WHERE.format(f"/sl {position.id}"))
    return price


def _away(desk: Desk, position: Position, percent: Decimal | None) -> Decimal:
    price = desk.price(position.symbol)
    if percent is None or not 0 < percent < 100:
        raise AskUser("A distance is more than 0% and less than 100%: /sl BTC 1%.")
    if price is None:
        raise AskUser(f"There is no price of {position.symbol} yet. Write one: /sl BTC 59400.")
    return price * (100 - position.side.sign * percent) / 100


async def told(desk: Desk, outcome: StopOutcome) -> str:
    """What became of it, in one line."""
    position = outcome.position
    if outcome.verdict is StopVerdict.REFUSED and position is None:
        return f"⛔ The stop was not moved: {outcome.reason}."
    if position is None or outcome.verdict is StopVerdict.OVER:
        return "That trade is not open any more; nothing was changed."
    at = numbers.price(position.stop, await desk.instrument(position.symbol))
    if outcome.verdict is StopVerdict.REFUSED:
        return f"⛔ The stop stays at {at}: {outcome.reason}."
    if outcome.verdict is StopVerdict.ALREADY:
        return f"The stop is at {at} already, which is as near or nearer, and stays there."
    return f"🛡 The stop of #{position.id} is at {at} now."
