"""/halt: operators stop everybody, everybody is told, and it lasts until it is lifted."""

from agents.domain.strategy import StrategyState
from agents.execution.proposals.proposing import Declined
from tests.support.conversation import Conversation, plain


async def test_a_halt_stops_everybody_and_tells_them(talk: Conversation) -> None:
    bob = await talk.stranger_in("bob")
    strategy = await talk.world.strategy((await talk.user(bob)).id)
    await talk.proposal()
    answer = plain(await talk.say("/halt maintenance at noon"))
    assert "All new trades are stopped, for everybody" in answer
    notices = [one for one in talk.world.memory.told if one.kind == "halt"]
    assert {one.owner_id for one in notices} == {strategy.owner_id, (await talk.user()).id}
    assert "The reason: maintenance at noon." in plain(await talk.told())
    tapped = plain(await talk.press("Approve"))
    assert "the operator has stopped all new trades: maintenance at noon" in tapped.lower()
    await talk.start()
    assert isinstance(await talk.world.try_to_propose(strategy), Declined)
    assert "⛔ The operator has stopped all new trades" in plain(await talk.say("/limits"))
    assert not talk.world.orders


async def test_it_is_lifted_and_told(talk: Conversation) -> None:
    await talk.strategy()
    assert "Nothing was stopped" in plain(await talk.say("/halt off"))
    await talk.say("/halt")
    assert "stopped since 12:00" in plain(await talk.say("/halt"))
    await talk.told()
    assert "Trades go on" in plain(await talk.say("/halt off"))
    assert "lets trades go on" in plain(await talk.told())
    assert await talk.desk.bounding.halts.present() is None
    audited = await talk.desk.memory.audit.recent(1, 5)
    assert [one["facts"]["on"] for one in audited if one["what"] == "halt"] == [False, True]


async def test_flatten_asks_and_closes_what_everybody_has_open(talk: Conversation) -> None:
    bob = await talk.stranger_in("bob")
    other = await talk.world.strategy((await talk.user(bob)).id)
    await talk.world.opened(other)
    mine = await talk.position()
    asked = plain(await talk.say("/halt flatten"))
    assert "2 accounts have open positions" in asked
    assert {one.state for one in talk.world.positions} == {"open"}
    assert "Closing everything of 2 accounts" in plain(await talk.press("Yes, close everything"))
    await talk.world.tick("60000")
    await talk.desk.panic.go_on()
    assert {one.state for one in talk.world.positions} == {"closed"}
    paused = await talk.desk.memory.strategies.get(mine.owner_id, mine.strategy_id)
    assert paused.state is StrategyState.PAUSED
    assert "Nobody has open positions" in plain(await talk.say("/halt flatten"))


async def test_only_operators_halt(talk: Conversation) -> None:
    bob = await talk.stranger_in("bob")
    assert "There is no /halt" in plain(await talk.say("/halt", bob))
    assert await talk.desk.bounding.halts.present() is None


async def test_a_late_word_lets_nothing_go_on_unasked(talk: Conversation) -> None:
    await talk.say("/halt")
    asked = plain(await talk.say("/halt off", late=600))
    assert "You wrote /halt off 10 minutes ago" in asked
    assert await talk.desk.bounding.halts.present() is not None
    await talk.press("Yes")
    assert await talk.desk.bounding.halts.present() is None
