"""/publish, /unpublish, /channel and the posts: said clearly, and nothing without the right."""

from dataclasses import replace
from typing import Any

import pytest

from agents.domain.desks import Role, Rule
from agents.domain.errors import DeliveryDelayed, DeliveryRefused, NotFound, PlaceGone
from agents.domain.grants import Feature
from agents.domain.publishing import Moment
from agents.domain.user import Identity, Membership, Place, Standing
from handlers.chat import Reply
from handlers.publishing import Said
from tests.support.conversation import ADA, Conversation, buttons, check, plain
from tests.support.desk import FREE, World, levels
from tests.support.publishing import publishing

CHANNEL = Place("chatter", "-100777")
GOOD = Standing("Signals", "channel", True, Membership.ADMIN, True)


async def desk(standing: Standing = GOOD, who: Identity = ADA) -> Conversation:
    """One active strategy, and a channel called @signals."""
    talk = Conversation(world=publishing(World(costs=FREE)), free=frozenset())
    await talk.start()
    await talk.strategy()
    talk.people.names["@signals"] = CHANNEL
    talk.people.known[CHANNEL, who] = standing
    return talk


async def delivered(talk: Conversation, place: Place = CHANNEL) -> list[Reply]:
    """What the place is sent of what waits for it, rendered now."""
    made: list[Reply] = []
    for item in talk.world.memory.rows("outbox"):
        if item.place == place:
            reply = await talk.notices.render(item.kind, dict(item.facts), item.owner_id)
            made += [check(reply)] if reply is not None else []
    return made


# --- what is said -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("2 @signals", Said("2", "@signals", Moment.PROPOSAL, None)),
        ("#2 @signals on approval", Said("#2", "@signals", Moment.APPROVAL, None)),
        ("2 <#123> on proposals delay 15m", Said("2", "<#123>", Moment.PROPOSAL, 900)),
        ("2 here delay 90 s", Said("2", "here", Moment.PROPOSAL, 90)),
        ("2 @signals, delay 2 hours", Said("2", "@signals", Moment.PROPOSAL, 7200)),
        ("2 @signals at once on approval", Said("2", "@signals", Moment.APPROVAL, 0)),
        ("2 @signals delay 15", Said("2", "@signals", Moment.PROPOSAL, 900)),
        ("", Said("", "", Moment.PROPOSAL, None)),
    ],
)
def test_a_command_is_read(words: str, wanted: Said) -> None:
    assert Said.of(words) == wanted


async def test_a_strategy_is_published() -> None:
    talk = await desk()
    said = plain(await talk.say("/publish 1 @signals"))
    assert "#1 Dips is published in Signals" in said
    assert "as soon as they are proposed; fills" in said
    user = await talk.user()
    [publication] = await talk.world.memory.channels.publications(user.id)
    assert (publication.identity, publication.moment) == (ADA, Moment.PROPOSAL)
    [noted] = [row for row in talk.world.memory.rows("audit") if row["what"] == "publish"]
    assert noted["facts"]["place"] == str(CHANNEL)


@pytest.mark.parametrize(
    ("standing", "wanted"),
    [
        (replace(GOOD, bot_may_post=False), "I may not post in Signals"),
        (replace(GOOD, person_may_post=False), "You may not post in Signals"),
        (replace(GOOD, membership=Membership.ABSENT), "You are not in @signals"),
        (replace(GOOD, kind="private"), "That is a private chat"),
    ],
)
async def test_without_the_right_nothing_is_published(standing: Standing, wanted: str) -> None:
    talk = await desk(standing)
    assert wanted in plain(await talk.say("/publish 1 @signals"))
    assert not talk.world.memory.rows("publications")
    assert not talk.world.memory.rows("channels")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("/publish 1 @nowhere", "I can't see '@nowhere'"),
        ("/publish 1", "Where shall I publish #1 Dips"),
        ("/publish 7 @signals", "no strategy '7'"),
        ("/publish 1 @signals delay soon", "I can't read the delay 'soon'"),
        ("/publish 1 @signals delay 5d", "I can't read the delay '5d'"),
        ("/publish 1 @signals delay 30h", "A day is the longest delay"),
        ("/publish 1 here", "Here is between the two of us"),
        ("/publish", "Nothing is published"),
        ("/unpublish 1", "#1 Dips is not published there"),
        ("/channel @signals delay 5m", "Nothing is published there yet"),
        ("/channel", "You have added no channel yet"),
    ],
)
async def test_what_is_wrong_is_said_with_what_to_do(words: str, wanted: str) -> None:
    talk = await desk()
    assert wanted in plain(await talk.say(words))
    assert not talk.world.memory.rows("publications")


async def test_a_platform_that_refuses_or_is_away() -> None:
    talk = await desk()
    talk.people.faults[CHANNEL] = PlaceGone("bot was kicked")
    assert "I can't see '@signals'" in plain(await talk.say("/publish 1 @signals"))
    talk.people.faults[CHANNEL] = DeliveryDelayed("Chatter asks to wait.")
    assert "Chatter asks to wait" in plain(await talk.say("/publish 1 @signals"))
    assert not talk.world.memory.rows("publications")


async def test_a_channel_of_a_platform_without_my_account_asks_for_a_link() -> None:
    talk = await desk()
    elsewhere = Place("other", "5")
    talk.people.names["@other"] = elsewhere
    assert "/link" in plain(await talk.say("/publish 1 @other"))
    there = Identity("other", "ada")
    talk.people.known[elsewhere, there] = replace(GOOD, title="Elsewhere")
    user = await talk.user()
    assert await talk.world.memory.links.add(user.id, there)
    assert "is published in Elsewhere" in plain(await talk.say("/publish 1 @other"))
    [publication] = await talk.world.memory.channels.publications(user.id)
    assert publication.identity == there


async def test_in_a_group_only_here_is_meant() -> None:
    talk = await desk()
    group: dict[str, Any] = {"chat": "-5", "private": False}
    for words in ("/publish", "/publish 1 @signals", "/unpublish 1"):
        assert "between the two of us" in plain(await talk.say(words, **group))
    here = Place("chatter", "-5")
    talk.people.known[here, ADA] = replace(GOOD, title="Desk", kind="group")
    assert "is published in Desk" in plain(await talk.say("/publish 1 here", **group))
    assert "no longer published in Desk" in plain(await talk.say("/unpublish 1 here", **group))


async def test_a_desk_publishes_what_is_its_own() -> None:
    talk = await desk()
    here, at = Place("chatter", "-5"), talk.world.clock.wall()
    ada, bob = await talk.user(), await talk.stranger_in()
    opened = await talk.world.memory.desks.open(here, "Crew", ada.id, Rule(), at)
    assert opened is not None
    await talk.world.memory.desks.seat(opened.id, (await talk.user(bob)).id, Role.VIEWER, at)
    await talk.world.strategy(opened.account_id)
    group: dict[str, Any] = {"chat": "-5", "private": False}
    refused = plain(await talk.say("/publish 1 here", bob, **group))
    assert "owner and traders" in refused
    assert not talk.world.memory.rows("publications")
    assert "is published in -5" in plain(await talk.say("/publish 1 here", **group))
    [publication] = talk.world.memory.rows("publications")
    assert (publication.owner_id, publication.publisher_id) == (opened.account_id, ada.id)
    assert "#1 Dips in -5" in plain(await talk.say("/publish", **group))


async def test_the_list_and_its_buttons() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals on approval delay 5m")
    shown = await talk.say("/publish")
    assert "#1 Dips in Signals · on approval · 5 min late" in plain(shown)
    listed, ended = await talk.press("🚫 #1 Signals")
    assert listed.edits and "Nothing is published" in listed.words.plain()
    assert "no longer published in Signals" in ended.words.plain()
    assert "Nothing is published" in plain(await talk.say("/publish"))


async def test_a_lost_channel_is_still_known_by_its_title() -> None:
    talk = await desk(replace(GOOD, title="Dip Signals"))
    await talk.say("/publish 1 @signals")
    at = talk.world.clock.wall()
    await talk.world.memory.channels.lost(CHANNEL, "I was removed from it.", at)
    del talk.people.names["@signals"]
    assert "I can't post there any more" in plain(await talk.say("/publish"))
    assert "Dip Signals" in plain(await talk.say("/channel dip signals delay 5m"))
    assert "no longer published in Dip Signals" in plain(await talk.say("/unpublish 1 Dip Signals"))


async def test_nobody_ends_what_is_anothers() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    [button] = buttons(*await talk.say("/publish"))
    bob = await talk.stranger_in()
    assert "not yours" in plain(await talk.tap(button, bob))
    assert len(await talk.world.memory.channels.publications((await talk.user()).id)) == 1


# --- delays -------------------------------------------------------------------------------------


async def test_who_was_not_granted_it_publishes_late() -> None:
    talk = await desk()
    bob = await talk.stranger_in()
    user = await talk.user(bob)
    await talk.world.strategy(user.id)
    talk.people.known[CHANNEL, bob] = GOOD
    late = plain(await talk.say("/publish 1 @signals delay 5m", bob))
    assert "15 min late at least" in late and "operator" in late
    assert not talk.world.memory.rows("channels")
    assert "15 min late" in plain(await talk.say("/publish 1 @signals", bob))
    [channel] = talk.world.memory.rows("channels")
    assert channel.delay == talk.desk.channel_delay == 900
    assert "15 min late at least" in plain(await talk.say("/channel @signals delay 0", bob))
    await talk.world.memory.grants.grant(user.id, Feature.CHANNELS, 1, talk.world.clock.wall())
    assert "at once" in plain(await talk.say("/channel @signals delay 0", bob))


async def test_a_channel_of_others_is_no_way_around_the_delay() -> None:
    """Ada may publish at once, and did so in this channel; Bob's signals have to be late."""
    talk = await desk()
    await talk.say("/publish 1 @signals")
    bob = await talk.stranger_in("bob")
    talk.people.known[CHANNEL, bob] = GOOD
    await talk.world.strategy((await talk.user(bob)).id)
    said = plain(await talk.say("/publish 1 @signals", bob))
    assert "15 min late at least" in said
    assert await talk.world.memory.channels.publications((await talk.user(bob)).id) == []
    await talk.say("/channel @signals delay 15m")
    assert "is published" in plain(await talk.say("/publish 1 @signals", bob))


async def test_the_operator_and_who_added_it_set_a_channels_delay() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    assert "1 h 30 min late" in plain(await talk.say("/channel @signals delay 90m"))
    assert "Signals: 1 h 30 min late" in plain(await talk.say("/channel"))
    bob = await talk.stranger_in()
    refused = plain(await talk.say("/channel @signals delay 20m", bob))
    assert "who added the channel" in refused
    [channel] = talk.world.memory.rows("channels")
    assert channel.delay == 5400


# --- posts --------------------------------------------------------------------------------------


async def a_trade(talk: Conversation) -> None:
    """Filled, first target, stop at the entry, and closed at the second target."""
    [strategy] = talk.world.memory.rows("strategies")
    await talk.world.opened(strategy, levels(targets=(("60600", "0.5"), ("61200", "0.5"))))
    for price in ("60600", "60600", "61200", "61200"):
        await talk.world.tick(price)
        await talk.world.desk.every_second()


async def test_a_post_and_what_follows_it() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    await a_trade(talk)
    post, *rest = await delivered(talk)
    assert post.words.plain().splitlines()[:7] == [
        "📄 Paper · LONG BTC/USDT",
        "Entry: 60000.00",
        "Target 1: 60600.00 (50%)",
        "Target 2: 61200.00 (50%)",
        "Stop: 59400.00",
        "Leverage: 5x",
        "Timeframe: 5m",
    ]
    assert post.card == "signal:1" and not post.edits and not post.rows
    redraws = [reply for reply in rest if reply.edits]
    replies = [reply for reply in rest if not reply.edits]
    assert [reply.words.plain().splitlines()[1] for reply in replies] == [
        "✅ Filled at 60000.00",
        "🎯 Target 1 hit at 60600.00, 50% closed",
        "🛡 Stop moved to 60000.00",
        "🟢 Closed at 61200.00: +1.50R (target 2)",
    ]
    assert all(reply.replies_to == "signal:1" for reply in replies)
    assert all(reply.words.plain().startswith("📄 Paper · LONG BTC/USDT · #1") for reply in replies)
    last = redraws[-1].words.plain().splitlines()
    assert last[-4:] == [reply.words.plain().splitlines()[1] for reply in replies]
    assert last[: len(post.words.plain().splitlines())] == post.words.plain().splitlines()


async def test_the_head_of_the_record_stands_in_the_post() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    await a_trade(talk)
    [entry, *_] = talk.world.memory.rows("record")
    post = (await delivered(talk))[0].words.plain()
    assert f"#1 · record {entry.hash[:32]}…" in post


async def test_nothing_private_is_shown() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    await a_trade(talk)
    [position] = talk.world.positions
    shown = plain(await delivered(talk))
    for secret in ("Ada", "Dips", str(position.entered), "Size", "Risk", "Fee", "P&L", "10,000"):
        assert secret not in shown


async def test_what_is_not_taken_and_new_levels() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    [strategy] = talk.world.memory.rows("strategies")
    proposal = await talk.world.propose(strategy)
    await talk.world.desk.approvals.tighten(proposal.owner_id, proposal.id, 1)
    await talk.world.desk.approvals.veto(proposal.owner_id, proposal.id, 2)
    post, redrawn, levels_said, *_, ended = await delivered(talk)
    assert "Stop: 59400.00" in post.words.plain()
    assert "Stop: 59700.00" in redrawn.words.plain()
    assert "New levels: entry 60000.00, stop 59700.00, target 61200.00" in levels_said.words.plain()
    assert "Not taken: vetoed" in ended.words.plain()


async def test_a_delayed_post_shows_only_what_its_time_has_come_for() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals delay 15m")
    await a_trade(talk)
    post, *_ = await delivered(talk)
    assert "Filled" not in post.words.plain() and "Closed" not in post.words.plain()


# --- rights at delivery -------------------------------------------------------------------------


async def test_who_lost_the_right_publishes_no_more_and_is_told_once() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    [strategy] = talk.world.memory.rows("strategies")
    await talk.world.opened(strategy)
    talk.people.known[CHANNEL, ADA] = replace(GOOD, person_may_post=False)
    for _ in range(2):
        replies = await delivered(talk)
        assert not any(reply.card and not reply.edits for reply in replies)
    notice = [one for one in talk.world.memory.told if one.key.startswith("unpublished:")]
    assert len(notice) == 1
    told: Any = notice[0].facts
    said = "".join(content for content, _ in told["words"])
    assert (
        "#1 Dips is no longer published in Signals" in said and "Signal #1 was not posted" in said
    )
    assert not await talk.world.memory.channels.publications((await talk.user()).id)
    before = len(talk.world.memory.rows("outbox"))
    await talk.world.tick("61200")
    await talk.world.tick("61200")
    assert len(talk.world.memory.rows("outbox")) == before
    kinds = [entry.kind for entry in talk.world.memory.rows("record")]
    assert kinds == ["signal", "filled", "correction", "closed"]


@pytest.mark.parametrize(
    "fault", [None, PlaceGone("I was removed from it."), DeliveryRefused("not to be seen")]
)
async def test_a_bot_without_the_right_says_that_the_place_is_gone(
    fault: Exception | None,
) -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    [strategy] = talk.world.memory.rows("strategies")
    await talk.world.propose(strategy)
    talk.people.known[CHANNEL, ADA] = replace(GOOD, bot_may_post=False)
    if fault:
        talk.people.faults[CHANNEL] = fault
    with pytest.raises(PlaceGone):
        await delivered(talk)
    assert len(await talk.world.memory.channels.publications((await talk.user()).id)) == 1


async def test_a_platform_that_is_away_is_asked_again() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    [strategy] = talk.world.memory.rows("strategies")
    await talk.world.propose(strategy)
    talk.people.faults[CHANNEL] = DeliveryDelayed()
    with pytest.raises(DeliveryDelayed):
        await delivered(talk)
    talk.people.faults.clear()
    [post] = await delivered(talk)
    assert "LONG BTC/USDT" in post.words.plain()


async def test_the_chart_shows_the_levels_that_the_post_says() -> None:
    """A post that is late must not show in its picture what its words do not say yet."""
    talk = await desk()
    await talk.say("/publish 1 @signals delay 15m")
    talk.candles()
    [strategy] = talk.world.memory.rows("strategies")
    proposal = await talk.world.propose(strategy)
    post, *_ = await delivered(talk)
    assert post.picture is not None
    before = await talk.pictures(post.picture, proposal.owner_id)
    await talk.world.desk.approvals.tighten(proposal.owner_id, proposal.id, 1)
    post, redrawn, *_ = await delivered(talk)
    assert post.picture is not None and redrawn.picture is not None
    assert await talk.pictures(post.picture, proposal.owner_id) == before
    assert await talk.pictures(redrawn.picture, proposal.owner_id) != before


async def test_the_chart_of_a_post_is_drawn_for_its_owner_alone() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    talk.candles()
    await a_trade(talk)
    post, *rest = await delivered(talk)
    assert post.picture is not None and dict(post.picture.facts) == {
        "signal_id": 1,
        "closed": False,
        "story": 0,
    }
    owner = (await talk.user()).id
    last = [reply for reply in rest if reply.edits][-1].picture
    assert last is not None and last.facts["closed"]
    for picture in (post.picture, last):
        assert (await talk.pictures(picture, owner)).startswith(b"\x89PNG")
    bob = await talk.user(await talk.stranger_in())
    with pytest.raises(NotFound):
        await talk.pictures(post.picture, bob.id)
