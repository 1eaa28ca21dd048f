"""Reading one operand: a price, an indicator, a number, an extreme, or a level near one of them."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from agents.decision.words.context import Context
from agents.decision.words.extremes import extreme
from agents.decision.words.indicators import FAMILIES, USUAL_OUTPUT, Family
from agents.decision.words.spans import timeframe, whole_number
from agents.decision.words.terms import CLOSE, VOLUME, Offset, Operand, Term, number, plain
from agents.decision.words.tokens import Kind
from agents.decision.words.vocabulary import words

Found = tuple[Operand, int]
FoundTerm = tuple[Term, int]
MOVING_AVERAGES = frozenset({"ema", "sma", "ma", "wma", "hma"})
_BANDS = ("bb", "donchian", "keltner")
_OUTPUT_WORDS = frozenset({"upper", "lower", "middle", "high", "low"})


def operand(c: Context, i: int) -> Found | None:
    """The operand at word `i` and the word after it."""
    return _distance(c, i) or _shifted(c, term(c, i))


def term(c: Context, i: int) -> FoundTerm | None:
    """An operand without arithmetic."""
    for read in _READERS:
        if found := read(c, i):
            return _suffixed(c, *found)
    return None


def _suffixed(c: Context, found: Term, i: int) -> FoundTerm:
    """With `@4h`, `[2]` and `2 candles ago`, in any order."""
    s = c.s
    while True:
        if s.has(i, "@") and (frame := timeframe(s, i + 1)):
            found, i = replace(found, timeframe=frame[0]), frame[1]
        elif s.has(i, "[") and s.number(i + 1) is not None and s.has(i + 2, "]"):
            found, i = replace(found, shift=int(s.at(i + 1).value), past=False), i + 3
        elif (count := whole_number(s, i)) and s.has(i + 1, "candle") and s.has(i + 2, "ago"):
            found, i = replace(found, shift=count, past=False), i + 3
        else:
            return found, i


# --- arithmetic -------------------------------------------------------------------------------


def _distance(c: Context, i: int) -> Found | None:
    """`1 atr above the 50 ema`, `2% below vwap`: a level away from another."""
    amount = _amount(c, i)
    if amount is None:
        return None
    factor, unit, j = amount
    sign = {"above": "+", "below": "-"}.get(c.s.label(j))
    off = c.s.has(j, "from") or c.s.at(j).raw in {"off", "from", "away"}
    base = term(c, c.s.skip(j + 1, "from")) if sign or off else None
    if base is not None and off:
        sign = _away_from(base[0])
    if base is None or sign is None or base[0].is_number or base[0].scale != "price":
        return None
    return Offset(base[0], sign, factor, unit), base[1]


def _away_from(base: Term) -> str | None:
    """`10% off the high` is below it, `10% from the low` above."""
    if base.text.startswith(("highest", "high", "prev_day.high")):
        return "-"
    return "+" if base.text.startswith(("lowest", "low", "prev_day.low")) else None


def _amount(c: Context, i: int) -> tuple[Decimal, Term | None, int] | None:
    value = c.s.number(i)
    if value is None or value > 1000:
        return None
    if c.s.has(i + 1, "percent"):
        return value, None, i + 2
    j = c.s.skip(i + 1, "times", "*")
    if c.s.has(j, "atr"):
        unit = _indicator(c, j)
        return (value, unit[0], unit[1]) if unit else None
    return None


def _shifted(c: Context, found: FoundTerm | None) -> Found | None:
    """`ema 50 minus 1 atr`, `vwap + 2%`, `vwap * 0.99`."""
    if found is None or found[0].scale != "price":
        return found
    base, i = found
    sign = {"+": "+", "and": "+" if c.s.at(i).raw == "plus" else "", "-": "-", "minus": "-"}.get(
        c.s.label(i)
    )
    if sign and (amount := _amount(c, i + 1)):
        return Offset(base, sign, amount[0], amount[1]), amount[2]
    if c.s.has(i, "*") and (factor := c.s.number(i + 1)) is not None and 0 < factor < 10:
        away = (factor - 1) * 100
        return Offset(base, "+" if away >= 0 else "-", abs(away), None), i + 2
    return found


# --- indicators -------------------------------------------------------------------------------


def _on_timeframe(c: Context, i: int) -> FoundTerm | None:
    """`4h close`, `daily 20 ema`, `1h rsi`."""
    frame = timeframe(c.s, i)
    if frame is None or timeframe(c.s, frame[1]) is not None:
        return None
    found = term(c, c.s.skip(frame[1], "candle", "chart", "timeframe"))
    if found is None or found[0].is_number or found[0].timeframe:
        return None
    return replace(found[0], timeframe=frame[0], past=False), found[1]


def _counted_average(c: Context, i: int) -> FoundTerm | None:
    """`20 ema`, `9-period EMA`, `200-day moving average`, `14 period rsi`."""
    count = whole_number(c.s, i)
    if count is None:
        return None
    unit = c.s.label(i + 1) if c.s.label(i + 1) in {"day", "week", "hour"} else ""
    j = i + 2 if unit else c.s.skip(i + 1, "period", "candle")
    label = c.s.label(j)
    if label not in FAMILIES or _own_number(c, j):
        return None
    family = FAMILIES[label]
    if not (family.needs_period or len(family.default) == 1):
        return _banded(c, j, family, label, (str(count), *family.default[1:]))
    made = _built(c, j + 1, family, label, (str(count),))
    higher = {"day": "1d", "week": "1w"}.get(unit)
    return (replace(made[0], timeframe=higher), made[1]) if higher and made else made


def _banded(
    c: Context, i: int, family: Family, label: str, params: tuple[str, ...]
) -> FoundTerm | None:
    return _built(c, i + 1, family, label, params) if family.default else None


def _own_number(c: Context, i: int) -> bool:
    """Whether the family word at `i` is followed by its own period: `ema9`, `ema(9)`."""
    glued = c.s.number(i + 1) is not None and c.s.at(i + 1).glued
    return glued or (c.s.has(i + 1, "(") and c.s.number(i + 2) is not None)


def _output_first(c: Context, i: int) -> FoundTerm | None:
    """`upper bollinger band`, `lower band`, `middle of the keltner channel`."""
    output = c.s.label(i)
    if output not in _OUTPUT_WORDS:
        return None
    j = c.s.skip(i + 1, "band", "line", "in", "on")
    count = whole_number(c.s, j)
    k = c.s.skip(j + 1, "period", "candle") if count else j
    if c.s.label(k) in _BANDS:
        params = (str(count),) if count else ()
        return _built(c, k + 1, FAMILIES[c.s.label(k)], c.s.label(k), params, output)
    if output in {"high", "low"}:
        return None
    c.family = c.family if c.family in _BANDS else "bb"
    said = c.calls.get(c.family, ())
    return _built(c, c.s.skip(j, "one"), FAMILIES[c.family], c.family, said, output)


def _indicator(c: Context, i: int) -> FoundTerm | None:
    """An indicator by its name, with its parameters and output in any usual order."""
    label = c.s.label(i)
    return _built(c, i + 1, FAMILIES[label], label, ()) if label in FAMILIES else None


def _built(
    c: Context, i: int, family: Family, label: str, params: tuple[str, ...], output: str = ""
) -> FoundTerm | None:
    said, i = _parameters(c, i, family) if not params else (params, i)
    if not params and not said:
        output, i = _output(c, i, family, output)
        said, i = _parameters(c, i, family)
    i = c.s.skip(i, "band") if family.name in _BANDS else i
    output, i = _output(c, i, family, output)
    if family.name in _BANDS and not said:
        said, i = _parameters(c, i, family)
    if family.needs_period and not said:
        return None
    c.family = family.name if family.name in USUAL_OUTPUT else c.family
    if family.outputs and said:
        c.calls[family.name] = said
    return _made(family, label, said, output), i


def _made(family: Family, label: str, said: tuple[str, ...], output: str) -> Term:
    full = (*said, *family.default[len(said) :])
    text = family.name + (f"({','.join(full)})" if full else "")
    named = dict(family.outputs).get(output) or USUAL_OUTPUT.get(family.name)
    scale = family.scale
    if output == "direction":
        scale = "zero"
    elif output == "width" or (output in {"plus", "minus"} and family.name == "adx"):
        scale = "free"
    notes = ("“ma” is read as the simple moving average (sma).",) if label == "ma" else ()
    past = family.name == "donchian" and named in {"upper", "lower"}
    return Term(text + (f".{named}" if named else ""), scale, past=past, notes=notes)


def _parameters(c: Context, i: int, family: Family) -> tuple[tuple[str, ...], int]:
    """The numbers after a name: glued, in brackets, or loose where nothing else is meant."""
    most = 1 if family.needs_period else len(family.default)
    s, start = c.s, i
    if most == 0:
        return (), i
    bracket = s.has(i, "(") and s.number(i + 1) is not None
    i = i + 1 if bracket else _past_set(c, i)
    numbers: list[str] = []
    while len(numbers) < most and s.number(i) is not None:
        numbers.append(plain(s.at(i).value))
        more = s.has(i + 1, ",", "/") and s.number(i + 2) is not None
        i += 2 if more and len(numbers) < most and (bracket or most > 1) else 1
    if bracket:
        return (tuple(numbers), i + 1) if s.has(i, ")") else ((), start)
    i = s.skip(i, "period") if numbers else i
    return (tuple(numbers), i) if _meant(c, start, i, numbers, family) else ((), start)


def _past_set(c: Context, i: int) -> int:
    """Past `with period`, `set to`."""
    j = c.s.skip(i, "with", "period", "length")
    return c.s.skip(j + 1, "to") if c.s.at(j).raw == "set" else j


def _meant(c: Context, start: int, end: int, numbers: list[str], family: Family) -> bool:
    """Whether loose numbers after a name are its parameters rather than a level."""
    if not numbers or any("." in text for text in numbers[:1]):
        return False
    if c.s.has(end, "percent", "r", "times") or c.s.label(end) in {"minute", "hour"}:
        return c.s.at(start).glued and c.s.label(end) in {"minute", "hour"} and len(numbers) == 1
    if family.needs_period or c.s.at(start).glued or start + 1 < end:
        return True
    return c.s.label(end) in _RELATIONS or bool(len(numbers) == len(family.default) > 1)


_RELATIONS = words(
    """
    above below cross break between is rise fall turn move hit rising falling line signal hist k
    d day upper lower middle closes . [ @ = touch oversold overbought reclaim not divergence
    crossover atr back
    """
) | {"at least", "at most"}


def _output(c: Context, i: int, family: Family, known: str) -> tuple[str, int]:
    """The output named at `i`; `known` where it was named before."""
    if not family.outputs:
        return known, i
    j = i + 1 if c.s.has(i, ".") and c.s.at(i + 1).glued else i
    j = c.s.skip(j, "percent") if family.name in {"stoch", "stochrsi"} else j
    word = c.s.at(j)
    wanted = dict(family.outputs)
    key = word.raw if word.raw in {"k", "d"} or word.raw in wanted else word.label
    if word.kind is not Kind.WORD or key not in wanted or known:
        return known, i
    return key, c.s.skip(j + 1, "band", "line")


# --- short names ------------------------------------------------------------------------------


_PARTS = {
    "tenkan": ("ichimoku", "tenkan"), "kijun": ("ichimoku", "kijun"),
    "span a": ("ichimoku", "span a"), "span b": ("ichimoku", "span b"),
    "plus di": ("adx", "plus"), "minus di": ("adx", "minus"),
}  # fmt: skip


def _elliptic(c: Context, i: int) -> FoundTerm | None:
    """`d`, `%k`, `signal`, `hist`, `tenkan`, `plus di`: an output that says its indicator."""
    label, s = c.s.label(i), c.s
    if label in _PARTS:
        name, output = _PARTS[label]
        return _made(FAMILIES[name], name, c.calls.get(name, ()), output), i + 1
    if label in {"signal", "hist"} and not s.has(i + 1, "candle"):
        said = c.calls.get("macd", ())
        return _made(FAMILIES["macd"], "macd", said, label), s.skip(i + 1, "line")
    if label == "cloud":
        return Term("cloud"), i + 1
    return _stochastic_line(c, i)


def _stochastic_line(c: Context, i: int) -> FoundTerm | None:
    """`%k` anywhere; `k` and `d` after a stochastic has been spoken of."""
    s = c.s
    marked = s.has(i, "percent")
    j = i + 1 if marked else i
    known = c.family in {"stoch", "stochrsi"}
    if s.at(j).raw not in {"k", "d"} or s.at(j).kind is not Kind.WORD or not (marked or known):
        return None
    name = c.family if known and c.family else "stoch"
    return _made(FAMILIES[name], name, c.calls.get(name, ()), s.at(j).raw), s.skip(j + 1, "line")


# --- prices and numbers -----------------------------------------------------------------------

_COLUMNS = {
    "price": CLOSE, "close": CLOSE, "open": Term("open"), "high": Term("high"),
    "low": Term("low"), "volume": VOLUME,
}  # fmt: skip
_CALLS = {"highest": "price", "lowest": "price", "change": "zero"}


def _column(c: Context, i: int) -> FoundTerm | None:
    s = c.s
    if s.has(i, "candle") and s.has(i + 1, "close", "high", "low", "open"):
        return _COLUMNS[s.label(i + 1)], i + 2
    if s.has(i, "body", "range"):
        return Term(s.label(i), "free"), i + 1
    if s.label(i) in _COLUMNS:
        end = s.skip(i + 1, "is") if s.has(i, "price") and s.has(i + 2, "close") else i + 1
        return _COLUMNS[s.label(i)], end
    return None


def _call(c: Context, i: int) -> FoundTerm | None:
    """`highest(20)`, `change(24)` as the rule language writes them."""
    s, name = c.s, c.s.label(i)
    if name in _CALLS and s.has(i + 1, "(") and s.number(i + 2) is not None and s.has(i + 3, ")"):
        return Term(f"{name}({plain(s.at(i + 2).value)})", _CALLS[name]), i + 4
    return None


def literal(c: Context, i: int) -> FoundTerm | None:
    """A number, with its dollars, sign or percent sign."""
    s = c.s
    i += s.has(i, "dollars")
    sign = -1 if s.has(i, "-") else 1
    j = i + 1 if s.has(i, "-", "+") else i
    value = s.number(j)
    if value is None or s.has(j + 1, "times", "r", "leverage"):
        return None
    if s.label(j + 1) in {"minute", "hour", "day"} and s.at(j + 1).glued:
        return None
    end = s.skip(j + 1, "dollars", "percent")
    return number(value * sign), s.skip(end, "line") if value == 0 else end


_READERS: tuple[Callable[[Context, int], FoundTerm | None], ...] = (
    extreme, _on_timeframe, _counted_average, _output_first, _indicator, _elliptic, _call,
    _column, literal,
)  # fmt: skip
