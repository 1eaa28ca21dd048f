"""Closed candles of an exchange: backfilled by REST, continued by the stream."""

import asyncio
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence

from agents.domain.market import Candles, Timeframe, from_ms
from agents.extraction.resample import resample
from bot.connectors.ccxt_exchange import PublicExchange, Row
from bot.connectors.ccxt_rest import Patience, RestCandles

_KEPT = 5_000
_FAR = 1_000
"""Candles: what one request brings, and a gap over which the past is not continued."""
_DEEPER = 6
"""How often one call may ask for older candles."""
_FORGOTTEN = 3_600_000
"""Milliseconds after which a series that nobody asks for is followed no longer."""


class Series:
    """The closed candles of one symbol and timeframe, without a hole of ours.

    `checked` is the time (ms) up to which they are complete; a candle that is missing before it
    does not exist.
    """

    def __init__(self, symbol: str, timeframe: Timeframe) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.candles = Candles(symbol, timeframe)
        self.checked = 0
        self.begins = False  # there is nothing before the first candle
        self.asked = 0  # when it was last asked for, ms
        self.wanted = 0  # the most candles that were ever asked for
        self.lock = asyncio.Lock()
        self.news = asyncio.Event()

    def closed_by(self, stop: int) -> int:
        """How many candles closed by `stop` (ms)."""
        return bisect_right(self.candles.opened, stop - self.timeframe.ms)

    def knows(self, stop: int, count: int) -> bool:
        return self.checked >= stop and (self.begins or self.closed_by(stop) >= count)

    def begin_again(self, rows: Sequence[Row], stop: int) -> None:
        self.candles = Candles(self.symbol, self.timeframe)
        self.begins, self.checked = False, 0
        self.extend(rows, stop)

    def extend(self, rows: Sequence[Row], stop: int) -> None:
        """Add closed rows in time order; all before `stop` is known by that."""
        _add(self.candles, [row for row in rows if int(row[0]) >= self.checked])
        self.checked = max(self.checked, stop)
        keep = max(_KEPT, self.wanted)
        if len(self.candles) > 2 * keep:
            self.candles = self.candles.part(len(self.candles) - keep, len(self.candles))
            self.begins = False

    def prepend(self, rows: Sequence[Row]) -> None:
        """Add rows before the first in time order; none says that there are none."""
        if not rows:
            self.begins = True
            return
        older = Candles(self.symbol, self.timeframe)
        _add(older, rows)
        for column, rest in zip(_columns(older), _columns(self.candles), strict=True):
            column.extend(rest)
        older.opened.extend(self.candles.opened)
        self.candles = older

    def absorb(self, rows: Sequence[Row]) -> None:
        """Take what the stream of one unbroken connection has brought, oldest first.

        A candle is closed when a later one has begun, so the last row is left alone. A gap is left
        to REST.
        """
        for row in rows[:-1]:
            if self.checked and int(row[0]) == self.checked:
                self.extend([row], self.checked + self.timeframe.ms)
                self.news.set()

    def part(self, stop: int, count: int) -> Candles:
        """The last `count` that closed by `stop`."""
        ends = self.closed_by(stop)
        return self.candles.part(max(0, ends - count), ends)


def _add(candles: Candles, rows: Sequence[Row]) -> None:
    for row in rows:
        candles.opened.append(int(row[0]))
        for column, value in zip(_columns(candles), row[1:6], strict=True):
            column.append(float(value))


def _columns(candles: Candles) -> "tuple[array[float], ...]":
    return candles.open, candles.high, candles.low, candles.close, candles.volume


class CandleBook:
    """Every series that was asked for. One request at a time for each: who comes second finds
    what the first has fetched."""

    def __init__(
        self,
        exchange: PublicExchange,
        rest: RestCandles,
        patience: Patience,
        now: Callable[[], int],
        followed: Callable[[], None],
    ) -> None:
        """`now` is the exchange's time in ms; `followed` is called when there is a new series."""
        self._exchange = exchange
        self._rest = rest
        self._patience = patience
        self._now = now
        self._followed = followed
        self._native = _native(exchange)
        self._series: dict[tuple[str, Timeframe], Series] = {}
        self.streaming = False

    @property
    def series(self) -> tuple[Series, ...]:
        """Those that someone still asks for."""
        now = self._now()
        return tuple(
            one
            for one in self._series.values()
            if now - one.asked < max(_FORGOTTEN, 3 * one.timeframe.ms)
        )

    async def history(self, symbol: str, timeframe: Timeframe, until: int, count: int) -> Candles:
        """`symbol` in ccxt's spelling. Raises MarketUnavailable."""
        base = self._base(timeframe)
        stop = timeframe.floor_ms(min(until, self._now()))
        ratio = timeframe.seconds // base.seconds
        found = await self._closed(self._of(symbol, base), stop, count * ratio)
        if base == timeframe:
            return found
        longer = resample(found, timeframe, from_ms(stop))
        return longer.part(max(0, len(longer) - count), len(longer))

    async def catch_up(self) -> None:
        """Fetch what was missed while nothing came. Raises MarketUnavailable."""
        for series in self.series:
            stop = series.timeframe.floor_ms(self._now())
            if series.checked < stop:
                await self._closed(series, stop, 1)

    def absorb(self) -> None:
        """Look at what the stream has brought for each series."""
        for series in self.series:
            brought = self._exchange.ohlcvs.get(series.symbol, {}).get(str(series.timeframe))
            if brought:
                series.absorb(brought)

    def _of(self, symbol: str, timeframe: Timeframe) -> Series:
        key = (symbol, timeframe)
        known = self._series.get(key)
        found = self._series.setdefault(key, known or Series(symbol, timeframe))
        found.asked = self._now()
        if known is None:
            self._followed()
        return found

    async def _closed(self, series: Series, stop: int, count: int) -> Candles:
        async with series.lock:
            series.wanted = max(series.wanted, count)
            if self._may_come(series, stop):
                await self._await_news(series, stop)
            if len(series.candles) and stop < series.candles.opened[0] - _FAR * series.timeframe.ms:
                return await self._long_ago(series, stop, count)
            if series.checked < stop:
                await self._fetch_newer(series, stop, count)
            await self._fetch_older(series, stop, count)
            return series.part(stop, count)

    def _may_come(self, series: Series, stop: int) -> bool:
        """Whether only the candle that has just closed is missing, and the stream is up."""
        one_missing = series.checked == stop - series.timeframe.ms
        return self.streaming and one_missing and self._now() < stop + self._patience.news * 1000

    async def _await_news(self, series: Series, stop: int) -> None:
        try:
            async with asyncio.timeout(self._patience.news):
                while series.checked < stop:
                    series.news.clear()
                    await series.news.wait()
        except TimeoutError:
            return  # REST answers instead

    async def _fetch_newer(self, series: Series, stop: int, count: int) -> None:
        length = series.timeframe.ms
        far = stop - series.checked > max(count, _FAR) * length
        start = stop - count * length if far else series.checked
        rows, sure = await self._settled(series, start, stop)
        if not sure:
            stop -= length
        ordered = [rows[at] for at in sorted(rows) if at < stop]
        if far:
            series.begin_again(ordered, stop)
        else:
            series.extend(ordered, stop)

    async def _fetch_older(self, series: Series, stop: int, count: int) -> None:
        """Where candles are missing, more of the past is needed for as many."""
        for _ in range(_DEEPER):
            lacking = count - series.closed_by(stop)
            if lacking <= 0 or series.begins or not len(series.candles):
                return
            first = series.candles.opened[0]
            start = first - max(lacking, _FAR) * series.timeframe.ms
            rows = await self._rest.span(series.symbol, series.timeframe, start, first)
            series.prepend([rows[at] for at in sorted(rows) if at < first])

    async def _long_ago(self, series: Series, stop: int, count: int) -> Candles:
        """Not kept: what lies far before all that is followed."""
        found = Series(series.symbol, series.timeframe)
        await self._fetch_newer(found, stop, count)
        await self._fetch_older(found, stop, count)
        return found.part(stop, count)

    async def _settled(self, series: Series, start: int, stop: int) -> tuple[dict[int, Row], bool]:
        """Rows from `start`, and whether the last before `stop` can't change any more."""
        for wait in (0.5, 0.5, 0.0):
            rows = await self._rest.span(series.symbol, series.timeframe, start, stop)
            if max(rows, default=0) >= stop or self._now() >= stop + self._patience.settle * 1000:
                return rows, True
            await asyncio.sleep(wait * self._patience.settle)
        return rows, self._now() >= stop + self._patience.settle * 1000

    def _base(self, timeframe: Timeframe) -> Timeframe:
        """What to ask the exchange for: weeks are put together here, since not every exchange
        begins them on Monday."""
        if timeframe in self._native and timeframe.seconds < 604_800:
            return timeframe
        fitting = [one for one in self._native if timeframe.seconds % one.seconds == 0]
        return max((one for one in fitting if one.seconds <= 86_400), default=timeframe)


def _native(exchange: PublicExchange) -> frozenset[Timeframe]:
    found = set()
    for name in exchange.timeframes or ():
        try:
            found.add(Timeframe.parse(name))
        except ValueError:
            continue  # seconds and months are none of ours
    return frozenset(found)
