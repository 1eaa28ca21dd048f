"""What an owner's tap does about what nobody here knew: taken over, closed, left alone, booked."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.errors import AskUser, BrokerAway, Moved
from agents.domain.market import InstrumentKind
from agents.domain.order import OrderKind, OrderSide, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.proposal import ProposalState
from agents.domain.strategy import Mode, RunKind, StrategyState
from agents.domain.user import NoticeKind
from agents.domain.venue import Finding, FindingKind, FindingState
from agents.execution.booking.reconciling import differences
from agents.execution.leaving.hands import HandVerdict
from agents.execution.venues.writing_off import REASON
from agents.signals.settings import standing
from tests.support.live import BTC, ETH, LiveWorld, live_world
from tests.support.memory import Killed

BUY, SELL = OrderSide.BUY, OrderSide.SELL
D = Decimal


async def _found(kind: InstrumentKind = InstrumentKind.LINEAR, quantity: str = "2", side=BUY):
    """A world in which Ada traded ETH by hand, with what was found of it."""
    world = await live_world(kind)
    ada = await world.user()
    await world.connect(ada)
    world.exchange.trade(ada, ETH, side, D(quantity))
    world.pass_time()
    await world.look(ada)
    [finding] = await world.findings(ada)
    return world, ada, finding


async def _missing(part: str | None = None, kind: InstrumentKind = InstrumentKind.LINEAR):
    """A world in which Ada closed a position, or a part of it, by hand at 61,000."""
    world = await live_world(kind)
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    world.market.tick("61000")
    quantity = D(part) if part else position.quantity
    world.exchange.trade(ada, BTC, SELL, quantity)
    world.pass_time()
    await world.look(ada)
    [finding] = await world.findings(ada)
    return world, ada, position, finding


async def _exact(world: LiveWorld, ada: int) -> list[str]:
    """What the books of all accounts don't explain by their fills."""
    steps = {item.symbol: item for item in world.instruments}
    found = []
    for account in await world.memory.accounts.of(ada):
        found += await differences(world.memory, account, steps)
    return found


# --- adopting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "stop"), [(BUY, "2900"), (SELL, "3100")], ids=["long", "short"])
async def test_an_adopted_position_is_a_trade_with_a_stop(side: OrderSide, stop: str):
    world, ada, finding = await _found(side=side)
    position, offer = await world.truth.adopting.adopt(ada, finding.id, finding.version, D(stop))
    await world.settle()
    assert offer.entry_known
    assert (position.symbol, position.quantity, position.entry_price) == (ETH, 2, 3_000)
    assert (position.mode, position.stop) == (Mode.LIVE, D(stop))
    strategy = await world.memory.strategies.get(ada, position.strategy_id)
    assert (strategy.name, strategy.run) == ("Adopted ETH/USDT", RunKind.ON_SIGNAL)
    assert (strategy.mode, strategy.state) == (Mode.LIVE, StrategyState.PAUSED)
    proposal = await world.memory.proposals.by_id(position.proposal_id)
    assert proposal.state is ProposalState.FILLED
    assert (await world.memory.decisions.get(ada, proposal.decision_id)).symbol == ETH
    assert await _exact(world, ada) == []
    [guard] = world.guards(position)
    assert (guard.kind, guard.price, guard.state) == (OrderKind.STOP, D(stop), OrderState.OPEN)
    receipt = await world.look(ada)
    assert receipt.matches
    assert (receipt.positions, receipt.stops) == (1, 1)
    assert await standing(world.memory, ada) is None  # signals don't go to it


async def test_an_adopted_holding_counts_from_the_price_of_now():
    world, ada, finding = await _found(InstrumentKind.SPOT)
    world.market.tick("3300", ETH)
    position, offer = await world.truth.adopting.adopt(ada, finding.id, finding.version, D(3200))
    assert not offer.entry_known
    assert position.entry_price == 3_300
    await world.settle()
    assert (await world.look(ada)).matches
    account = await world.memory.accounts.get(position.account_id)
    assert account.start == 6_600


@pytest.mark.parametrize("stop", ["3000", "3001", "0", "-5", "NaN"])
async def test_a_stop_that_protects_nothing_is_refused(stop: str):
    world, ada, finding = await _found()
    with pytest.raises(AskUser):
        await world.truth.adopting.adopt(ada, finding.id, finding.version, D(stop))
    assert world.positions == []
    assert [one.state for one in await world.findings(ada)] == [FindingState.OPEN]


async def test_two_taps_adopt_once():
    world, ada, finding = await _found()
    taps = [world.truth.adopting.adopt(ada, finding.id, finding.version, D(2900)) for _ in range(2)]
    done = await asyncio.gather(*taps, return_exceptions=True)
    assert sorted(isinstance(one, Moved) for one in done) == [False, True]
    assert len(world.positions) == 1


async def test_looks_and_taps_at_once_leave_no_false_finding():
    world, ada, finding = await _found()
    adopting = world.truth.adopting
    await asyncio.gather(
        adopting.adopt(ada, finding.id, finding.version, D(2900)),
        *(world.truth.reconciliation.look(ada) for _ in range(3)),
    )
    states = [one.state for one in await world.findings(ada, *FindingState)]
    assert states == [FindingState.ADOPTED]
    assert world.count(NoticeKind.RECEIPT) == 1


async def test_what_changed_since_is_not_adopted():
    world, ada, finding = await _found()
    world.exchange.trade(ada, ETH, BUY, D(1))
    world.pass_time()
    with pytest.raises(Moved):
        await world.truth.adopting.adopt(ada, finding.id, finding.version, D(2900))
    [again] = await world.findings(ada)
    assert (again.quantity, again.version) == (3, finding.version + 1)
    assert world.positions == []


async def test_what_is_gone_is_not_adopted():
    world, ada, finding = await _found()
    world.exchange.trade(ada, ETH, SELL, D(2))
    with pytest.raises(Moved):
        await world.truth.adopting.adopt(ada, finding.id, finding.version, D(2900))
    assert world.positions == []


async def test_nothing_is_adopted_of_an_exchange_that_is_away():
    world, ada, finding = await _found()
    world.exchange.away[ada] = BrokerAway()
    with pytest.raises(BrokerAway):
        await world.truth.adopting.adopt(ada, finding.id, finding.version, D(2900))
    assert world.positions == []


async def test_another_owners_finding_is_not_found():
    world, _, finding = await _found()
    bob = await world.user("Bob")
    await world.connect(bob)
    with pytest.raises(AskUser):
        await world.truth.adopting.adopt(bob, finding.id, finding.version, D(2900))


async def test_a_surplus_in_a_symbol_of_ours_is_adopted_beside_it():
    world = await live_world()
    ada = await world.user()
    await world.connect(ada)
    ours = await world.held(ada)
    world.exchange.trade(ada, BTC, BUY, D("0.5"))
    world.pass_time()
    await world.look(ada)
    assert await world.state(ada) == "paused"
    [finding] = await world.findings(ada)
    assert finding.quantity == D("0.5")
    position, _ = await world.truth.adopting.adopt(ada, finding.id, finding.version, D(59_000))
    await world.look(ada)
    assert await world.state(ada) == "ready"
    assert position.quantity == D("0.5")
    assert (await world.position(ours.id)).quantity == ours.quantity


async def test_what_was_turned_around_is_adopted_beside_what_is_missing():
    """The trade of the other side is gone all the same, and is booked afterwards."""
    world, ada, position, _ = await _missing()
    world.exchange.trade(ada, BTC, SELL, D("0.5"))
    world.pass_time()
    await world.look(ada)
    found = {one.kind: one for one in await world.findings(ada)}
    other, gone = found[FindingKind.POSITION], found[FindingKind.MISSING]
    adopted, _ = await world.truth.adopting.adopt(ada, other.id, other.version, D(62_000))
    await world.look(ada)
    [left] = await world.findings(ada)
    assert (left.id, left.version, left.quantity) == (gone.id, gone.version, position.quantity)
    assert await world.state(ada) == "paused"
    await _booked(world, ada, position, left)
    assert (await world.look(ada)).matches
    assert await world.state(ada) == "ready"
    assert (await world.position(adopted.id)).quantity == D("0.5")
    assert await _exact(world, ada) == []


async def test_killed_while_adopting_nothing_or_all_is_there():
    world, ada, finding = await _found()
    world.dies_at_next = "adopt.done"
    with pytest.raises(Killed):
        await world.truth.adopting.adopt(ada, finding.id, finding.version, D(2900))
    await world.kill()
    await world.start()
    await world.settle()
    [position] = world.positions
    assert [guard.state for guard in world.guards(position)] == [OrderState.OPEN]
    assert (await world.look(ada)).matches


# --- closing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(InstrumentKind))
async def test_closing_takes_over_and_closes_at_the_market(kind: InstrumentKind):
    world, ada, finding = await _found(kind)
    outcome = await world.truth.adopting.close(ada, finding.id, finding.version)
    await world.settle()
    assert outcome.verdict is HandVerdict.SENT
    [position] = world.positions
    assert position.state is PositionState.CLOSED
    [sent] = [order for order in world.exchange.sent if not order.rests]
    assert (sent.side, sent.quantity) == (SELL, 2)
    world.pass_time()
    assert (await world.look(ada)).matches
    assert await _exact(world, ada) == []


async def test_a_close_that_is_refused_leaves_a_trade_with_a_stop():
    world, ada, finding = await _found()
    world.exchange.broker.script.append("reject")
    outcome = await world.truth.adopting.close(ada, finding.id, finding.version)
    await world.settle()
    assert outcome.verdict is HandVerdict.REFUSED
    [position] = world.positions
    assert position.stop == 2_850
    assert OrderState.OPEN in [guard.state for guard in world.guards(position)]


async def test_a_foreign_order_is_cancelled_by_a_tap():
    world = await live_world()
    ada = await world.user()
    await world.connect(ada)
    order = world.exchange.order_by_hand(ada, ETH, BUY, "1", "2000")
    await world.look(ada)
    [finding] = await world.findings(ada)
    await world.truth.adopting.cancel_order(ada, finding.id, finding.version)
    assert world.exchange.cancelled == [order]
    assert (await world.look(ada)).matches


# --- ignoring -------------------------------------------------------------------------------------


async def test_an_ignored_position_is_asked_about_when_its_size_changes():
    world, ada, finding = await _found()
    await world.truth.adopting.ignore(ada, finding.id, finding.version)
    for _ in range(3):
        assert (await world.look(ada)).matches
    assert world.count(NoticeKind.RECEIPT) == 1
    world.exchange.trade(ada, ETH, BUY, D(1))
    world.pass_time()
    [again] = (await world.look(ada)).findings
    assert again.quantity == 3


async def test_trading_beside_an_ignored_position_is_no_difference():
    world = await live_world()
    ada = await world.user()
    await world.connect(ada)
    world.exchange.trade(ada, BTC, BUY, D(1))
    world.exchange.account(ada).leverage[BTC] = 5
    await world.look(ada)
    [finding] = await world.findings(ada)
    await world.truth.adopting.ignore(ada, finding.id, finding.version)
    await world.held(ada)
    assert (await world.look(ada)).matches
    assert await world.state(ada) == "ready"


@pytest.mark.parametrize("told", ["found", "ignored", "there before"])
@pytest.mark.parametrize(
    ("side", "leverage", "words"),
    [
        (SELL, 5, "a position of your own is short there, and the exchange keeps one position in"),
        (BUY, 3, "a position of your own in BTC/USDT has 3x, this one 5x; the exchange keeps one"),
    ],
    ids=["opposite", "of other leverage"],
)
async def test_nothing_is_traded_against_a_position_by_hand(
    told: str, side: OrderSide, leverage: int, words: str
):
    """The exchange would net the two, refuse the stop, or change what nobody here knows."""
    world = await live_world()
    ada = await world.user()
    before = {BTC: "1" if side is BUY else "-1"} if told == "there before" else {}
    world.exchange.account(ada).leverage[BTC] = leverage
    if before:
        world.exchange.trade(ada, BTC, side, D(1))
    await world.connect(ada, before)
    strategy = await world.live(ada)
    waiting = await world.propose(strategy) if not before else None
    if not before:
        world.exchange.trade(ada, BTC, side, D(1))
        await world.look(ada)
    for finding in await world.findings(ada):
        if told == "ignored":
            await world.truth.adopting.ignore(ada, finding.id, finding.version)
            await world.look(ada)
    assert await world.state(ada) == "ready"
    assert words in str(await world.try_to_propose(await world.live(ada)))
    if waiting is not None:
        outcome = await world.approve(waiting)
        assert (outcome.rule, world.orders) == ("one way", [])


async def test_ignored_coins_are_the_owners_own():
    world, ada, finding = await _found(InstrumentKind.SPOT)
    await world.truth.adopting.ignore(ada, finding.id, finding.version)
    assert (await world.look(ada)).matches
    assert (await world.connection(ada)).baseline["ETH"] == 2
    world.exchange.account(ada).coins["ETH"] += 2  # as many again are news
    assert [one.quantity for one in (await world.look(ada)).findings] == [2]


async def test_what_is_missing_stays_a_reason_to_pause_when_ignored():
    world, ada, _, finding = await _missing()
    await world.truth.adopting.ignore(ada, finding.id, finding.version)
    await world.look(ada)
    assert await world.state(ada) == "paused"


async def test_ignored_sales_beside_own_coins_were_own_coins():
    world = await live_world(InstrumentKind.SPOT)
    ada = await world.user()
    await world.connect(ada, {"BTC": "2"})
    position = await world.held(ada)
    world.exchange.trade(ada, BTC, SELL, position.quantity)
    world.pass_time()
    await world.look(ada)
    [finding] = await world.findings(ada)
    await world.truth.adopting.ignore(ada, finding.id, finding.version)
    await world.look(ada)
    assert await world.state(ada) == "ready"
    assert (await world.position(position.id)).state is PositionState.OPEN
    assert (await world.connection(ada)).baseline["BTC"] == 2 - position.quantity


# --- booking what was closed there ----------------------------------------------------------------


async def _booked(world: LiveWorld, ada: int, position: Position, finding: Finding) -> Position:
    await world.truth.writing_off.book(ada, finding.id, finding.version)
    await world.settle()
    return await world.position(position.id)


async def test_the_trade_that_closed_it_is_found_and_booked():
    world, ada, position, finding = await _missing()
    world.market.tick("65000")  # the price of now is not what counts
    [trade] = [one.fill for one in world.exchange.account(ada).fills if not one.fill.client_id]
    closure = await world.truth.writing_off.closure(ada, finding.id, finding.version)
    assert (closure.traded, closure.price) == (position.quantity, 61_000)
    sent = len(world.exchange.sent)
    after = await _booked(world, ada, position, finding)
    assert (after.state, after.exit_price) == (PositionState.CLOSED, Decimal(61_000))
    assert (after.closed_at, after.exit_reason) == (trade.at, REASON)
    assert after.fees == position.fees + trade.fee
    assert world.count(NoticeKind.CLOSED) == 1
    assert await _exact(world, ada) == []
    assert len(world.exchange.sent) == sent
    world.pass_time()
    await world.look(ada)
    assert await world.state(ada) == "ready"
    assert (await world.look(ada)).matches
    assert (await world.memory.findings.get(ada, finding.id)).state is FindingState.CLOSED


async def test_what_no_trade_explains_is_booked_at_the_last_price():
    world, ada, position, finding = await _missing()
    world.exchange.account(ada).fills.clear()
    world.market.tick("60500")
    after = await _booked(world, ada, position, finding)
    assert (after.state, after.exit_price) == (PositionState.CLOSED, Decimal(60_500))


async def test_a_part_is_booked_and_the_rest_keeps_its_stop():
    world, ada, position, finding = await _missing("0.01")
    after = await _booked(world, ada, position, finding)
    assert after.state is PositionState.OPEN
    assert after.quantity == position.quantity - D("0.01")
    [stop] = [
        one
        for one in world.guards(position)
        if one.kind is OrderKind.STOP and one.state is OrderState.OPEN
    ]
    assert stop.quantity == after.quantity
    world.pass_time()
    assert (await world.look(ada)).matches
    assert await world.state(ada) == "ready"
    assert await _exact(world, ada) == []


async def test_two_parts_use_two_trades():
    world, ada, position, finding = await _missing("0.01")
    await _booked(world, ada, position, finding)
    world.market.tick("62000")
    world.exchange.trade(ada, BTC, SELL, D("0.02"))
    world.pass_time()
    await world.look(ada)
    [second] = await world.findings(ada)
    closure = await world.truth.writing_off.closure(ada, second.id, second.version)
    assert (closure.quantity, closure.price) == (D("0.02"), 62_000)


async def test_a_trade_of_that_name_in_another_symbol_is_another():
    """Some exchanges count trades anew for each symbol."""
    world, ada, _, finding = await _missing()
    world.exchange.trade(ada, ETH, BUY, D(2))
    account = world.exchange.account(ada)
    [closing] = [one for one in account.fills if one.fill.side is SELL]
    twin = replace(account.fills[-1].fill, trade_id=closing.fill.trade_id)
    intent = replace(world.orders[0], id=0, key="twin", symbol=ETH)
    stored = await world.memory.orders.add(intent)
    assert stored is not None
    await world.memory.orders.add_fill(stored, replace(twin, client_id=stored.client_id))
    closure = await world.truth.writing_off.closure(ada, finding.id, finding.version)
    assert (closure.traded, closure.price) == (finding.quantity, 61_000)


async def test_a_share_of_a_trade_keeps_the_book_exact():
    """A third of a fee has no end; it is booked with 18 decimals, as everything is."""
    world, ada, position, finding = await _missing()
    account = world.exchange.account(ada)
    [index] = [at for at, one in enumerate(account.fills) if one.fill.side is SELL]
    larger = replace(account.fills[index].fill, quantity=position.quantity * 3, fee=D("0.1"))
    account.fills[index] = replace(account.fills[index], fill=larger)
    after = await _booked(world, ada, position, finding)
    assert after.fees - position.fees == D("0.033333333333333333")
    assert await _exact(world, ada) == []


@pytest.mark.parametrize("point", ["missing.stored", "fill.booked"])
async def test_killed_while_booking_it_is_booked_once(point: str):
    world, ada, position, finding = await _missing()
    world.dies_at_next = point
    with pytest.raises(Killed):
        await world.truth.writing_off.book(ada, finding.id, finding.version)
    await world.kill()
    world.pass_time()
    await world.start()
    await world.look(ada)
    for again in await world.findings(ada):
        await world.truth.writing_off.book(ada, again.id, again.version)
    await world.settle()
    after = await world.position(position.id)
    assert (after.state, after.exit_price) == (PositionState.CLOSED, Decimal(61_000))
    assert world.count(NoticeKind.CLOSED) == 1
    assert await _exact(world, ada) == []


async def test_two_taps_book_once():
    world, ada, position, finding = await _missing()
    booking = world.truth.writing_off
    taps = [booking.book(ada, finding.id, finding.version) for _ in range(2)]
    await asyncio.gather(*taps, return_exceptions=True)
    await world.settle()
    assert (await world.position(position.id)).state is PositionState.CLOSED
    assert world.count(NoticeKind.CLOSED) == 1
    assert await _exact(world, ada) == []


async def test_only_what_is_missing_can_be_booked():
    world, ada, finding = await _found()
    assert finding.kind is FindingKind.POSITION
    with pytest.raises(AskUser):
        await world.truth.writing_off.book(ada, finding.id, finding.version)
