"""Stored messages arrive: in order, within limits, after outages, once."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone, PlaceMoved
from agents.domain.mail import OutboxState
from agents.domain.user import NoticeKind, Place
from bot.outbox import backoff
from handlers.chat import Pace, Picture, Reply, text
from tests.support.mailroom import Mailroom, failing
from tests.support.platform import Call, MemoryPlatform

ANN, BOB = Place("telegram", "1"), Place("telegram", "2")
GROUP = Place("telegram", "-5")


async def test_messages_of_a_place_leave_in_order() -> None:
    mail = Mailroom()
    for number in range(20):
        await mail.put(ANN if number % 2 else BOB, f"{number}")
    await mail.rounds()
    assert mail.platform.texts(ANN) == [f"{n}" for n in range(20) if n % 2]
    assert mail.platform.texts(BOB) == [f"{n}" for n in range(20) if not n % 2]
    assert {row.state for row in mail.rows()} == {OutboxState.SENT}


async def test_one_places_trouble_is_its_own_and_keeps_its_order() -> None:
    mail = Mailroom()
    mail.platform.before = failing(DeliveryDelayed("busy"), 3, place=ANN)
    for number in range(3):
        await mail.put(ANN, f"a{number}")
        await mail.put(BOB, f"b{number}")
    await mail.rounds()
    assert mail.platform.texts() == ["b0", "b1", "b2"]
    await mail.run(10)
    assert mail.platform.texts(ANN) == ["a0", "a1", "a2"]


async def test_a_slow_place_does_not_hold_up_another() -> None:
    class Slow(MemoryPlatform):
        async def send(self, place, message, reply_to=""):
            if place == ANN:
                await released.wait()
            return await super().send(place, message, reply_to)

    released = asyncio.Event()
    mail = Mailroom(Slow())
    await mail.put(ANN, "slow")
    await mail.put(BOB, "quick")
    await mail.postman.start()
    await mail.platform.until(lambda: "quick" in mail.platform.texts())
    assert "slow" not in mail.platform.texts()
    released.set()
    await mail.postman.stop()
    assert "slow" in mail.platform.texts()


async def test_a_commit_wakes_the_postman() -> None:
    mail = Mailroom()
    await mail.postman.start()
    await mail.put(ANN, "hello")
    mail.postman.wake()
    await mail.platform.until(lambda: mail.platform.messages)
    await mail.postman.stop()


# --- limits -----------------------------------------------------------------------------------

TELEGRAM = (Pace("all", 30, 1.0), Pace("*", 3, 3.0))
IN_GROUPS = (*TELEGRAM, Pace("* by minute", 20, 60.0))


def most_within(calls: list[Call], seconds: float) -> int:
    """The most calls in any window of that length."""
    times = sorted(call.at for call in calls)
    return max(sum(start <= at < start + seconds for at in times) for start in times)


async def test_the_platforms_limits_hold_in_every_window() -> None:
    mail = Mailroom()
    mail.platform = MemoryPlatform(paces=TELEGRAM, elapsed=mail.elapsed)
    mail = Mailroom(mail.platform, database=mail.memory.database, clock=mail.clock)
    for number in range(300):
        await mail.put(Place("telegram", str(number % 50)), f"{number}")
    await mail.run(30)
    assert len(mail.platform.calls) == 300
    assert most_within(mail.platform.calls, 1.0) <= 30
    for chat in range(50):
        own = [call for call in mail.platform.calls if call.place.chat == str(chat)]
        assert [call.text for call in own] == [f"{chat + 50 * turn}" for turn in range(6)]
        assert most_within(own, 3.0) <= 3


async def test_a_group_gets_twenty_a_minute_and_edits_count() -> None:
    mail = Mailroom()
    mail.platform = MemoryPlatform(paces=IN_GROUPS, elapsed=mail.elapsed)
    mail = Mailroom(mail.platform, database=mail.memory.database, clock=mail.clock)
    for number in range(12):
        await mail.put(GROUP, Reply(text(f"{number}"), card=f"strategy:{number}"))
        edit = Reply(text(f"{number}!"), card=f"strategy:{number}", edits=True)
        await mail.put(GROUP, edit)
    await mail.run(59)
    assert len(mail.platform.calls) == 20
    await mail.run(60)
    assert len(mail.platform.calls) == 24
    assert most_within(mail.platform.calls, 60.0) <= 20


async def test_many_places_that_must_wait_do_not_hide_one_that_need_not() -> None:
    class Free(MemoryPlatform):
        def paces(self, place: Place, *, edit: bool = False) -> Sequence[Pace]:
            return () if place == ANN else super().paces(place)

    mail = Mailroom(Free(paces=(Pace("groups", 1, 600.0),)))
    for number in range(400):
        await mail.put(Place("telegram", f"-{number}"), "to a group")
    await mail.put(ANN, "to Ann")
    for _ in range(6):
        await mail.postman.round()
    assert mail.platform.texts() == ["to a group", "to Ann"]


async def test_retry_after_holds_the_chat_and_no_other() -> None:
    mail = Mailroom()
    mail.platform.before = failing(DeliveryDelayed("flood", retry_after=40), place=GROUP)
    await mail.put(GROUP, "g")
    await mail.rounds()
    await mail.put(ANN, "a")
    await mail.run(39)
    assert mail.platform.texts() == ["a"]
    await mail.run(2)
    assert mail.platform.texts() == ["a", "g"]


async def test_a_second_chat_told_to_wait_means_the_platform() -> None:
    mail = Mailroom()
    mail.platform.before = failing(DeliveryDelayed("flood", retry_after=20), 2)
    await mail.put(ANN, "a")
    await mail.put(BOB, "b")
    await mail.rounds()
    await mail.put(GROUP, "g")
    await mail.run(19)
    assert mail.platform.texts() == []
    await mail.run(2)
    assert sorted(mail.platform.texts()) == ["a", "b", "g"]


# --- faults -----------------------------------------------------------------------------------


async def test_an_hour_of_outage_is_survived_without_a_storm() -> None:
    mail = Mailroom()
    tries = Counter[str]()

    def down(what: str, place: Place) -> None:
        tries[place.chat] += 1
        raise DeliveryDelayed("unreachable")

    mail.platform.before = down
    for number in range(40):
        await mail.put(Place("telegram", str(number % 20)), f"{number}")
    await mail.run(3600, step=1)
    assert mail.platform.texts() == []
    assert tries.total() < 40 + 20 * 3600 / 10  # never more than the pause allows
    mail.platform.before = lambda what, place: None
    await mail.run(60)
    assert len(mail.platform.messages) == 40
    for chat in range(20):
        assert mail.platform.texts(Place("telegram", str(chat))) == [f"{chat}", f"{chat + 20}"]


async def test_pauses_double_up_to_half_a_minute() -> None:
    mail = Mailroom()
    await mail.put(ANN, "x")
    item = replace(mail.rows()[0], id=8)
    waits = [backoff(replace(item, attempts=attempts)) for attempts in range(1, 200)]
    assert waits[:4] == [0.5, 1, 2, 4]
    assert max(waits) == 30


async def test_a_refusal_is_kept_with_its_reason_and_the_next_one_goes() -> None:
    mail = Mailroom()
    mail.platform.before = failing(DeliveryRefused("message is too long"))
    await mail.put(ANN, "bad")
    await mail.put(ANN, "good")
    await mail.rounds()
    assert mail.platform.texts() == ["good"]
    [failed] = mail.rows(OutboxState.FAILED)
    assert failed.error == "message is too long"
    assert mail.refused == []


async def test_a_place_that_is_gone_is_reported() -> None:
    mail = Mailroom()
    mail.platform.before = failing(PlaceGone("bot was blocked by the user"))
    await mail.put(ANN, "hello")
    await mail.rounds()
    assert mail.refused == [(ANN, "bot was blocked by the user")]


async def test_a_moved_chat_is_followed_with_all_that_waits() -> None:
    mail = Mailroom()
    topic = Place("telegram", "-5", "9")
    for place in (GROUP, topic, GROUP):
        await mail.put(place, f"to {place.thread or 'all'}")
    mail.platform.before = failing(PlaceMoved("-1005"), place=GROUP)
    await mail.rounds()
    assert mail.platform.texts(Place("telegram", "-1005")) == ["to all", "to all"]
    delivered = [mail.platform.messages[number].place.thread for number in "123"]
    assert sorted(delivered) == ["", "", "9"]


async def test_nothing_to_say_any_more_says_nothing() -> None:
    mail = Mailroom()
    mail.states["proposal:7"] = None
    await mail.tell(ANN, NoticeKind.PROPOSAL, card="proposal:7")
    await mail.put(ANN, "next")
    await mail.rounds()
    assert mail.platform.texts() == ["next"]


async def test_a_text_that_can_not_be_made_is_excused_and_does_not_block() -> None:
    mail = Mailroom()
    await mail.tell(ANN, NoticeKind.FILLED, card="proposal:9")  # which nobody can render
    await mail.put(ANN, "next")
    await mail.run(30)
    assert mail.platform.texts()[-1] == "next"
    assert mail.platform.texts()[0].startswith("A message could not be shown here.")
    assert "KeyError" in mail.rows(OutboxState.FAILED)[0].error


async def test_a_passing_fault_of_the_text_is_only_a_delay() -> None:
    mail = Mailroom()
    await mail.put(ANN, "hello")
    mail.render_fault = KeyError("position")
    await mail.rounds()
    mail.render_fault = None
    await mail.run(5)
    assert mail.platform.texts() == ["hello"]


async def test_a_picture_that_can_not_be_drawn_never_loses_the_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mail = Mailroom()
    mail.draw_fault = ValueError("no candles")
    await mail.put(ANN, Reply(text("chart"), picture=Picture("chart", {"symbol": "BTC/USDT"})))
    await mail.rounds()
    assert mail.platform.texts() == ["chart"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_a_file_that_can_not_be_made_is_said() -> None:
    mail = Mailroom()
    mail.draw_fault = ValueError("no trades")
    await mail.put(ANN, Reply(text("journal"), picture=Picture("journal", {}, "journal.csv")))
    await mail.rounds()
    [said] = mail.platform.texts()
    assert "could not be made" in said


async def test_a_picture_is_drawn_for_its_owner() -> None:
    mail = Mailroom()
    await mail.put(ANN, Reply(text("chart"), picture=Picture("chart", {"symbol": "BTC/USDT"})))
    await mail.rounds()
    assert mail.platform.messages["1"].message.picture == b"chart"


async def test_a_database_that_is_away_does_not_make_it_say_things_twice() -> None:
    mail = Mailroom()

    def go_away(what: str, place: Place) -> None:
        mail.memory.database.fails = OSError("database is locked")

    def come_back() -> None:
        if mail.pauses >= 3:
            mail.memory.database.fails = None

    mail.platform.after, mail.on_pause = go_away, come_back
    await mail.put(ANN, "hello")
    await mail.rounds()
    assert mail.platform.texts() == ["hello"]
    assert mail.rows()[0].state is OutboxState.SENT


async def test_a_clock_set_back_delays_nothing() -> None:
    seconds = [0.0]  # of the machine's stopwatch, which goes on
    mail = Mailroom(elapsed=lambda: seconds[0])
    mail.platform.before = failing(DeliveryDelayed("busy"))
    await mail.put(ANN, "hello")
    await mail.rounds()
    mail.clock.wait(-7200)
    await mail.put(BOB, "later")
    seconds[0] += 2
    await mail.rounds()
    assert sorted(mail.platform.texts()) == ["hello", "later"]


# --- two processes ----------------------------------------------------------------------------


async def test_two_postmen_deliver_each_message_once() -> None:
    one = Mailroom(lease=60)
    two = Mailroom(one.platform, database=one.memory.database, clock=one.clock, lease=60)
    for number in range(60):
        await one.put(Place("telegram", str(number % 7)), f"{number}")
    for _ in range(200):
        await asyncio.gather(one.postman.round(), two.postman.round())
    assert sorted(one.platform.texts(), key=int) == [f"{n}" for n in range(60)]
    for chat in range(7):
        texts = one.platform.texts(Place("telegram", str(chat)))
        assert texts == [f"{n}" for n in range(chat, 60, 7)]


async def test_a_live_process_keeps_what_it_is_sending() -> None:
    one = Mailroom(lease=60)
    await one.put(ANN, "slow")
    [item] = await one.outbox.due("telegram", one.clock.wall(), 10)
    assert await one.outbox.take(item)  # by a third process, which dies
    two = Mailroom(one.platform, database=one.memory.database, clock=one.clock, lease=60)
    await two.run(59, step=1)
    assert one.platform.texts() == []
    await two.run(3, step=1)
    assert one.platform.texts() == ["slow"]


async def test_the_message_that_an_answer_takes_away_is_removed() -> None:
    mail = Mailroom()
    await mail.put(ANN, Reply(text("Stored."), removes="31"))
    await mail.postman.round()
    assert mail.platform.removed == [(ANN, "31")]
    assert mail.platform.texts() == ["Stored."]


async def test_an_answer_says_so_when_the_message_had_to_stay() -> None:
    mail = Mailroom()

    def refuse(what: str, place: Place) -> None:
        if what == "remove":
            raise DeliveryRefused("message can't be deleted")

    mail.platform.before = refuse
    await mail.put(ANN, Reply(text("Stored."), removes="31"))
    await mail.postman.round()
    assert mail.platform.texts() == [
        "Stored.\n⚠️ I could not delete your message: please delete it yourself."
    ]


async def test_removing_waits_when_the_platform_asks_to() -> None:
    mail = Mailroom()
    delays = [DeliveryDelayed(retry_after=3)]

    def delay(what: str, place: Place) -> None:
        if what == "remove" and delays:
            raise delays.pop()

    mail.platform.before = delay
    await mail.put(ANN, Reply(text("Stored."), removes="31"))
    await mail.run(5)
    assert mail.platform.removed == [(ANN, "31")]
    assert mail.platform.texts() == ["Stored."]
