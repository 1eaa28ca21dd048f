"""The outbox: in order for each place, once for each fact, and nothing forgotten by a crash."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agents.domain.mail import CardMessage, OutboxItem, OutboxState
from agents.domain.user import Notice, NoticeKind, Place
from storage.database import Database
from tests.support.stored import NOON, a_user

HOME = Place("telegram", "1")
TOPIC = Place("telegram", "-100", "7")
PAGE = Place("browser", "1")
SECOND = timedelta(seconds=1)


async def _put(database: Database, key: str, place: Place = HOME, text: str = "") -> None:
    facts = {"text": text or key}
    assert await database.outbox.put(1, place, NoticeKind.REPLY, key, facts, at=NOON)


async def _due(database: Database, platform: str = "telegram", at=NOON) -> list[OutboxItem]:
    return list(await database.outbox.due(platform, at, 100))


async def _keys(database: Database, platform: str = "telegram", at=NOON) -> list[str]:
    return [item.key for item in await _due(database, platform, at)]


async def _deliver(database: Database, message_id: str) -> None:
    """Send what is due first."""
    item = (await _due(database))[0]
    assert await database.outbox.take(item)
    await database.outbox.sent(item, message_id)


async def test_an_item_is_stored_whole(database: Database) -> None:
    facts = {"position_id": 3, "words": [["<b>🙂", "bold"]], "nothing": None}
    assert await database.outbox.put(
        1, TOPIC, NoticeKind.FILLED, "filled:3", facts, at=NOON, card="p:1", replies_to="p:0"
    )
    (item,) = await _due(database)
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


async def test_the_same_fact_is_told_once_in_a_place(database: Database) -> None:
    put = database.outbox.put
    assert await put(1, HOME, NoticeKind.FILLED, "filled:3", {}, at=NOON)
    assert not await put(1, HOME, NoticeKind.FILLED, "filled:3", {"again": True}, at=NOON)
    assert await put(1, TOPIC, NoticeKind.FILLED, "filled:3", {}, at=NOON)
    await _deliver(database, "m1")
    assert not await put(1, HOME, NoticeKind.FILLED, "filled:3", {}, at=NOON)
    assert await database.outbox.waiting("telegram") == 1


async def test_each_place_gives_its_oldest(database: Database) -> None:
    for place in (HOME, TOPIC, PAGE):
        await _put(database, f"{place}:1", place)
        await _put(database, f"{place}:2", place)
    assert await _keys(database) == [f"{HOME}:1", f"{TOPIC}:1"]
    assert await _keys(database, "browser") == [f"{PAGE}:1"]
    assert len(await database.outbox.due("telegram", NOON, 1)) == 1
    await _deliver(database, "m1")
    assert await _keys(database) == [f"{HOME}:2", f"{TOPIC}:1"]


async def test_an_item_is_taken_once(database: Database) -> None:
    await _put(database, "one")
    (item,) = await _due(database)
    assert await database.outbox.take(item)
    assert not await database.outbox.take(item)
    assert await _keys(database) == []
    assert await database.outbox.waiting("telegram") == 1


async def test_a_later_try_holds_back_what_follows(database: Database) -> None:
    await _put(database, "one")
    await _put(database, "two")
    await _put(database, "elsewhere", TOPIC)
    item = (await _due(database))[0]
    await database.outbox.take(item)
    await database.outbox.retry(item, NOON + 30 * SECOND, "429: wait 30")
    assert await _keys(database) == ["elsewhere"]
    assert await _keys(database, at=NOON + 29 * SECOND) == ["elsewhere"]
    later = await _due(database, at=NOON + 30 * SECOND)
    assert [(i.key, i.attempts, i.error) for i in later] == [
        ("one", 1, "429: wait 30"),
        ("elsewhere", 0, ""),
    ]


async def test_a_refused_item_frees_the_next(database: Database) -> None:
    await _put(database, "one")
    await _put(database, "two")
    (item,) = await _due(database)
    await database.outbox.take(item)
    await database.outbox.failed(item, "the bot was blocked")
    assert await _keys(database) == ["two"]
    assert await database.outbox.waiting("telegram") == 1


async def test_what_was_sent_stays_sent(database: Database) -> None:
    await _put(database, "one")
    (item,) = await _due(database)
    await database.outbox.take(item)
    await database.outbox.sent(item, "m1")
    await database.outbox.retry(item, NOON, "an answer that came late")
    await database.outbox.failed(item, "an answer that came late")
    assert await _keys(database) == []
    (said,) = await database.outbox.history(HOME, 10)
    assert (said.state, said.message_id, said.error) == (OutboxState.SENT, "m1", "")


async def test_a_killed_process_leaves_items_in_sending(database: Database) -> None:
    for key in ("one", "two"):
        await _put(database, key)
    await _put(database, "elsewhere", TOPIC)
    for item in await _due(database):
        await database.outbox.take(item)
    stuck = await database.outbox.stuck("telegram")
    assert [(item.key, item.attempts) for item in stuck] == [("one", 1), ("elsewhere", 1)]
    assert await database.outbox.stuck("browser") == []
    for item in stuck:
        await database.outbox.retry(item, NOON, "interrupted")
    assert await _keys(database) == ["one", "elsewhere"]


async def test_cards_are_known_by_place(database: Database) -> None:
    outbox = database.outbox
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


async def test_a_group_that_moved_keeps_its_topics(database: Database) -> None:
    old, new = Place("telegram", "-5"), Place("telegram", "-1005")
    user = await a_user(database)
    for place in (old, replace(old, thread="3"), new):
        await database.users.add_place(user.id, place)
    await _put(database, "sent", old)
    await _deliver(database, "m0")
    await _put(database, "waiting", old)
    await _put(database, "in topic", replace(old, thread="3"))
    await _put(database, "told in both", old)
    await _put(database, "told in both", new)
    await database.outbox.remember_card("proposal:7", old, "m1", 1)
    await database.outbox.move_place(old, new)
    assert await database.users.places(user.id) == [
        Place("telegram", "1"),
        replace(new, thread="3"),
        new,
    ]
    due = {item.place: item.key for item in await _due(database)}
    assert due == {new: "waiting", replace(new, thread="3"): "in topic"}
    assert await database.outbox.waiting("telegram") == 3
    assert [card.place for card in await database.outbox.cards("proposal:7")] == [new]
    assert [item.key for item in await database.outbox.history(old, 9)] == ["sent"]


async def test_history_is_what_was_said(database: Database) -> None:
    for number in range(1, 6):
        await _put(database, f"k{number}", text=f"text {number}")
        await _deliver(database, f"m{number}")
    await _put(database, "edit", text="text 2, edited")
    await _deliver(database, "m2")
    await _put(database, "elsewhere", TOPIC)
    await _deliver(database, "m9")
    await _put(database, "not yet")
    said = await database.outbox.history(HOME, 10)
    texts = ["text 1", "text 2, edited", "text 3", "text 4", "text 5"]
    assert [item.facts["text"] for item in said] == texts
    page = await database.outbox.history(HOME, 2)
    assert [item.facts["text"] for item in page] == texts[3:]
    before = await database.outbox.history(HOME, 2, before_id=page[0].id)
    assert [item.facts["text"] for item in before] == texts[1:3]
    first = await database.outbox.history(HOME, 2, before_id=before[0].id)
    assert [item.facts["text"] for item in first] == texts[:1]


async def test_old_mail_is_thrown_away(database: Database) -> None:
    await _put(database, "sent")
    await _deliver(database, "m1")
    await _put(database, "waiting")
    assert await database.outbox.prune(NOON) == 0
    assert await database.outbox.prune(NOON + SECOND) == 1
    assert await _keys(database) == ["waiting"]


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
