"""What both Binance doors tell everybody: markets, candles, tickers, books and funding."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.support.exchange_server import ExchangeServer, Subscriber, _error
from tests.support.venue.binance import text
from tests.support.venue.engine import Engine
from tests.support.venue.records import ZERO, Kind, Market, Side

FUNDING_MS = 8 * 3_600_000


@dataclass
class PublicDoor(ExchangeServer):
    """`shape` is how a market is told of; tickers of perpetuals have no best prices. While it is
    `muted`, streams stay open and say nothing."""

    engine: Engine | None = None
    kind: Kind = Kind.SPOT
    shape: Callable[[Market], dict[str, Any]] = lambda market: {"symbol": market.name}
    muted: bool = False

    @property
    def venue(self) -> Engine:
        assert self.engine is not None
        return self.engine

    def names(self) -> list[str]:
        return [name for kind, name in self.venue.markets if kind is self.kind]

    def mount(self, app: web.Application, api: str, streams: str) -> None:
        super().mount(app, api, streams)
        if self.kind is Kind.PERPETUAL:
            for name, answer in (
                ("premiumIndex", self._premium), ("fundingInfo", self._intervals),
                ("fundingRate", self._rates),
            ):  # fmt: skip
                app.router.add_get(f"{api}/{name}", answer)

    async def told(self, symbol: str) -> None:
        """Publish what is new of one symbol."""
        for one in list(self.subscribers):
            for stream in sorted(one.streams):
                market, _, kind = stream.partition("@")
                if market.upper() == symbol:
                    await self._publish(one, stream, symbol, kind)

    async def _command(self, one: Subscriber, command: dict[str, Any]) -> None:
        """Who subscribes hears at once how things are."""
        before = set(one.streams)
        await super()._command(one, command)
        for stream in sorted(one.streams - before):
            market, _, kind = stream.partition("@")
            await self._publish(one, stream, market.upper(), kind)

    async def _publish(self, one: Subscriber, stream: str, market: str, kind: str) -> None:
        if self.muted:
            return
        if kind == "bookTicker":
            await one.tell(stream, self._best(market))
        elif kind == "ticker":
            await one.tell(stream, self._day_news(market))
        elif kind.startswith("markPrice"):
            await one.tell(stream, self._mark_news(market))
        else:
            await super()._publish(one, stream, market, kind)

    async def _exchangeinfo(self, request: web.Request) -> web.Response:
        markets = [self.venue.markets[self.kind, name] for name in self.names()]
        symbols = [self.shape(market) for market in markets]
        now = self.book.now()
        return self._answer(
            request,
            {"timezone": "UTC", "serverTime": now, "rateLimits": [], "symbols": symbols},
        )

    async def _depth(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(dict(request.query)):
            return refusal
        quote = self.venue.quotes[request.query["symbol"]]
        sides = {
            name: [[text(price), text(size)] for price, size in quote.side(side)]
            for name, side in (("bids", Side.SELL), ("asks", Side.BUY))
        }
        now = self.book.now()
        return self._answer(request, {"lastUpdateId": now, "E": now, "T": now, **sides})

    async def _ticker(self, request: web.Request) -> web.Response:
        several, one = request.query.get("symbols"), request.query.get("symbol")
        markets = json.loads(several) if several else [one] if one else self.names()
        if any(market not in self.names() for market in markets):
            return _error(-1121, "Invalid symbol.")
        best = request.path.endswith("bookTicker")
        rows = [self._best_row(name) if best else self._day_row(name) for name in markets]
        return self._answer(request, rows[0] if one else rows)

    def _best_row(self, market: str) -> dict[str, Any]:
        quote = self.venue.quotes[market]
        return {
            "symbol": market, "bidPrice": text(quote.bid), "bidQty": text(quote.size),
            "askPrice": text(quote.ask), "askQty": text(quote.size), "time": self.book.now(),
        }  # fmt: skip

    def _day_row(self, market: str) -> dict[str, Any]:
        price, now = text(self.venue.price(market)), self.book.now()
        row = {
            "symbol": market, "lastPrice": price, "price": price, "openPrice": price,
            "highPrice": price, "lowPrice": price, "weightedAvgPrice": price,
            "priceChange": "0.0", "priceChangePercent": "0.0", "lastQty": "1.0",
            "volume": "1000.0", "quoteVolume": text(self.venue.price(market) * 1000),
            "openTime": now - 86_400_000, "closeTime": now, "firstId": 0, "lastId": 1, "count": 2,
        }  # fmt: skip
        return row | self._best_row(market) if self.kind is Kind.SPOT else row

    def _best(self, market: str) -> dict[str, Any]:
        quote, now = self.venue.quotes[market], self.book.now()
        row = {
            "u": now, "s": market, "b": text(quote.bid), "B": text(quote.size),
            "a": text(quote.ask), "A": text(quote.size),
        }  # fmt: skip
        extra = {"e": "bookTicker", "E": now, "T": now}
        return row if self.kind is Kind.SPOT else row | extra

    def _day_news(self, market: str) -> dict[str, Any]:
        quote, now = self.venue.quotes[market], self.book.now()
        last = text(quote.last)
        row = {
            "e": "24hrTicker", "E": now, "s": market, "p": "0.0", "P": "0.0", "w": last,
            "c": last, "Q": "1.0", "o": last, "h": last, "l": last, "v": "1000.0",
            "q": text(quote.last * 1000), "O": now - 86_400_000, "C": now, "F": 0, "L": 1, "n": 2,
        }  # fmt: skip
        best = {
            "x": last, "b": text(quote.bid), "B": text(quote.size), "a": text(quote.ask),
            "A": text(quote.size),
        }  # fmt: skip
        return row | best if self.kind is Kind.SPOT else row

    def _mark_news(self, market: str) -> dict[str, Any]:
        row = self._premium_row(market)
        return {
            "e": "markPriceUpdate", "E": row["time"], "s": market, "p": row["markPrice"],
            "i": row["indexPrice"], "P": row["markPrice"], "r": row["lastFundingRate"],
            "T": row["nextFundingTime"],
        }  # fmt: skip

    # --- funding --------------------------------------------------------------------------------

    async def _premium(self, request: web.Request) -> web.Response:
        one = request.query.get("symbol")
        if one is not None and one not in self.names():
            return _error(-1121, "Invalid symbol.")
        rows = [self._premium_row(name) for name in ([one] if one else self.names())]
        return self._answer(request, rows[0] if one else rows)

    def _premium_row(self, market: str) -> dict[str, Any]:
        price, now = text(self.venue.price(market)), self.book.now()
        return {
            "symbol": market, "markPrice": price, "indexPrice": price,
            "estimatedSettlePrice": price,
            "lastFundingRate": text(self.venue.funding.get(market, ZERO)),
            "interestRate": "0.00010000",
            "nextFundingTime": now // FUNDING_MS * FUNDING_MS + FUNDING_MS, "time": now,
        }  # fmt: skip

    async def _intervals(self, request: web.Request) -> web.Response:
        rows = [
            {"symbol": name, "adjustedFundingRateCap": "0.02", "adjustedFundingRateFloor": "-0.02",
             "fundingIntervalHours": 8, "disclaimer": False}
            for name in self.names()
        ]  # fmt: skip
        return self._answer(request, rows)

    async def _rates(self, request: web.Request) -> web.Response:
        one = request.query.get("symbol")
        seen: dict[tuple[int, str], Decimal] = {}
        for income in self.venue.incomes:
            if income.type == "funding" and income.rate is not None:
                seen[income.at, income.symbol] = income.rate
        rows = [
            {"symbol": name, "fundingRate": text(rate), "fundingTime": at,
             "markPrice": text(self.venue.price(name))}
            for (at, name), rate in sorted(seen.items())
            if one in (None, name)
        ]  # fmt: skip
        return self._answer(request, rows)
