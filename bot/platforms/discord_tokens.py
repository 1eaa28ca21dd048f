"""The interactions that wait for an answer: each has a token for fifteen minutes, in memory."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.platforms.discord_events import Open

LIFE_SECONDS = 14.5 * 60  # of a token; Discord gives it fifteen minutes
_KNOWN = 2_000
_ACKNOWLEDGED_WITHIN = 5.0  # seconds after which an answer no longer waits for it


@dataclass(slots=True, eq=False)
class Token:
    """`waits` is true while the person sees "thinking…"; `hidden` is whether nobody else does."""

    opened: Open
    application: int
    token: str = field(repr=False)
    until: float = 0.0
    begun: float = 0.0
    waits: bool = False
    hidden: bool = False
    private: bool = False
    message_id: int = 0  # the message whose button was tapped; @original means that one
    original: int = 0  # the response, once it was given
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    works: bool = False

    @property
    def address(self) -> dict[str, Any]:
        """Parameters of the routes below its webhook."""
        return {"webhook_id": self.application, "webhook_token": self.token}

    async def ready(self) -> bool:
        """Whether it may be answered by; waits for the acknowledgement that is on its way."""
        try:
            async with asyncio.timeout(_ACKNOWLEDGED_WITHIN):
                await self.acknowledged.wait()
        except TimeoutError:
            return False
        return self.works

    def acknowledge(self, *, works: bool) -> None:
        self.works = works
        self.acknowledged.set()


class Tokens:
    """`elapsed` is a clock in seconds that only runs forward."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._open: dict[int, Token] = {}
        self._messages: dict[int, Token] = {}  # the newest token that a message was seen with

    def keep(self, token: Token) -> bool:
        """False when this interaction is known: it came twice."""
        if token.opened.interaction in self._open:
            return False
        self._forget()
        token.begun = self._elapsed()
        token.until = token.begun + LIFE_SECONDS
        self._open[token.opened.interaction] = token
        if token.message_id:
            self.shown(token.message_id, token)
        return True

    def shown(self, message_id: int, token: Token) -> None:
        """The message can be edited by that token."""
        self._messages.pop(message_id, None)
        self._messages[message_id] = token

    def find(self, opened: Open) -> Token | None:
        return self._alive(self._open.get(opened.interaction))

    def of_message(self, message_id: int) -> Token | None:
        return self._alive(self._messages.get(message_id))

    def drop(self, token: Token) -> None:
        """Discord does not know it any more."""
        token.until = 0.0

    def overdue(self, seconds: float) -> list[Token]:
        """Those for whom a person has seen "thinking…" for so long."""
        since = self._elapsed() - seconds
        return [
            token
            for token in self._open.values()
            if token.waits and token.begun <= since and self._alive(token)
        ]

    def _alive(self, token: Token | None) -> Token | None:
        return token if token and token.until > self._elapsed() else None

    def _forget(self) -> None:
        """What is over, and the oldest where there are too many."""
        while self._open:
            oldest = next(iter(self._open.values()))
            if len(self._open) < _KNOWN and self._alive(oldest):
                break
            del self._open[oldest.opened.interaction]
        while self._messages:
            message_id, token = next(iter(self._messages.items()))
            if len(self._messages) < _KNOWN and self._alive(token):
                break
            del self._messages[message_id]
