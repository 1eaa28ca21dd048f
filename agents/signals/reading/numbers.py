"""Numbers as people write prices: 1,234.5 · 0.00001234 · 60k · 3663,10 · 1.234,56."""

import re
from decimal import Decimal, InvalidOperation

_LONGEST = 24  # characters; no price needs more
_HIGHEST = Decimal(10) ** 12
_SMALLEST = Decimal("1e-18")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[,'’]\d{3})+(?:\.\d+)?")
_DOTTED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}")
_PLAIN = re.compile(r"\d*\.?\d+(?:[eE][-+]?\d{1,2})?")
_COMMA = re.compile(r"\d{1,3},\d+|\d+,\d{1,2}")  # 60000,59000 are two


def number(raw: str, *, comma_is_point: bool = False) -> Decimal | None:
    """The value of `raw`; None when it is no number that a price can be.

    A comma before three digits parts thousands unless `comma_is_point`: the text's other numbers
    tell.
    """
    if len(raw) > _LONGEST:
        return None
    if _DOTTED.fullmatch(raw):
        raw = raw.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(raw) and not (comma_is_point and raw.count(",") == 1):
        raw = re.sub("[,'’]", "", raw)
    elif comma_is_point and _COMMA.fullmatch(raw):
        raw = raw.replace(",", ".")
    if not _PLAIN.fullmatch(raw):
        return None
    return _bounded(raw)


def _bounded(raw: str) -> Decimal | None:
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return None
    if value and not _SMALLEST <= value < _HIGHEST:
        return None
    return value


def points_by_comma(numbers: list[str]) -> bool:
    """Whether a text writes its decimal point as a comma: more of its numbers do than not."""
    commas = [raw for raw in numbers if "," in raw and not _GROUPED.fullmatch(raw)]
    pointed = sum(_COMMA.fullmatch(raw) is not None for raw in commas)
    dots = [raw for raw in numbers if "." in raw and not _DOTTED.fullmatch(raw)]
    listed = any("," in raw and not _GROUPED.fullmatch(raw) for raw in dots)  # 0.5,0.6
    return pointed > sum("," not in raw for raw in dots) and not listed
