"""A stand-in exchange to trade at by hand:

    python -m tests.support.venue --port 9100 --every 1

It has BTC, ETH and BNB as spot and as perpetuals with made-up candles and wandering prices, and
one account. Start the desk with EXCHANGE_REST_URL and EXCHANGE_WS_URL as it prints them, and
change things through the control door (see control.py).
"""

import argparse
import asyncio
import sys
from datetime import timedelta
from decimal import Decimal
from random import Random

from tests.support.venue.binance_doors import binance_doors
from tests.support.venue.bybit_doors import bybit_doors
from tests.support.venue.control import control
from tests.support.venue.engine import Engine
from tests.support.venue.records import Kind, Market
from tests.support.venue.server import VenueServer, venue_server

PRICES = {"BTC": "60000", "ETH": "3000", "BNB": "600"}
CENT = Decimal("0.01")
PERPETUALS = {"binance": "binanceusdm", "bybit": "bybitlinear"}


def furnished(key: str, secret: str, cash: str, *, unified: bool = False) -> Engine:
    """Markets and one account, as the program offers them."""
    engine = Engine()
    for coin, price in PRICES.items():
        engine.add_market(Market(Kind.SPOT, coin), price)
        step, taker, maker = Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
        engine.add_market(
            Market(Kind.PERPETUAL, coin, step=step, min_quantity=step, taker=taker, maker=maker),
            price,
        )
    engine.add_account(key, secret, {"USDT": cash}, {"USDT": cash}, unified=unified)
    return engine


async def wander(server: VenueServer, every: float, luck: Random) -> None:
    while True:
        await asyncio.sleep(every)
        for coin in PRICES:
            price = server.engine.price(f"{coin}USDT")
            moved = price * Decimal(str(1 + luck.gauss(0, 0.0002)))
            server.engine.move(f"{coin}USDT", moved.quantize(CENT))


async def serve(arguments: argparse.Namespace) -> None:
    bybit = arguments.exchange == "bybit"
    engine = furnished(arguments.key, arguments.secret, arguments.cash, unified=bybit)
    doors = (bybit_doors if bybit else binance_doors,)
    history = timedelta(days=arguments.days)
    async with venue_server(
        engine, history=history, port=arguments.port, doors=doors, extras=(control,), beat=1.0
    ) as server:
        sys.stdout.write(
            f"EXCHANGE_REST_URL={server.rest_url}\nEXCHANGE_WS_URL={server.ws_url}\n"
            f"PARLEY_MARKET=ccxt:{arguments.exchange} (or ccxt:{PERPETUALS[arguments.exchange]})\n"
            f"/connect {arguments.exchange} {arguments.key} {arguments.secret}\n"
        )
        sys.stdout.flush()
        if arguments.every > 0:
            await wander(server, arguments.every, Random(1))
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.venue")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--exchange", choices=sorted(PERPETUALS), default="binance")
    parser.add_argument("--key", default="standinkey")
    parser.add_argument("--secret", default="standinsecret")
    parser.add_argument("--cash", default="10000", help="USDT on spot, and as much for perpetuals")
    parser.add_argument("--days", type=int, default=3, help="of made-up candles")
    parser.add_argument("--every", type=float, default=1.0, help="seconds; 0 leaves prices alone")
    try:
        asyncio.run(serve(parser.parse_args()))
    except KeyboardInterrupt:
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
