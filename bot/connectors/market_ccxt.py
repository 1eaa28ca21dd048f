"""A real exchange as a market: public data of any exchange that ccxt knows."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from agents.domain.errors import MarketUnavailable
from agents.domain.market import (
    Candles,
    FundingRate,
    MarketHealth,
    MarketState,
    Tick,
    Timeframe,
    Universe,
    to_ms,
)
from agents.domain.ports import Clock, TickListener
from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_candles import CandleBook
from bot.connectors.ccxt_exchange import Addresses, PublicExchange, open_public
from bot.connectors.ccxt_funding import funding_rates
from bot.connectors.ccxt_instruments import Listing, listing, newer
from bot.connectors.ccxt_prices import AskedPrices, tick_of
from bot.connectors.ccxt_rest import Patience, RestCandles, brief
from bot.connectors.ccxt_streams import Stream, candle_alarms, ticker_alarms
from bot.connectors.tick_feed import TickFeed

_log = logging.getLogger(__name__)
_TOGETHER = 0.1
"""Seconds in which new subscriptions are gathered."""


class CcxtMarket:
    """Market of an exchange by its ccxt name.

    An exchange that can't be reached is said once in the log and in health(), and tried again
    until it answers. Candles are backfilled by REST and continued by the stream; after a break
    the gap is fetched. Ticks are the exchange's tickers.
    """

    def __init__(
        self,
        exchange: str,
        clock: Clock,
        rest_url: str = "",
        ws_url: str = "",
        *,
        patience: Patience | None = None,
        backoff: Callable[[], Backoff] = Backoff,
        sandbox: bool = False,
    ) -> None:
        self.name = exchange.strip().lower()
        self.addresses = Addresses(rest_url, ws_url)
        self.sandbox = sandbox
        self._clock = clock
        self._patience = patience or Patience()
        self._backoff = backoff
        self._feed = TickFeed()
        self._ahead = 0  # how far the exchange's clock is ahead of ours, ms
        self._trouble = "It is being reached for the first time."
        self._exchange: PublicExchange | None = None
        self._rest: RestCandles | None = None
        self._book: CandleBook | None = None
        self._prices: AskedPrices | None = None
        self._listing: Listing | None = None
        self._following = False
        self._sessions: frozenset[Any] = frozenset()
        self._seen: dict[str, Mapping[str, Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._tickers = self._stream("ticker", self._read_tickers, lambda: None)
        self._candles = self._stream("candle", self._read_candles, self._catch_up)

    async def start(self, resume_at: datetime | None = None) -> None:
        """Raises OperatorNeeded for a name that ccxt does not know. `resume_at` is past here."""
        exchange = self._exchange = await open_public(
            self.name, self.addresses, sandbox=self.sandbox
        )
        rest = self._rest = RestCandles(exchange, self._patience)
        self._book = CandleBook(
            exchange, rest, self._patience, self._exchange_time, self._follow_candles
        )
        self._prices = AskedPrices(exchange, rest, self._feed, self._patience, self._clock.now)
        tried = asyncio.Event()
        self._spawn(self._reach(exchange, tried))
        try:
            async with asyncio.timeout(self._patience.contact):
                await tried.wait()
        except TimeoutError:
            self._lose("no answer in time")

    async def stop(self) -> None:
        await self._tickers.stop()
        await self._candles.stop()
        if self._prices is not None:
            await self._prices.stop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._exchange is not None:
            await self._exchange.close()

    async def universe(self) -> Universe:
        return self._listed().universe

    async def history(
        self, symbol: str, timeframe: Timeframe, until: datetime, count: int
    ) -> Candles:
        spelling = self._listed().spelling(symbol)
        if self._book is None:
            raise MarketUnavailable
        found = await self._book.history(spelling, timeframe, to_ms(until), count)
        found.symbol = symbol
        return found

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        spelling = self._listed().spelling(symbol)
        if self._exchange is None:
            raise MarketUnavailable
        return await funding_rates(self._exchange, spelling, symbol, since)

    async def price(self, symbol: str) -> Tick:
        spelling = self._listed().spelling(symbol)
        if self._prices is None:
            raise MarketUnavailable
        return await self._prices.price(symbol, spelling)

    def listen(self, listener: TickListener) -> None:
        self._feed.listen(listener)

    def watch(self, symbols: Collection[str]) -> None:
        if frozenset(symbols) != self._feed.watched:
            self._feed.watch(symbols)
            self._follow_tickers()

    def last(self, symbol: str) -> Tick | None:
        return self._prices.last(symbol) if self._prices is not None else None

    def loaded(self) -> tuple[PublicExchange, Listing]:
        """The exchange with its markets. Raises MarketUnavailable before the first contact."""
        listed = self._listed()
        if self._exchange is None:
            raise MarketUnavailable
        return self._exchange, listed

    @property
    def held(self) -> float:
        """Seconds for which the exchange asked to be left alone."""
        return self._rest.held if self._rest is not None else 0.0

    def hold_back(self, seconds: float) -> None:
        """The exchange asks to wait: no candles are asked for that long."""
        if self._rest is not None:
            self._rest.hold_back(seconds)

    def health(self) -> MarketHealth:
        newest = self._feed.newest
        return MarketHealth(self.name, self._state(), self._trouble, newest.at if newest else None)

    def _state(self) -> MarketState:
        if self._listing is None:
            return MarketState.STARTING
        return MarketState.RECONNECTING if self._trouble else MarketState.LIVE

    def _listed(self) -> Listing:
        if self._listing is None:
            raise MarketUnavailable(self._trouble)
        return self._listing

    def _exchange_time(self) -> int:
        return to_ms(self._clock.now()) + self._ahead

    # --- reaching it ------------------------------------------------------------------------

    async def _reach(self, exchange: PublicExchange, tried: asyncio.Event) -> None:
        backoff = self._backoff()
        while self._listing is None:
            try:
                await self._introduce(exchange)
            except Exception as fault:
                self._lose(brief(fault))
                tried.set()
                await asyncio.sleep(backoff.failed())
        self._regain()
        tried.set()
        self._follow_tickers()
        while True:
            await asyncio.sleep(self._patience.relist)
            await self._relist(exchange)

    async def _introduce(self, exchange: PublicExchange) -> None:
        markets = await exchange.load_markets()
        self._ahead = await self._skew(exchange)
        self._listing = listing(markets.values(), exchange.precisionMode)

    async def _relist(self, exchange: PublicExchange) -> None:
        """Steps, least amounts and leverage change while a desk runs: an order by the old ones is
        refused, and a stop with it."""
        known, before = self._listing, dict(exchange.markets or {})
        if known is None or self.held:
            return
        try:
            markets = dict(await exchange.load_markets(reload=True))
            self._ahead = await self._skew(exchange)
        except Exception as fault:
            _log.warning("What is listed can't be read anew: %s.", brief(fault))
            return
        exchange.markets = {**before, **markets}
        self._listing = newer(known, listing(markets.values(), exchange.precisionMode))

    async def _skew(self, exchange: PublicExchange) -> int:
        if not exchange.has.get("fetchTime"):
            return 0
        asked = to_ms(self._clock.now())
        answer = int(await exchange.fetch_time())
        ahead = answer - (asked + to_ms(self._clock.now())) // 2
        if abs(ahead) > 1000:
            _log.warning("This machine's clock is off.", extra={"milliseconds": -ahead})
        return ahead

    def _lose(self, why: str) -> None:
        title = self._exchange.name if self._exchange else self.name
        sentence = f"{title} can't be reached ({why}); it is tried again by itself."
        if self._trouble != sentence:
            _log.warning(sentence)
        self._trouble = sentence

    def _regain(self) -> None:
        if self._trouble:
            _log.info("The exchange is connected.", extra={"exchange": self.name})
        self._trouble = ""

    # --- streams ----------------------------------------------------------------------------

    def _stream(self, name: str, read: Callable[[], None], found: Callable[[], None]) -> Stream:
        def back() -> None:
            self._regain_streams()
            found()

        return Stream(
            name,
            self._patience,
            self._backoff,
            hang_up=self._hang_up,
            read=read,
            lost=self._lose_stream,
            found=back,
        )

    async def _hang_up(self) -> None:
        if self._exchange is not None:
            await self._exchange.close_ws_clients()

    def _lose_stream(self, why: str) -> None:
        self._candles_broke()
        self._lose(why)

    def _regain_streams(self) -> None:
        if not (self._tickers.broken or self._candles.broken):
            self._regain()

    def _follow_tickers(self) -> None:
        if self._exchange is None or self._listing is None:
            return
        known = self._listing.spelled
        symbols = sorted(known[symbol] for symbol in self._feed.watched if symbol in known)
        self._tickers.follow(ticker_alarms(self._exchange, symbols, self._patience))

    def _follow_candles(self) -> None:
        """Soon: at a candle's close many series are asked for the first time together."""
        if not self._following:
            self._following = True
            self._spawn(self._follow_candles_soon())

    async def _follow_candles_soon(self) -> None:
        await asyncio.sleep(_TOGETHER)
        self._following = False
        if self._exchange is None or self._book is None:
            return
        wanted = sorted((one.symbol, str(one.timeframe)) for one in self._book.series)
        self._candles.follow(candle_alarms(self._exchange, wanted))

    def _read_tickers(self) -> None:
        if self._exchange is None or self._listing is None:
            return
        for symbol in sorted(self._feed.watched):
            spelling = self._listing.spelled.get(symbol, "")
            ticker = self._exchange.tickers.get(spelling)
            if ticker is not None and ticker is not self._seen.get(symbol):
                self._seen[symbol] = ticker
                self._tell(symbol, ticker)

    def _tell(self, symbol: str, ticker: Mapping[str, Any]) -> None:
        tick = tick_of(symbol, ticker, self._clock.now())
        if tick is not None:
            self._feed.emit(tick)

    def _read_candles(self) -> None:
        """Take candles of unbroken sessions only: the last message of a broken one is no close."""
        if self._exchange is None or self._book is None:
            return
        sessions = frozenset(self._exchange.clients.values())
        if not self._sessions <= sessions:
            self._candles_broke()
            self._catch_up()
        else:
            self._book.streaming = True
            self._book.absorb()
        self._sessions = sessions

    def _candles_broke(self) -> None:
        if self._exchange is not None and self._book is not None:
            self._exchange.ohlcvs = {}
            self._book.streaming = False

    def _catch_up(self) -> None:
        if self._book is not None:
            self._spawn(self._fetch_missed(self._book))

    async def _fetch_missed(self, book: CandleBook) -> None:
        try:
            await book.catch_up()
        except MarketUnavailable as fault:
            _log.warning("What was missed could not be fetched yet.", extra={"why": str(fault)})

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
