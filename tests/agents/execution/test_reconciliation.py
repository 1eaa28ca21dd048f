"""Book and exchange: what happened meanwhile is settled, what differs is found, nothing that is
not ours is touched."""

import asyncio
import contextlib
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.errors import BrokerAway, BrokerBusy, KeyRefused, OrderRejected
from agents.domain.market import InstrumentKind, Universe
from agents.domain.order import OrderKind, OrderPurpose, OrderSide, OrderState
from agents.domain.position import PositionState
from agents.domain.user import NoticeKind
from agents.domain.venue import FindingKind, FindingState, FundingPaid, VenueFill, VenueState
from agents.execution.venues.catching_up import CatchingUp
from tests.support.desk import levels
from tests.support.live import BTC, ETH, LiveWorld, instruments, live_world
from tests.support.market import instrument
from tests.support.memory import Killed

BUY, SELL = OrderSide.BUY, OrderSide.SELL
ETH_LEVELS = levels(price="3000", stop="2970", targets=(("3060", "1"),))


@pytest.fixture
async def world() -> LiveWorld:
    return await live_world()


@pytest.fixture
async def spot() -> LiveWorld:
    return await live_world(InstrumentKind.SPOT)


# --- what matches ---------------------------------------------------------------------------------


async def test_all_matches_and_nothing_is_said(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    receipt = await world.look(ada)
    assert receipt.matches
    assert (receipt.positions, receipt.stops, receipt.orders) == (1, 1, 2)
    assert await world.state(ada) == "ready"
    assert world.count(NoticeKind.RECEIPT) == 0
    assert (await world.position(position.id)).state is PositionState.OPEN


async def test_after_a_restart_a_short_receipt_is_told_once(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    await world.held(ada)
    await world.restart()
    [told] = world.told(NoticeKind.RECEIPT)
    assert told["start"] is True
    counted = (told["positions"], told["stops"], told["fills"], told["findings"])
    assert counted == (1, 1, 0, [])
    await world.desk.reconcile()
    assert world.count(NoticeKind.RECEIPT) == 1


async def test_funds_are_known_for_two_minutes(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    funds = world.truth.funds
    assert funds.free(ada) == 10_000
    world.clock.advance(119)
    assert funds.free(ada) == 10_000
    world.clock.advance(2)
    assert funds.free(ada) is None
    await world.look(ada)
    assert funds.free(ada) == 10_000


async def test_funds_that_are_not_known_can_be_asked_for(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    world.clock.advance(121)
    funds = world.truth.funds
    await funds.ask(ada)
    assert funds.free(ada) == 10_000


# --- what happened meanwhile ----------------------------------------------------------------------


async def test_a_fill_while_nobody_ran_is_settled_once_and_told_once(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    proposal = await world.propose(await world.live(ada))
    world.exchange.broker.script.append("open")
    await world.approve(proposal)
    [entry] = [order for order in world.orders if order.purpose is OrderPurpose.ENTRY]
    await world.kill()
    world.exchange.broker.fill(entry)
    world.clock.advance(30)
    await world.start()
    for _ in range(3):
        await world.desk.reconcile()
        await world.settle()
    [position] = world.positions
    assert position.quantity == entry.quantity
    assert len([fill for fill in world.fills if fill.client_id == entry.client_id]) == 1
    assert world.count(NoticeKind.FILLED) == 1
    assert await world.findings(ada) == []
    assert await world.state(ada) == "ready"


async def test_the_receipt_of_a_start_counts_what_was_booked_before_it(world: LiveWorld):
    """Guards and orders look for themselves, often before the account is looked at."""
    ada = await world.user()
    await world.connect(ada)
    proposal = await world.propose(await world.live(ada))
    world.exchange.broker.script.append("open")
    await world.approve(proposal)
    [entry] = [order for order in world.orders if order.purpose is OrderPurpose.ENTRY]
    await world.kill()
    world.exchange.broker.fill(entry)
    world.clock.advance(30)
    asked = world.exchange.state

    async def state(owner_id: int) -> VenueState:
        await world.desk.orders.recover()
        return await asked(owner_id)

    world.exchange.state = state  # type: ignore[method-assign]
    await world.start()
    [receipt] = world.told(NoticeKind.RECEIPT)
    assert (receipt["fills"], receipt["positions"]) == (1, 1)
    assert (await world.look(ada)).fills == 0


async def test_a_fill_without_client_id_is_known_by_the_exchanges_own_name(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    [fill] = world.fills
    told = world.exchange.account(ada).fills
    assert told[0].fill.client_id == fill.client_id
    # The same fill as a history without client ids tells it.
    told[0] = replace(told[0], fill=replace(fill, client_id=""))
    intent = next(order for order in world.orders if order.client_id == fill.client_id)
    world.database.table("orders").put(intent.id, replace(intent, venue_id=told[0].venue_id))
    await world.look(ada)
    assert len(world.fills) == 1
    assert (await world.position(position.id)).quantity == position.quantity


async def test_history_is_read_again_until_all_of_it_is_settled(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    intent = world.orders[0]
    seen = (await world.connection(ada)).seen_until
    world.exchange.broker.fill(intent, Decimal("0.001"))
    world.market.reachable = False
    with pytest.raises(Exception, match="market"):
        await world.look(ada)
    assert (await world.connection(ada)).seen_until == seen
    world.market.reachable = True
    await world.look(ada)
    assert (await world.position(position.id)).quantity == position.quantity + Decimal("0.001")
    later = (await world.connection(ada)).seen_until
    assert later and seen and later > seen


@pytest.mark.parametrize("known", [True, False], ids=["ended in our book", "unknown"])
async def test_a_stray_order_of_ours_is_cancelled(world: LiveWorld, known: bool):
    ada = await world.user()
    await world.connect(ada)
    await world.held(ada)
    client = world.orders[0].client_id if known else "pl0123456789abcdef012345"
    world.exchange.list_order(ada, BTC, SELL, Decimal("0.1"), Decimal(50_000), client)
    await world.look(ada)
    assert [order.client_id for order in world.exchange.cancelled] == [client]
    assert await world.findings(ada) == []


@pytest.mark.parametrize("name", ["planner-7", "pl_grid_0001", "pl0123456789ABCDEF012345"])
async def test_an_order_that_only_begins_like_ours_is_another_programs(world: LiveWorld, name: str):
    ada = await world.user()
    await world.connect(ada)
    world.exchange.list_order(ada, ETH, BUY, Decimal(1), Decimal(2_000), name)
    await world.look(ada)
    assert world.exchange.cancelled == []
    assert [one.kind for one in await world.findings(ada)] == [FindingKind.ORDER]


async def test_an_order_that_was_left_alone_before_stays_so_under_its_old_key(world: LiveWorld):
    """An earlier release knew it without its symbol."""
    ada = await world.user()
    await world.connect(ada)
    order = world.exchange.order_by_hand(ada, ETH, BUY, "1", "2000")
    await world.look(ada)
    [finding] = await world.findings(ada)
    assert finding.key == f"order:{ETH}:{order.venue_id}"
    old = replace(finding, key=f"order:{order.venue_id}", state=FindingState.IGNORED)
    world.database.table("findings").put(finding.id, old)
    for _ in range(2):
        assert (await world.look(ada)).matches
    assert [one.id for one in await world.findings(ada, FindingState.IGNORED)] == [finding.id]


async def test_orders_of_one_name_in_two_symbols_are_two(world: LiveWorld):
    """Some exchanges count orders anew for each symbol."""
    ada = await world.user()
    await world.connect(ada)
    exchange, twins = world.exchange, []
    for symbol in (ETH, BTC):
        order = exchange.order_by_hand(ada, symbol, BUY, "1", "2000")
        twins.append(replace(order, venue_id="17"))
        del exchange.account(ada).orders[order.venue_id]
        exchange.account(ada).orders[f"{symbol} 17"] = twins[-1]
    await world.look(ada)
    found = {one.symbol: one for one in await world.findings(ada)}
    assert sorted(found) == [BTC, ETH]
    await world.truth.adopting.ignore(ada, found[ETH].id, found[ETH].version)
    await world.look(ada)
    assert [one.symbol for one in await world.findings(ada)] == [BTC]
    await world.truth.adopting.cancel_order(ada, found[BTC].id, found[BTC].version)
    assert exchange.cancelled == [twins[1]]


async def test_a_stop_that_vanished_is_not_taken_for_an_order_of_that_name_elsewhere(
    world: LiveWorld,
):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    [stop] = [one for one in world.guards(position) if one.kind is OrderKind.STOP]
    by_hand = world.exchange.order_by_hand(ada, ETH, BUY, "1", "2000")
    orders = world.exchange.account(ada).orders
    orders[by_hand.venue_id] = replace(by_hand, venue_id=stop.venue_id)
    world.exchange.broker.drop(stop)
    await world.look(ada)
    assert (await world.memory.orders.get(stop.id)).state is OrderState.CANCELLED


async def test_anothers_order_of_this_desk_is_not_a_stray(world: LiveWorld):
    """Two people who connected one account: neither cancels the other's orders."""
    ada, bob = await world.user(), await world.user("Bob")
    for owner in (ada, bob):
        await world.connect(owner)
    await world.held(bob)
    client = world.orders[0].client_id
    world.exchange.list_order(ada, BTC, SELL, Decimal("0.1"), Decimal(50_000), client)
    await world.look(ada)
    assert world.exchange.cancelled == []


async def test_funding_is_booked_once(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    paid = FundingPaid("f1", BTC, Decimal("-1.25"), world.clock.now())
    world.exchange.account(ada).funding.append(paid)
    for _ in range(3):
        world.pass_time(700)
        await world.look(ada)
    assert (await world.position(position.id)).funding == Decimal("-1.25")


# --- what differs ---------------------------------------------------------------------------------


async def test_a_position_closed_by_hand_pauses_the_account_and_is_told_once(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    world.exchange.trade(ada, BTC, SELL, position.quantity)
    world.pass_time()
    for _ in range(3):
        await world.look(ada)
    [finding] = await world.findings(ada)
    assert finding.kind is FindingKind.MISSING
    assert (finding.position_id, finding.quantity) == (position.id, position.quantity)
    assert await world.state(ada) == "paused"
    assert world.count(NoticeKind.ACCOUNT) == 1
    assert world.count(NoticeKind.RECEIPT) == 1
    answer = await world.try_to_propose(await world.live(ada))
    assert "paused" in str(answer)


async def test_the_pause_ends_by_itself(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    world.exchange.trade(ada, BTC, SELL, position.quantity)
    world.pass_time()
    await world.look(ada)
    assert await world.state(ada) == "paused"
    world.exchange.trade(ada, BTC, BUY, position.quantity)
    world.pass_time()
    await world.look(ada)
    assert await world.state(ada) == "ready"
    assert [facts["state"] for facts in world.told(NoticeKind.ACCOUNT)] == ["paused", "ready"]
    assert [one.state for one in await world.findings(ada, *FindingState)] == [FindingState.GONE]


async def test_a_part_closed_by_hand_is_found_by_its_quantity(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    world.exchange.trade(ada, BTC, SELL, Decimal("0.01"))
    world.pass_time()
    await world.look(ada)
    [finding] = await world.findings(ada)
    assert (finding.kind, finding.quantity) == (FindingKind.MISSING, Decimal("0.01"))
    assert (await world.position(position.id)).quantity == position.quantity


async def test_a_position_turned_around_by_hand_is_both(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    world.exchange.trade(ada, BTC, SELL, position.quantity + Decimal("0.5"))
    world.pass_time()
    await world.look(ada)
    found = {one.kind: one for one in await world.findings(ada)}
    assert found[FindingKind.MISSING].quantity == position.quantity
    assert found[FindingKind.POSITION].side == "short"
    assert found[FindingKind.POSITION].quantity == Decimal("0.5")


async def test_of_a_trade_on_a_perpetual_nothing_is_too_small_to_be_missed():
    """It could have been closed there, whatever the smallest order is worth."""
    least = replace(instrument(kind=InstrumentKind.LINEAR), min_cost=Decimal(5_000))
    world = LiveWorld(instruments=(least,))
    await world.start()
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    world.exchange.trade(ada, BTC, SELL, position.quantity - Decimal("0.05"))
    world.pass_time()
    await world.look(ada)
    [finding] = await world.findings(ada)
    await world.truth.writing_off.book(ada, finding.id, finding.version)
    await world.settle()
    assert (await world.look(ada)).matches
    world.exchange.trade(ada, BTC, SELL, Decimal("0.05"))
    world.pass_time()
    await world.look(ada)
    [finding] = await world.findings(ada)
    assert (finding.kind, finding.quantity) == (FindingKind.MISSING, Decimal("0.05"))
    assert await world.state(ada) == "paused"


async def test_a_foreign_position_elsewhere_only_makes_a_receipt(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    world.exchange.trade(ada, ETH, BUY, Decimal(2))
    await world.look(ada)
    [finding] = await world.findings(ada)
    assert (finding.kind, finding.symbol, finding.side) == (FindingKind.POSITION, ETH, "long")
    assert (finding.quantity, finding.price) == (Decimal(2), Decimal(3_000))
    assert await world.state(ada) == "ready"
    assert world.count(NoticeKind.RECEIPT) == 1


async def test_foreign_orders_are_told_of_and_left_alone(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    for price in ("2000", "2100", "2200"):
        world.exchange.order_by_hand(ada, ETH, BUY, "1", price)
        await world.look(ada)
    assert [one.kind for one in await world.findings(ada)] == [FindingKind.ORDER] * 3
    assert world.count(NoticeKind.RECEIPT) == 1  # they come and go: at most once an hour
    assert world.exchange.cancelled == []
    world.exchange.account(ada).orders.clear()
    await world.look(ada)
    assert await world.findings(ada) == []


async def test_an_order_that_was_left_alone_may_be_filled_in_part(spot: LiveWorld):
    ada = await spot.user()
    await spot.connect(ada)
    order = spot.exchange.order_by_hand(ada, ETH, SELL, "2", "4000")
    await spot.look(ada)
    [finding] = await spot.findings(ada)
    await spot.truth.adopting.ignore(ada, finding.id, finding.version)
    orders = spot.exchange.account(ada).orders
    orders[order.venue_id] = replace(order, filled=Decimal("0.5"))
    await spot.look(ada)
    assert await spot.findings(ada) == []
    orders[order.venue_id] = replace(order, quantity=Decimal(3))
    await spot.look(ada)
    assert [one.quantity for one in await spot.findings(ada)] == [Decimal(3)]


async def test_a_fill_is_of_the_order_in_its_symbol(world: LiveWorld):
    """Some exchanges count orders anew for each symbol."""
    ada = await world.user()
    await world.connect(ada)
    await world.held(ada)
    first = world.orders[0]
    memory, name = world.memory, first.venue_id or "17"
    same = replace(first, id=0, key="other", symbol=ETH, venue_id=name, position_id=None)
    other = await memory.orders.add(same)
    catching = CatchingUp(memory, world.exchange, world.clock, None, None)  # type: ignore[arg-type]
    [told] = [one for one in world.exchange.account(ada).fills if one.fill.symbol == BTC]
    unnamed = VenueFill(replace(told.fill, client_id=""), name)
    assert other is not None
    mine = await catching.intent_of(ada, unnamed)
    assert mine is not None and mine.id == first.id
    elsewhere = VenueFill(replace(unnamed.fill, symbol=ETH), name)
    theirs = await catching.intent_of(ada, elsewhere)
    assert theirs is not None and theirs.id == other.id


@pytest.mark.parametrize(
    ("quantity", "found"), [("0.00005", 0), ("0.0001", 1)], ids=["dust", "more"]
)
async def test_dust_is_nothing(world: LiveWorld, quantity: str, found: int):
    ada = await world.user()
    await world.connect(ada)
    world.exchange.trade(ada, BTC, BUY, Decimal(quantity))
    await world.look(ada)
    assert len(await world.findings(ada)) == found


async def test_what_moves_has_to_differ_twice(world: LiveWorld):
    """An order on its way: the exchange has its fill, and we do not know of it yet."""
    ada = await world.user()
    await world.connect(ada)
    proposal = await world.propose(await world.live(ada))
    world.exchange.broker.script.append("open")
    await world.approve(proposal)
    [entry] = world.orders
    world.exchange._hold(world.exchange.account(ada), BTC, entry.quantity, Decimal(60_000))
    await world.look(ada)
    assert await world.findings(ada) == []
    await world.look(ada)
    assert len(await world.findings(ada)) == 1


async def test_a_symbol_that_is_not_offered_any_more_does_not_hide_the_account(
    world: LiveWorld, caplog: pytest.LogCaptureFixture
):
    """The exchange has closed it by then; nothing of it can be asked for."""
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    proposal = await world.propose(await world.live(ada, symbols=(ETH,)), ETH_LEVELS, symbol=ETH)
    await world.approve(proposal)
    await world.settle()
    world.exchange.trade(ada, BTC, SELL, position.quantity)
    world.pass_time()
    left = tuple(one for one in world.market.instruments if one.symbol != BTC)
    world.market.instruments, world.market._universe = left, Universe(left)
    world.pass_time()
    paid = FundingPaid("f1", ETH, Decimal(-1), world.clock.now())
    world.exchange.account(ada).funding.append(paid)
    world.clock.advance(700)
    await world.look(ada)
    assert "no market called 'BTC/USDT'" in caplog.text
    [finding] = await world.findings(ada)
    assert (finding.kind, finding.position_id) == (FindingKind.MISSING, position.id)
    assert world.truth.funds.free(ada) is not None
    assert await world.state(ada) == "paused"
    assert [one.funding for one in world.positions if one.symbol == ETH] == [-1]
    closure = await world.truth.writing_off.book(ada, finding.id, finding.version)
    assert (closure.traded, closure.price) == (Decimal(0), Decimal(60_000))
    await world.settle()
    assert (await world.position(position.id)).state is PositionState.CLOSED
    world.pass_time()
    await world.look(ada)
    assert await world.state(ada) == "ready"


async def test_a_fill_between_the_questions_is_no_difference(world: LiveWorld):
    """It comes after the exchange told its positions and before it told its fills."""
    ada = await world.user()
    await world.connect(ada)
    proposal = await world.propose(await world.live(ada))
    world.exchange.broker.script.append("open")
    await world.approve(proposal)
    [entry] = world.orders
    once = [lambda: world.exchange.broker.fill(entry)]

    def before() -> None:
        if once:
            once.pop()()

    world.exchange.before_fills = before
    receipt = await world.look(ada)
    assert not once
    assert receipt.fills == 1
    assert receipt.matches
    assert await world.state(ada) == "ready"


async def test_positions_that_lag_behind_fills_are_no_difference(world: LiveWorld):
    """The close is filled and booked; the exchange lists the position a moment longer."""
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    await world.desk.hands.close(ada, position.id)
    await world.settle()
    account = world.exchange.account(ada)
    account.positions[BTC] = (position.quantity, Decimal(60_000))
    await world.look(ada)
    assert await world.findings(ada) == []
    account.positions[BTC] = (Decimal(0), Decimal(60_000))
    assert (await world.look(ada)).matches


async def test_one_fill_that_can_not_be_booked_does_not_end_the_look(
    world: LiveWorld, caplog: pytest.LogCaptureFixture
):
    ada = await world.user()
    await world.connect(ada)
    await world.held(ada)
    account = world.exchange.account(ada)
    odd = replace(account.fills[0].fill, trade_id="odd")
    account.fills.append(replace(account.fills[0], fill=odd))
    intent = world.orders[0]
    world.database.table("orders").put(intent.id, replace(intent, proposal_id=999))
    receipt = await world.look(ada)
    assert receipt.positions == 1
    assert "can't be booked" in caplog.text


# --- spot -----------------------------------------------------------------------------------------


async def test_coins_of_before_are_the_owners_own(spot: LiveWorld):
    ada = await spot.user()
    await spot.connect(ada, {"BTC": "1.5", "DOGE": "1000"})
    position = await spot.held(ada)
    receipt = await spot.look(ada)
    assert receipt.matches
    assert receipt.positions == 1
    assert spot.exchange.account(ada).coins["BTC"] == position.quantity + Decimal("1.5")


async def test_a_deposit_is_a_receipt(spot: LiveWorld):
    ada = await spot.user()
    await spot.connect(ada)
    spot.exchange.account(ada).coins["ETH"] = Decimal("0.75")
    await spot.look(ada)
    [finding] = await spot.findings(ada)
    assert (finding.kind, finding.symbol) == (FindingKind.HOLDING, ETH)
    assert finding.quantity == Decimal("0.75")
    assert await spot.state(ada) == "ready"


async def test_own_coins_may_go(spot: LiveWorld):
    """There is enough for what we hold: the baseline falls, and nobody is asked."""
    ada = await spot.user()
    await spot.connect(ada, {"BTC": "2"})
    position = await spot.held(ada)
    spot.exchange.account(ada).coins["BTC"] -= Decimal("0.5")
    await spot.look(ada)
    assert await spot.findings(ada) == []
    assert (await spot.connection(ada)).baseline["BTC"] == Decimal("1.5")
    assert (await spot.look(ada)).matches
    assert (await spot.position(position.id)).quantity == position.quantity


async def test_coins_sold_by_hand_beside_own_ones_are_asked_about(spot: LiveWorld):
    ada = await spot.user()
    await spot.connect(ada, {"BTC": "2"})
    position = await spot.held(ada)
    spot.exchange.trade(ada, BTC, SELL, position.quantity)
    spot.pass_time()
    await spot.look(ada)
    [finding] = await spot.findings(ada)
    assert (finding.kind, finding.quantity) == (FindingKind.MISSING, position.quantity)
    assert await spot.state(ada) == "paused"


async def test_a_sale_by_hand_against_another_dollar_is_asked_about_as_well():
    usdc = instrument("BTC/USDC", kind=InstrumentKind.SPOT)
    world = LiveWorld(instruments=(*instruments(InstrumentKind.SPOT), usdc))
    await world.start()
    world.market.tick("60000", "BTC/USDC")
    ada = await world.user()
    await world.connect(ada, {"BTC": "2"})
    first = await world.held(ada)
    other = await world.live(ada, symbols=("BTC/USDC",))
    proposal = await world.propose(other, symbol="BTC/USDC")
    await world.approve(proposal)
    world.pass_time()
    world.exchange.trade(ada, BTC, SELL, first.quantity)
    world.pass_time()
    await world.look(ada)
    assert [one.kind for one in await world.findings(ada)] == [FindingKind.MISSING]
    assert await world.state(ada) == "paused"


@pytest.mark.parametrize("trades", [True, False], ids=["trading in euros", "not"])
async def test_what_is_traded_with_is_no_find(trades: bool):
    """Euros come and go with the trades of a strategy in euros."""
    pairs = tuple(instrument(one, kind=InstrumentKind.SPOT) for one in ("BTC/EUR", "EUR/USDT"))
    world = LiveWorld(instruments=(*instruments(InstrumentKind.SPOT), *pairs))
    await world.start()
    world.market.tick("1.1", "EUR/USDT")
    ada = await world.user()
    await world.connect(ada, {"EUR": "1000"})
    await world.live(ada, symbols=("BTC/EUR",) if trades else (BTC,))
    world.exchange.account(ada).coins["EUR"] += 500
    await world.look(ada)
    assert [one.symbol for one in await world.findings(ada)] == ([] if trades else ["EUR/USDT"])


async def test_more_than_own_coins_went(spot: LiveWorld):
    ada = await spot.user()
    await spot.connect(ada, {"BTC": "0.001"})
    position = await spot.held(ada)
    spot.exchange.account(ada).coins["BTC"] = position.quantity - Decimal("0.002")
    await spot.look(ada)
    [finding] = await spot.findings(ada)
    assert (finding.kind, finding.quantity) == (FindingKind.MISSING, Decimal("0.002"))


# --- accounts that can't be asked -----------------------------------------------------------------


async def test_a_broken_account_does_not_hold_up_others(world: LiveWorld):
    ada, bob = await world.user(), await world.user("Bob")
    for owner in (ada, bob):
        await world.connect(owner)
    world.exchange.away[ada] = BrokerAway()
    world.exchange.trade(bob, ETH, BUY, Decimal(1))
    await world.desk.reconcile()
    assert len(await world.findings(bob)) == 1
    assert await world.state(ada) == "ready"


async def test_a_hanging_account_is_asked_once_and_left_to_itself(world: LiveWorld):
    ada, bob = await world.user(), await world.user("Bob")
    for owner in (ada, bob):
        await world.connect(owner)
    world.exchange.hung[ada] = asyncio.Event()
    world.truth.reconciliation._patience = 0
    world.exchange.asked.clear()
    for _ in range(3):
        await world.desk.reconcile()
        await asyncio.wait(world.truth.reconciliation._looks.under_way([bob]))
    assert world.exchange.asked.count(ada) == 1
    assert world.exchange.asked.count(bob) >= 3
    world.exchange.hung.pop(ada).set()
    await world.truth.reconciliation.idle()


async def test_after_a_break_it_looks_at_once(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    world.exchange.away[ada] = BrokerAway()
    world.exchange.trade(ada, ETH, BUY, Decimal(1))
    await world.desk.reconcile()
    assert await world.findings(ada) == []
    world.exchange.come_back(ada)
    await world.truth.reconciliation.idle()
    assert len(await world.findings(ada)) == 1


async def test_an_account_that_did_not_answer_at_the_start_is_asked_again_in_seconds(
    world: LiveWorld,
):
    """Nothing rests there whose stream would tell that it is back."""
    ada = await world.user()
    await world.connect(ada)
    world.exchange.away[ada] = BrokerAway()
    await world.restart()
    world.exchange.asked.clear()
    waits = []
    for second in range(60):
        world.clock.wait(1)
        await world.desk.every_second()
        await world.truth.reconciliation.idle()
        if world.exchange.asked:
            waits.append(second + 1)
            world.exchange.asked.clear()
    assert waits == [2, 7, 17, 37]
    assert world.truth.funds.free(ada) is None
    world.exchange.away.clear()
    world.clock.wait(40)
    await world.desk.every_second()
    await world.truth.reconciliation.idle()
    assert world.truth.funds.free(ada) == 10_000
    world.exchange.asked.clear()
    world.clock.wait(3600)
    await world.desk.every_second()
    await world.truth.reconciliation.idle()
    assert world.exchange.asked == []


async def test_an_exchange_that_asks_to_wait_is_left_alone_that_long(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    world.exchange.away[ada] = BrokerBusy(retry_after=90)
    await world.desk.reconcile()
    world.exchange.asked.clear()
    for seconds, asked in ((89, 0), (1, 1)):
        world.clock.wait(seconds)
        await world.desk.every_second()
        await world.truth.reconciliation.idle()
        assert len(world.exchange.asked) == asked


async def test_a_slow_account_does_not_hold_up_one_that_is_back(world: LiveWorld):
    ada, bob = await world.user(), await world.user("Bob")
    for owner in (ada, bob):
        await world.connect(owner)
    world.exchange.hung[ada] = asyncio.Event()
    world.exchange.asked.clear()
    looks = world.truth.reconciliation
    looks.soon(ada)
    for _ in range(20):
        await asyncio.sleep(0)
    assert world.exchange.asked == [ada]
    world.exchange.come_back(bob)
    await asyncio.wait(looks._looks.under_way([bob]))
    assert bob in world.exchange.asked
    world.exchange.come_back(ada)  # the look under way may have begun before that
    world.exchange.hung.pop(ada).set()
    await looks.idle()
    assert world.exchange.asked.count(ada) == 2


async def test_an_account_that_can_not_be_understood_is_told_as_well(
    world: LiveWorld, caplog: pytest.LogCaptureFixture
):
    ada = await world.user()
    await world.connect(ada)
    await world.held(ada)
    world.exchange.away[ada] = ArithmeticError("no number")
    for _ in range(8):
        await world.desk.reconcile()
        world.clock.wait(60)
    assert [one["state"] for one in world.told(NoticeKind.ACCOUNT)] == ["away"]
    assert any(one.exc_info for one in caplog.records if "was not seen" in one.message)


async def test_a_refused_key_is_told_once_and_asked_no_more(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    world.exchange.away[ada] = KeyRefused("API-key format invalid.")
    for _ in range(3):
        await world.desk.reconcile()
    assert await world.state(ada) == "refused"
    assert world.count(NoticeKind.ACCOUNT) == 1
    world.exchange.asked.clear()
    await world.desk.reconcile()
    assert world.exchange.asked == []
    assert world.truth.reconciliation.health() == ("accounts", False, "1 connected, 1 refused")


async def test_a_long_silence_is_told_once_to_those_with_open_trades(world: LiveWorld):
    ada, bob = await world.user(), await world.user("Bob")
    for owner in (ada, bob):
        await world.connect(owner)
    await world.held(ada)
    for owner in (ada, bob):
        world.exchange.away[owner] = BrokerAway()
    for _ in range(8):
        await world.desk.reconcile()
        world.clock.wait(60)
    [told] = world.told(NoticeKind.ACCOUNT)
    assert told["state"] == "away"
    assert "5 minutes" in told["summary"]
    assert "1 trade may not be closed" in told["summary"]
    world.exchange.come_back(ada)
    await world.truth.reconciliation.idle()
    assert [facts["state"] for facts in world.told(NoticeKind.ACCOUNT)] == ["away", "back"]


async def test_an_entry_that_a_killed_process_left_is_sent_after_the_look(world: LiveWorld):
    """Funds are known again before the limits are asked about it."""
    ada = await world.user()
    await world.connect(ada)
    proposal = await world.propose(await world.live(ada))
    world.dies_at_next = "approval.ordered"
    with pytest.raises(Killed):
        await world.approve(proposal)
    await world.kill()
    await world.start()
    [position] = world.positions
    assert position.quantity == proposal.plan.quantity


async def test_positions_of_before_are_the_owners_own(world: LiveWorld):
    ada = await world.user()
    world.exchange.trade(ada, ETH, SELL, Decimal(3))
    await world.connect(ada, {ETH: "-3"})
    assert (await world.look(ada)).matches
    world.exchange.trade(ada, ETH, SELL, Decimal(1))
    world.pass_time()
    assert [one.quantity for one in (await world.look(ada)).findings] == [4]


async def test_coins_that_are_margin_are_nobodys_find(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    world.exchange.account(ada).coins.update({"BTC": Decimal(1), "USDC": Decimal(500)})
    assert (await world.look(ada)).matches


async def test_nobody_connected_nobody_asked(world: LiveWorld):
    ada = await world.user()
    await world.desk.reconcile()
    assert await world.truth.reconciliation.look(ada) is None
    assert world.exchange.asked == []
    assert world.truth.reconciliation.health() == ("accounts", True, "none connected")


async def test_a_stop_that_vanished_is_noticed(world: LiveWorld):
    """Our book has it at rest, the exchange does not list it any more."""
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    [stop] = [one for one in world.guards(position) if one.kind is OrderKind.STOP]
    world.exchange.broker.drop(stop)
    receipt = await world.look(ada)
    assert receipt.stops == 0
    assert (await world.memory.orders.get(stop.id)).state is OrderState.CANCELLED
    again = [one for one in world.guards(position) if one.state is OrderState.OPEN]
    assert OrderKind.STOP in [one.kind for one in again]
    assert (await world.look(ada)).stops == 1


# --- dying in the middle --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "point", ["fill.booking", "fill.accounting", "fill.telling", "fill.booked", "look.seen"]
)
async def test_killed_while_catching_up_all_is_settled_once(point: str):
    world = await live_world()
    ada = await world.user()
    await world.connect(ada)
    proposal = await world.propose(await world.live(ada))
    world.exchange.broker.script.append("open")
    await world.approve(proposal)
    [entry] = world.orders
    await world.kill()
    world.exchange.broker.fill(entry)
    world.dies_at_next = point
    with contextlib.suppress(Killed):
        await world.start()
    await world.kill()
    world.pass_time()
    await world.start()
    assert not world.dies_at_next
    assert (await world.look(ada)).matches
    [position] = world.positions
    assert position.quantity == entry.quantity
    assert world.count(NoticeKind.FILLED) == 1
    assert len(world.fills) == 1
    [stop] = [one for one in world.guards(position) if one.kind is OrderKind.STOP]
    assert stop.state is OrderState.OPEN


# --- whatever others do there ---------------------------------------------------------------------

HANDS = st.one_of(
    st.tuples(
        st.sampled_from(["trade"]),
        st.sampled_from([BTC, ETH, "SOL/USDT"]),
        st.sampled_from([BUY, SELL]),
        st.sampled_from(["0.001", "0.05", "1", "3"]),
    ),
    st.tuples(st.sampled_from(["order"]), st.sampled_from([BTC, ETH]), st.just(BUY), st.just("1")),
    st.tuples(
        st.sampled_from(["deposit"]), st.sampled_from([BTC, ETH]), st.just(BUY), st.just("2")
    ),
    st.tuples(
        st.sampled_from(["cancel", "look", "restart"]), st.just(BTC), st.just(BUY), st.just("1")
    ),
)


@given(st.sampled_from(list(InstrumentKind)), st.lists(HANDS, max_size=8))
@settings(max_examples=40, deadline=None)
def test_nothing_of_others_is_touched_without_a_tap(kind, hands):
    asyncio.run(_whatever_they_do(kind, hands))


async def _whatever_they_do(kind, hands):
    world = await live_world(kind)
    ada = await world.user()
    await world.connect(ada, {"ETH": "5"})
    position = await world.held(ada)
    for hand in hands:
        await _do(world, ada, *hand)
        await world.look(ada)
    await world.look(ada)
    assert world.exchange.cancelled == []
    ours = {order.client_id for order in world.orders if order.position_id == position.id}
    ours |= {order.client_id for order in world.orders if order.purpose is OrderPurpose.ENTRY}
    assert {intent.client_id for intent in world.exchange.sent} <= ours
    assert not [one for one in world.exchange.sent[1:] if not one.rests]  # but the entry itself
    assert len(world.positions) == 1
    assert (await world.position(position.id)).quantity == position.quantity


async def _do(world: LiveWorld, ada: int, what: str, symbol: str, side: OrderSide, size: str):
    exchange, account = world.exchange, world.exchange.account(ada)
    if what == "trade":
        with contextlib.suppress(OrderRejected):  # coins that are not there can't be sold
            exchange.trade(ada, symbol, side, Decimal(size))
    elif what == "order":
        exchange.order_by_hand(ada, symbol, side, size, "1000")
    elif what == "deposit":
        coin = symbol.partition("/")[0]
        account.coins[coin] = account.coins.get(coin, Decimal(0)) + Decimal(size)
    elif what == "cancel":
        theirs = [one for one in account.orders.values() if not one.ours]
        for order in theirs[:1]:
            del account.orders[order.venue_id]
    elif what == "restart":
        await world.restart()
    world.pass_time()
