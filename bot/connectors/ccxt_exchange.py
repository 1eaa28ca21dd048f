"""Opens an exchange of ccxt, its addresses pointed elsewhere where the operator wants it.

ccxt costs seconds and 100 MB to import, whatever is used of it: it is imported here alone, late
and in a thread.
"""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from agents.domain.errors import OperatorNeeded
from bot.connectors.ccxt_dialect import dialect_of

Row: TypeAlias = Sequence[float]
"""One candle of ccxt: open time in ms, open, high, low, close, volume."""


class PublicExchange(Protocol):
    """What we use of a ccxt exchange without keys; names and shapes are ccxt's."""

    id: str
    name: str
    has: Mapping[str, Any]
    timeframes: Mapping[str, Any]
    markets: Mapping[str, Any] | None
    precisionMode: int  # noqa: N815
    options: dict[str, Any]
    ohlcvs: dict[str, Mapping[str, Sequence[Row]]]
    tickers: Mapping[str, Mapping[str, Any]]
    clients: Mapping[str, Any]

    async def load_markets(self, reload: bool = False) -> Mapping[str, Any]: ...
    async def fetch_time(self) -> int: ...
    async def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int | None, limit: int | None
    ) -> Sequence[Row]: ...
    async def fetch_funding_rate_history(
        self, symbol: str, since: int | None, limit: int | None
    ) -> Sequence[Mapping[str, Any]]: ...
    async def fetch_ticker(self, symbol: str) -> Mapping[str, Any]: ...
    async def fetch_tickers(self, symbols: Sequence[str]) -> Mapping[str, Any]: ...
    async def watch_tickers(self, symbols: Sequence[str]) -> Mapping[str, Any]: ...
    async def watch_ticker(self, symbol: str) -> Mapping[str, Any]: ...
    async def watch_ohlcv(self, symbol: str, timeframe: str) -> Sequence[Row]: ...
    async def watch_ohlcv_for_symbols(self, wanted: Sequence[Sequence[str]]) -> Any: ...
    async def close_ws_clients(self) -> None: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where an exchange's requests go instead; empty text leaves its own addresses alone.

    Scheme, host and port are replaced, and the original host becomes the first part of the path,
    because ccxt (and a stand-in) tells spot from contracts by the host:
    `https://api.binance.com/api/v3/time` → `http://127.0.0.1:9100/api.binance.com/api/v3/time`.
    """

    rest_url: str = ""
    ws_url: str = ""

    def there(self, url: str) -> str:
        """Where a request to `url` is really sent."""
        parts = urlsplit(url)
        base = self.ws_url if parts.scheme in ("ws", "wss") else self.rest_url
        if not base or not parts.hostname or url.startswith(base.rstrip("/") + "/"):
            return url
        query = f"?{parts.query}" if parts.query else ""
        return f"{base.rstrip('/')}/{parts.hostname}{parts.path}{query}"

    def original(self, url: str) -> str:
        """The exchange's own address of a REST request that was sent to `url`."""
        base = self.rest_url.rstrip("/") + "/"
        return (
            f"https://{url.removeprefix(base)}" if self.rest_url and url.startswith(base) else url
        )


def pointed(kind: Any, addresses: Addresses) -> Any:
    """The class `kind` of ccxt with every request of it sent to `addresses`.

    Also addresses that an exchange learns while it runs. Errors are read as those of the original
    address, since ccxt has tables of error codes by host. Binance's streams of one kind share a
    connection: by itself ccxt opens one more whenever the list of symbols changes.
    """

    class Pointed(kind):  # type: ignore[misc]
        async def fetch(self, url: str, *rest: Any, **named: Any) -> Any:
            return await super().fetch(addresses.there(url), *rest, **named)

        def client(self, url: str) -> Any:
            return super().client(addresses.there(url))

        def stream(self, kind_of: str, subscription: str, *rest: Any) -> Any:
            return super().stream(kind_of, subscription.partition("::")[0], *rest)

        def handle_errors(self, code: int, reason: str, url: str, *rest: Any) -> Any:
            return super().handle_errors(code, reason, addresses.original(url), *rest)

    Pointed.__name__ = kind.__name__
    return Pointed


async def exchange_class(name: str) -> Any:
    """The class of an exchange by its ccxt name, with streams where ccxt has them.

    Raises OperatorNeeded with suggestions for a name that ccxt does not know.
    """
    wanted = name.strip().lower()
    return await asyncio.to_thread(_import, dialect_of(wanted).of or wanted)


def _import(name: str) -> Any:
    streaming = importlib.import_module("ccxt.pro")
    plain = importlib.import_module("ccxt.async_support")
    if name in plain.exchanges:
        return getattr(streaming if name in streaming.exchanges else plain, name)
    close = get_close_matches(name, plain.exchanges, n=3, cutoff=0.6)
    hint = f" Did you mean {', '.join(close)}?" if close else " Try ccxt:binance."
    raise OperatorNeeded(f"PARLEY_MARKET: there is no exchange called {name[:40]!r}.{hint}")


def enter_sandbox(exchange: Any, way: str) -> None:
    """Have everything sent to the exchange's play-money twin; `way` is `sandbox` or `demo`, as
    ccxt calls them. Raises OperatorNeeded where there is none."""
    try:
        if way == "demo":
            exchange.enable_demo_trading(True)
        else:
            exchange.set_sandbox_mode(True)
    except Exception as fault:
        raise OperatorNeeded(
            f"PARLEY_SANDBOX: {exchange.name} has no sandbox here. Unset it, or choose another "
            "exchange in PARLEY_MARKET."
        ) from fault


async def open_public(name: str, addresses: Addresses, *, sandbox: bool = False) -> PublicExchange:
    """An exchange for public data; nothing is asked of it yet. Raises OperatorNeeded."""
    kind = pointed(await exchange_class(name), addresses)
    options: dict[str, Any] = {"OHLCVLimit": _STREAMED}
    if name in _KINDS:
        options["fetchMarkets"] = {"types": _KINDS[name]}
    exchange: PublicExchange = kind({"enableRateLimit": True, "options": options})
    for stream in ("watchTicker", "watchTickers"):
        # Binance's default stream of tickers is the one without bid and ask.
        if name.startswith("binance"):
            exchange.options[stream] = {**exchange.options.get(stream, {}), "name": "ticker"}
    if sandbox:
        enter_sandbox(exchange, dialect_of(name).sandbox)
    return exchange


# How many candles of a stream ccxt keeps; a closed one is taken as soon as the next begins.
_STREAMED = 5

# One kind of market is what we offer; loading the others costs seconds and requests.
_KINDS = {
    "binance": ["spot"],
    "binanceusdm": ["linear"],
    "bybit": ["spot"],
    "bybitlinear": ["linear"],
}
