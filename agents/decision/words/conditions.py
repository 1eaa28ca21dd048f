"""Conditions that a sentence states: they know their rule text, their mirror and their lean."""

from dataclasses import dataclass, replace
from typing import Protocol

from agents.decision.words.terms import Operand, Term, mirrored_threshold

_REVERSED = {
    "<": ">", ">": "<", "<=": ">=", ">=": "<=", "crosses above": "crosses below",
    "crosses below": "crosses above", "=": "=",
}  # fmt: skip
_RISING = frozenset({">", ">=", "crosses above", "rising"})


class Condition(Protocol):
    """A condition whose text is made when the strategy's timeframe is known."""

    @property
    def notes(self) -> tuple[str, ...]: ...

    def render(self, main: str | None) -> str: ...

    def on(self, timeframe: str) -> "Condition":
        """The same on a higher timeframe."""

    def mirrored(self) -> "Condition | None":
        """What the other side of the market would ask; None when nobody can tell."""

    def sided(self, long: bool) -> "Condition":
        """With what depends on the side decided."""

    @property
    def lean(self) -> int:
        """+1 where it speaks for a long, -1 for a short, 0 where it does not tell."""


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`; op `crosses` and `breaks` await the side."""

    left: Operand
    op: str
    right: Operand
    notes: tuple[str, ...] = ()

    def render(self, main: str | None) -> str:
        return f"{self.left.render(main)} {self.op} {self.right.render(main)}"

    def on(self, timeframe: str) -> "Compare":
        return replace(self, left=self.left.on(timeframe), right=self.right.on(timeframe))

    def mirrored(self) -> "Compare | None":
        op = _REVERSED.get(self.op, self.op)
        if self.right.is_number and isinstance(self.right, Term):
            if self.left.scale in {"volume", "ratio", "strength", "free"}:
                return self
            right = mirrored_threshold(self.right, self.left.scale)
            if right is None:
                return None
            return replace(self, left=self.left.mirrored(), op=op, right=right)
        if self.left.scale in {"ratio", "free"} or self.right.scale in {"ratio", "free"}:
            return self
        if self.left.scale == self.right.scale == "volume" and "obv" not in self.render(None):
            return self
        return replace(self, left=self.left.mirrored(), op=op, right=self.right.mirrored())

    def sided(self, long: bool) -> "Compare":
        if self.op not in {"crosses", "hits"}:
            return self
        up = long
        if self.op == "hits":
            return replace(self, op="<=" if long else ">=")
        return replace(self, op="crosses above" if up else "crosses below")

    @property
    def lean(self) -> int:
        if self.op in {"crosses", "hits", "="}:
            return 0
        told = not self.right.is_number or (
            self.left.scale == "zero" and self.right.render(None) == "0"
        )
        if not told or "volume" in {self.left.scale, self.right.scale}:
            return 0
        return 1 if self.op in _RISING else -1


@dataclass(frozen=True, slots=True)
class Between:
    """`left between low and high`, both ends included."""

    left: Operand
    low: Operand
    high: Operand
    notes: tuple[str, ...] = ()
    lean = 0

    def render(self, main: str | None) -> str:
        low, high = self.low.render(main), self.high.render(main)
        return f"{self.left.render(main)} between {low} and {high}"

    def on(self, timeframe: str) -> "Between":
        return replace(
            self,
            left=self.left.on(timeframe),
            low=self.low.on(timeframe),
            high=self.high.on(timeframe),
        )

    def mirrored(self) -> "Between | None":
        if self.left.scale in {"ratio", "strength", "free", "volume"}:
            return self
        if not (isinstance(self.low, Term) and isinstance(self.high, Term)):
            return None
        low = mirrored_threshold(self.high, self.left.scale) if self.high.is_number else None
        high = mirrored_threshold(self.low, self.left.scale) if self.low.is_number else None
        return replace(self, low=low, high=high) if low and high else None

    def sided(self, long: bool) -> "Between":
        return self


@dataclass(frozen=True, slots=True)
class Slope:
    """`term rising n` or `term falling n`."""

    term: Operand
    rising: bool
    count: int = 1
    notes: tuple[str, ...] = ()

    def render(self, main: str | None) -> str:
        return f"{self.term.render(main)} {'rising' if self.rising else 'falling'} {self.count}"

    def on(self, timeframe: str) -> "Slope":
        return replace(self, term=self.term.on(timeframe))

    def mirrored(self) -> "Slope":
        if (
            self.term.scale in {"volume", "ratio", "strength", "free"}
            and self.term.render(None) != "obv"
        ):
            return self
        return replace(self, term=self.term.mirrored(), rising=not self.rising)

    def sided(self, long: bool) -> "Slope":
        return self

    @property
    def lean(self) -> int:
        if self.term.scale in {"volume", "ratio", "strength", "free"}:
            return 0
        return 1 if self.rising else -1


@dataclass(frozen=True, slots=True)
class Every:
    """Parts joined by `and` or `or`."""

    word: str
    parts: tuple[Condition, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for part in self.parts for note in part.notes)

    def render(self, main: str | None) -> str:
        return f" {self.word} ".join(self._inner(part, main) for part in self.parts)

    def _inner(self, part: Condition, main: str | None) -> str:
        looser = isinstance(part, Every) and part.word != self.word
        return f"({part.render(main)})" if looser else part.render(main)

    def on(self, timeframe: str) -> "Every":
        return replace(self, parts=tuple(part.on(timeframe) for part in self.parts))

    def mirrored(self) -> "Every | None":
        parts = [part.mirrored() for part in self.parts]
        whole = tuple(part for part in parts if part is not None)
        return replace(self, parts=whole) if len(whole) == len(parts) else None

    def sided(self, long: bool) -> "Every":
        return replace(self, parts=tuple(part.sided(long) for part in self.parts))

    @property
    def lean(self) -> int:
        leans = {part.lean for part in self.parts} - {0}
        return leans.pop() if len(leans) == 1 else 0


@dataclass(frozen=True, slots=True)
class Negated:
    """`not (...)`."""

    part: Condition

    @property
    def notes(self) -> tuple[str, ...]:
        return self.part.notes

    def render(self, main: str | None) -> str:
        return f"not ({self.part.render(main)})"

    def on(self, timeframe: str) -> "Negated":
        return replace(self, part=self.part.on(timeframe))

    def mirrored(self) -> "Negated | None":
        part = self.part.mirrored()
        return Negated(part) if part is not None else None

    def sided(self, long: bool) -> "Negated":
        return replace(self, part=self.part.sided(long))

    @property
    def lean(self) -> int:
        return -self.part.lean


@dataclass(frozen=True, slots=True)
class Literal:
    """A rule that was written in the rule language; it stays as it is."""

    text: str
    notes: tuple[str, ...] = ()
    lean = 0

    def render(self, main: str | None) -> str:
        return self.text

    def on(self, timeframe: str) -> "Literal":
        return self

    def mirrored(self) -> None:
        return None

    def sided(self, long: bool) -> "Literal":
        return self


@dataclass(frozen=True, slots=True)
class Sided:
    """A condition that looks one way for longs and the other for shorts (`touches the band`)."""

    long: Condition
    short: Condition
    lean = 0

    @property
    def notes(self) -> tuple[str, ...]:
        return self.long.notes

    def render(self, main: str | None) -> str:
        return self.long.render(main)

    def on(self, timeframe: str) -> "Sided":
        return Sided(self.long.on(timeframe), self.short.on(timeframe))

    def mirrored(self) -> "Condition | None":
        return Sided(self.short, self.long)

    def sided(self, long: bool) -> Condition:
        return self.long if long else self.short


def notes_of(condition: Condition) -> tuple[str, ...]:
    """Every assumption in a condition, those of its operands first."""
    found: list[str] = []
    for name in ("left", "right", "low", "high", "term"):
        found += getattr(getattr(condition, name, None), "notes", ())
    for part in getattr(condition, "parts", ()):
        found += notes_of(part)
    for name in ("part", "long"):
        if (inner := getattr(condition, name, None)) is not None:
            found += notes_of(inner)
    return tuple(dict.fromkeys((*found, *condition.notes)))


def both(*parts: Condition) -> Condition:
    return parts[0] if len(parts) == 1 else Every("and", flat("and", parts))


def flat(word: str, parts: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """`parts` without needless nesting: (a and b) and c is a and b and c."""
    found: list[Condition] = []
    for part in parts:
        found += part.parts if isinstance(part, Every) and part.word == word else (part,)
    return tuple(found)


def with_note(condition: Condition, note: str) -> Condition:
    """`condition` with one more assumption to tell."""
    if isinstance(condition, Compare | Between | Slope | Literal):
        return replace(condition, notes=(*condition.notes, note))
    return Noted(condition, note)


@dataclass(frozen=True, slots=True)
class Noted:
    """A compound condition with an assumption of its own."""

    part: Condition
    note: str

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.part.notes, self.note)

    def render(self, main: str | None) -> str:
        return self.part.render(main)

    def on(self, timeframe: str) -> "Noted":
        return replace(self, part=self.part.on(timeframe))

    def mirrored(self) -> "Noted | None":
        part = self.part.mirrored()
        return replace(self, part=part) if part is not None else None

    def sided(self, long: bool) -> "Noted":
        return replace(self, part=self.part.sided(long))

    @property
    def lean(self) -> int:
        return self.part.lean


@dataclass(frozen=True, slots=True)
class OnTimeframe:
    """A condition with a timeframe beside it, which may be the strategy's own or a higher one."""

    part: Condition
    timeframe: str

    @property
    def notes(self) -> tuple[str, ...]:
        return self.part.notes

    def render(self, main: str | None) -> str:
        part = self.part if main == self.timeframe else self.part.on(self.timeframe)
        return part.render(main)

    def on(self, timeframe: str) -> "OnTimeframe":
        return self

    def mirrored(self) -> "OnTimeframe | None":
        part = self.part.mirrored()
        return replace(self, part=part) if part is not None else None

    def sided(self, long: bool) -> "OnTimeframe":
        return replace(self, part=self.part.sided(long))

    @property
    def lean(self) -> int:
        return self.part.lean
