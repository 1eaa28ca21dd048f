"""What tests of live trading at Bybit ask for again and again."""

from agents.domain.order import BrokerOrder, OrderIntent
from tests.support.live_connector import Live
from tests.support.venue.records import Kind


def kind(one: Live) -> Kind:
    return Kind.SPOT if one.market.name == "bybit" else Kind.PERPETUAL


async def found(one: Live, intent: OrderIntent) -> BrokerOrder:
    answer = await one.broker.lookup(intent)
    assert answer is not None
    return answer
