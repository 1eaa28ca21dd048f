"""What a person does at the exchange itself, past the desk."""

from decimal import Decimal

from tests.support.venue.engine import Engine, Number, number, spelled
from tests.support.venue.records import Ask, Kind, Order, OrderType, Side


def buy(engine: Engine, key: str, symbol: str, quantity: Number, kind: Kind = Kind.SPOT) -> Order:
    return _market(engine, key, symbol, quantity, kind, Side.BUY)


def sell(engine: Engine, key: str, symbol: str, quantity: Number, kind: Kind = Kind.SPOT) -> Order:
    return _market(engine, key, symbol, quantity, kind, Side.SELL)


def rest(
    engine: Engine, key: str, symbol: str, side: Side, quantity: Number, price: Number,
    kind: Kind = Kind.SPOT,
) -> Order:  # fmt: skip
    """A limit order."""
    amount, level = number(quantity), number(price)
    return engine.place(key, Ask(kind, spelled(symbol), side, OrderType.LIMIT, amount, level))


def close(engine: Engine, key: str, symbol: str) -> Order:
    """A whole perpetual position."""
    held = engine.positions(key)[spelled(symbol)].quantity
    side = Side.SELL if held > 0 else Side.BUY
    return _market(engine, key, symbol, abs(held), Kind.PERPETUAL, side, reduces=True)


def _market(
    engine: Engine, key: str, symbol: str, quantity: Number, kind: Kind, side: Side,
    *, reduces: bool = False,
) -> Order:  # fmt: skip
    amount: Decimal = number(quantity)
    ask = Ask(kind, spelled(symbol), side, OrderType.MARKET, amount, reduce_only=reduces)
    return engine.place(key, ask)
