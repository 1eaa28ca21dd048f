"""Quiet hours: when a person is not to be woken, and what happens with proposals meanwhile.

    hold        nothing is proposed and nothing trades by itself; the signal is recorded as blocked
    silent      each strategy goes its own way, without a sound
    veto        proposals run after a window unless vetoed, also those of manual strategies
    autopilot   proposals run at once, also those of manual strategies

What an assisted strategy would ask about is asked in any case: its bounds were set by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from agents.domain.autonomy import Act, Autonomy, AutonomyKind, Course, check_window
from agents.domain.strategy import Window
from agents.domain.windows import in_windows

PREFERENCE = "quiet"  # under which name a user's quiet hours are kept
RULE = "quiet hours"  # how a held signal and a course name it


class QuietRule(StrEnum):
    HOLD = "hold"
    SILENT = "silent"
    VETO = "veto"
    AUTOPILOT = "autopilot"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """`hours` as of a strategy: over midnight they belong to the day on which they began. `window`
    (seconds) goes with the rule VETO. Raises ValueError."""

    hours: Window
    rule: QuietRule = QuietRule.HOLD
    window: int | None = None

    def __post_init__(self) -> None:
        if (self.window is not None) != (self.rule is QuietRule.VETO):
            raise ValueError("a window belongs to a veto window")
        if self.window is not None:
            check_window(self.window)

    def cover(self, at: datetime) -> bool:
        """Whether the aware human time `at` lies in them. Raises AskUser for an unknown zone."""
        return in_windows((self.hours,), at)

    def as_json(self) -> dict[str, Any]:
        hours = self.hours.model_dump(mode="json", by_alias=True)
        return {"hours": hours, "rule": self.rule.value, "window": self.window}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> "QuietHours | None":
        """None where none are kept."""
        if stored is None:
            return None
        hours = Window.model_validate(stored["hours"])
        return cls(hours, QuietRule(stored["rule"]), stored["window"])


def course(
    autonomy: Autonomy,
    quiet: QuietHours | None,
    at: datetime,
    confidence: float | None,
    risk_percent: Decimal,
) -> Course:
    """How a proposal made at `at` (human time) is decided."""
    own = autonomy.course(confidence, risk_percent)
    if quiet is None or not quiet.cover(at):
        return own
    if quiet.rule is QuietRule.HOLD:
        return Course(Act.HELD, 0, RULE)
    doubtful = autonomy.kind is AutonomyKind.ASSISTED and own.act is Act.ASKS
    if quiet.rule is QuietRule.SILENT or doubtful:
        return own
    if quiet.rule is QuietRule.VETO:
        return Course(Act.RUNS, quiet.window or 0, f"{RULE}, veto window")
    return Course(Act.RUNS, 0, f"{RULE}, autopilot")


def held(quiet: QuietHours | None, at: datetime) -> str:
    """Why nothing is proposed at `at`, in words; empty when it may be."""
    if quiet is None or quiet.rule is not QuietRule.HOLD or not quiet.cover(at):
        return ""
    hours = quiet.hours
    return f"{RULE} ({hours.from_}–{hours.to} {hours.tz}) hold back proposals"
