"""The catalogue: every data point that rules, prompts and help know by name."""

from collections.abc import Mapping
from types import MappingProxyType

from rapidfuzz import fuzz, process

from agents.extraction import (
    longtail,
    market,
    momentum,
    patterns,
    session,
    structure,
    trend,
    volatility,
    volume,
)
from agents.extraction.datapoint import Category, DataPoint, Parameter

__all__ = [
    "CATALOGUE",
    "Category",
    "DataPoint",
    "Parameter",
    "lookup",
    "names",
    "refusal",
    "suggest",
]

_FAMILIES = (trend, momentum, volatility, volume, structure, patterns, session, market)
_LIKELY = 60.0  # percent of likeness below which a name is no suggestion

CATALOGUE: Mapping[str, DataPoint] = MappingProxyType(
    {row.name: row for family in _FAMILIES for row in family.ROWS}
)


def lookup(name: str) -> DataPoint | None:
    """The data point of that name, from the catalogue or else from pandas-ta."""
    return CATALOGUE.get(name) or longtail.lookup(name)


def refusal(name: str) -> str | None:
    """Why a pandas-ta indicator of that name is not on offer; None when nothing bars it."""
    return None if name in CATALOGUE else longtail.REFUSED.get(name)


def names() -> tuple[str, ...]:
    """The names of the catalogue's own rows, by family."""
    return tuple(CATALOGUE)


def suggest(name: str) -> tuple[str, ...]:
    """Up to three known names that are spelt like `name`, the likeliest first."""
    known = (*CATALOGUE, *longtail.names())
    found = process.extract(name.lower(), known, scorer=fuzz.ratio, limit=3, score_cutoff=_LIKELY)
    return tuple(choice for choice, _, _ in found)
