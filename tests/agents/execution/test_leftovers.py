"""What no order can sell any more is written off at once, exactly, and is its owner's own."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.market import InstrumentKind
from agents.domain.order import OrderPurpose, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Mode, StrategyState
from agents.domain.user import NoticeKind
from agents.domain.venue import Connection
from agents.execution.booking.reconciling import differences
from tests.support.broker import ScriptedBroker
from tests.support.desk import World, levels
from tests.support.market import instrument
from tests.support.memory import Killed

D = Decimal
ZERO = D(0)
MINIMUM: dict[str, Any] = {"min_amount": D("0.0001"), "min_cost": D(5)}


class Plenty:
    """What is free at the exchange."""

    def free(self, owner_id: int) -> Decimal:
        return D(10_000)

    def by_hand(self, owner_id: int, symbol: str) -> None:
        return None


class Shop:
    """One position of 0.05 BTC at 60,000, whose orders a test fills."""

    def __init__(self, kind: InstrumentKind = InstrumentKind.SPOT, mode: Mode = Mode.PAPER) -> None:
        self.traded = instrument(kind=kind, **MINIMUM)
        self.world = World(instruments=(self.traded,), more={"funds": Plenty()})
        self.broker = ScriptedBroker(self.world.clock.now)
        self.mode = mode
        if mode is Mode.PAPER:
            self.world.broker = self.broker
        else:
            self.world.brokers = {mode: self.broker}

    async def enter(self, *parts: str, fee: str = "0") -> None:
        """Approved, and so much of it bought; a fee in the coin with the last part."""
        await self.world.start()
        owner = await self.world.user()
        if self.mode is Mode.LIVE:
            own = {"BTC": D("0.5")}
            await self.world.memory.connections.connect(
                Connection(owner, "binance", "sealed", "abcd", baseline=own)
            )
        strategy = await self.world.strategy(owner, mode=self.mode)
        wanted = levels(stop="58000", targets=(("62000", "1"),))
        await self.world.approve(await self.world.propose(strategy, wanted))
        await self.world.settle()
        for part in parts:
            taken = D(fee) if part == parts[-1] else ZERO
            await self.fill("60000", part, taken)

    async def fill(self, price: str, part: str | None = None, fee: Decimal = ZERO) -> None:
        self.world.clock.advance(1)
        client_id = self.world.orders[-1].client_id
        self.broker.fill(client_id, price, part, fee=(fee, "BTC", None))
        await self.world.settle()

    async def end(self) -> None:
        """What is not filled of the newest order is taken back."""
        await self.world.desk.orders.cancel(self.world.orders[-1])
        await self.world.settle()

    async def close(self) -> None:
        await self.world.desk.hands.close(1, self.position.id)
        await self.world.settle()

    @property
    def position(self) -> Position:
        [found] = self.world.positions
        return found

    async def check(self) -> None:
        """Closed, told once, and reckoned again from its fills alone."""
        assert self.position.state is PositionState.CLOSED
        assert not self.position.quantity and self.position.closed_at
        [account] = self.world.accounts
        assert account.balance == account.start + self.position.net()
        known = {self.traded.symbol: self.traded}
        assert await differences(self.world.memory, account, known) == []
        assert len(self.world.told(NoticeKind.CLOSED)) == 1
        assert len(self.world.desk.book) == 0


async def test_a_rest_below_the_minimum_is_written_off_with_the_fill_that_left_it() -> None:
    shop = Shop()
    await shop.enter("0.04", fee="0.00000123")
    await shop.end()
    held = shop.position.quantity
    await shop.close()
    order = shop.world.orders[-1]
    assert order.purpose is OrderPurpose.CLOSE
    # The exchange takes the order as a smaller one: it is filled whole, and 0.00005 are left.
    await shop.world.memory.orders.move(
        order, OrderState.PART_FILLED, quantity=order.quantity - D("0.00005")
    )
    await shop.fill("61000", str(order.quantity - D("0.00005")))
    await shop.check()
    rest = D("0.00005") + D("0.04") - D("0.00000123") - order.quantity
    assert held == D("0.03999877")
    [told] = shop.world.told(NoticeKind.CLOSED)
    assert D(told["stays"]) == rest == D("0.00005877")
    assert shop.position.fees == (rest + D("0.00000123")) * 60_000
    assert shop.position.realised == D(1_000) * (order.quantity - D("0.00005"))


async def test_an_exit_that_ended_before_the_last_coins_leaves_nothing_open() -> None:
    shop = Shop()
    await shop.enter("0.04")
    await shop.end()
    await shop.close()
    await shop.fill("61000", "0.03996")
    assert shop.position.state is PositionState.CLOSING, "the order may still sell the rest"
    await shop.end()
    await shop.check()
    [told] = shop.world.told(NoticeKind.CLOSED)
    assert (told["stays"], told["again"]) == ("0.00004", True)
    assert shop.position.fees == D("2.4")


async def test_what_costs_less_than_the_smallest_sale_is_too_small_too() -> None:
    shop = Shop()
    shop.traded = replace(shop.traded, min_cost=D(10))
    shop.world = World(instruments=(shop.traded,), broker=shop.broker)
    shop.broker = shop.world.broker = ScriptedBroker(shop.world.clock.now)
    await shop.enter("0.04")
    await shop.end()
    await shop.close()
    await shop.fill("61000", "0.03984")  # 0.00016 BTC, above the smallest amount, are 9.76 USDT
    await shop.end()
    await shop.check()


async def test_what_can_be_sold_stays_open() -> None:
    shop = Shop()
    await shop.enter("0.04")
    await shop.end()
    await shop.close()
    await shop.fill("61000", "0.0399")
    await shop.end()
    assert shop.position.state is PositionState.OPEN
    assert shop.position.quantity == D("0.0001")
    assert shop.world.told(NoticeKind.CLOSED) == []


async def test_an_entry_that_bought_too_little_for_a_sale_is_over() -> None:
    shop = Shop()
    await shop.enter("0.00006")
    assert shop.position.state is PositionState.OPEN, "more may come"
    await shop.end()
    await shop.check()
    [told] = shop.world.told(NoticeKind.CLOSED)
    assert told["stays"] == "0.00006"
    assert shop.position.net() == D("-3.6")
    assert shop.world.told(NoticeKind.POSITION_CHANGED), "its buttons go"


async def test_an_entry_of_which_a_fee_left_too_little_is_over_at_once() -> None:
    shop = Shop()
    await shop.enter()
    whole = shop.world.orders[-1].quantity
    await shop.fill("60000", None, whole - D("0.00009"))
    await shop.check()
    assert len(shop.world.told(NoticeKind.FILLED)) == 1


async def test_a_fill_that_comes_after_the_end_opens_it_again() -> None:
    shop = Shop()
    await shop.enter("0.00006")
    await shop.end()
    client_id = shop.world.orders[-1].client_id
    shop.broker.book[client_id] = replace(shop.broker.book[client_id], state=OrderState.OPEN)
    await shop.fill("60000", "0.03")
    assert shop.position.state is PositionState.OPEN
    assert shop.position.quantity == D("0.03")
    assert shop.position.fees == D("3.6")
    known = {shop.traded.symbol: shop.traded}
    [account] = shop.world.accounts
    assert await differences(shop.world.memory, account, known) == []
    wrong = replace(shop.position, fees=D("3.5"))
    shop.world.database.table("positions").put(wrong.id, wrong)
    [said] = await differences(shop.world.memory, account, known)
    assert "has fees 3.5; its fills make" in said


async def test_what_is_open_on_a_perpetual_can_always_be_closed() -> None:
    shop = Shop(InstrumentKind.LINEAR)
    await shop.enter("0.00006")
    await shop.end()
    await shop.world.desk.every_minute()
    assert shop.position.state is PositionState.OPEN


async def test_a_rest_that_an_earlier_release_left_open_is_found() -> None:
    shop = Shop()
    await shop.enter("0.04")
    await shop.end()
    await shop.close()
    await shop.fill("61000", "0.03996")
    order = shop.world.orders[-1]
    memory = shop.world.memory
    await memory.orders.move(order, OrderState.CANCELLED)
    await memory.positions.save(replace(shop.position, state=PositionState.OPEN))
    await shop.world.kill()
    await shop.world.start()
    await shop.check()
    await shop.world.desk.every_minute()
    await shop.check()


@pytest.mark.parametrize("mode", [Mode.PAPER, Mode.LIVE])
@pytest.mark.parametrize(
    "point", ["order.failing", "order.recorded", "rest.dropping", "rest.dropped"]
)
async def test_a_kill_in_between_writes_it_off_once(point: str, mode: Mode) -> None:
    shop = Shop(mode=mode)
    await shop.enter("0.00006")
    shop.world.dies_at_next = point
    with pytest.raises(Killed):
        await shop.end()
    await shop.world.kill()
    await shop.world.start()
    await shop.world.desk.every_minute()
    await shop.world.settle()
    await shop.check()
    connection = await shop.world.memory.connections.of(1)
    own = {"BTC": D("0.50006")} if connection else {}
    assert dict(connection.baseline if connection else {}) == own


async def test_coins_that_stay_are_their_owners_own() -> None:
    shop = Shop(mode=Mode.LIVE)
    await shop.enter("0.00006", fee="0.00000001")
    await shop.end()
    await shop.check()
    connection = await shop.world.memory.connections.of(1)
    assert connection is not None
    assert connection.baseline == {"BTC": D("0.50005999")}


async def test_a_strategy_that_trades_once_is_done() -> None:
    shop = Shop()
    await shop.enter("0.00006")
    await shop.world.memory.strategies.set_run(1, shop.position.strategy_id, "once")
    await shop.end()
    strategy = await shop.world.memory.strategies.get(1, shop.position.strategy_id)
    assert strategy.state is StrategyState.PAUSED
