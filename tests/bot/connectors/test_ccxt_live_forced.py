"""What an exchange closed of its own accord, as the real ccxt reads it."""

from decimal import Decimal

import pytest

from agents.domain.order import OrderSide
from agents.domain.venue import Forced, VenueFill
from tests.support.live_connector import BTC, Live
from tests.support.venue import by_hand
from tests.support.venue.records import Ask, Kind, OrderType
from tests.support.venue.records import Side as Way

D = Decimal
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def exits(perps: Live, leverage: int, happens: str) -> list[VenueFill]:
    """What is sold of a long after its entry."""
    entry = await perps.entry("entry", leverage=leverage, quantity=D("0.1"))
    await perps.submit(entry)
    if happens == "liquidated":
        level = perps.engine.liquidation(perps.key, "BTCUSDT")
        assert level is not None
        perps.engine.move("BTCUSDT", level - 10)
    elif happens == "deleveraged":
        by_hand.deleverage(perps.engine, perps.key, "BTCUSDT", "0.04")
    else:  # by a person who gives names
        ask = Ask(Kind.PERPETUAL, "BTCUSDT", Way.SELL, OrderType.MARKET, D("0.1"))
        ask.client_id = happens
        perps.engine.place(perps.key, ask)
    told = await perps.desk.venue.fills(perps.owner, BTC, entry.created_at)
    return [one for one in told if one.fill.side is OrderSide.SELL]


@pytest.mark.parametrize(
    ("happens", "forced", "quantity"),
    [
        ("liquidated", Forced.LIQUIDATED, "0.1"),
        ("deleveraged", Forced.DELEVERAGED, "0.04"),
        ("autoclose-1596107620040000020", None, "0.1"),
        ("adl_autoclose", None, "0.1"),
        ("web_1", None, "0.1"),
    ],
)
async def test_a_forced_order_is_told_from_one_that_only_has_its_name(
    perps: Live, happens: str, forced: Forced | None, quantity: str
) -> None:
    [told] = await exits(perps, 20, happens)
    assert (told.forced, told.fill.quantity) == (forced, D(quantity))
    assert told.fill.fee > 0


async def test_the_list_of_forced_orders_is_asked_for_only_where_there_may_be_one(
    perps: Live,
) -> None:
    await exits(perps, 20, "web_2")
    assert not [one for one in perps.asked if "forceOrders" in one.path]
