"""What the reader finds in a sentence, piece by piece, before it is put together."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from agents.decision.words.conditions import Condition
from agents.decision.words.terms import Offset, Operand, Term, plain
from agents.domain.strategy import Window


@dataclass(frozen=True, slots=True)
class Level:
    """A stop or target: `text` in the rule language, or an operand that waits for its timeframe.

    `word` is `below` or `above` as it was said. `other` is the level of the other side, where
    the user named one for each.
    """

    text: str = ""
    operand: Operand | None = None
    word: str = ""
    notes: tuple[str, ...] = ()
    other: "Level | None" = None

    def render(self, main: str | None) -> str:
        if self.operand is None:
            return self.text
        value = self.operand.render(main, keep_present=True)
        return f"{self.word} {value}" if self.word else value

    def mirrored(self) -> "Level | None":
        """The same for the other side; None for a fixed price."""
        if self.text.startswith("price"):
            return None
        if self.operand is None:
            return self
        word = {"below": "above", "above": "below"}.get(self.word, self.word)
        return Level(operand=self.operand.mirrored(), word=word, notes=self.notes)


def percent(value: Decimal) -> Level:
    return Level(f"{plain(value)}%")


def ranges(value: Decimal) -> Level:
    return Level(f"{plain(value)} atr")


def multiple(value: Decimal) -> Level:
    return Level(f"{plain(value)}R")


def fixed(value: Decimal) -> Level:
    return Level(f"price {plain(value)}")


class Role(Enum):
    """What an action word begins."""

    LONG = auto()
    SHORT = auto()
    SELL = auto()  # a short, or the exit of a long
    ENTER = auto()  # an entry whose side stands elsewhere
    EXIT = auto()
    EXIT_LONG = auto()
    EXIT_SHORT = auto()


class Limit(Enum):
    """Which sides a sentence allows in so many words."""

    LONG = auto()
    SHORT = auto()
    BOTH = auto()


@dataclass(frozen=True, slots=True)
class TargetLevel:
    """A target and the share of the position closed there; None while nobody has said it."""

    level: Level
    share: Decimal | None = None
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Breakeven:
    """The stop moves to the entry after `multiple` R, or at target number `target`."""

    multiple: Decimal | None = None
    target: int = 0
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Managed:
    """What is done with an open position when `condition` is true: `close` is the part of it that
    is closed, and the stop moves to the entry without one.

    `long` is the side that was meant, None where none was; `sure` where it was said in so many
    words and not only by a verb like `sell`. `market` is one that the condition names.
    """

    condition: Condition
    close: Decimal | None = None
    long: bool | None = None
    sure: bool = False
    market: str = ""


class Unclear(Enum):
    """Why words that manage a position can't be used."""

    CONDITION = auto()
    SHARE = auto()
    DENIED = auto()


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of meaning, from word `start` to before word `end`.

    `value` is what it says: a Role, a Condition, a Level and so on, as its `kind` tells.
    """

    kind: str
    start: int
    end: int
    value: Any = None


@dataclass
class Pieces:
    """All items in order, and what was refused or can't be expressed while reading."""

    items: list[Item] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Item]:
        return [item for item in self.items if item.kind in kinds]

    def first(self, kind: str) -> Item | None:
        return next((item for item in self.items if item.kind == kind), None)


Value = Condition | Level | Window | Role | Offset | Term
