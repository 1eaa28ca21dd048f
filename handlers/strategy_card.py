"""The card of a strategy: what was understood, what was assumed, what could not be used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agents.decision.rules import targets_text
from agents.decision.words.reading import Reading
from agents.domain.autonomy import MANUAL
from agents.domain.risk import Limits
from agents.domain.strategy import (
    RunKind,
    Side,
    Step,
    Strategy,
    StrategySpec,
    StrategyState,
    Window,
)
from handlers import markers, numbers, saying, tables
from handlers.chat import Button, Reply, Rows, Words, bold, code, italic, lines, pre, text
from handlers.plain import in_words

_REMARKS = 8  # of a kind on a card
_REMARK = 160  # characters of one
_WORDS = 400  # characters of a rule in words, or of guidance
_ON_SIGNAL = (
    "Runs: on signals that come in, never on a candle. Stop and target are for signals that name "
    "none. /listen shows where it listens."
)
LINES = ("entry_long", "entry_short", "exit_long", "exit_short", "stop")


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a reader said besides the strategy itself, as kept beside the stored strategy."""

    assumed: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    @classmethod
    def of(cls, reading: Reading) -> "Remarks":
        return cls(
            reading.assumptions,
            reading.unread,
            reading.refused,
            reading.questions,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "assumed": list(self.assumed),
            "unread": list(self.unread),
            "refused": list(self.refused),
            "asked": list(self.asked),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> "Remarks":
        return cls(**{name: tuple(said) for name, said in (stored or {}).items()})


@dataclass(frozen=True, slots=True)
class House:
    """What the desk adds to a strategy: the start of its account (quote currency), the limits
    that hold whatever it says, and the model's name where there is one."""

    balance: Decimal
    limits: Limits
    advisor: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A strategy as its card shows it. `last` is the line that says what became of it."""

    strategy: Strategy
    house: House
    remarks: Remarks = field(default_factory=Remarks)
    last: Words = field(default_factory=Words)


def card_name(strategy_id: int) -> str:
    return f"strategy:{strategy_id}"


def strategy_card(shown: Shown, *, redraw: bool = False) -> Reply:
    last = [Words(), shown.last] if shown.last.spans else []
    return Reply(
        words=lines(*_body(shown), *_backtest(), *last),
        rows=buttons(shown.strategy),
        card=card_name(shown.strategy.id),
        edits=redraw,
    )


def buttons(strategy: Strategy) -> Rows:
    def button(label: str, verb: str) -> Button:
        return Button(label, verb, strategy.id, strategy.version)

    match strategy.state:
        case StrategyState.DRAFT:
            first = (button("▶️ Activate", "activate"), button("✏️ Edit", "edit"))
            return (first, (button("🗑 Discard", "discard"),))
        case StrategyState.ACTIVE:
            return (
                (button("⏸ Pause", "pause"), button("✏️ Edit", "edit")),
                (*_run_buttons(strategy), button("🗄 Archive", "archive")),
                (button("🤖 Autonomy", "autonomy"), button("🪜 Mode", "mode")),
            )
        case StrategyState.PAUSED:
            first = (button("▶️ Resume", "resume"), button("✏️ Edit", "edit"))
            return (first, (button("🗄 Archive", "archive"),))
        case _:
            return ()


def _run_buttons(strategy: Strategy) -> tuple[Button, ...]:
    match strategy.run:
        case RunKind.ONCE:
            return (Button("🔁 Keep trading", "continuous", strategy.id, strategy.version),)
        case RunKind.CONTINUOUS:
            return (Button("🔂 Trade once", "once", strategy.id, strategy.version),)
        case _:
            return ()


def _backtest() -> tuple[Words, ...]:
    """The preview of how the strategy would have done goes here, with its button."""
    return ()


def _body(shown: Shown) -> Iterator[Words | str]:
    strategy = shown.strategy
    state = "" if strategy.state is StrategyState.DRAFT else f" · {markers.STATES[strategy.state]}"
    version = f" · version {strategy.version}" if strategy.version > 1 else ""
    title = f"{markers.mode(strategy.mode)} · #{strategy.number} {strategy.name}"
    yield bold(title) + text(state + version)
    yield from spec_lines(strategy.spec, shown.house)
    if strategy.run is RunKind.ONCE:
        yield "Runs: one trade, then it pauses"
    if strategy.run is RunKind.ON_SIGNAL:
        yield _ON_SIGNAL
    if strategy.run is RunKind.SCHEDULED:
        yield f"Runs: {strategy.schedule}"
    if strategy.waits_flat:
        yield "Opens nothing while a trade of it is open"
    if strategy.autonomy != MANUAL:
        yield f"🤖 Autonomy: {saying.autonomy(strategy.autonomy)}"
    yield from remark_lines(shown.remarks)


def spec_lines(spec: StrategySpec, house: House) -> Iterator[Words | str]:
    """Everything that a spec says, in words and as rule text."""
    coins = "any coin" if spec.takes_any else ", ".join(spec.symbols)
    yield f"{coins} · {markers.SIDES[spec.side]} · {spec.timeframe} candles"
    for side in Side:
        if entry := spec.entry(side):
            yield _clipped(f"Enter {side} when {in_words(entry, spec.timeframe)}.")
        if exits := spec.exit(side):
            yield _clipped(f"Leave {side} when {in_words(exits, spec.timeframe)}.")
    for step in spec.manage:
        yield _clipped(f"{_step(step)} when {in_words(step.when, spec.timeframe)}, once a trade.")
    if rules := rule_text(spec):
        yield pre(rules)
    if spec.guidance:
        yield _clipped(f"Guidance: {spec.guidance}") + _judged(house)
    if len(spec.targets) > 1 or sum(target.share for target in spec.targets) not in {0, 1}:
        yield "The first target that is filled moves the stop to the entry price."
    yield _risk(spec, house)
    if spec.windows:
        yield f"Hours: {'; '.join(map(window, spec.windows))}"


def _step(step: Step) -> str:
    whose = f" of a {step.side}" if step.side else ""
    if step.close is None:
        return f"Move the stop{whose} to the entry"
    return f"Close {numbers.percent(step.close * 100)} of what is open{whose}"


def _clipped(words: str) -> str:
    return tables.clipped(words, _WORDS)


def rule_text(spec: StrategySpec) -> str:
    """The lines of the rule language, as `/new` accepts them."""
    said = [(name.replace("_", " "), getattr(spec, name)) for name in LINES]
    said.append(("target", targets_text(spec.targets) if spec.targets else None))
    said.append(("trailing", spec.trailing))
    said += [("manage", str(step)) for step in spec.manage]
    return "\n".join(f"{name}: {line}" for name, line in said if line)


def _judged(house: House) -> str:
    return "" if house.advisor else " (kept, but no model is connected to judge it)"


def _risk(spec: StrategySpec, house: House) -> str:
    quote = "USDT" if spec.takes_any else markers.quote(spec.symbols[0])
    if spec.size is not None:
        said = f"Size {numbers.money(spec.size)} {quote} a trade"
    else:
        at_risk = house.balance * spec.risk_percent / 100
        said = (
            f"Risk {numbers.percent(spec.risk_percent)} a trade = {numbers.money(at_risk)} of "
            f"{numbers.money(house.balance)} {quote}"
        )
    most = f"{spec.max_positions} position{'s' * (spec.max_positions > 1)} at most"
    return f"{said} · leverage {spec.leverage}x · {most}{_capped(spec, house.limits)}"


def _capped(spec: StrategySpec, limits: Limits) -> str:
    """Where the desk allows less than the strategy wants."""
    caps = []
    if spec.size is None and spec.risk_percent > limits.risk_percent:
        caps.append(f"risk to {numbers.percent(limits.risk_percent)}")
    if spec.leverage > limits.leverage:
        caps.append(f"leverage to {numbers.significant(limits.leverage)}x")
    return f" · this desk limits {' and '.join(caps)}" if caps else ""


def window(hours: Window) -> str:
    days = f" {', '.join(hours.days)}" if hours.days else ""
    return f"{hours.from_}–{hours.to} {hours.tz}{days}"


def remark_lines(remarks: Remarks) -> Iterator[Words]:
    """A line for each kind of remark that there is."""
    for name, said in (
        ("Assumed", remarks.assumed),
        ("Not used", remarks.unread),
        ("Refused", remarks.refused),
        ("Please check", remarks.asked),
    ):
        if said:
            more = f"; and {len(said) - _REMARKS} more" if len(said) > _REMARKS else ""
            shown = "; ".join(_unstopped(part) for part in said[:_REMARKS])
            yield bold(f"{name}: ") + text(shown + more)


def _unstopped(part: str) -> str:
    return tables.clipped(" ".join(part.split()).rstrip(" ."), _REMARK)


def difference_words(changes: Sequence[tuple[str, str, str]]) -> Words:
    """Before and after, one part below the other."""
    parts: list[Words | str] = []
    for name, old, new in changes:
        what = italic(name.replace("_", " ").capitalize())
        parts += [what, code(f"- {old}"), code(f"+ {new}")]
    return lines(*parts)


def short_name(spec: StrategySpec) -> str:
    """A name for a strategy that was given none: `BTC +2 long 5m`."""
    if spec.takes_any:
        return f"Any coin {spec.side} {spec.timeframe}"
    first, *others = spec.symbols
    more = f" +{len(others)}" if others else ""
    return tables.clipped(f"{markers.base(first)}{more} {spec.side} {spec.timeframe}", 40)
