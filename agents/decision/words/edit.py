"""Changing a strategy by a sentence: a new strategy and the difference, or what is not clear."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from agents.decision.rules import parse_rule, parse_step, parse_stop, parse_targets
from agents.decision.words import checks
from agents.decision.words.draft import Draft
from agents.decision.words.edit_rules import edit_rules
from agents.decision.words.edit_steps import add_steps, take_out_steps
from agents.decision.words.exits import stop, targets, trailing
from agents.decision.words.frames import frame
from agents.decision.words.hours import windows
from agents.decision.words.items import Item, Limit
from agents.decision.words.leftovers import leftovers
from agents.decision.words.scan import scan
from agents.decision.words.sentence import Sentence
from agents.decision.words.terms import plain
from agents.decision.words.vocabulary import words
from agents.domain.errors import RuleError
from agents.domain.market import Universe
from agents.domain.strategy import Sides, Step, StrategySpec, Target, Window

_TAKING_AWAY = words("remove drop delete without no cancel forget off kill lose disable skip clear")
_PUTTING_IN = words("instead switch replace change only use trade swap")
_TIGHTER = words("tighter tight closer smaller narrower nearer tighten")
_WIDER = words("wider wide looser bigger larger loosen widen further farther")
_HALVES = words("half halve")
_SILENT = words(
    """
    change set make use using instead update switch put replace add remove drop delete it to
    from of the with also keep everything else same as please tighter tight closer wider wide
    looser smaller bigger larger half halve increase decrease reduce raise lower higher move
    swap turn off on disable cancel without stop target trail trailing risk leverage size
    breakeven condition conditions filter filters rule rules requirement no not only and new
    another more less narrower nearer tighten loosen widen further farther all day
    """
)


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, as texts for a card."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Edit:
    """The strategy after a sentence; `spec` is None while that is not clear, or changes nothing."""

    spec: StrategySpec | None
    changes: tuple[Change, ...] = ()
    assumptions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass
class Workshop:
    """A strategy's fields while they are changed, and the sentence that changes them."""

    spec: StrategySpec
    draft: Draft
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def timeframe(self) -> str:
        return str(self.fields.get("timeframe", self.spec.timeframe))

    def now(self, name: str) -> Any:
        """The field's value with the changes made so far."""
        return self.fields.get(name, getattr(self.spec, name))

    def raws(self) -> set[str]:
        return {self.draft.s.at(i).raw for i in range(len(self.draft.s))}

    def taken_away(self, item_start: int) -> bool:
        """Whether the word before `item_start` takes something away: `remove the target`."""
        if self.spent(item_start):
            return False
        s = self.draft.s
        before = {s.at(item_start - 1).raw, s.at(item_start - 2).raw}
        return bool(before & _TAKING_AWAY)

    def spent(self, i: int) -> bool:
        """Whether word `i` has said what it takes away."""
        return any(one.start <= i < one.end for one in self.draft.of("removal"))


def edit(spec: StrategySpec, sentence: str, universe: Universe) -> Edit:
    """`spec` changed as `sentence` says. Never raises; limits hold as for a new strategy."""
    s = Sentence(sentence, universe)
    work = Workshop(spec, Draft(s, scan(s).items))
    for step in _STEPS:
        step(work)
    _name_leftovers(work)
    return _finished(work)


def _finished(work: Workshop) -> Edit:
    draft = work.draft
    essential = any(question.essential for question in draft.asks)
    new = None if essential else _validated(work)
    changes = differences(work.spec, new) if new is not None else ()
    if new is not None and not changes:
        new = None
        if not draft.asks and not draft.refused:
            draft.ask(
                "edit",
                "I see nothing to change in that. Say for example “stop 1%”, “use 15m” or “only"
                " longs”.",
            )
    return Edit(
        new,
        changes,
        tuple(draft.assumptions),
        tuple(question.text for question in draft.asks),
        tuple(draft.refused),
        tuple(draft.unread),
    )


def _validated(work: Workshop) -> StrategySpec | None:
    """The new strategy, with every rule read again on its timeframe."""
    values = {**work.spec.model_dump(by_alias=True), **work.fields}
    try:
        new = StrategySpec.model_validate(values)
        for name in ("entry_long", "entry_short", "exit_long", "exit_short"):
            if text := getattr(new, name):
                parse_rule(text, new.timeframe)
        if new.stop:
            parse_stop(new.stop, new.timeframe)
        for target in new.targets:
            parse_targets(target.at, new.timeframe)
        for managed in new.manage:
            parse_step(str(managed), new.timeframe)
    except RuleError as wrong:
        work.draft.ask("edit", f"That does not fit the other rules: {wrong}")
        return None
    except ValidationError as wrong:
        work.draft.ask("edit", f"That can't be: {wrong.errors()[0]['msg']}.")
        return None
    return new


def differences(before: StrategySpec, after: StrategySpec) -> tuple[Change, ...]:
    """Each field that differs, as texts."""
    found = []
    for name in StrategySpec.model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            found.append(Change(name, shown(old), shown(new)))
    return tuple(found)


def shown(value: Any) -> str:
    """A field's value as a card shows it."""
    match value:
        case None | ():
            return "none"
        case Decimal():
            return plain(value)
        case Sides():
            return value.value
        case tuple():
            joint = "; " if isinstance(value[0], Step) else ", "
            return joint.join(map(_shown_one, value))
    return str(value)


def _shown_one(value: Any) -> str:
    match value:
        case Target():
            return f"{plain(value.share * 100)}% at {value.at}"
        case Window():
            return _window(value)
    return str(value)


def _window(window: Window) -> str:
    days = f" {' '.join(window.days)}" if window.days else ""
    return f"{window.from_}–{window.to} {window.tz}{days}"


# --- steps ------------------------------------------------------------------------------------


def _symbols(work: Workshop) -> None:
    found = work.draft.of("symbol")
    for item in work.draft.of("stranger"):
        work.draft.ask("symbols", f"I know no market called “{work.draft.verbatim(item)}”.")
        work.draft.leave(work.draft.verbatim(item))
    if not found:
        return
    symbols = list(work.spec.symbols)
    gone = [item.value for item in found if _removes(work, item)]
    come = [item.value for item in found if item.value not in gone]
    if work.raws() & _PUTTING_IN and come:
        symbols = [] if not gone else symbols
    symbols = [symbol for symbol in symbols if symbol not in gone]
    symbols += [symbol for symbol in come if symbol not in symbols]
    if not symbols:
        work.draft.ask("symbols", "Then no market is left; which one should it trade?")
        return
    work.fields["symbols"] = tuple(symbols)


def _removes(work: Workshop, item: Item) -> bool:
    """Whether a symbol is named to be taken out: `remove sol`, `eth instead of btc`."""
    s = work.draft.s
    before = [s.at(item.start - back).raw for back in (1, 2, 3)]
    if before[0] == "instead" or before[1] == "instead" or before[0] in {"from"}:
        return True
    for word in before:
        if word in _TAKING_AWAY:
            return True
        if word not in {"and", ",", ""}:
            return False
    return False


def _timeframe(work: Workshop) -> None:
    found = frame(work.draft.of("timeframe"))
    if found.unusual:
        work.draft.ask("timeframe", f"There are no {found.unusual} candles here.")
        work.draft.leave(found.unusual)
    elif found.own:
        work.fields["timeframe"] = found.own


def _side(work: Workshop) -> None:
    limit = next((item.value for item in work.draft.of("limit")), None)
    if limit is None:
        return
    if limit is Limit.BOTH:
        if work.now("entry_long") and work.now("entry_short"):
            work.fields["side"] = Sides.BOTH
        elif not work.draft.of("mirror", "cond"):
            missing = "short" if work.now("entry_long") else "long"
            work.draft.ask(
                "entry",
                f"What is the rule to go {missing}? Say it, or “vice versa for {missing}s”.",
            )
        return
    kept, other = ("long", "short") if limit is Limit.LONG else ("short", "long")
    if not work.now(f"entry_{kept}") and not work.spec.guidance:
        work.draft.ask("entry", f"It has no rule to go {kept}; what is it?")
        return
    work.fields |= {"side": Sides(kept), f"entry_{other}": None, f"exit_{other}": None}
    _one_sided_stop(work, kept)


def _one_sided_stop(work: Workshop, kept: str) -> None:
    text = work.now("stop")
    if text and text.startswith(("long ", "short ")):
        level = getattr(parse_stop(text), kept)
        work.fields["stop"] = str(level) if level is not None else None


def _stop(work: Workshop) -> None:
    draft = work.draft
    if draft.first("stop"):
        if text := stop(draft, _wanted(work), work.timeframe):
            work.fields["stop"] = text
        return
    if draft.first("no stop") or any(
        draft.s.has(i, "stop") and work.taken_away(i) for i in range(len(draft.s))
    ):
        draft.ask(
            "stop",
            "A strategy needs a stop: it decides the size. Say another one, for example “stop 2%”.",
        )
        return
    factor = _scaled(work)
    if factor is None or not any(draft.s.has(i, "stop") for i in range(len(draft.s))):
        return
    text = work.spec.stop or ""
    amount, _, unit = text.partition("%") if text.endswith("%") else text.partition(" ")
    if not text.endswith(("%", " atr")):
        draft.ask("stop", f"The stop is {text or 'not set'}; where should it be instead?")
        return
    words_ = ("tighter", "closer") if factor < 1 else ("wider", "further")
    new = plain(round(Decimal(amount) * factor, 4))
    work.fields["stop"] = f"{new}%" if text.endswith("%") else f"{new} {unit}"
    draft.note(f"“{words_[0]}” is a quarter {words_[1]}: {work.fields['stop']}.")


def _scaled(work: Workshop) -> Decimal | None:
    raws = work.raws()
    if raws & _TIGHTER:
        return Decimal("0.75")
    return Decimal("1.25") if raws & _WIDER else None


def _wanted(work: Workshop) -> set[bool]:
    side = work.now("side")
    return {
        long for long in (True, False) if side in {Sides.BOTH, Sides.LONG if long else Sides.SHORT}
    }


def _targets(work: Workshop) -> None:
    draft = work.draft
    if draft.first("target"):
        found = targets(draft, _wanted(work), work.timeframe)
        if found and work.raws() & {"add", "another", "also"} and work.spec.targets:
            count = len(work.spec.targets) + len(found)
            share = (Decimal(1) / count).quantize(Decimal("0.0001"))
            every = [*(one.at for one in work.spec.targets), *(one.at for one in found)]
            found = tuple(Target(at=at, share=share) for at in every)
            draft.note(f"Each of the {count} targets closes an equal share.")
        if found:
            work.fields["targets"] = found
    elif draft.first("no target") or any(
        draft.s.has(i, "target") and work.taken_away(i) for i in range(len(draft.s))
    ):
        work.fields["targets"] = ()


def _trailing(work: Workshop) -> None:
    draft = work.draft
    if text := trailing(draft, work.now("stop"), work.now("targets")):
        work.fields["trailing"] = text
    elif any(
        draft.s.has(i, "trail", "breakeven") and work.taken_away(i) for i in range(len(draft.s))
    ):
        work.fields["trailing"] = None


def _money(work: Workshop) -> None:
    draft = work.draft
    verdicts = checks.Verdicts(draft.refused)
    if (item := draft.first("risk")) and (value := checks.risk(item.value, verdicts)):
        work.fields |= {"risk_percent": value, "size": None}
    if item := draft.first("size"):
        work.fields["size"] = item.value
    if (item := draft.first("leverage")) and (leverage := checks.leverage(item.value, verdicts)):
        work.fields["leverage"] = leverage
    if (item := draft.first("positions")) and (count := checks.positions(item.value, verdicts)):
        work.fields["max_positions"] = count
    raws = work.raws()
    if raws & _HALVES and raws & {"risk", "size"} and not draft.of("risk", "size", "target"):
        if work.spec.size is not None:
            work.fields["size"] = work.spec.size / 2
        else:
            work.fields["risk_percent"] = work.spec.risk_percent / 2
    if "leverage" in raws and "leverage" not in work.fields and raws & _TAKING_AWAY:
        work.fields["leverage"] = 1


def _windows(work: Workshop) -> None:
    found, notes = windows(work.draft.items)
    if found:
        work.fields["windows"] = found
        work.draft.note(*notes)
    elif {"24", "7"} <= {work.draft.s.verbatim(i, i + 1) for i in range(len(work.draft.s))} or (
        work.raws() & {"window", "windows", "session", "hours", "schedule"}
        and work.raws() & _TAKING_AWAY
    ):
        work.fields["windows"] = ()


def _rules(work: Workshop) -> None:
    edit_rules(work)


def _refused(work: Workshop) -> None:
    from agents.decision.words.assemble import refusals

    refusals(work.draft)


def _name_leftovers(work: Workshop) -> None:
    """Name each word that changed nothing; guidance is added to the strategy's."""
    for item in work.draft.of("account", "share of capital", "risk money"):
        work.draft.leave(work.draft.verbatim(item))
    for item in work.draft.of("stray"):
        if item.end > item.start + 1:
            work.draft.leave(work.draft.verbatim(item))
    for left in leftovers(work.draft.s, work.draft.items, _SILENT):
        if left.discretionary:
            before = work.spec.guidance
            work.fields["guidance"] = f"{before}; {left.text}" if before else left.text
        else:
            work.draft.leave(left.text)


_STEPS: tuple[Callable[[Workshop], None], ...] = (
    take_out_steps, _symbols, _timeframe, _rules, _side, add_steps, _stop, _targets, _trailing,
    _money, _windows, _refused,
)  # fmt: skip
