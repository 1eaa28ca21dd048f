"""Reads a user's sentence: with a model where one is connected, with the built-in reader otherwise.

Both give the same Reading and pass the same checks. When the model gives no usable answer, the
built-in reader reads, and says so.
"""

import asyncio
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Protocol

from agents.decision.advisor import quoted
from agents.decision.rules import is_rule_text
from agents.decision.words import ModelReading, Reading, from_model, read
from agents.domain.decision import ModelCall
from agents.domain.ports import Market, ModelCalls
from agents.extraction.catalogue import CATALOGUE

FELL_BACK = "The model gave no usable answer, so the built-in reader read this."


class SentenceModel(Protocol):
    """A model that states a strategy. Never raises for a bad answer; no calls for a user for whom
    no model may be asked."""

    async def state(
        self, owner_id: int, system: str, prompt: str
    ) -> tuple[ModelReading | None, tuple[ModelCall, ...]]: ...


class SentenceReader:
    """Call it with a user's id and a sentence."""

    def __init__(
        self, market: Market, calls: ModelCalls, model: SentenceModel | None = None
    ) -> None:
        self._market = market
        self._calls = calls
        self._model = model

    async def __call__(self, user_id: int, sentence: str) -> Reading:
        """Raises MarketUnavailable while it is not known what can be traded."""
        universe = await self._market.universe()
        by_words = await asyncio.to_thread(read, sentence, universe)
        if self._model is None or is_rule_text(sentence):
            return by_words
        answer, calls = await self._model.state(
            user_id, instructions(), quoted({"message": sentence})
        )
        for call in calls:
            await self._calls.add(call)
        if answer is not None:
            return from_model(answer, universe, sentence)
        if not calls:  # nobody could be asked, as for a user without a key
            return by_words
        return replace(by_words, assumptions=(*by_words.assumptions, FELL_BACK))


@cache
def instructions() -> str:
    """The standing instructions with the catalogue; the same bytes each time."""
    text = resources.files("agents.decision").joinpath("prompts/reader.md").read_text("utf-8")
    rows = []
    for row in CATALOGUE.values():
        defaults = ",".join(f"{parameter.default:g}" for parameter in row.parameters)
        outputs = " ".join(f".{output}" for output in row.outputs if output)
        rows.append(f"- {row.name}({defaults}) {outputs}: {row.description}".replace("() ", " "))
    return text + "\n".join(rows) + "\n"
