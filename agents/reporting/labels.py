"""Where labels stand and what they say: round prices, readable times, nothing on top of another."""

import math
from collections.abc import Sequence
from datetime import datetime


def decimals_for(extent: float) -> int:
    """How many places after the point show a difference of a hundredth of `extent`."""
    if extent <= 0 or not math.isfinite(extent):
        return 2
    return min(12, max(0, 2 - math.floor(math.log10(extent))))


def price_text(price: float, extent: float) -> str:
    """`price` with as many places as an axis of `extent` needs: 61,250 or 0.00002118."""
    return f"{price:,.{decimals_for(extent)}f}"


def ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Round prices between `low` and `high`, about `wanted` of them: steps of 1, 2, 2.5 or 5."""
    extent = high - low
    if extent <= 0 or not math.isfinite(extent):
        return [low]
    rough = extent / wanted
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough)
    first = math.ceil(low / step)
    return [index * step for index in range(first, math.floor(high / step) + 1)]


def spread_out(places: Sequence[float], low: float, high: float, gap: float) -> list[float]:
    """`places` moved as little as needed so that they are `gap` apart and within low..high.

    Keeps their order; when they can't all fit, the gap shrinks to what does.
    """
    if not places:
        return []
    gap = min(gap, (high - low) / len(places))
    order = sorted(range(len(places)), key=lambda index: places[index])
    placed: list[float] = []
    for index in order:
        floor = placed[-1] + gap if placed else low
        placed.append(max(places[index], floor))
    ceiling = high
    for slot in range(len(placed) - 1, -1, -1):
        placed[slot] = min(placed[slot], ceiling)
        ceiling = placed[slot] - gap
    result = [0.0] * len(places)
    for slot, index in enumerate(order):
        result[index] = placed[slot]
    return result


def times(moments: Sequence[datetime], wanted: int = 6) -> tuple[list[int], list[str]]:
    """Positions and labels of about `wanted` moments: the hour, and the date where the day turns.

    Moments more than two days apart show dates alone.
    """
    if not moments:
        return [], []
    every = math.ceil(max(len(moments), 20) / wanted)
    places = list(range(min(every // 2, len(moments) - 1), len(moments), every))
    long = (moments[-1] - moments[0]).total_seconds() / max(1, len(places)) > 86_400 * 0.9
    labels, day = [], None
    for place in places:
        moment = moments[place]
        new_day = moment.date() != day
        day = moment.date()
        date = f"{moment:%b} {moment.day}"
        labels.append(date if long else f"{moment:%H:%M}" + (f"\n{date}" if new_day else ""))
    return places, labels
