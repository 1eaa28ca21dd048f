"""A door for a person: move prices, look at an account, and make trouble, over HTTP.

POST /control/move      {"symbol": "BTCUSDT", "price": "59000"}
POST /control/fund      {"symbol": "BTCUSDT", "rate": "0.0001"}
POST /control/deposit   {"key": "...", "coin": "BTC", "amount": "1"}
POST /control/account   {"key": "...", "withdraws": true, "restricted": false, "hedged": true}
POST /control/slicing   {"parts": 3, "at_once": 1}   then POST /control/settle
POST /control/fault     {"trouble": "cut after", "on": ["order"], "times": 1, "seconds": 5}
POST /control/lift      every fault is over
POST /control/skew      {"ms": 20000}
POST /control/drop, /control/silence, /control/expel {"key": "..."}
GET  /control/account?key=...
"""

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.support.venue.faults import Op, Trouble
from tests.support.venue.records import Kind, Refused
from tests.support.venue.server import VenueServer

FLAGS = ("withdraws", "restricted", "hedged", "reads", "trades_spot", "trades_perpetuals")


def control(app: web.Application, server: VenueServer) -> None:
    """Add the control door to an application."""
    doings: dict[str, Callable[[VenueServer, dict[str, Any]], Any]] = {
        "move": lambda one, ask: one.engine.move(ask["symbol"], str(ask["price"])),
        "fund": lambda one, ask: one.engine.fund(ask["symbol"], str(ask["rate"])),
        "deposit": _deposit,
        "account": _change,
        "slicing": _slice,
        "settle": lambda one, ask: one.engine.settle(ask.get("rounds", 1)),
        "fault": _fault,
        "lift": lambda one, _: one.faults.lift(),
        "skew": lambda one, ask: one.faults.skew(int(ask["ms"])),
        "silence": lambda one, _: one.streams.silence(),
        "expel": lambda one, ask: one.faults.expel_stop(ask["key"], ask.get("symbol", "")),
    }

    async def do(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        ask = await request.json() if request.can_read_body else {}
        if name == "drop":
            await server.drop()
        elif name not in doings:
            return web.json_response({"error": f"no such thing: {name}"}, status=404)
        else:
            try:
                doings[name](server, ask)
            except (KeyError, IndexError, ValueError, Refused) as fault:
                return web.json_response({"error": repr(fault)}, status=400)
        return web.json_response({"done": name})

    async def look(request: web.Request) -> web.Response:
        return web.json_response(_plain(_account(server, request.query["key"])))

    app.router.add_post("/control/{name}", do)
    app.router.add_get("/control/account", look)


def _deposit(server: VenueServer, ask: dict[str, Any]) -> None:
    kind = Kind(ask.get("kind", "spot"))
    server.engine.deposit(ask["key"], ask["coin"], str(ask["amount"]), kind)


def _change(server: VenueServer, ask: dict[str, Any]) -> None:
    account = server.engine.account(ask["key"])
    for name in FLAGS:
        if name in ask:
            setattr(account, name, bool(ask[name]))


def _slice(server: VenueServer, ask: dict[str, Any]) -> None:
    server.engine.slicing.parts = int(ask["parts"])
    server.engine.slicing.at_once = int(ask.get("at_once", 1))


def _fault(server: VenueServer, ask: dict[str, Any]) -> None:
    on = frozenset(Op(name) for name in ask["on"]) if "on" in ask else frozenset(Op)
    server.faults.add(
        Trouble(ask["trouble"]), on=on, times=ask.get("times"), seconds=ask.get("seconds"),
        chance=ask.get("chance", 1.0), retry_after=ask.get("retry_after", 1),
    )  # fmt: skip


def _account(server: VenueServer, key: str) -> dict[str, Any]:
    engine = server.engine
    return {
        "balances": {
            kind: {coin: asdict(one) for coin, one in engine.balances(key, kind).items()}
            for kind in Kind
        },
        "positions": {name: asdict(one) for name, one in engine.positions(key).items()},
        "open": [asdict(one) for one in engine.open_orders(key)],
        "fills": [asdict(one) for one in engine.fills if one.account == key],
        "bare": [asdict(one) for one in engine.bareness(key)],
    }


def _plain(found: Any) -> Any:
    """As JSON has it."""
    if isinstance(found, dict):
        return {str(name): _plain(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_plain(one) for one in found]
    return str(found) if isinstance(found, Decimal) else found
