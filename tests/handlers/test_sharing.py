"""/share and /open: rules for whoever has the code, and nothing else of the sharer's."""

import re

import pytest

from agents.domain.strategy import StrategyState
from agents.domain.user import Identity
from handlers import texts
from tests.support.conversation import ADA, Conversation, buttons, plain

CODE = re.compile(r"[A-HJ-NP-Z2-9]{16}")
EVE = Identity("chatter", "eve")
GUIDANCE = "only when funding is calm"


async def shared(talk: Conversation, words: str = "1", **changes: object) -> str:
    """The code of Ada's strategy."""
    await talk.strategy(guidance=GUIDANCE, **changes)
    found = CODE.search(plain(await talk.say(f"/share {words}")))
    assert found
    return found[0]


async def test_who_opens_a_code_gets_a_draft_of_their_own(talk: Conversation) -> None:
    code = await shared(talk)
    (original,) = await talk.desk.memory.strategies.of((await talk.user()).id)
    bob = await talk.stranger_in()
    said = plain(await talk.say(f"/open {code}", bob))
    assert "📨 A shared strategy." in said and "Ada" not in said
    assert GUIDANCE in said
    labels = [button.label for button in buttons(*talk.shown[-1:])]
    assert [label.split(" ")[1] for label in labels] == ["Activate", "Edit", "Discard"]
    (mine,) = await talk.desk.memory.strategies.of((await talk.user(bob)).id)
    assert (mine.spec, mine.name) == (original.spec, original.name)
    assert (mine.state, mine.version, mine.number) == (StrategyState.DRAFT, 1, 1)
    assert mine.sentence != original.sentence
    await talk.press("Activate", bob)
    (mine,) = await talk.desk.memory.strategies.of(mine.owner_id)
    assert mine.state is StrategyState.ACTIVE
    (still,) = await talk.desk.memory.strategies.of(original.owner_id)
    assert still == original


async def test_an_address_opens_it_too(talk: Conversation) -> None:
    talk.people.links = True
    await talk.strategy()
    said = plain(await talk.say("/share 1"))
    address = re.search(r"https://\S+start=(\S+)", said)
    assert address
    bob = await talk.stranger_in()
    assert "A shared strategy" in plain(await talk.say(f"/start {address[1]}", bob))
    assert "A shared strategy" in plain(await talk.say(f"/open {address[0]}", bob))


@pytest.mark.parametrize("form", ["{}", " {} .", "“{}”", "{lower}", "share_{}", "SHARE_{lower}"])
async def test_a_code_may_be_spelled_in_many_ways(talk: Conversation, form: str) -> None:
    code = await shared(talk)
    said = form.format(code, lower=code.lower())
    assert "A shared strategy" in plain(await talk.say(f"/open {said}"))


@pytest.mark.parametrize("said", ["", "X", "ABCDEFGHJKMNPQRS", "share_", "1' or '1'='1", "é" * 900])
async def test_what_is_no_code_opens_nothing(talk: Conversation, said: str) -> None:
    await shared(talk)
    answer = plain(await talk.say(f"/open {said}"))
    assert "opens nothing" in answer or "Send the code along" in answer
    assert len(await talk.desk.memory.strategies.of((await talk.user()).id)) == 1


async def test_the_card_says_what_goes_along(talk: Conversation) -> None:
    await talk.strategy(guidance=GUIDANCE)
    said = plain(await talk.say("/share 1"))
    assert f"Its guidance goes along as you wrote it: “{GUIDANCE}”" in said
    assert "never your balance, keys or trades" in said
    assert "It does not say who shared it" in said
    assert "It says that Ada shared it." in plain(await talk.say("/share 1 named"))


async def test_a_name_is_told_only_where_it_may_be(talk: Conversation) -> None:
    code = await shared(talk, "1 named")
    bob = await talk.stranger_in()
    assert "📨 Shared by Ada." in plain(await talk.say(f"/open {code}", bob))


async def test_sharing_again_gives_the_same_code_until_the_rules_change(
    talk: Conversation,
) -> None:
    code = await shared(talk)
    assert code in plain(await talk.say("/share 1"))
    user = await talk.user()
    (strategy,) = await talk.desk.memory.strategies.of(user.id)
    old = strategy.spec.stop
    assert old is not None and old != "3%"
    spec = strategy.spec.model_copy(update={"stop": "3%"})
    at = talk.world.clock.now()
    assert await talk.desk.memory.strategies.revise(user.id, strategy.id, 1, spec, "x", at)
    newer = CODE.search(plain(await talk.say("/share 1")))
    assert newer and newer[0] != code
    assert f"stop: {old}" in plain(await talk.say(f"/open {code}"))
    assert "stop: 3%" in plain(await talk.say(f"/open {newer[0]}"))


async def test_an_ended_share_opens_nothing_and_drafts_stay(talk: Conversation) -> None:
    code = await shared(talk)
    bob = await talk.stranger_in()
    await talk.say(f"/open {code}", bob)
    assert "can't be copied any more" in plain(await talk.say("/share 1 off"))
    assert "opens nothing" in plain(await talk.say(f"/open {code}", bob))
    assert len(await talk.desk.memory.strategies.of((await talk.user(bob)).id)) == 1
    assert "is not shared" in plain(await talk.say("/share 1 off"))
    assert "You share nothing" in plain(await talk.say("/share"))


async def test_openings_are_counted_once_each(talk: Conversation) -> None:
    code = await shared(talk)
    assert "not opened yet" in plain(await talk.say("/share"))
    bob = await talk.stranger_in()
    for key in ("a", "a", "b"):  # the same message twice, then another
        await talk.say(f"/open {code}", bob, key=key)
    await talk.say(f"/open {code}")  # one's own copy
    assert len(await talk.desk.memory.strategies.of((await talk.user(bob)).id)) == 2
    assert "opened 2 times" in plain(await talk.say("/share"))
    assert "It was opened 2 times." in plain(await talk.say("/share 1"))


async def test_it_is_in_the_books_of_both_and_names_nobody(talk: Conversation) -> None:
    code = await shared(talk)
    bob = await talk.stranger_in()
    await talk.say(f"/open {code}", bob)
    await talk.say("/share 1 off")
    mine = await talk.desk.memory.audit.recent((await talk.user()).id, 10)
    kept = [row for row in mine if "share" in row["what"]]
    assert [row["what"] for row in kept] == ["share_ended", "share_opened", "shared"]
    assert code not in str(mine)
    their = await talk.user(bob)
    assert f"user:{their.id}" not in str(kept)
    (opened, *_) = await talk.desk.memory.audit.recent(their.id, 3)
    assert opened["what"] == "share_opened"


async def test_nobody_shares_what_is_another_s(talk: Conversation) -> None:
    await talk.strategy()
    bob = await talk.stranger_in()
    assert "no strategy" in plain(await talk.say("/share 1", bob))
    assert "no strategy" in plain(await talk.say("/share 1 off", bob))


async def test_strangers_still_need_an_invitation(talk: Conversation) -> None:
    code = await shared(talk)
    assert plain(await talk.say(f"/start share_{code}", EVE)) == texts.STRANGER
    assert await talk.say(f"/open {code}", EVE) == []
    assert await talk.desk.memory.users.find(EVE) is None


async def test_a_group_opens_nothing_for_a_person(talk: Conversation) -> None:
    code = await shared(talk)
    for said in (f"/open {code}", f"/start share_{code}", "/share 1"):
        await talk.say(said, ADA, private=False, chat="group")
        assert code not in plain(talk.shown[-1:])
    assert len(await talk.desk.memory.strategies.of((await talk.user()).id)) == 1
