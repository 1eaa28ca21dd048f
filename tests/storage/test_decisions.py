"""Decisions: one for each strategy, symbol and candle, with the inputs they were made from."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agents.domain.decision import Action, Snapshot
from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.user import User
from tests.support.stored import CANDLE, NOON, a_decision, a_strategy, decision_of

STEP = timedelta(minutes=5)


async def test_a_candle_is_decided_once(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    first = decision_of(strategy, model_call_id=None, reason="rsi(14) 41.2, waits for < 35")
    (stored,) = await memory.decisions.store((), [first])
    assert stored == replace(first, id=stored.id)
    assert stored.id > 0
    other = decision_of(strategy, symbol="ETH/USDT", action=Action.HOLD)
    again = await memory.decisions.store((), [replace(first, reason="changed its mind"), other])
    assert [(item.symbol, item.action) for item in again] == [("ETH/USDT", Action.HOLD)]
    assert await memory.decisions.get(ann.id, stored.id) == stored


async def test_twins_in_one_call_are_stored_once(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    first = decision_of(strategy, reason="first")
    stored = await memory.decisions.store((), [first, replace(first, reason="second")])
    assert [item.reason for item in stored] == ["first"]
    assert await memory.decisions.recent(ann.id, strategy.id, 9) == stored


async def test_the_answer_keeps_the_order_asked_in(memory: Memory, ann: User) -> None:
    strategies = [await a_strategy(memory, ann.id) for _ in range(3)]
    asked = [decision_of(item, symbol=s) for s in ("SOL/USDT", "BTC/USDT") for item in strategies]
    asked.reverse()
    stored = await memory.decisions.store((), asked)
    assert [replace(item, id=0) for item in stored] == asked
    for item in stored:
        assert await memory.decisions.get(ann.id, item.id) == item


async def test_more_than_one_slice(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    asked = [decision_of(strategy, closed=CANDLE + n * STEP) for n in range(1201)]
    stored = await memory.decisions.store((), asked)
    assert len({item.id for item in stored}) == 1201
    assert await memory.decisions.store((), asked) == []


async def test_nothing_to_store(memory: Memory) -> None:
    assert list(await memory.decisions.store((), ())) == []


async def test_decided_names_the_strategies(memory: Memory, ann: User) -> None:
    one, two, three = [await a_strategy(memory, ann.id) for _ in range(3)]
    await a_decision(memory, one)
    await a_decision(memory, two, symbol="ETH/USDT")
    ids = [one.id, two.id, three.id]
    assert set(await memory.decisions.decided(ids, "BTC/USDT", CANDLE)) == {one.id}
    assert set(await memory.decisions.decided([two.id], "BTC/USDT", CANDLE)) == set()
    assert set(await memory.decisions.decided(ids, "BTC/USDT", CANDLE + STEP)) == set()
    assert set(await memory.decisions.decided([], "BTC/USDT", CANDLE)) == set()


async def test_last_closed_by_strategy_and_symbol(memory: Memory, ann: User) -> None:
    one, two, silent = [await a_strategy(memory, ann.id) for _ in range(3)]
    for number in (3, 1, 2):
        await a_decision(memory, one, closed=CANDLE + number * STEP)
    await a_decision(memory, one, symbol="ETH/USDT")
    await a_decision(memory, two, symbol="SOL/USDT")
    newest = await memory.decisions.last_closed([one.id, two.id, silent.id])
    assert newest == {
        (one.id, "BTC/USDT"): CANDLE + 3 * STEP,
        (one.id, "ETH/USDT"): CANDLE,
        (two.id, "SOL/USDT"): CANDLE,
    }
    assert await memory.decisions.last_closed([two.id]) == {(two.id, "SOL/USDT"): CANDLE}
    assert await memory.decisions.last_closed([]) == {}


async def test_recent_is_newest_first(memory: Memory, ann: User, bob: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    stored = [
        await a_decision(memory, strategy, closed=CANDLE + n * STEP, action=action)
        for n, action in enumerate((Action.ENTER_LONG, Action.HOLD, Action.BLOCKED, Action.HOLD))
    ]
    recent = memory.decisions.recent
    assert await recent(ann.id, strategy.id, 3) == stored[:0:-1]
    assert await recent(ann.id, strategy.id, 9, not_hold=True) == [stored[2], stored[0]]
    assert await recent(ann.id, strategy.id, 1, not_hold=True) == [stored[2]]
    assert await recent(bob.id, strategy.id, 9) == []


async def test_another_owner_sees_no_decision(memory: Memory, ann: User, bob: User) -> None:
    decision = await a_decision(memory, await a_strategy(memory, ann.id))
    with pytest.raises(NotFound):
        await memory.decisions.get(bob.id, decision.id)


async def test_a_snapshot_keeps_each_value_exactly(memory: Memory) -> None:
    values = {"rsi(14)": 0.1 + 0.2, "ema(200)@4h": None, "close": 2.1e-05, "obv": -1e22}
    await memory.decisions.store([Snapshot("SHIB/USDT", "5m", CANDLE, values)], ())
    stored = await memory.decisions.snapshot("SHIB/USDT", "5m", CANDLE)
    assert stored == Snapshot("SHIB/USDT", "5m", CANDLE, values)
    assert await memory.decisions.snapshot("SHIB/USDT", "1h", CANDLE) is None
    assert await memory.decisions.snapshot("SHIB/USDT", "5m", CANDLE + STEP) is None


async def test_snapshots_of_one_candle_merge(memory: Memory) -> None:
    one = Snapshot("BTC/USDT", "5m", CANDLE, {"rsi(14)": 31.2, "close": 61000.0})
    two = Snapshot("BTC/USDT", "5m", CANDLE, {"ema(50)": None, "close": 61000.0})
    three = Snapshot("BTC/USDT", "5m", CANDLE, {"adx(14)": 25.0})
    other = Snapshot("ETH/USDT", "5m", CANDLE, {"close": 3000.0})
    await memory.decisions.store([one, two], ())
    await memory.decisions.store([other, three], ())
    stored = await memory.decisions.snapshot("BTC/USDT", "5m", CANDLE)
    assert stored is not None
    assert stored.values == {"rsi(14)": 31.2, "close": 61000.0, "ema(50)": None, "adx(14)": 25.0}


async def test_decision_times_keep_their_microseconds(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    decision = await a_decision(memory, strategy, decided_at=NOON)
    assert (await memory.decisions.get(ann.id, decision.id)).decided_at.microsecond == 123_457
