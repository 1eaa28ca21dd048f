"""A reading while it is put together: what is noted, asked, refused and left unread."""

from dataclasses import dataclass, field

from agents.decision.words.items import Item
from agents.decision.words.reading import Question
from agents.decision.words.sentence import Sentence


@dataclass
class Draft:
    """Collects what the parts of the assembly have to say to the user."""

    s: Sentence
    items: list[Item]
    assumptions: list[str] = field(default_factory=list)
    asks: list[Question] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    guidance: list[str] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Item]:
        return [item for item in self.items if item.kind in kinds]

    def first(self, kind: str) -> Item | None:
        return next((item for item in self.items if item.kind == kind), None)

    def verbatim(self, item: Item) -> str:
        return self.s.verbatim(item.start, item.end)

    def note(self, *texts: str) -> None:
        """State an assumption, once."""
        self.assumptions += [text for text in texts if text and text not in self.assumptions]

    def ask(self, field_: str, text: str, *choices: str, essential: bool = True) -> None:
        """Ask the user, once for each text."""
        if all(question.text != text for question in self.asks):
            self.asks.append(Question(field_, text, choices, essential))

    def asked(self, field_: str) -> bool:
        return any(question.field == field_ for question in self.asks)

    def leave(self, text: str) -> None:
        """Name words that could not be used."""
        if text.strip() and text not in self.unread:
            self.unread.append(text.strip())
