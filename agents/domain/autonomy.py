"""How far a strategy may go by itself, and how one of its proposals is decided.

Nothing here lifts a limit: what runs by itself passes the same price and risk checks as a tap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Any

SHORTEST = 30  # seconds of a veto window
LONGEST = 3600
HUNDRED = Decimal(100)


class AutonomyKind(StrEnum):
    """What becomes of a proposal of a strategy."""

    MANUAL = "manual"  # it always asks
    ASSISTED = "assisted"  # it asks below a confidence or above a risk, and runs by itself else
    VETO = "veto"  # it runs after a window, unless vetoed
    AUTOPILOT = "autopilot"  # it runs at once and tells


def check_window(seconds: int | None) -> None:
    """Raises ValueError for a veto window that is too short or too long."""
    if seconds is None or not SHORTEST <= seconds <= LONGEST:
        raise ValueError(f"a veto window has {SHORTEST} to {LONGEST} seconds, not {seconds}")


@dataclass(frozen=True, slots=True)
class Autonomy:
    """`confidence` (0 to 1) and `risk` (percent of equity) belong to ASSISTED, `window` (seconds)
    to VETO. Raises ValueError for anything else."""

    kind: AutonomyKind = AutonomyKind.MANUAL
    confidence: Decimal | None = None
    risk: Decimal | None = None
    window: int | None = None

    def __post_init__(self) -> None:
        assisted = self.kind is AutonomyKind.ASSISTED
        if (self.confidence is not None, self.risk is not None) != (assisted, assisted):
            raise ValueError("a confidence and a risk belong to assisted, both of them")
        if self.confidence is not None and not 0 < self.confidence <= 1:
            raise ValueError(f"a confidence lies above 0 and up to 1: {self.confidence}")
        if self.risk is not None and not 0 < self.risk <= HUNDRED:
            raise ValueError(f"a risk is a percentage: {self.risk}")
        if (self.window is not None) != (self.kind is AutonomyKind.VETO):
            raise ValueError("a window belongs to a veto window")
        if self.window is not None:
            check_window(self.window)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, as stored."""
        said = {"kind": self.kind.value, "confidence": self.confidence, "risk": self.risk}
        kept = {name: str(value) for name, value in said.items() if value is not None}
        return kept if self.window is None else {**kept, "window": self.window}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> "Autonomy":
        """Manual where nothing is stored. Raises ValueError."""
        if stored is None:
            return MANUAL
        confidence, risk = stored.get("confidence"), stored.get("risk")
        return cls(
            AutonomyKind(stored["kind"]),
            None if confidence is None else Decimal(confidence),
            None if risk is None else Decimal(risk),
            stored.get("window"),
        )

    def course(self, confidence: float | None, risk_percent: Decimal) -> "Course":
        """How a proposal is decided outside of quiet hours. `confidence` is None where no model
        stated one; `risk_percent` is of equity."""
        match self.kind:
            case AutonomyKind.MANUAL:
                return Course(Act.ASKS)
            case AutonomyKind.VETO:
                return Course(Act.RUNS, self.window or LONGEST, "veto window")
            case AutonomyKind.AUTOPILOT:
                return Course(Act.RUNS, 0, "autopilot")
            case AutonomyKind.ASSISTED:
                doubt = self._doubt(confidence, risk_percent)
                if doubt:
                    return Course(Act.ASKS, 0, doubt)
                return Course(Act.RUNS, 0, "assisted, within its bounds")

    def _doubt(self, confidence: float | None, risk_percent: Decimal) -> str:
        """Why an assisted strategy asks, in words; empty when it need not."""
        if confidence is None:
            return "no model stated a confidence"
        least, most = self.confidence or Decimal(1), self.risk or Decimal(0)
        if Decimal(str(confidence)) < least:
            sure = _percent(Decimal(str(confidence)) * HUNDRED, ROUND_FLOOR)
            return f"confidence {sure} is below {_percent(least * HUNDRED, ROUND_CEILING)}"
        if risk_percent > most:
            most_said = _percent(most, ROUND_FLOOR)
            return f"risk {_percent(risk_percent, ROUND_CEILING)} is above {most_said}"
        return ""


MANUAL = Autonomy()


class Act(StrEnum):
    """What is done with a proposal."""

    ASKS = "asks"
    RUNS = "runs"
    HELD = "held"  # it is not made


@dataclass(frozen=True, slots=True)
class Course:
    """How a proposal is decided: `window` is how many seconds it may be vetoed before it runs by
    itself, `why` says in words which rule that is."""

    act: Act
    window: int = 0
    why: str = ""

    def runs_at(self, at: datetime) -> datetime | None:
        """When a proposal of `at` runs by itself; None when it never does. Human time."""
        return at + timedelta(seconds=self.window) if self.act is Act.RUNS else None

    def __str__(self) -> str:
        """As stored beside a proposal, nothing for a plain question; `parse` reads it."""
        if self == Course(Act.ASKS):
            return ""
        return f"{self.act} {self.window} {self.why}".rstrip()

    @classmethod
    def parse(cls, stored: str) -> "Course":
        """What was stored; a plain question where nothing was. Raises ValueError."""
        if not stored:
            return cls(Act.ASKS)
        act, window, *why = stored.split(" ", 2)
        return cls(Act(act), int(window), "".join(why))


def _percent(value: Decimal, rounding: str) -> str:
    """At most two places, rounded away from the bound that it is compared with."""
    shown = f"{value.quantize(Decimal('0.01'), rounding):f}"
    return shown.rstrip("0").rstrip(".") + "%"
