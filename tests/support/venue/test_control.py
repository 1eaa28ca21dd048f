"""The control door, through which a person moves the stand-in exchange."""

from datetime import timedelta
from typing import Any

import aiohttp

from tests.support.venue.__main__ import furnished
from tests.support.venue.by_hand import buy
from tests.support.venue.control import control
from tests.support.venue.faults import Op
from tests.support.venue.server import venue_server

KEY = "standinkey"


async def test_a_person_moves_the_exchange() -> None:
    engine = furnished(KEY, "standinsecret", "100000")
    async with (
        venue_server(engine, history=timedelta(minutes=5), extras=(control,)) as server,
        aiohttp.ClientSession(server.rest_url) as session,
    ):

        async def do(name: str, **ask: Any) -> int:
            async with session.post(f"/control/{name}", json=ask) as answer:
                return answer.status

        assert await do("move", symbol="BTCUSDT", price="61000") == 200
        assert engine.price("BTCUSDT") == 61000
        assert await do("deposit", key=KEY, coin="BTC", amount="1") == 200
        assert await do("account", key=KEY, withdraws=True) == 200
        assert engine.account(KEY).withdraws
        assert await do("fault", trouble="busy", on=["order"], times=1) == 200
        assert server.faults.take(Op.ORDER) is not None
        assert await do("fault", trouble="nonsense") == 400
        assert await do("nonsense") == 404
        buy(engine, KEY, "BTCUSDT", "0.1")
        async with session.get("/control/account", params={"key": KEY}) as answer:
            told = await answer.json()
    assert float(told["balances"]["spot"]["BTC"]["free"]) == 1.0999
    assert len(told["fills"]) == 1
