"""What the reader remembers while it reads on: subjects that `it` may stand for."""

from dataclasses import dataclass, field

from agents.decision.words.conditions import Compare
from agents.decision.words.sentence import Sentence
from agents.decision.words.terms import Operand


@dataclass
class Context:
    """A sentence with the last subject and object of a condition, and the last family of bands.

    `crossing` is the last cross of two lines, of which there may be an opposite.
    `calls` are the parameters that were last said for an indicator with several outputs.
    `prices` are the places of numbers that were said as prices, once somebody has asked;
    `manages` tells whether anything is done with an open position, likewise, and
    `rests` where the rest is closed on a condition that was said before.
    """

    s: Sentence
    subject: Operand | None = None
    thing: Operand | None = None
    family: str | None = None
    crossing: Compare | None = None
    calls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    prices: tuple[int, ...] | None = None
    manages: bool | None = None
    rests: tuple[int, ...] = ()

    def saved(self) -> tuple[Operand | None, Operand | None, str | None]:
        return self.subject, self.thing, self.family

    def restore(self, state: tuple[Operand | None, Operand | None, str | None]) -> None:
        """Forget what an attempt that failed has put in mind."""
        self.subject, self.thing, self.family = state
