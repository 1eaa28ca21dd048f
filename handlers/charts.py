"""/chart: a picture of a market, or of the user's trade in it."""

from agents.domain.errors import AskUser
from agents.domain.market import TIMEFRAMES, Timeframe
from agents.domain.symbols import resolve
from handlers import numbers
from handlers.chat import Picture, Reply, bold, lines
from handlers.desk import Desk
from handlers.turn import Answer, Turn

_DEFAULT = "15m"


async def chart(desk: Desk, turn: Turn) -> Answer:
    """/chart SYMBOL [TIMEFRAME], in either order."""
    words = turn.words.split()
    lengths = [word for word in words if _is_timeframe(word)]
    named = [word for word in words if word not in lengths]
    timeframe = lengths[0].lower() if lengths else await _usual(desk, turn)
    universe = await desk.market.universe()
    symbol = resolve(" ".join(named), universe).symbol if named else await _first(desk, turn)
    price, steps = desk.price(symbol), universe.by_symbol.get(symbol)
    now = f"Last price {numbers.price(price, steps)}." if price is not None else ""
    picture = Picture("chart", {"symbol": symbol, "timeframe": timeframe})
    return [Reply(lines(bold(f"📈 {symbol} · {timeframe}"), *([now] if now else [])), (), picture)]


def _is_timeframe(word: str) -> bool:
    return word.lower() in TIMEFRAMES or (str(word[:-1]).isdecimal() and _parses(word.lower()))


def _parses(word: str) -> bool:
    try:
        return Timeframe.parse(word).seconds <= 7 * 86_400
    except ValueError:
        return False


async def _usual(desk: Desk, turn: Turn) -> str:
    """The timeframe of the user's newest strategy, where nobody else reads it."""
    if not turn.incoming.private:
        return _DEFAULT
    mine = await desk.memory.strategies.of(turn.user.id)
    return mine[-1].spec.timeframe if mine else _DEFAULT


async def _first(desk: Desk, turn: Turn) -> str:
    """What the user looks at: an open position's symbol, or that of the newest strategy."""
    if not turn.incoming.private:
        raise AskUser("Which market? Write it like /chart BTC 15m.")
    for position in await desk.memory.positions.of(turn.user.id, open_only=True, limit=1):
        return position.symbol
    for strategy in reversed(await desk.memory.strategies.of(turn.user.id)):
        if strategy.spec.named:
            return strategy.spec.named[0]
    raise AskUser("Which market? Write it like /chart BTC 15m.")
