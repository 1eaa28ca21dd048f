"""Finds the longest known phrase at each place; articles and joining hyphens do not matter."""

from agents.decision.words.indicators import INDICATOR_PHRASES
from agents.decision.words.lexicon import PHRASES
from agents.decision.words.spelling import Speller
from agents.decision.words.tokens import tokenize
from agents.decision.words.vocabulary import words
from agents.domain.symbols import COIN_NAMES

# Words that never change what a sentence asks for.
ARTICLES = words(
    """
    now
    le les du une a an the my your our their some of please pls plz der die das dem den des el
    la los las del de un una ein eine einem einen einer its really currently still clearly
    simply actually well there
    """
)  # fmt: skip

_KEEP_ARTICLE_AFTER = frozenset({"span", "senkou"})


def is_article(text: str, before: str) -> bool:
    return text in ARTICLES and before not in _KEEP_ARTICLE_AFTER


class _Node:
    __slots__ = ("label", "next")

    def __init__(self) -> None:
        self.label: str | None = None
        self.next: dict[str, _Node] = {}


def spellings() -> list[tuple[str, str]]:
    """Every (spelling, label) of the lexicon."""
    rows = {**PHRASES, **INDICATOR_PHRASES}
    found = []
    for label, text in rows.items():
        found += [(" ".join(part.split()), label) for part in text.split(" | ")]
    return found


def _pieces(spelling: str) -> list[str]:
    """`spelling` cut as a sentence is, without what matching ignores."""
    texts = [token.text for token in tokenize(spelling) if token.text != "-"] or ["-"]
    if spelling in {"di -", "- di", "-di"}:
        texts = [token.text for token in tokenize(spelling)]
    kept = [
        text for at, text in enumerate(texts) if not is_article(text, texts[at - 1] if at else "")
    ]
    return kept or texts


def _grow() -> _Node:
    root = _Node()
    for spelling, label in spellings():
        node = root
        for piece in _pieces(spelling):
            node = node.next.setdefault(piece, _Node())
        node.label = label
    return root


_ROOT = _grow()
_VOCABULARY = frozenset(
    piece
    for spelling, _ in spellings()
    for piece in _pieces(spelling)
    if piece.isalpha() and len(piece) > 1
)
LABELS = frozenset(label for _, label in spellings())
KNOWN_WORDS = _VOCABULARY
SPELLER = Speller(_VOCABULARY | frozenset(COIN_NAMES))


def longest(texts: list[str], at: int) -> tuple[str, int] | None:
    """Label and number of pieces of the longest phrase that begins at `at`."""
    node, best = _ROOT, None
    for offset, text in enumerate(texts[at : at + 6]):
        child = node.next.get(text)
        if child is None:
            break
        node = child
        if node.label is not None:
            best = (node.label, offset + 1)
    return best
