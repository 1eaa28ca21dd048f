"""Positions and accounts: saved by version, booked exactly."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.position import Account, OpenTarget, Position, PositionState, Trailed
from agents.domain.proposal import Trailing
from agents.domain.strategy import Mode
from agents.domain.user import User
from agents.domain.venue import FundingPaid
from storage.database import Database
from tests.support.stored import (
    HOUR,
    NOON,
    a_position,
    a_proposal,
    a_strategy,
    a_user,
    an_account,
    position_of,
)


async def test_a_position_is_stored_whole(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    account = await an_account(memory, strategy)
    proposal = await a_proposal(memory, strategy)
    asked = position_of(
        proposal,
        account,
        targets=(
            OpenTarget(Decimal("62200.3"), Decimal("0.00000001"), done=True),
            OpenTarget(Decimal("63000"), Decimal("0.0162")),
        ),
        trailing=Trailing(breakeven_r=Decimal("1.5")),
        funding=Decimal("-0.10"),
        leverage=5,
        liquidation=Decimal("49000.500"),
    )
    stored = await memory.positions.add(asked)
    assert stored == replace(asked, id=stored.id)
    assert await memory.positions.get(ann.id, stored.id) == stored
    assert await memory.positions.by_id(stored.id) == stored
    assert await memory.positions.by_proposal(proposal.id) == stored
    assert await memory.positions.by_proposal(proposal.id + 1) is None


async def test_saving_needs_the_present_version(memory: Memory, ann: User) -> None:
    position = await a_position(memory, await a_strategy(memory, ann.id))
    closed = replace(
        position,
        quantity=Decimal(0),
        realised=Decimal("19.200000000000001"),
        state=PositionState.CLOSED,
        closed_at=NOON + HOUR,
        exit_price=Decimal("62200.30"),
        exit_reason="target",
        funding=Decimal("0.00000001"),
        liquidation=None,
    )
    assert await memory.positions.save(closed)
    assert not await memory.positions.save(replace(position, stop=Decimal(1)))
    assert await memory.positions.by_id(position.id) == replace(closed, version=2)


async def test_trailing_changes_no_version(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    one, two = [await a_position(memory, strategy) for _ in range(2)]
    stops = {
        one.id: Trailed(Decimal("60500.5"), Decimal("61500"), one.version),
        two.id: Trailed(Decimal("60600.6"), Decimal("61600"), two.version),
    }
    await memory.positions.save_stops(stops)
    await memory.positions.save_stops({})
    for position in (one, two):
        stop, best, _ = stops[position.id]
        expected = replace(position, stop=stop, best=best)
        assert await memory.positions.by_id(position.id) == expected


async def test_a_stop_that_was_stored_anew_is_not_trailed_over(memory: Memory, ann: User) -> None:
    position = await a_position(memory, await a_strategy(memory, ann.id))
    moved = replace(position, stop=Decimal("60900"))
    assert await memory.positions.save(moved)
    late = Trailed(Decimal("60500"), Decimal("61500"), position.version)
    await memory.positions.save_stops({position.id: late})
    assert (await memory.positions.by_id(position.id)).stop == Decimal("60900")


async def test_found_by_owner_account_and_state(memory: Memory, ann: User, bob: User) -> None:
    mine, theirs = await a_strategy(memory, ann.id), await a_strategy(memory, bob.id)
    one, two, three = [await a_position(memory, mine) for _ in range(3)]
    foreign = await a_position(memory, theirs)
    assert await memory.positions.save(replace(one, state=PositionState.CLOSED, closed_at=NOON))
    assert await memory.positions.save(replace(two, state=PositionState.CLOSING))
    one, two = [await memory.positions.by_id(item.id) for item in (one, two)]
    assert await memory.positions.still_open() == [two, three, foreign]
    of, of_account = memory.positions.of, memory.positions.of_account
    assert await of(ann.id) == [three, two, one]
    assert await of(ann.id, limit=1, offset=1) == [two]
    assert await of(ann.id, open_only=True) == [three, two]
    assert await of_account(one.account_id) == [one, two, three]
    assert await of_account(one.account_id, open_only=True) == [two, three]
    with pytest.raises(NotFound):
        await memory.positions.get(ann.id, foreign.id)
    with pytest.raises(NotFound):
        await memory.positions.by_id(99)


async def test_found_by_timeframe_and_by_the_day(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    one, two, three = [await a_position(memory, strategy) for _ in range(3)]
    early = replace(one, state=PositionState.CLOSED, closed_at=NOON - HOUR)
    late = replace(two, state=PositionState.CLOSED, closed_at=NOON)
    assert await memory.positions.save(early) and await memory.positions.save(late)
    found = await memory.positions.of_account(one.account_id, since=NOON)
    assert [item.id for item in found] == [two.id, three.id]
    found = await memory.positions.held_since(NOON)
    assert [item.id for item in found] == [two.id, three.id]
    assert await memory.positions.count_open() == 1
    assert await memory.positions.still_open("5m") == [three]
    assert await memory.positions.still_open("1h") == []
    hourly = strategy.spec.model_copy(update={"timeframe": "1h"})
    assert await memory.strategies.revise(ann.id, strategy.id, 1, hourly, "hourly", NOON)
    assert await memory.positions.still_open("5m") == await memory.positions.still_open("1h")
    assert await memory.positions.still_open("1h") == [three]


async def test_positions_of_all_accounts_of_an_owner(memory: Memory, ann: User, bob: User) -> None:
    async def opened(owner: User, mode: Mode, **changes: Any) -> Position:
        strategy = await a_strategy(memory, owner.id)
        account = await memory.accounts.open(owner.id, strategy.id, mode, Decimal(1), NOON)
        proposal = await a_proposal(memory, strategy, mode=mode)
        return await memory.positions.add(position_of(proposal, account, **changes))

    closed = PositionState.CLOSED
    await opened(ann, Mode.LIVE, state=closed, closed_at=NOON - HOUR)
    now = await opened(ann, Mode.LIVE, state=closed, closed_at=NOON)
    still = await opened(ann, Mode.LIVE, opened_at=NOON - 9 * HOUR)
    ending = await opened(ann, Mode.LIVE, state=PositionState.CLOSING)
    await opened(ann, Mode.PAPER)
    await opened(bob, Mode.LIVE)
    found = memory.positions.of_owner_mode
    assert await found(ann.id, Mode.LIVE, NOON) == [now, still, ending]
    assert await found(ann.id, Mode.LIVE, NOON + HOUR) == [still, ending]
    assert await found(ann.id, Mode.SIMULATION, NOON) == []


async def test_funding_is_known_once(memory: Memory, ann: User) -> None:
    account = await an_account(memory, await a_strategy(memory, ann.id))
    late = FundingPaid("77", "BTC/USDT", Decimal("-0.1200"), NOON + HOUR, Decimal("0.00010"))
    early = FundingPaid("76", "BTC/USDT", Decimal("1E-8"), NOON)
    assert await memory.accounts.add_funding(account.id, 3, late)
    assert await memory.accounts.add_funding(account.id, 3, early)
    again = replace(late, amount=Decimal(5))
    assert not await memory.accounts.add_funding(account.id, 4, again)
    assert await memory.accounts.add_funding(account.id + 1, 4, again)
    assert await memory.accounts.funding(account.id) == [(3, early), (3, late)]
    assert await memory.accounts.funding(account.id + 1) == [(4, again)]
    assert await memory.accounts.funding(99) == []


async def test_one_account_for_a_strategy_and_mode(memory: Memory, ann: User, bob: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    opened = await memory.accounts.open(ann.id, strategy.id, Mode.PAPER, Decimal(10_000), NOON)
    again = await memory.accounts.open(ann.id, strategy.id, Mode.PAPER, Decimal(5), NOON + HOUR)
    ten = Decimal(10_000)
    assert again == opened
    assert opened == Account(
        ann.id, strategy.id, Mode.PAPER, "USDT", ten, ten, ten, NOON, opened.id
    )
    other = await memory.accounts.open(ann.id, strategy.id, Mode.VALIDATION, Decimal(5), NOON)
    assert await memory.accounts.of(ann.id) == [opened, other]
    assert await memory.accounts.of(bob.id) == []
    with pytest.raises(NotFound):
        await memory.accounts.get(99)


async def test_a_peak_is_set_anew(memory: Memory, ann: User, bob: User) -> None:
    account = await an_account(memory, await a_strategy(memory, ann.id))
    down = await memory.accounts.book(account.id, Decimal("-250.10000001"))
    anew = await memory.accounts.reset_peak(ann.id, account.id)
    assert anew == replace(down, peak=down.balance) == await memory.accounts.get(account.id)
    assert await memory.accounts.reset_peak(ann.id, account.id) == anew
    with pytest.raises(NotFound):
        await memory.accounts.reset_peak(bob.id, account.id)
    up = await memory.accounts.book(account.id, Decimal(1))
    assert up.peak == up.balance == down.balance + 1


async def test_an_account_gets_another_amount_to_trade_with(
    memory: Memory, ann: User, bob: User
) -> None:
    account = await an_account(memory, await a_strategy(memory, ann.id))
    down = await memory.accounts.book(account.id, Decimal("-100.25"))
    less = await memory.accounts.allot(ann.id, account.id, Decimal("500.5"))
    paid = Decimal("500.5") - down.balance
    assert (less.balance, less.start) == (Decimal("500.5"), down.start + paid)
    assert less.peak - less.balance == Decimal("5.06832244")  # 100.25 of 9,899.75, as much of it
    assert less == await memory.accounts.get(account.id)
    more = await memory.accounts.allot(ann.id, account.id, Decimal("900.5"))
    assert (more.balance, more.peak) == (Decimal("900.5"), less.peak + 400)
    with pytest.raises(NotFound):
        await memory.accounts.allot(bob.id, account.id, Decimal(1))


async def test_a_peak_that_is_set_anew_while_fills_are_booked(database: Database) -> None:
    ann = await a_user(database)
    account = await an_account(database, await a_strategy(database, ann.id))
    await database.accounts.book(account.id, Decimal(-100))
    await asyncio.gather(
        *(database.accounts.book(account.id, Decimal(-1)) for _ in range(5)),
        database.accounts.reset_peak(ann.id, account.id),
    )
    found = await database.accounts.get(account.id)
    assert found.balance == Decimal(9895)
    assert found.balance <= found.peak <= Decimal(9900)


async def test_booking_adds_and_the_peak_stays(memory: Memory, ann: User) -> None:
    account = await an_account(memory, await a_strategy(memory, ann.id))
    book = memory.accounts.book
    up = await book(account.id, Decimal("0.00000001"))
    assert (up.balance, up.peak) == (Decimal("10000.00000001"),) * 2
    down = await book(account.id, Decimal("-250.10000001"))
    assert (down.balance, down.peak) == (Decimal("9749.90000000"), Decimal("10000.00000001"))
    assert await memory.accounts.get(account.id) == down
    with pytest.raises(NotFound):
        await book(99, Decimal(1))
