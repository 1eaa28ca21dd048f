"""Strategies: drafted, moved, revised, and found when they are due."""

from datetime import timedelta

import pytest

from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.strategy import (
    ANY_SYMBOL,
    STRATEGY_MOVES,
    Mode,
    RunKind,
    StrategySpec,
    StrategyState,
    Window,
)
from agents.domain.user import User
from tests.support.stored import NOON, SPEC, a_strategy

HOURLY = SPEC.model_copy(update={"timeframe": "1h", "guidance": "not before news"})
FULL = StrategySpec.model_validate(
    {
        **SPEC.as_json(),
        "side": "both",
        "entry_short": "rsi(14) > 70",
        "exit_long": "macd(12,26,9).hist < 0",
        "trailing": "trail 2%",
        "size": "123.456789",
        "leverage": 3,
        "windows": [{"from": "09:30", "to": "16:00", "tz": "America/New_York", "days": ["mon"]}],
        "guidance": "ruhig bleiben, ok? \N{GRINNING FACE} مرحبا",
    }
)


async def test_a_draft_is_the_first_version(memory: Memory, ann: User) -> None:
    drafted = await memory.strategies.draft(ann.id, "Dips", FULL, "buy dips", Mode.PAPER, NOON)
    assert drafted == await memory.strategies.get(ann.id, drafted.id)
    assert (drafted.number, drafted.version, drafted.state) == (1, 1, StrategyState.DRAFT)
    assert (drafted.run, drafted.mode) == (RunKind.CONTINUOUS, Mode.PAPER)
    assert (drafted.name, drafted.sentence, drafted.created_at) == ("Dips", "buy dips", NOON)
    assert drafted.spec == FULL
    assert drafted.spec.windows == (
        Window(**{"from": "09:30", "to": "16:00", "tz": "America/New_York", "days": ("mon",)}),
    )


async def test_signals_and_not_candles_set_it_off(memory: Memory, ann: User) -> None:
    anything = SPEC.model_copy(update={"symbols": (ANY_SYMBOL,)})
    waits = await a_strategy(memory, ann.id, anything)
    await memory.strategies.set_run(ann.id, waits.id, RunKind.ON_SIGNAL.value)
    by_candles = await a_strategy(memory, ann.id)
    assert await memory.strategies.due("5m") == [by_candles]
    assert [one.id for one in await memory.strategies.active()] == [waits.id, by_candles.id]
    stored = await memory.strategies.get(ann.id, waits.id)
    assert stored.run is RunKind.ON_SIGNAL and stored.spec == anything


async def test_numbers_count_for_each_owner(memory: Memory, ann: User, bob: User) -> None:
    numbers = [(await a_strategy(memory, owner)).number for owner in (ann.id, bob.id, ann.id)]
    assert numbers == [1, 1, 2]
    assert [item.number for item in await memory.strategies.of(ann.id)] == [1, 2]


async def test_moves_follow_the_table(memory: Memory, ann: User) -> None:
    for to in StrategyState:
        if not any(to in moves for moves in STRATEGY_MOVES.values()):
            continue
        draft = await a_strategy(memory, ann.id, active=False)
        allowed = to in STRATEGY_MOVES[StrategyState.DRAFT]
        assert await memory.strategies.move(ann.id, draft.id, to, NOON) is allowed
        assert (await memory.strategies.get(ann.id, draft.id)).state is (
            to if allowed else StrategyState.DRAFT
        )


async def test_a_pause_keeps_its_reason_until_it_ends(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    move = memory.strategies.move
    assert await move(ann.id, strategy.id, StrategyState.PAUSED, NOON, reason="daily loss")
    assert not await move(ann.id, strategy.id, StrategyState.PAUSED, NOON, reason="again")
    paused = await memory.strategies.get(ann.id, strategy.id)
    assert (paused.pause_reason, paused.activated_at) == ("daily loss", NOON)
    later = NOON + timedelta(microseconds=1)
    assert await move(ann.id, strategy.id, StrategyState.ACTIVE, later)
    active = await memory.strategies.get(ann.id, strategy.id)
    assert (active.pause_reason, active.activated_at) == ("", later)


async def test_a_revision_makes_the_next_version(memory: Memory, ann: User) -> None:
    first = await a_strategy(memory, ann.id)
    revise = memory.strategies.revise
    assert await revise(ann.id, first.id, 1, HOURLY, "hourly", NOON)
    assert not await revise(ann.id, first.id, 1, SPEC, "too late", NOON)
    second = await memory.strategies.get(ann.id, first.id)
    assert (second.version, second.spec, second.sentence) == (2, HOURLY, "hourly")
    assert await memory.strategies.spec_at(ann.id, first.id, 1) == SPEC
    assert await memory.strategies.spec_at(ann.id, first.id, 2) == HOURLY
    with pytest.raises(NotFound):
        await memory.strategies.spec_at(ann.id, first.id, 3)


async def test_due_are_the_active_ones_of_a_timeframe(memory: Memory, ann: User, bob: User) -> None:
    await a_strategy(memory, ann.id, active=False)
    paused = await a_strategy(memory, ann.id)
    await memory.strategies.move(ann.id, paused.id, StrategyState.PAUSED, NOON)
    mine = await a_strategy(memory, ann.id)
    theirs = await a_strategy(memory, bob.id)
    hourly = await a_strategy(memory, bob.id, HOURLY)
    assert await memory.strategies.due("5m") == [mine, theirs]
    assert await memory.strategies.due("1h") == [hourly]
    assert await memory.strategies.due("1d") == []
    assert await memory.strategies.active() == [mine, theirs, hourly]
    await memory.strategies.revise(ann.id, mine.id, 1, HOURLY, "hourly", NOON)
    assert [item.id for item in await memory.strategies.due("1h")] == [mine.id, hourly.id]


async def test_found_by_state(memory: Memory, ann: User) -> None:
    draft = await a_strategy(memory, ann.id, active=False)
    active = await a_strategy(memory, ann.id)
    of = memory.strategies.of
    assert await of(ann.id) == [draft, active]
    assert await of(ann.id, {StrategyState.ACTIVE}) == [active]
    assert await of(ann.id, {StrategyState.PAUSED, StrategyState.DRAFT}) == [draft]
    assert await of(ann.id, set()) == []


async def test_name_and_run_change_no_version(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    await memory.strategies.rename(ann.id, strategy.id, "Crash 'n' buy; --")
    await memory.strategies.set_run(ann.id, strategy.id, "once")
    stored = await memory.strategies.get(ann.id, strategy.id)
    assert (stored.name, stored.run, stored.version) == ("Crash 'n' buy; --", RunKind.ONCE, 1)
    with pytest.raises(ValueError):
        await memory.strategies.set_run(ann.id, strategy.id, "sometimes")


async def test_a_mode_is_changed_from_the_one_it_has(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    set_mode = memory.strategies.set_mode
    assert await set_mode(ann.id, strategy.id, Mode.PAPER, Mode.LIVE)
    assert not await set_mode(ann.id, strategy.id, Mode.PAPER, Mode.SIMULATION)
    stored = await memory.strategies.get(ann.id, strategy.id)
    assert (stored.mode, stored.version) == (Mode.LIVE, 1)
    with pytest.raises(NotFound):
        await set_mode(ann.id, 99, Mode.PAPER, Mode.LIVE)


async def test_a_schedule_is_read_wherever_a_strategy_is(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    assert (strategy.schedule, strategy.waits_flat) == ("", False)
    words = "30 9 * * mon-fri America/New_York"
    await memory.strategies.set_schedule(ann.id, strategy.id, words, waits_flat=True)
    await memory.strategies.set_run(ann.id, strategy.id, RunKind.SCHEDULED.value)
    stored = await memory.strategies.get(ann.id, strategy.id)
    assert (stored.run, stored.schedule, stored.waits_flat) == (RunKind.SCHEDULED, words, True)
    assert await memory.strategies.of(ann.id) == [stored]
    assert await memory.strategies.due("5m") == [stored]
    assert await memory.strategies.active() == [stored]
    await memory.strategies.set_schedule(ann.id, strategy.id, "", waits_flat=False)
    await memory.strategies.set_run(ann.id, strategy.id, RunKind.CONTINUOUS.value)
    assert await memory.strategies.get(ann.id, strategy.id) == strategy
