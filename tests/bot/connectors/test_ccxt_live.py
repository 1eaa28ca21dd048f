"""Real money's broker over the real ccxt, against the stand-in exchange."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.errors import (
    BrokerAway,
    BrokerBusy,
    KeyRefused,
    OrderRejected,
    OrderUnknown,
    StopTooNear,
)
from agents.domain.order import BrokerOrder, OrderPurpose, OrderSide, OrderState
from agents.domain.venue import ConnectionState, Credentials, GuardStyle
from tests.support.live_connector import BTC, Live
from tests.support.venue.faults import Op

D = Decimal


pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- market orders ------------------------------------------------------------------------------


async def test_a_market_order_brings_its_fills(either: Live) -> None:
    intent = await either.entry("entry")
    answer = await either.submit(intent)
    (fill,) = answer.fills
    true = either.fills[0]
    assert (answer.state, answer.filled) == (OrderState.FILLED, D("0.01"))
    assert (fill.client_id, fill.trade_id) == (intent.client_id, str(true.id))
    assert (fill.price, fill.quantity, fill.fee) == (true.price, true.quantity, true.fee)
    assert (fill.fee_currency, fill.side) == (true.fee_coin, OrderSide.BUY)
    assert round(fill.at.timestamp() * 1000) == true.at
    assert fill.heard_at is not None
    assert _timeless(await either.broker.lookup(intent)) == _timeless(answer)


def _timeless(answer: BrokerOrder | None) -> BrokerOrder:
    """Without the times at which fills were heard of."""
    assert answer is not None
    return replace(answer, fills=tuple(replace(one, heard_at=None) for one in answer.fills))


async def test_partial_fills_are_named_one_by_one(either: Live) -> None:
    either.engine.slicing.parts = 3
    intent = await either.entry("entry", quantity=D("0.03"))
    answer = await either.submit(intent)
    while answer.state is not OrderState.FILLED:
        either.engine.settle()
        found = await either.broker.lookup(intent)
        assert found is not None
        answer = found
    assert [fill.quantity for fill in answer.fills] == [D("0.01")] * 3
    assert len({fill.trade_id for fill in answer.fills}) == 3


async def test_a_fee_in_a_third_coin_is_valued(either: Live) -> None:
    either.engine.account(either.key).fee_coin = "BNB"
    answer = await either.submit(await either.entry("entry"))
    (fill,) = answer.fills
    assert fill.fee_currency == "BNB"
    assert fill.fee_value == fill.fee * 600


async def test_an_exit_of_a_perpetual_can_only_reduce(perps: Live) -> None:
    await perps.submit(await perps.entry("entry"))
    await perps.submit(await perps.exit("exit", quantity=D("0.02")))
    assert perps.engine.positions(perps.key) == {}
    with pytest.raises(OrderRejected, match="nothing that this order could reduce"):
        await perps.submit(await perps.exit("another"))


async def test_leverage_and_isolated_margin_are_set_before_an_entry(perps: Live) -> None:
    await perps.submit(await perps.entry("one", leverage=7))
    setting = perps.engine.account(perps.key).setting("BTCUSDT")
    assert (setting.leverage, setting.isolated) == (7, True)
    before = len(perps.asked)
    await perps.submit(await perps.intent("two", proposal_id=1))
    assert not [one for one in perps.asked[before:] if "leverage" in one.path]


async def test_hedge_mode_is_refused_by_name(perps: Live) -> None:
    perps.engine.set_hedged(perps.key, hedged=True)
    with pytest.raises(OrderRejected, match="hedge mode"):
        await perps.submit(await perps.entry("entry"))
    assert perps.taken == {}
    perps.engine.set_hedged(perps.key, hedged=False)
    assert (await perps.submit(await perps.entry("again"))).state is OrderState.FILLED


@pytest.mark.parametrize(
    ("quantity", "said"),
    [("0.0000101", "no multiple"), ("0.00005", "no order below 5"), ("9001", "at most 9000")],
)
async def test_what_the_exchange_would_refuse_is_not_sent(
    spot: Live, quantity: str, said: str
) -> None:
    exit_ = await spot.stop("stop", "59000", quantity)
    with pytest.raises(OrderRejected, match=said):
        await spot.rest(exit_)
    assert not [one for one in spot.asked if one.method == "POST"]


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["lose", "unknown"])
async def test_an_answer_lost_after_taking_is_found_again(either: Live, trouble: str) -> None:
    getattr(either.server.faults, trouble)(taken=True)
    intent = await either.entry("entry")
    with pytest.raises(OrderUnknown):
        await either.submit(intent)
    found = await either.broker.lookup(intent)
    assert found is not None
    assert (found.state, len(found.fills)) == (OrderState.FILLED, 1)
    assert either.taken == {intent.client_id: 1}


@pytest.mark.parametrize("trouble", ["lose", "unknown"])
async def test_an_order_lost_before_taking_is_unknown_and_then_not_there(
    either: Live, trouble: str
) -> None:
    getattr(either.server.faults, trouble)(taken=False)
    intent = await either.entry("entry")
    with pytest.raises(OrderUnknown):
        await either.submit(intent)
    assert await either.broker.lookup(intent) is None
    assert (await either.submit(intent)).state is OrderState.FILLED
    assert either.taken == {intent.client_id: 1}


async def test_a_name_in_use_is_looked_up_and_not_sent_again(spot: Live) -> None:
    stop = await spot.stop("stop", "59000")
    await spot.rest(stop)
    with pytest.raises(OrderUnknown):
        await spot.broker.rest([stop], await spot.instrument())
    found = await spot.broker.lookup(stop)
    assert found is not None and found.state is OrderState.OPEN
    assert spot.taken == {stop.client_id: 1}


async def test_busy_means_surely_not_taken(either: Live) -> None:
    either.server.faults.busy()
    intent = await either.entry("entry")
    with pytest.raises(BrokerBusy):
        await either.submit(intent)
    assert either.taken == {}


@pytest.mark.parametrize("banned", [False, True], ids=["429", "418"])
async def test_too_many_requests_slow_this_exchange_and_no_other(
    spot: Live, perps: Live, banned: bool
) -> None:
    fault = spot.server.faults.too_many(retry_after=60, banned=banned)
    with pytest.raises(BrokerBusy) as busy:
        await spot.submit(await spot.entry("entry"))
    assert busy.value.retry_after == 60
    spot.server.faults.lift(fault)
    asked = len(spot.asked)
    assert 59 < spot.market.held <= 60
    with pytest.raises(BrokerBusy) as later:
        await spot.submit(await spot.exit("another", purpose=OrderPurpose.PANIC))
    assert 59 < later.value.retry_after <= 60
    assert len(spot.asked) == asked
    assert (await perps.submit(await perps.entry("entry"))).state is OrderState.FILLED


async def test_a_pause_is_one_for_prices_and_orders(spot: Live) -> None:
    spot.market.hold_back(60)
    try:
        with pytest.raises(BrokerBusy):
            await spot.submit(await spot.entry("entry"))
    finally:
        assert spot.market._rest is not None
        spot.market._rest._free_at = 0.0
    assert spot.asked == []


async def test_an_exchange_that_is_not_there_took_nothing(either: Live) -> None:
    intent = await either.entry("entry")
    await either.desk.venue.state(either.owner)  # a session is open
    await either.server.down()
    with pytest.raises(BrokerAway):
        await either.submit(intent)
    with pytest.raises(BrokerAway):
        await either.broker.lookup(intent)
    await either.server.up()
    assert (await either.submit(intent)).state is OrderState.FILLED


async def test_a_clock_that_goes_wrong_is_set_and_the_order_sent_once(either: Live) -> None:
    await either.desk.venue.state(either.owner)
    either.server.faults.skew(-30_000)
    intent = await either.entry("entry")
    assert (await either.submit(intent)).state is OrderState.FILLED
    assert either.taken == {intent.client_id: 1}


async def test_the_clock_is_compared_before_the_first_signed_request(either: Live) -> None:
    either.server.faults.skew(3_600_000)
    assert (await either.submit(await either.entry("entry"))).state is OrderState.FILLED
    assert {one.status for one in either.asked} == {200}


async def test_what_is_filled_while_an_account_is_read_may_be_in_it(either: Live) -> None:
    """A state tells from when on, by the exchange's clock, which may be behind."""
    either.server.faults.skew(-30_000)
    state = await either.desk.venue.state(either.owner)
    assert state.at - state.asked > timedelta(seconds=25)
    either.server.faults.skew(0)
    await either.desk.venue.state(either.owner)
    state = await either.desk.venue.state(either.owner)
    entry = await either.entry("entry")
    await either.submit(entry)
    [told] = await either.desk.venue.fills(either.owner, BTC, entry.created_at)
    assert told.fill.at >= state.asked


async def test_too_little_money_is_said(either: Live) -> None:
    with pytest.raises(OrderRejected, match="not enough free"):
        await either.submit(await either.entry("entry", quantity=D("5")))


async def test_a_refused_key_is_noted_and_told_once(either: Live) -> None:
    told: list[tuple[int, str, str]] = []

    async def refused(owner: int, why: str, sealed: str) -> None:
        told.append((owner, why, sealed))
        was = (await either.connection()).state
        await either.memory.connections.set_state(owner, was, ConnectionState.REFUSED, why)

    either.desk.when_refused(refused)
    await either.submit(await either.entry("entry"))
    account = either.engine.account(either.key)
    account.trades_spot = account.trades_perpetuals = False
    for key in ("another", "third"):
        with pytest.raises(OrderRejected) as refusal:
            await either.submit(await either.entry(key))
        assert isinstance(refusal.value, KeyRefused)
        assert "/connect" in str(refusal.value)
    ((owner, why, sealed),) = told
    assert owner == either.owner
    assert sealed == (await either.connection()).sealed
    assert "-2015" in why or "Invalid API-key" in why
    with pytest.raises(KeyRefused):
        await either.desk.venue.state(either.owner)


async def test_a_new_key_is_used_at_once(spot: Live) -> None:
    spot.engine.add_account("Second", "SecretOfTheSecond", {"USDT": 1_000})
    await spot.submit(await spot.entry("one"))
    connection = await spot.connection()
    sealed = Credentials("Second", "SecretOfTheSecond").written()
    await spot.memory.connections.connect(replace(connection, sealed=sealed))
    assert (await spot.connection()) != connection
    await spot.submit(await spot.entry("two"))
    assert [fill.account for fill in spot.engine.fills][-2:] == [spot.key, "Second"]


# --- resting orders -----------------------------------------------------------------------------


async def test_a_stop_rests_and_can_be_cancelled(either: Live) -> None:
    await either.submit(await either.entry("entry"))
    stop = await either.stop("stop", "59000")
    (answer,) = await either.rest(stop)
    assert answer.state is OrderState.OPEN
    stored = await either.memory.orders.get(stop.id)
    assert stored.venue_id
    (listed,) = (await either.desk.venue.state(either.owner)).orders
    assert (listed.client_id, listed.venue_id) == (stop.client_id, stored.venue_id)
    assert (listed.price, listed.quantity, listed.kind) == (D(59000), D("0.01"), stop.kind)
    ended = await either.broker.cancel(stored)
    assert ended is not None and ended.state is OrderState.CANCELLED
    assert either.open == []


async def test_cancelling_what_has_ended_says_how_it_ended(either: Live) -> None:
    await either.submit(await either.entry("entry"))
    stop = await either.stop("stop", "59000")
    await either.rest(stop)
    either.engine.move("BTCUSDT", 58_900)
    ended = await either.broker.cancel(stop)
    assert ended is not None
    assert (ended.state, len(ended.fills)) == (OrderState.FILLED, 1)


async def test_a_cancellation_without_an_answer_is_looked_up(either: Live) -> None:
    await either.submit(await either.entry("entry"))
    stop = await either.stop("stop", "59000")
    await either.rest(stop)
    either.server.faults.lose(taken=True, on=Op.CANCEL)
    ended = await either.broker.cancel(stop)
    assert ended is not None and ended.state is OrderState.CANCELLED


async def test_a_cancellation_that_never_came_is_tried_again(either: Live) -> None:
    await either.submit(await either.entry("entry"))
    stop = await either.stop("stop", "59000")
    await either.rest(stop)
    either.server.faults.unknown(taken=False, on=Op.CANCEL)
    with pytest.raises(BrokerAway):
        await either.broker.cancel(stop)
    assert len(either.open) == 1


async def test_a_stop_behind_the_price_is_too_near(either: Live) -> None:
    await either.submit(await either.entry("entry"))
    with pytest.raises(StopTooNear):
        await either.rest(await either.stop("stop", "60500"))


async def test_a_stop_that_triggers_is_one_order_with_its_fills(either: Live) -> None:
    await either.submit(await either.entry("entry"))
    stop = await either.stop("stop", "59000")
    await either.rest(stop)
    either.engine.move("BTCUSDT", 58_900)
    found = await either.broker.lookup(stop)
    assert found is not None
    (fill,) = found.fills
    assert (found.state, fill.client_id) == (OrderState.FILLED, stop.client_id)
    assert fill.trade_id == str(either.fills[-1].id)
    history = await either.desk.venue.fills(either.owner, BTC, stop.created_at)
    assert [one.fill.client_id for one in history][-1] == stop.client_id


async def test_a_stop_takes_another_ones_place_in_one_step(spot: Live) -> None:
    first, second = await spot.stop("one", "59000", "0.5"), await spot.stop("two", "59500", "0.5")
    await spot.rest(first)
    (answer,) = await spot.rest(second, instead_of=[first])
    assert answer.state is OrderState.OPEN
    assert [one.path.rpartition("/")[2] for one in spot.asked] == ["order", "cancelReplace"]
    (left,) = spot.open
    assert left.client_id == second.client_id
    gone = await spot.broker.lookup(first)
    assert gone is not None and gone.state is OrderState.CANCELLED


async def test_nothing_takes_the_place_of_what_was_filled(spot: Live) -> None:
    first, second = await spot.stop("one", "59000"), await spot.stop("two", "58000")
    await spot.rest(first)
    spot.engine.move("BTCUSDT", 58_900)
    with pytest.raises(OrderRejected, match="ended"):
        await spot.rest(second, instead_of=[first])
    assert second.client_id not in spot.taken


async def test_what_takes_a_place_and_is_too_near_says_so(spot: Live) -> None:
    first, second = await spot.stop("one", "59000"), await spot.stop("two", "60500")
    await spot.rest(first)
    with pytest.raises(StopTooNear):
        await spot.rest(second, instead_of=[first])
    gone = await spot.broker.lookup(first)
    assert gone is not None and gone.state is OrderState.CANCELLED


async def test_what_made_room_for_nothing_is_told(spot: Live) -> None:
    """Cancelled to make room, and then the exchange took nothing in its place."""
    old = [
        await spot.stop("stop", "59000", "0.5", pair="p"),
        await spot.target("target", "61000", "0.5", pair="p"),
    ]
    await spot.rest(*old)
    spot.server.faults.refuse_stops()
    with pytest.raises(OrderRejected):
        await spot.rest(await spot.stop("new", "59500", "0.5"), instead_of=old)
    assert {one.client_id for one in spot.ended} == {one.client_id for one in old}


async def test_leverage_is_set_again_after_a_while(perps: Live) -> None:
    await perps.submit(await perps.entry("one", leverage=7))
    perps.engine.set_leverage(perps.key, "BTCUSDT", 50)
    session = await perps.desk.sessions.of(perps.owner)
    session.leverage[BTC] = 7, session.used - 301
    await perps.submit(await perps.intent("two", proposal_id=1))
    assert perps.engine.account(perps.key).setting("BTCUSDT").leverage == 7


async def test_a_bracket_is_one_list_with_our_names(spot: Live) -> None:
    stop = await spot.stop("stop", "59000", "0.5", pair="p")
    target = await spot.target("target", "61000", "0.5", pair="p")
    answers = await spot.rest(target, stop)
    assert [one.client_id for one in answers] == [target.client_id, stop.client_id]
    assert {one.client_id for one in spot.open} == {
        stop.client_id,
        target.client_id,
    }
    spot.engine.move("BTCUSDT", 61_100)
    won, lost = await spot.broker.lookup(target), await spot.broker.lookup(stop)
    assert won is not None and won.state is OrderState.FILLED
    assert lost is not None and lost.state in (OrderState.EXPIRED, OrderState.CANCELLED)


@pytest.mark.parametrize(
    ("stop", "target", "kind", "said"),
    [("60500", "61000", StopTooNear, "the stop"), ("59000", "59500", OrderRejected, "the target")],
    ids=["stop", "target"],
)
async def test_a_bracket_that_the_price_has_left_says_where(
    spot: Live, stop: str, target: str, kind: type[OrderRejected], said: str
) -> None:
    pair = [
        await spot.stop("stop", stop, "0.5", pair="p"),
        await spot.target("target", target, "0.5", pair="p"),
    ]
    with pytest.raises(OrderRejected, match=said) as refusal:
        await spot.rest(*pair)
    assert type(refusal.value) is kind


async def test_a_bracket_takes_the_place_of_another(spot: Live) -> None:
    old = [
        await spot.stop("stop", "59000", "0.5", pair="p"),
        await spot.target("target", "61000", "0.5", pair="p"),
    ]
    await spot.rest(*old)
    new = [
        await spot.stop("stop 2", "59500", "0.5", pair="q"),
        await spot.target("target 2", "61000", "0.5", pair="q"),
    ]
    await spot.rest(*new, instead_of=old)
    left = {one.client_id for one in spot.open}
    assert left == {one.client_id for one in new}
    cancels = [one for one in spot.asked if one.method == "DELETE"]
    assert len(cancels) == 1


async def test_a_lost_bracket_is_found_by_both_names(spot: Live) -> None:
    pair = [
        await spot.stop("stop", "59000", pair="p"),
        await spot.target("target", "61000", pair="p"),
    ]
    spot.server.faults.lose(taken=True, on=Op.STOP)
    with pytest.raises(OrderUnknown):
        await spot.rest(*pair)
    for intent in pair:
        found = await spot.broker.lookup(intent)
        assert found is not None and found.state is OrderState.OPEN


async def test_stop_and_target_of_a_perpetual_rest_alone_and_only_reduce(perps: Live) -> None:
    await perps.submit(await perps.entry("entry"))
    await perps.rest(await perps.stop("stop", "59000"))
    await perps.rest(await perps.target("target", "61000", "0.005"))
    asks = [one.ask for one in perps.open]
    assert all(ask.reduce_only for ask in asks)
    perps.engine.move("BTCUSDT", 61_100)
    assert perps.engine.positions(perps.key)["BTCUSDT"].quantity == D("0.005")


async def test_a_stop_that_the_exchange_cancels_is_said_to_have_ended(either: Live) -> None:
    await either.submit(await either.entry("entry"))
    stop = await either.stop("stop", "59000")
    await either.rest(stop)
    either.server.faults.expel_stop(either.key)
    found = await either.broker.lookup(stop)
    assert found is not None
    assert found.state in (OrderState.EXPIRED, OrderState.CANCELLED)
    assert found.reason


async def test_styles_by_market(spot: Live, perps: Live) -> None:
    assert spot.broker.style(await spot.instrument()) is GuardStyle.PAIRED
    assert perps.broker.style(await perps.instrument()) is GuardStyle.SEPARATE


@pytest.mark.parametrize(
    ("info", "style"),
    [
        ({"ocoAllowed": False}, GuardStyle.STOP),
        ({"orderTypes": ["LIMIT", "MARKET"]}, GuardStyle.LOCAL),
    ],
    ids=["no pairs", "no stops"],
)
async def test_a_market_may_allow_less_than_its_exchange(
    spot: Live, info: dict[str, object], style: GuardStyle
) -> None:
    public, _ = spot.market.loaded()
    assert public.markets is not None
    described = public.markets[BTC]
    before = described["info"]
    described["info"] = {**before, **info}
    try:
        assert spot.broker.style(await spot.instrument()) is style
    finally:
        described["info"] = before
