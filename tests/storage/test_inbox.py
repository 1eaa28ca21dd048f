"""The inbox: each update once, in order, and none forgotten."""

from datetime import timedelta

from agents.domain.mail import InboxItem
from storage.database import Database
from tests.support.stored import NOON

PAYLOAD = {"update_id": 7, "message": {"text": "Kaufe BTC \N{GRINNING FACE}\u0000\ud800", "n": 1.5}}


async def _pending(database: Database, platform: str | None = None) -> list[str]:
    return [item.key for item in await database.inbox.pending(10, platform)]


async def test_an_update_is_stored_once_and_whole(database: Database) -> None:
    assert await database.inbox.store("telegram", "7", PAYLOAD, NOON)
    assert not await database.inbox.store("telegram", "7", {"other": True}, NOON)
    assert await database.inbox.store("discord", "7", PAYLOAD, NOON)
    first, second = await database.inbox.pending(10)
    assert first == InboxItem("telegram", "7", PAYLOAD, NOON, id=first.id)
    assert second.platform == "discord"


async def test_pending_is_in_order(database: Database) -> None:
    for key in ("9", "10", "8"):
        await database.inbox.store("telegram", key, {}, NOON)
    await database.inbox.store("browser", "1", {}, NOON)
    assert await _pending(database) == ["9", "10", "8", "1"]
    assert await _pending(database, "telegram") == ["9", "10", "8"]
    assert [item.key for item in await database.inbox.pending(2)] == ["9", "10"]


async def test_what_is_handled_is_not_pending(database: Database) -> None:
    for key in ("1", "2", "3"):
        await database.inbox.store("telegram", key, {}, NOON)
    one, two, _ = await database.inbox.pending(10)
    await database.inbox.done(one)
    await database.inbox.failed(two, "no handler for this")
    assert await _pending(database) == ["3"]
    assert not await database.inbox.store("telegram", "1", {}, NOON)
    assert not await database.inbox.begin(one)


async def test_attempts_are_counted_before_handling(database: Database) -> None:
    await database.inbox.store("telegram", "1", {}, NOON)
    for number in range(3):
        (item,) = await database.inbox.pending(1)
        assert item.attempts == number
        assert await database.inbox.begin(item)


async def test_an_update_can_be_done_without_being_read_back(database: Database) -> None:
    await database.inbox.store("telegram", "1", {}, NOON)
    await database.inbox.done(InboxItem("telegram", "1", {}, NOON))
    assert await _pending(database) == []


async def test_old_updates_are_thrown_away_once_handled(database: Database) -> None:
    for key in ("1", "2"):
        await database.inbox.store("telegram", key, {}, NOON)
    await database.inbox.done((await database.inbox.pending(1))[0])
    assert await database.inbox.prune(NOON) == 0
    assert await database.inbox.prune(NOON + timedelta(seconds=1)) == 1
    assert await _pending(database) == ["2"]
