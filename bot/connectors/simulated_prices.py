"""The prices of the simulated market: a formula of (seed, coin, minute) that remembers nothing.

The logarithm of a price is the sum of
* a daily walk, drawn back to the coin's usual level (half-life 60 days); its drift and volatility
  follow the regime of the day: up, down, chop, crash (most of the fall within two hours) and the
  rebound after a crash;
* a walk inside each day that meets the day's two ends, with volatility in clusters;
* swings: every two hours or so a quick dip, a recovery and a hump, never twice the same, on a
  slower wave. They are why rules come true within minutes of a user's first try.
Every coin follows the walks of bitcoin by its beta, adds its own, and swings some minutes later.
Volume grows with the size of the move, with volatility and with the hour of the day.
"""

from datetime import UTC, datetime
from enum import IntEnum
from typing import TypeAlias

import numpy as np

from bot.connectors.noise import Real, Whole, normal, smooth, stream, uniform
from bot.connectors.simulated_coins import COINS, Coin

DAY = 1440
"""Minutes; minutes and days are counted from the epoch."""
GENESIS = datetime(2020, 1, 1, tzinfo=UTC)
"""Nothing was traded before."""
FIRST_DAY = int(GENESIS.timestamp()) // 86_400

Blocks: TypeAlias = Real
"""Shape (days, 5, minutes): open, high, low, close, volume."""


class Regime(IntEnum):
    """What kind of day it is. Each lasts two days; a crash is followed by its rebound."""

    CHOP = 0
    UP = 1
    DOWN = 2
    CRASH = 3
    REBOUND = 4


_ODDS = ((Regime.UP, 0.30), (Regime.DOWN, 0.55), (Regime.CHOP, 0.92), (Regime.CRASH, 1.0))
_DRIFT = np.array([0.0, 0.012, -0.012, -0.09, 0.05])
_VOLATILITY = np.array([0.75, 1.0, 1.0, 1.8, 1.4])
_MEAN_DRIFT = -0.001
_BITCOIN_DAILY = 0.02
_KEPT = 0.5 ** (1 / 60)
_INSIDE = 0.45
"""Volatility of the walk inside a day, of what a free walk would have: the swings do the rest."""
_WICK = 1.3

_SWING, _SWING_MINUTES, _SWING_JITTER = 0.0095, 115.7, 0.5
_RIPPLES = ((7, 0.0007), (17, 0.0009), (41, 0.0011))
_WAVE, _WAVE_MINUTES = 0.006, 600.0


class Prices:
    """Minutes of any coin on any day. Cheap to make; `seed` names the world."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._walks: dict[str, Real] = {}

    def blocks(self, coin: Coin, days: Whole) -> Blocks:
        """The minutes of `days` (since the epoch, ascending, none before FIRST_DAY)."""
        minutes = days[:, None] * DAY + np.arange(DAY + 1)
        wild = self._volatility(days, minutes[:, :-1])
        price = np.exp(self._log_price(coin, days, minutes, wild))
        return self._candles(coin, minutes[:, :-1], price, wild)

    def regimes(self, days: Whole) -> Whole:
        """The Regime of each day."""
        odds = uniform(self._stream("regime"), days // 2)
        found = np.searchsorted([limit for _, limit in _ODDS], odds, side="right")
        kinds = np.array([int(regime) for regime, _ in _ODDS])[found]
        return np.where((kinds == Regime.CRASH) & (days % 2 == 1), int(Regime.REBOUND), kinds)

    def _stream(self, *names: object) -> int:
        return stream(self._seed, *names)

    def _log_price(self, coin: Coin, days: Whole, minutes: Whole, wild: Real) -> Real:
        bitcoin = COINS[0]
        walks = coin.beta * self._walk(bitcoin, _BITCOIN_DAILY, days, wild)
        if coin.wild:
            walks = walks + self._walk(coin, coin.wild, days, wild)
        at = minutes.ravel().astype(np.float64) - coin.lag
        swings = coin.swing * (self._swings(at) + self._ripples(coin, at))
        return np.asarray(np.log(coin.level) + walks + swings.reshape(minutes.shape))

    def _walk(self, coin: Coin, daily: float, days: Whole, wild: Real) -> Real:
        """The walk of one coin at each minute's edge: shape (days, minutes + 1)."""
        ends = self._daily_walk(coin, daily, int(days[-1]))
        first, last = ends[days - FIRST_DAY], ends[days - FIRST_DAY + 1]
        part = np.arange(DAY + 1) / DAY
        line = first[:, None] + (last - first)[:, None] * self._course(coin, days, part)
        line[:, -1] = last  # to the last bit, where the next day begins
        steps = normal(self._stream("minute", coin.base), _minutes(days)).reshape(-1, DAY)
        walked = np.cumsum(steps * wild * (daily * _INSIDE / np.sqrt(DAY)), axis=1)
        line[:, 1:-1] += walked[:, :-1] - walked[:, -1:] * part[1:-1]
        return np.asarray(line)

    def _daily_walk(self, coin: Coin, daily: float, until: int) -> Real:
        """Where the walk stands at the start of each day from FIRST_DAY to `until` + 1."""
        count = (until - FIRST_DAY) // 1024 * 1024 + 1025
        known = self._walks.get(coin.base)
        if known is not None and len(known) > count:
            return known
        days = FIRST_DAY + np.arange(count)
        steps = daily * normal(self._stream("day", coin.base), days)
        if coin is COINS[0]:
            regimes = self.regimes(days)
            steps = steps * _VOLATILITY[regimes] + _DRIFT[regimes] - _MEAN_DRIFT
        fade = _KEPT ** np.arange(count)
        found = np.concatenate(([0.0], np.cumsum(steps / fade) * fade))
        self._walks[coin.base] = found
        return np.asarray(found)

    def _course(self, coin: Coin, days: Whole, part: Real) -> Real:
        """How a day's move is spread over the day: evenly, but a crash falls in two hours."""
        even = np.broadcast_to(part, (len(days), len(part)))
        crash = (self.regimes(days) == Regime.CRASH) & (coin is COINS[0])
        if not crash.any():
            return even
        hour = 2 + 18 * uniform(self._stream("crash"), days)
        fall = _soft(np.clip((part[None] * 24 - hour[:, None]) / 2, 0, 1))
        return np.where(crash[:, None], 0.15 * even + 0.85 * fall, even)

    def _volatility(self, days: Whole, minutes: Whole) -> Real:
        """Around 1, in clusters of half an hour to half a day, higher in the afternoon (UTC)."""
        at = minutes.ravel().astype(np.float64)
        cluster = 0.25 * smooth(self._stream("gusts"), at, 37)
        cluster += 0.35 * smooth(self._stream("weather"), at, 290)
        hours = np.sin((np.arange(DAY) / 60 - 9) / 24 * 2 * np.pi)
        level = _VOLATILITY[self.regimes(days)][:, None] * (1 + 0.25 * hours)
        return np.asarray(np.exp(cluster).reshape(minutes.shape) * level)

    def _swings(self, at: Real) -> Real:
        """Dips, recoveries and humps, on a slower wave."""
        which = np.arange(int(at.min() // _SWING_MINUTES) - 1, int(at.max() // _SWING_MINUTES) + 3)
        dips = which * _SWING_MINUTES + self._between("dip", which, -_SWING_JITTER, _SWING_JITTER)
        place = np.searchsorted(dips, at, side="right") - 1
        part = (at - dips[place]) / (dips[place + 1] - dips[place])
        times, heights = self._knots(which)
        shape = _through(part, times[place], heights[place])
        return np.asarray(_SWING * shape + _WAVE * smooth(self._stream("wave"), at, _WAVE_MINUTES))

    def _ripples(self, coin: Coin, at: Real) -> Real:
        """A coin's own small waves of a quarter of an hour to an hour."""
        found = np.zeros(len(at))
        for spacing, size in _RIPPLES:
            found += size * smooth(self._stream("ripple", coin.base, spacing), at, spacing)
        return found

    def _knots(self, which: Whole) -> tuple[Real, Real]:
        """Five points of each swing, from its dip (part 0) to the next (part 1)."""
        depth = -self._between("depth", which, 0.91, 1.38)
        zero = np.zeros(len(which))
        times = [
            zero,
            self._between("recovered at", which, 0.09, 0.16),
            self._between("hump at", which, 0.35, 0.62),
            self._between("falls at", which, 0.82, 0.90),
            zero + 1,
        ]
        heights = [
            depth,
            self._between("recovered to", which, 0.18, 0.91),
            self._between("hump", which, 0.5, 1.6),
            self._between("falls from", which, 0.1, 0.9),
            np.append(depth[1:], depth[-1]),
        ]
        return np.array(times).T, np.array(heights).T

    def _between(self, name: str, which: Whole, low: float, high: float) -> Real:
        return np.asarray(low + (high - low) * uniform(self._stream(name), which))

    def _candles(self, coin: Coin, minutes: Whole, price: Real, wild: Real) -> Blocks:
        at, shape = minutes.ravel(), minutes.shape
        first, last = price[:, :-1], price[:, 1:]
        reach = wild * (coin.beta * _BITCOIN_DAILY * _INSIDE / np.sqrt(DAY) * _WICK)
        up = np.abs(normal(self._stream("up", coin.base), at)).reshape(shape) * reach
        down = np.abs(normal(self._stream("down", coin.base), at)).reshape(shape) * reach
        traded = self._volume(coin, at, first, last, wild)
        high = np.maximum(first, last) * np.exp(up)
        low = np.minimum(first, last) * np.exp(-down)
        scale = 10.0**coin.places
        found = np.stack([first, high, low, last, traded], axis=1)
        found[:, :4] = np.rint(found[:, :4] * scale) / scale
        return found

    def _volume(self, coin: Coin, at: Whole, first: Real, last: Real, wild: Real) -> Real:
        """In base currency, rounded to its step."""
        usual = _BITCOIN_DAILY * _INSIDE / np.sqrt(DAY)
        move = np.minimum(np.abs(last / first - 1) / usual, 12)
        luck = np.exp(0.5 * normal(self._stream("volume", coin.base), at)).reshape(wild.shape)
        amount = coin.turnover / first * luck * wild * (0.4 + 0.5 * move)
        scale = 10.0**coin.amount_places
        return np.asarray(np.maximum(np.rint(amount * scale), 1) / scale)


def _minutes(days: Whole) -> Whole:
    return np.asarray((days[:, None] * DAY + np.arange(DAY)).ravel())


def _soft(part: Real) -> Real:
    """From 0 to 1 with level ends."""
    return np.asarray(part * part * (3.0 - 2.0 * part))


def _through(part: Real, times: Real, heights: Real) -> Real:
    """The soft curve through each row's knots, at `part`."""
    found = heights[:, 0].copy()
    for left in range(times.shape[1] - 1):
        start, stop = times[:, left], times[:, left + 1]
        found += (heights[:, left + 1] - heights[:, left]) * _soft(
            np.clip((part - start) / (stop - start), 0, 1)
        )
    return found
