"""Asking for what is missing, one question at a time, and putting the answers in their place."""

import re
from dataclasses import replace

from agents.decision.words.reader import read_sentence
from agents.decision.words.reading import Question, Reading
from agents.domain.market import Universe

_MOST_CHOICES = 4
_LONGEST_ANSWER = 500
_NUMBERS = re.compile(r"\d")


def missing(reading: Reading) -> Question | None:
    """The next thing to ask, with up to four answers for buttons; None when nothing is open."""
    if not reading.is_strategy:
        return None
    question = next((one for one in reading.asks if one.essential), None)
    return question and replace(question, choices=question.choices[:_MOST_CHOICES])


def answer_line(question_field: str, text: str, side: str | None = None) -> str:
    """`text` as a line that says by itself what it answers: `1%` for a stop is `stop 1%`.

    Added to what was said before, it can be read again as one sentence.
    """
    words = " ".join(text.split())[:_LONGEST_ANSWER]
    lower = words.lower()
    match question_field:
        case "stop" if "stop" not in lower and not re.match(r"sl\b", lower):
            return f"stop {words}"
        case "targets" | "exit" if _NUMBERS.search(lower) and not _names_a_way_out(lower):
            return f"target {words}"
        case "entry" if not re.match(r"(?:go |enter|buy|sell|long|short|only|unless|no )", lower):
            lead = {"long": "go long", "short": "go short"}.get(side or "", "enter")
            return f"{lead} {'' if re.match(r'(?:when|if)', lower) else 'when '}{words}"
        case "risk" if "risk" not in lower:
            return f"risk {words}"
        case "timeframe" if re.fullmatch(r"\d{1,3}", lower):
            return f"{words}m"
    return words


def _names_a_way_out(text: str) -> bool:
    return (
        re.search(r"target|tp|profit|trail|exit|when|even|sell|cover|close|rr\b", text) is not None
    )


def answer(reading: Reading, question: Question, text: str, universe: Universe) -> Reading:
    """`reading` with the answer to `question`: read again together, so that all checks hold.

    Where the answer contradicts what was said, the answer counts.
    """
    if question.field == "strategies":
        return _first_only(reading, universe)
    line = answer_line(question.field, text, reading.side)
    whole = read_sentence(f"{reading.said}\n{line}", universe)
    if all(one.text != question.text for one in whole.asks):
        return replace(whole, answered=reading.answered | {question.field})
    return _overruled(reading, whole, question, line, universe)


def _first_only(reading: Reading, universe: Universe) -> Reading:
    """The first of two strategies: what was said before the words of the second."""
    rest = reading.unread[0] if reading.unread else ""
    first = reading.said.partition(rest)[0] if rest else reading.said
    found = read_sentence(first, universe)
    return replace(found, answered=reading.answered | {"strategies"})


_FIELDS = {
    "symbols": ("symbols",),
    "side": ("side",),
    "timeframe": ("timeframe",),
    "entry": ("entry_long", "entry_short"),
    "stop": ("stop",),
    "targets": ("targets",),
    "exit": ("targets", "exit_long", "exit_short", "trailing"),
    "trailing": ("trailing",),
    "manage": ("manage",),
    "risk": ("risk_percent", "size"),
}


def _overruled(
    reading: Reading, whole: Reading, question: Question, line: str, universe: Universe
) -> Reading:
    """The fields of the question as the answer alone says them; the rest as before."""
    alone = read_sentence(
        f"{line}\n{' '.join(reading.symbols)} {reading.timeframe or ''}", universe
    )
    values = {
        name: getattr(alone, name)
        for name in _FIELDS.get(question.field, ())
        if getattr(alone, name)
    }
    if not values:
        return replace(whole, said=reading.said)
    asks = tuple(one for one in reading.asks if one.text != question.text)
    return replace(
        reading,
        **values,
        asks=asks,
        assumptions=tuple(dict.fromkeys((*reading.assumptions, *alone.assumptions))),
        refused=tuple(dict.fromkeys((*reading.refused, *alone.refused))),
        said=f"{reading.said}\n{line}",
        answered=reading.answered | {question.field},
    )
