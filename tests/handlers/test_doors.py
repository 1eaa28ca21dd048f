"""Who comes in, and what strangers get: one polite line, once, and nothing else."""

import re
from typing import Any

from agents.domain.user import Identity, Place
from handlers import texts
from tests.support.conversation import ADA, Conversation, conversation, plain

EVE = Identity("chatter", "eve")
BOB = Identity("chatter", "bob")


async def test_an_operator_comes_in_with_the_first_word(talk: Conversation) -> None:
    greeting = plain(await talk.say("/start"))
    assert len(greeting.split("\n")) == 4
    user = await talk.user()
    assert user.operator and user.name == "Ada"
    assert await talk.desk.memory.users.places(user.id) == [Place("chatter", "home-ada")]


async def test_the_owner_of_the_page_is_an_operator(talk: Conversation) -> None:
    owner = Identity("page", "owner")
    await talk.say("hello", owner)
    assert (await talk.user(owner)).operator


async def test_a_stranger_gets_one_line_once(talk: Conversation) -> None:
    assert plain(await talk.say("/start", EVE)) == texts.STRANGER
    for said in ("/start", "/status", "buy btc", "/panic", "let me in", "/start WRONGCODE2"):
        assert await talk.say(said, EVE) == []
    assert await talk.tap_data("approve:1:1", EVE) == []
    assert await talk.tap_data("rubbish", EVE) == []
    assert await talk.desk.memory.users.find(EVE) is None


async def test_each_stranger_gets_a_line_of_their_own(talk: Conversation) -> None:
    assert await talk.say("hi", EVE)
    assert await talk.say("hi", BOB)
    assert await talk.say("hi", Identity("elsewhere", "eve"))


async def test_an_invitation_lets_one_person_in(talk: Conversation) -> None:
    said = plain(await talk.say("/invite"))
    code = re.search(r"[A-Z2-9]{10}", said)
    assert code
    assert "Welcome, Bob" in plain(await talk.say(f"/start {code[0]}", BOB))
    assert not (await talk.user(BOB)).operator
    assert plain(await talk.say(f"/start {code[0]}", EVE)) == texts.STRANGER


async def test_a_code_is_good_as_plain_text_in_small_letters(talk: Conversation) -> None:
    code = re.search(r"[A-Z2-9]{10}", plain(await talk.say("/invite")))
    assert code
    assert "Welcome" in plain(await talk.say(f" {code[0].lower()}. ", EVE))


async def test_only_operators_invite(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    assert "There is no /invite" in plain(await talk.say("/invite", bob))
    assert "/invite" not in plain(await talk.say("/help", bob))
    assert "/invite" in plain(await talk.say("/help"))


async def test_an_open_desk_lets_everybody_in() -> None:
    talk = await conversation(invite_only=False)
    assert "Welcome" in plain(await talk.say("/start", EVE))
    assert not (await talk.user(EVE)).operator


async def test_who_is_no_operator_any_more_loses_the_right(talk: Conversation) -> None:
    await talk.say("/start")
    user = await talk.user()
    await talk.desk.memory.users.join(
        BOB, "Bob", Place("chatter", "home-bob"), operator=True, at=user.created_at
    )
    assert "There is no /invite" in plain(await talk.say("/invite", BOB))


async def test_a_second_private_chat_is_told_too(talk: Conversation) -> None:
    await talk.say("/start")
    await talk.say("/status", chat="another")
    places = await talk.desk.memory.users.places((await talk.user()).id)
    assert Place("chatter", "another") in places


async def test_names_are_only_text(talk: Conversation) -> None:
    name = "<b>Ada</b> \u202eevil\u202c 🚀 & “co”\n" + "x" * 500
    greeting = plain(await talk.say("/start", name=name))
    assert "<b>Ada</b>" in greeting
    assert len((await talk.user()).name) <= 60


# --- groups -------------------------------------------------------------------------------------


async def test_in_a_group_only_what_is_meant_for_the_bot_is_answered(talk: Conversation) -> None:
    await talk.say("/start")
    group: dict[str, Any] = {"private": False, "chat": "group"}
    assert await talk.say("nice weather", addressed=False, **group) == []
    assert plain(await talk.say("/balance", **group)) == texts.PRIVATE_ONLY
    assert plain(await talk.say("buy btc when rsi < 30", **group)) == texts.PRIVATE_ONLY
    assert "/status" in plain(await talk.say("/help", **group))
    places = await talk.desk.memory.users.places((await talk.user()).id)
    assert Place("chatter", "group") not in places


async def test_strangers_in_a_group_get_nothing(talk: Conversation) -> None:
    assert await talk.say("/status", EVE, private=False, chat="group") == []
    assert "private" in plain(await talk.say("/status", ADA, private=False, chat="group"))
    assert await talk.desk.memory.users.find(ADA) is None
