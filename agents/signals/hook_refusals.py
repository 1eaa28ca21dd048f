"""Why the body of a webhook is not taken."""

from agents.domain.errors import AskUser


class Unreadable(AskUser):
    """The body can't be read; send JSON, KEY=VALUE lines or the text of a signal."""


class UnknownType(Unreadable):
    """Send the body as application/json or text/plain."""


class BadValue(AskUser):
    """A value can't be used."""


class Unfilled(BadValue):
    """Placeholders that the sender has not filled in."""

    def __init__(self, names: str) -> None:
        super().__init__(f"Placeholders were left unfilled: {names}.")
