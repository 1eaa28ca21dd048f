"""Plain text: an answer to an open question, a question that a command answers, or a strategy."""

import re

from handlers import bringing, dialogue, drafting, editing, modes, receipt_taps, texts
from handlers.desk import Desk
from handlers.turn import Answer, Turn

_YES = frozenset({"yes", "y", "yep", "yeah", "ok", "okay", "sure", "do it", "confirm"})
_NO = frozenset({"no", "n", "nope", "cancel", "stop", "don't", "dont", "never mind"})
_ASKING = (
    r"(?:(?:please|and|so|hey|ok)[, ]+)*"
    r"(?:(?:what(?:'?s| is| are)|show(?: me)?|give me|tell me|list|see|how(?:'?s| is| are)|check)"
    r"\s+)?(?:(?:about|me|my|the|all|our|current|open|of)\s+)*"
)

# What is asked, as the end of a question, and the command that answers it.
_INTENTS = tuple(
    (re.compile(f"{_ASKING}(?:{pattern})", re.IGNORECASE), command)
    for pattern, command in (
        (
            r"balances?|equity|accounts?|money|how much (?:money )?(?:do i have|have i got)",
            "balance",
        ),
        (
            r"profits?|p ?& ?l|pnl|how much (?:did|have|do) i (?:made?|make|earned?|lost|lose)",
            "profit",
        ),
        (
            r"status|positions?|going on|happening|up|it going|what are you (?:doing|watching)",
            "status",
        ),
        (r"trades|trade history|history", "trades"),
        (r"performance|stats|statistics|win ?rate|how am i doing", "performance"),
        (r"strategies", "strategies"),
        (r"proposals?|pending|waiting", "proposals"),
        (r"daily|today|by day|profit today|today's profit", "daily"),
        (r"costs?|fees", "costs"),
        (r"settings|time ?zone", "settings"),
        (r"help|commands?|what can you do|can you do|how does (?:this|it) work", "help"),
        (r"hi|hello|hey|hi there|hello there|good (?:morning|evening|day)|start", "start"),
        (r"panic|stop everything|(?:close|sell|flatten) everything|stop all", "panic"),
    )
)
# Orders with words of their own, handed on to the command.
_ORDERS = re.compile(
    r"(?:please\s+)?(?P<verb>close|exit|pause|resume|chart|why)"
    r"(?:\s+(?:did you (?:not )?|didn't you )?(?:buy|sell|trade|short|enter|skip)(?:ed)?)?"
    r"(?:\s+(?:my|the))?(?P<rest>(?:\s+#?\$?[\w/.%-]{1,14}){0,3})(?:\s+(?:position|trade|strategy))?",
    re.IGNORECASE,
)
_COMMAND_OF = {"exit": "close"}
_TYPED = {modes.TYPE_LIVE: modes.typed, receipt_taps.ADOPT: receipt_taps.stop_said}
_IN_WORDS = {editing.EDIT, drafting.MISSING, *_TYPED}
_RULE_WORDS = re.compile(r"\b(?:above|below|over|under|when|if|crosses|is)\b|[<>]", re.IGNORECASE)


def command_in(said: str, *, orders: bool = True) -> tuple[str, str] | None:
    """The command and its words that a plain text obviously means; None where it is not.

    Without `orders` only questions are known: `exit 3R` may be the answer to one.
    """
    bare = " ".join(said.split()).strip(" .!?👋")
    if not bare or len(bare) > 60:
        return None
    for pattern, command in _INTENTS:
        if pattern.fullmatch(bare):
            return command, ""
    found = _ORDERS.fullmatch(bare) if orders else None
    if found is None or _RULE_WORDS.search(found["rest"]):
        return None
    verb = found["verb"].lower()
    rest = found["rest"].strip()
    return (_COMMAND_OF.get(verb, verb), rest) if rest or verb != "exit" else None


def is_yes(said: str) -> bool:
    return said.strip(" .!").lower() in _YES


def is_no(said: str) -> bool:
    return said.strip(" .!").lower() in _NO


def wants_words(step: dialogue.Step | None) -> bool:
    """Whether the open question is answered by a text of the user's own."""
    return step is not None and step.kind in _IN_WORDS


async def talk(desk: Desk, turn: Turn, step: dialogue.Step | None) -> Answer:
    """A text that is no command and means none; `step` is the question that is open."""
    if step is None:
        return await _signal_or_strategy(desk, turn)
    if step.kind == editing.EDIT:
        return await editing.said(desk, turn, step)
    if step.kind == drafting.MISSING:
        return await drafting.answered(desk, turn, step, turn.words)
    if is_no(turn.words):
        await dialogue.end(desk, turn)
        return [texts.said(texts.NOTHING_DONE)]
    if step.kind in _TYPED:
        return await _TYPED[step.kind](desk, turn, step)
    return await _signal_or_strategy(desk, turn)


async def _signal_or_strategy(desk: Desk, turn: Turn) -> Answer:
    """A text that is clearly a signal is offered as one."""
    offered = await bringing.offered(desk, turn)
    return offered or await drafting.from_sentence(desk, turn, turn.words)


async def new(desk: Desk, turn: Turn) -> Answer:
    """/new SENTENCE, or /new alone."""
    await dialogue.end(desk, turn)
    if not turn.words:
        return [texts.examples("Write your strategy in a sentence, for example:")]
    return await drafting.from_sentence(desk, turn, turn.words)
