"""What is done at the exchange itself, past the desk: by a person, or by the exchange."""

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


def deleverage(engine: Engine, key: str, symbol: str, quantity: Number) -> Order:
    """The exchange closes so much of a perpetual position, against another's liquidation."""
    side = Side.SELL if engine.positions(key)[spelled(symbol)].quantity > 0 else Side.BUY
    ask = Ask(
        Kind.PERPETUAL, spelled(symbol), side, OrderType.MARKET, number(quantity),
        reduce_only=True, client_id="adl_autoclose", forced=True,
    )  # fmt: skip
    return engine.place(key, ask)


def _market(
    engine: Engine, key: str, symbol: str, quantity: Number, kind: Kind, side: Side,
    *, reduces: bool = False,
) -> Order:  # fmt: skip
    amount: Decimal = number(quantity)
    ask = Ask(kind, spelled(symbol), side, OrderType.MARKET, amount, reduce_only=reduces)
    return engine.place(key, ask)
