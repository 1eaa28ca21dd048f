"""The one line, decided once for each strategy, symbol and candle, whatever happens."""

import asyncio
from datetime import timedelta

import pytest

from agents.decision import reasons
from agents.domain.decision import Action
from agents.domain.market import MarketState
from agents.domain.order import OrderPurpose
from agents.domain.position import PositionState
from agents.domain.proposal import ProposalState
from agents.domain.strategy import RunKind, Sides, StrategyState, Window
from storage.database import open_database
from tests.support.desk import levels
from tests.support.line import BTC, ETH, Line, line
from tests.support.memory import Killed


async def test_a_rule_that_passes_becomes_a_card() -> None:
    desk = await line()
    strategy = await desk.strategy()
    await desk.next(60_500)
    decision = await desk.last(strategy)
    assert (decision.action, decision.reason) == (Action.ENTER_LONG, "close > 60100")
    (card,) = desk.world.proposals
    assert (card.decision_id, card.reasons, card.advised_by) == (
        decision.id,
        ("close > 60100",),
        "rules",
    )
    assert card.plan.entry == 60_500


async def test_a_quiet_candle_is_a_decision_with_the_nearest_condition() -> None:
    desk = await line()
    strategy = await desk.strategy(entry_long="close > 10 and close > 60100 and volume > 1000")
    await desk.next(60_050.126)
    decision = await desk.last(strategy)
    assert decision.action is Action.HOLD
    assert decision.reason == "close 60050.1, waits for > 60100"
    assert desk.world.proposals == []


async def test_the_data_points_are_stored_with_the_candle() -> None:
    desk = await line()
    await desk.strategy(entry_long="close > 60100 and sma(5) > 1 and sma(100) > 1")
    await desk.next(60_050)
    seen = await desk.memory.decisions.snapshot(BTC, "5m", desk.closed)
    assert seen is not None
    assert seen.values["close"] == 60_050
    assert seen.values["sma(5)"] == pytest.approx(60_010)
    assert seen.values["sma(100)"] is None


# --- once ---------------------------------------------------------------------------------------


async def test_a_candle_is_decided_once_by_one_cycle_and_by_a_second_process() -> None:
    desk = await line()
    strategy = await desk.strategy()
    await desk.next(60_500)
    await desk.decide()
    await desk.decide(desk.another())
    assert await desk.actions(strategy) == [Action.ENTER_LONG]
    assert len(desk.world.proposals) == 1
    assert [one.action for one in desk.told] == [Action.ENTER_LONG]


async def test_two_cycles_at_the_same_time_decide_once() -> None:
    desk = await line()
    found = [await desk.strategy(entry_long=f"close > {60_000 + n * 100}") for n in range(6)]
    desk.close(60_250)
    await asyncio.gather(*(desk.decide(desk.another()) for _ in range(4)))
    assert [await desk.actions(one) for one in found] == [[Action.ENTER_LONG]] * 3 + [
        [Action.HOLD]
    ] * 3
    assert len(desk.world.proposals) == 3


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_with_tables"))
    return str(request.getfixturevalue("sqlite_with_tables"))


async def test_two_connections_to_one_database_decide_once(url: str) -> None:
    memory = await open_database(url)
    second = await open_database(url)
    try:
        desk = await line(memory=memory)
        found = [await desk.strategy(entry_long=f"close > {60_000 + n * 100}") for n in range(6)]
        desk.close(60_250)
        await asyncio.gather(desk.decide(), desk.decide(desk.another(second)))
        assert [await desk.actions(one) for one in found] == [[Action.ENTER_LONG]] * 3 + [
            [Action.HOLD]
        ] * 3
        waiting = await second.proposals.in_state(ProposalState.PENDING)
        assert len(waiting) == 3
        assert len({one.decision_id for one in waiting}) == 3
    finally:
        await second.close()
        await memory.close()


async def test_a_kill_between_decision_and_card_leaves_neither_and_the_next_start_makes_both() -> (
    None
):
    desk = await line()
    strategy = await desk.strategy()
    desk.close(60_500)
    desk.world.dies_at_next = "proposal.storing"
    with pytest.raises(Killed):
        await desk.decide()
    assert desk.world.memory.rows("decisions") == []
    await desk.world.kill()
    await desk.world.start()
    desk.memory = desk.world.memory
    await desk.decide(desk.another())
    assert await desk.actions(strategy) == [Action.ENTER_LONG]
    assert len(desk.world.proposals) == 1


# --- what stands against a decision -----------------------------------------------------------


async def test_a_scheduled_strategy_is_set_off_by_its_own_candles_alone() -> None:
    desk = await line()
    strategy = await desk.strategy()
    due = desk.closed + timedelta(minutes=10)
    when = f"at {due:%H:%M}"
    strategies = desk.memory.strategies
    await strategies.set_schedule(strategy.owner_id, strategy.id, when, waits_flat=False)
    await strategies.set_run(strategy.owner_id, strategy.id, RunKind.SCHEDULED.value)
    await desk.next(60_500)
    assert (await desk.last(strategy)).reason == reasons.NOT_SCHEDULED
    await desk.next(60_500)
    assert desk.closed == due
    assert (await desk.last(strategy)).action is Action.ENTER_LONG


async def test_bad_data_blocks_with_its_sentence() -> None:
    desk = await line()
    strategy = await desk.strategy()
    desk.world.clock.move_to(desk.timeframe.next_close(desk.world.clock.now()))
    await desk.decide()
    decision = await desk.last(strategy)
    assert decision.action is Action.BLOCKED
    assert decision.reason == (
        "BTC/USDT 5m: the candle of 2026-03-02 12:05 UTC has not come; the newest is that of"
        " 2026-03-02 12:00 UTC."
    )


async def test_what_one_rule_lacks_does_not_stop_the_others() -> None:
    """4h candles have not come; nobody but the one that needs them waits for them."""
    desk = await line()
    needy = await desk.strategy(entry_long="close > 60100 and ema(9)@4h > 1")
    other = await desk.strategy()
    await desk.next(60_500)
    assert (await desk.last(needy)).action is Action.BLOCKED
    assert "4h" in (await desk.last(needy)).reason
    assert (await desk.last(other)).action is Action.ENTER_LONG


async def test_a_rule_that_can_not_be_read_any_more_stops_only_its_own_strategy() -> None:
    desk = await line()
    broken = await desk.strategy(entry_long="rsi(14) <")
    other = await desk.strategy()
    await desk.next(60_500)
    assert (await desk.last(broken)).action is Action.BLOCKED
    assert (await desk.last(other)).action is Action.ENTER_LONG


async def test_a_market_out_of_reach_blocks_and_the_next_candle_is_decided() -> None:
    desk = await line()
    strategy = await desk.strategy()
    desk.world.market.reachable = False
    await desk.next(60_500)
    decision = await desk.last(strategy)
    assert decision.action is Action.BLOCKED
    assert "can't be reached" in decision.reason
    desk.world.market.reachable = True
    await desk.next(60_500)
    assert await desk.actions(strategy) == [Action.BLOCKED, Action.ENTER_LONG]


async def test_nothing_is_decided_on_a_market_that_has_ended() -> None:
    desk = await line()
    strategy = await desk.strategy()
    desk.world.market.state = MarketState.ENDED
    await desk.next(60_500)
    assert await desk.decisions(strategy) == []


async def test_outside_its_hours_a_strategy_holds_though_its_rules_pass() -> None:
    desk = await line()
    window = Window(from_="20:00", to="21:00")
    strategy = await desk.strategy(windows=(window,), entry_long="close > 60100 or close > 90000")
    await desk.next(60_500)
    decision = await desk.last(strategy)
    assert decision.action is Action.HOLD
    assert decision.reason == "the rules pass outside the strategy's hours"


async def test_both_sides_at_once_are_neither() -> None:
    desk = await line()
    strategy = await desk.strategy(side=Sides.BOTH, entry_short="close > 60200")
    await desk.next(60_500)
    decision = await desk.last(strategy)
    assert decision.action is Action.HOLD
    assert decision.reason == "the long and the short rule pass at once"


async def test_each_symbol_is_decided_and_the_second_sees_the_trade_of_the_first() -> None:
    desk = await line()
    strategy = await desk.strategy(symbols=(BTC, ETH), max_positions=1)
    await desk.next(60_500, eth=60_400)
    by_symbol = {one.symbol: one for one in await desk.decisions(strategy)}
    actions = sorted(one.action for one in by_symbol.values())
    assert actions == [Action.ENTER_LONG, Action.HOLD]
    assert len(desk.world.proposals) == 1


async def test_a_candle_before_the_activation_is_not_decided() -> None:
    desk = await line()
    desk.close(60_500)
    desk.world.clock.advance(1)
    strategy = await desk.strategy()
    await desk.decide()
    assert await desk.decisions(strategy) == []
    await desk.next(60_500)
    assert await desk.actions(strategy) == [Action.ENTER_LONG]


async def test_a_fault_while_one_is_judged_is_stored_and_the_others_go_on() -> None:
    """The card of the first can't be written; the second has nothing to do with it."""
    desk = await line()
    first, second = await desk.strategy(), await desk.strategy()
    real = desk.world.desk.proposer
    desk.cycle._proposer = _Faulty(real, first.id)  # type: ignore[assignment]
    await desk.next(60_500)
    assert (await desk.last(first)).reason == reasons.BROKE
    assert await desk.actions(first) == [Action.BLOCKED]
    assert await desk.actions(second) == [Action.ENTER_LONG]


class _Faulty:
    """A proposer with a fault about one strategy."""

    def __init__(self, real, strategy_id: int) -> None:
        self._real = real
        self._strategy_id = strategy_id

    async def consider(self, strategy, *rest):
        if strategy.id == self._strategy_id:
            raise ZeroDivisionError
        return await self._real.consider(strategy, *rest)

    async def store(self, *rest):
        return await self._real.store(*rest)


async def test_a_trade_that_came_first_turns_the_signal_into_a_hold() -> None:
    desk = await line()
    strategy = await desk.strategy()
    desk.cycle._proposer = _Overtaken(desk.world.desk.proposer)  # type: ignore[assignment]
    await desk.next(60_500)
    decision = await desk.last(strategy)
    assert (decision.action, decision.reason) == (Action.HOLD, reasons.OVERTAKEN)
    assert desk.world.proposals == []


class _Overtaken(_Faulty):
    """Somebody else stores a card between the look and the commit."""

    def __init__(self, real) -> None:
        super().__init__(real, 0)

    async def store(self, *rest):
        return None


# --- getting out ------------------------------------------------------------------------------


async def held(desk: Line, **changes):
    """A strategy with an exit rule and an open position from 60,000."""
    told = {"exit_long": "close < 59900", "entry_long": "close < 59950", **changes}
    strategy = await desk.strategy(**told)
    return strategy, await desk.world.opened(strategy, levels(stop="55000", targets=()))


async def test_an_exit_rule_closes_and_nothing_is_entered_on_that_candle() -> None:
    desk = await line()
    strategy, position = await held(desk)
    await desk.next(59_800)
    decision = await desk.last(strategy)
    assert (decision.action, decision.reason) == (
        Action.EXIT,
        "the exit rule passes: close < 59900",
    )
    await desk.world.tick("59800")
    closed = await desk.memory.positions.by_id(position.id)
    assert closed.state is PositionState.CLOSED
    assert len([one for one in desk.world.orders if one.purpose is OrderPurpose.RULE_EXIT]) == 1
    assert len(desk.world.proposals) == 1


async def test_every_position_of_the_strategy_is_closed_by_its_exit_rule() -> None:
    desk = await line()
    strategy, _ = await held(desk, max_positions=2)
    desk.world.clock.advance(300)
    desk.close()
    await desk.world.opened(strategy, levels(stop="55000", targets=()))
    await desk.next(59_800)
    closing = [one for one in desk.world.orders if one.purpose is OrderPurpose.RULE_EXIT]
    assert len({one.position_id for one in closing}) == 2


async def test_a_paused_strategy_still_leaves_by_its_rule_and_enters_no_more() -> None:
    desk = await line()
    strategy, position = await held(desk)
    await desk.world.desk.hands.pause(strategy.owner_id, strategy.id)
    before = len(await desk.decisions(strategy))
    await desk.next(59_940)
    assert len(await desk.decisions(strategy)) == before
    await desk.next(59_800)
    assert (await desk.last(strategy)).action is Action.EXIT
    await desk.world.tick("59800")
    assert (await desk.memory.positions.by_id(position.id)).state is PositionState.CLOSED
    paused = await desk.memory.strategies.get(strategy.owner_id, strategy.id)
    assert paused.state is StrategyState.PAUSED


async def test_a_kill_while_an_exit_is_stored_neither_loses_nor_doubles_it() -> None:
    for point in ("exit.storing", "exit.stored", "order.sending"):
        desk = await line()
        strategy, position = await held(desk)
        desk.close(59_800)
        await desk.dies(point)
        await desk.decide()
        await desk.world.tick("59800")
        exits = [one for one in desk.world.orders if one.purpose is OrderPurpose.RULE_EXIT]
        assert len(exits) == 1, point
        assert (await desk.memory.positions.by_id(position.id)).state is PositionState.CLOSED
        assert (await desk.actions(strategy)).count(Action.EXIT) == 1


# --- after downtime -----------------------------------------------------------------------------


async def test_after_downtime_the_last_candle_is_decided_and_older_ones_are_missed() -> None:
    desk = await line()
    strategy = await desk.strategy()
    await desk.next()
    for _ in range(3):
        desk.close()
    desk.close(60_500)
    await desk.decide(desk.another())
    assert await desk.actions(strategy) == [
        Action.HOLD,
        *[Action.MISSED] * 3,
        Action.ENTER_LONG,
    ]
    missed = (await desk.decisions(strategy))[1]
    assert missed.reason == "it closed while Parley was not running"
    await desk.decide(desk.another())
    assert len(await desk.decisions(strategy)) == 5


async def test_candles_that_closed_during_long_work_say_so() -> None:
    desk = await line()
    strategy = await desk.strategy()
    await desk.next()
    desk.close()
    await desk.next()
    assert (await desk.decisions(strategy))[1].reason == (
        "it closed while Parley was busy with an earlier one"
    )


async def test_a_clock_that_jumps_back_decides_nothing_twice() -> None:
    desk = await line()
    strategy = await desk.strategy()
    await desk.next()
    await desk.next()
    await desk.cycle.run(desk.timeframe, desk.closed - timedelta(minutes=5))
    await desk.next(60_500)
    assert await desk.actions(strategy) == [Action.HOLD, Action.HOLD, Action.ENTER_LONG]
