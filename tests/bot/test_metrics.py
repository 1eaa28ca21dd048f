"""What an operator's monitoring reads."""

import pytest

from agents.domain.market import Timeframe
from agents.domain.user import Place
from bot.metrics import Metrics
from tests.support.clock import START
from tests.support.line import line
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
