"""Errors grouped by what the caller can do: ask the user, try again, or stop.

The docstring of each class is its message when none is given and says what to do next.
"""

import re

_LONG_NUMBER = re.compile(r"\d(?:[.,]?\d){9}")
_OF_A_NUMBER = 8


def said_back(words: str, most: int = 39) -> str:
    """What somebody wrote, on one line and short enough to stand in an answer; of a text with a
    long number only the beginning."""
    words = " ".join(words.split())
    size = _OF_A_NUMBER if _LONG_NUMBER.search(words) else most
    return words if len(words) <= size + 1 else words[:size] + "…"


class ParleyError(Exception):
    """Something went wrong; try again, and tell the operator if it stays."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


# --- ask the user -----------------------------------------------------------------------------


class AskUser(ParleyError):
    """That can't be done as it was said; say it differently."""


class RuleError(AskUser):
    """The rule can't be read; see the marked word.

    `text` is the whole rule, `position` the index of the first character of `word` in it.
    """

    def __init__(self, message: str, text: str = "", position: int = 0, word: str = "") -> None:
        super().__init__(message)
        self.text = text
        self.position = position
        self.word = word

    def pointed(self) -> str:
        """Three lines for a fixed-width font: message, line of the rule, carets under the word."""
        start = self.text.rfind("\n", 0, self.position) + 1
        line = self.text[start:].partition("\n")[0]
        width = max(1, len(self.word))
        return f"{self}\n{line}\n{' ' * (self.position - start)}{'^' * width}"


class UnknownSymbol(AskUser):
    """No market of that name; write it like BTC/USDT."""

    def __init__(self, spelling: str, suggestions: tuple[str, ...] = ()) -> None:
        hint = f" Did you mean {', '.join(suggestions)}?" if suggestions else ""
        super().__init__(f"I know no market called {said_back(spelling)!r}.{hint}")
        self.spelling = spelling
        self.suggestions = suggestions


class LimitBreach(AskUser):
    """A limit refuses this; `rule` names it, the message gives the numbers."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class NotFound(AskUser):
    """There is no such thing, or it is not yours."""


class Moved(AskUser):
    """It has changed in the meantime; look at its present state."""


# --- try again --------------------------------------------------------------------------------


class TryAgain(ParleyError):
    """A passing fault; it will be tried again by itself."""


class MarketUnavailable(TryAgain):
    """The market can't be reached at the moment; it keeps being tried."""


class OrderUnknown(TryAgain):
    """The order was sent and no answer came; it is looked up by its client order id."""


class BrokerBusy(TryAgain):
    """The exchange asks to wait and took nothing; the same is sent again later.

    `retry_after` is in seconds.
    """

    def __init__(self, message: str | None = None, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BrokerAway(TryAgain):
    """The exchange can't be reached at the moment; it keeps being tried."""


class DeliveryDelayed(TryAgain):
    """The platform asks to wait, or can't be reached; `retry_after` is in seconds."""

    def __init__(self, message: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PlaceMoved(DeliveryDelayed):
    """The chat goes on under another id, `chat`; deliver there from now on."""

    def __init__(self, chat: str) -> None:
        super().__init__()
        self.chat = chat


# --- stop -------------------------------------------------------------------------------------


class Refused(ParleyError):
    """The other side refuses this for good; trying again will not help."""


class OrderRejected(Refused):
    """The broker rejected the order."""


class StopTooNear(OrderRejected):
    """The price is beyond the stop already: the exchange would trigger it at once."""


class KeyRefused(Refused):
    """The exchange does not take this key; make a new one and send it with /connect."""


class DeliveryRefused(Refused):
    """The platform refuses this message for good (blocked, deleted, no right)."""


class PlaceGone(DeliveryRefused):
    """The bot can't write there any more: it was blocked or removed, or the chat is gone."""


class OperatorNeeded(ParleyError):
    """Only the operator can mend this; see the log and the settings."""
