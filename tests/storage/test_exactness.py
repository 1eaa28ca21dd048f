"""Money to the last digit, times to the microsecond, text whatever it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.order import OrderPurpose, OrderState
from agents.domain.ports import Memory
from agents.domain.position import OpenTarget, PositionState, Trailed
from agents.domain.user import Identity, Place, User
from agents.domain.venue import FundingPaid
from storage.columns import Moment, Money, clean, from_micros, to_micros
from storage.database import Database
from tests.support.stored import (
    CANDLE,
    NOON,
    PLAN,
    a_decision,
    a_position,
    a_proposal,
    a_strategy,
    a_user,
    an_account,
    connection_of,
    fill_of,
    finding_of,
    intent_of,
)

NASTY = [
    Decimal(text)
    for text in (
        "0",
        "-0",
        "0.00000001",
        "1E-8",
        "1E+3",
        "1000.000",
        "0.0000205100",
        "9999999999999999999999999999",
        "0.9999999999999999999999999999",
        "-123456789012345.6789012345678",
        "33333333.33333333333333333333",
        "0.1",
        "0.30000000000000004",
        "4503599627370497.5",
    )
]


def _same(one: Decimal, two: Decimal) -> bool:
    """Equal, digit for digit: also the zeros at the end."""
    return one.as_tuple() == two.as_tuple()


@given(
    st.decimals(allow_nan=False, allow_infinity=False).filter(
        lambda d: len(d.as_tuple().digits) <= 28
    )
)
def test_any_decimal_survives(value: Decimal) -> None:
    column = Money()
    stored = column.to_db_value(value, None)
    assert stored is not None
    back = column.to_python_value(stored)
    assert back is not None
    assert _same(back, value)


@given(
    st.datetimes(
        min_value=datetime(1, 1, 2),  # noqa: DTZ001  (the zone is drawn beside it)
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
    )
)
def test_any_time_survives(at: datetime) -> None:
    back = from_micros(to_micros(at))
    assert back == at
    assert back.utcoffset() == timedelta(0)
    assert Moment().to_python_value(Moment().to_db_value(at, None)) == at


def test_a_float_is_no_money() -> None:
    with pytest.raises(TypeError, match="float"):
        Money().to_db_value(0.1, None)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_micros(datetime(2026, 3, 1))  # noqa: DTZ001


@given(st.text())
def test_text_can_be_stored_whatever_it_is(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("value", NASTY, ids=str)
async def test_decimals_survive_the_database(database: Database, value: Decimal) -> None:
    strategy = await a_strategy(database, (await a_user(database)).id)
    position = await a_position(
        database,
        strategy,
        realised=value,
        targets=(OpenTarget(value, value),),
        exit_price=value,
    )
    await database.positions.save_stops({position.id: Trailed(value, value, position.version)})
    stored = await database.positions.by_id(position.id)
    found = (stored.realised, stored.stop, stored.best, stored.exit_price, stored.targets[0].price)
    assert all(item is not None and _same(item, value) for item in found)
    account = await an_account(database, strategy)
    intent = await database.orders.add(
        intent_of(await a_proposal(database, strategy), account, trigger=value, quantity=value)
    )
    assert intent is not None
    assert _same((await database.orders.get(intent.id)).quantity, value)
    await database.orders.add_fill(intent, fill_of(intent, price=value, fee=value, mark=value))
    ((_, fill),) = await database.orders.fills(account.id)
    assert all(
        item is not None and _same(item, value) for item in (fill.price, fill.fee, fill.mark)
    )


@pytest.mark.parametrize("value", NASTY, ids=str)
async def test_decimals_of_real_money_survive(database: Database, value: Decimal) -> None:
    owner = (await a_user(database)).id
    strategy = await a_strategy(database, owner)
    new = ("funding", "liquidation", "entry_value", "exit_value", "step")
    position = await a_position(database, strategy, **dict.fromkeys(new, value))
    held = await database.positions.by_id(position.id)
    account = await an_account(database, strategy)
    proposal = await a_proposal(
        database, strategy, plan=replace(PLAN, leverage=7, liquidation=value)
    )
    plan = (await database.proposals.by_id(proposal.id)).plan
    order = await database.orders.add(intent_of(proposal, account, price=value))
    assert order is not None
    assert await database.orders.move(order, OrderState.SENDING, quantity=value)
    sent = await database.orders.get(order.id)
    await database.orders.add_fill(order, fill_of(order, fee_value=value))
    ((_, fill),) = await database.orders.fills(account.id)
    paid = FundingPaid("1", "BTC/USDT", value, NOON, value)
    await database.accounts.add_funding(account.id, position.id, paid)
    ((_, funding),) = await database.accounts.funding(account.id)
    noted = await database.findings.note(finding_of(owner, quantity=value, price=value))
    assert noted is not None and plan.leverage == 7
    found = await database.findings.get(owner, noted.id)
    await database.connections.connect(connection_of(owner, baseline={"BTC": value}))
    connection = await database.connections.of(owner)
    assert connection is not None
    for item in (
        *(getattr(held, name) for name in new),
        *(plan.liquidation, sent.price, sent.quantity),
        *(fill.fee_value, funding.amount, funding.rate, found.quantity, found.price),
        connection.baseline["BTC"],
    ):
        assert item is not None and _same(item, value)


async def test_balances_are_the_exact_sum(memory: Memory, ann: User) -> None:
    account = await an_account(memory, await a_strategy(memory, ann.id))
    random = Random(7)
    changes = [
        Decimal(random.randint(-(10**14), 10**14)).scaleb(-random.randint(0, 12)) for _ in range(80)
    ]
    for change in changes:
        await memory.accounts.book(account.id, change)
    stored = await memory.accounts.get(account.id)
    assert Fraction(stored.balance) == 10_000 + sum(map(Fraction, changes))


async def test_a_balance_can_be_computed_from_fills_alone(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    account = await an_account(memory, strategy)
    random = Random(11)
    for number in range(30):
        proposal = await a_proposal(memory, strategy)
        quantity = Decimal(random.randint(1, 10**9)).scaleb(-8)
        prices = [Decimal(random.randint(1, 10**9)).scaleb(-6) for _ in range(2)]
        for price, purpose in zip(prices, (OrderPurpose.ENTRY, OrderPurpose.STOP), strict=True):
            intent = await memory.orders.add(
                intent_of(proposal, account, key=f"{purpose}:{number}", purpose=purpose)
            )
            assert intent is not None
            fee = price * quantity * Decimal("0.0006")
            fill = fill_of(intent, f"t{number}", price=price, quantity=quantity, fee=fee)
            assert await memory.orders.add_fill(intent, fill)
            await memory.accounts.book(account.id, -fee)
        await memory.accounts.book(account.id, (prices[1] - prices[0]) * quantity)
    fills = await memory.orders.fills(account.id)
    assert len(fills) == 60
    recomputed = Fraction(10_000)
    for intent, fill in fills:
        sign = -1 if intent.purpose is OrderPurpose.ENTRY else 1
        recomputed += sign * Fraction(fill.price) * Fraction(fill.quantity) - Fraction(fill.fee)
    assert Fraction((await memory.accounts.get(account.id)).balance) == recomputed


async def test_text_of_a_chat_survives(database: Database) -> None:
    text = "'; DROP TABLE users; -- \N{GRINNING FACE} مرحبا <b>&amp;</b> \u202e $1 ? %s\n\x00\ud83d"
    kept = clean(text)
    user = await database.users.join(
        Identity("telegram", "77"), text, Place("telegram", "77"), operator=False, at=NOON
    )
    strategy = await a_strategy(database, user.id)
    await database.strategies.rename(user.id, strategy.id, text)
    decision = await a_decision(database, strategy, reason=text)
    proposal = await a_proposal(database, strategy, reasons=(text,), outcome=text)
    await database.notes.write("said", {"text": text})
    assert user.name == kept
    assert (await database.strategies.get(user.id, strategy.id)).name == kept
    assert (await database.decisions.get(user.id, decision.id)).reason == kept
    stored = await database.proposals.by_id(proposal.id)
    assert (stored.reasons, stored.outcome) == ((text,), kept)
    assert await database.notes.read("said") == {"text": text}


async def test_the_newest_market_time(database: Database) -> None:
    assert await database.last_market_time() is None
    strategy = await a_strategy(database, (await a_user(database)).id)
    await a_decision(database, strategy, closed=CANDLE)
    assert await database.last_market_time() == CANDLE
    position = await a_position(database, strategy, opened_at=CANDLE + timedelta(hours=1))
    assert await database.last_market_time() == CANDLE + timedelta(hours=1)
    closed = replace(position, state=PositionState.CLOSED, closed_at=CANDLE + timedelta(hours=2))
    assert await database.positions.save(closed)
    assert await database.last_market_time() == CANDLE + timedelta(hours=2)
    intent = await database.orders.add(
        intent_of(
            await database.proposals.by_id(position.proposal_id),
            await database.accounts.get(position.account_id),
        )
    )
    assert intent is not None
    await database.orders.add_fill(intent, fill_of(intent, at=CANDLE + timedelta(hours=3)))
    assert await database.last_market_time() == CANDLE + timedelta(hours=3)
    clock = (CANDLE + timedelta(hours=4, microseconds=1)).isoformat()
    await database.notes.write("market_clock", clock)
    assert await database.last_market_time() == datetime(2026, 3, 1, 16, 0, 0, 1, tzinfo=UTC)
