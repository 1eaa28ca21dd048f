"""The limits where they are asked: at the proposal, at the tap, and before the order is sent."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.errors import MarketUnavailable
from agents.domain.order import OrderPurpose, OrderState
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.strategy import Mode, Side, Strategy, StrategyState, Window
from agents.domain.venue import ConnectionState
from agents.domain.windows import Hours
from agents.execution.bounds.limit_book import LimitBook
from agents.execution.proposals.levels import PriceLevels
from agents.execution.proposals.outcomes import Outcome, Verdict
from agents.execution.proposals.proposing import Declined
from tests.support.desk import World, levels
from tests.support.market import instrument
from tests.support.memory import InMemory, Killed
from tests.support.real_money import KnownFree, connected, hold_to, limited, real_world

D = Decimal
ETH = levels(price="3000", stop="2970", targets=(("3060", "1"),))
TWO = ("BTC/USDT", "ETH/USDT")


async def live(world: World, owner: int, **changes: Any) -> Strategy:
    return await world.strategy(owner, mode=Mode.LIVE, **changes)


async def held(world: World, strategy: Strategy, wanted: PriceLevels, symbol: str) -> None:
    """A position, filled at the price of its levels."""
    proposal = await world.propose(strategy, wanted, symbol=symbol)
    assert (await world.approve(proposal)).done
    await world.tick(wanted.price, symbol=symbol)


def refused(answer: Proposal | Declined) -> tuple[str, str]:
    assert isinstance(answer, Declined), answer
    return answer.rule, answer.reason


def told(outcome: Outcome) -> tuple[Verdict, str]:
    return outcome.verdict, outcome.rule


# --- real money is looked at together -----------------------------------------------------------


@pytest.mark.parametrize(("mode", "together"), [(Mode.PAPER, False), (Mode.LIVE, True)])
async def test_real_accounts_of_an_owner_share_their_limits(mode: Mode, together: bool) -> None:
    world = real_world(limited(open_positions=1))
    await world.start()
    owner = await connected(world)
    first = await world.strategy(owner, mode=mode)
    second = await world.strategy(owner, mode=mode, symbols=("ETH/USDT",))
    await held(world, first, levels(), "BTC/USDT")
    answer = await world.try_to_propose(second, ETH, symbol="ETH/USDT")
    assert isinstance(answer, Declined) is together
    if together:
        assert refused(answer) == (
            "open positions",
            "1 position is open or being opened; the account's limit is 1",
        )


async def test_exposure_is_measured_by_the_sum_and_risk_by_the_own_account() -> None:
    world = real_world(limited(exposure_symbol_percent=D(50), exposure_total_percent=D(51)))
    await world.start()
    owner = await connected(world)
    first = await live(world, owner, start="9000")
    second = await live(world, owner, start="1000", symbols=TWO)
    await held(world, first, levels(), "BTC/USDT")
    assert world.positions[0].quantity == D("0.08333")  # 50 % of the 10,000 of both
    await world.start()  # nothing is forgotten
    proposal = await world.propose(second, ETH, symbol="ETH/USDT")
    # 1 % of equity by 30 a coin would be 0.33333 by its own 1,000; 51 % in all leave 100.2.
    assert proposal.plan.quantity == D("0.0334")
    assert "51 % in all" in proposal.plan.notes[0]


@pytest.mark.parametrize("how", ["archived", "on paper"])
async def test_money_that_trades_no_more_widens_no_limit(how: str) -> None:
    """It is free at the exchange again, and given to the next strategy."""
    world = real_world(limited(exposure_symbol_percent=D(50)))
    await world.start()
    owner = await connected(world)
    await _let_go(world, await live(world, owner, start="1000"), how)
    proposal = await world.propose(await live(world, owner, start="1000"))
    assert proposal.plan.quantity == D("0.00833")  # 50 % of 1,000, not of 2,000


async def _let_go(world: World, strategy: Strategy, how: str) -> None:
    strategies, owner = world.memory.strategies, strategy.owner_id
    if how == "archived":
        archived = StrategyState.ARCHIVED
        assert await strategies.move(owner, strategy.id, archived, world.clock.now())
    else:
        assert await strategies.set_mode(owner, strategy.id, Mode.LIVE, Mode.PAPER)


async def test_a_loss_is_not_left_behind_with_the_strategy_that_made_it() -> None:
    """Neither that of the day nor that since the peak."""
    world = real_world(limited(daily_loss_percent=D(100), drawdown_percent=D(10)))
    await world.start()
    owner = await connected(world)
    first = await live(world, owner, start="1000")
    await world.memory.accounts.book(world.accounts[0].id, D(-100))
    await _let_go(world, first, "on paper")
    rule, reason = refused(await world.try_to_propose(await live(world, owner, start="900")))
    assert rule == "drawdown"
    assert "10 % below its peak of 1,000.00" in reason
    for account in world.accounts:  # whichever is asked for, as /limits asks for the first
        view = await world.desk.accounts.scope(account)
        assert (view.equity, view.peak) == (D(900), D(1_000))
    peaks = world.desk.bounding.book.peaks
    found = await peaks.look_at(owner, "live")
    assert found is not None and (found.now, found.anew) == (D(1_000), D(900))


@pytest.mark.parametrize(
    ("before", "lost", "after", "percent"),
    [("10000", 26, "100", "0.26"), ("10", 10, "5000", "0.2"), ("1000", 500, "500", "50")],
    ids=["less goes on", "more goes on", "the rest goes on"],
)
async def test_a_loss_of_money_let_go_counts_by_what_goes_on(
    before: str, lost: int, after: str, percent: str
) -> None:
    """A large stake that lost little is no reason to close a small one."""
    world = real_world()
    await world.start()
    owner = await connected(world)
    first = await live(world, owner, start=before)
    await world.memory.accounts.book(world.accounts[0].id, D(-lost))
    await _let_go(world, first, "archived")
    await live(world, owner, start=after)
    view = await world.desk.accounts.scope(world.accounts[-1])
    assert view.equity == D(after)
    assert round(view.drawdown_percent, 2) == D(percent)


async def test_a_loss_of_the_day_counts_by_what_goes_on() -> None:
    world = real_world()
    await world.start()
    owner = await connected(world)
    first = await live(world, owner, start="10000")
    await held(world, first, levels(), "BTC/USDT")
    await world.tick("59400")
    await world.tick("59400")
    assert world.positions[0].net() < -90
    await _let_go(world, first, "archived")
    await live(world, owner, start="100")
    view = await world.desk.accounts.scope(world.accounts[-1])
    assert D("0.9") < view.day_loss_percent < D("1.1")
    assert D("0.9") < view.drawdown_percent < D("1.1")


async def test_what_is_still_open_in_an_account_keeps_its_money_in_the_sum() -> None:
    world = real_world(limited(exposure_symbol_percent=D(50)))
    await world.start()
    owner = await connected(world)
    first = await live(world, owner, start="9000")
    await held(world, first, levels(), "BTC/USDT")
    await _let_go(world, first, "on paper")
    second = await live(world, owner, start="1000", symbols=TWO)
    proposal = await world.propose(second, ETH, symbol="ETH/USDT")
    assert proposal.plan.quantity == D("0.33333")  # 50 % of the 1,000 alone would be half of it


async def test_the_risk_of_a_real_trade_is_that_of_its_own_account() -> None:
    world = real_world()
    await world.start()
    owner = await connected(world)
    await live(world, owner, start="9000")
    second = await live(world, owner, start="1000")
    proposal = await world.propose(second)
    assert proposal.plan.risk <= 10 < proposal.plan.risk + D("0.01")  # 1 % of 1,000
    assert proposal.equity == 1_000


async def test_a_perpetual_is_one_position_at_the_exchange() -> None:
    """A second live trade there has the side and the leverage of the first, or is not made."""
    world = real_world()
    await world.start()
    owner = await connected(world)
    await held(world, await live(world, owner), levels(), "BTC/USDT")
    short = levels(side=Side.SHORT, stop="60600", targets=(("58800", "1"),))
    mixed = refused(await world.try_to_propose(await live(world, owner), short))
    assert mixed[0] == "one way" and "another live trade of yours is long" in mixed[1]
    levered = await live(world, owner, leverage=3)
    mixed = refused(await world.try_to_propose(levered))
    assert mixed[0] == "one way" and "has 5x, this one 3x" in mixed[1]
    assert isinstance(await world.try_to_propose(await live(world, owner)), Proposal)
    on_paper = await world.strategy(owner, mode=Mode.PAPER)
    assert isinstance(await world.try_to_propose(on_paper, short), Proposal)


async def test_of_two_opposite_taps_on_a_perpetual_one_goes_through() -> None:
    world = real_world()
    await world.start()
    owner = await connected(world)
    short = levels(side=Side.SHORT, stop="60600", targets=(("58800", "1"),))
    first = await world.propose(await live(world, owner))
    second = await world.propose(await live(world, owner), short)
    outcomes = await asyncio.gather(world.approve(first), world.approve(second))
    assert sorted(outcome.verdict for outcome in outcomes) == ["done", "refused"]
    sent = [one for one in world.orders if one.state is not OrderState.CANCELLED]
    assert len(sent) == 1


async def test_of_two_taps_at_once_on_two_real_accounts_one_goes_through() -> None:
    world = real_world(limited(open_positions=1))
    await world.start()
    owner = await connected(world)
    first = await world.propose(await live(world, owner))
    other = await live(world, owner, symbols=("ETH/USDT",))
    second = await world.propose(other, ETH, symbol="ETH/USDT")
    outcomes = await asyncio.gather(world.approve(first), world.approve(second))
    assert sorted(outcome.verdict for outcome in outcomes) == ["done", "refused"]
    sent = [one for one in world.orders if one.state is not OrderState.CANCELLED]
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ConnectionState.PAUSED, "the binance account is paused: book and exchange differ"),
        (ConnectionState.REFUSED, "binance does not take the key any more; see /connect"),
    ],
)
async def test_nothing_is_entered_on_an_account_that_is_not_ready(
    state: ConnectionState, words: str
) -> None:
    world = real_world()
    await world.start()
    owner = await connected(world)
    strategy = await live(world, owner)
    proposal = await world.propose(strategy)
    connections = world.memory.connections
    await connections.set_state(owner, ConnectionState.READY, state, "book and exchange differ")
    assert refused(await world.try_to_propose(await live(world, owner))) == ("account", words)
    outcome = await world.approve(proposal)
    assert (told(outcome), outcome.reason) == ((Verdict.REFUSED, "account"), words)
    assert world.orders == []


async def test_nothing_is_entered_without_a_connected_account() -> None:
    world = real_world()
    await world.start()
    strategy = await live(world, await world.user())
    assert refused(await world.try_to_propose(strategy))[0] == "account"
    on_paper = await world.strategy(strategy.owner_id)
    assert isinstance(await world.try_to_propose(on_paper), Proposal)


async def test_what_is_free_at_the_exchange_covers_a_real_trade() -> None:
    funds = KnownFree(D(600))
    world = real_world(funds=funds)
    await world.start()
    owner = await connected(world)
    spot = instrument("BTC/USDT", max_leverage=1)
    world.market.instruments = world.instruments = (spot,)
    strategy = await live(world, owner)
    proposal = await world.propose(strategy)
    assert proposal.plan.quantity == D("0.0099")  # 99 % of 600 at 60,000
    assert "the 600.00 that is free on the exchange account" in proposal.plan.notes[0]
    funds.amount = D(60)
    outcome = await world.approve(proposal)
    assert outcome.verdict is Verdict.ASKS_AGAIN


async def test_what_is_free_and_not_known_yet_ends_nothing() -> None:
    """As just after a start: who taps may tap again, and what was approved goes out later."""
    funds = KnownFree(D(10_000))
    world = real_world(funds=funds)
    await world.start()
    strategy = await live(world, await connected(world))
    proposal = await world.propose(strategy)
    funds.amount = None
    with pytest.raises(MarketUnavailable, match="is not known yet"):
        await world.try_to_propose(await live(world, strategy.owner_id))
    outcome = await world.approve(proposal)
    assert outcome.verdict is Verdict.NO_PRICE and "is not known yet" in outcome.reason
    assert world.orders == [] and world.proposals[0].state is ProposalState.PENDING
    funds.amount = D(10_000)
    assert (await world.approve(world.proposals[0])).done


async def test_what_is_free_is_asked_for_where_nobody_knows() -> None:
    funds = KnownFree(None, answer=D(10_000))
    world = real_world(funds=funds)
    await world.start()
    strategy = await live(world, await connected(world))
    proposal = await world.propose(strategy)
    assert funds.asked == 1
    funds.amount = None
    assert (await world.approve(proposal)).done
    assert funds.asked == 2
    funds.amount = None
    await world.propose(await world.strategy(strategy.owner_id))
    assert funds.asked == 2  # nobody asks for a trade on paper


async def test_an_approval_goes_on_once_it_is_known_what_is_free() -> None:
    funds = KnownFree(D(10_000))
    world = real_world(funds=funds)
    await world.start()
    proposal = await world.propose(await live(world, await connected(world)))
    world.dies_at_next = "approval.marked"
    with pytest.raises(Killed):
        await world.approve(proposal)
    await world.kill()
    funds.amount = None
    await world.start()
    assert world.proposals[0].state is ProposalState.APPROVED and world.orders == []
    funds.answer = D(10_000)
    await world.desk.approvals.resume_approved()
    assert [item.purpose for item in world.orders] == [OrderPurpose.ENTRY]


async def test_an_approved_order_waits_until_it_is_known_what_is_free() -> None:
    funds = KnownFree(D(10_000))
    world = real_world(funds=funds)
    await world.start()
    strategy = await live(world, await connected(world))
    proposal = await world.propose(strategy)
    world.dies_at_next = "approval.ordered"
    with pytest.raises(Killed):
        await world.approve(proposal)
    await world.kill()
    funds.amount = None
    await world.start()
    assert [item.state for item in world.orders] == [OrderState.NEW]
    funds.amount = D(10_000)
    world.clock.wait(2)
    await world.desk.every_second()
    await world.settle()
    assert world.orders[0].state not in {OrderState.NEW, OrderState.CANCELLED}


# --- the operator's halt ------------------------------------------------------------------------


async def test_a_halt_stops_proposals_and_taps() -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    strategy = await world.strategy(owner, symbols=TWO, max_positions=5)
    waiting = await world.propose(strategy)
    assert await world.desk.bounding.halts.begin(owner, "maintenance")
    words = "the operator has stopped all new trades: maintenance"
    assert refused(await world.try_to_propose(await world.strategy(owner))) == ("halt", words)
    outcome = await world.approve(waiting)
    assert (told(outcome), outcome.reason) == ((Verdict.REFUSED, "halt"), words)
    await world.start()  # and it stands after a restart
    assert refused(await world.try_to_propose(await world.strategy(owner)))[0] == "halt"
    assert await world.desk.bounding.halts.lift(owner)
    assert isinstance(await world.try_to_propose(await world.strategy(owner)), Proposal)


async def test_an_order_that_waited_is_not_sent_in_a_halt() -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    proposal = await world.propose(await world.strategy(owner))
    world.dies_at_next = "approval.ordered"
    with pytest.raises(Killed):
        await world.approve(proposal)
    await world.kill()
    await InMemory(world.database).notes.write(
        "halt", {"at": world.clock.wall().isoformat(), "by": owner, "why": ""}
    )
    await world.start()
    [order] = world.orders
    assert order.state is OrderState.CANCELLED
    assert "stopped all new trades" in order.error


# --- slippage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "asks"), [("60300", False), ("60301", True), ("59500", False)], ids=str
)
async def test_a_price_beyond_the_slippage_limit_asks_again_with_new_numbers(
    ask: str, asks: bool
) -> None:
    world = real_world(limited(slippage_percent=D("0.5")))
    await world.start()
    strategy = await world.strategy(await world.user())
    proposal = await world.propose(strategy, levels(stop="57000", targets=(("70000", "1"),)))
    world.market.tick("60000", bid=D(ask) - 10, ask=ask)
    outcome = await world.approve(proposal)
    assert (outcome.verdict is Verdict.ASKS_AGAIN) is asks
    if asks:
        assert outcome.reason == (
            "the price 60,301 is 0.5 % worse than the planned 60,000; the slippage limit is 0.5 %"
        )
        assert outcome.proposal and outcome.proposal.plan.entry == D(60_301)
        assert (await world.approve(outcome.proposal)).done


# --- an owner's own limits, at every look -------------------------------------------------------


async def test_a_limit_that_was_lowered_since_the_proposal_counts_at_the_tap() -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    proposal = await world.propose(await world.strategy(owner))
    await hold_to(world, owner, "risk", {"risk_percent": D("0.5")})
    outcome = await world.approve(proposal)
    assert outcome.verdict is Verdict.ASKS_AGAIN
    assert "the risk limit of 0.5 % per trade" in outcome.reason
    assert outcome.proposal and outcome.proposal.plan.risk <= 50


async def test_a_limit_that_was_lowered_since_the_tap_counts_before_the_order_is_sent() -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    proposal = await world.propose(await world.strategy(owner))
    world.dies_at_next = "approval.ordered"
    with pytest.raises(Killed):
        await world.approve(proposal)
    await world.kill()
    other = LimitBook(InMemory(world.database), world.clock, world.limits)
    await other.tighten(owner, "user", "symbols", {"symbols": frozenset({"ETH"})})
    await world.start()
    [order] = world.orders
    assert order.state is OrderState.CANCELLED
    assert order.error == "BTC/USDT is not among the allowed symbols: ETH"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("symbols", {"symbols": frozenset({"ETH"})}, "symbols"),
        ("hours", {"hours": Hours((Window(**{"from": "13:00", "to": "14:00"}),))}, "hours"),
        ("coin", {"exposure_coin_percent": D("0.01")}, "exposure per coin"),
        ("exposure", {"exposure_total_percent": D("0.01")}, "total exposure"),
        ("leverage", {"leverage": D("0.0001")}, "leverage"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_owners_limit_refuses_by_its_name(
    name: str, value: dict[str, Any], rule: str
) -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    await hold_to(world, owner, name, value)
    answer = await world.try_to_propose(await world.strategy(owner))
    assert refused(answer)[0] == rule


async def test_trades_of_today_are_counted_by_what_is_stored() -> None:
    world = real_world(limited(trades_a_day=2))
    await world.start()
    strategy = await world.strategy(await world.user(), max_positions=5)
    for _ in range(2):
        await held(world, strategy, levels(), "BTC/USDT")
        await world.start()
    assert refused(await world.try_to_propose(strategy))[0] == "trades a day"
    world.clock.move_to(world.clock.now().replace(hour=23, minute=59, second=58))
    assert refused(await world.try_to_propose(strategy))[0] == "trades a day"  # at 23:59:59
    assert isinstance(await world.try_to_propose(strategy), Proposal)


async def lost(world: World, strategy: Strategy) -> None:
    """A trade that its stop ended."""
    await held(world, strategy, levels(), "BTC/USDT")
    await world.tick("59400")
    await world.tick("59400")
    await world.tick("60000")


async def test_losses_in_a_row_rest_by_the_markets_clock_and_through_a_restart() -> None:
    world = real_world(limited(losses_in_a_row=2, cooldown_minutes=30))
    await world.start()
    strategy = await world.strategy(await world.user())
    await lost(world, strategy)
    await lost(world, strategy)
    last = max(one.closed_at for one in world.positions if one.closed_at)
    await world.start()
    rule, reason = refused(await world.try_to_propose(strategy))
    assert rule == "cooldown"
    assert reason.startswith("the last 2 trades lost money; after 2 in a row nothing is entered")
    world.clock.wait(3600)  # people's time does not count
    assert refused(await world.try_to_propose(strategy))[0] == "cooldown"
    world.clock.move_to(last + timedelta(minutes=30))
    assert isinstance(await world.try_to_propose(strategy), Proposal)


async def test_a_streak_that_began_last_week_counts() -> None:
    world = real_world(limited(losses_in_a_row=2, cooldown_minutes=30))
    world.clock.move_to(world.clock.now() - timedelta(hours=12, minutes=1))  # Sunday, 23:59
    await world.start()
    strategy = await world.strategy(await world.user())
    await lost(world, strategy)
    world.clock.move_to(world.clock.now() + timedelta(minutes=2))
    await world.tick("60000")
    await lost(world, strategy)
    assert refused(await world.try_to_propose(strategy))[0] == "cooldown"


async def test_the_week_begins_on_monday_at_midnight() -> None:
    world = real_world(limited(weekly_loss_percent=D("0.9")))
    world.clock.move_to(world.clock.now() - timedelta(hours=12, minutes=5))  # Sunday, 23:55
    await world.start()
    strategy = await world.strategy(await world.user())
    await lost(world, strategy)
    assert refused(await world.try_to_propose(strategy))[0] == "weekly loss"
    world.clock.move_to(world.clock.now() + timedelta(minutes=5))
    assert isinstance(await world.try_to_propose(strategy), Proposal)


async def test_entries_on_their_way_are_counted_once() -> None:
    """As an order, or as the position that it has become."""
    world = real_world()
    await world.start()
    owner = await connected(world)
    strategy = await live(world, owner)
    proposal = await world.propose(strategy)
    assert (await world.approve(proposal)).done
    [account] = await world.memory.accounts.of(owner)
    on_its_way = await world.desk.accounts.scope(account)
    await world.tick("60000")
    filled = await world.desk.accounts.scope(account)
    assert [one.purpose for one in world.orders] == [OrderPurpose.ENTRY]
    for view in (on_its_way, filled):
        assert (view.open_positions, view.held, view.trades_today) == (1, ("BTC/USDT",), 1)
        assert view.total_exposure == proposal.plan.quantity * 60_000
    assert replace(filled, opening=on_its_way.opening) == on_its_way
