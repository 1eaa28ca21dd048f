"""The signs that stand for a mode, a side, a state: one place, so that they mean one thing."""

from decimal import Decimal

from agents.domain.position import Position
from agents.domain.proposal import Proposal
from agents.domain.strategy import Mode, Side, Sides, StrategyState

MODES = {
    Mode.VALIDATION: "🧪 Validation, no order was sent",
    Mode.SIMULATION: "🎲 Simulation",
    Mode.PAPER: "📄 Paper",
    Mode.LIVE: "🔴 LIVE",
}
STATES = {
    StrategyState.DRAFT: "📝 draft",
    StrategyState.ACTIVE: "🟢 active",
    StrategyState.PAUSED: "⏸ paused",
    StrategyState.ARCHIVED: "🗄 archived",
}
_EXCHANGES = {
    "binanceusdm": "Binance futures",
    "bybitlinear": "Bybit perpetuals",
    "okx": "OKX",
    "kucoin": "KuCoin",
}
SIDES = {Sides.LONG: "long", Sides.SHORT: "short", Sides.BOTH: "long and short"}


def mode(of: Mode) -> str:
    return MODES[of]


def exchange(name: str) -> str:
    """An exchange as people call it: `Binance futures` of binanceusdm."""
    return _EXCHANGES.get(name, name.capitalize())


def market(name: str) -> str:
    """A market by its exchange's name where it has one: `Binance futures` of binanceusdm."""
    return exchange(name) if name in _EXCHANGES else name


def side(of: Side) -> str:
    return of.value.upper()


def trade(of: Position | Proposal) -> str:
    """`LONG BTC/USDT`."""
    direction = of.side if isinstance(of, Position) else of.plan.side
    return f"{side(direction)} {of.symbol}"


def result(profit: Decimal) -> str:
    """A sign for the end of a trade."""
    return "🟢" if profit > 0 else "🔴" if profit < 0 else "⚪"


def quote(symbol: str) -> str:
    """`USDT` of BTC/USDT."""
    return symbol.rpartition("/")[2]


def base(symbol: str) -> str:
    return symbol.partition("/")[0]
