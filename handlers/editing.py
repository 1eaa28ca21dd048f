"""Changing a strategy by a sentence: the difference is shown, and a Yes makes a new version."""

import re
from collections.abc import Mapping
from typing import Any

from agents.domain.errors import AskUser, Moved
from agents.domain.strategy import Strategy, StrategySpec, StrategyState
from handlers import confirm, dialogue, drafting, strategies, texts
from handlers.chat import Reply, bold, code, lines, text
from handlers.desk import Desk
from handlers.strategy_card import Remarks, difference_words, differences
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


async def sentence(desk: Desk, turn: Turn, step: dialogue.Step) -> Answer:
    """The sentence that says what should change."""
    strategy = await desk.memory.strategies.get(turn.user.id, step.facts["strategy_id"])
    if named := _NAMED.fullmatch(turn.words.strip()):
        return await _rename(desk, turn, strategy, named[1] or named[2])
    if len(turn.words) > texts.LONGEST:
        return [texts.too_long(len(turn.words))]
    spec = await _edited(desk, turn, strategy)
    changes = differences(strategy.spec, spec)
    if not changes:
        return [texts.said("That would change nothing. Say it differently, or /cancel.")]
    facts = {
        "strategy_id": strategy.id,
        "version": strategy.version,
        "spec": spec.as_json(),
        "sentence": turn.words,
    }
    words = lines(bold(f"✏️ Change #{strategy.number} {strategy.name}?"), difference_words(changes))
    return await confirm.ask(desk, turn, ACCEPT, facts, words)


async def _edited(desk: Desk, turn: Turn, strategy: Strategy) -> StrategySpec:
    raise AskUser("Editing by sentence is not wired yet.")


async def accept(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes: the next version, unless the strategy changed in the meantime."""
    spec = StrategySpec.model_validate(facts["spec"])
    done = await desk.memory.strategies.revise(
        turn.user.id,
        facts["strategy_id"],
        facts["version"],
        spec,
        facts["sentence"],
        desk.clock.now(),
    )
    if not done:
        raise Moved("The strategy has changed in the meantime; tap Edit on its present card.")
    await drafting.keep_remarks(desk, facts["strategy_id"], Remarks())
    strategy = await desk.memory.strategies.get(turn.user.id, facts["strategy_id"])
    said = f"✏️ Changed: this is version {strategy.version}."
    return [confirm.agreed(said), await strategies.card(desk, strategy)]


async def _rename(desk: Desk, turn: Turn, strategy: Strategy, name: str) -> Answer:
    name = " ".join(name.split())[:_LONGEST_NAME]
    await desk.memory.strategies.rename(turn.user.id, strategy.id, name)
    await dialogue.end(desk, turn)
    strategy = await desk.memory.strategies.get(turn.user.id, strategy.id)
    return [texts.said(f"✏️ #{strategy.number} is now called “{name}”.")]
