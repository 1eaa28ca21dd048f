"""Targets as people say them: levels, shares, ratios of risk to reward."""

from decimal import Decimal

from agents.decision.words.context import Context
from agents.decision.words.items import Item, Level, TargetLevel, multiple
from agents.decision.words.levels import distance, level, past_fillers, ratio
from agents.decision.words.tokens import Kind

SHARES = {
    "half": Decimal("0.5"),
    "third": Decimal("0.3333"),
    "quarter": Decimal("0.25"),
    "all": Decimal(1),
}


def targets(c: Context, i: int) -> Item | None:
    """`tp 3%`, `targets 1% (50%) and 2% (rest)`, `half at 1.5R, rest at 3R`, `rr 1:3`."""
    return _risk_reward(c, i) or _labelled(c, i) or _shared(c, i) or _suffixed(c, i)


def _risk_reward(c: Context, i: int) -> Item | None:
    s = c.s
    if s.has(i, "rr"):
        j = s.skip(past_fillers(c, i + 1), "at least")
        found = level(c, j)
        if found is None and (value := s.number(j)) is not None:
            found = multiple(value), s.skip(j + 1, "times")
        if found and "R" in found[0].text:
            return Item("target", i, found[1], (TargetLevel(found[0]),))
        return None
    found = ratio(c, i) or (distance(c, i) if s.has(i + 1, ":") else None)
    if found and s.has(found[1], "rr", "risk") and "R" in found[0].text:
        return Item("target", i, found[1] + 1, (TargetLevel(found[0]),))
    return None


def _labelled(c: Context, i: int) -> Item | None:
    """Everything after a word for target: one level or several."""
    s = c.s
    if not s.has(i, "target"):
        return None
    found: list[TargetLevel] = []
    end, j = (
        i + 1,
        past_fillers(c, s.skip(_past_number(c, i + 1), "hit", "above", "at least", "rise")),
    )
    while len(found) < 12:
        one = _one_target(c, j, found)
        if one is None:
            break
        found.append(one[0])
        end = one[1]
        j = _next_target(c, end)
    return Item("target", i, _past_equal(c, end), tuple(found)) if found else None


def _past_equal(c: Context, i: int) -> int:
    """Past `equal parts`, `equally`, `each`, which say what is taken anyway."""
    s = c.s
    j = s.skip(i, ",", "in", "(")
    if s.has(j, "=") or s.at(j).raw in {"equally", "evenly", "each", "split"}:
        j += 1
        while s.at(j).raw in {
            "parts",
            "shares",
            "split",
            "portions",
            "each",
            "equally",
            "evenly",
            "sized",
        }:
            j += 1
        return s.skip(j, ")")
    return i


def _past_number(c: Context, i: int) -> int:
    """Past the 1 of `tp1`, `target 1:`, `TP 2 -`; not past the value of `tp 2%`."""
    s = c.s
    value = s.number(i)
    if value is None or value > 9 or value != int(value):
        return i
    followed = s.number(i + 1) is not None and not s.at(i + 1).glued
    marked = s.has(i + 1, ":", ")", "-", ".", "=", "at") or s.has(i + 1, "dollars")
    if (s.at(i).glued and not s.has(i + 1, "percent", "r", "atr", "times")) or marked or followed:
        return s.skip(i + 1, ":", ")", "-", ".", "=", "at")
    return i


def _next_target(c: Context, i: int) -> int:
    s = c.s
    j = s.skip(i, ",", "/", "and", ";", "|", "then", "-", "&")
    if s.has(j, "\n") and s.has(j + 1, "target"):
        j += 1
    if s.has(j, "target"):
        return past_fillers(c, _past_number(c, j + 1))
    return j


def _one_target(c: Context, i: int, before: list[TargetLevel]) -> tuple[TargetLevel, int] | None:
    s = c.s
    if shared := target_of_share(c, i):
        return shared
    found = level(c, i)
    if found is None or _claimed(c, found[1]):
        return None
    if s.has(found[1], "target") and before and not s.has(found[1] - 1, "percent"):
        return None
    share, rest, end = _share_after(c, found[1], found[0])
    return TargetLevel(found[0], share, rest), end


def _claimed(c: Context, i: int) -> bool:
    """Whether the word at `i` claims the number before it: `1% stop`, but not `6% trail 2%`."""
    s = c.s
    if not s.has(i, "stop", "risk", "trail", "leverage", "per trade"):
        return False
    after = past_fillers(c, i + 1)
    if s.has(i, "leverage") and s.number(after) is not None:
        return False
    own = level(c, after)
    return own is None or (own[1] != i + 1 and s.has(own[1], "target"))


def _share_after(c: Context, i: int, at: Level) -> tuple[Decimal | None, bool, int]:
    """`(50%)`, `30%`, `for half`, `(rest)` after a level."""
    s = c.s
    bracket = s.has(i, "(", "[")
    j = i + 1 if bracket else s.skip(i, "for", "on", "close", "exit", "sell", "x", "@")
    share, rest, end = _share(c, j, sure=bracket or j > i or not at.text.endswith("%"))
    if share is None and not rest:
        return None, False, i
    return share, rest, s.skip(end, ")", "]") if bracket else end


def _share(c: Context, i: int, *, sure: bool) -> tuple[Decimal | None, bool, int]:
    """A share at word `i`; per cents that may be a level too must be large unless `sure`."""
    s = c.s
    if s.has(i, "rest"):
        return None, True, i + 1
    if s.label(i) in SHARES and not s.has(i + 1, "at"):
        return SHARES[s.label(i)], False, _past_position(c, i + 1)
    value = s.number(i)
    if value is None or not s.has(i + 1, "percent") or not 0 < value <= 100:
        return None, False, i
    if not (sure or value >= 20) or s.has(i + 2, "stop", "risk", "trail", "at"):
        return None, False, i
    return value / 100, False, _past_position(c, i + 2)


def _past_position(c: Context, i: int) -> int:
    s = c.s
    j = s.skip(i, "off", "out", "in")
    return j + 1 if s.has(j, "positions", "size") else j if s.at(i).raw in {"off", "out"} else i


def target_of_share(c: Context, i: int) -> tuple[TargetLevel, int] | None:
    """`half at 1.5R`, `30% at 1R`, `the rest at 3R`, `1/3 off at 1R`."""
    s = c.s
    share, rest, j = None, False, i
    if s.has(i, "rest"):
        rest, j = True, i + 1
    elif s.label(i) in SHARES:
        share, j = SHARES[s.label(i)], i + 1
    elif s.number(i) == 1 and s.has(i + 1, "/") and s.number(i + 2) in {2, 3, 4, 5}:
        share, j = round(1 / s.at(i + 2).value, 4), i + 3
    elif (value := s.number(i)) is not None and s.has(i + 1, "percent") and 0 < value <= 100:
        share, j = value / 100, i + 2
    if j == i:
        return None
    skipped = s.skip(
        j, "positions", "size", "profit", "out", "off", "it", "in", "target", "on", "of"
    )
    while s.at(skipped).raw in {"out", "off", "profit", "profits", "closed", "gets"}:
        skipped += 1
    if not s.has(skipped, "at", "@", "to", "when", "after", "above", ":") and not rest:
        return None
    found = level(c, past_fillers(c, skipped))
    if found is None or s.has(found[1], "stop", "trail"):
        return None
    return TargetLevel(found[0], share, rest), found[1]


def _shared(c: Context, i: int) -> Item | None:
    """Shares without the word target."""
    found = target_of_share(c, i)
    return Item("target", i, found[1], (found[0],)) if found else None


def _suffixed(c: Context, i: int) -> Item | None:
    """`2R target`, `5% tp`, and a bare `3R`."""
    s = c.s
    if s.at(i).kind not in {Kind.NUMBER, Kind.TIME}:
        return None
    found = level(c, i)
    if found is None:
        return None
    if s.has(found[1], "target"):
        return Item("target", i, found[1] + 1, (TargetLevel(found[0]),))
    if found[0].text.endswith("R") and s.has(i + 1, "r"):
        return Item("target", i, found[1], (TargetLevel(found[0]),))
    return None


def way_out(c: Context, i: int) -> Item | None:
    """`sell at +4%`, `cover at 1.5%`, `exit at the upper band`, `close at 2R`."""
    s = c.s
    if not s.has(i, "exit", "exit long", "exit short", "sell", "close"):
        return None
    j = s.skip(i + 1, "it", "all", "positions")
    if shared := target_of_share(c, j):
        return Item("target", i, shared[1], (shared[0],))
    at = s.skip(j, "at", "@", "for", "in")
    if at == j and not s.has(j, "+"):
        return None
    found = level(c, at)
    if found is None or (s.has(i, "close") and found[0].operand is not None):
        return None
    return Item("target", i, found[1], (TargetLevel(found[0]),))
