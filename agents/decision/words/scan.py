"""From left to right through a sentence: which piece of meaning begins at each word."""

from collections.abc import Callable

from agents.decision.words.conditions import Between, Compare, Condition, both, with_note
from agents.decision.words.context import Context
from agents.decision.words.items import Item, Limit, Pieces, Role
from agents.decision.words.levels import stop
from agents.decision.words.literal import clause_end, whole_condition
from agents.decision.words.managing import managing
from agents.decision.words.refusals import refusal
from agents.decision.words.sentence import Sentence
from agents.decision.words.sizing import leverage, positions, risk, size
from agents.decision.words.spans import timeframe
from agents.decision.words.targets import targets, way_out
from agents.decision.words.terms import CLOSE, Term, number
from agents.decision.words.tokens import Kind
from agents.decision.words.trails import breakeven, trailing
from agents.decision.words.vocabulary import words
from agents.decision.words.windows import window
from agents.domain.market import TIMEFRAMES

_ROLES = {
    "long": Role.LONG, "buy": Role.LONG, "short": Role.SHORT, "sell": Role.SELL,
    "enter": Role.ENTER, "exit": Role.EXIT, "exit long": Role.EXIT_LONG,
    "exit short": Role.EXIT_SHORT,
}  # fmt: skip
_LIMITS = {"only long": Limit.LONG, "only short": Limit.SHORT, "both": Limit.BOTH}
_TRADING = frozenset({"trade", "trades", "trading", "entries", "entry", "enter"})
SEPARATORS = frozenset({",", ";", ".", "\n", "!", "?", ":", "-", "then", "|", "/"})
STRONG = frozenset({";", ".", "\n", "!", "?"})
_LOW, _HIGH = Term("low"), Term("high")


def scan(s: Sentence) -> Pieces:
    """Every item of the sentence in order; words of no meaning here become `unknown` items."""
    c, pieces, i = Context(s), Pieces(), 0
    while i < len(s):
        item = _item(c, i)
        pieces.items.append(item)
        i = max(item.end, i + 1)
    return pieces


def _item(c: Context, i: int) -> Item:
    s = c.s
    kind = s.at(i).kind
    if heading := _heading(c, i):
        return heading
    if kind is Kind.SYMBOL:
        return Item("symbol", i, i + 1, s.at(i).label)
    if kind is Kind.STRANGER:
        return Item("stranger", i, i + 1, s.at(i).label)
    for read in _READERS:
        if found := read(c, i):
            return found
    if s.label(i) in SEPARATORS:
        return Item("separator", i, i + 1, s.label(i))
    return Item("unknown", i, i + 1)


def _heading(c: Context, i: int) -> Item | None:
    """The timeframe right after a market or a side: `btc 15m rsi < 30`, `long sol 5m ...`."""
    s = c.s
    if s.number(i) is None or not (
        s.at(i - 1).kind is Kind.SYMBOL or s.has(i - 1, "long", "short", "buy", "both")
    ):
        return None
    frame = timeframe(s, i)
    if frame is None or frame[0] not in TIMEFRAMES or s.has(frame[1], "uptrend", "downtrend"):
        return None
    return Item("timeframe", i, s.skip(frame[1], "chart", "candle"), frame[0])


# --- words that lead --------------------------------------------------------------------------


def _nothing(c: Context, i: int) -> Item | None:
    """`no stop`, `without target`."""
    s = c.s
    if not s.has(i, "no", "not"):
        return None
    j = s.skip(i + 1, "with", "hard")
    if s.has(j, "stop", "trail"):
        return Item("no stop", i, j + 1)
    return Item("no target", i, j + 1) if s.has(j, "target") else None


_MIRROR_LABELS = ("mirror", "for", "on", "with", "in", "short", "long", "is")
_MIRROR_WORDS = words(
    """
    shorting conditions condition logic side rules but setup as reversed for to way applies goes
    direction
    """
)


def _mirror(c: Context, i: int) -> Item | None:
    """`vice versa for shorts`, `the opposite for short`, `short when the reverse`."""
    s = c.s
    j = s.skip(i, "and", "then", "do", "when", "in")
    side = s.label(j) if s.has(j, "short", "long", "sell", "buy") else ""
    k = s.skip(j + 1, "when", "is", "on", ":", "for", "at", "in", "then", "just") if side else j
    same = s.at(k).raw == "same"
    if not s.has(k, "mirror") and not same:
        return None
    if s.has(k + 1, "cross", "crossover", "signal", "band", "bb"):
        return None
    end = k + 1
    while s.has(end, *_MIRROR_LABELS) or s.at(end).raw in _MIRROR_WORDS:
        side = s.label(end) if s.has(end, "short", "long") else side
        end += 1
    if same and not side:
        return None
    return Item("mirror", i, end, side or None)


def _conditional(c: Context, i: int) -> Item | None:
    """`when`, `only if`, `unless`, `don't trade when`: what kind of condition follows."""
    s = c.s
    if s.has(i, "unless"):
        return Item("unless", i, i + 1)
    if s.has(i, "dont", "no", "not") and (end := _negative_lead(s, i)):
        return Item("unless", i, end)
    if s.has(i, "only") and (s.has(i + 1, "when") or s.at(i + 1).raw in _TRADING | {"buy", "sell"}):
        j = i + 1
        while s.at(j).raw in _TRADING:
            j += 1
        if s.has(j, "when"):
            return Item("only when", i, j + 1)
        if s.has(j, "buy", "long", "short", "sell") and s.has(s.skip(j + 1, "in"), "when"):
            return Item("only when", i, s.skip(j + 1, "in") + 1, _ROLES[s.label(j)])
    if s.has(i, "only when"):
        return Item("only when", i, i + 1)
    return Item("when", i, i + 1) if s.has(i, "when") else None


def _negative_lead(s: Sentence, i: int) -> int | None:
    """The word after `don't buy if`, `no trades when`, `never enter while`."""
    j = i + 1
    for _ in range(4):
        if s.has(j, "when"):
            return j + 1
        trading = s.at(j).raw in _TRADING | {
            "take",
            "any",
            "open",
            "new",
            "do",
            "anything",
            "it",
            "if",
        }
        if not (trading or s.has(j, "buy", "long", "short", "sell", "enter", "entry", "positions")):
            return None
        j += 1
    return None


# --- actions ----------------------------------------------------------------------------------


def _action(c: Context, i: int) -> Item | None:
    """An entry or exit, a limit to one side, or a flip."""
    s = c.s
    label = s.label(i)
    if label in _LIMITS:
        return Item("limit", i, i + 1, _LIMITS[label])
    if label == "flip":
        return Item("flip", i, i + 1)
    if label == "fade":
        return _fade(s, i)
    return _entering(s, i) or _leaving(s, i) or _trading(s, i)


def _entering(s: Sentence, i: int) -> Item | None:
    """`entry long`, `enter`, `buy`, `short`."""
    label = s.label(i)
    side = s.label(i + 1) if s.has(i + 1, "long", "short") else ""
    if label == "entry" or (label == "enter" and side):
        role = _ROLES[side] if side else Role.ENTER
        return Item("act", i, i + 2 if side else i + 1, role)
    entry = label in _ROLES and not label.startswith("exit")
    return Item("act", i, i + 1, _ROLES[label]) if entry else None


def _leaving(s: Sentence, i: int) -> Item | None:
    """`exit`, `exit long`, `close all when`."""
    label = s.label(i)
    if label == "exit" and s.has(i + 1, "long", "short"):
        return Item("act", i, i + 2, _ROLES[f"exit {s.label(i + 1)}"])
    if label == "rest" and s.has(i + 1, "when"):
        return Item("act", i, i + 1, Role.EXIT)
    if label in _ROLES and label.startswith("exit"):
        return Item("act", i, s.skip(i + 1, "positions"), _ROLES[label])
    if label == "close" and s.has(i + 1, "when", "all", "half", "it", "positions", "exit"):
        return Item("act", i, s.skip(i + 1, "all", "it", "positions"), Role.EXIT)
    return None


def _trading(s: Sentence, i: int) -> Item | None:
    """`trade SOL when ...`: an entry whose side is said elsewhere."""
    leads = s.at(i + 1).kind is Kind.SYMBOL or s.has(i + 1, "when", "on")
    if s.at(i).raw in {"trade", "trading"} and leads:
        return Item("act", i, i + 1, Role.ENTER)
    return None


def _fade(s: Sentence, i: int) -> Item:
    """Fading a rise is short, fading a fall is long."""
    down = any(
        s.has(j, "fall", "down", "low", "breakdown", "oversold") for j in range(i + 1, i + 4)
    )
    return Item("act", i, i + 1, Role.LONG if down else Role.SHORT)


# --- entry prices -----------------------------------------------------------------------------


def _entry_price(c: Context, i: int) -> Item | None:
    """`Entry: 61000 - 61500`, `buy at 60k`, `@ 61500`: a zone or a price to trade at."""
    s = c.s
    if not s.has(i, "entry", "enter", "at", "@", "between", "from", "in"):
        return None
    j = _past_entry_words(s, i + 1)
    first = _price(c, j, sure=s.has(i, "entry", "enter", "@"))
    if first is None:
        return None
    end = s.skip(j + 1, "dollars")
    if s.has(end, "-", "to", "and", ",", "/"):
        at = s.skip(end + 1, "dollars")
        if second := _price(c, at, sure=True):
            low, high = sorted((first, second), key=lambda term: term.number)
            return Item("cond", i, s.skip(at + 1, "dollars"), Between(CLOSE, low, high))
    return Item("cond", i, end, _at_price(first))


_ENTRY_LABELS = (
    ":", "at", "@", "=", "is", "between", "dollars", "price", "in", "on", "from", "-", "long",
    "short",
)  # fmt: skip
_ENTRY_WORDS = words("zone range price zones targets buy limit order")


def _past_entry_words(s: Sentence, i: int) -> int:
    start = i
    while s.has(i, *_ENTRY_LABELS) or (s.at(i).raw in _ENTRY_WORDS and i < start + 4):
        i += 1
    return i


_OTHER_UNITS = words("percent times r atr minute hour day candle period am pm positions")


def _price(c: Context, i: int, *, sure: bool) -> Term | None:
    """A price at word `i`; unless `sure`, it must look like one."""
    s = c.s
    value = s.number(i)
    if value is None or value <= 0 or s.label(i + 1) in _OTHER_UNITS:
        return None
    written = s.verbatim(i, i + 1).lower()
    looks = value >= 100 or "k" in written or s.has(i - 1, "dollars") or s.has(i + 1, "dollars")
    if not (sure or looks or "." in written):
        return None
    return number(value)


def _at_price(price: Term) -> Condition:
    note = f"An entry at {price.text} is a candle that trades at that price."
    return with_note(both(Compare(_LOW, "<=", price), Compare(_HIGH, ">=", price)), note)


# --- conditions -------------------------------------------------------------------------------


def _condition(c: Context, i: int) -> Item | None:
    found = whole_condition(c, i)
    return Item("cond", i, found[1], found[0]) if found else None


def _timeframe(c: Context, i: int) -> Item | None:
    """A timeframe that stands for itself: `on the 15m`, `1h chart`, `5 min candles`."""
    s = c.s
    j = s.skip(i, "on", "in", "chart", "@", "candle", "with")
    frame = timeframe(s, s.skip(j, ":", "="))
    if frame is None or _is_duration(s, i) or s.has(frame[1], *_MEASURED):
        return None
    if s.at(frame[1] - 1).raw in {"day", "days", "week", "weeks"} and frame[0] not in TIMEFRAMES:
        return None
    spoken = s.at(frame[1] - 1).raw in {"minutes", "hours", "days", "weeks"}
    if (s.has(i, "in") or s.has(i - 1, "in")) and spoken and not s.has(frame[1], "chart", "candle"):
        return None
    end = s.skip(frame[1], "chart", "candle")
    return Item("timeframe", i, end, frame[0])


_MEASURED = ("high", "low", "highest", "lowest", "range", "change", "average", "volume")


def _is_duration(s: Sentence, i: int) -> bool:
    """Whether the time at `i` is how long, and not which candles: `after 4 hours`, `for 2 days`."""
    before = s.at(i - 1).raw
    return s.has(i - 1, "after", "last", "through", "inside", "before", "until") or before in {
        "for", "every", "hold", "wait", "per", "max", "within", "over", "ago", "next", "least",
    }  # fmt: skip


def _stray(c: Context, i: int) -> Item | None:
    """A stop or target whose level can't be read: its words are no condition."""
    s = c.s
    if not s.has(i, "stop", "target", "trail") or s.at(i).raw in {"profit", "stops"}:
        return None
    end = clause_end(s, i + 1)
    while end > i + 1 and s.has(end - 1, "and", "with", "when"):
        end -= 1
    return Item("stray", i, end, s.label(i))


_READERS: tuple[Callable[[Context, int], Item | None], ...] = (
    refusal, managing, _nothing, window, breakeven, trailing, stop, way_out, risk, targets,
    positions, _entry_price, _mirror, _conditional, size, leverage, _stray, _condition, _action,
    _timeframe,
)  # fmt: skip
