"""What a model answers when it reads a sentence: the same fields, checked by the same code.

The model is asked to leave out what was not said. Limits, symbols, rules and levels are checked
here after it; nothing that it writes can pass a limit.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.decision.rules import (
    parse_rule,
    parse_step,
    parse_stop,
    parse_target_level,
    parse_trailing,
)
from agents.decision.words import checks
from agents.decision.words.assemble import SYMBOL_CHOICES, TIMEFRAME_CHOICES
from agents.decision.words.entries import ENTRY_CHOICES
from agents.decision.words.exits import STOP_CHOICES, TARGET_CHOICES
from agents.decision.words.questions import NO_WAY_OUT, NO_WAY_OUT_OF_REST
from agents.decision.words.reading import Question, Reading, shortened
from agents.decision.words.steps import MOST_STEPS
from agents.domain.errors import AskUser, RuleError
from agents.domain.market import TIMEFRAMES, Universe
from agents.domain.strategy import DEFAULT_RISK_PERCENT, Step, Target, Window
from agents.domain.symbols import resolve
from agents.domain.windows import zone

_LONGEST_TEXT = 500
_MOST_LINES = 12
_LARGEST = 1e12
Line = Annotated[str, Field(max_length=_LONGEST_TEXT)]


class _Schema(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class ModelTarget(_Schema):
    """A target as a level of the rule language, with the share of the position closed there."""

    at: Line
    share: float | None = None


class ModelWindow(_Schema):
    """Hours in which entries are allowed: HH:MM, an IANA time zone, days as mon to sun."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    tz: str = "UTC"
    days: list[str] = Field(default_factory=list)


class ModelReading(_Schema):
    """A trading strategy as the sentence states it. Leave out what the sentence does not say.

    Rules and levels are texts of the rule language. Words that no rule can check belong in
    `guidance`, words that mean nothing here in `unread`, anything filled in under `assumptions`,
    and what only the user can decide under `questions`.
    """

    is_strategy: bool = True
    symbols: list[Line] = Field(default_factory=list)
    side: str | None = None
    timeframe: str | None = None
    entry_long: str | None = None
    entry_short: str | None = None
    exit_long: str | None = None
    exit_short: str | None = None
    stop: str | None = None
    targets: list[ModelTarget] = Field(default_factory=list)
    trailing: str | None = None
    manage: list[str] = Field(default_factory=list)
    risk_percent: float | None = None
    size: float | None = None
    leverage: float | None = None
    max_positions: int | None = None
    windows: list[ModelWindow] = Field(default_factory=list)
    guidance: str | None = None
    assumptions: list[str] = Field(default_factory=list)
    questions: list[str] = Field(default_factory=list)
    refused: list[str] = Field(default_factory=list)
    unread: list[str] = Field(default_factory=list)


class _Checked:
    """The model's answer on its way to a reading: what is kept, asked, refused."""

    def __init__(self, answer: ModelReading, universe: Universe) -> None:
        self.answer = answer
        self.universe = universe
        self.asks: list[Question] = []
        self.verdicts = checks.Verdicts([_line(text) for text in answer.refused[:_MOST_LINES]])
        self.assumptions = [_line(text) for text in answer.assumptions[:_MOST_LINES]]
        self.unread = [_line(text) for text in answer.unread[:_MOST_LINES]]

    def ask(self, field: str, text: str, *choices: str, essential: bool = True) -> None:
        self.asks.append(Question(field, text, choices, essential))

    def symbols(self) -> tuple[str, ...]:
        found: list[str] = []
        for spelling in self.answer.symbols[:20]:
            try:
                found.append(resolve(spelling, self.universe).symbol)
            except AskUser as unknown:
                self.ask("symbols", str(unknown), *SYMBOL_CHOICES)
                self.unread.append(_line(spelling))
        if not found and not self.asks:
            self.ask("symbols", "Which coin or market pair should it trade?", *SYMBOL_CHOICES)
        return tuple(dict.fromkeys(found))

    def timeframe(self) -> str | None:
        said = (self.answer.timeframe or "").strip().lower()
        if said in TIMEFRAMES:
            return said
        told = f"There are no {_line(said)} candles here. " if said else ""
        self.ask(
            "timeframe",
            f"{told}On which timeframe: which candles should it watch?",
            *TIMEFRAME_CHOICES,
        )
        return None

    def rule(self, name: str, timeframe: str | None) -> str | None:
        """A rule in canonical print; None with a question when it can't be used."""
        text = getattr(self.answer, name)
        if not text or not text.strip():
            return None
        try:
            rule = parse_rule(text[:2000], timeframe)
        except RuleError as wrong:
            self.ask("entry", f"I can't use “{shortened(text)}”: {wrong}")
            return None
        if reason := checks.impossible(rule.condition):
            self.ask("entry", f"{reason} Which one do you mean?")
            return None
        if reason := checks.pointless(rule.condition):
            self.ask("entry", f"{reason} Is that what you mean?", essential=False)
        return str(rule)

    def stop(self, timeframe: str | None) -> str | None:
        if not self.answer.stop:
            self.ask(
                "stop",
                "Where is the stop? For example 1%, 1.5 ATR, or below the 10 candle low.",
                *STOP_CHOICES,
            )
            return None
        try:
            return str(parse_stop(self.answer.stop[:_LONGEST_TEXT], timeframe))
        except RuleError as wrong:
            self.ask(
                "stop",
                f"I can't use the stop “{shortened(self.answer.stop)}”: {wrong}",
                *STOP_CHOICES,
            )
            return None

    def targets(self, timeframe: str | None) -> tuple[Target, ...]:
        found: list[tuple[str, Decimal | None]] = []
        for one in self.answer.targets[:5]:
            try:
                at = str(parse_target_level(one.at, timeframe))
            except RuleError as wrong:
                self.ask(
                    "targets",
                    f"I can't use the target “{shortened(one.at)}”: {wrong}",
                    *TARGET_CHOICES,
                    essential=False,
                )
                continue
            share = (
                Decimal(str(one.share)) if one.share is not None and 0 < one.share <= 1 else None
            )
            found.append((at, share))
        total = sum((share or Decimal(0) for _, share in found), Decimal(0))
        if found and (total > 1 or any(share is None for _, share in found)):
            part = (Decimal(1) / len(found)).quantize(Decimal("0.0001"), "ROUND_DOWN")
            if len(found) > 1:
                self.assumptions.append(
                    f"Each of the {len(found)} targets closes an equal share of the position."
                )
            return tuple(Target(at=at, share=part) for at, _ in found)
        return tuple(Target(at=at, share=share or Decimal(1)) for at, share in found)

    def trailing(self) -> str | None:
        if not self.answer.trailing:
            return None
        try:
            return str(parse_trailing(self.answer.trailing[:_LONGEST_TEXT]))
        except RuleError as wrong:
            self.ask(
                "trailing",
                f"I can't use “{shortened(self.answer.trailing)}”: {wrong}",
                essential=False,
            )
            return None

    def manage(self, timeframe: str | None, side: str | None) -> tuple[Step, ...]:
        """The steps that hold for `side`; those that can't be used are asked about."""
        found: list[Step] = []
        for text in self.answer.manage[:_MOST_LINES]:
            step = self._step(text, timeframe)
            if step is not None and side in {"long", "short"}:
                if step.side not in {None, side}:
                    self._leave_step(text, f"It only goes {side}.")
                    continue
                step = step.model_copy(update={"side": None})
            if step is not None and step not in found:
                found.append(step)
        left = [str(step) for step in found[MOST_STEPS:]]
        for text in (*left, *self.answer.manage[_MOST_LINES:]):
            self._leave_step(text, f"{MOST_STEPS} steps with an open position are the most.")
        return tuple(found[:MOST_STEPS])

    def _step(self, text: str, timeframe: str | None) -> Step | None:
        try:
            step = parse_step(text[:2000], timeframe)
        except RuleError as wrong:
            self._leave_step(text, str(wrong))
            return None
        rule = parse_rule(step.when, timeframe).condition
        if reason := checks.impossible(rule):
            self._leave_step(text, reason)
            return None
        if reason := checks.pointless(rule):
            self.ask("manage", f"{reason} Is that what you mean?", essential=False)
        return step

    def _leave_step(self, text: str, reason: str) -> None:
        self.ask("manage", f"I can't use “{shortened(text)}”: {reason}", essential=False)
        self.unread.append(_line(text))

    def windows(self) -> tuple[Window, ...]:
        found: list[Window] = []
        for one in self.answer.windows[:_MOST_LINES]:
            try:
                days = tuple(day.lower()[:3] for day in one.days)
                zone(one.tz)
                found.append(Window(from_=one.from_, to=one.to, tz=one.tz, days=days))
            except (ValidationError, AskUser):
                self.ask(
                    "windows",
                    f"I can't use the hours {_line(one.from_)} to {_line(one.to)}; say them like"
                    " 08:00 to 16:00 UTC.",
                    essential=False,
                )
        return tuple(found)


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_TEXT]


def from_model(
    answer: ModelReading | Mapping[str, Any], universe: Universe, said: str = ""
) -> Reading:
    """The reading that a model's answer states, after every check of the built-in reader.

    `said` is the user's sentence. Raises pydantic.ValidationError when `answer` does not follow
    the schema.
    """
    parsed = answer if isinstance(answer, ModelReading) else ModelReading.model_validate(answer)
    if not parsed.is_strategy:
        return Reading(refused=tuple(parsed.refused), unread=(said,) if said else (), said=said)
    work = _Checked(parsed, universe)
    found = replace(_levels_and_rules(work), said=said, is_strategy=True)
    found = _money(found, work)
    _what_is_open(work, found)
    asked = [Question("other", _line(text), (), False) for text in parsed.questions[:_MOST_LINES]]
    return replace(
        found.asking(*work.asks, *asked),
        assumptions=tuple(dict.fromkeys(work.assumptions)),
        refused=tuple(dict.fromkeys(work.verdicts.refused)),
        unread=tuple(dict.fromkeys(work.unread)),
    )


def _levels_and_rules(work: _Checked) -> Reading:
    symbols, own = work.symbols(), work.timeframe()
    entries = {side: work.rule(f"entry_{side}", own) for side in ("long", "short")}
    side = _side(work, entries)
    return Reading(
        symbols=symbols,
        side=side,
        timeframe=own,
        entry_long=entries["long"] if side != "short" else None,
        entry_short=entries["short"] if side != "long" else None,
        exit_long=work.rule("exit_long", own) if side != "short" else None,
        exit_short=work.rule("exit_short", own) if side != "long" else None,
        stop=work.stop(own),
        targets=work.targets(own),
        trailing=work.trailing(),
        manage=work.manage(own, side),
        windows=work.windows(),
        guidance=_line(work.answer.guidance) if work.answer.guidance else None,
    )


def _money(found: Reading, work: _Checked) -> Reading:
    answer = work.answer
    size = answer.size if answer.size is not None and 0 < answer.size < _LARGEST else None
    return replace(
        found,
        risk_percent=_bounded(answer.risk_percent, work),
        size=Decimal(str(size)) if size is not None else None,
        leverage=_leverage(answer.leverage, work),
        max_positions=_positions(answer.max_positions, work),
    )


def _side(work: _Checked, entries: dict[str, str | None]) -> str | None:
    """The side said; what the rules show where none was said."""
    said = (work.answer.side or "").strip().lower()
    if said in {"long", "short", "both"}:
        return said
    present = [side for side, rule in entries.items() if rule]
    if len(present) == 1:
        return present[0]
    if present:
        return "both"
    work.ask("side", "Long, short, or both ways?", "Long", "Short", "Both ways")
    return None


def _bounded(value: float | None, work: _Checked) -> Decimal | None:
    if value is None:
        work.assumptions.append(
            f"The risk is {DEFAULT_RISK_PERCENT} % of the account per trade, the default."
        )
        return None
    return checks.risk(_decimal(value), work.verdicts)


def _leverage(value: float | None, work: _Checked) -> int | None:
    return None if value is None else checks.leverage(_decimal(value), work.verdicts)


def _positions(value: int | None, work: _Checked) -> int | None:
    return None if value is None else checks.positions(value, work.verdicts)


def _decimal(value: float) -> Decimal:
    """A finite decimal; what is not a number counts as far over any limit."""
    number = Decimal(str(value))
    return number if number.is_finite() else Decimal(10**9)


def _what_is_open(work: _Checked, found: Reading) -> None:
    if not (found.entry_long or found.entry_short):
        asked = any(question.field == "entry" for question in work.asks)
        if not asked:
            work.ask(
                "entry",
                "When should it enter? Say the entry rule, for example “RSI below 30”.",
                *ENTRY_CHOICES,
                essential=not found.guidance,
            )
    if not (found.targets or found.exit_long or found.exit_short or found.trailing):
        closes = any(step.close is not None for step in found.manage)
        work.ask(
            "exit",
            NO_WAY_OUT_OF_REST if closes else NO_WAY_OUT,
            *TARGET_CHOICES,
            essential=False,
        )
