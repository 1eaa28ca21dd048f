"""From a sentence to a drafted strategy, asking for what is missing one thing at a time."""

from asyncio import to_thread  # reading words takes longer than the loop may be held
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from agents.decision.rules import is_rule_text, parse_lines
from agents.decision.words import Question, Reading, answer, missing, read
from agents.domain.errors import RuleError
from agents.domain.strategy import Mode, Strategy, StrategySpec
from handlers import dialogue, numbers, texts
from handlers.chat import Reply, Rows, Words, bold, italic, lines, text
from handlers.desk import Desk
from handlers.paging import rows_of
from handlers.strategy_card import (
    House,
    Remarks,
    Shown,
    remark_lines,
    short_name,
    strategy_card,
)
from handlers.tables import clipped
from handlers.turn import Answer, Turn

MISSING = "missing"  # the dialogue that asks for what a sentence left out
_REST = Question("rest", "What else should I know: which coin, when to enter, where the stop?")
_READINGS, _QUESTIONS = TypeAdapter(Reading), TypeAdapter(Question)  # a step is stored as JSON
_LABEL = 32  # characters of a suggestion's button
_IN_A_ROW = 2
_MOST_PARTS = 3  # of market, rule, timeframe, stop and targets


async def _given(desk: Desk, strategy: Strategy) -> Decimal:
    """What a strategy with real money has to trade with."""
    accounts = await desk.memory.accounts.of(strategy.owner_id)
    mine = (one for one in accounts if one.strategy_id == strategy.id and one.mode is Mode.LIVE)
    return sum((one.balance for one in mine), Decimal(0))


async def house(desk: Desk, user_id: int) -> House:
    limits = await desk.bounding.book.of(user_id)
    return House(desk.paper_balance, limits, await desk.model_for(user_id))


async def from_sentence(desk: Desk, turn: Turn, sentence: str) -> Answer:
    """Read a sentence that should be a strategy."""
    sentence = sentence.strip()
    if not sentence:
        return [texts.empty()]
    if len(sentence) > texts.LONGEST:
        return [texts.too_long(len(sentence))]
    reading = await desk.read(turn.user.id, sentence)
    if is_rule_text(sentence):
        _check_rules(sentence, reading)
    return await from_reading(desk, turn, sentence, reading)


def _check_rules(said: str, reading: Reading) -> None:
    """Raises RuleError, pointing at the word, for rule text that was not read in whole."""
    try:
        parse_lines(said)
    except RuleError:
        if reading.unread or reading.spec() is None:
            raise


async def from_reading(desk: Desk, turn: Turn, sentence: str, reading: Reading) -> Answer:
    if not reading.is_strategy:
        await dialogue.end(desk, turn)
        return [texts.examples(texts.NOT_A_STRATEGY)]
    spec = reading.spec()
    if spec is None:
        return await _ask(desk, turn, sentence, reading)
    await dialogue.end(desk, turn)
    said = reading.said or sentence
    strategy = await stored(desk, turn, said, spec, Remarks.of(reading))
    return [strategy_card(await shown(desk, strategy))]


async def _ask(desk: Desk, turn: Turn, sentence: str, reading: Reading) -> Answer:
    """The next open question, below what was understood so far."""
    question = missing(reading) or _REST
    facts = {
        "said": sentence,
        "reading": _READINGS.dump_python(reading, mode="json"),
        "question": _QUESTIONS.dump_python(question, mode="json"),
    }
    step = await dialogue.ask(desk, turn, MISSING, facts)
    rows = _suggestions(step, question.choices)
    asked = [bold(f"❓ {question.text}"), *_then(reading, question), _how()]
    return [Reply(lines(*_understood(reading), "", *asked), rows)]


def _then(reading: Reading, question: Question) -> list[Words]:
    """What is asked afterwards, so that nobody is surprised."""
    rest = [one.text for one in reading.asks if one.essential and one.text != question.text]
    return [text(f"Then: {' '.join(rest)}")] if rest else []


def _how() -> Words:
    return italic("Tap or write the answer; /cancel drops it.")


def _suggestions(step: dialogue.Step, choices: tuple[str, ...]) -> Rows:
    made = [
        step.button(f"👉 {choice[:_LABEL]}", "pick", index) for index, choice in enumerate(choices)
    ]
    return rows_of(made, _IN_A_ROW)


def _understood(reading: Reading) -> Iterator[Words | str]:
    yield bold("📝 So far I understood")
    facts = (
        ("Symbols", ", ".join(reading.symbols)),
        ("Side", reading.side),
        ("Timeframe", reading.timeframe),
        ("Enter long", reading.entry_long),
        ("Enter short", reading.entry_short),
        ("Exit long", reading.exit_long),
        ("Exit short", reading.exit_short),
        ("Stop", reading.stop),
        ("Targets", ", ".join(target.at for target in reading.targets)),
        ("Trailing", reading.trailing),
        ("Manage", "; ".join(map(str, reading.manage))),
        ("Risk", reading.risk_percent and numbers.percent(reading.risk_percent)),
        ("Leverage", reading.leverage and f"{reading.leverage}x"),
        ("Guidance", reading.guidance),
    )
    yield from (text(f"{name}: {clipped(said, 400)}") for name, said in facts if said)
    yield from remark_lines(replace(Remarks.of(reading), assumed=(), asked=()))


async def answered(desk: Desk, turn: Turn, step: dialogue.Step, said: str) -> Answer:
    """Go on with a reading and the answer to the question that was open."""
    if len(said) > texts.LONGEST:
        return [texts.too_long(len(said))]
    universe = await desk.universe()
    if _is_new_sentence(await to_thread(read, said, universe)):
        return [texts.said("I dropped the earlier one."), *await from_sentence(desk, turn, said)]
    reading = _READINGS.validate_python(step.facts["reading"])
    question = _QUESTIONS.validate_python(step.facts["question"])
    whole = await to_thread(answer, reading, question, said, universe)
    return await from_reading(desk, turn, step.facts["said"], whole)


def _is_new_sentence(reading: Reading) -> bool:
    """Whether an answer is a strategy of its own, which takes the place of the unfinished one.

    It is when it names a market and a rule, or a side and most of the rest: a coin that is not
    known, or a rule that can't be read, must not mix it with the strategy before.
    """
    rule = reading.entry_long or reading.entry_short
    parts = (reading.symbols, rule, reading.timeframe, reading.stop, reading.targets)
    stated = sum(map(bool, parts))
    whole = (rule and reading.symbols) or (reading.side and stated >= _MOST_PARTS)
    return bool(reading.is_strategy and whole)


async def picked(desk: Desk, turn: Turn) -> Answer:
    """A suggestion was tapped."""
    step = await dialogue.present(desk, turn)
    if step is None or step.kind != MISSING or step.serial != turn.tap.id:
        return [texts.said(texts.OVER)]
    choices = _QUESTIONS.validate_python(step.facts["question"]).choices
    if turn.tap.version >= len(choices):
        return [texts.said(texts.NOT_MINE)]
    return await answered(desk, turn, step, choices[turn.tap.version])


async def example(desk: Desk, turn: Turn) -> Answer:
    """An example was pressed: as if its sentence had been typed."""
    if not 1 <= turn.tap.id <= len(texts.EXAMPLES):
        return [texts.said(texts.NOT_MINE)]
    sentence = texts.EXAMPLES[turn.tap.id - 1]
    return [texts.said(italic(f"“{sentence}”")), *await from_sentence(desk, turn, sentence)]


async def stored(
    desk: Desk,
    turn: Turn,
    sentence: str,
    spec: StrategySpec,
    remarks: Remarks,
    *,
    name: str = "",
) -> Strategy:
    """The draft of this message; the one stored before when the message comes a second time."""
    drafted_last = f"drafted:{turn.user.id}"
    memory = desk.memory
    async with memory.transactions.transaction():
        last: Mapping[str, Any] = await memory.notes.read(drafted_last) or {}
        if last.get("key") == turn.incoming.key:
            return await memory.strategies.get(turn.user.id, last["strategy_id"])
        now = desk.clock.now()
        drafted = await memory.strategies.draft(
            turn.user.id, name or short_name(spec), spec, sentence, desk.modes.first, now
        )
        note = {"key": turn.incoming.key, "strategy_id": drafted.id}
        await memory.notes.write(drafted_last, note)
        await keep_remarks(desk, drafted.id, remarks)
    return drafted


async def keep_remarks(desk: Desk, strategy_id: int, remarks: Remarks) -> None:
    await desk.memory.notes.write(f"remarks:{strategy_id}", remarks.as_json())


async def shown(desk: Desk, strategy: Strategy, last: Words | None = None) -> Shown:
    """A strategy with what was said of it when it was read."""
    stored = await desk.memory.notes.read(f"remarks:{strategy.id}")
    around = await house(desk, strategy.owner_id)
    if strategy.mode is Mode.LIVE:
        around = replace(around, balance=await _given(desk, strategy))
    return Shown(strategy, around, Remarks.from_json(stored), last or Words())
