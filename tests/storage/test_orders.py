"""Order intents: stored once by their cause, moved along their table, filled once by trade."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.errors import NotFound
from agents.domain.order import (
    ORDER_MOVES,
    OrderIntent,
    OrderKind,
    OrderPurpose,
    OrderSide,
    OrderState,
)
from agents.domain.ports import Memory
from agents.domain.position import Account
from agents.domain.proposal import Proposal
from agents.domain.strategy import Mode
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


async def test_a_resting_order_is_stored_whole(
    memory: Memory, account: Account, proposal: Proposal
) -> None:
    asked = intent_of(
        proposal,
        account,
        key="guard:position:3:1",
        purpose=OrderPurpose.TARGET,
        side=OrderSide.SELL,
        position_id=3,
        kind=OrderKind.LIMIT,
        price=Decimal("62200.3000"),
        pair="guard:position:3:1",
        target=0,
        venue_id="",
        sent_at=NOON + timedelta(microseconds=1),
    )
    stored = await _added(memory, asked)
    assert await memory.orders.get(stored.id) == replace(asked, id=stored.id)


async def test_what_a_move_may_write(memory: Memory, account: Account, proposal: Proposal) -> None:
    """The quantity of an exit is corrected as it is sent; the exchange's name comes later."""
    intent = await _added(memory, intent_of(proposal, account))
    sent_at = NOON + timedelta(seconds=1, microseconds=1)
    quantity = Decimal("0.0100")
    changes = {"quantity": quantity, "sent_at": sent_at}
    assert await memory.orders.move(intent, S.SENDING, **changes)
    assert not await memory.orders.move(intent, S.SENDING, quantity=Decimal(9))
    sending = replace(intent, state=S.SENDING, quantity=quantity, sent_at=sent_at)
    assert await memory.orders.get(intent.id) == sending
    assert await memory.orders.move(sending, S.OPEN, venue_id="28457")
    assert await memory.orders.get(intent.id) == replace(sending, state=S.OPEN, venue_id="28457")
    for fixed in ("key", "price", "kind", "owner_id"):
        with pytest.raises(ValueError):
            await memory.orders.move(replace(sending, state=S.OPEN), S.FILLED, **{fixed: "x"})


async def test_too_busy_is_new_again(memory: Memory, account: Account, proposal: Proposal) -> None:
    intent = await _added(memory, intent_of(proposal, account))
    assert await memory.orders.move(intent, S.SENDING)
    assert await memory.orders.move(replace(intent, state=S.SENDING), S.NEW)
    assert await memory.orders.get(intent.id) == intent


async def test_resting_are_those_that_wait_for_their_price(
    memory: Memory, account: Account, proposal: Proposal
) -> None:
    async def guard(number: int, kind: OrderKind, position: int = 3) -> OrderIntent:
        intent = intent_of(proposal, account, key=f"guard:{number}", kind=kind)
        return await _added(memory, replace(intent, position_id=position))

    stop, target = await guard(1, OrderKind.STOP), await guard(2, OrderKind.LIMIT)
    market, other = await guard(3, OrderKind.MARKET), await guard(4, OrderKind.STOP, 4)
    assert await memory.orders.resting(3) == [stop, target]
    assert await memory.orders.move(stop, S.SENDING)
    assert await memory.orders.move(target, S.CANCELLED)
    assert await memory.orders.resting(3) == [replace(stop, state=S.SENDING)]
    assert await memory.orders.resting(4) == [other]
    assert await memory.orders.resting(5) == []
    assert market in await memory.orders.of_position(3)


async def test_orders_of_an_account_from_a_moment_on(
    memory: Memory, account: Account, proposal: Proposal
) -> None:
    early = await _added(memory, intent_of(proposal, account, key="a"))
    later = intent_of(proposal, account, key="b", created_at=NOON + timedelta(hours=1))
    late = await _added(memory, later)
    of_account = memory.orders.of_account
    assert await of_account(account.id) == [early, late]
    assert await of_account(account.id, NOON) == [early, late]
    assert await of_account(account.id, NOON + timedelta(microseconds=1)) == [late]
    assert await of_account(account.id + 1) == []


async def test_found_by_the_name_the_exchange_gave(
    memory: Memory, ann: User, bob: User, account: Account, proposal: Proposal
) -> None:
    """Some exchanges count anew for each symbol."""
    bitcoin = await _added(memory, intent_of(proposal, account, key="a", venue_id="17"))
    ether = await _added(
        memory, intent_of(proposal, account, key="b", venue_id="17", symbol="ETH/USDT")
    )
    await _added(memory, intent_of(proposal, account, key="c"))
    by_venue_id = memory.orders.by_venue_id
    assert await by_venue_id(ann.id, "17") == ether
    assert await by_venue_id(ann.id, "17", "BTC/USDT") == bitcoin
    assert await by_venue_id(ann.id, "17", "XRP/USDT") is None
    assert await by_venue_id(ann.id, "18") is None
    assert await by_venue_id(bob.id, "17") is None
    assert await by_venue_id(ann.id, "") is None


async def test_counted_across_the_accounts_of_an_owner(
    memory: Memory, ann: User, bob: User
) -> None:
    async def entry(owner: User, mode: Mode, hours: int = 0, **changes: Any) -> OrderIntent:
        strategy = await a_strategy(memory, owner.id)
        account = await memory.accounts.open(owner.id, strategy.id, mode, Decimal(1), NOON)
        made = intent_of(
            await a_proposal(memory, strategy), account, created_at=NOON + timedelta(hours=hours)
        )
        return await _added(memory, replace(made, mode=mode, **changes))

    one, two = await entry(ann, Mode.LIVE), await entry(ann, Mode.LIVE, 1)
    exit_ = await entry(ann, Mode.LIVE, 2, purpose=OrderPurpose.STOP, kind=OrderKind.STOP)
    await entry(ann, Mode.PAPER)
    await entry(bob, Mode.LIVE)
    count, unsettled = memory.orders.entries_of_owner_since, memory.orders.unsettled_of
    assert await count(ann.id, Mode.LIVE, NOON) == 2
    assert await count(ann.id, Mode.LIVE, NOON + timedelta(hours=1)) == 1
    assert await count(ann.id, Mode.SIMULATION, NOON) == 0
    assert await unsettled(ann.id, Mode.LIVE) == [one, two, exit_]
    assert await memory.orders.move(one, S.CANCELLED)
    assert await unsettled(ann.id, Mode.LIVE) == [two, exit_]
    assert await unsettled(ann.id, Mode.VALIDATION) == []


async def test_a_trade_fills_once(memory: Memory, account: Account, proposal: Proposal) -> None:
    intent = await _added(memory, intent_of(proposal, account))
    fill = fill_of(intent)
    assert await memory.orders.add_fill(intent, fill)
    assert not await memory.orders.add_fill(intent, replace(fill, quantity=Decimal(7)))
    second = fill_of(
        intent,
        "t2",
        at=NOON + timedelta(seconds=1),
        mark=None,
        fee_currency="BNB",
        fee_value=Decimal("0.59670"),
        heard_at=NOON + timedelta(seconds=2, microseconds=1),
    )
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
