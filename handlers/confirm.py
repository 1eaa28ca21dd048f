"""Yes and No: what is asked before something that can't be taken back."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from handlers import dialogue, texts
from handlers.chat import Reply, Words
from handlers.desk import Desk
from handlers.turn import Answer, Turn

Act = Callable[[Desk, Turn, Mapping[str, Any]], Awaitable[Answer]]
"""Does what was agreed to, with the facts that were stored when it was asked."""


async def ask(
    desk: Desk,
    turn: Turn,
    act: str,
    facts: Mapping[str, Any],
    words: Words,
    yes: str = "✅ Yes",
    no: str = "🚫 No",
) -> Answer:
    """Ask for a Yes to `act`, which names a row of the table of acts."""
    step = await dialogue.ask(desk, turn, act, facts)
    return [Reply(words, texts.yes_no(step.button(yes, "yes"), step.button(no, "no")))]


def agreed(words: Words | str) -> Reply:
    """Takes the place of the question, with its buttons gone."""
    return Reply(texts.said(words).words, edits=True)


async def declined(desk: Desk, turn: Turn) -> Answer:
    """No to the open question."""
    if await dialogue.answered(desk, turn) is None:
        return [agreed(texts.OVER)]
    return [agreed(texts.NOTHING_DONE)]


async def dismissed(desk: Desk, turn: Turn) -> Answer:
    """No to a question that nothing waits for."""
    return [agreed(texts.NOTHING_DONE)]
