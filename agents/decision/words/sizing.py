"""How much: risk per trade, a fixed amount of money, leverage, open positions."""

from decimal import Decimal

from agents.decision.words.context import Context
from agents.decision.words.items import Item
from agents.decision.words.spans import whole_number

_SPENDING = frozenset(
    {"put", "use", "invest", "stake", "with", "using", "spend", "allocate", "for"}
)


_BETWEEN = (
    "per trade",
    "above",
    "at least",
    ":",
    "=",
    "is",
    "at",
    "only",
    "max",
    "to",
    "on",
    "up",
    "at most",
)


def risk(c: Context, i: int) -> Item | None:
    """`risk 1%`, `1% risk`, `risking 0.5 % of equity per trade`, `0.5% per trade`."""
    s = c.s
    j = s.skip(i, "max")
    return _risk_first(c, i, j + 1) if s.has(j, "risk") else _risk_last(c, i)


def _risk_first(c: Context, i: int, j: int) -> Item | None:
    s = c.s
    j = s.skip(j, *_BETWEEN)
    dollars = s.has(j, "dollars")
    value = s.number(j + dollars)
    if value is None:
        return None
    if dollars or s.has(j + 1, "dollars"):
        return Item("risk money", i, j + 2, value)
    return Item("risk", i, _of_capital(c, j + 2), value) if s.has(j + 1, "percent") else None


def _risk_last(c: Context, i: int) -> Item | None:
    s = c.s
    value = s.number(i)
    if value is None or not s.has(i + 1, "percent"):
        return None
    j = _of_capital(c, i + 2)
    next_risk = s.number(j + 1) is not None and s.has(j + 2, "percent")
    if s.has(j, "risk") and not next_risk:
        return Item("risk", i, s.skip(j + 1, "per trade"), value)
    if s.has(j, "stop", "target", "trail") or not s.has(j - 1, "per trade", "capital"):
        return None
    return Item("share of capital", i, j, value)


def _of_capital(c: Context, i: int) -> int:
    """Past `of my equity per trade`."""
    j = c.s.skip(c.s.skip(i, "on", "in"), "capital", "per trade", "all")
    return j if c.s.has(j - 1, "capital", "per trade", "all") else i


def size(c: Context, i: int) -> Item | None:
    """`put $200 in`, `200 usdt per trade`, `position size 500`, `stake: 100$`."""
    s = c.s
    led = s.at(i).raw in _SPENDING or s.has(i, "size")
    j = s.skip(i + 1, ":", "=", "is", "only", "at", "to", "about") if led else i
    if s.has(j, "dollars") and (value := s.number(j + 1)) is not None:
        return _amount(c, i, s.skip(j + 2, "dollars"), value)
    value = s.number(j)
    if value is None:
        return None
    if s.has(j + 1, "dollars"):
        return _amount(c, i, j + 2, value)
    bare = s.has(i, "size") or s.at(i).raw in {"invest", "stake", "spend"}
    if bare and s.label(j + 1) not in {"percent", "times", "r", "minute", "hour"}:
        return _amount(c, i, j + 1, value)
    return None


def _amount(c: Context, i: int, end: int, value: Decimal) -> Item | None:
    s = c.s
    end = s.skip(end, "per trade", "size", "positions")
    if s.has(end, "capital"):  # `with a 10k account` says what one has, not what to spend
        return Item("account", i, end + 1, value)
    if s.has(end, "risk"):
        return Item("risk money", i, end + 1, value)
    return Item("size", i, end, value) if value > 0 else None


def leverage(c: Context, i: int) -> Item | None:
    """`5x`, `10x leverage`, `lev 20`, `leverage: 3x`, `x10`, `isolated 5x`."""
    s = c.s
    j = s.skip(i, "margin", "cross")
    if s.has(j, "max") and s.has(j + 1, "leverage"):
        j += 1
    at = _multiplier(c, j)
    if at is None:
        return None
    end = s.skip(at + 1, "times", "leverage", "margin")
    return Item("leverage", i, end, s.at(at).value)


def _multiplier(c: Context, i: int) -> int | None:
    """The place of the number that the words at `i` say as leverage."""
    s = c.s
    if s.has(i, "leverage"):
        at = s.skip(i + 1, "margin", "cross", ":", "=", "is", "at", "to", "times")
        return at if s.number(at) is not None else None
    if s.has(i, "times") and s.at(i).raw == "x" and s.at(i + 1).glued:
        return i + 1 if s.number(i + 1) is not None else None
    if s.number(i) is None or not s.has(i + 1, "times", "leverage"):
        return None
    others = s.has(i + 2, "volume", "average", "atr", "risk", "candle", "in", "row")
    # `17.5 leverage: 5x`: the number before is another's
    followed = s.has(i + 1, "leverage") and s.number(s.skip(i + 2, ":", "=")) is not None
    return None if others or followed else i


def positions(c: Context, i: int) -> Item | None:
    """`max 2 positions`, `one position at a time`, `up to 3 open trades`, `positions: 2`."""
    s = c.s
    j = s.skip(i, "max", "only", "at most", "no more")
    if (s.has(j, "positions") and j > i) or (
        s.has(i, "positions") and s.has(i + 1, ":", "=", "max")
    ):
        k = s.skip(j + 1, ":", "=", "is", "at", "max")
        if (count := whole_number(s, k)) is not None:
            return Item("positions", i, k + 1, count)
        return None
    count = whole_number(s, j)
    if count is None:
        return None
    k = s.skip(j + 1, "max", "open", "enter")
    if s.has(k, "positions") or (j > i and (s.at(k).raw in {"trade", "trades"} or k > j + 1)):
        end = k + 1 if s.has(k, "positions") or s.at(k).raw in {"trade", "trades"} else k
        if s.has(end, "day", "week") or s.at(end).raw in {"per", "a"}:
            return None
        return Item("positions", i, s.skip(end, "max", "at", "open"), count)
    return None
