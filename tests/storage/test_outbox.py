"""The outbox: in order for each place, once for each fact, and nothing forgotten by a crash."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agents.domain.mail import CardMessage, OutboxItem, OutboxState
from agents.domain.user import Notice, NoticeKind, Place
from storage.database import Database
from tests.storage.conftest import Mail
from tests.support.stored import NOON, a_user

HOME = Place("telegram", "1")
TOPIC = Place("telegram", "-100", "7")
PAGE = Place("browser", "1")
SECOND = timedelta(seconds=1)


async def _put(mail: Mail, key: str, place: Place = HOME, text: str = "") -> None:
    facts = {"text": text or key}
    assert await mail.outbox.put(1, place, NoticeKind.REPLY, key, facts, at=NOON)


async def _due(mail: Mail, platform: str = "telegram", at=NOON) -> list[OutboxItem]:
    return list(await mail.outbox.due(platform, at, 100))


async def _keys(mail: Mail, platform: str = "telegram", at=NOON) -> list[str]:
    return [item.key for item in await _due(mail, platform, at)]


async def _deliver(mail: Mail, message_id: str) -> None:
    """Send what is due first."""
    item = (await _due(mail))[0]
    assert await mail.outbox.take(item)
    await mail.outbox.sent(item, message_id)


async def test_an_item_is_stored_whole(mail: Mail) -> None:
    facts = {"position_id": 3, "words": [["<b>🙂", "bold"]], "nothing": None}
    assert await mail.outbox.put(
        1, TOPIC, NoticeKind.FILLED, "filled:3", facts, at=NOON, card="p:1", replies_to="p:0"
    )
    (item,) = await _due(mail)
    assert item == OutboxItem(
        owner_id=1,
        place=TOPIC,
        kind=NoticeKind.FILLED,
        key="filled:3",
        facts=facts,
        created_at=NOON,
        next_try_at=NOON,
        card="p:1",
        replies_to="p:0",
        id=item.id,
    )


async def test_the_same_fact_is_told_once_in_a_place(mail: Mail) -> None:
    put = mail.outbox.put
    assert await put(1, HOME, NoticeKind.FILLED, "filled:3", {}, at=NOON)
    assert not await put(1, HOME, NoticeKind.FILLED, "filled:3", {"again": True}, at=NOON)
    assert await put(1, TOPIC, NoticeKind.FILLED, "filled:3", {}, at=NOON)
    await _deliver(mail, "m1")
    assert not await put(1, HOME, NoticeKind.FILLED, "filled:3", {}, at=NOON)
    assert await mail.outbox.waiting("telegram") == 1


async def test_each_place_gives_its_oldest(mail: Mail) -> None:
    for place in (HOME, TOPIC, PAGE):
        await _put(mail, f"{place}:1", place)
        await _put(mail, f"{place}:2", place)
    assert await _keys(mail) == [f"{HOME}:1", f"{TOPIC}:1"]
    assert await _keys(mail, "browser") == [f"{PAGE}:1"]
    assert len(await mail.outbox.due("telegram", NOON, 1)) == 1
    await _deliver(mail, "m1")
    assert await _keys(mail) == [f"{HOME}:2", f"{TOPIC}:1"]


async def test_an_item_is_taken_once(mail: Mail) -> None:
    await _put(mail, "one")
    (item,) = await _due(mail)
    assert await mail.outbox.take(item)
    assert not await mail.outbox.take(item)
    assert await _keys(mail) == []
    assert await mail.outbox.waiting("telegram") == 1


async def test_a_later_try_holds_back_what_follows(mail: Mail) -> None:
    await _put(mail, "one")
    await _put(mail, "two")
    await _put(mail, "elsewhere", TOPIC)
    item = (await _due(mail))[0]
    await mail.outbox.take(item)
    await mail.outbox.retry(item, NOON + 30 * SECOND, "429: wait 30")
    assert await _keys(mail) == ["elsewhere"]
    assert await _keys(mail, at=NOON + 29 * SECOND) == ["elsewhere"]
    later = await _due(mail, at=NOON + 30 * SECOND)
    assert [(i.key, i.attempts, i.error) for i in later] == [
        ("one", 1, "429: wait 30"),
        ("elsewhere", 0, ""),
    ]


async def test_a_refused_item_frees_the_next(mail: Mail) -> None:
    await _put(mail, "one")
    await _put(mail, "two")
    (item,) = await _due(mail)
    await mail.outbox.take(item)
    await mail.outbox.failed(item, "the bot was blocked")
    assert await _keys(mail) == ["two"]
    assert await mail.outbox.waiting("telegram") == 1


async def test_what_was_sent_stays_sent(mail: Mail) -> None:
    await _put(mail, "one")
    (item,) = await _due(mail)
    await mail.outbox.take(item)
    await mail.outbox.sent(item, "m1")
    await mail.outbox.retry(item, NOON, "an answer that came late")
    await mail.outbox.failed(item, "an answer that came late")
    assert await _keys(mail) == []
    (said,) = await mail.outbox.history(HOME, 10)
    assert (said.state, said.message_id, said.error) == (OutboxState.SENT, "m1", "")


async def test_a_killed_process_leaves_items_in_sending(mail: Mail) -> None:
    for key in ("one", "two"):
        await _put(mail, key)
    await _put(mail, "elsewhere", TOPIC)
    for item in await _due(mail):
        await mail.outbox.take(item)
    stuck = await mail.outbox.stuck("telegram")
    assert [(item.key, item.attempts) for item in stuck] == [("one", 1), ("elsewhere", 1)]
    assert await mail.outbox.stuck("browser") == []
    for item in stuck:
        await mail.outbox.retry(item, NOON, "interrupted")
    assert await _keys(mail) == ["one", "elsewhere"]


async def test_an_item_is_released_by_one(mail: Mail) -> None:
    await _put(mail, "one")
    (item,) = await _due(mail)
    assert not await mail.outbox.release(item)
    assert await mail.outbox.take(item)
    assert not await mail.outbox.release(item)
    (stuck,) = await mail.outbox.stuck("telegram")
    assert await mail.outbox.release(stuck)
    assert not await mail.outbox.release(stuck)
    assert [(item.key, item.attempts) for item in await _due(mail)] == [("one", 1)]


async def test_cards_are_known_by_place(mail: Mail) -> None:
    outbox = mail.outbox
    await outbox.remember_card("proposal:7", HOME, "m1", 1)
    await outbox.remember_card("proposal:7", TOPIC, "m2", 1)
    await outbox.remember_card("proposal:8", HOME, "m3", 1)
    await outbox.remember_card("proposal:7", HOME, "m4", 2)
    assert await outbox.cards("proposal:7") == [
        CardMessage("proposal:7", HOME, "m4", 2),
        CardMessage("proposal:7", TOPIC, "m2", 1),
    ]
    await outbox.forget_card("proposal:7", HOME)
    assert [card.place for card in await outbox.cards("proposal:7")] == [TOPIC]
    assert await outbox.cards("proposal:9") == []


OLD, NEW = Place("telegram", "-5"), Place("telegram", "-1005")


async def test_a_group_that_moved_keeps_its_topics(mail: Mail) -> None:
    await _put(mail, "sent", OLD)
    await _deliver(mail, "m0")
    await _put(mail, "waiting", OLD)
    await _put(mail, "in topic", replace(OLD, thread="3"))
    await _put(mail, "told in both", OLD)
    await _put(mail, "told in both", NEW)
    await mail.outbox.remember_card("proposal:7", OLD, "m1", 1)
    await mail.outbox.move_place(OLD, NEW)
    due = {item.place: item.key for item in await _due(mail)}
    assert due == {NEW: "waiting", replace(NEW, thread="3"): "in topic"}
    assert await mail.outbox.waiting("telegram") == 3
    assert [card.place for card in await mail.outbox.cards("proposal:7")] == [NEW]
    assert [item.key for item in await mail.outbox.history(OLD, 9)] == ["sent"]


async def test_users_move_with_their_group(database: Database) -> None:
    user = await a_user(database)
    for place in (OLD, replace(OLD, thread="3"), NEW):
        await database.users.add_place(user.id, place)
    await database.outbox.move_place(OLD, NEW)
    topic = replace(NEW, thread="3")
    assert await database.users.places(user.id) == [Place("telegram", "1"), topic, NEW]


async def test_history_is_what_was_said(mail: Mail) -> None:
    for number in range(1, 6):
        await _put(mail, f"k{number}", text=f"text {number}")
        await _deliver(mail, f"m{number}")
    await _put(mail, "edit", text="text 2, edited")
    await _deliver(mail, "m2")
    await _put(mail, "elsewhere", TOPIC)
    await _deliver(mail, "m9")
    await _put(mail, "not yet")
    said = await mail.outbox.history(HOME, 10)
    texts = ["text 1", "text 2, edited", "text 3", "text 4", "text 5"]
    assert [item.facts["text"] for item in said] == texts
    page = await mail.outbox.history(HOME, 2)
    assert [item.facts["text"] for item in page] == texts[3:]
    before = await mail.outbox.history(HOME, 2, before_id=page[0].id)
    assert [item.facts["text"] for item in before] == texts[1:3]
    first = await mail.outbox.history(HOME, 2, before_id=before[0].id)
    assert [item.facts["text"] for item in first] == texts[:1]


async def test_old_mail_is_thrown_away(mail: Mail) -> None:
    await _put(mail, "sent")
    await _deliver(mail, "m1")
    await _put(mail, "waiting")
    assert await mail.outbox.prune(NOON) == 0
    assert await mail.outbox.prune(NOON + SECOND) == 1
    assert await _keys(mail) == ["waiting"]


# --- notices ----------------------------------------------------------------------------------


def _notice(kind: NoticeKind, key: str = "k") -> Notice:
    return Notice(1, kind, key, {"position_id": 3}, card="c", replies_to="r")


async def test_a_notice_goes_to_each_place_once(database: Database) -> None:
    user = await a_user(database)
    await database.users.add_place(user.id, PAGE)
    for _ in range(2):
        await database.notices.tell(replace(_notice(NoticeKind.FILLED), owner_id=user.id))
    (item,) = await _due(database)
    assert (item.place, item.kind, item.key) == (HOME, NoticeKind.FILLED, "k")
    assert (item.facts, item.card, item.replies_to) == ({"position_id": 3}, "c", "r")
    assert (item.created_at, item.next_try_at) == (NOON, NOON)
    assert [item.place for item in await _due(database, "browser")] == [PAGE]


@pytest.mark.parametrize(
    ("kind", "level", "told", "silent"),
    [
        (NoticeKind.STOP_MOVED, "on", True, False),
        (NoticeKind.STOP_MOVED, "silent", True, True),
        (NoticeKind.STOP_MOVED, "off", False, False),
        (NoticeKind.PROPOSAL_CHANGED, "off", True, False),
        (NoticeKind.REPLY, "silent", True, False),
    ],
)
async def test_notices_follow_the_users_wish(
    database: Database, kind: NoticeKind, level: str, told: bool, silent: bool
) -> None:
    user = await a_user(database)
    await database.users.set_notice(user.id, kind.value, level)
    await database.notices.tell(_notice(kind))
    items = await _due(database)
    assert [item.facts.get("silent", False) for item in items] == ([silent] if told else [])


async def test_a_notice_is_not_told_when_its_fact_is_undone(database: Database) -> None:
    await a_user(database)
    with pytest.raises(ZeroDivisionError):
        async with database.transactions.transaction():
            await database.notices.tell(_notice(NoticeKind.CLOSED))
            raise ZeroDivisionError
    assert await _keys(database) == []
