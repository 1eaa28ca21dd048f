"""What a user's strategy says (StrategySpec) and how it lives (Strategy)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from agents.domain.autonomy import MANUAL, Autonomy
from agents.domain.market import Timeframe

MAX_RISK_PERCENT = Decimal(2)
DEFAULT_RISK_PERCENT = Decimal("0.5")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANY_SYMBOL = "*"  # in place of symbols: whatever the market offers


class Side(StrEnum):
    """Direction of a position."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        return 1 if self is Side.LONG else -1

    @property
    def opposite(self) -> "Side":
        return Side.SHORT if self is Side.LONG else Side.LONG


class Sides(StrEnum):
    """Which directions a strategy may take."""

    LONG = "long"
    SHORT = "short"
    BOTH = "both"

    def allows(self, side: Side) -> bool:
        return self is Sides.BOTH or self.value == side.value


class Mode(StrEnum):
    """Whose money moves. Each message, card and picture shows it."""

    VALIDATION = "validation"
    SIMULATION = "simulation"
    PAPER = "paper"
    LIVE = "live"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Window(_Frozen):
    """Hours in which entries are allowed, by the signal candle's close: from <= time < to.

    A window whose `to` is not after its `from` runs over midnight and belongs to the day on
    which it began. `days` empty means every day. Times are `HH:MM` in the zone `tz` (IANA name).
    """

    from_: Annotated[str, Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    to: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
    tz: str = "UTC"
    days: tuple[str, ...] = ()

    @field_validator("days")
    @classmethod
    def _known_days(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [day for day in days if day not in WEEKDAYS]:
            raise ValueError(f"{unknown[0]!r} is no weekday; use {', '.join(WEEKDAYS)}")
        return days


class Target(_Frozen):
    """A take-profit: `at` is a level in the rule language (`3R`, `4%`, `price 70000`, ...),
    `share` the part of the position (0 to 1) that is closed there."""

    at: str
    share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal(1)


class Step(_Frozen):
    """What is done once with an open position when the rule `when` is true at a candle's close:
    `close` is the part (0 to 1) that is closed of what is open by then; without it the stop moves
    to the entry price. Holds for positions on `side`, on both where none is stated."""

    when: str
    close: Annotated[Decimal, Field(gt=0, lt=1)] | None = None
    side: Side | None = None

    def __str__(self) -> str:
        """As the rule language has it: `close 50% when rsi(14) > 70`."""
        return f"{f'{self.side}: ' if self.side else ''}{self.does} when {self.when}"

    @property
    def does(self) -> str:
        if self.close is None:
            return "stop to entry"
        return f"close {(self.close * 100).normalize():f}%"

    @property
    def name(self) -> str:
        """The same for the same step, whatever its place in the strategy and its other side."""
        return sha256(f"{self.does} when {self.when}".encode()).hexdigest()[:10]


class StrategySpec(_Frozen):
    """A strategy, fully stated. Rule texts are canonical prints of the rule language.

    `stop` is one level for both sides (`2%`), or `long LEVEL, short LEVEL` where they differ.
    `risk_percent` is percent of equity per trade; `size` a fixed amount in quote currency that
    replaces it. `guidance` is what the user said that no rule can check, in the user's words.
    `symbols` are ANY_SYMBOL alone for a strategy that takes any: one that signals set off.
    """

    symbols: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
    side: Sides
    timeframe: str
    entry_long: str | None = None
    entry_short: str | None = None
    exit_long: str | None = None
    exit_short: str | None = None
    stop: str | None = None
    targets: tuple[Target, ...] = ()
    trailing: str | None = None
    manage: Annotated[tuple[Step, ...], Field(max_length=6)] = ()
    risk_percent: Annotated[Decimal, Field(gt=0, le=MAX_RISK_PERCENT)] = DEFAULT_RISK_PERCENT
    size: Annotated[Decimal, Field(gt=0)] | None = None
    leverage: Annotated[int, Field(ge=1, le=20)] = 1
    max_positions: Annotated[int, Field(ge=1, le=20)] = 1
    windows: tuple[Window, ...] = ()
    guidance: str | None = None

    @field_validator("symbols")
    @classmethod
    def _any_or_named(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        if ANY_SYMBOL in symbols and len(symbols) > 1:
            raise ValueError("a strategy takes any coin or those that it names, not both")
        return symbols

    @field_validator("timeframe")
    @classmethod
    def _known_timeframe(cls, text: str) -> str:
        return str(Timeframe.parse(text))

    @model_validator(mode="after")
    def _shares_fit(self) -> "StrategySpec":
        if sum(target.share for target in self.targets) > 1:
            raise ValueError("the targets close more than the whole position")
        return self

    @property
    def takes_any(self) -> bool:
        """Whether it takes every symbol of the market."""
        return self.symbols == (ANY_SYMBOL,)

    @property
    def named(self) -> tuple[str, ...]:
        """The symbols that it names; none where it takes any."""
        return () if self.takes_any else self.symbols

    def takes(self, symbol: str) -> bool:
        return self.takes_any or symbol in self.symbols

    def entry(self, side: Side) -> str | None:
        """The entry rule of `side`, None when the strategy does not take that side."""
        rule = self.entry_long if side is Side.LONG else self.entry_short
        return rule if self.side.allows(side) else None

    def exit(self, side: Side) -> str | None:
        """The exit rule of a position on `side`, besides stop and targets."""
        return self.exit_long if side is Side.LONG else self.exit_short

    def steps(self, side: Side) -> tuple[Step, ...]:
        """What is done with a position on `side` while it is open, besides stop and targets."""
        return tuple(step for step in self.manage if step.side in (None, side))

    def watches(self, side: Side) -> bool:
        """Whether a position on `side` is looked at when a candle closes."""
        return bool(self.exit(side) or self.steps(side))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, as stored."""
        return self.model_dump(mode="json", by_alias=True)


class StrategyState(StrEnum):
    """draft → active ⇄ paused → archived; a draft may be discarded."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


STRATEGY_MOVES: dict[StrategyState, frozenset[StrategyState]] = {
    StrategyState.DRAFT: frozenset({StrategyState.ACTIVE, StrategyState.ARCHIVED}),
    StrategyState.ACTIVE: frozenset({StrategyState.PAUSED, StrategyState.ARCHIVED}),
    StrategyState.PAUSED: frozenset({StrategyState.ACTIVE, StrategyState.ARCHIVED}),
    StrategyState.ARCHIVED: frozenset(),
}


class RunKind(StrEnum):
    """What sets a strategy off, and how often. ON_SIGNAL is set off by no candle, only by signals
    that come in; SCHEDULED by those candles alone that close at a time of its schedule."""

    CONTINUOUS = "continuous"
    ONCE = "once"
    ON_SIGNAL = "on_signal"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Strategy:
    """A stored strategy at one version. `number` counts the owner's strategies from 1."""

    id: int
    owner_id: int
    number: int
    name: str
    version: int
    state: StrategyState
    mode: Mode
    run: RunKind
    spec: StrategySpec
    sentence: str
    created_at: datetime
    activated_at: datetime | None = None
    pause_reason: str = ""
    autonomy: Autonomy = MANUAL
    schedule: str = ""  # when a scheduled one is set off, as its owner wrote it
    waits_flat: bool = False  # no new trade while one of its positions is open
