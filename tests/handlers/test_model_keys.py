"""/settings key: a user's own key for the model."""

from dataclasses import replace

import pytest

from handlers.model_keys import REFUSED, KeyState
from tests.support.conversation import Conversation, conversation, plain

KEY = "sk-ant-0123456789-wxyz"


async def test_a_key_is_stored_shown_by_its_end_and_removed(talk: Conversation) -> None:
    [stored] = await talk.say(f"/settings key {KEY}", message_id="31")
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
    [answer] = await talk.say(f"/settings key {said}", message_id="31")
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
    await talk.say(f"/settings key {KEY}")
    await keys.refused(user, "sk-one-from-before")
    assert await talk.told() == []
    await keys.refused(user, KEY)
    await keys.refused(user, KEY)
    assert [reply.words.plain() for reply in await talk.told()] == [REFUSED]
    assert await keys.usable(user) == ""
    assert "ending in wxyz was refused" in plain(await talk.say("/settings"))
    await talk.say(f"/settings key {KEY}")
    assert await keys.usable(user) == KEY


async def test_a_key_is_its_owners_alone(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    await talk.say(f"/settings key {KEY}")
    assert await talk.desk.keys.usable((await talk.user(bob)).id) is None
    assert "none of your own" in plain(await talk.say("/settings", bob))


async def test_in_a_group_it_is_not_taken(talk: Conversation) -> None:
    said = await talk.say(f"/settings key {KEY}", private=False, addressed=True)
    assert "private chat" in plain(said)
    assert await talk.desk.keys.usable((await talk.user()).id) is None


async def test_whose_model_judges() -> None:
    talk = await conversation(advisor="the desk's")
    user = (await talk.user()).id
    assert await talk.desk.model_for(user) == "the desk's"
    await talk.say(f"/settings key {KEY}")
    assert await replace(talk.desk, own_model="mine").model_for(user) == "mine"
    await talk.desk.keys.refused(user, KEY)
    assert await talk.desk.model_for(user) == ""
