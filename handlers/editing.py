"""Changing a strategy by a sentence: the difference is shown, and a Yes makes a new version."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agents.decision.words import Edit, edit
from agents.domain.errors import AskUser, Moved
from agents.domain.strategy import Strategy, StrategySpec, StrategyState
from handlers import confirm, dialogue, drafting, strategies, texts
from handlers.chat import Reply, Words, bold, code, lines, text
from handlers.desk import Desk
from handlers.strategy_card import Remarks, difference_words, remark_lines
from handlers.turn import Answer, Turn

EDIT = "edit"  # the dialogue that waits for a sentence
ACCEPT = "accept"  # the one that waits for a Yes to the difference
_NAMED = re.compile(r"(?:re)?name(?:\s+it)?(?:\s+to|\s*[:=])?\s+(.+)|call\s+it\s+(.+)", re.I | re.S)
_LONGEST_NAME = 40


async def begin(desk: Desk, turn: Turn) -> Answer:
    """Edit was tapped: ask for the sentence."""
    strategy = await desk.memory.strategies.get(turn.user.id, turn.tap.id)
    if strategy.state is StrategyState.ARCHIVED:
        raise AskUser("That strategy is archived. Write its sentence anew to draft it again.")
    await dialogue.ask(desk, turn, EDIT, {"strategy_id": strategy.id})
    return [
        Reply(
            lines(
                bold(f"✏️ What should change in #{strategy.number} {strategy.name}?"),
                text("For example: ")
                + code("stop 2%")
                + text(", ")
                + code("target 3R")
                + text(", ")
                + code("on 15m")
                + text(", ")
                + code("call it Dips"),
                "/cancel leaves it as it is.",
            )
        )
    ]


async def said(desk: Desk, turn: Turn, step: dialogue.Step) -> Answer:
    """The sentence that says what should change."""
    strategy = await desk.memory.strategies.get(turn.user.id, step.facts["strategy_id"])
    if named := _NAMED.fullmatch(turn.words.strip()):
        return await _rename(desk, turn, strategy, named[1] or named[2])
    if len(turn.words) > texts.LONGEST:
        return [texts.too_long(len(turn.words))]
    made = await asyncio.to_thread(edit, strategy.spec, turn.words, await desk.universe())
    if made.spec is None:
        return [texts.said(*_unclear(made))]
    facts = {
        "strategy_id": strategy.id,
        "version": strategy.version,
        "spec": made.spec.as_json(),
        "sentence": f"{strategy.sentence}\n{turn.words}"[-texts.LONGEST :],
        "remarks": _remarks(made).as_json(),
    }
    words = lines(
        bold(f"✏️ Change #{strategy.number} {strategy.name}?"),
        difference_words([(one.field, one.before, one.after) for one in made.changes]),
        *remark_lines(_remarks(made)),
    )
    return await confirm.ask(desk, turn, ACCEPT, facts, words)


def _unclear(made: Edit) -> Iterator[Words | str]:
    """Why nothing can be changed yet; the question stays open."""
    yield from made.questions or ("That would change nothing. Say it differently, or /cancel.",)
    yield from remark_lines(_remarks(made))


def _remarks(made: Edit) -> Remarks:
    asked = made.questions if made.spec is not None else ()
    return Remarks(made.assumptions, made.unread, made.refused, asked)


async def accept(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes: the next version, unless the strategy changed in the meantime."""
    await _revised(desk, turn, facts)
    await drafting.keep_remarks(desk, facts["strategy_id"], Remarks.from_json(facts["remarks"]))
    strategy = await desk.memory.strategies.get(turn.user.id, facts["strategy_id"])
    said = f"✏️ Changed: this is version {strategy.version}."
    return [confirm.agreed(said), await strategies.card(desk, strategy)]


async def _revised(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> None:
    """Store the new version; fine when this very change was stored before. Raises Moved."""
    spec, sentence = StrategySpec.model_validate(facts["spec"]), facts["sentence"]
    number, version, user = facts["strategy_id"], facts["version"], turn.user.id
    found = desk.memory.strategies
    if await found.revise(user, number, version, spec, sentence, desk.clock.now()):
        return
    present = await found.get(user, number)
    if (present.version, present.spec, present.sentence) != (version + 1, spec, sentence):
        raise Moved("The strategy has changed in the meantime; tap Edit on its present card.")


async def _rename(desk: Desk, turn: Turn, strategy: Strategy, name: str) -> Answer:
    name = " ".join(name.split())[:_LONGEST_NAME]
    await desk.memory.strategies.rename(turn.user.id, strategy.id, name)
    await dialogue.end(desk, turn)
    strategy = await desk.memory.strategies.get(turn.user.id, strategy.id)
    return [texts.said(f"✏️ #{strategy.number} is now called “{name}”.")]
