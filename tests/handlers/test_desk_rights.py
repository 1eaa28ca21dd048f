"""What nobody may reach through a group: another account, another's right, or their own account
where others look on."""

import re

import pytest

from agents.domain.autonomy import MANUAL, Autonomy, AutonomyKind
from agents.domain.desks import Role, Rule
from agents.domain.quiet import PREFERENCE
from agents.domain.user import Identity, Membership, Place, Standing
from agents.linking import GUEST
from handlers import doors
from handlers.chat import Button
from handlers.commands import PRESSES
from tests.handlers.test_desks import BOB, CID, DAN, EVE, GONE, GROUP, IN_GROUP, Room, S
from tests.support.conversation import ADA, Conversation, plain

ELSEWHERE = Identity("elsewhere", "bob-2")
CODE = re.compile(r"link ([A-Z2-9]{10})")


@pytest.fixture
async def room(talk: Conversation) -> Room:
    """Ada owns the desk, Bob trades, Cid approves, Dan looks."""
    await talk.say("/start")
    made = Room(talk)
    await made.say("/desk")
    for who, role in ((BOB, "Trader"), (CID, "Approver"), (DAN, "Viewer")):
        await made.let_in(who, role)
    return made


async def closed(room: Room) -> None:
    """The desk is no more, its messages stay in the group."""
    await room.say("/desk close")
    await room.press("Yes")
    assert await room.talk.desk.memory.desks.at(GROUP) is None


# --- a desk that is no more ---------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["status", "proposals", "trades", "daily", "strategies"])
async def test_old_buttons_of_a_closed_desk_show_nobodys_own_account(room: Room, verb: str) -> None:
    await room.talk.strategy()  # of Ada's own
    await room.talk.strategy()
    await closed(room)
    button = Button("▶️ More", verb, 0, 1)
    assert await room.tap(button) == []
    assert "no desk here" in (await room.glance(button, ADA)).words


@pytest.mark.parametrize("verb", ["quiet_set", "digest_set", "notice", "zone", "example"])
async def test_old_buttons_of_a_closed_desk_change_nobodys_own_account(
    room: Room, verb: str
) -> None:
    await closed(room)
    before = await room.talk.user()
    assert await room.tap(Button("🔘 x", verb, 1, 1)) == []
    ada = await room.talk.user()
    assert ada == before
    assert await room.talk.desk.memory.strategies.of(ada.id) == []


async def test_a_yes_of_a_closed_desk_is_none_about_the_own_account(room: Room) -> None:
    mine = await room.talk.strategy()
    asked = await room.say("/panic", BOB)
    assert "Yes" in str([button.label for row in asked[-1].rows for button in row])
    yes = room.talk.button("Yes")
    await closed(room)
    bob = await room.talk.user(BOB)
    await room.talk.desk.memory.preferences.write(
        bob.id, GUEST, False, room.talk.world.clock.wall()
    )
    own = await room.talk.world.strategy(bob.id)
    assert "over" in plain(await room.tap(yes, BOB, discreet=True)).lower()
    memory = room.talk.desk.memory
    assert (await memory.strategies.get(bob.id, own.id)).state == "active"
    assert (await memory.strategies.get(mine.owner_id, mine.id)).state == "active"


# --- linking ------------------------------------------------------------------------------------


async def test_an_account_that_is_joined_in_a_group_is_not_told_there(talk: Conversation) -> None:
    """Where a group's platform lets a person be answered alone, /link works there too."""
    ada = await talk.user()
    bob = await talk.stranger_in("bob")
    found = CODE.search(plain(await talk.say("/link")))
    assert found
    await talk.say(f"/link {found[1]}", bob, discreet=True, **IN_GROUP)
    await talk.press("Yes", bob, discreet=True, **IN_GROUP)
    assert await talk.desk.memory.users.find(bob) == ada
    assert GROUP not in await talk.desk.memory.users.places(ada.id)


async def test_who_left_the_group_does_not_take_the_desk_elsewhere(room: Room) -> None:
    found = CODE.search(plain(await room.say("/desk link")))
    assert found
    room.talk.people.known[GROUP, ADA] = GONE
    said = await room.talk.say(f"/desk link {found[1]}", private=False, chat="other")
    assert "stands here too" not in plain(said)
    group = await room.group()
    assert await room.talk.desk.memory.users.places(group.account_id) == [GROUP]


async def test_a_code_of_a_desk_is_its_owners(room: Room) -> None:
    found = CODE.search(plain(await room.say("/desk link")))
    assert found
    for who in (BOB, EVE):
        said = plain(await room.talk.say(f"/desk link {found[1]}", who, private=False, chat="o"))
        assert "stands here too" not in said


# --- operators ----------------------------------------------------------------------------------


async def test_who_is_no_operator_any_more_is_none_in_a_group_either(talk: Conversation) -> None:
    bob = await talk.stranger_in("bob")
    who = await talk.desk.memory.users.find(bob)
    assert who is not None
    await talk.desk.memory.users.join(
        bob, "Bob", Place("chatter", "home-bob"), operator=True, at=talk.world.clock.wall()
    )
    said = await talk.say("/invite", bob, discreet=True, **IN_GROUP)
    assert "An invitation" not in plain(said)


# --- autonomy over the rule ---------------------------------------------------------------------


async def test_a_trader_alone_does_not_do_away_with_the_votes(room: Room) -> None:
    """Where several must approve, only the owner lets a strategy trade without asking them."""
    group = await room.group()
    strategy = await room.talk.world.strategy(group.account_id)
    await room.say("/desk rule 2 of 3")
    said = await room.say(f"/autonomy {strategy.number} autopilot", BOB)
    assert "only its owner" in plain(said)
    await room.talk.tap_data(f"let:{strategy.id}:3", BOB, **IN_GROUP)
    await room.talk.tap_data(f"let:{strategy.id}:2", BOB, **IN_GROUP)
    memory = room.talk.desk.memory
    assert (await memory.strategies.get(group.account_id, strategy.id)).autonomy == MANUAL
    await room.say(f"/autonomy {strategy.number} autopilot")
    await room.press("Yes")
    assert (await memory.strategies.get(group.account_id, strategy.id)).autonomy != MANUAL
    await room.say(f"/autonomy {strategy.number} manual", BOB)  # back to the votes anybody may
    assert (await memory.strategies.get(group.account_id, strategy.id)).autonomy == MANUAL


# --- what only looks like a right ---------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["close all", "pause all", "pause 1", "resume 1", "panic", "close BTC", "yes"]
)
@pytest.mark.parametrize("who", [CID, DAN, EVE])
async def test_plain_words_are_no_way_around_a_role(room: Room, words: str, who: Identity) -> None:
    group = await room.group()
    strategy = await room.talk.world.strategy(group.account_id)
    proposal = await room.talk.world.propose(strategy)
    await room.say(words, who)
    await room.say(f"/start {words}", who)
    memory = room.talk.desk.memory
    assert (await memory.strategies.get(group.account_id, strategy.id)).state == "active"
    assert (await room.now(proposal)).state is S.PENDING


async def test_cards_of_one_desk_answer_nothing_elsewhere(room: Room) -> None:
    proposal = await room.proposal()
    for more in ({"private": True}, {"private": False, "chat": "other"}):
        for verb in ("approve", "veto", "halve", "tighten", "next_candle", "veto_other"):
            await room.talk.tap_data(f"{verb}:{proposal.id}:1", ADA, **more)
    await room.say("/desk rule 1")
    await room.talk.say("/desk", private=False, chat="second")
    for verb in ("approve", "late_approve", "veto", "details", "proposal"):
        said = plain(
            await room.talk.tap_data(f"{verb}:{proposal.id}:1", ADA, private=False, chat="second")
        )
        assert "60,000" not in said
    assert await room.now(proposal) == proposal


@pytest.mark.parametrize("who", [DAN, EVE])
async def test_a_late_question_is_answered_by_who_may(room: Room, who: Identity) -> None:
    proposal = await room.proposal()
    asked = await room.tap(Button("✅ Approve", "approve", proposal.id, 1), CID, late=3600)
    assert "late_approve" in {button.verb for row in asked[-1].rows for button in row}
    await room.talk.tap_data(f"late_approve:{proposal.id}:1", who, **IN_GROUP)
    assert (await room.now(proposal)).state is S.PENDING


async def test_a_veto_is_never_the_last_approval(room: Room) -> None:
    """Fewer approvals are needed now than there are: whoever vetoes then must not buy."""
    await room.say("/desk rule 3 of 3 approve, any 2 veto")
    proposal = await room.proposal()
    await room.tap(Button("✅ Approve", "approve", proposal.id, 1), ADA)
    await room.say("/desk rule 1 of 3 approve, any 2 veto")
    said = await room.tap(Button("❌ Veto", "veto", proposal.id, 1), BOB)
    assert "Vetoed" not in plain(said)
    assert (await room.now(proposal)).state is S.PENDING
    await room.tap(Button("❌ Veto", "veto", proposal.id, 1), CID)
    assert (await room.now(proposal)).state is S.VETOED


async def test_the_rule_that_counts_is_the_one_of_now(room: Room) -> None:
    assert (await room.group()).rule == Rule(1, 1)
    assert (await room.roles())["Ada"] is Role.OWNER
    here = Standing("Swing", "group", True, Membership.MEMBER, True)
    room.talk.people.known[GROUP, BOB] = here
    await room.say("/desk rule 2 of 3")
    proposal = await room.proposal()
    await room.tap(Button("✅ Approve", "approve", proposal.id, 1), BOB)
    await room.say("/desk role Bob viewer")
    await room.tap(Button("✅ Approve", "approve", proposal.id, 1), CID)
    assert (await room.now(proposal)).state is S.PENDING
    await room.tap(Button("✅ Approve", "approve", proposal.id, 1), ADA)
    assert (await room.now(proposal)).state is not S.PENDING


async def test_vetoes_that_are_enough_after_a_change_end_it(room: Room) -> None:
    """Else what counts down would run against a veto that its card shows as enough."""
    await room.say("/desk rule 2 of 3 approve, any 2 veto")
    proposal = await room.proposal()
    await room.tap(Button("❌ Veto", "veto", proposal.id, 1), CID)
    assert (await room.now(proposal)).state is S.PENDING
    await room.say("/desk rule 2 of 3 approve, any 1 veto")
    now = await room.now(proposal)
    cid = await room.talk.user(CID)
    assert (now.state, now.resolved_by) == (S.VETOED, cid.id)


async def test_approvals_that_are_enough_after_a_change_wait_for_a_tap(room: Room) -> None:
    await room.say("/desk rule 3 of 3")
    proposal = await room.proposal()
    await room.tap(Button("✅ Approve", "approve", proposal.id, 1), CID)
    await room.say("/desk rule 1 of 3")
    assert (await room.now(proposal)).state is S.PENDING
    await room.tap(Button("✅ Approve", "approve", proposal.id, 1), CID)
    assert (await room.now(proposal)).state is not S.PENDING


async def test_who_speaks_as_the_group_itself_gets_no_role(room: Room) -> None:
    """All anonymous administrators of a group are one sender: a role would be everybody's."""
    nobody = Identity("chatter", GROUP.chat)
    said = await room.say("/desk join", nobody)
    assert "as yourself" in plain(said)
    assert "Waiting for a role" not in plain(await room.say("/desk"))


@pytest.mark.parametrize("discreet", [True, False])
async def test_what_everybody_may_ask_says_nothing_of_the_own_account(
    room: Room, discreet: bool
) -> None:
    """Ada holds ETH of her own, and publishes in a channel of her own."""
    talk = room.talk
    ada, wall = await talk.user(), talk.world.clock.wall()
    await talk.world.strategy(ada.id, symbols=("ETH/USDT",), timeframe="1h")
    await talk.desk.memory.channels.open(Place("chatter", "-9"), "My VIPs", ada.id, 0, wall)
    for words in ("/chart", "/chart BTC", "/record", "/record verify", "/publish"):
        said = plain(await room.say(words, discreet=discreet))
        assert not any(own in said for own in ("ETH", "1h", "VIPs")), (words, said)
        said = plain(await talk.say(words, private=False, chat="plain", discreet=discreet))
        assert not any(own in said for own in ("ETH", "1h", "VIPs")), (words, said)


@pytest.mark.parametrize("words", ["/pause 1", "pause 1", "/panic", "/settings zone Berlin"])
async def test_who_left_does_nothing_in_words_either(room: Room, words: str) -> None:
    """In some groups one can write without being in them."""
    await room.say("/desk role Bob owner")
    group = await room.group()
    strategy = await room.talk.world.strategy(group.account_id)
    room.talk.people.known[GROUP, BOB] = GONE
    await room.say(words, BOB)
    if words == "/panic":
        assert room.talk.shown[-1].rows == ()
    memory = room.talk.desk.memory
    assert (await memory.strategies.get(group.account_id, strategy.id)).state == "active"
    assert (await memory.users.get(group.account_id)).zone == "UTC"
    assert "Bob" not in await room.roles()


async def test_a_closed_desk_reads_no_signals_any_more(room: Room) -> None:
    memory = room.talk.desk.memory
    await room.say("/listen", BOB)
    assert await memory.heard.listeners(GROUP)
    await room.say("/pause all")
    await closed(room)
    assert await memory.heard.listeners(GROUP) == []


async def test_buttons_in_a_group_without_a_desk_do_nothing(talk: Conversation) -> None:
    """On a platform that can't answer so that others don't see it."""
    mine = await talk.strategy()
    proposal = await talk.world.propose(mine)
    before = await talk.user()
    for row in PRESSES:
        for number, version in ((mine.id, 1), (proposal.id, 1), (0, 0)):
            said = await talk.tap_data(f"{row.verb}:{number}:{version}", ADA, **IN_GROUP)
            assert said == [] or "no desk" in plain(said), row.verb
    memory = talk.desk.memory
    assert await talk.user() == before
    assert await memory.strategies.get(mine.owner_id, mine.id) == mine
    assert await memory.proposals.by_id(proposal.id) == proposal


@pytest.mark.parametrize("words", ["/pause all", "pause all", "/desk rule 1", "/desk leave"])
async def test_words_of_others_that_are_forwarded_into_the_group_command_nothing(
    room: Room, words: str
) -> None:
    group = await room.group()
    await room.say("/desk rule 2 of 3")
    strategy = await room.talk.world.strategy(group.account_id)
    assert await room.say(words, forwarded="Mallory") == []
    assert await room.say(words, BOB, forwarded="Mallory") == []
    memory = room.talk.desk.memory
    assert (await memory.strategies.get(group.account_id, strategy.id)).state == "active"
    assert (await room.group()).rule == Rule(2, 1)
    assert "Bob" in await room.roles()


@pytest.mark.parametrize("words", ["rule 2 of 3", "role Dan owner", "remove Bob", "link", "close"])
async def test_an_owner_who_left_leads_no_more(room: Room, words: str) -> None:
    await room.say("/desk role Bob owner")
    before, rule = await room.roles(), (await room.group()).rule
    room.talk.people.known[GROUP, ADA] = GONE
    said = await room.say(f"/desk {words}")
    assert "not in this group any more" in plain(said) and said[0].personal
    assert await room.roles() == before and (await room.group()).rule == rule


@pytest.mark.parametrize("late", [0, 3600])
async def test_a_yes_needs_the_right_that_its_question_needed(room: Room, late: float) -> None:
    """Ada asked as an owner, and is a trader when she says Yes."""
    group = await room.group()
    await room.say("/desk role Bob owner")
    await room.say("/quiet 22:00-07:00 autopilot", late=late)
    yes = room.talk.button("Yes")
    await room.say("/desk role Ada trader", BOB)
    said = await room.tap(yes)
    assert "only its owner" in plain(said)
    read = room.talk.desk.memory.preferences.read
    assert await read(group.account_id, PREFERENCE) is None


async def test_a_role_lets_nobody_in_to_more_than_the_desk(room: Room) -> None:
    """Eve gets a role from the desk's owner, and no account of her own by that."""
    await room.let_in(EVE, "Viewer")
    assert "no strategies yet" in plain(await room.say("/strategies", EVE))
    for said in ("/new Buy BTC when rsi(14) < 30, stop 1%", "/balance", "buy btc", "/invite"):
        assert plain(await room.talk.say(said, EVE)) == doors.ONLY_A_GUEST
    assert plain(await room.say("/balance", EVE, discreet=True)) != ""
    assert plain(await room.say("/hooks", EVE, discreet=True)) == doors.ONLY_A_GUEST
    eve = await room.talk.desk.memory.users.find(EVE)
    assert eve is not None
    assert await room.talk.desk.memory.strategies.of(eve.id) == []
    assert await room.talk.desk.memory.users.places(eve.id) == []


async def test_an_invitation_makes_a_guest_a_user(room: Room) -> None:
    await room.let_in(EVE, "Viewer")
    code = re.search(r"[A-Z2-9]{10}", plain(await room.talk.say("/invite")))
    assert code
    assert "Welcome, Eve" in plain(await room.talk.say(f"/start {code[0]}", EVE))
    assert "no strategies" in plain(await room.talk.say("/strategies", EVE)).lower()
    assert (await room.roles())["Eve"] is Role.VIEWER


async def test_a_guest_who_links_an_account_is_no_guest_there(room: Room) -> None:
    await room.let_in(EVE, "Viewer")
    code = re.search(r"/link ([A-Z2-9]{10})", plain(await room.talk.say("/link")))
    assert code
    assert "Linked with Ada" in plain(await room.talk.say(f"/link {code[1]}", EVE))
    assert "An invitation" in plain(await room.talk.say("/invite", EVE))


async def test_a_desk_whose_owner_left_the_group_goes_to_its_trader(room: Room) -> None:
    room.talk.people.known[room.place, ADA] = GONE
    assert "not in this group" in plain(await room.say("/panic"))
    assert await room.roles() == {"Bob": Role.OWNER, "Cid": Role.APPROVER, "Dan": Role.VIEWER}
    assert "👑 Bob owns this desk now, since Ada" in plain(await room.talk.told())
    assert "Rule: 2 of 2" in plain(await room.say("/desk rule 2 of 2", BOB))


async def test_one_alone_does_not_end_what_two_vetoes_end(room: Room) -> None:
    await room.say("/desk rule 1 of 3 approve, any 2 veto")
    proposal = await room.proposal()
    said = plain(await room.press("Next candle", CID))
    assert "2 vetoes end a proposal" in said
    assert (await room.now(proposal)).state is S.PENDING


async def test_the_desk_says_what_runs_without_votes(room: Room) -> None:
    group = await room.group()
    strategy = await room.talk.world.strategy(group.account_id)
    autopilot = Autonomy(AutonomyKind.AUTOPILOT)
    await room.talk.desk.memory.strategies.set_autonomy(group.account_id, strategy.id, autopilot)
    assert "🤖 Without votes: #1" in plain(await room.say("/desk"))


async def test_a_second_place_is_taken_off_again(room: Room) -> None:
    assert "its only place" in plain(await room.say("/desk unlink"))
    group, other = await room.group(), Place("chatter", "other")
    await room.talk.desk.memory.users.add_place(group.account_id, other)
    assert "only its owner" in plain(await room.say("/desk unlink", BOB, chat="other"))
    assert "stands here no more" in plain(await room.say("/desk unlink", chat="other"))
    assert await room.talk.desk.memory.users.places(group.account_id) == [room.place]
