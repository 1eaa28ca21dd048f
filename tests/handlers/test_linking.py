"""One person on several platforms: one account, one set of strategies, one outcome."""

import re
from dataclasses import replace

from agents.domain.position import PositionState
from agents.domain.strategy import Mode, Strategy, StrategyState
from agents.domain.user import Identity, Place
from agents.execution.bounds.peaks import LIVE
from agents.linking import Linking, LinkState
from tests.support.conversation import ADA, Conversation, plain
from tests.support.live import live_world
from tests.support.stored import a_position, a_strategy, connection_of

ELSEWHERE = Identity("elsewhere", "ada-2")
CODE = re.compile(r"/link ([A-Z2-9]{10})")


async def code_of(talk: Conversation, who: Identity = ADA) -> str:
    found = CODE.search(plain(await talk.say("/link", who)))
    assert found
    return found[1]


async def test_a_code_brings_another_platform_to_the_account(talk: Conversation) -> None:
    ada = await talk.user()
    said = plain(await talk.say(f"/link {await code_of(talk)}", ELSEWHERE))
    assert "Linked with Ada" in said
    assert await talk.desk.memory.users.find(ELSEWHERE) == ada
    places = await talk.desk.memory.users.places(ada.id)
    assert places == [Place("chatter", "home-ada"), Place("elsewhere", "home-ada-2")]
    assert "Chatter, Elsewhere" in plain(await talk.say("/link", ELSEWHERE))


async def test_the_person_stays_an_operator_on_every_platform(talk: Conversation) -> None:
    await talk.say(f"/link {await code_of(talk)}", ELSEWHERE)
    assert "An invitation" in plain(await talk.say("/invite", ELSEWHERE))
    assert "An invitation" in plain(await talk.say("/invite"))
    assert (await talk.user(ELSEWHERE)).operator


async def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    code = await code_of(talk)
    await talk.say(f"/link {code}", ELSEWHERE)
    assert "not known, was used" in plain(await talk.say(f"/link {code}", bob))
    late = await code_of(talk)
    talk.world.clock.wait(16 * 60)
    assert "older than 15 minutes" in plain(await talk.say(f"/link {late}", bob))
    assert await talk.user(bob) != await talk.user()


async def test_a_stranger_with_a_wrong_code_stays_a_stranger(talk: Conversation) -> None:
    await talk.user()
    assert "private trading desk" in plain(await talk.say("/link ABCDEFGH23", ELSEWHERE))
    assert await talk.desk.memory.users.find(ELSEWHERE) is None


async def test_two_accounts_become_one_after_a_yes(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    first = await talk.strategy()
    mine = await talk.world.strategy((await talk.user(bob)).id)
    await talk.desk.memory.strategies.move(
        mine.owner_id, mine.id, StrategyState.PAUSED, talk.world.clock.now()
    )
    assert "Join your two accounts?" in plain(await talk.say(f"/link {await code_of(talk)}", bob))
    assert "one strategy" in plain(talk.shown[-1:])
    assert "One strategy came along" in plain(await talk.press("Yes", bob))
    ada = await talk.user()
    assert await talk.user(bob) == ada
    numbers = {one.id: one.number for one in await talk.desk.memory.strategies.of(ada.id)}
    assert numbers == {first.id: 1, mine.id: 2}


async def test_no_leaves_both_as_they_were(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    await talk.say(f"/link {await code_of(talk)}", bob)
    await talk.press("No", bob)
    assert await talk.user(bob) != await talk.user()


async def test_an_account_with_open_business_does_not_move(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    await talk.world.strategy((await talk.user(bob)).id)
    said = plain(await talk.say(f"/link {await code_of(talk)}", bob))
    assert "1 strategy is active" in said and "write /link here" in said
    assert await talk.user(bob) != await talk.user()


async def test_business_that_opened_after_the_question_is_seen(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    await talk.say(f"/link {await code_of(talk)}", bob)
    await talk.world.strategy((await talk.user(bob)).id)
    assert "Not yet" in plain(await talk.press("Yes", bob))
    assert await talk.user(bob) != await talk.user()


async def test_ones_own_code_is_for_the_other_platform(talk: Conversation) -> None:
    assert "on the other platform" in plain(await talk.say(f"/link {await code_of(talk)}"))


async def test_a_platform_can_be_taken_off(talk: Conversation) -> None:
    await talk.say(f"/link {await code_of(talk)}", ELSEWHERE)
    assert "no longer linked" in plain(await talk.say("/unlink elsewhere"))
    ada = await talk.user()
    assert await talk.desk.memory.users.places(ada.id) == [Place("chatter", "home-ada")]
    assert await talk.desk.memory.users.find(ELSEWHERE) is None
    assert "the only way" in plain(await talk.say("/unlink chatter"))
    assert "nothing to take off" in plain(await talk.say("/unlink moon"))
    await talk.say(f"/link {await code_of(talk)}", ELSEWHERE)
    assert "Say which to take off: /unlink elsewhere." in plain(await talk.say("/unlink moon"))


async def test_a_proposal_stands_in_every_linked_place(talk: Conversation) -> None:
    await talk.say(f"/link {await code_of(talk)}", ELSEWHERE)
    proposal = await talk.proposal()
    said = await talk.tap_data(f"veto:{proposal.id}:{proposal.version}", ELSEWHERE)
    assert "Vetoed" in plain(said)
    again = plain(await talk.tap_data(f"approve:{proposal.id}:{proposal.version}"))
    assert "has its outcome" in again


async def _connect(talk: Conversation, who: Identity) -> None:
    await talk.desk.memory.connections.connect(connection_of((await talk.user(who)).id))


async def test_two_connected_exchanges_stay_two_accounts(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    for who in (ADA, bob):
        await _connect(talk, who)
    before = await talk.desk.memory.connections.all()
    said = plain(await talk.say(f"/link {await code_of(talk)}", bob))
    assert "Nothing was joined" in said and "/disconnect in one of them first" in said
    assert await talk.user(bob) != await talk.user()
    assert await talk.desk.memory.connections.all() == before


async def test_an_exchange_that_was_connected_after_the_question_is_seen(
    talk: Conversation,
) -> None:
    bob = await talk.stranger_in()
    await _connect(talk, ADA)
    await talk.say(f"/link {await code_of(talk)}", bob)
    await _connect(talk, bob)
    before = await talk.desk.memory.connections.all()
    assert "Nothing was joined" in plain(await talk.press("Yes", bob))
    assert await talk.user(bob) != await talk.user()
    assert await talk.desk.memory.connections.all() == before


async def test_real_trades_are_never_put_under_another_key(talk: Conversation) -> None:
    """Ada's key is gone while her trade is open; Bob's must not be used for it."""
    bob = await talk.stranger_in()
    await _connect(talk, bob)
    memory, ada = talk.desk.memory, await talk.user()
    strategy = await a_strategy(memory, ada.id)
    position = await a_position(memory, strategy, mode=Mode.LIVE)
    said = plain(await talk.say(f"/link {await code_of(talk)}", bob))
    assert "still has open trades with real money" in said and "Nothing was joined" in said
    ended = replace(position, state=PositionState.CLOSED, closed_at=talk.world.clock.now())
    assert await memory.positions.save(ended)
    assert "Join your two accounts?" in plain(await talk.say(f"/link {await code_of(talk)}", bob))
    await talk.press("Yes", bob)
    found = await memory.connections.of(ada.id)
    assert await talk.user(bob) == await talk.user() and found is not None


async def test_the_account_that_stays_is_held_to_the_limits_of_both(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    await talk.say("/limits trades 5", bob)
    await talk.say("/limits daily loss 2", bob)
    await talk.say("/limits daily loss 1")
    await talk.say(f"/link {await code_of(talk)}", bob)
    await talk.press("Yes", bob)
    found = await talk.desk.bounding.book.of((await talk.user()).id)
    assert found.trades_a_day == 5 and found.daily_loss_percent == 1


# --- real money -----------------------------------------------------------------------------------


async def _live(talk: Conversation, who: Identity, *, paused: bool = True) -> Strategy:
    """A strategy with 5,000 of real money."""
    owner, memory, now = (await talk.user(who)).id, talk.desk.memory, talk.world.clock.now()
    strategy = await talk.world.strategy(owner, mode=Mode.LIVE, start="5000")
    if paused:
        await memory.strategies.move(owner, strategy.id, StrategyState.PAUSED, now)
    return strategy


async def _link(talk: Conversation, joining: Identity) -> str:
    await talk.say(f"/link {await code_of(talk)}", joining)
    return plain(await talk.press("Yes", joining))


async def _now(talk: Conversation, strategy: Strategy) -> tuple[Mode, StrategyState]:
    found = await talk.desk.memory.strategies.get((await talk.user()).id, strategy.id)
    return found.mode, found.state


async def test_real_money_of_an_account_without_a_key_is_not_the_other_ones(
    talk: Conversation,
) -> None:
    bob = await talk.stranger_in()
    await _connect(talk, ADA)
    mine, theirs = await _live(talk, ADA, paused=False), await _live(talk, bob)
    said = await _link(talk, bob)
    assert "Dips is on paper now, for its real money was in an exchange account" in said
    assert await _now(talk, theirs) == (Mode.PAPER, StrategyState.PAUSED)
    assert await _now(talk, mine) == (Mode.LIVE, StrategyState.ACTIVE)
    trail = await talk.desk.memory.audit.recent((await talk.user()).id, 20)
    [moved] = [one["facts"] for one in trail if one["what"] == "mode"]
    assert (moved["strategy_id"], moved["to"]) == (theirs.id, "paper")


async def test_nor_is_that_of_the_account_that_stays_without_one(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    await _connect(talk, bob)
    mine, theirs = await _live(talk, ADA, paused=False), await _live(talk, bob)
    assert "on paper now" in await _link(talk, bob)
    assert await _now(talk, mine) == (Mode.PAPER, StrategyState.PAUSED)
    assert await _now(talk, theirs) == (Mode.LIVE, StrategyState.PAUSED)


async def test_who_has_no_key_to_be_given_keeps_everything(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    mine = await _live(talk, ADA)
    assert "on paper now" not in await _link(talk, bob)
    assert await _now(talk, mine) == (Mode.LIVE, StrategyState.PAUSED)


async def test_a_drawdown_to_be_measured_anew_does_not_come_along(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    peaks, theirs = talk.desk.bounding.book.peaks, (await talk.user(bob)).id
    await peaks.ask(theirs, "user:2", LIVE)
    await _link(talk, bob)
    assert await peaks.waiting((await talk.user()).id) == {}


async def test_what_is_known_of_both_is_read_anew() -> None:
    world = await live_world()
    ada, bob = await world.user("Ada"), await world.user("Bob")
    await world.connect(bob)
    funds = world.truth.funds
    assert funds.free(bob) is not None and funds.free(ada) is None
    world.exchange.accounts[ada] = world.exchange.account(bob)  # it goes with the key
    heard: list[int] = []

    def changed(owner_id: int) -> None:
        heard.append(owner_id)
        world.truth.reconciliation.soon(owner_id)

    linking = Linking(world.memory, world.clock, changed)
    new = Identity("discord", "7")
    assert (await linking.take(await linking.offer(ada), new, None)).state is LinkState.LINKED
    assert heard == []
    taken = await linking.take(await linking.offer(ada), Identity("telegram", "Bob"), None)
    assert taken.state is LinkState.LINKED and heard == [bob, ada]
    await world.truth.reconciliation.idle()
    assert funds.free(bob) is None and funds.free(ada) is not None
