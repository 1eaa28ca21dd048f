"""Order intents: stored once by their cause, moved along their table, filled once by trade."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.errors import NotFound
from agents.domain.order import ORDER_MOVES, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.ports import Memory
from agents.domain.position import Account
from agents.domain.proposal import Proposal
from agents.domain.user import User
from tests.support.stored import NOON, a_proposal, a_strategy, an_account, fill_of, intent_of

S = OrderState
PATH_TO: dict[OrderState, tuple[OrderState, ...]] = {
    S.NEW: (),
    **{to: (S.SENDING, to) for to in OrderState if to not in (S.NEW, S.SENDING)},
    S.SENDING: (S.SENDING,),
}


@pytest.fixture
async def account(memory: Memory, ann: User) -> Account:
    return await an_account(memory, await a_strategy(memory, ann.id))


@pytest.fixture
async def proposal(memory: Memory, ann: User, account: Account) -> Proposal:
    return await a_proposal(memory, await memory.strategies.get(ann.id, account.strategy_id))


async def _added(memory: Memory, intent: OrderIntent) -> OrderIntent:
    stored = await memory.orders.add(intent)
    assert stored is not None
    return stored


async def test_a_cause_makes_one_order(
    memory: Memory, account: Account, proposal: Proposal
) -> None:
    asked = intent_of(
        proposal, account, trigger=Decimal("60399.99"), position_id=None, error="", reason="x"
    )
    stored = await _added(memory, asked)
    assert stored == replace(asked, id=stored.id)
    assert await memory.orders.get(stored.id) == stored
    assert await memory.orders.by_client_id(asked.client_id) == stored
    assert await memory.orders.by_client_id("pl00") is None
    assert await memory.orders.add(replace(asked, quantity=Decimal(9))) is None
    with pytest.raises(NotFound):
        await memory.orders.get(99)


async def test_every_move_is_in_the_table(
    memory: Memory, account: Account, proposal: Proposal
) -> None:
    number = 0
    for start in OrderState:
        for to in OrderState:
            if to is start:
                continue
            number += 1
            intent = await _added(memory, intent_of(proposal, account, key=f"k:{number}"))
            for step in PATH_TO[start]:
                assert await memory.orders.move(intent, step)
                intent = await memory.orders.get(intent.id)
            if to not in ORDER_MOVES[start]:
                with pytest.raises(ValueError):
                    await memory.orders.move(intent, to)
                continue
            assert await memory.orders.move(intent, to, filled=Decimal("0.1"), error="why")
            assert await memory.orders.get(intent.id) == replace(
                intent, state=to, filled=Decimal("0.1"), error="why"
            )


async def test_the_second_of_two_moves_loses(
    memory: Memory, account: Account, proposal: Proposal
) -> None:
    intent = await _added(memory, intent_of(proposal, account))
    assert await memory.orders.move(intent, S.SENDING)
    assert not await memory.orders.move(intent, S.SENDING)
    assert not await memory.orders.move(intent, S.CANCELLED)


async def test_parts_are_counted_once(memory: Memory, account: Account, proposal: Proposal) -> None:
    intent = await _added(memory, intent_of(proposal, account))
    assert await memory.orders.move(intent, S.SENDING)
    sending = replace(intent, state=S.SENDING)
    assert await memory.orders.move(sending, S.PART_FILLED, filled=Decimal("0.001"))
    part = replace(sending, state=S.PART_FILLED, filled=Decimal("0.001"))
    assert await memory.orders.move(part, S.PART_FILLED, filled=Decimal("0.003"))
    assert not await memory.orders.move(part, S.PART_FILLED, filled=Decimal("0.002"))
    assert (await memory.orders.get(intent.id)).filled == Decimal("0.003")


async def test_found_by_state_and_position(
    memory: Memory, account: Account, proposal: Proposal
) -> None:
    entry = await _added(memory, intent_of(proposal, account))
    stop = await _added(
        memory,
        intent_of(
            proposal,
            account,
            key="stop:position:3",
            purpose=OrderPurpose.STOP,
            side=OrderSide.SELL,
            position_id=3,
        ),
    )
    assert await memory.orders.move(stop, S.SENDING)
    sending = replace(stop, state=S.SENDING)
    assert await memory.orders.in_states({S.NEW}) == [entry]
    assert await memory.orders.in_states([S.NEW, S.SENDING]) == [entry, sending]
    assert await memory.orders.in_states([]) == []
    assert await memory.orders.of_position(3) == [sending]
    assert await memory.orders.of_position(4) == []


async def test_a_trade_fills_once(memory: Memory, account: Account, proposal: Proposal) -> None:
    intent = await _added(memory, intent_of(proposal, account))
    fill = fill_of(intent)
    assert await memory.orders.add_fill(intent, fill)
    assert not await memory.orders.add_fill(intent, replace(fill, quantity=Decimal(7)))
    second = fill_of(intent, "t2", at=NOON + timedelta(seconds=1), mark=None)
    assert await memory.orders.add_fill(intent, second)
    assert await memory.orders.fill(intent.client_id, "t1") == fill
    assert await memory.orders.fill(intent.client_id, "t3") is None
    assert await memory.orders.fills(account.id) == [(intent, fill), (intent, second)]
    assert await memory.orders.fills(account.id + 1) == []


async def test_entries_are_counted_from_a_moment(
    memory: Memory, account: Account, proposal: Proposal
) -> None:
    for number in range(4):
        entry = intent_of(
            proposal, account, key=f"e:{number}", created_at=NOON + timedelta(hours=number)
        )
        await _added(memory, entry)
    await _added(memory, intent_of(proposal, account, key="s", purpose=OrderPurpose.STOP))
    count = memory.orders.entries_since
    assert await count(account.id, NOON) == 4
    assert await count(account.id, NOON + timedelta(hours=2)) == 2
    assert await count(account.id, NOON + timedelta(days=1)) == 0
    assert await count(account.id + 1, NOON) == 0
