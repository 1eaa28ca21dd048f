"""/settings key: a user's own key for the model."""

from dataclasses import replace

import pytest

from handlers.model_keys import HIDDEN, REFUSED, KeyState, shown, veiled
from tests.support.conversation import Conversation, conversation, plain
from tests.support.vaults import VAULT

KEY = "sk-ant-0123456789-wxyz"


def sealed(said: str) -> str:
    """As the door leaves it."""
    return veiled(said, VAULT.seal)


@pytest.mark.parametrize(
    "said",
    [
        f"/settings key {KEY}",
        f"  /Settings@ParleyBot   KEY\n{KEY} ",
        f"/settings key: {KEY}",
        f"/settings key={KEY}",
        "/settings key any-other.provider/key",
    ],
)
def test_a_key_is_sealed_at_the_door(said: str) -> None:
    key = said.strip().split()[-1].removeprefix("key=")
    at_rest = sealed(said)
    assert key not in at_rest
    assert VAULT.open(at_rest.removeprefix("/settings key ")) == key
    assert shown(said) == f"/settings key {HIDDEN}"


@pytest.mark.parametrize(
    "said", ["/settings", "/settings key", "/settings key off", "/settings zone Berlin", "Buy BTC"]
)
def test_all_else_is_left_alone(said: str) -> None:
    assert sealed(said) == shown(said) == said


def test_what_looks_like_a_key_elsewhere_is_left_out() -> None:
    assert sealed(f"my key is {KEY}, use it") == f"my key is {HIDDEN}, use it"


async def test_a_key_is_stored_shown_by_its_end_and_removed(talk: Conversation) -> None:
    [stored] = await talk.say(sealed(f"/settings key {KEY}"), message_id="31")
    assert stored.removes == "31"
    assert "ending in wxyz is stored, encrypted" in stored.words.plain()
    assert "Model key: yours, ending in wxyz. Remove" in plain(await talk.say("/settings"))
    assert "ending in wxyz" in plain(await talk.say("/settings key"))
    assert await talk.desk.keys.usable((await talk.user()).id) == KEY
    note = await talk.desk.memory.notes.read(f"model_key:{(await talk.user()).id}")
    assert KEY not in str(note)
    assert "the rules alone will judge" in plain(await talk.say("/settings key off"))
    assert "Model key: none of your own" in plain(await talk.say("/settings"))
    assert "There was no model key" in plain(await talk.say("/settings key off"))
    assert KEY not in plain(talk.shown)


@pytest.mark.parametrize("said", ["short", "two words here", "k\u00e9y-with-accent", "x" * 500])
async def test_what_is_no_key_is_not_stored_and_still_removed(
    talk: Conversation, said: str
) -> None:
    [answer] = await talk.say(sealed(f"/settings key {said}"), message_id="31")
    assert answer.removes == "31"
    assert "nothing was stored" in answer.words.plain()
    assert (await talk.desk.keys.find((await talk.user()).id)).state is KeyState.NONE


async def test_a_key_sealed_with_another_secret_is_asked_for_again(talk: Conversation) -> None:
    user = (await talk.user()).id
    await talk.desk.keys.keep(user, "sealed with another secret")
    assert await talk.desk.keys.usable(user) == ""
    assert "it can't be opened any more" in plain(await talk.say("/settings"))


async def test_a_refused_key_is_told_once_and_used_no_more(talk: Conversation) -> None:
    user, keys = (await talk.user()).id, talk.desk.keys
    await talk.say(sealed(f"/settings key {KEY}"))
    await keys.refused(user, "sk-one-from-before")
    assert await talk.told() == []
    await keys.refused(user, KEY)
    await keys.refused(user, KEY)
    assert [reply.words.plain() for reply in await talk.told()] == [REFUSED]
    assert await keys.usable(user) == ""
    assert "ending in wxyz was refused" in plain(await talk.say("/settings"))
    await talk.say(sealed(f"/settings key {KEY}"))
    assert await keys.usable(user) == KEY


async def test_a_key_is_its_owners_alone(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    await talk.say(sealed(f"/settings key {KEY}"))
    assert await talk.desk.keys.usable((await talk.user(bob)).id) is None
    assert "none of your own" in plain(await talk.say("/settings", bob))


async def test_in_a_group_it_is_not_taken(talk: Conversation) -> None:
    said = await talk.say(sealed(f"/settings key {KEY}"), private=False, addressed=True)
    assert "private chat" in plain(said)
    assert await talk.desk.keys.usable((await talk.user()).id) is None


async def test_whose_model_judges() -> None:
    talk = await conversation(advisor="the desk's")
    user = (await talk.user()).id
    assert await talk.desk.model_for(user) == "the desk's"
    await talk.say(sealed(f"/settings key {KEY}"))
    assert await replace(talk.desk, own_model="mine").model_for(user) == "mine"
    await talk.desk.keys.refused(user, KEY)
    assert await talk.desk.model_for(user) == ""
