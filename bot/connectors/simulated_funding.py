"""The funding of the simulated market: a rate every eight hours, by seed, coin and time alone."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import numpy as np

from agents.domain.market import FundingRate, from_ms, to_ms
from bot.connectors.noise import normal, stream

_EVERY = 8 * 3_600_000
"""Milliseconds: at 00:00, 08:00 and 16:00 UTC."""
_USUAL, _WILD = 0.0001, 0.00012
"""As on real markets: longs pay 0.01 % in quiet times, and shorts pay now and then."""


def funding_rates(
    seed: int, symbol: str, since: datetime, until: datetime
) -> Sequence[FundingRate]:
    """From `since` to `until`, oldest first."""
    first = -(-to_ms(since) // _EVERY)
    which = np.arange(first, to_ms(until) // _EVERY + 1, dtype=np.int64)
    rates = _USUAL + _WILD * normal(stream(seed, "funding", symbol), which)
    return [
        FundingRate(symbol, from_ms(int(number) * _EVERY), Decimal(f"{rate:.8f}"))
        for number, rate in zip(which, rates, strict=True)
    ]
