"""A platform that can't be reached: what is about money goes to the person's other one."""

from dataclasses import replace

import pytest

from agents.domain.mail import OutboxItem
from agents.domain.user import Identity, NoticeKind, Place
from bot.reach import Reach
from handlers.chat import PlatformHealth, Reply, text
from tests.support.clock import START, ManualClock
from tests.support.memory import InMemory
from tests.support.memory_mail import MemoryOutbox
from tests.support.platform import MemoryPlatform

HERE, THERE = Place("telegram", "1"), Place("discord", "9")


class Flaky(MemoryPlatform):
    connected = True

    def health(self) -> PlatformHealth:
        return PlatformHealth(self.name, self.connected)


class Town:
    """A person at home on two platforms."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.memory = InMemory()
        self.outbox = MemoryOutbox(self.memory.session)
        self.telegram, self.discord = Flaky("telegram"), Flaky("discord")
        self.reach = Reach(
            {"telegram": self.telegram, "discord": self.discord},
            self.outbox,
            self.memory.users,
            self.clock.wall,
        )

    async def move_in(self) -> "Town":
        user = await self.memory.users.join(
            Identity("telegram", "1"), "Ann", HERE, operator=False, at=START
        )
        await self.memory.users.add_place(user.id, THERE)
        self.ann = user.id
        return self

    async def put(self, place: Place, key: str, **facts: object) -> None:
        await self.outbox.put(self.ann, place, NoticeKind.REPLY, key, facts, at=self.clock.wall())

    async def outage(self, seconds: float) -> None:
        self.telegram.connected = False
        await self.reach.look()
        self.clock.wait(seconds)
        await self.reach.look()

    async def at(self, place: Place) -> list[OutboxItem]:
        found = await self.outbox.due(place.platform, self.clock.wall(), 10)
        return [item for item in found if item.place == place]


@pytest.fixture
async def town() -> Town:
    return await Town().move_in()


async def test_a_short_silence_is_no_outage(town: Town) -> None:
    await town.outage(119)
    assert town.reach.away() == {}
    town.telegram.connected = True
    await town.reach.look()
    town.clock.wait(60)
    await town.reach.look()
    assert town.reach.away() == {}


async def test_after_two_minutes_answers_are_told_elsewhere_once(town: Town) -> None:
    await town.put(HERE, "reply:1", words=[["Closed BTC", "plain"]], reply_to="77")
    await town.outage(121)
    await town.reach.look()
    (item,) = await town.at(THERE)
    assert item.key == "reply:1" and item.facts["meant_for"] == "telegram"
    assert "reply_to" not in item.facts
    marked = await town.reach.marked(item, Reply(text("Closed BTC")))
    assert marked is not None
    said = marked.words.plain()
    assert said.startswith("📡 Telegram can't be reached since") and said.endswith("Closed BTC")


async def test_a_notice_on_the_other_platform_says_why_it_is_only_there(town: Town) -> None:
    item = OutboxItem(town.ann, THERE, NoticeKind.FILLED, "k", {}, START, START)
    plain = Reply(text("Filled"))
    assert await town.reach.marked(item, plain) == plain
    await town.outage(121)
    marked = await town.reach.marked(item, plain)
    assert marked is not None and "can't be reached" in marked.words.plain()
    assert await town.reach.marked(item, None) is None
    assert await town.reach.marked(item, replace(plain, edits=True)) == replace(plain, edits=True)


async def test_an_answer_that_was_asked_for_there_is_not_marked(town: Town) -> None:
    await town.outage(121)
    item = OutboxItem(town.ann, THERE, NoticeKind.REPLY, "k", {}, START, START)
    assert await town.reach.marked(item, Reply(text("Balance"))) == Reply(text("Balance"))


async def test_when_it_is_back_nothing_is_marked(town: Town) -> None:
    await town.outage(121)
    town.telegram.connected = True
    await town.reach.look()
    item = OutboxItem(town.ann, THERE, NoticeKind.CLOSED, "k", {}, START, START)
    assert await town.reach.marked(item, Reply(text("Closed"))) == Reply(text("Closed"))


async def test_edits_and_what_was_said_in_groups_stay_where_they_are(town: Town) -> None:
    await town.put(HERE, "edit", words=[["x", "plain"]], edits=True)
    await town.put(Place("telegram", "-5"), "group", words=[["y", "plain"]])
    await town.outage(121)
    assert await town.at(THERE) == []


async def test_a_question_is_answered_where_it_was_asked(town: Town) -> None:
    """Its number counts in one place: elsewhere a Yes would be one to another question."""
    rows = [[["✅ Yes", "yes", 3, 0], ["🚫 No", "no", 3, 0]], [["🔎 #7", "proposal", 7, 0]]]
    await town.put(HERE, "reply:1", words=[["Close BTC?", "plain"]], rows=rows)
    await town.outage(121)
    (item,) = await town.at(THERE)
    assert item.facts["rows"] == [[["🔎 #7", "proposal", 7, 0]]]


async def test_posts_of_channels_stay_in_their_channel(town: Town) -> None:
    """Also where the channel is a place of the account, and the post is only late."""
    kinds = (NoticeKind.SIGNAL_POST, NoticeKind.SIGNAL_CHANGED, NoticeKind.SIGNAL_UPDATE)
    for kind in kinds:
        wall = town.clock.wall()
        await town.outbox.put(town.ann, HERE, kind, str(kind), {"signal_id": 1}, at=wall)
    await town.outage(121)
    assert await town.at(THERE) == []


async def test_nobody_is_told_on_a_platform_that_is_away_too(town: Town) -> None:
    await town.put(HERE, "reply:1", words=[["z", "plain"]])
    town.discord.connected = False
    await town.outage(121)
    assert await town.at(THERE) == []
