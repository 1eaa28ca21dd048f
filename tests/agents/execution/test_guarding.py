"""Stops and targets that rest at an exchange: placed, moved, filled, refused, dropped, lost."""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from agents.domain.market import InstrumentKind
from agents.domain.order import UNSETTLED, OrderIntent, OrderKind, OrderPurpose, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.proposal import Trailing
from agents.domain.strategy import Side, Strategy
from agents.domain.user import Identity, NoticeKind, Place
from agents.domain.venue import GuardStyle
from agents.execution.leaving.hands import HandVerdict
from agents.execution.proposals.levels import PriceLevels
from tests.agents.execution.test_exits import both, reconciles
from tests.support.desk import World, levels
from tests.support.market import instrument
from tests.support.venue_broker import VenueBroker

D = Decimal
TWO = ((600, "0.5"), (1_200, "0.5"))
PAIRED, SEPARATE, STOP = GuardStyle.PAIRED, GuardStyle.SEPARATE, GuardStyle.STOP
STYLES = [PAIRED, SEPARATE, STOP]


@dataclass
class Floor:
    """A desk on a scripted exchange with one trade."""

    style: GuardStyle
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.broker = VenueBroker(self.world.clock.now, self.style)
        self.world.broker = self.broker
        self.strategy: Strategy

    async def open(self, wanted: PriceLevels | None = None, *faults: str) -> None:
        await self.world.start()
        self.strategy = await self.world.strategy(await self.world.user())
        proposal = await self.world.propose(self.strategy, wanted or levels(targets=()))
        self.fail("rest", *faults)
        assert (await self.world.approve(proposal)).done
        await self.world.settle()

    def fail(self, name: str, *faults: str) -> None:
        self.broker.faults[name] = deque(faults)

    async def trade(self, price: str | int) -> None:
        self.broker.trade(price)
        await self.world.tick(price)

    async def second(self, seconds: float = 1) -> None:
        """Time passes, and the desk looks."""
        self.world.clock.wait(seconds)
        await self.world.desk.every_second()
        await self.world.settle()

    async def minute(self) -> None:
        self.world.clock.wait(60)
        await self.world.desk.every_minute()
        await self.second()

    async def restart(self) -> None:
        await self.world.kill()
        await self.world.start()

    @property
    def position(self) -> Position:
        return self.world.positions[-1]

    @property
    def owner(self) -> int:
        return self.strategy.owner_id

    def rests(self) -> list[tuple[str, str, str]]:
        """Kind, price and what is left of everything at rest."""
        found = [
            (str(one.intent.kind), f"{one.intent.price:f}", f"{one.left.normalize():f}")
            for one in self.broker.resting()
        ]
        return sorted((kind, f"{D(price).normalize():f}", left) for kind, price, left in found)

    def guards(self) -> list[OrderIntent]:
        return [item for item in self.world.orders if item.rests and item.state in UNSETTLED]

    def state(self) -> OrderState:
        """Of the entry."""
        return self.world.orders[0].state

    def stops(self) -> list[OrderIntent]:
        return [item for item in self.guards() if item.kind is OrderKind.STOP]

    def agrees(self) -> None:
        """The exchange has what the book says, and the book what rests there."""
        book = sum((item.quantity * item.side.sign for item in self.world.positions), D(0))
        assert self.broker.held.get("BTC/USDT", D(0)) == book
        at_venue = {one.intent.client_id for one in self.broker.resting()}
        assert at_venue == {item.client_id for item in self.guards()}
        assert len(set(self.broker.arrived)) == len(self.broker.arrived)

    async def closed(self, reason: str) -> None:
        assert self.position.state is PositionState.CLOSED
        assert self.position.exit_reason.startswith(reason), self.position.exit_reason
        assert len(self.world.told(NoticeKind.CLOSED)) == 1
        assert self.broker.resting() == []
        self.agrees()
        await reconciles(self.world)


# --- the exchange and the book at the same moment ---------------------------------------------


@pytest.mark.parametrize("style", STYLES[:2])
@pytest.mark.parametrize("part", ["1", "0.6"], ids=["whole", "part"])
async def test_a_target_that_is_taken_there_and_here_is_taken_once(
    style: GuardStyle, part: str
) -> None:
    """It rests already, and the book does not know that yet when the price comes."""
    floor = Floor(style)
    await floor.open(levels(targets=(("60600", "0.5"), ("61200", "0.5"))))
    floor.broker.tells = False
    floor.broker.part = D(part)
    floor.broker.trade("60600")
    floor.broker.part = D(1)
    floor.world.desk.book.rests(floor.position.id, None)
    await floor.world.tick("60600")
    floor.broker.tells = True
    await floor.world.settle()
    await floor.minute()
    assert floor.position.quantity == D("0.08333")
    assert floor.position.targets[0].done
    assert floor.rests() == [("limit", "61200", "0.08333"), ("stop", "60000", "0.08333")]
    floor.agrees()
    await floor.trade("61200")
    await floor.closed("target 2")


# --- placing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "rests"),
    [
        (
            PAIRED,
            [
                ("limit", "60600", "0.08333"),
                ("limit", "61200", "0.08333"),
                ("stop", "59400", "0.08333"),
                ("stop", "59400", "0.08333"),
            ],
        ),
        (
            SEPARATE,
            [
                ("limit", "60600", "0.08333"),
                ("limit", "61200", "0.08333"),
                ("stop", "59400", "0.16666"),
            ],
        ),
        (STOP, [("stop", "59400", "0.16666")]),
    ],
    ids=["paired", "separate", "stop"],
)
async def test_a_fill_is_guarded_at_once(style: GuardStyle, rests: list[object]) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    assert floor.rests() == rests
    assert {item.state for item in floor.guards()} == {OrderState.OPEN}
    assert all(item.venue_id and item.sent_at for item in floor.guards())
    floor.agrees()


@pytest.mark.parametrize("style", STYLES)
async def test_a_stop_that_rests_is_filled_there_and_told_as_any_other(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    await floor.trade("59400")
    await floor.closed("stop at 59,400")
    assert {item.purpose for item in floor.world.orders if item.filled} == {
        OrderPurpose.ENTRY,
        OrderPurpose.STOP,
    }


@pytest.mark.parametrize("style", STYLES)
async def test_the_first_target_moves_the_stop_to_the_entry(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    await floor.trade("60600")
    await floor.second()
    assert floor.position.stop == floor.position.entry_price == 60_000
    assert [item.price for item in floor.stops()] == [D(60_000)]
    assert floor.broker.stopped() == floor.position.quantity == D("0.08333")
    [told] = floor.world.told(NoticeKind.PARTLY_CLOSED)
    assert told["reason"] == "target 1 at 60,600"
    await floor.trade("60000")
    await floor.closed("break-even stop at 60,000")


@pytest.mark.parametrize("style", STYLES)
async def test_all_targets_close_all(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    await floor.trade("60600")
    await floor.trade("61200")
    await floor.closed("target 2 at 61,200")


@pytest.mark.parametrize("style", [PAIRED, SEPARATE])
async def test_a_target_filled_in_part_stays_open_for_the_rest(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.broker.part = D("0.4")
    await floor.trade("60600")
    floor.broker.part = D(1)
    assert not floor.position.targets[0].done
    assert floor.position.stop == D(59_400)
    assert floor.broker.stopped() == floor.position.quantity
    floor.agrees()
    await floor.trade("60601")
    assert floor.position.targets[0].done
    assert floor.position.stop == D(60_000)
    assert floor.broker.stopped() == floor.position.quantity == D("0.08333")
    floor.agrees()


@pytest.mark.parametrize("style", STYLES)
async def test_an_entry_filled_in_parts_is_covered_as_far_as_it_is_filled(
    style: GuardStyle,
) -> None:
    floor = Floor(style)
    floor.fail("submit", "later")
    await floor.open(both(Side.LONG, *TWO))
    [entry] = floor.world.orders
    for part in ("0.1", "0.05", "0.01666"):
        floor.broker.fill(entry.client_id, part)
        await floor.world.settle()
        assert floor.broker.stopped() == floor.position.quantity
        floor.agrees()
    assert floor.position.quantity == D("0.16666")


async def test_what_covers_is_not_cancelled_while_more_of_the_entry_is_to_come() -> None:
    """A trailing stop is moved when the entry is over: what it fills meanwhile, and nobody heard of
    yet, would lie bare for longer."""
    floor = Floor(PAIRED)
    floor.fail("submit", "later")
    await floor.open(both(Side.LONG, *TWO, distance="500"))
    [entry] = floor.world.orders
    floor.broker.fill(entry.client_id, "0.1")
    await floor.world.settle()
    assert floor.broker.stopped() == D("0.1")
    await floor.trade("60300")
    for _ in range(3):
        await floor.second()
    assert floor.broker.calls.count("cancel") == 0
    assert floor.broker.stopped() == D("0.1")
    floor.broker.fill(entry.client_id, "0.06666")
    await floor.world.settle()
    for _ in range(3):
        await floor.second()
    assert floor.broker.stopped() == D("0.16666")
    assert {item.price for item in floor.stops()} == {D(59_800)}
    floor.agrees()


@pytest.mark.parametrize("side", Side)
async def test_a_short_is_guarded_the_other_way_round(side: Side) -> None:
    floor = Floor(SEPARATE)
    await floor.open(both(side, *TWO))
    assert floor.broker.stopped() == D("0.16666")
    await floor.trade(60_000 - 600 * side.sign)
    await floor.closed("stop at")


async def test_a_position_below_the_minimum_is_watched_here_and_that_is_told_once() -> None:
    floor = Floor(SEPARATE)
    floor.fail("submit", "later")
    await floor.open(both(Side.LONG, *TWO))
    floor.broker.fill(floor.world.orders[0].client_id, "0.00005")
    await floor.world.settle()
    assert floor.guards() == []
    for _ in range(3):
        await floor.second(6)
    [told] = floor.world.told(NoticeKind.ACCOUNT)
    assert "does not rest at the exchange" in told["summary"]


@pytest.mark.parametrize("how", ["stop", "targets", "close", "half"])
async def test_a_fee_taken_in_the_coin_leaves_dust_that_no_order_is_made_for(how: str) -> None:
    spot = instrument(kind=InstrumentKind.SPOT)
    floor = Floor(PAIRED, World(instruments=(spot,)))
    floor.broker.fee_in_coin = True
    await floor.open(both(Side.LONG, *TWO))
    bought = D("0.16666") * D("0.999")
    assert floor.position.quantity == bought == D("0.16649334")
    assert floor.broker.stopped() == D("0.16649")
    if how == "half":
        await floor.world.desk.hands.close(floor.owner, 1, D("0.5"))
        await floor.world.settle()
        assert floor.broker.stopped() == spot.amount(floor.position.quantity)
    if how == "targets":
        await floor.trade("60600")
        assert floor.broker.stopped() == spot.amount(floor.position.quantity)
        await floor.trade("61200")
    elif how == "close":
        await floor.world.desk.hands.close(floor.owner, 1)
        await floor.world.settle()
    else:
        await floor.trade("59400")
    assert floor.position.state is PositionState.CLOSED
    assert floor.broker.resting() == []
    assert floor.broker.held["BTC/USDT"] == bought - D("0.16649")
    assert [item for item in floor.world.orders if item.state in UNSETTLED] == []


# --- moving -----------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
async def test_a_trailing_stop_is_moved_by_a_tenth_of_its_distance_and_not_at_every_tick(
    style: GuardStyle,
) -> None:
    floor = Floor(style)
    await floor.open(levels(targets=(), trailing=Trailing(distance=D(500))))
    for price in ("60010", "60020", "60030", "60040"):
        await floor.trade(price)
        await floor.second()
    await floor.minute()
    assert [item.price for item in floor.stops()] == [D(59_500)]
    assert len(floor.world.orders) == 2
    await floor.trade("60060")
    await floor.second()
    assert [item.price for item in floor.stops()] == [D(59_560)]
    await floor.minute()
    await floor.trade("61000")
    await floor.second()
    assert [item.price for item in floor.stops()] == [D(60_500)]
    assert floor.broker.stopped() == D("0.16666")
    await floor.trade("60500")
    await floor.closed("trailing stop at 60,500")


@pytest.mark.parametrize("style", STYLES)
async def test_a_stop_that_trailed_at_the_exchange_never_goes_back(style: GuardStyle) -> None:
    """Where it is moved between two writings of the book, and the process ends before the next."""
    floor = Floor(style)
    await floor.open(levels(targets=(), trailing=Trailing(distance=D(500))))
    await floor.trade("60300")
    floor.world.desk.guards.wake(1, look=True)
    await floor.world.settle()
    assert [item.price for item in floor.stops()] == [D(59_800)]
    await floor.restart()
    await floor.trade("60100")
    await floor.second()
    assert [item.price for item in floor.stops()] == [D(59_800)]
    assert floor.position.stop == D(59_800)


@pytest.mark.parametrize("style", STYLES)
async def test_a_stop_moved_by_hand_moves_there_at_once(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    await floor.world.desk.hands.move_stop(floor.owner, 1, D("59401"))
    await floor.world.settle()
    assert {item.price for item in floor.stops()} == {D("59401")}
    floor.agrees()


@pytest.mark.parametrize("style", STYLES)
async def test_break_even_moves_there_at_once(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, (1_800, "1"), breakeven_r="1"))
    await floor.trade("60600")
    assert {item.price for item in floor.stops()} == {D("60000")}
    floor.agrees()


# --- exits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fraction", ["0.3", "1"])
async def test_a_close_by_hand_makes_way_and_guards_the_rest(
    style: GuardStyle, fraction: str
) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    await floor.world.desk.hands.close(floor.owner, 1, D(fraction))
    await floor.world.settle()
    if fraction == "1":
        await floor.closed("closed by hand")
    else:
        assert floor.position.quantity == D("0.16666") - D("0.04999")
        assert floor.broker.stopped() == floor.position.quantity
        floor.agrees()


@pytest.mark.parametrize("style", STYLES)
async def test_what_a_guard_filled_meanwhile_is_booked_first_and_the_exit_closes_the_rest(
    style: GuardStyle,
) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.broker.tells = False
    floor.broker.part = D("0.5")
    floor.broker.trade("59400")
    floor.broker.part = D(1)
    await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    await floor.minute()
    floor.broker.tells = True
    await floor.closed("")
    assert floor.broker.held["BTC/USDT"] == 0


@pytest.mark.parametrize("style", STYLES)
async def test_an_exit_that_finds_the_position_closed_ends_without_an_alarm(
    style: GuardStyle,
) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.broker.tells = False
    floor.broker.trade("59400")
    outcome = await floor.world.desk.hands.close(floor.owner, 1)
    assert outcome.verdict is HandVerdict.ALREADY
    await floor.world.settle()
    await floor.closed("stop at 59,400")
    last = floor.world.orders[-1]
    assert last.purpose is OrderPurpose.CLOSE
    assert last.state in {OrderState.CANCELLED, OrderState.REJECTED}
    assert floor.world.told(NoticeKind.ORDER_FAILED) == []
    assert floor.world.told(NoticeKind.ALARM) == []


@pytest.mark.parametrize("style", STYLES)
async def test_an_exit_that_is_refused_leaves_the_position_guarded(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.fail("submit", "reject")
    await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    assert floor.position.state is PositionState.OPEN
    assert floor.broker.stopped() == floor.position.quantity
    assert len(floor.world.told(NoticeKind.ORDER_FAILED)) == 1
    floor.agrees()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fault", ["busy", "away"])
async def test_an_exit_that_has_to_wait_leaves_the_position_guarded_and_goes_out_later(
    style: GuardStyle, fault: str
) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.fail("submit", fault)
    await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    assert floor.world.orders[-1 - len(floor.guards())].state is not OrderState.REJECTED
    assert floor.broker.stopped() == D("0.16666")
    await floor.second(0.5)
    assert floor.position.state is PositionState.CLOSING
    await floor.second(3)
    await floor.closed("closed by hand")


@pytest.mark.parametrize("style", STYLES)
async def test_an_exit_that_never_arrived_is_sent_again_and_guarded_meanwhile(
    style: GuardStyle,
) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.fail("submit", "lost")
    await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    assert floor.broker.stopped() == D("0.16666")
    for seconds in (1, 2, 5):
        await floor.second(seconds)
    assert floor.position.state is PositionState.CLOSING
    await floor.second(5)
    await floor.closed("closed by hand")


async def test_a_local_target_on_a_venue_where_only_stops_rest_makes_the_stop_smaller() -> None:
    floor = Floor(STOP)
    await floor.open(both(Side.LONG, (600, "0.5")))
    await floor.trade("60600")
    assert floor.position.quantity == D("0.08333")
    assert floor.rests() == [("stop", "60000", "0.08333")]


async def test_an_exit_that_a_closed_position_left_behind_is_taken_back() -> None:
    floor = Floor(SEPARATE)
    await floor.open(both(Side.LONG, (600, "1")))
    floor.fail("submit", "later")
    await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    await floor.trade("60600")
    assert floor.position.exit_reason == "target at 60,600"
    [close] = [kept for kept in floor.broker.kept.values() if kept.intent.purpose == "close"]
    assert not close.live
    assert floor.world.told(NoticeKind.ORDER_FAILED) == []


async def test_an_order_that_is_not_settled_is_looked_up_soon_and_often_at_first() -> None:
    floor = Floor(SEPARATE)
    floor.fail("submit", "later")
    floor.broker.tells = False
    await floor.open(both(Side.LONG, *TWO))
    looked = []
    for seconds in range(1, 31):
        before = floor.broker.calls.count("lookup")
        await floor.second()
        if floor.broker.calls.count("lookup") > before:
            looked.append(seconds)
    assert looked == [1, 3, 8, 18]
    floor.broker.fill(floor.world.orders[0].client_id)
    await floor.minute()
    assert floor.position.quantity == floor.broker.stopped() == D("0.16666")


async def test_an_unanswered_order_is_looked_up_until_the_exchange_says() -> None:
    floor = Floor(SEPARATE)
    floor.fail("submit", "unanswered")
    floor.fail("lookup", *["away"] * 4)
    floor.broker.tells = False
    await floor.open(both(Side.LONG, *TWO))
    assert floor.state() is OrderState.UNKNOWN
    for _ in range(20):
        await floor.second()
    assert floor.position.quantity == floor.broker.stopped() == D("0.16666")
    assert floor.world.orders[0].venue_id and floor.world.orders[0].sent_at


async def test_a_stop_that_may_not_be_moved_stays_where_it_rests() -> None:
    floor = Floor(SEPARATE)
    await floor.open(levels(targets=()))
    floor.fail("rest", *["reject"] * 30)
    await floor.world.desk.hands.move_stop(floor.owner, 1, D("59700"))
    await floor.world.settle()
    for _ in range(120):
        await floor.second()
    assert floor.rests() == [("stop", "59400", "0.16666")]
    assert floor.position.state is PositionState.OPEN
    assert floor.broker.calls.count("rest") < 15
    floor.fail("rest")
    await floor.second(31)
    assert floor.rests() == [("stop", "59700", "0.16666")]


# --- what goes wrong with a guard -------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fault", ["lost", "unanswered"])
async def test_a_guard_without_an_answer_is_looked_up_at_once(
    style: GuardStyle, fault: str
) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO), fault)
    assert floor.broker.stopped() == D("0.16666")
    floor.agrees()
    states = {item.state for item in floor.world.orders if item.rests}
    assert states == ({OrderState.OPEN, OrderState.CANCELLED} if fault == "lost" else {"open"})


@pytest.mark.parametrize("style", STYLES)
async def test_a_stop_refused_once_is_placed_at_the_second_attempt(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(levels(targets=()), "reject")
    assert floor.broker.stopped() == D("0.16666")
    assert floor.position.state is PositionState.OPEN
    assert floor.world.told(NoticeKind.ALARM) == []


@pytest.mark.parametrize("style", STYLES)
async def test_a_stop_refused_twice_closes_at_the_market(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(levels(targets=()), "reject", "reject")
    await floor.closed("closed at the market: the exchange took no stop: Filter failure")
    assert floor.world.told(NoticeKind.ALARM) == []


async def test_targets_refused_twice_are_watched_here_and_the_stop_rests() -> None:
    floor = Floor(PAIRED)
    await floor.open(both(Side.LONG, (600, "0.5")), "reject", "", "reject")
    assert floor.rests() == [("stop", "59400", "0.16666")]
    await floor.trade("60600")
    assert floor.position.quantity == D("0.08333")
    assert floor.world.told(NoticeKind.PARTLY_CLOSED)[0]["reason"] == "target at 60,600"


@pytest.mark.parametrize("style", STYLES)
async def test_a_price_beyond_the_stop_closes_at_once(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO), "near")
    await floor.closed("closed at the market: the price was beyond the stop already")


@pytest.mark.parametrize("style", STYLES)
async def test_a_stop_that_the_exchange_drops_is_placed_again_and_then_closed(
    style: GuardStyle,
) -> None:
    floor = Floor(style)
    await floor.open(levels(targets=()))
    floor.broker.drop(floor.stops()[0].client_id)
    await floor.world.settle()
    assert floor.broker.stopped() == D("0.16666")
    floor.agrees()
    floor.broker.drop(floor.stops()[0].client_id, OrderState.EXPIRED)
    await floor.world.settle()
    await floor.closed("closed at the market: the exchange took no stop")


async def test_drops_that_lie_far_apart_do_not_close() -> None:
    floor = Floor(SEPARATE)
    await floor.open(levels(targets=()))
    for _ in range(3):
        floor.broker.drop(floor.stops()[0].client_id)
        await floor.world.settle()
        await floor.second(700)
    assert floor.broker.stopped() == D("0.16666")


@pytest.mark.parametrize("style", STYLES)
async def test_no_stop_and_no_close_is_the_loudest_message_until_it_is_resolved(
    style: GuardStyle,
) -> None:
    floor = Floor(style)
    floor.fail("submit", "", *["reject"] * 200)
    await floor.open(levels(targets=()), *["reject"] * 200)
    for _ in range(180):
        await floor.second()
    alarms = floor.world.told(NoticeKind.ALARM)
    assert 3 <= len(alarms) <= 4
    assert "closing it failed" in alarms[0]["summary"]
    assert alarms[0]["position_id"] == 1
    assert floor.broker.calls.count("submit") < 15, "spaced out"
    assert floor.broker.calls.count("rest") < 30
    floor.fail("submit")
    floor.fail("rest")
    for _ in range(61):
        await floor.second()
    told = len(floor.world.told(NoticeKind.ALARM))
    assert floor.broker.stopped() == D("0.16666") or floor.position.state is PositionState.CLOSED
    for _ in range(120):
        await floor.second()
    assert len(floor.world.told(NoticeKind.ALARM)) == told
    assert floor.world.told(NoticeKind.ACCOUNT)


async def test_an_operator_hears_once_of_a_position_in_danger() -> None:
    floor = Floor(SEPARATE)
    floor.fail("submit", "", *["reject"] * 200)
    await floor.open(levels(targets=()), *["reject"] * 200)
    at, memory = floor.world.clock.wall(), floor.world.memory
    place = Place("telegram", "op")
    await memory.users.join(Identity("telegram", "op"), "Op", place, operator=True, at=at)
    for _ in range(130):
        await floor.second()
    [told] = floor.world.told(NoticeKind.OPERATOR)
    assert "closing it failed" in told["detail"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fault", ["busy", "away"])
async def test_while_nothing_rests_it_is_watched_here_and_told_when_that_lasts(
    style: GuardStyle, fault: str
) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO), *[fault] * 12)
    for _ in range(9):
        await floor.second()
    assert floor.world.told(NoticeKind.ACCOUNT) == []
    floor.broker.faults["rest"].extend([fault] * 20)
    for _ in range(5):
        await floor.second()
    [told] = floor.world.told(NoticeKind.ACCOUNT)
    assert "watched here" in told["summary"]
    floor.fail("rest")
    for _ in range(40):
        await floor.second()
    assert floor.broker.stopped() == D("0.16666")
    assert len(floor.world.told(NoticeKind.ACCOUNT)) == 2
    floor.agrees()


@pytest.mark.parametrize("style", STYLES)
async def test_while_nothing_rests_a_tick_closes(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO), *["away"] * 50)
    await floor.trade("59399")
    await floor.closed("stop at 59,400")


@pytest.mark.parametrize("style", STYLES)
async def test_what_rests_is_not_closed_here_too(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(levels(targets=()))
    await floor.world.tick("59399")  # the exchange's own price is not there yet
    assert floor.position.state is PositionState.OPEN
    assert len(floor.world.orders) == 2


@pytest.mark.parametrize("style", STYLES)
async def test_an_overdue_stop_is_looked_up_and_closed(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(levels(targets=()))
    await floor.world.tick("59251")
    assert floor.position.state is PositionState.OPEN
    floor.broker.price = D("59250")
    await floor.world.tick("59250")
    await floor.closed("closed at the market: the price passed the stop and it was not filled")


@pytest.mark.parametrize("style", STYLES)
async def test_an_overdue_stop_that_was_filled_is_only_booked(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(levels(targets=()))
    floor.broker.tells = False
    await floor.trade("59200")
    await floor.closed("stop at 59,400")
    assert len(floor.world.orders) == 2


@pytest.mark.parametrize("style", STYLES)
async def test_ends_that_nobody_told_of_are_found_each_minute(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.broker.tells = False
    floor.broker.drop(floor.stops()[0].client_id)
    await floor.minute()
    assert floor.broker.stopped() == D("0.16666")
    floor.agrees()


@pytest.mark.parametrize("style", STYLES)
async def test_a_stop_that_the_exchange_lost_is_placed_again(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(levels(targets=()))
    floor.broker.kept.clear()
    await floor.minute()
    for _ in range(4):
        await floor.second()
    assert floor.broker.stopped() == D("0.16666")
    floor.agrees()


# --- entries and panic ------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
async def test_an_entry_that_ends_after_a_part_leaves_what_was_filled(style: GuardStyle) -> None:
    floor = Floor(style)
    floor.fail("submit", "later")
    await floor.open(both(Side.LONG, *TWO))
    [entry] = floor.world.orders
    floor.broker.fill(entry.client_id, "0.1")
    await floor.world.settle()
    floor.broker.drop(entry.client_id, OrderState.EXPIRED)
    await floor.world.settle()
    assert floor.state() is OrderState.EXPIRED
    assert floor.position.quantity == floor.broker.stopped() == D("0.1")
    assert len(floor.world.told(NoticeKind.ORDER_FAILED)) == 1


async def test_an_entry_that_has_to_wait_is_judged_again() -> None:
    floor = Floor(SEPARATE)
    floor.fail("submit", "busy")
    await floor.open(both(Side.LONG, *TWO))
    assert floor.state() is OrderState.NEW
    await floor.world.tick("60500")
    await floor.second(3)
    assert floor.state() is OrderState.CANCELLED
    assert "of the stop distance" in floor.world.orders[0].error


async def test_an_entry_that_had_to_wait_goes_out_at_the_same_price() -> None:
    floor = Floor(SEPARATE)
    floor.fail("submit", "busy")
    await floor.open(both(Side.LONG, *TWO))
    await floor.second(1)
    assert floor.world.positions == []
    await floor.second(2)
    assert floor.position.quantity == floor.broker.stopped() == D("0.16666")


@pytest.mark.parametrize("style", STYLES)
async def test_panic_flattens_through_an_exchange_that_asks_to_wait(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.broker.busy = 3
    report = await floor.world.desk.panic.panic(floor.owner)
    assert not report.flat
    assert (report.open, report.waits) == (1, 3)
    again = await floor.world.desk.panic.panic(floor.owner)
    assert not again.flat
    for _ in range(2):
        await floor.second()
    floor.broker.busy = None
    for _ in range(5):
        await floor.second()
    await floor.closed("panic")
    told = floor.world.told(NoticeKind.PANIC)
    assert [facts["left"] for facts in told][-1] == 0
    assert told[0]["wait"] == 3


@pytest.mark.parametrize("style", STYLES)
async def test_panic_closes_what_an_unknown_order_filled_later(style: GuardStyle) -> None:
    floor = Floor(style)
    floor.fail("submit", "lost")
    await floor.open(both(Side.LONG, *TWO))
    assert floor.state() is OrderState.UNKNOWN
    report = await floor.world.desk.panic.panic(floor.owner)
    assert report.left == 1
    for _ in range(15):
        await floor.second()
    assert floor.state() is OrderState.CANCELLED, "not sent again in a panic"
    assert floor.world.told(NoticeKind.PANIC)[-1]["left"] == 0
    assert floor.broker.arrived == []


async def test_panic_asks_a_broker_that_refuses_less_and_less_often() -> None:
    floor = Floor(SEPARATE)
    await floor.open(levels(targets=()))
    floor.fail("submit", *["reject"] * 100)
    await floor.world.desk.panic.panic(floor.owner)
    for _ in range(120):
        await floor.second()
    assert floor.broker.calls.count("submit") < 15
    floor.fail("submit")
    for _ in range(61):
        await floor.second()
    await floor.closed("panic")


@pytest.mark.parametrize("style", STYLES)
async def test_sent_is_told_when_the_fill_does_not_come(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    floor.fail("submit", "later")
    await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    await floor.second(1)
    assert floor.world.told(NoticeKind.ORDER_SENT) == []
    for _ in range(5):
        await floor.second(2)
    assert len(floor.world.told(NoticeKind.ORDER_SENT)) == 1
    closing = [item for item in floor.world.orders if item.purpose is OrderPurpose.CLOSE]
    floor.broker.fill(closing[0].client_id)
    await floor.world.settle()
    await floor.closed("closed by hand")


@pytest.mark.parametrize("style", STYLES)
async def test_a_restart_places_nothing_twice(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(both(Side.LONG, *TWO))
    arrived = list(floor.broker.arrived)
    await floor.restart()
    assert floor.broker.arrived == arrived
    floor.agrees()
    await floor.trade("59400")
    await floor.closed("stop at 59,400")
