"""Three people of one desk, in a group of Telegram and a channel of Discord, who tap every card."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.discord_person import DiscordPerson
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import Channel
from tests.support.telegram_person import Person
from tests.support.telegram_server import TelegramServer

GROUP = -100
PEOPLE = {"Ann": (42, 7_000_000_042), "Bob": (43, 7_000_000_043), "Cid": (44, 7_000_000_044)}
SENTENCES = (
    "Buy BTC when RSI(14) on 5m drops below 48, stop 0.4%, target 1R, risk 0.2%",
    "Short ETH on 5m when rsi(14) > 52, stop 0.5%, target 1R, risk 0.2%",
)
QUIET = ("sent", "stops")
_CODE = re.compile(r"/(?:desk )?link ([A-Z2-9]{10})")


@dataclass
class Member(Person):
    """Somebody in the group; `private` is the same person in a chat of their own."""

    @property
    def chat(self) -> int:
        return GROUP

    @property
    def private(self) -> Person:
        return Person(self.server, self.user, self.name)


@dataclass
class Crew:
    """`tap_all` gives every card the taps that nobody has given it yet, from both platforms."""

    telegram: TelegramServer
    discord: DiscordServer
    channel: Channel = field(init=False)
    chance: random.Random = field(default_factory=lambda: random.Random(3))
    _wishes: dict[tuple[str, str], str] = field(default_factory=dict)
    _given: set[tuple[str, int, int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.telegram.group(GROUP, "Swing")
        guild = self.discord.guild("Traders", owner=PEOPLE["Ann"][1])
        for name, (_, there) in PEOPLE.items():
            self.discord.join(guild, there, name)
        self.channel = self.discord.channel(guild, "swing")

    def member(self, name: str) -> Member:
        return Member(self.telegram, PEOPLE[name][0], name)

    def there(self, name: str) -> DiscordPerson:
        return DiscordPerson(self.discord, PEOPLE[name][1], name).at(self.channel)

    # --- coming together ----------------------------------------------------------------------

    async def begin(self) -> None:
        """Everybody is one person on both platforms, and the two places are one desk."""
        for name, (_, there) in PEOPLE.items():
            await _linked(self.member(name).private, DiscordPerson(self.discord, there, name))
        ann = self.there("Ann")
        opened = await ann.ask("/desk", "is a desk now")
        for name in ("Bob", "Cid"):
            await self.there(name).press(opened, "Join")
            asked = await ann.see(f"{name} asks to join")
            await ann.press(asked, "Approver")
            await ann.see(f"{name} is an approver")
        await ann.ask("/desk rule 2 of 3", "2 of 3 approve")
        code = _CODE.search((await ann.ask("/desk link", "One desk, two places")).text)
        assert code
        await self.member("Ann").ask(f"/desk link {code[1]}", "stands here too")
        await self._trading(ann)

    async def _trading(self, ann: DiscordPerson) -> None:
        """What is said in one of the two places is the desk's."""
        for kind in QUIET:
            await ann.ask(f"/settings {kind} off", ": off")
        for sentence in SENTENCES:
            draft = await ann.offered("Activate", after=ann.say(f"/new {sentence}"))
            await ann.press(draft, "Activate")

    # --- voting -------------------------------------------------------------------------------

    async def tapped(self) -> None:
        """Tap what can be tapped once something can; all of it again when nothing new comes, for
        a tap may have met a market without a price."""
        try:
            await self.telegram.wait_for(self.tap_all, 5)
        except TimeoutError:
            self.tap_all(again=True)

    def tap_all(self, *, again: bool = False) -> int:
        """How many taps were made; nobody waits for the answer to another's. `again` also those
        that were made before: a process that died may have lost them."""
        taps = [one for one in self._wanted() if again or one[0] not in self._given]
        self.chance.shuffle(taps)
        for key, message, data in taps:
            self._given.add(key)
            platform, user = key[0], key[1]
            if platform == "telegram":
                self.telegram.tap_data(GROUP, user, message.id, data)
            else:
                self.discord.press(message, user, data)
        return len(taps)

    def _wanted(self) -> list[tuple[tuple[str, int, int, str], Any, str]]:
        found = []
        for platform, at, message, buttons in self._cards():
            approve = next(data for label, data in buttons.items() if "Approve" in label)
            for name, ids in PEOPLE.items():
                wish = self._wish(name, approve.split(":", 1)[1])
                data = next(data for label, data in buttons.items() if wish in label)
                found.append(((platform, ids[at], message.id, data), message, data))
        return found

    def _wish(self, name: str, card: str) -> str:
        """The same on both platforms, for one version of a card."""
        drawn = self.chance.choices(("Approve", "Veto"), (6, 1))[0]
        return self._wishes.setdefault((name, card), drawn)

    def _cards(self) -> Iterator[tuple[str, int, Any, dict[str, str]]]:
        """Cards that can be tapped, with their buttons' data by label."""
        for mine in self.telegram.messages(GROUP):
            labels = {b["text"]: b["callback_data"] for row in mine.keyboard for b in row}
            if any("Approve" in label for label in labels):
                yield "telegram", 0, mine, labels
        for theirs in self.discord.messages(self.channel):
            if any("Approve" in label for label in theirs.buttons):
                yield "discord", 1, theirs, {one: theirs.button(one) for one in theirs.buttons}


async def _linked(here: Person, there: DiscordPerson) -> None:
    await here.ask("/start", "Welcome")
    code = _CODE.search((await here.ask("/link", "One account on several platforms")).text)
    assert code
    await there.ask(f"/link {code[1]}", "Linked with")
