"""What is kept and said of a judged signal: its pillars with the data points they came from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.decision.pillars import Pillar, Pillars
from agents.domain.heard import Heard
from agents.domain.ports import Memory
from agents.execution.figures import significant

NO_MODEL = "No model was asked: the pillars and your settings alone decided."
BY_PILLARS = "four pillars"  # who advised, where no model did
_SHORT = {"structure and volatility": "structure"}
_POINTS = 4  # named with each pillar
_WORDS = 90  # characters of a signal's text
_TITLE = 60  # characters of a group's title


@dataclass(frozen=True, slots=True)
class Scored:
    """The pillars as they were found, with the price that they were held against."""

    pillars: Pillars
    price: Decimal
    notes: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "score": self.pillars.score,
            "side": self.pillars.side.value,
            "pillars": self.pillars.as_json(),
            "price": str(self.price),
            "notes": list(self.notes),
        }


def brief(stored: Mapping[str, Any]) -> str:
    """`score 64 (trend 70, momentum 55, volume 61, structure 68)` of a stored verdict; empty
    where nothing was scored."""
    if "pillars" not in stored:
        return ""
    parts = (f"{_named(one['name'])} {_score(one['score'])}" for one in stored["pillars"])
    return f"score {_score(stored['score'])} ({', '.join(parts)})"


def pillar_scores(pillars: Iterable[Pillar]) -> str:
    """`Trend 70 · Momentum 55 · Volume 61 · Structure 68`."""
    return " · ".join(
        f"{_named(one.name.value).capitalize()} {_score(one.score)}" for one in pillars
    )


def pillar_lines(pillars: Iterable[Pillar]) -> tuple[str, ...]:
    """`Trend 70: close 2,410, ema(50) 2,380 …` for each pillar."""
    return tuple(_line(one.name.value, one.score, _values(one)) for one in pillars)


def _values(pillar: Pillar) -> dict[str, float | None]:
    return {name: value for one in pillar.readings for name, value in one.values.items()}


def _line(name: str, score: float | None, values: Mapping[str, float | None]) -> str:
    known = [f"{point} {_number(value)}" for point, value in values.items() if value is not None]
    unknown = [point for point, value in values.items() if value is None]
    parts = [", ".join(known[:_POINTS])] if known else []
    if unknown:
        parts.append(f"unknown: {', '.join(unknown[:_POINTS])}")
    return f"{_named(name).capitalize()} {_score(score)}: {'; '.join(parts)}"


def _named(name: str) -> str:
    return _SHORT.get(name, name)


def _score(score: float | None) -> str:
    return "unknown" if score is None else f"{score:.0f}"


def _number(value: float) -> str:
    return significant(Decimal(repr(value)), 5)


def quoted(words: str) -> str:
    """A signal's text on one line, short enough to be said back."""
    line = " ".join(words.split())
    return f"“{line[: _WORDS - 1]}…”" if len(line) > _WORDS else f"“{line}”"


async def source_of(memory: Memory, heard: Heard) -> str:
    """Where a signal came from, for a person; a group by its title while it is listened to."""
    if heard.place is None:
        return _named_source(heard)
    listens = await memory.heard.listens(heard.owner_id)
    titles = (" ".join(one.title.split()) for one in listens if one.place == heard.place)
    return next((title[:_TITLE] for title in titles if title), "a group")


def _named_source(heard: Heard) -> str:
    kind, _, rest = heard.source.partition(":")
    return {
        "forwarded": f"a message of {rest}" if rest else "a forwarded message",
        "pasted": "what you sent",
        "hook": f"webhook {rest}",
    }.get(kind, heard.source)
