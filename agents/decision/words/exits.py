"""Stop, targets and trailing as canonical levels."""

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from agents.decision.rules import parse_stop, parse_target_level, parse_trailing
from agents.decision.words.draft import Draft
from agents.decision.words.items import Breakeven, Item, Level, TargetLevel
from agents.decision.words.reading import shortened
from agents.decision.words.terms import Offset
from agents.domain.errors import RuleError
from agents.domain.money import ZERO
from agents.domain.strategy import Target

STOP_CHOICES = ("Stop 1%", "Stop 2%", "Stop 1.5 ATR", "Stop below the 10 candle low")
TARGET_CHOICES = ("Target 2R", "Target 3R", "Trail 2%", "No target")
_MOST_TARGETS = 5
_CENT = Decimal("0.0001")


def stop(draft: Draft, wanted: set[bool], main: str | None) -> str | None:
    """The stop of the sides wanted, asked for when none was said."""
    found = draft.of("stop")
    if len(found) > 1:
        others = ", ".join(f"“{draft.verbatim(item)}”" for item in found)
        texts = {item.value.render(main) for item in found}
        if len(texts) > 1:
            draft.ask(
                "stop",
                f"Several stops were said: {others}. I take the first; which one is it?",
                essential=False,
            )
    if not found:
        return _no_stop(draft)
    level = _worded(found[0].value)
    draft.note(*level.notes)
    text = _sided(draft, level, wanted, main)
    try:
        return str(parse_stop(text, main))
    except RuleError as wrong:
        draft.ask("stop", f"I can't use the stop “{shortened(text)}”: {wrong}", *STOP_CHOICES)
        draft.leave(draft.verbatim(found[0]))
        return None


def _worded(level: Level) -> Level:
    """A stop at a low is said to be below it, one at a high above, as cards show them."""
    text = level.operand.render(None) if level.operand is not None and not level.word else ""
    if text.startswith(("lowest(", "low", "prev_day.low")):
        return replace(level, word="below")
    return replace(level, word="above") if text.startswith(("high", "prev_day.high")) else level


def _no_stop(draft: Draft) -> str | None:
    if trail := draft.first("trail"):
        text: str = trail.value.text
        draft.note(f"The trailing distance of {text} is also the first stop.")
        return text
    if draft.first("no stop"):
        draft.ask(
            "stop",
            "A strategy without a stop is not traded here: the stop decides the size. Where is the"
            " stop?",
            *STOP_CHOICES,
        )
    else:
        draft.ask(
            "stop",
            "Where is the stop? For example 1%, 1.5 ATR, or below the 10 candle low.",
            *STOP_CHOICES,
        )
    return None


def _from_close(level: Level) -> bool:
    """Whether a level is a distance from the close, which lies on the side of a long's stop."""
    return isinstance(level.operand, Offset) and level.operand.base.text == "close"


def _sided(draft: Draft, level: Level, wanted: set[bool], main: str | None) -> str:
    """One text for both sides, or `long ..., short ...` where they differ."""
    if wanted == {False} and _from_close(level):
        level = level.mirrored() or level
    if level.other is not None:
        return f"long {level.render(main)}, short {level.other.render(main)}"
    if len(wanted) < 2:
        return level.render(main)
    other = level.mirrored()
    if other is None:
        draft.ask(
            "stop",
            f"Is the stop at {level.render(main)} for longs or for shorts? The other side needs its"
            " own.",
        )
        return level.render(main)
    one, two = level.render(main), other.render(main)
    if one == two:
        return one
    above = level.word == "above" or ((not level.word and "high" in one) or "upper" in one)
    pair = (two, one) if above else (one, two)
    draft.note(f"The stop is mirrored: longs {pair[0]}, shorts {pair[1]}.")
    return f"long {pair[0]}, short {pair[1]}"


# --- targets ----------------------------------------------------------------------------------


def targets(draft: Draft, wanted: set[bool], main: str | None) -> tuple[Target, ...]:
    """The targets in the order said, with shares that are stated where nobody said them."""
    said = [(item, one) for item in draft.of("target") for one in item.value]
    levels: list[tuple[str, TargetLevel]] = []
    for item, one in said:
        text = _target_text(draft, item, one.level, wanted, main)
        if text is not None and text not in [known for known, _ in levels]:
            levels.append((text, one))
    for text, _ in levels[_MOST_TARGETS:]:
        draft.leave(f"target {text}")
    if len(levels) > _MOST_TARGETS:
        draft.ask(
            "targets",
            f"{_MOST_TARGETS} targets are the most; I left the last ones out.",
            essential=False,
        )
    levels = levels[:_MOST_TARGETS]
    shares = _shares(draft, [one for _, one in levels])
    return tuple(
        Target(at=text, share=share) for (text, _), share in zip(levels, shares, strict=True)
    )


def _target_text(
    draft: Draft, item: Item, level: Level, wanted: set[bool], main: str | None
) -> str | None:
    draft.note(*level.notes)
    opposite = wanted == {False} and draft.s.has(item.end - 2, "mirror")
    if opposite or (wanted == {True} and _from_close(level)):
        level = level.mirrored() or level
    text = level.render(main)
    if len(wanted) == 2 and level.operand is not None:
        other = level.mirrored()
        if other is not None and other.render(main) != text:
            draft.ask(
                "targets",
                f"The target {text} suits one side only; where do the others take profit?",
                *TARGET_CHOICES[:2],
            )
            draft.leave(draft.verbatim(item))
            return None
    try:
        return str(parse_target_level(text, main))
    except RuleError as wrong:
        draft.ask(
            "targets",
            f"I can't use the target “{shortened(text)}”: {wrong}",
            *TARGET_CHOICES,
            essential=False,
        )
        draft.leave(draft.verbatim(item))
        return None


def _shares(draft: Draft, said: list[TargetLevel]) -> list[Decimal]:
    """The share of each target: as said, the rest, or equal parts of what is left."""
    if not said:
        return []
    fixed = sum((one.share for one in said if one.share is not None), Decimal(0))
    open_ = [one for one in said if one.share is None]
    if not open_ and Decimal("0.998") <= fixed < 1:  # thirds
        return [*(one.share or ZERO for one in said[:-1]), (said[-1].share or ZERO) + 1 - fixed]
    if fixed > 1 or (open_ and fixed >= 1):
        draft.ask(
            "targets",
            "The shares of the targets come to more than the whole position; how is it split?",
            "Equal parts",
        )
        return _equal(Decimal(1), len(said))
    left = _equal(1 - fixed, len(open_)) if open_ else []
    if len(open_) > 1:
        draft.note(f"Each of the {len(open_)} targets closes an equal share of the position.")
    elif len(said) > 1 and len(open_) == 1 and not open_[0].rest:
        draft.note(f"The target without a share closes the remaining {_percent(1 - fixed)}.")
    if not open_ and fixed < 1:
        way = "the trail" if draft.first("trail") else "stop or exit"
        draft.note(f"The remaining {_percent(1 - fixed)} of the position is closed by {way}.")
    shares = iter(left)
    return [one.share if one.share is not None else next(shares) for one in said]


def _equal(whole: Decimal, count: int) -> list[Decimal]:
    part = (whole / count).quantize(_CENT, ROUND_DOWN)
    return [*[part] * (count - 1), (whole - part * (count - 1)).normalize() + 0]


def _percent(share: Decimal) -> str:
    return f"{float(share * 100):.4g} %"


# --- trailing ---------------------------------------------------------------------------------


def trailing(draft: Draft, stop_text: str | None, found: tuple[Target, ...]) -> str | None:
    """The trailing text: a distance, a move to break-even, or both."""
    if stated := draft.first("trailing"):
        return str(stated.value)
    parts: list[str] = []
    for item in (*draft.of("trail")[1:], *draft.of("breakeven")[1:]):
        draft.leave(draft.verbatim(item))
    if trail := draft.first("trail"):
        parts.append(f"trail {trail.value.text}")
        _start_of_trail(draft, trail)
    if even := draft.first("breakeven"):
        after = _after(draft, even.value, stop_text, found)
        if after is None:
            draft.ask(
                "trailing",
                "After how many R does the stop move to break-even?",
                "Break-even after 1R",
                essential=False,
            )
            draft.leave(draft.verbatim(even))
        else:
            parts.append(f"breakeven after {after}R")
    if not parts:
        return None
    try:
        return str(parse_trailing("; ".join(parts)))
    except RuleError as wrong:
        draft.ask("trailing", f"I can't use “{'; '.join(parts)}”: {wrong}", essential=False)
        draft.leave("; ".join(parts))
        return None


def _start_of_trail(draft: Draft, trail: Item) -> None:
    """A trail starts with the trade; a later start that was said is told."""
    said = draft.verbatim(trail)
    if any(word in said.lower() for word in (" after", " once", " when", " from", " at ", " in ")):
        draft.note(
            f"“{shortened(said)}”: the trail starts with the trade; a later start can't be set."
        )


def _after(
    draft: Draft, even: Breakeven, stop_text: str | None, found: tuple[Target, ...]
) -> str | None:
    """The R multiple at which the stop moves to the entry."""
    if even.multiple is not None:
        return f"{even.multiple.normalize():f}"
    if even.percent is not None:
        return _as_multiple(f"{even.percent}%", stop_text)
    if even.target and even.target <= len(found):
        return _as_multiple(found[even.target - 1].at, stop_text)
    if even.target:
        return None
    draft.note("The stop moves to break-even after 1R.")
    return "1"


def _as_multiple(at: str, stop_text: str | None) -> str | None:
    if at.endswith("R"):
        return at.removesuffix("R")
    for unit in ("%", " atr"):
        if at.endswith(unit) and stop_text and stop_text.endswith(unit):
            ratio = Decimal(at.removesuffix(unit)) / Decimal(stop_text.removesuffix(unit))
            return f"{round(ratio, 2).normalize():f}"
    return None
