"""The inbox: each update once, in order, and none forgotten."""

from datetime import timedelta

from agents.domain.mail import InboxItem
from tests.storage.conftest import Mail
from tests.support.stored import NOON

PAYLOAD = {"update_id": 7, "message": {"text": "Kaufe BTC \N{GRINNING FACE}\u0000\ud800", "n": 1.5}}


async def _pending(mail: Mail, platform: str | None = None) -> list[str]:
    return [item.key for item in await mail.inbox.pending(10, platform)]


async def test_an_update_is_stored_once_and_whole(mail: Mail) -> None:
    assert await mail.inbox.store("telegram", "7", PAYLOAD, NOON)
    assert not await mail.inbox.store("telegram", "7", {"other": True}, NOON)
    assert await mail.inbox.store("discord", "7", PAYLOAD, NOON)
    first, second = await mail.inbox.pending(10)
    assert first == InboxItem("telegram", "7", PAYLOAD, NOON, id=first.id)
    assert second.platform == "discord"


async def test_pending_is_in_order(mail: Mail) -> None:
    for key in ("9", "10", "8"):
        await mail.inbox.store("telegram", key, {}, NOON)
    await mail.inbox.store("browser", "1", {}, NOON)
    assert await _pending(mail) == ["9", "10", "8", "1"]
    assert await _pending(mail, "telegram") == ["9", "10", "8"]
    assert [item.key for item in await mail.inbox.pending(2)] == ["9", "10"]


async def test_what_is_handled_is_not_pending(mail: Mail) -> None:
    for key in ("1", "2", "3"):
        await mail.inbox.store("telegram", key, {}, NOON)
    one, two, _ = await mail.inbox.pending(10)
    await mail.inbox.done(one)
    await mail.inbox.failed(two, "no handler for this")
    assert await _pending(mail) == ["3"]
    assert not await mail.inbox.store("telegram", "1", {}, NOON)
    assert not await mail.inbox.begin(one)


async def test_attempts_are_counted_before_handling(mail: Mail) -> None:
    await mail.inbox.store("telegram", "1", {}, NOON)
    for number in range(3):
        (item,) = await mail.inbox.pending(1)
        assert item.attempts == number
        assert await mail.inbox.begin(item)
        assert not await mail.inbox.begin(item)


async def test_an_update_can_be_done_without_being_read_back(mail: Mail) -> None:
    await mail.inbox.store("telegram", "1", {}, NOON)
    await mail.inbox.done(InboxItem("telegram", "1", {}, NOON))
    assert await _pending(mail) == []


async def test_old_updates_are_thrown_away_once_handled(mail: Mail) -> None:
    for key in ("1", "2"):
        await mail.inbox.store("telegram", key, {}, NOON)
    await mail.inbox.done((await mail.inbox.pending(1))[0])
    assert await mail.inbox.prune(NOON) == 0
    assert await mail.inbox.prune(NOON + timedelta(seconds=1)) == 1
    assert await _pending(mail) == ["2"]
