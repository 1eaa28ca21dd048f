"""/limits drawdown anew: asked with its numbers, after the delay, and taken back until then."""

from decimal import Decimal

from agents.domain.errors import LimitBreach
from agents.domain.position import Account
from agents.domain.strategy import Mode, Strategy, StrategyState
from agents.execution.bounds.pausing import pause_after
from tests.handlers.test_desks import BOB, Room
from tests.support.conversation import Conversation, plain
from tests.support.memory import InMemory

D = Decimal
DAY = 86_400


async def lossy(talk: Conversation, mode: Mode = Mode.PAPER, lost: str = "2500") -> Strategy:
    """A strategy whose account of 10,000 lost that much."""
    strategy = await talk.world.strategy((await talk.user()).id, mode=mode)
    memory, now = talk.desk.memory, talk.desk.clock.now()
    account = await memory.accounts.open(strategy.owner_id, strategy.id, mode, D(10_000), now)
    await memory.accounts.book(account.id, -D(lost))
    return strategy


async def account_of(talk: Conversation, strategy: Strategy) -> Account:
    every = await talk.desk.memory.accounts.of(strategy.owner_id)
    return next(one for one in every if one.strategy_id == strategy.id)


async def peak(talk: Conversation, strategy: Strategy) -> Decimal:
    return (await account_of(talk, strategy)).peak


async def later(talk: Conversation, seconds: float = DAY) -> str:
    """What is told after a while."""
    talk.world.clock.wait(seconds)
    await talk.desk.bounding.book.tell_due()
    return plain(await talk.told())


async def test_one_account_is_measured_anew_after_the_delay(talk: Conversation) -> None:
    strategy, other = await lossy(talk), await lossy(talk)
    said = plain(await talk.say("/limits drawdown anew 1"))
    assert "Measure the drawdown anew?" in said and "#1 Dips" in said
    assert "Peak from 10,000.00 to the balance, 7,500.00 now: the 25% lost" in said
    assert await talk.desk.bounding.book.peaks.waiting(strategy.owner_id) == {}
    said = plain(await talk.press("Yes"))
    assert "is measured anew from" in said and "1 day from now" in said
    assert "/limits keep drawdown" in said
    assert "one strategy's account is measured anew" in plain(await talk.say("/limits"))
    assert "measured anew" not in await later(talk, DAY - 1)
    assert await peak(talk, strategy) == 10_000
    await talk.desk.memory.accounts.book((await account_of(talk, strategy)).id, D(-100))
    told = await later(talk, 1)
    assert "Peak: 7,400.00, before that 10,000.00" in told and "/resume" in told
    assert await peak(talk, strategy) == 7_400
    assert await peak(talk, other) == 10_000
    assert await later(talk) == ""
    assert "measured anew" not in plain(await talk.say("/limits"))
    trail = await talk.desk.memory.audit.recent(strategy.owner_id, 5)
    assert [(one["actor"], one["what"]) for one in trail[:2]] == [
        ("delay", "peak set anew"),
        (f"user:{strategy.owner_id}", "peak to be set anew"),
    ]


async def test_real_money_is_measured_anew_together(talk: Conversation) -> None:
    first, second = await lossy(talk, Mode.LIVE), await lossy(talk, Mode.LIVE, "500")
    paper = await lossy(talk)
    said = plain(await talk.say("/limits drawdown anew"))
    assert "all your accounts together" in said
    assert "Peak from 20,000.00 to the balance, 17,000.00 now" in said
    await talk.press("Yes")
    assert "Peak: 17,000.00, before that 20,000.00" in await later(talk)
    peaks = [await peak(talk, one) for one in (first, second, paper)]
    assert peaks == [7_500, 9_500, 10_000]
    assert "already" in plain(await talk.say(f"/limits drawdown anew {first.number}"))


async def test_it_can_be_taken_back(talk: Conversation) -> None:
    strategy = await lossy(talk)
    await talk.say("/limits drawdown anew 1")
    await talk.press("Yes")
    assert "measured as before" in plain(await talk.say("/limits keep drawdown"))
    assert await later(talk) == ""
    assert await peak(talk, strategy) == 10_000
    assert "Nothing waits there" in plain(await talk.say("/limits keep drawdown"))


async def test_no_changes_nothing(talk: Conversation) -> None:
    strategy = await lossy(talk)
    await talk.say("/limits drawdown anew 1")
    await talk.press("No")
    assert await later(talk) == ""
    assert await peak(talk, strategy) == 10_000


async def test_a_restart_forgets_nothing(talk: Conversation) -> None:
    strategy = await lossy(talk)
    await talk.say("/limits drawdown anew 1")
    await talk.press("Yes")
    memory = InMemory(talk.world.database)
    book = type(talk.desk.bounding.book)(memory, talk.world.clock, talk.world.limits)
    talk.world.clock.wait(DAY)
    await book.tell_due()
    await book.tell_due()
    assert await peak(talk, strategy) == 7_500


async def test_what_can_not_be_meant_is_said(talk: Conversation) -> None:
    strategy = await lossy(talk)
    assert "Say for which strategy" in plain(await talk.say("/limits drawdown anew"))
    assert "no strategy '7'" in plain(await talk.say("/limits drawdown anew 7"))
    fresh = await talk.world.strategy(strategy.owner_id)
    said = plain(await talk.say(f"/limits drawdown anew {fresh.number}"))
    assert "has no account yet" in said
    assert "Drawdown needs" in plain(await talk.say("/limits drawdown again"))


async def test_only_the_owner_of_a_desk_may(talk: Conversation) -> None:
    room = Room(talk)
    await talk.say("/start")
    await room.say("/desk")
    await room.let_in(BOB, "Trader")
    memory, now = talk.desk.memory, talk.desk.clock.now()
    strategy = await talk.world.strategy((await room.group()).account_id)
    account = await memory.accounts.open(
        strategy.owner_id, strategy.id, strategy.mode, D(10_000), now
    )
    await memory.accounts.book(account.id, D(-1_000))
    assert "only its owner" in plain(await room.say("/limits drawdown anew 1", BOB))
    assert "Measure the drawdown anew?" in plain(await room.say("/limits drawdown anew 1"))
    yes = talk.button("Yes")
    await room.tap(yes, BOB)
    assert await talk.desk.bounding.book.peaks.waiting(strategy.owner_id) == {}
    assert "is measured anew from" in plain(await room.tap(yes))


async def test_the_pause_names_the_way_out(talk: Conversation) -> None:
    memory, clock = talk.desk.memory, talk.desk.clock
    breach = LimitBreach("drawdown", "the account is 25 % below its peak")
    for mode, command in ((Mode.PAPER, "anew 1"), (Mode.LIVE, "anew")):
        strategy = await lossy(talk, mode)
        assert await pause_after(memory, clock, strategy, breach)
        after = await memory.strategies.get(strategy.owner_id, strategy.id)
        assert after.state is StrategyState.PAUSED
        assert after.pause_reason.endswith(f"/limits drawdown {command}")
