"""Sentences that several handlers say: greetings, hints, refusals."""

from datetime import timedelta

from agents.domain.errors import AskUser, LimitBreach, ParleyError, Refused, RuleError, said_back
from handlers import markers, times
from handlers.chat import Button, Reply, Rows, Words, bold, code, lines, pre, text

EXAMPLES = (
    "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%",
    "Short SOL on 5m if close crosses below 20-candle low, stop 1.5 atr, target 2R",
    "Long ETH on 1m when ema 9 crosses above ema 21, stop 0.8%, target 1.5R",
)
LONGEST = 5_000  # characters of a sentence

STRANGER = (
    "This is a private trading desk. If you have an invitation code, send it here; "
    "the operator can make one."
)
NOT_MINE = "That button is not one of mine any more. /status shows what is true now."
OVER = "That question is over. /status shows what is true now."
PRIVATE_ONLY = "That is between the two of us: write it to me in our private chat."
NOTHING_DONE = "All right, nothing was done."
NOT_A_STRATEGY = (
    "I did not read a strategy in that. Say what to buy or short, when, and where to get out, "
    "for example:"
)


def echo(words: str) -> str:
    """What somebody wrote, short enough to be said back."""
    return said_back(words)


def said(*parts: Words | str) -> Reply:
    """A plain answer, each part on a line of its own."""
    return Reply(lines(*parts))


def example_rows() -> Rows:
    numbered = enumerate(EXAMPLES, 1)
    return tuple((Button(f"💡 {sentence}", "example", number),) for number, sentence in numbered)


def greeting(name: str, market: str) -> Reply:
    """Four lines and three sentences to press."""
    hello = f"Welcome, {name}." if name else "Welcome."
    return Reply(
        lines(
            bold(f"👋 {hello} This is your trading desk."),
            "Describe a strategy in a sentence; I watch the market and propose each trade.",
            "Nothing is traded before you approve it, unless you allow it with /autonomy; you "
            f"begin on paper money ({markers.market(market)} market).",
            "Press an example, write your own, or send /help.",
        ),
        rows=example_rows(),
    )


def examples(opening: str) -> Reply:
    return Reply(lines(opening, code(EXAMPLES[0])), rows=example_rows())


def empty() -> Reply:
    return examples("I got no words. Write a strategy in a sentence, for example:")


def too_long(length: int) -> Reply:
    return said(
        f"That has {length:,} characters; {LONGEST:,} is the most I read. "
        "Say it shorter, one strategy at a time."
    )


def unknown_command(name: str, near: list[str]) -> Reply:
    if near:
        return said(f"There is no /{name}. Did you mean {' or '.join(f'/{one}' for one in near)}?")
    return said(f"There is no /{name}. /help lists what I can do.")


def of_error(error: ParleyError) -> Reply:
    """What a person is told of an error, with what to do next."""
    if isinstance(error, RuleError) and error.text:
        message, *marked = error.pointed().split("\n")
        return Reply(lines(text(message), pre("\n".join(marked))))
    if isinstance(error, LimitBreach):
        return said(f"⛔ Limit “{error.rule}”: {sentence(str(error))}")
    if isinstance(error, AskUser):
        return said(str(error))
    sign = "⚠️" if isinstance(error, Refused) else "⏳"  # waiting does not help against a refusal
    return said(f"{sign} {sentence(str(error))}")


def late(what: str, delay: timedelta, now: str, rows: Rows) -> Reply:
    """Something about money that was said while nobody listened: it is asked again."""
    return Reply(
        lines(
            bold(f"🕰 You {what} {times.age(delay)} ago, while I was away."),
            *([now] if now else []),
            "Shall I do it now?",
        ),
        rows=rows,
    )


def yes_no(yes: Button, no: Button) -> Rows:
    return ((yes, no),)


def no_button() -> Button:
    """Takes back a question that has no step of its own."""
    return Button("🚫 No", "dismiss")


def sentence(words: str) -> str:
    """With a capital and a full stop."""
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
