"""All that is stored encrypted is sealed anew at once: every bit of it, or none."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest

from agents.domain.errors import OperatorNeeded
from agents.domain.mail import Inbox, Outbox
from agents.domain.ports import Memory
from agents.domain.sealing import SealedItem
from agents.domain.user import NoticeKind, Place
from handlers.model_keys import ModelKeys
from storage.database import Database
from tests.storage.conftest import opened
from tests.support.memory import InMemory
from tests.support.memory_mail import MemoryInbox, MemoryOutbox
from tests.support.stored import NOON, a_user, connection_of
from tests.support.vaults import OTHER_VAULT, VAULT

HOME = Place("telegram", "1")
LOOKS_SEALED = "gAAAAA" + "x" * 120


class Whole(Memory, Protocol):
    inbox: Inbox
    outbox: Outbox


class Fake(InMemory):
    def __init__(self) -> None:
        super().__init__()
        self.inbox: Inbox = MemoryInbox(self.session)
        self.outbox: Outbox = MemoryOutbox(self.session)


@pytest.fixture
async def whole(memory_url: str) -> AsyncIterator[Whole]:
    if not memory_url:
        yield Fake()
        return
    async with opened(memory_url) as empty:
        yield empty


async def _filled(whole: Whole) -> None:
    for account in ("1", "2"):
        owner = (await a_user(whole, account)).id
        sealed = VAULT.seal(f"key and secret of {account}")
        await whole.connections.connect(connection_of(owner, sealed=sealed))
        await ModelKeys(whole, VAULT).keep(owner, VAULT.seal(f"sk-{account}"))
    said = f"/settings key {VAULT.seal('sk-new')}"
    await whole.inbox.store("telegram", "1", {"text": said, "more": ['"\u00fc']}, NOON)
    two = f"/connect {VAULT.seal('one')} {VAULT.seal('two')}"
    await whole.notes.write("dialogue:telegram:1", {"steps": [two], "n": 1})
    await whole.notes.write("model_keys", {"sealed": "no key of anybody"})
    await whole.outbox.put(1, HOME, NoticeKind.REPLY, "k", {"sealed": VAULT.seal("x")}, at=NOON)


def _texts(items: list[SealedItem], vault: Any) -> list[tuple[str, str, bool]]:
    return sorted((item.what, vault.open(item.sealed), item.sure) for item in items)


EVERYTHING = [
    ("connection:1", "key and secret of 1", True),
    ("connection:2", "key and secret of 2", True),
    ("dialogue:telegram:1", "one", False),
    ("dialogue:telegram:1", "two", False),
    ("inbox:1", "sk-new", False),
    ("model_key:1", "sk-1", True),
    ("model_key:2", "sk-2", True),
    ("outbox:1", "x", False),
]


def _rekeyed(sealed: str) -> str:
    return OTHER_VAULT.seal(VAULT.open(sealed))


async def test_all_is_sealed_anew(whole: Whole) -> None:
    await _filled(whole)
    assert _texts(list(await whole.sealed.each()), VAULT) == EVERYTHING
    assert await whole.sealed.reseal_all(_rekeyed) == len(EVERYTHING)
    assert _texts(list(await whole.sealed.each()), OTHER_VAULT) == EVERYTHING
    (item,) = await whole.inbox.pending(5)
    assert item.payload["more"] == ['"\u00fc']
    assert OTHER_VAULT.open(item.payload["text"].removeprefix("/settings key ")) == "sk-new"
    note = await whole.notes.read("dialogue:telegram:1")
    assert note["n"] == 1 and note["steps"][0].startswith("/connect gAAAA")
    assert (await ModelKeys(whole, OTHER_VAULT).find(1)).key == "sk-1"
    assert await whole.notes.read("model_keys") == {"sealed": "no key of anybody"}


async def test_nothing_is_when_one_fails(whole: Whole) -> None:
    """The last of those that surely are keys can't be opened."""
    await _filled(whole)
    await ModelKeys(whole, VAULT).keep(2, OTHER_VAULT.seal("sealed by another secret"))
    before = await whole.sealed.each()
    with pytest.raises(OperatorNeeded):
        await whole.sealed.reseal_all(_rekeyed)
    assert await whole.sealed.each() == before


async def test_any_other_fault_of_a_text_leaves_all(whole: Whole) -> None:
    await _filled(whole)
    before = await whole.sealed.each()
    left = [len(EVERYTHING) - 1]

    def change(sealed: str) -> str:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("the disk of the new secret is full")
        return _rekeyed(sealed)

    with pytest.raises(RuntimeError):
        await whole.sealed.reseal_all(change)
    assert await whole.sealed.each() == before


async def test_what_somebody_wrote_does_not_stop_it(whole: Whole) -> None:
    await _filled(whole)
    payload = {"text": f"look: {LOOKS_SEALED}, {VAULT.seal('mine')}"}
    await whole.inbox.store("telegram", "2", payload, NOON)
    assert await whole.sealed.reseal_all(_rekeyed) == len(EVERYTHING) + 1
    (_, item) = await whole.inbox.pending(5)
    kept, _, sealed = item.payload["text"].partition(", ")
    assert kept == f"look: {LOOKS_SEALED}"
    assert OTHER_VAULT.open(sealed) == "mine"


async def test_a_sealed_text_may_be_of_any_kind(whole: Whole) -> None:
    """What `change` gives is stored as it is, also where it stands in JSON."""
    await _filled(whole)
    await whole.sealed.reseal_all(lambda sealed: f'"\\ü{len(sealed)}')
    (item,) = await whole.inbox.pending(5)
    assert item.payload["text"].startswith('/settings key "\\ü')
    connection = await whole.connections.of(1)
    assert connection is not None and connection.sealed.startswith('"\\ü')


async def test_an_empty_desk_has_nothing_sealed(whole: Whole) -> None:
    assert await whole.sealed.each() == []
    assert await whole.sealed.reseal_all(_rekeyed) == 0


def test_a_sealed_text_is_not_shown() -> None:
    assert "gAAAA" not in repr(SealedItem("connection:1", VAULT.seal("x")))


async def test_the_browser_page_kept_one(database: Database) -> None:
    """In words that were stored before a key in them was hidden."""
    body = {"text": f"/connect okx {VAULT.seal('key')}"}
    number = await database.transcript.add("k", body, mine=True, at=NOON)
    (item,) = await database.sealed.each()
    assert (item.what, item.sure) == (f"page:{number}", False)
    assert await database.sealed.reseal_all(_rekeyed) == 1
    (message,) = await database.transcript.last(1)
    assert OTHER_VAULT.open(message.body["text"].split()[-1]) == "key"
