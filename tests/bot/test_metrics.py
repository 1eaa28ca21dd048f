"""What an operator's monitoring reads."""

import pytest

from agents.domain.market import InstrumentKind, Timeframe
from agents.domain.order import OrderSide
from agents.domain.strategy import Mode
from agents.domain.user import Place
from bot.metrics import Metrics
from bot.metrics_broker import MeasuredBroker
from tests.support.clock import START
from tests.support.line import line
from tests.support.live import LiveWorld, instruments, live_world
from tests.support.memory_mail import MemoryOutbox


async def test_gauges_are_read_from_the_database() -> None:
    desk = await line()
    strategy = await desk.strategy()
    await desk.world.opened(strategy)
    metrics = Metrics()
    await metrics.count(desk.memory, MemoryOutbox(desk.world.memory.session))
    text = metrics.text().decode()
    assert "parley_open_positions 1.0" in text
    assert 'parley_proposals{state="pending"} 0.0' in text
    assert f'parley_outbox_waiting{{platform="{Place("telegram", "1").platform}"}}' in text


async def test_a_cycle_is_measured_also_when_it_fails() -> None:
    metrics = Metrics()

    async def decide(timeframe, closed) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await metrics.timed(decide)(Timeframe.parse("5m"), START)
    assert 'parley_cycle_seconds_count{timeframe="5m"} 1.0' in metrics.text().decode()


async def test_decisions_are_counted_by_what_was_done() -> None:
    desk, metrics = await line(), Metrics()
    await desk.strategy()
    await desk.next(60_500)
    await desk.next(60_000)
    metrics.decided(desk.told)
    text = metrics.text().decode()
    assert 'parley_decisions_total{action="enter_long"} 1.0' in text
    assert 'parley_decisions_total{action="hold"} 1.0' in text


async def test_orders_are_counted_by_what_the_exchange_made_of_them() -> None:
    world, metrics, seconds = await live_world(), Metrics(), iter(range(100))
    measured = MeasuredBroker(
        world.exchange.broker, "binance", metrics.money, lambda: next(seconds)
    )
    world.brokers[Mode.LIVE] = measured
    await world.restart()
    ada = await world.user()
    await world.connect(ada)
    world.exchange.broker.script.append("reject")
    await world.approve(await world.propose(await world.live(ada)))
    await world.held(ada)
    text = metrics.text().decode()
    assert 'parley_orders_total{exchange="binance",outcome="rejected"} 1.0' in text
    # The entry, its stop and its target; each answer took a second.
    assert 'parley_orders_total{exchange="binance",outcome="sent"} 3.0' in text
    assert 'parley_order_seconds_sum{exchange="binance"} 4.0' in text


async def test_looks_at_accounts_and_their_differences() -> None:
    metrics = Metrics()
    world = LiveWorld(instruments=instruments(InstrumentKind.LINEAR))
    world.more["looked"] = metrics.money.looked
    await world.start()
    ada = await world.user()
    await world.connect(ada)
    await world.held(ada)
    world.exchange.order_by_hand(ada, "ETH/USDT", OrderSide.BUY, "1", "2000")
    await world.look(ada)
    await metrics.count(world.memory, MemoryOutbox(world.memory.session))
    text = metrics.text().decode()
    assert "parley_reconciliation_differences 1.0" in text
    assert "parley_reconciliation_age_seconds" in text
    assert 'parley_guards{where="exchange"} 1.0' in text
    assert 'parley_guards{where="here"} 0.0' in text
