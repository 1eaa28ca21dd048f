"""A group trades together: who comes in, who may do what, and what others see of it."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agents.domain.desks import GroupDesk, Role, Rule
from agents.domain.errors import DeliveryDelayed, DeliveryRefused
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.strategy import StrategyState
from agents.domain.user import Identity, Membership, Place, Standing
from handlers import gate, rights, seats, texts
from handlers.chat import Button, Glance, Reply, Tap
from handlers.commands import ACTS, COMMANDS, PRESSES
from tests.support.conversation import ADA, Conversation, buttons, plain

BOB, CID, DAN, EVE = (Identity("chatter", name) for name in ("bob", "cid", "dan", "eve"))
GROUP = Place("chatter", "group")
IN_GROUP: dict[str, Any] = {"private": False, "chat": "group"}
GONE = Standing("Swing", "group", True, Membership.ABSENT, False)
S = ProposalState


@dataclass
class Room:
    """A desk in a group: Ada owns it, Bob trades, Cid approves, Dan looks, Eve is a stranger."""

    talk: Conversation
    place: Place = field(default=GROUP)

    async def say(self, words: str, who: Identity = ADA, **more: Any) -> list[Reply]:
        return await self.talk.say(words, who, **{**IN_GROUP, **more})

    async def tap(self, button: Button, who: Identity = ADA, **more: Any) -> list[Reply]:
        return await self.talk.tap(button, who, **{**IN_GROUP, **more})

    async def press(self, label: str, who: Identity = ADA, **more: Any) -> list[Reply]:
        return await self.tap(self.talk.button(label), who, **more)

    async def glance(self, button: Button | str, who: Identity, **more: Any) -> Glance:
        """What is said at once to a tap on a button, or to a text."""
        said: dict[str, Any] = {"text": button}
        if isinstance(button, Button):
            said = {"tap": Tap.parse(button.data), "tap_data": button.data}
        update = self.talk.incoming(who, **{**IN_GROUP, **said, **more})
        return await self.talk.router.glance(update)

    async def group(self) -> GroupDesk:
        found = await self.talk.desk.memory.desks.at(self.place)
        assert found is not None
        return found

    async def roles(self) -> dict[str, Role]:
        memory = self.talk.desk.memory
        members = await memory.desks.members((await self.group()).id)
        return {(await memory.users.get(one.user_id)).name: one.role for one in members}

    async def let_in(self, who: Identity, role: str) -> None:
        await self.say("/desk")
        await self.press("Join", who)
        await self.press(role)

    async def proposal(self) -> Proposal:
        strategy = await self.talk.world.strategy((await self.group()).account_id)
        made = await self.talk.world.propose(strategy)
        await self.talk.told()
        return made

    async def now(self, proposal: Proposal) -> Proposal:
        return await self.talk.desk.memory.proposals.by_id(proposal.id)

    async def audited(self) -> list[str]:
        owner = (await self.group()).account_id
        rows = await self.talk.desk.memory.audit.recent(owner, 100)
        return [str(row["what"]) for row in reversed(rows)]


@pytest.fixture
async def opened(talk: Conversation) -> Room:
    """Just made by Ada."""
    await talk.say("/start")
    room = Room(talk)
    await room.say("/desk")
    return room


@pytest.fixture
async def room(opened: Room) -> Room:
    for who, role in ((BOB, "Trader"), (CID, "Approver"), (DAN, "Viewer")):
        await opened.let_in(who, role)
    return opened


# --- opening ------------------------------------------------------------------------------------


async def test_a_group_becomes_a_desk(talk: Conversation) -> None:
    await talk.say("/start")
    said = await talk.say("/desk", **IN_GROUP)
    assert "group is a desk now, and Ada owns it" in plain(said)
    assert "approver: votes" in plain(said)
    room = Room(talk)
    group = await room.group()
    assert (group.title, group.rule) == ("group", Rule(1, 1))
    assert await talk.desk.memory.users.places(group.account_id) == [GROUP]
    assert await room.roles() == {"Ada": Role.OWNER}
    again = plain(await talk.say("/desk", **IN_GROUP))
    assert "👑 Ada · owner" in again and "1 of 1 approve, any 1 veto" in again


async def test_in_private_it_says_where_a_desk_belongs(talk: Conversation) -> None:
    assert "Add me there" in plain(await talk.say("/desk"))


async def test_only_who_is_known_makes_a_desk(talk: Conversation) -> None:
    assert await talk.say("/desk", EVE, **IN_GROUP) == []
    assert await talk.desk.memory.desks.at(GROUP) is None


async def test_a_title_that_can_not_be_asked_is_a_plain_one(talk: Conversation) -> None:
    await talk.say("/start")
    talk.people.faults[GROUP] = DeliveryDelayed()
    assert "Our desk is a desk now" in plain(await talk.say("/desk", **IN_GROUP))


async def test_a_title_is_only_text(talk: Conversation) -> None:
    await talk.say("/start")
    name = "<b>Pump</b>\n/panic " + "x" * 200
    talk.people.known[GROUP, ADA] = replace(GONE, title=name, membership=Membership.OWNER)
    await talk.say("/desk", **IN_GROUP)
    title = (await Room(talk).group()).title
    assert title.startswith("<b>Pump</b> /panic x") and len(title) == 60


async def test_a_topic_is_a_desk_of_its_own(room: Room) -> None:
    topic = Place("chatter", "group", "7")
    update = room.talk.incoming(ADA, text="/desk", **IN_GROUP)
    await room.talk.handle(replace(update, place=topic))
    there = await room.talk.desk.memory.desks.at(topic)
    assert there is not None and there.id != (await room.group()).id


# --- coming in ----------------------------------------------------------------------------------


async def test_a_stranger_joins_and_the_owner_chooses(opened: Room) -> None:
    join = opened.talk.button("Join")
    assert (await opened.glance(join, EVE)).words == "Asked. Ada chooses your role."
    asked = await opened.tap(join, EVE)
    assert "Eve asks to join" in plain(asked)
    assert (
        await opened.glance(join, EVE)
    ).words == "You have asked already; Ada chooses your role."
    assert await opened.tap(join, EVE) == []
    assert "Waiting for a role: Eve" in plain(await opened.say("/desk"))
    done = await opened.press("Approver")
    assert "Eve is an approver" in plain(done) and done[0].edits
    assert await opened.roles() == {"Ada": Role.OWNER, "Eve": Role.APPROVER}
    eve = await opened.talk.desk.memory.users.find(EVE)
    assert eve is not None and await opened.talk.desk.memory.users.places(eve.id) == []
    assert (await opened.glance(join, EVE)).words == "You are an approver of this desk already."
    assert "answered already" in plain(await opened.press("Approver"))


async def test_a_stranger_whom_nobody_else_sees_asking_is_always_answered(opened: Room) -> None:
    assert (await opened.glance("/status", EVE, discreet=True)).personal
    for _ in range(2):
        said = await opened.say("/status", EVE, discreet=True)
        assert "Write /desk join here" in plain(said) and said[0].personal
    assert not (await opened.glance("/desk join", EVE, discreet=True)).personal
    asked = await opened.say("/desk join", EVE, discreet=True)
    assert "Eve asks to join" in plain(asked) and not asked[0].personal
    again = await opened.say("/desk join", EVE, discreet=True)
    assert "You have asked already" in plain(again) and again[0].personal
    elsewhere = await opened.talk.say(
        "/status", EVE, discreet=True, private=False, chat="elsewhere"
    )
    assert "send it to me in our private chat" in plain(elsewhere) and elsewhere[0].personal


async def test_only_the_owner_chooses_a_role(room: Room) -> None:
    await room.press("Join", EVE)
    button = room.talk.button("Trader")
    for who, why in ((BOB, "only its owner"), (DAN, "only its owner"), (EVE, "no role")):
        assert why in (await room.glance(button, who)).words
        assert await room.tap(button, who) == []
    assert "Eve" not in await room.roles()
    await room.press("No")
    assert "Eve" not in await room.roles()
    assert "Eve asks" in plain(await room.say("/desk join", EVE))  # may ask once more


async def test_who_writes_join_is_asked_for_too(room: Room) -> None:
    assert "Eve asks to join" in plain(await room.say("/desk join", EVE))
    again = await room.say("/desk join", BOB)
    assert "You are a trader of this desk already." in plain(again) and again[0].personal


async def test_the_owner_adds_by_name_who_asked(room: Room) -> None:
    assert "tap Join here" in plain(await room.say("/desk add @Eve approver"))
    await room.press("Join", EVE)
    assert "Eve is a viewer" in plain(await room.say("/desk add @eve viewer"))
    assert (await room.roles())["Eve"] is Role.VIEWER


async def test_forged_choices_make_nobody_a_member(room: Room) -> None:
    before = await room.roles()
    for data in ("desk_seat:999:1", "desk_seat:1:3", "desk_seat:1:9", "desk_rule:0:1"):
        await room.talk.tap_data(data, ADA, **IN_GROUP)
    assert await room.roles() == before
    assert (await room.group()).rule == Rule(1, 1)
    for data in ("desk_seat:1:1", "desk_rule:2:1", "desk_join:0:0"):  # where there is no desk
        await room.talk.tap_data(data, ADA, private=False, chat="elsewhere")


# --- roles and the rule -------------------------------------------------------------------------


async def test_the_rule_is_changed_in_words_or_with_a_tap(room: Room) -> None:
    said = plain(await room.say("/desk rule 2 of 3 approve, any 1 veto"))
    assert "2 of 3 approve, any 1 veto" in said
    assert (await room.group()).rule == Rule(2, 1)
    assert "can't read" in plain(await room.say("/desk rule whoever"))
    assert "2 of 3 approve" in plain(await room.say("/desk rule"))
    await room.say("/desk")
    shown = await room.press("3 of 3")
    assert "3 of 3 approve" in plain(shown) and shown[0].edits
    assert "Only 3 people may vote" in plain(await room.say("/desk rule any 4"))


async def test_roles_are_changed_by_name(room: Room) -> None:
    assert "Cid: trader now" in plain(await room.say("/desk role cid trader"))
    assert "Dan: approver now" in plain(await room.say("/desk role @Da approver"))
    assert (await room.roles())["Cid"] is Role.TRADER
    assert "Nobody here is called 'Zoe'" in plain(await room.say("/desk role Zoe trader"))
    assert "Say who and what" in plain(await room.say("/desk role Cid king"))
    assert "Say who" in plain(await room.say("/desk remove"))
    assert "needs an owner" in plain(await room.say("/desk role Ada viewer"))
    await room.say("/desk role Bob owner")
    assert "Ada: viewer now" in plain(await room.say("/desk role Ada viewer"))
    assert await room.roles() == {
        "Ada": Role.VIEWER,
        "Bob": Role.OWNER,
        "Cid": Role.TRADER,
        "Dan": Role.APPROVER,
    }


async def test_people_go(room: Room) -> None:
    assert "needs an owner" in plain(await room.say("/desk leave"))
    assert "Bob has left" in plain(await room.say("/desk leave", BOB))
    assert "Cid has no role" in plain(await room.say("/desk remove Cid"))
    assert await room.roles() == {"Ada": Role.OWNER, "Dan": Role.VIEWER}
    again = await room.say("/desk leave", BOB)
    assert "no role" in plain(again) and again[0].personal
    assert (await room.audited()).count("role ended") == 2


@pytest.mark.parametrize("words", ["rule 1", "role Ada viewer", "remove Ada", "close", "link"])
@pytest.mark.parametrize("who", [BOB, CID, DAN])
async def test_only_the_owner_leads(room: Room, who: Identity, words: str) -> None:
    before = await room.roles()
    said = await room.say(f"/desk {words}", who)
    assert "only its owner" in plain(said) and said[0].personal
    assert await room.roles() == before


async def test_what_is_not_understood_is_said(room: Room) -> None:
    assert "I know no /desk dance" in plain(await room.say("/desk dance"))
    elsewhere = await room.talk.say("/desk rule 2", private=False, chat="other")
    assert "no desk here yet" in plain(elsewhere)


# --- whose account ------------------------------------------------------------------------------


async def test_what_is_done_here_is_the_desks(room: Room) -> None:
    sentence = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R"
    await room.say(f"/new {sentence}", BOB)
    memory, group = room.talk.desk.memory, await room.group()
    (strategy,) = await memory.strategies.of(group.account_id)
    assert strategy.state is StrategyState.DRAFT
    await room.press("Activate", BOB)
    assert (await memory.strategies.get(group.account_id, strategy.id)).state == "active"
    bob = await memory.users.find(BOB)
    assert bob is not None and await memory.strategies.of(bob.id) == []
    assert "#1" in plain(await room.say("/strategies", DAN))
    did = [row for row in await memory.audit.recent(group.account_id, 50) if row["what"] == "did"]
    assert [row["facts"]["said"][:9] for row in did[:2]] == [
        f"activate:{strategy.id}"[:9],
        "/new Buy ",
    ]
    assert {row["actor"] for row in did[:2]} == {f"user:{bob.id}"}


async def test_a_sentence_to_the_bot_drafts_for_the_desk(room: Room) -> None:
    sentence = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R"
    said = await room.say(sentence, CID)
    assert "its owner and traders do that" in plain(said) and said[0].personal
    await room.say(sentence, BOB)
    assert len(await room.talk.desk.memory.strategies.of((await room.group()).account_id)) == 1


@pytest.mark.parametrize(
    ("who", "role"),
    [(ADA, Role.OWNER), (BOB, Role.TRADER), (CID, Role.APPROVER), (DAN, Role.VIEWER), (EVE, None)],
)
async def test_each_command_wants_its_right(room: Room, who: Identity, role: Role | None) -> None:
    for row in COMMANDS:
        right = rights.OF_COMMANDS.get(row.name)
        if right is None or row.operator_only:
            continue
        said = await room.say(f"/{row.name}", who)
        stopped = [one for one in said if "nothing was changed" in one.words.plain()]
        if role is not None:
            assert bool(stopped) == (not role.may(right)), row.name
        assert all(one.personal for one in stopped)


@pytest.mark.parametrize("who", [BOB, CID, DAN, EVE])
async def test_each_button_wants_its_right(room: Room, who: Identity) -> None:
    role = (await room.roles()).get(who.account.title())
    group = await room.group()
    for row in PRESSES:
        right = rights.OF_BUTTONS.get(row.verb)
        if right is None or row.verb in rights.ANSWERS:
            continue
        if role is not None and role.may(right):
            continue
        button = Button("🔘 x", row.verb, 1, 1)
        assert (await room.glance(button, who)).words, row.verb
        assert await room.tap(button, who) == [], row.verb
    assert await room.group() == group


async def test_every_right_is_of_something_that_there_is() -> None:
    assert rights.OF_COMMANDS.keys() <= {row.name for row in COMMANDS}
    assert rights.OF_ACTS.keys() <= ACTS.keys()
    assert rights.OF_BUTTONS.keys() <= {row.verb for row in PRESSES} | {"yes"}


async def test_what_is_personal_stays_private_at_a_desk(room: Room) -> None:
    assert plain(await room.say("/link")) == texts.PRIVATE_ONLY
    mine = await room.say("/link", discreet=True)
    assert mine and all(one.personal for one in mine)
    assert (await room.glance("/link", BOB, discreet=True)).personal
    assert not (await room.glance("/status", BOB, discreet=True)).personal
    shown = await room.say("/balance", BOB, discreet=True)
    assert not any(one.personal for one in shown)


async def test_a_key_that_a_group_has_seen_is_not_stored(room: Room) -> None:
    said = await room.say("/settings key sk-1234567890", message_id="m7")
    assert "nothing was stored" in plain(said) and said[0].removes == "m7"
    shown = await room.say("/settings")
    assert "none of your own" in plain(shown)


# --- votes --------------------------------------------------------------------------------------


async def test_two_approve_and_the_card_shows_who(room: Room) -> None:
    await room.say("/desk rule 2 of 3")
    proposal = await room.proposal()
    approve, veto = room.talk.button("Approve"), room.talk.button("Veto")
    assert "No vote yet · 2 approvals needed" in plain(room.talk.shown[-1:])
    assert await room.tap(approve, CID) == []
    (card,) = await room.talk.told()
    assert "🗳 ✅ Cid · 1 more approval needed" in plain([card])
    assert card.edits and "✅ Approve" in [one.label for one in buttons(card)]
    assert await room.tap(approve, CID) == []
    assert (await room.now(proposal)).state is S.PENDING
    assert await room.tap(approve, BOB) == []
    card = (await room.talk.told())[-1]
    assert "by Bob" in plain([card]) and plain([card]).endswith("🗳 ✅ Cid, Bob")
    assert (await room.now(proposal)).state is S.ORDERED
    assert "Nothing was changed. ✅ Approved by Bob" in (await room.glance(veto, ADA)).words
    assert await room.tap(veto, ADA) == []
    assert len(room.talk.world.orders) == 1


async def test_a_veto_asks_for_its_reason(room: Room) -> None:
    await room.say("/desk rule 2 of 3")
    proposal = await room.proposal()
    await room.press("Approve", ADA)
    asked = await room.press("Veto", CID)
    assert "What was wrong" in plain(asked)
    reason = room.talk.button("Too risky")
    assert await room.tap(reason, DAN) == []
    await room.tap(reason, BOB)
    now = await room.now(proposal)
    assert (now.state, now.veto_reason) == (S.VETOED, "too risky")


@pytest.mark.parametrize("who", [DAN, EVE])
@pytest.mark.parametrize("label", ["Approve", "Veto", "Half size", "Tighter stop", "Next candle"])
async def test_a_tap_without_the_right_is_told_to_who_taps(
    room: Room, who: Identity, label: str
) -> None:
    proposal = await room.proposal()
    button, told = room.talk.button(label), len(room.talk.world.memory.told)
    words = (await room.glance(button, who)).words
    assert "nothing was changed" in words and len(words) <= 200
    assert await room.tap(button, who) == []
    assert await room.tap(button, who, late=600) == []
    assert await room.now(proposal) == proposal
    assert len(room.talk.world.memory.told) == told


async def test_leaving_the_group_ends_the_right(room: Room) -> None:
    await room.say("/desk rule 2 of 3")
    proposal = await room.proposal()
    approve = room.talk.button("Approve")
    room.talk.people.known[GROUP, CID] = GONE
    assert (await room.glance(approve, CID)).words == seats.LEFT
    assert "Cid" in await room.roles()  # a glance changes nothing
    assert await room.tap(approve, CID) == []
    assert "Cid" not in await room.roles() and "role ended" in await room.audited()
    assert await room.talk.desk.memory.desks.votes(proposal.id, 1) == []
    assert (await room.glance(approve, CID)).words == seats.NO_ROLE


async def test_the_vote_of_who_left_since_does_not_count(room: Room) -> None:
    await room.say("/desk rule 2 of 3")
    proposal = await room.proposal()
    await room.press("Approve", CID)
    room.talk.people.known[GROUP, CID] = GONE
    await room.press("Approve", BOB)
    assert (await room.now(proposal)).state is S.PENDING
    assert "🗳 ✅ Bob · 1 more approval needed" in plain((await room.talk.told())[-1:])
    await room.press("Approve", ADA)
    assert (await room.now(proposal)).state is S.ORDERED


@pytest.mark.parametrize("fault", [DeliveryDelayed(), DeliveryRefused()])
async def test_what_can_not_be_asked_is_believed_as_stored(room: Room, fault: Exception) -> None:
    proposal = await room.proposal()
    room.talk.people.faults[GROUP] = fault
    assert (await room.glance(room.talk.button("Approve"), CID)).words == ""
    await room.press("Approve", CID)
    assert (await room.now(proposal)).state is S.ORDERED


async def test_an_edit_voids_the_votes(room: Room) -> None:
    await room.say("/desk rule 2 of 3")
    proposal = await room.proposal()
    await room.press("Approve", ADA)
    await room.press("Half size", CID)
    card = (await room.talk.told())[-1]
    assert "No vote yet · 2 approvals needed" in plain([card])
    assert (await room.now(proposal)).version == 2
    stale = Button("✅ Approve", "approve", proposal.id, 1)
    assert "older version" in (await room.glance(stale, BOB)).words
    assert await room.tap(stale, BOB) == []
    room.talk.world.clock.wait(1000)
    assert "expired" in (await room.glance(room.talk.button("Approve"), BOB)).words


async def test_a_late_vote_asks_again(room: Room) -> None:
    proposal = await room.proposal()
    asked = await room.press("Approve", BOB, late=300)
    assert "Shall I do it now?" in plain(asked)
    again = room.talk.button("Yes, approve")
    assert await room.tap(again, DAN) == []
    await room.tap(again, BOB)
    assert (await room.now(proposal)).state is S.ORDERED


# --- questions in a group -----------------------------------------------------------------------


async def test_a_question_is_answered_by_whom_it_was_put_to(room: Room) -> None:
    await room.proposal()
    await room.press("Approve", ADA)
    await room.talk.world.tick("60000")
    await room.say("/close BTC", BOB)
    yes = room.talk.button("Yes")
    await room.say("/panic", ADA)  # a question of her own, which has another number
    assert (await room.glance(yes, ADA)).words == gate.NOT_ASKED
    assert await room.tap(yes, ADA) == []
    assert [one.state for one in room.talk.world.positions] == ["open"]
    await room.tap(yes, BOB)
    await room.talk.world.tick("60000")
    assert [one.state for one in room.talk.world.positions] == ["closed"]
    assert (await room.talk.desk.memory.strategies.active()) != []  # no panic


async def test_who_lost_the_right_meanwhile_says_yes_in_vain(room: Room) -> None:
    await room.proposal()
    await room.press("Approve", ADA)
    await room.talk.world.tick("60000")
    await room.say("/close BTC", BOB)
    yes = room.talk.button("Yes")
    await room.say("/desk role Bob viewer")
    assert await room.tap(yes, BOB) == []
    assert [one.state for one in room.talk.world.positions] == ["open"]


# --- groups that are no desk --------------------------------------------------------------------


async def test_elsewhere_what_is_personal_is_answered_so_where_it_can_be(
    talk: Conversation,
) -> None:
    await talk.strategy()
    assert plain(await talk.say("/balance", **IN_GROUP)) == texts.PRIVATE_ONLY
    said = await talk.say("/balance", discreet=True, **IN_GROUP)
    assert texts.PRIVATE_ONLY not in plain(said) and all(one.personal for one in said)
    shown = await talk.say("/strategies", discreet=True, **IN_GROUP)
    assert all(one.personal for one in shown)
    opened = await talk.press("#1", discreet=True, **IN_GROUP)
    assert opened and all(one.personal for one in opened)
    assert not any(one.personal for one in await talk.say("/help", discreet=True, **IN_GROUP))
    unknown = await talk.say("/nothing", discreet=True, **IN_GROUP)
    assert all(one.personal for one in unknown)
    room = Room(talk)
    assert (await room.glance("/balance", ADA, discreet=True)).personal
    assert not (await room.glance("/help", ADA, discreet=True)).personal
    assert await room.glance("/balance", ADA, private=True) == Glance()


async def test_a_question_in_a_group_is_personal_too(talk: Conversation) -> None:
    await talk.position()
    there: dict[str, Any] = {**IN_GROUP, "discreet": True}
    asked = await talk.say("/close BTC", **there)
    assert all(one.personal for one in asked)
    done = await talk.press("Yes", **there)
    assert done and all(one.personal for one in done)


# --- two places ---------------------------------------------------------------------------------


async def test_one_desk_in_two_places(room: Room) -> None:
    memory, talk = room.talk.desk.memory, room.talk
    other, there = Place("second", "channel"), Identity("second", "ada2")
    ada = await talk.user()
    await memory.links.add(ada.id, there)
    await memory.links.add((await talk.user(CID)).id, Identity("second", "cid2"))
    offered = await room.say("/desk link")
    assert offered[0].personal
    code = plain(offered).split("/desk link ")[1].split()[0]
    in_other: dict[str, Any] = {"private": False, "chat": "channel"}
    eve = Identity("second", "eve")
    await talk.stranger_in("eve")
    await memory.links.add((await talk.user(EVE)).id, eve)
    assert "Only the owner" in plain(await talk.say(f"/desk link {code}", eve, **in_other))
    assert "not known" in plain(await talk.say("/desk link AAAA", there, **in_other))
    said = plain(await talk.say(f"/desk link {code.lower()}", there, **in_other))
    assert "stands here too" in said
    assert await memory.desks.at(other) == await room.group()
    assert await memory.users.places((await room.group()).account_id) == [GROUP, other]
    assert "a desk here already" in plain(await talk.say(f"/desk link {code}", there, **in_other))
    assert "stand in 2 places" in plain(await room.say("/desk"))
    await room.say("/desk rule 2 of 3")
    proposal = await room.proposal()
    approve = talk.button("Approve")
    await room.tap(approve, CID)
    await talk.tap(approve, Identity("second", "cid2"), **in_other)  # the same person
    assert (await room.now(proposal)).state is S.PENDING
    await talk.tap(approve, there, **in_other)
    assert (await room.now(proposal)).state is S.ORDERED


async def test_who_left_one_of_two_groups_keeps_the_role(room: Room) -> None:
    memory = room.talk.desk.memory
    other = Place("second", "channel")
    await memory.users.add_place((await room.group()).account_id, other)
    await memory.links.add((await room.talk.user(CID)).id, Identity("second", "cid2"))
    proposal = await room.proposal()
    room.talk.people.known[GROUP, CID] = GONE
    await room.press("Approve", CID)
    assert (await room.now(proposal)).state is S.ORDERED


async def test_an_old_code_is_no_code(room: Room) -> None:
    code = plain(await room.say("/desk link")).split("/desk link ")[1].split()[0]
    room.talk.world.clock.wait(16 * 60)
    said = await room.talk.say(f"/desk link {code}", private=False, chat="other")
    assert "older than 15 minutes" in plain(said)


# --- the end ------------------------------------------------------------------------------------


async def test_a_desk_ends_when_nothing_is_open(room: Room) -> None:
    group = await room.group()
    proposal = await room.proposal()
    assert "1 proposal waits" in plain(await room.say("/desk close"))
    await room.press("Veto", ADA)
    assert "1 strategy is active" in plain(await room.say("/desk close"))
    await room.say("/pause all")
    assert "End the desk" in plain(await room.say("/desk close"))
    yes = room.talk.button("Yes")
    assert await room.tap(yes, BOB) == []
    assert "is closed" in plain(await room.tap(yes, ADA))
    memory = room.talk.desk.memory
    assert await memory.desks.at(GROUP) is None
    assert (await memory.proposals.by_id(proposal.id)).state is S.VETOED
    assert "no desk here yet" in plain(await room.say("/desk rule 2"))
    await room.say("/desk")
    assert (await room.group()).id != group.id
