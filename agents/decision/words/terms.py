"""What a condition compares: operands whose text waits for the strategy's timeframe."""

from dataclasses import dataclass, replace
from decimal import Decimal

from agents.domain.market import Timeframe

_SWAPPED = {
    "high": "low", "low": "high", "upper": "lower", "lower": "upper", "plus": "minus",
    "minus": "plus", "highest": "lowest", "lowest": "highest",
}  # fmt: skip

# Where the other side of a threshold lies: 100 - x, -100 - x, or -x.
_MIRRORED_AT = {"percent100": Decimal(100), "minus100": Decimal(-100), "zero": Decimal(0)}
PRICE_SCALES = frozenset({"price"})


def plain(number: Decimal) -> str:
    """`number` as the rule language writes it."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Term:
    """An operand in the rule language: `text`, then `@timeframe`, then `[shift]`.

    `scale` says what its values live on. `past` marks an extreme that must not include the
    present candle when it is broken. `seconds` replaces `{n}` in `text` by as many candles as
    that time has. `notes` are assumptions that come with it.
    """

    text: str
    scale: str = "price"
    timeframe: str | None = None
    shift: int = 0
    past: bool = False
    seconds: int = 0
    notes: tuple[str, ...] = ()

    def render(self, main: str | None, *, keep_present: bool = False) -> str:
        text = self.text
        if self.seconds:
            candle = Timeframe.parse(main).seconds if main else 3600
            text = text.replace("{n}", str(max(1, round(self.seconds / candle))))
        own = self.timeframe is None or self.timeframe == main
        shift = self.shift + (1 if self.past and own and not keep_present else 0)
        return text + ("" if own else f"@{self.timeframe}") + (f"[{shift}]" if shift else "")

    def on(self, timeframe: str) -> "Term":
        """On `timeframe` unless it has its own; numbers and the plain price stay."""
        fixed = self.scale == "number" or self.timeframe or self.text == "close"
        return self if fixed else replace(self, timeframe=timeframe)

    def mirrored(self) -> "Term":
        """The operand that the other side of the market looks at."""
        name, dot, output = self.text.partition(".")
        head, bracket, rest = name.partition("(")
        text = _SWAPPED.get(head, head) + bracket + rest + dot + _SWAPPED.get(output, output)
        return replace(self, text=text)

    @property
    def is_number(self) -> bool:
        return self.scale == "number"

    @property
    def number(self) -> Decimal:
        return Decimal(self.text) if self.is_number else Decimal(0)


@dataclass(frozen=True, slots=True)
class Offset:
    """A level away from another: `ema(50) - 0.5 * atr(14)`, `vwap * 0.99`."""

    base: Term
    sign: str
    factor: Decimal
    unit: Term | None = None  # None: per cent of the base

    scale = "price"
    is_number = False
    timeframe = None

    @property
    def notes(self) -> tuple[str, ...]:
        return self.base.notes

    def render(self, main: str | None, *, keep_present: bool = False) -> str:
        base = self.base.render(main, keep_present=keep_present)
        if self.unit is not None:
            return f"{base} {self.sign} {plain(self.factor)} * {self.unit.render(main)}"
        part = self.factor / 100
        return f"{base} * {plain(1 + part if self.sign == '+' else 1 - part)}"

    def on(self, timeframe: str) -> "Offset":
        return replace(self, base=self.base.on(timeframe))

    def mirrored(self) -> "Offset":
        return replace(self, base=self.base.mirrored(), sign="-" if self.sign == "+" else "+")


Operand = Term | Offset


def number(value: Decimal) -> Term:
    return Term(plain(value), "number")


def mirrored_threshold(value: Term, scale: str) -> Term | None:
    """The number on the other side of an oscillator's middle; None where there is no such."""
    if scale not in _MIRRORED_AT:
        return None
    return number(_MIRRORED_AT[scale] - value.number)


CLOSE = Term("close")
VOLUME = Term("volume", "volume")
