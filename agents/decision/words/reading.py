"""What a sentence was understood to say, and what is still open."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from agents.domain.strategy import DEFAULT_RISK_PERCENT, Sides, Step, StrategySpec, Target, Window

_SHORTEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Question:
    """Something only the user can decide; `choices` are texts that answer it with one tap.

    `essential` ones stand in the way of a strategy; the others may stay unanswered.
    """

    field: str
    text: str
    choices: tuple[str, ...] = ()
    essential: bool = True


@dataclass(frozen=True)
class Reading:
    """One sentence as read. Rules and levels are canonical texts of the rule language.

    `asks` are the questions with their buttons. `said` is what the user has written so far, an
    answered question on each further line; `answered` names the fields of those questions.
    """

    symbols: tuple[str, ...] = ()
    side: str | None = None
    timeframe: str | None = None
    entry_long: str | None = None
    entry_short: str | None = None
    exit_long: str | None = None
    exit_short: str | None = None
    stop: str | None = None
    targets: tuple[Target, ...] = ()
    trailing: str | None = None
    manage: tuple[Step, ...] = ()
    risk_percent: Decimal | None = None
    size: Decimal | None = None
    leverage: int | None = None
    max_positions: int | None = None
    windows: tuple[Window, ...] = ()
    guidance: str | None = None
    assumptions: tuple[str, ...] = ()
    asks: tuple[Question, ...] = ()
    refused: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    is_strategy: bool = False
    said: str = ""
    answered: frozenset[str] = frozenset()

    @property
    def questions(self) -> tuple[str, ...]:
        """What is asked, most important first."""
        return tuple(question.text for question in self.asks)

    def as_json(self) -> dict[str, Any]:
        """The object that `python -m bot read` prints: plain values under the contract's keys."""
        found = {
            "symbols": list(self.symbols),
            "side": self.side,
            "timeframe": self.timeframe,
            "entry_long": self.entry_long,
            "entry_short": self.entry_short,
            "exit_long": self.exit_long,
            "exit_short": self.exit_short,
            "stop": self.stop,
            "targets": [{"at": one.at, "share": float(one.share)} for one in self.targets],
            "trailing": self.trailing,
            "risk_percent": _number(self.risk_percent),
            "size": _number(self.size),
            "leverage": self.leverage,
            "max_positions": self.max_positions,
            "windows": [_window(window) for window in self.windows],
            "guidance": self.guidance,
            "assumptions": list(self.assumptions),
            "questions": list(self.questions),
            "refused": list(self.refused),
            "unread": list(self.unread),
        }
        return {**found, "manage": [str(step) for step in self.manage]} if self.manage else found

    def spec(self) -> StrategySpec | None:
        """The strategy, with defaults for what was not said; None while essentials are open."""
        if any(question.essential for question in self.asks) or not self.is_strategy:
            return None
        if not (self.symbols and self.side and self.timeframe and self.stop):
            return None
        if not (self.entry_long or self.entry_short or self.guidance):
            return None
        return StrategySpec(
            symbols=self.symbols,
            side=Sides(self.side),
            timeframe=self.timeframe,
            entry_long=self.entry_long,
            entry_short=self.entry_short,
            exit_long=self.exit_long,
            exit_short=self.exit_short,
            stop=self.stop,
            targets=self.targets,
            trailing=self.trailing,
            manage=self.manage,
            risk_percent=self.risk_percent or DEFAULT_RISK_PERCENT,
            size=self.size,
            leverage=self.leverage or 1,
            max_positions=self.max_positions or 1,
            windows=self.windows,
            guidance=self.guidance,
        )

    def asking(self, *questions: Question) -> "Reading":
        """This reading with more questions, each asked once."""
        known = {question.text for question in self.asks}
        new = tuple(question for question in questions if question.text not in known)
        return replace(self, asks=(*self.asks, *new))


def _number(value: Decimal | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _window(window: Window) -> dict[str, Any]:
    return {"from": window.from_, "to": window.to, "tz": window.tz, "days": list(window.days)}


def shortened(text: str) -> str:
    """`text` on one line, cut where it is too long for a sentence about it."""
    line = " ".join(text.split())
    return line if len(line) <= _SHORTEST_TEXT else line[: _SHORTEST_TEXT - 1] + "…"
