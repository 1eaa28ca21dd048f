"""A person on Discord: says, runs commands, reads, presses and fills in as people do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.discord_interactions import Interaction
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import Channel, Message

PATIENCE = 60.0
"""Seconds until a wait is a failure; nothing is timed by it."""


@dataclass
class DiscordPerson:
    """In the direct messages with the bot, or in a channel of a guild (`at`)."""

    server: DiscordServer
    user: int
    name: str = "Ann"
    place: Channel | None = None

    def __post_init__(self) -> None:
        if self.place is None:
            self.place = self.server.dm(self.user, self.name)

    def at(self, channel: Channel) -> "DiscordPerson":
        """The same person elsewhere."""
        return DiscordPerson(self.server, self.user, self.name, channel)

    @property
    def channel(self) -> Channel:
        assert self.place
        return self.place

    @property
    def messages(self) -> list[Message]:
        """What the bot wrote here and this person sees, oldest first."""
        return self.server.messages(self.channel, self.user)

    # --- saying -------------------------------------------------------------------------------

    def say(self, words: str, reply_to: int = 0) -> int:
        """A plain message ("@Parley" mentions the bot), or a command where it begins with "/" and
        is one."""
        name, _, rest = words.removeprefix("/").partition(" ")
        if words.startswith("/"):
            return self.run(name, rest.strip()).id
        return self.server.say(self.channel, self.user, words, reply_to=reply_to).id

    def run(self, name: str, text: str = "") -> Interaction:
        """A slash command with its free words."""
        options = {"text": text} if text else {}
        return self.server.slash(self.channel, self.user, name, **options)

    async def ask(self, words: str, *answer: str) -> Message:
        """Say something; the first new message with all of `answer` in it."""
        return await self.see(*answer, after=self.say(words))

    async def suggested(self, command: str, typed: str = "") -> list[tuple[str, str]]:
        """(label, words) that are offered for the command's free words."""
        asked = self.server.complete(self.channel, self.user, command, typed)
        await self._acknowledged(asked)
        return asked.choices

    # --- reading ------------------------------------------------------------------------------

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

        return (await self._until(found, told))[-1]

    async def _until(self, come: Callable[[], Any], told: str) -> Any:
        try:
            return await self.server.wait_for(come, PATIENCE)
        except TimeoutError:
            said = "\n---\n".join(f"{m.id}: {m.text} {m.buttons}" for m in self.messages)
            raise AssertionError(f"waited in vain for {told}; there is:\n{said}") from None

    # --- doing --------------------------------------------------------------------------------

    async def press(self, message: Message, label: str) -> Interaction:
        """Press a button and wait until the tap was acknowledged."""
        return await self.press_id(message, message.button(label))

    async def press_id(self, message: Message, custom_id: str) -> Interaction:
        """The same with a button that may be gone by now."""
        return await self._acknowledged(self.server.press(message, self.user, custom_id))

    async def choose(self, message: Message, label: str) -> Interaction:
        return await self._acknowledged(self.server.choose(message, self.user, label))

    async def fill(self, opened: Interaction, words: str) -> Interaction:
        """Send the form that pressing a button opened."""
        return await self._acknowledged(self.server.fill(opened, words))

    async def _acknowledged(self, one: Interaction) -> Interaction:
        await self._until(lambda: one.acknowledged, f"an answer to {one.data}")
        return one

    def answer_to(self, one: Interaction) -> Message | None:
        """The message that an interaction was answered with."""
        return self.server.world.messages.get(one.response)

    async def approve(self, card: Message) -> None:
        """Approve, and again with the new numbers for as long as the price has moved away."""
        assert card.buttons
        while card.buttons:
            offered = card.button("Approve")
            await self.press(card, "Approve")
            await self.wait(
                lambda message, offered=offered: (  # type: ignore[misc]
                    message.id == card.id
                    and not (message.buttons and message.button("Approve") == offered)
                ),
                f"another card than {offered}",
            )
