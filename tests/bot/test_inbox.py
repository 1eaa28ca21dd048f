"""What people say is stored first, handled once, in order, and always answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agents.domain.errors import DeliveryRefused
from agents.domain.mail import InboxState
from agents.domain.user import Identity, NoticeKind, Place
from bot.inbox import Clerk
from handlers.chat import Incoming, Reply, Tap, reply_from_json, text
from tests.support.clock import START, ManualClock
from tests.support.memory import Database, InMemory, Killed
from tests.support.memory_mail import MemoryInbox, MemoryOutbox
from tests.support.platform import MemoryPlatform

ANN = Identity("telegram", "1")
BOB = Identity("telegram", "2")
GROUP = Place("telegram", "-5")


def home(who: Identity) -> Place:
    return Place(who.platform, who.account)


class Office:
    """One process: a clerk and a router that a test writes."""

    def __init__(
        self,
        handle: Callable[[Incoming], Awaitable[Sequence[Reply]]] | None = None,
        *,
        database: Database | None = None,
        clock: ManualClock | None = None,
        lease: float = 0.0,
        pause: Callable[[float], Awaitable[None]] | None = None,
        outbox: type[MemoryOutbox] = MemoryOutbox,
        platform: MemoryPlatform | None = None,
        **more: Any,
    ) -> None:
        self.handled: list[Incoming] = []
        self.answered = 0
        self.changed = asyncio.Event()
        self.clock = clock or ManualClock()
        self.memory = InMemory(database)
        self.inbox = MemoryInbox(self.memory.session)
        self.outbox = outbox(self.memory.session)
        self.platform = platform or MemoryPlatform()
        self._pause = pause or self._short
        self._own = handle or self.echo
        self.clerk = Clerk(
            self.inbox,
            self.outbox,
            self.memory.transactions,
            self._handle,
            self._owner,
            {"telegram": self.platform},
            self.clock,
            answered=self._count,
            **more,
            lease=lease,
            pause=self._pause,
        )
        self._keys = 0

    async def say(self, content: str, who: Identity = ANN, **changes: Any) -> bool:
        self._keys += 1
        fields = {
            "key": str(self._keys),
            "place": home(who),
            "sender": who,
            "sender_name": "Ann",
            "sent_at": self.clock.wall(),
            "text": content,
            "message_id": "900",
        }
        return await self.clerk.store(Incoming(**{**fields, **changes}))

    async def rounds(self) -> None:
        while await self.clerk.round():
            continue

    async def echo(self, incoming: Incoming) -> Sequence[Reply]:
        return [Reply(text(f"you said {incoming.text}"))]

    @property
    def answers(self) -> list[str]:
        rows = self.memory.rows("outbox")
        return [reply_from_json(row.facts).words.plain() for row in rows]

    async def _handle(self, incoming: Incoming) -> Sequence[Reply]:
        self.handled.append(incoming)
        return await self._own(incoming)

    async def _owner(self, incoming: Incoming, *, personal: bool) -> int:
        return {"1": 11}.get(incoming.sender.account, 0)

    def _count(self) -> None:
        self.answered += 1
        self.changed.set()

    async def _short(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await asyncio.sleep(0)


async def test_an_update_is_handled_once_and_answered() -> None:
    office = Office()
    assert await office.say("hello")
    await office.rounds()
    [row] = office.memory.rows("outbox")
    assert (row.owner_id, row.place, row.kind) == (11, home(ANN), NoticeKind.REPLY)
    assert office.answers == ["you said hello"]
    assert office.answered == 1
    await office.rounds()
    assert len(office.handled) == 1


async def test_the_second_arrival_is_the_same_update() -> None:
    office = Office()
    assert await office.say("hello", key="k")
    assert not await office.say("hello", key="k")
    await office.rounds()
    assert not await office.say("hello", key="k")
    await office.rounds()
    assert len(office.handled) == 1


async def test_it_arrives_as_it_was_sent() -> None:
    office = Office()
    await office.say("", text=None, tap=Tap("approve", 7, 2), tap_data="approve:7:2", key="t")
    await office.rounds()
    assert office.handled[0].tap == Tap("approve", 7, 2)
    assert office.handled[0].sent_at == START


async def test_a_stranger_owns_nothing() -> None:
    office = Office()
    await office.say("hello", BOB)
    await office.rounds()
    assert office.memory.rows("outbox")[0].owner_id == 0


async def test_answers_keep_their_card_and_their_target() -> None:
    async def handle(incoming: Incoming) -> Sequence[Reply]:
        return [
            Reply(text("page 2"), edits=True),
            Reply(text("card"), card="strategy:3", edits=True),
            Reply(text("fill"), replies_to="proposal:7"),
        ]

    office = Office(handle)
    await office.say("", text=None, tap=Tap("page", 1, 0), message_id="p55")
    await office.say("/status", place=GROUP, private=False, message_id="56")
    await office.rounds()
    rows = office.memory.rows("outbox")
    assert [row.card for row in rows[:3]] == ["", "strategy:3", ""]
    assert [row.replies_to for row in rows[:3]] == ["", "", "proposal:7"]
    assert [row.facts.get("message_id") for row in rows[:3]] == ["p55", None, None]
    assert [row.facts.get("reply_to") for row in rows[3:]] == [None, "56", "56"]


# --- order ------------------------------------------------------------------------------------


async def test_who_waits_for_an_answer_of_their_own_gets_every_one() -> None:
    """An open interaction, in private and in a group, said or tapped."""

    async def handle(incoming: Incoming) -> Sequence[Reply]:
        return [Reply(text("changed"), edits=True), Reply(text("told"))]

    office = Office(handle)
    await office.say("/status", message_id="i7u1", reply_to="i7u1")
    tapped: dict[str, Any] = {"text": None, "tap": Tap("page", 1, 0), "message_id": "55"}
    await office.say("", place=GROUP, private=False, reply_to="i8u1", **tapped)
    await office.rounds()
    facts = [row.facts for row in office.memory.rows("outbox")]
    assert [one.get("reply_to") for one in facts] == ["i7u1", "i7u1", "i8u1", "i8u1"]
    assert [one.get("message_id") for one in facts] == [None, None, "55", None]


async def test_one_chat_is_handled_in_order_and_others_meanwhile() -> None:
    gate = asyncio.Event()
    bob_done = asyncio.Event()

    async def handle(incoming: Incoming) -> Sequence[Reply]:
        if incoming.text == "slow":
            await gate.wait()
        if incoming.text == "quick":
            bob_done.set()
        return [Reply(text(str(incoming.text)))]

    office = Office(handle, pause=forever)
    await office.say("slow")
    await office.say("after")
    await office.say("quick", BOB)
    await office.clerk.start()
    await bob_done.wait()
    assert [incoming.text for incoming in office.handled] == ["slow", "quick"]
    gate.set()
    await settled(office, 3)
    await office.clerk.stop()
    assert [incoming.text for incoming in office.handled] == ["slow", "quick", "after"]


async def test_one_sender_is_handled_in_order_across_chats() -> None:
    running = 0

    async def handle(incoming: Incoming) -> Sequence[Reply]:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1
        return []

    office = Office(handle)
    for number in range(10):
        place = Place("telegram", str(-number))
        await office.say(str(number), place=place)
    await office.rounds()
    assert [incoming.text for incoming in office.handled] == [str(n) for n in range(10)]


async def test_a_flood_from_one_chat_does_not_hide_the_others() -> None:
    gate = asyncio.Event()
    heard = asyncio.Event()

    async def handle(incoming: Incoming) -> Sequence[Reply]:
        if incoming.sender == BOB:
            heard.set()
        else:
            await gate.wait()
        return []

    office = Office(handle, pause=forever)
    for number in range(500):
        await office.say(str(number))
    await office.say("me too", BOB)
    await office.clerk.start()
    for _ in range(50):
        office.clerk.wake()
        await asyncio.sleep(0)
    await asyncio.wait_for(heard.wait(), 20)
    gate.set()
    await settled(office, 501)
    await office.clerk.stop()


async def test_no_more_than_a_few_are_handled_at_once() -> None:
    running, most = 0, 0

    async def handle(incoming: Incoming) -> Sequence[Reply]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        return []

    office = Office(handle)
    for number in range(60):
        await office.say("x", Identity("telegram", str(number)))
    await office.rounds()
    assert len(office.handled) == 60
    assert 2 <= most <= 16


# --- faults -----------------------------------------------------------------------------------


async def test_a_fault_is_one_plain_sentence_with_a_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handle(incoming: Incoming) -> Sequence[Reply]:
        raise ZeroDivisionError("secret detail")

    office = Office(handle)
    await office.say("hello")
    await office.rounds()
    [answer] = office.answers
    [record] = caplog.records
    assert vars(record)["fault"] in answer
    assert "secret detail" not in answer
    assert "Traceback" not in answer
    assert office.memory.rows("inbox")[0].state is InboxState.DONE


async def test_a_database_that_goes_away_does_not_have_it_handled_twice() -> None:
    async def handle(incoming: Incoming) -> Sequence[Reply]:
        office.memory.database.fails = OSError("disk full")
        return [Reply(text("done"))]

    async def come_back(seconds: float) -> None:
        await asyncio.sleep(0)
        if office.handled:
            office.memory.database.fails = None

    office = Office(handle, pause=come_back)
    await office.say("buy")
    await office.rounds()
    assert (len(office.handled), office.answers) == (1, ["done"])


async def test_an_update_that_can_not_be_read_blocks_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    office = Office()
    await office.inbox.store("telegram", "bad", {"text": 5}, START)
    await office.say("hello")
    await office.rounds()
    assert office.answers == ["you said hello"]
    assert [row.state for row in office.memory.rows("inbox")] == [
        InboxState.FAILED,
        InboxState.DONE,
    ]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_after_a_crash_it_is_handled_and_answered_once() -> None:
    async def die(incoming: Incoming) -> Sequence[Reply]:
        first.memory.kill()
        raise Killed

    first = Office(die)
    await first.say("/status", sent_at=START - timedelta(minutes=5))
    with pytest.raises(Killed):
        await first.clerk.round()
    second = Office(database=first.memory.database)
    await second.rounds()
    assert second.answers == ["you said /status"]
    assert second.handled[0].sent_at == START - timedelta(minutes=5)


async def test_killed_at_any_write_it_is_answered_once() -> None:
    for nth in range(1, 12):
        first = Office()
        await first.say("hello")
        left = nth

        class Dying(MemoryOutbox):
            async def put(self, *args: Any, **rest: Any) -> bool:
                dead(self)
                answer = await super().put(*args, **rest)
                dead(self)
                return answer

        def dead(outbox: MemoryOutbox) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                outbox.session.kill()

        first = Office(database=first.memory.database, outbox=Dying)
        try:
            await first.rounds()
        except Killed:
            assert first.memory.session.dead
        second = Office(database=first.memory.database)
        await second.rounds()
        assert second.answers == ["you said hello"]


async def test_an_update_that_kills_again_and_again_is_set_aside() -> None:
    async def die(incoming: Incoming) -> Sequence[Reply]:
        office.memory.kill()
        raise Killed

    office = Office(die)
    await office.say("poison")
    for _ in range(3):
        with pytest.raises(Killed):
            await office.clerk.round()
        office = Office(die, database=office.memory.database)
    await office.rounds()
    assert office.handled == []
    [answer] = office.answers
    assert answer.startswith("Your message “poison” broke off 3 times and was set aside.")
    assert office.memory.rows("inbox")[0].state is InboxState.FAILED


# --- two processes ----------------------------------------------------------------------------


async def test_two_clerks_handle_each_update_once() -> None:
    one = Office(lease=60)
    two = Office(database=one.memory.database, clock=one.clock, lease=60)
    for number in range(80):
        await one.say(str(number), Identity("telegram", str(number % 9)))
    for _ in range(100):
        await asyncio.gather(one.clerk.round(), two.clerk.round())
    handled = [str(incoming.text) for incoming in one.handled + two.handled]
    assert sorted(handled, key=int) == [str(number) for number in range(80)]
    assert len(one.answers) == 80


async def test_what_a_live_process_handles_is_left_to_it() -> None:
    one = Office(lease=60)
    await one.say("hello")
    [item] = await one.inbox.pending(10)
    assert await one.inbox.begin(item)  # by a third process, which dies
    for _ in range(59):
        await one.clerk.round()
        one.clock.advance(1)
    assert one.handled == []
    one.clock.advance(2)
    await one.rounds()
    assert one.answers == ["you said hello"]


# --- a sign of life ---------------------------------------------------------------------------


async def forever(seconds: float) -> None:
    await asyncio.Event().wait()


async def settled(office: Office, count: int) -> None:
    """Until that many updates are done."""
    async with asyncio.timeout(20):
        while office.answered < count:
            office.changed.clear()
            await office.changed.wait()


async def test_long_work_shows_that_it_is_under_way() -> None:
    pauses: list[float] = []
    shown = asyncio.Event()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            shown.set()
            await forever(seconds)

    async def handle(incoming: Incoming) -> Sequence[Reply]:
        await shown.wait()
        return []

    office = Office(handle, pause=pause)
    await office.say("think")
    await office.rounds()
    assert office.platform.typed == [home(ANN), home(ANN)]
    assert pauses == [0.7, 4.0, 4.0]


async def test_quick_work_does_not() -> None:
    office = Office(pause=forever)
    await office.say("hello")
    await office.rounds()
    assert office.platform.typed == []


async def test_stopping_lets_what_was_begun_end() -> None:
    gate = asyncio.Event()
    begun = asyncio.Event()

    async def handle(incoming: Incoming) -> Sequence[Reply]:
        begun.set()
        await gate.wait()
        return [Reply(text("done"))]

    office = Office(handle, pause=forever)
    await office.say("work")
    await office.clerk.start()
    await begun.wait()
    stopping = asyncio.create_task(office.clerk.stop(grace=20))
    gate.set()
    await stopping
    assert office.answers == ["done"]


async def test_what_is_stored_went_through_the_veil() -> None:
    async def veil(incoming: Incoming) -> Incoming:
        return replace(incoming, text=(incoming.text or "").replace("secret", "hidden"))

    office = Office(veil=veil)
    await office.say("a secret word")
    [item] = await office.inbox.pending(10)
    assert item.payload["text"] == "a hidden word"
    await office.clerk.round()
    assert [incoming.text for incoming in office.handled] == ["a hidden word"]


async def test_a_secret_is_deleted_while_it_is_being_handled() -> None:
    deleted = asyncio.Event()

    class Deleting(MemoryPlatform):
        async def remove(self, place: Place, message_id: str) -> None:
            await super().remove(place, message_id)
            deleted.set()

    async def handle(incoming: Incoming) -> Sequence[Reply]:
        if incoming.text == "secret":
            await deleted.wait()
        return [Reply(text("done"))]

    office = Office(handle, platform=Deleting(), burns=lambda said: said.text == "secret")
    await office.say("secret")
    await office.say("no such thing")
    await office.rounds()
    assert office.answers == ["done", "done"]


async def test_a_secret_that_cannot_be_deleted_is_handled_all_the_same() -> None:
    class Refusing(MemoryPlatform):
        async def remove(self, place: Place, message_id: str) -> None:
            raise DeliveryRefused

    office = Office(platform=Refusing(), burns=lambda incoming: True)
    await office.say("secret")
    await office.rounds()
    assert office.answers == ["you said secret"]


async def test_what_nobody_wants_is_not_kept() -> None:
    office = Office()

    async def wants(incoming: Incoming) -> bool:
        return incoming.addressed

    clerk = Clerk(
        office.inbox,
        office.outbox,
        office.memory.transactions,
        office.echo,
        office._owner,
        {"telegram": office.platform},
        office.clock,
        wants=wants,
    )
    for addressed in (False, True):
        said = Incoming(
            f"k{addressed}", GROUP, ANN, "Ann", START, private=False, addressed=addressed, text="x"
        )
        await clerk.receive(said)
    assert [item.key for item in await office.inbox.pending(9)] == ["kTrue"]
