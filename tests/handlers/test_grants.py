"""/grant, /revoke and /grants: the operator's word, told to whom it is about."""

from agents.domain.grants import Feature
from agents.domain.user import Identity, Place
from tests.support.conversation import ADA, Conversation, conversation, plain

BOB = Identity("chatter", "bob")


async def desk() -> Conversation:
    """Nothing is free, and Bob is here."""
    talk = await conversation(free=frozenset())
    assert await talk.stranger_in() == BOB
    return talk


async def has(talk: Conversation, feature: Feature) -> bool:
    return await talk.desk.allows(await talk.user(BOB), feature)


async def test_a_feature_is_granted_and_told() -> None:
    talk = await desk()
    assert not await has(talk, Feature.FEEDS)
    await talk.told()
    assert "has feeds: signals of groups and webhooks" in plain(await talk.say("/grant Bob feeds"))
    assert await has(talk, Feature.FEEDS)
    assert not await has(talk, Feature.CHANNELS)
    told = [notice for notice in talk.world.memory.told if notice.kind == "reply"]
    assert [notice.owner_id for notice in told] == [(await talk.user(BOB)).id]
    assert "You have feeds now" in str(told[0].facts)
    assert "has feeds already" in plain(await talk.say("/grant Bob feeds"))
    assert "no longer" in plain(await talk.say("/revoke Bob feeds"))
    assert not await has(talk, Feature.FEEDS)
    assert "was not granted feeds" in plain(await talk.say("/revoke Bob feeds"))
    told = [notice for notice in talk.world.memory.told if notice.kind == "reply"]
    assert "You no longer have feeds" in str(told[-1].facts)


async def test_several_features_at_once_and_people_by_number_or_account() -> None:
    talk = await desk()
    bob = await talk.user(BOB)
    await talk.say(f"/grant #{bob.id} feeds, premium")
    await talk.say("/grant chatter:bob channels")
    assert all([await has(talk, feature) for feature in Feature])
    await talk.say(f"/revoke {bob.id} feeds channels premium")
    assert not any([await has(talk, feature) for feature in Feature])


async def test_operators_have_everything_and_others_grant_nothing() -> None:
    talk = await desk()
    assert await talk.desk.allows(await talk.user(), Feature.CHANNELS)
    for words in ("/grant Bob feeds", "/revoke Ada feeds", "/grants"):
        assert "There is no" in plain(await talk.say(words, BOB))
    assert not await has(talk, Feature.FEEDS)


async def test_what_everybody_has_needs_no_grant(talk: Conversation) -> None:
    await talk.stranger_in()
    assert all([await has(talk, feature) for feature in Feature])
    assert "Everybody has it here" in plain(await talk.say("/grant Bob feeds"))
    said = plain(await talk.say("/revoke Bob feeds"))
    assert "not granted feeds any more. Everybody has it here" in said
    assert await has(talk, Feature.FEEDS)


async def test_bad_words_get_a_sentence() -> None:
    talk = await desk()
    for words in ("/grant", "/grant Bob", "/grant feeds", "/revoke Bob rockets"):
        assert "Say who and what" in plain(await talk.say(words))
    assert "nobody called 'Zoe'" in plain(await talk.say("/grant Zoe feeds"))
    assert "nobody called '99'" in plain(await talk.say("/grant 99 feeds"))
    at = talk.world.clock.wall()
    other = Identity("chatter", "bob2")
    await talk.desk.memory.users.join(other, "BOB", Place("chatter", "x"), operator=False, at=at)
    assert "There are several" in plain(await talk.say("/grant bob feeds"))
    assert await talk.desk.memory.grants.all() == []


async def test_everything_is_listed_and_in_the_books() -> None:
    talk = await desk()
    await talk.say("/grant Bob premium")
    said = plain(await talk.say("/grants"))
    assert "Everybody has: nothing of these" in said
    assert "Ada: all" in said and "Bob: premium" in said
    for who in (ADA, BOB):
        user = await talk.user(who)
        (newest, *_) = await talk.desk.memory.audit.recent(user.id, 1)
        assert newest["what"] == "granted"
        assert newest["facts"] == {"user": (await talk.user(BOB)).id, "feature": "premium"}


async def test_who_loses_channels_publishes_late_from_then_on() -> None:
    talk = await desk()
    await talk.say("/grant Bob channels")
    bob, at = await talk.user(BOB), talk.world.clock.wall()
    channels = talk.desk.memory.channels
    quick = await channels.open(Place("chatter", "c1"), "Fast", bob.id, 0, at)
    slow = await channels.open(Place("chatter", "c2"), "Slow", bob.id, 3600, at)
    said = plain(await talk.say("/revoke Bob channels"))
    assert "1 of their channels gets signals late now" in said
    assert (await channels.get(quick.id)).delay == 900
    assert (await channels.get(slow.id)).delay == 3600
