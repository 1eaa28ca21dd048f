"""The replayed market: real candles from files, played once more in time with a clock."""

import asyncio
import logging
import pathlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from agents.domain.errors import AskUser, MarketUnavailable, OperatorNeeded, UnknownSymbol
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
from agents.domain.ports import TickListener
from agents.domain.symbols import suggestions
from bot.connectors.clocks import PlayedClock
from bot.connectors.played import Path, Player, path_of
from bot.connectors.replay_funding import read_funding
from bot.connectors.replay_series import Series, end_of, first_of, read_series
from bot.connectors.tick_feed import TickFeed

_log = logging.getLogger(__name__)
_HOUR = Timeframe(3600)
_HISTORY_PART = 0.2
_HISTORY_CANDLES = 500


class ReplayMarket:
    """Market of a folder of Parquet candles (or of one file).

    What lies before `start` is history. Without a start, history is the first fifth of the data,
    or its first 500 candles where that is more, but never over half of it. A later run goes on
    where the earlier one stopped. The ticks inside a candle follow tick_path.
    """

    def __init__(
        self, folder: str | pathlib.Path, clock: PlayedClock, start: datetime | None = None
    ) -> None:
        self._folder = pathlib.Path(folder)
        self._clock = clock
        self._wanted = start
        self._series: dict[str, Series] = {}
        self._funding: Mapping[str, Sequence[FundingRate]] = {}
        self._universe: Universe | None = None
        self._end: datetime | None = None
        self._feed = TickFeed()
        self._paths: dict[str, Path] = {}
        self._player = Player(clock, self, self._feed)
        self.name = f"replay of {self._folder.name}"

    async def start(self, resume_at: datetime | None = None) -> None:
        """Raises OperatorNeeded with a sentence that names the file that can't be used."""
        try:
            self._series = await asyncio.to_thread(read_series, self._folder)
            self._funding = await asyncio.to_thread(read_funding, self._folder)
        except AskUser as fault:
            raise OperatorNeeded(f"The market can't be replayed. {fault}") from fault
        series = self._series.values()
        self._end = end_of(series)
        begin = self._begin(resume_at)
        self._universe = Universe(tuple(one.instrument for one in series))
        self._clock.begin(begin)
        self._player.begin(begin)
        self._player.start()
        _log.info("Replaying candles.", extra={"start": begin, "end": self._end})

    async def stop(self) -> None:
        await self._player.stop()

    async def universe(self) -> Universe:
        if self._universe is None:
            raise MarketUnavailable("The candle files are still being read.")
        return self._universe

    async def history(
        self, symbol: str, timeframe: Timeframe, until: datetime, count: int
    ) -> Candles:
        """Raises AskUser for a timeframe that the files' candles can't be put together to."""
        series = await self._of(symbol)
        try:
            return series.candles(timeframe, to_ms(min(until, self._clock.now())), count)
        except ValueError:
            raise AskUser(
                f"The candles of {symbol} here are of {series.timeframe}; use that, or a"
                " timeframe that is a multiple of it."
            ) from None

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        """Of the files beside the candles."""
        await self._of(symbol)
        now = self._clock.now()
        return [rate for rate in self._funding.get(symbol, ()) if since <= rate.at <= now]

    async def price(self, symbol: str) -> Tick:
        await self._of(symbol)
        if (tick := self._player.price(symbol)) is None:
            raise MarketUnavailable(f"There is no price of {symbol} yet.")
        return tick

    def listen(self, listener: TickListener) -> None:
        self._feed.listen(listener)

    def watch(self, symbols: Collection[str]) -> None:
        self._feed.watch(symbols)

    def last(self, symbol: str) -> Tick | None:
        return self._player.last(symbol) if self._end else None

    def health(self) -> MarketHealth:
        newest = self._feed.newest
        at = newest.at if newest else None
        if self._end is None:
            return MarketHealth(self.name, MarketState.STARTING, "The candle files are being read.")
        if self._clock.now() < self._end:
            return MarketHealth(self.name, MarketState.LIVE, last_tick=at)
        detail = (
            f"The replay ended at {self._end:%Y-%m-%d %H:%M} UTC; to play it again, start with"
            " another DATABASE_URL."
        )
        return MarketHealth(self.name, MarketState.ENDED, detail, at)

    def pump(self) -> None:
        """Emit all that is due by the clock; the market does so itself eight times a second."""
        self._player.pump()

    def paths(self, symbol: str, after: int, until: int) -> Iterator[Path]:
        """As PathSource."""
        series = self._series.get(symbol)
        if series is not None:
            for number in range(max(series.at(after), 0), series.at(until) + 1):
                yield self._path(series, number)

    def path_at(self, symbol: str, at: int) -> Path | None:
        """As PathSource."""
        series = self._series.get(symbol)
        number = series.at(at) if series else -1
        return self._path(series, number) if series and number >= 0 else None

    def _path(self, series: Series, number: int) -> Path:
        opened = int(series.opened[number])
        known = self._paths.get(series.symbol)
        if known is None or known.opened != opened:
            seconds, step = series.timeframe.seconds, series.instrument.price_step
            known = path_of(series.symbol, opened, seconds, series.steps(number), step)
            self._paths[series.symbol] = known
        return known

    async def _of(self, symbol: str) -> Series:
        universe = await self.universe()
        if symbol not in self._series:
            raise UnknownSymbol(symbol, suggestions(symbol, universe))
        return self._series[symbol]

    def _begin(self, resume_at: datetime | None) -> datetime:
        series = self._series.values()
        first, end = first_of(series), end_of(series)
        if resume_at is not None and resume_at >= first:
            return resume_at
        if self._wanted is None:
            return _fifth(series, first, end)
        if self._wanted >= end:
            raise OperatorNeeded(
                f"PARLEY_REPLAY_START is {self._wanted:%Y-%m-%d %H:%M} UTC, but the candles end at"
                f" {end:%Y-%m-%d %H:%M} UTC; choose an earlier start."
            )
        return max(self._wanted, first)


def _fifth(series: Collection[Series], first: datetime, end: datetime) -> datetime:
    base = max(one.timeframe for one in series)
    enough = max((end - first) * _HISTORY_PART, base.length * _HISTORY_CANDLES)
    return max(base, _HOUR).floor(first + min(enough, (end - first) / 2))
