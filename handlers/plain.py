"""A rule in plain words: `rsi(14) < 35` as `RSI(14) is below 35`."""

from agents.decision.rules import parse_rule
from agents.decision.rules.tree import (
    And,
    Between,
    Comparison,
    Condition,
    Crosses,
    Moves,
    Negative,
    Not,
    Number,
    Operand,
    Or,
    Value,
    number_text,
)
from agents.domain.errors import RuleError

_COMPARED = {"<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}
_DENIED = {"<": "is not below", "<=": "is above", ">": "is not above", ">=": "is below"}
_SIGNS = {"+": "plus", "-": "minus", "*": "×", "/": "÷"}

# Data points whose own name says little; `{0}` is the first parameter.
_NAMED = {
    "open": "the open",
    "high": "the high",
    "low": "the low",
    "close": "the close",
    "volume": "the volume",
    "highest": "the highest high of {0} candles",
    "lowest": "the lowest low of {0} candles",
    "rvol": "the volume relative to the last {0} candles",
    "change": "the change over {0} candles in %",
    "body": "the candle's body in %",
    "range": "the candle's range in %",
    "vwap": "today's VWAP",
    "prev_day": "yesterday's {output}",
}
_EXTREMES = {
    "highest": "the highest high of the {0} candles before",
    "lowest": "the lowest low of the {0} candles before",
}
_OUTPUTS = {
    "bb": "{output} Bollinger Band({0},{1})",
    "macd": "MACD({0},{1},{2}) {output}",
    "stoch": "Stochastic({0}) {output}",
    "supertrend": "Supertrend({0},{1}) {output}",
}
_WORDS = {"line": "line", "signal": "signal line", "hist": "histogram", "k": "%K", "d": "%D"}


def in_words(rule: str, timeframe: str) -> str:
    """The rule in words; the rule itself where it can't be read."""
    try:
        return _said(parse_rule(rule, timeframe).condition)
    except RuleError:
        return rule


def _said(condition: Condition) -> str:
    match condition:
        case And(parts):
            return " and ".join(_grouped(part, Or) for part in parts)
        case Or(parts):
            return ", or ".join(_grouped(part, And) for part in parts)
        case Not(inner):
            return _denied(inner)
        case _:
            return _leaf(condition)


def _grouped(condition: Condition, kind: type) -> str:
    said = _said(condition)
    return f"({said})" if isinstance(condition, kind) and kind is Or else said


def _denied(condition: Condition) -> str:
    if isinstance(condition, Comparison):
        left, right = _value(condition.left), _value(condition.right)
        return f"{left} {_DENIED[condition.op]} {right}"
    return f"it is not so that {_said(condition)}"


def _leaf(leaf: Condition) -> str:
    match leaf:
        case Comparison(sign, left, right):
            return f"{_value(left)} {_COMPARED[sign]} {_value(right)}"
        case Between(value, low, high):
            return f"{_value(value)} is between {_value(low)} and {_value(high)}"
        case Crosses(value, level, above):
            way = "above" if above else "below"
            return f"{_value(value)} crosses {way} {_value(level)}"
        case Moves(value, rising, count):
            way = "rising" if rising else "falling"
            candles = "candle" if count == 1 else "candles in a row"
            return f"{_value(value)} is {way} for {count} {candles}"
        case _:
            return str(leaf)


def _value(value: Value) -> str:
    match value:
        case Number(number):
            return number_text(number)
        case Operand():
            return _operand(value)
        case Negative(inner):
            return f"minus {_value(inner)}"
        case _:
            return f"{_value(value.left)} {_SIGNS[value.op]} {_value(value.right)}"


def _operand(operand: Operand) -> str:
    if operand.ago == 1 and operand.name in _EXTREMES:  # the usual way to say a breakout
        return _EXTREMES[operand.name].format(number_text(operand.params[0])) + _on(operand)
    name = _name(operand)
    where = _on(operand)
    if not operand.ago:
        return name + where
    return f"{name}{where} {operand.ago} candle{'s' * (operand.ago > 1)} ago"


def _on(operand: Operand) -> str:
    return f" on {operand.timeframe}" if operand.timeframe else ""


def _name(operand: Operand) -> str:
    params = [number_text(param) for param in operand.params]
    output = _WORDS.get(operand.output, operand.output.replace("_", " "))
    pattern = _NAMED.get(operand.name) or _OUTPUTS.get(operand.name)
    if pattern is not None:
        return pattern.format(*params, output=output).strip()
    inside = f"({','.join(params)})" if params else ""
    name = operand.name.replace("_", " ").upper()
    return f"{name}{inside} {output}".strip()
