"""Each trouble that the stand-in exchange can make, seen through the real ccxt."""

import asyncio
from typing import Any

import pytest

from tests.support.markets import eventually
from tests.support.venue.conftest import KEY
from tests.support.venue.engine import Engine
from tests.support.venue.faults import Op, Trouble
from tests.support.venue.records import Status
from tests.support.venue.server import VenueServer

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"


async def buy(client: Any, name: str = "pl1") -> Any:
    return await client.create_order(
        SPOT if client.id == "binance" else PERP, "market", "buy", 1, None, {"clientOrderId": name}
    )


@pytest.mark.parametrize("taken", [True, False])
async def test_an_answer_that_never_comes(
    spot: Any, server: VenueServer, engine: Engine, taken: bool
) -> None:
    server.faults.lose(taken=taken)
    with pytest.raises(Exception) as trouble:
        await buy(spot)
    assert [one.__name__ for one in trouble.type.__mro__ if one.__name__ == "NetworkError"]
    assert engine.taken["pl1"] == int(taken)
    assert server.asked[-1].status == 0
    await buy(spot, "pl2")
    assert engine.taken["pl2"] == 1


@pytest.mark.parametrize("taken", [True, False])
async def test_nobody_knows(
    spot: Any, usdm: Any, server: VenueServer, engine: Engine, taken: bool
) -> None:
    for client, code in ((spot, "-1007"), (usdm, "-1000")):
        server.faults.unknown(taken=taken)
        with pytest.raises(Exception, match=code):
            await buy(client, f"pl{client.id}")
        assert engine.taken[f"pl{client.id}"] == int(taken)


async def test_busy_is_surely_not_done(spot: Any, server: VenueServer, engine: Engine) -> None:
    server.faults.busy(times=2)
    for _ in range(2):
        with pytest.raises(Exception, match="-1008"):
            await buy(spot)
    assert engine.orders == []
    await buy(spot)


@pytest.mark.parametrize("banned", [True, False])
async def test_everything_is_too_many_until_lifted(
    usdm: Any, server: VenueServer, engine: Engine, banned: bool
) -> None:
    fault = server.faults.too_many(banned=banned, retry_after=7)
    for ask in (usdm.fetch_balance, usdm.fetch_time, lambda: buy(usdm)):
        with pytest.raises(Exception, match="418" if banned else "429") as trouble:
            await ask()
        assert trouble.type.__name__ == "DDoSProtection"
    assert usdm.last_response_headers["Retry-After"] == "7"
    server.faults.lift(fault)
    await buy(usdm)


async def test_a_held_answer_comes_when_it_may(
    spot: Any, server: VenueServer, engine: Engine
) -> None:
    gate = asyncio.Event()
    server.faults.hold(gate, taken=True)
    waiting = asyncio.create_task(buy(spot))
    await eventually(lambda: bool(engine.orders))
    assert not waiting.done()
    gate.set()
    assert (await waiting)["status"] == "closed"


async def test_chance_is_seeded(engine: Engine, server: VenueServer) -> None:
    server.faults.add(Trouble.BUSY, times=None, chance=0.3)
    first = [server.faults.take(Op.ORDER) is not None for _ in range(50)]
    server.faults.luck.seed(1)
    assert [server.faults.take(Op.ORDER) is not None for _ in range(50)] == first
    assert 5 < sum(first) < 25


async def test_stops_that_the_exchange_refuses_or_cancels(
    usdm: Any, server: VenueServer, engine: Engine
) -> None:
    await buy(usdm)
    params = {"stopLossPrice": 90, "reduceOnly": True, "clientOrderId": "pl2"}
    server.faults.refuse_stops()
    with pytest.raises(Exception, match="-2020"):
        await usdm.create_order(PERP, "market", "sell", 1, None, params)
    await usdm.create_order(PERP, "market", "sell", 1, None, params)
    server.faults.expel_stop(KEY)
    assert await usdm.fetch_open_orders(PERP, params={"trigger": True}) == []
    assert engine.orders[-1].status is Status.EXPIRED
    spans = engine.bareness(KEY)
    assert [one.until is None for one in spans] == [False, True]
    assert spans[0].answered == 2


async def test_an_exchange_that_is_down_comes_back_at_the_same_place(
    spot: Any, server: VenueServer
) -> None:
    port = server.port
    await server.down()
    with pytest.raises(Exception, match="binance"):
        await spot.fetch_balance()
    await server.up()
    assert server.port == port
    assert await spot.fetch_balance()


async def test_a_cancel_that_was_taken_and_not_answered(
    spot: Any, server: VenueServer, engine: Engine
) -> None:
    await spot.create_order(SPOT, "limit", "buy", 1, 90, {"newClientOrderId": "pl1"})
    server.faults.lose(taken=True, on=Op.CANCEL)
    with pytest.raises(Exception, match="binance"):
        await spot.cancel_order(None, SPOT, {"origClientOrderId": "pl1"})
    assert engine.orders[-1].status is Status.CANCELED


async def test_a_replacement_that_fails_says_how_far_it_came(
    spot: Any, engine: Engine, server: VenueServer
) -> None:
    engine.deposit(KEY, "BTC", 1)
    first = await spot.create_order(SPOT, "market", "sell", 1, None, {"stopLossPrice": 90})
    change = {"stopPrice": 101, "newClientOrderId": "pl2"}
    with pytest.raises(Exception, match=r"-2021|partially"):
        await spot.edit_order(first["id"], SPOT, "STOP_LOSS", "sell", 1, None, change)
    assert engine.open_orders(KEY) == []
    with pytest.raises(Exception, match=r"-2022|failed"):
        await spot.edit_order(first["id"], SPOT, "STOP_LOSS", "sell", 1, None, change)
