"""The parts of an exchange key as people send them: one by one, several at once, with labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.domain.venue import Credentials

FULL = ("key", "secret", "password")
_LONGEST = 4_000  # characters of a part; some secrets are a block of lines
_SHORTEST = 4
_NAME = re.compile(r"[A-Za-z]{2,20}\d?")
_LABEL = re.compile(
    r"\b(?:api[ _-]?|secret[ _-]?)?(?:key|secret|pass(?:phrase|word)?)\s*[:=]", re.IGNORECASE
)
_PART = re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----|\S+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a key is known so far, of `wanted` parts: key, secret, and a password where the
    exchange has one."""

    exchange: str
    wanted: int
    said: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_whole(self) -> bool:
        return len(self.said) == self.wanted

    @property
    def next(self) -> str:
        """What is asked for now."""
        return FULL[len(self.said)]

    @property
    def credentials(self) -> Credentials:
        return Credentials(*self.said)

    def split(self, said: str) -> list[str]:
        """What a text adds. A password alone may have spaces in it."""
        only_password = len(self.said) == len(FULL) - 1 < self.wanted
        return [said.strip()] if only_password else self.fitted(split(said))

    def fitted(self, words: Sequence[str]) -> list[str]:
        """Words as parts: what is left over at the end belongs to the password."""
        before = len(FULL) - 1 - len(self.said)
        if self.wanted < len(FULL) or len(words) <= before + 1:
            return list(words)
        return [*words[:before], " ".join(words[before:])]

    def complaint(self, more: Sequence[str]) -> str:
        """What is wrong with what was said; empty for what can be the next parts of a key."""
        if len(more) > self.wanted - len(self.said):
            missing = FULL[len(self.said) : self.wanted]
            wanted = " and ".join(f"the {part}" for part in missing)
            need = f"{len(missing)}: {wanted}" if len(missing) > 1 else wanted
            return f"Those are {len(more)} words, and I need {need}. Nothing was stored."
        if not all(_fits(one) for one in more):
            return "That does not look like a part of a key. Nothing was stored."
        return ""


def split(said: str) -> list[str]:
    """The parts of a key, without the labels that exchanges write before them."""
    return _PART.findall(_LABEL.sub(" ", said))


def named(said: str) -> tuple[str, list[str]]:
    """The exchange, empty where none is named first, and the parts that follow."""
    first, *rest = said.split(maxsplit=1) or [""]
    if rest and is_name(first):
        return first, split(rest[0])
    return "", split(said)


def is_name(said: str) -> bool:
    """Whether a word can be an exchange's name, and no key."""
    return _NAME.fullmatch(said) is not None


def _fits(part: str) -> bool:
    signs = part.replace("\n", "").replace("\r", "")
    return _SHORTEST <= len(signs) <= _LONGEST and signs.isascii() and signs.isprintable()
