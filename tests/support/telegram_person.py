"""A person in a private chat with the bot: says, reads and presses as people do."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import Message

PATIENCE = 60.0
"""Seconds until a wait is a failure; nothing is timed by it."""


@dataclass
class Person:
    """`read` is the id of the newest message that `ask` has answered with."""

    server: TelegramServer
    user: int
    name: str = "Ann"
    read: int = field(default=0)

    def __post_init__(self) -> None:
        self.server.private(self.user, self.name)

    @property
    def chat(self) -> int:
        return self.user

    @property
    def messages(self) -> list[Message]:
        return self.server.messages(self.chat)

    def say(self, words: str) -> int:
        return self.server.say(self.chat, self.user, words).id

    async def ask(self, words: str, *answer: str) -> Message:
        """Say something; the first new message with all of `answer` in it."""
        return await self.see(*answer, after=self.say(words))

    async def see(self, *words: str, after: int = 0) -> Message:
        """The newest message, younger than `after`, that holds all the words; waited for."""
        return await self.wait(
            lambda message: message.id > after and all(word in message.text for word in words),
            f"{words} after message {after}",
        )

    async def offered(self, label: str, after: int = 0) -> Message:
        """The newest message with that button; waited for."""
        return await self.wait(
            lambda message: message.id > after and any(label in one for one in message.buttons),
            f"a button {label!r}",
        )

    async def wait(self, wanted: Callable[[Message], bool], told: str) -> Message:
        def found() -> list[Message]:
            return [message for message in self.messages if wanted(message)]

        try:
            return (await self.server.wait_for(found, PATIENCE))[-1]
        except TimeoutError:
            said = "\n---\n".join(f"{m.id}: {m.text} {m.buttons}" for m in self.messages)
            raise AssertionError(f"waited in vain for {told}; there is:\n{said}") from None

    async def press(self, message: Message, label: str) -> None:
        """Press a button and wait until the tap was acknowledged."""
        await self.press_data(message, message.button(label))

    async def press_data(self, message: Message, data: str) -> None:
        number = self.server.tap_data(self.chat, self.user, message.id, data)
        queries = self.server.world.queries
        await self.server.wait_for(lambda: queries[number] != "open", PATIENCE)

    async def approve(self, card: Message) -> None:
        """Approve, and again with the new numbers for as long as the price has moved away."""
        assert card.keyboard
        while card.keyboard:
            offered = card.button("Approve")
            await self.press(card, "Approve")
            await self.wait(
                lambda message, offered=offered: (  # type: ignore[misc]
                    message.id == card.id
                    and not (message.keyboard and message.button("Approve") == offered)
                ),
                f"another card than {offered}",
            )
