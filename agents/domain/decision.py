"""What was decided about a strategy at one candle, and from which facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from agents.domain.strategy import Mode, Side


class Action(StrEnum):
    """Outcome of looking at one candle for one strategy."""

    ENTER_LONG = "enter_long"
    ENTER_SHORT = "enter_short"
    EXIT = "exit"
    MANAGE = "manage"  # a part was closed, or the stop moved, by a rule
    HOLD = "hold"
    BLOCKED = "blocked"  # the data, a limit or a window did not allow a decision or a trade
    MISSED = "missed"  # the candle closed while nobody was looking


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The data points seen at one candle, shared by every strategy that looked at it.

    `values` maps an operand of the rule language (`rsi(14)`, `ema(200)@4h`) to its value, None
    when unknown. The key is (symbol, timeframe, closed).
    """

    symbol: str
    timeframe: str
    closed: datetime
    values: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; unique by (strategy_id, symbol, closed). `id` is 0 until stored.

    Its inputs are the snapshot of (symbol, timeframe, closed), the spec of `version`, and, where
    a model was asked, the call `model_call_id`.
    """

    strategy_id: int
    owner_id: int
    version: int
    symbol: str
    timeframe: str
    closed: datetime
    action: Action
    reason: str
    decided_at: datetime
    model_call_id: int | None = None
    id: int = 0


class Advice(BaseModel):
    """What the advisor answers: it may shrink, delay, re-level or refuse a trade, never enlarge.

    Prices are in quote currency; `confidence` and `size_factor` are fractions from 0 to 1.
    Bounds are checked here again, since a provider may treat a schema's bounds as descriptions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: str = Field(pattern="^(enter_long|enter_short|hold|wait)$")
    confidence: float = Field(ge=0, le=1)
    size_factor: Decimal = Field(default=Decimal(1), gt=0, le=1)
    stop: Decimal | None = Field(default=None, gt=0)
    targets: tuple[Decimal, ...] = Field(default=(), max_length=5)
    reasons: tuple[str, ...] = Field(default=(), max_length=6)
    invalidation: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What the advisor is asked: facts by name, and the user's guidance, quoted as data."""

    strategy_id: int
    owner_id: int
    symbol: str
    timeframe: str
    closed: datetime
    side: Side | None
    mode: Mode
    price: Decimal
    stop: Decimal | None
    targets: tuple[Decimal, ...]
    rules: str
    guidance: str
    values: Mapping[str, float | None]
    candles: tuple[tuple[float, ...], ...] = ()  # last candles: open, high, low, close, volume
    signal: "PostedSignal | None" = None


@dataclass(frozen=True, slots=True)
class PostedSignal:
    """A signal that somebody posted, to be judged: its text as it stands, where it came from, and
    the scores (0 to 100, None is unknown) of the pillars by name."""

    text: str
    source: str
    scores: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One request to a model, with what it cost. `cost` is in US dollars; `id` 0 until stored."""

    purpose: str
    model: str
    owner_id: int
    strategy_id: int | None
    asked_at: datetime
    outcome: str  # ok, refused, unparsable, timeout, unavailable
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: Decimal = Decimal(0)
    milliseconds: int = 0
    prompt: str = ""
    answer: str = ""
    error: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Advised:
    """The advisor's answer with the record of every call that was made for it.

    `advice` is None when no usable answer came; `calls` then says why. No calls: no model may be
    asked for this owner, and the rules decide alone.
    """

    advice: Advice | None
    calls: tuple[ModelCall, ...] = field(default=())
