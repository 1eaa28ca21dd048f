"""Pictures of trades, as PNG bytes. Drawn off the event loop; each call has a figure of its own.

Matplotlib is imported at the first drawing, since it takes a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from agents.domain.market import Candles, from_ms
from agents.domain.strategy import Side
from agents.reporting.labels import price_text, spread_out, ticks, times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A night-time desk: quiet ground, one colour for each meaning.
GROUND, GRID, INK, DIM = "#11161d", "#1f2833", "#dbe4ee", "#8494a6"
UP, DOWN, ENTRY, ACCENT = "#2fbf8f", "#ef5b68", "#5aa9ff", "#e8b44f"
SIZE, DPI = (7.2, 4.6), 150


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment and a price: a fill, an exit."""

    at: datetime
    price: Decimal
    kind: str  # "entry" or "exit"


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with its label on the right."""

    price: Decimal
    label: str
    colour: str


def draw_trade(
    candles: Candles,
    *,
    title: str,
    side: Side,
    entry: Decimal,
    stop: Decimal,
    moved: Decimal | None = None,
    targets: Sequence[tuple[Decimal, str]] = (),
    marks: Sequence[Mark] = (),
    note: str = "",
    zone: str = "UTC",
) -> bytes:
    """Candles and volume with entry, stop and targets, the risk shaded red and the reward green,
    from the entry on where that is marked.

    `moved` is where the stop came to be, where that is elsewhere; `targets` are (price, label);
    `note` (mode, symbol) stands small beside the title; times are shown in `zone` (IANA name).
    """
    levels = [Level(entry, "entry", ENTRY), Level(stop, "stop", DOWN)]
    if moved is not None and moved != stop:
        levels.append(Level(moved, "moved stop", DOWN))
    levels += [Level(price, label, UP) for price, label in targets]
    figure, price_axes, volume_axes = _stage(candles, title, note, zone)
    furthest = max if side is Side.LONG else min
    reward = furthest((price for price, _ in targets), default=entry)
    began = next((_place(candles, mark) for mark in marks if mark.kind == "entry"), None)
    _boxes(price_axes, began, float(entry), float(stop), float(reward))
    _fit(price_axes, candles, [*levels, *(Level(m.price, "", INK) for m in marks)])
    longest = _lines(price_axes, levels)
    _widen_margin((price_axes, volume_axes), longest)
    _marks(price_axes, candles, marks, side)
    return _png(figure)


def draw_chart(candles: Candles, *, title: str, note: str = "", zone: str = "UTC") -> bytes:
    """Candles and volume, with the last price marked."""
    figure, price_axes, volume_axes = _stage(candles, title, note, zone)
    levels: list[Level] = []
    if len(candles):
        rising = candles.close[-1] >= candles.open[-1]
        levels = [Level(Decimal(str(candles.close[-1])), "last", UP if rising else DOWN)]
    _fit(price_axes, candles, levels)
    _widen_margin((price_axes, volume_axes), _lines(price_axes, levels))
    return _png(figure)


def draw_equity(
    points: Sequence[tuple[datetime, Decimal]], *, title: str, note: str = "", zone: str = "UTC"
) -> bytes:
    """The balance after each closed trade, as steps, against where it began."""
    figure = _figure(title, note)
    axes = figure.add_axes((0.03, 0.1, 0.84, 0.74))
    _dress(axes)
    values = [float(value) for _, value in points] or [0.0]
    values = values * 2 if len(values) == 1 else values
    places = list(range(len(values)))
    colour = UP if values[-1] >= values[0] else DOWN
    axes.axhline(values[0], color=DIM, linewidth=0.8, linestyle=(0, (4, 4)))
    axes.step(places, values, where="post", color=colour, linewidth=1.8)
    axes.fill_between(places, values, values[0], step="post", color=colour, alpha=0.15)
    low, high = min(values), max(values)
    room = (high - low) * 0.12 or abs(high) * 0.01 or 1.0
    axes.set_ylim(low - room, high + room)
    axes.set_xlim(0, len(values) - 1)
    _price_ticks(axes)
    moments = [at.astimezone(ZoneInfo(zone)) for at, _ in points]
    _time_ticks(axes, moments)
    return _png(figure)


def draw_record(
    results: Sequence[tuple[datetime, Decimal]], *, title: str, note: str = "", zone: str = "UTC"
) -> bytes:
    """The running sum of results in R as a line, each result as a bar, and the deepest fall
    below an earlier high shaded."""
    figure = _figure(title, note)
    axes = figure.add_axes((0.03, 0.1, 0.84, 0.74))
    _dress(axes)
    made = [float(result) for _, result in results]
    running = [0.0, *accumulate(made)]
    peaks = list(accumulate(running, max))
    places = list(range(len(running)))
    axes.axhline(0, color=DIM, linewidth=0.8, linestyle=(0, (4, 4)))
    colours = [UP if result > 0 else DOWN if result < 0 else DIM for result in made]
    axes.bar(places[1:], made, 0.62, color=colours, alpha=0.55, linewidth=0)
    axes.fill_between(places, running, peaks, color=DOWN, alpha=0.14, linewidth=0)
    axes.plot(places, running, color=ENTRY, linewidth=1.8)
    low, high = min(*running, *made, 0.0), max(*running, *made, 0.0)
    room = (high - low) * 0.12 or 1.0
    axes.set_ylim(low - room, high + room)
    axes.set_xlim(-0.5, max(len(made), 4) + 0.5)
    _price_ticks(axes)
    moments = [at.astimezone(ZoneInfo(zone)) for at, _ in results]
    _time_ticks(axes, moments[:1] + moments)
    return _png(figure)


def _figure(title: str, note: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI, facecolor=GROUND)
    figure.text(0.03, 0.925, title, color=INK, fontsize=12.5, fontweight="bold", ha="left")
    figure.text(0.03, 0.875, note, color=DIM, fontsize=8.5, ha="left")
    return figure


def _stage(candles: Candles, title: str, note: str, zone: str) -> tuple[Figure, Axes, Axes]:
    """Figure with a price panel over a volume panel, candles drawn."""
    figure = _figure(title, note)
    volume_axes = figure.add_axes((0.03, 0.1, 0.84, 0.13))
    price_axes = figure.add_axes((0.03, 0.25, 0.84, 0.59), sharex=volume_axes)
    for axes in (price_axes, volume_axes):
        _dress(axes)
    volume_axes.set_yticks([])
    price_axes.tick_params(labelbottom=False)
    _candles(price_axes, volume_axes, candles)
    volume_axes.set_xlim(-1, max(len(candles), 20))
    moments = [from_ms(ms).astimezone(ZoneInfo(zone)) for ms in candles.opened]
    _time_ticks(volume_axes, moments)
    if not len(candles):
        price_axes.text(
            0.5, 0.5, "no candles yet", color=DIM, ha="center", transform=price_axes.transAxes
        )
    return figure, price_axes, volume_axes


def _dress(axes: Axes) -> None:
    axes.set_facecolor(GROUND)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(visible=True, color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.yaxis.tick_right()
    axes.tick_params(colors=DIM, labelsize=8, length=0, pad=3)


def _candles(price_axes: Axes, volume_axes: Axes, candles: Candles) -> None:
    """Two bars and one set of wicks a direction: few artists, quick to draw."""
    # A flat candle still shows as a line: a body is at least a sliver of the whole range.
    extent = (max(candles.high) - min(candles.low)) if len(candles) else 0.0
    sliver = extent * 0.0015 or 1e-12
    for colour, rising in ((UP, True), (DOWN, False)):
        chosen = [i for i in range(len(candles)) if (candles.close[i] >= candles.open[i]) == rising]
        if not chosen:
            continue
        lows = [min(candles.open[i], candles.close[i]) for i in chosen]
        bodies = [max(abs(candles.close[i] - candles.open[i]), sliver) for i in chosen]
        price_axes.vlines(
            chosen,
            [candles.low[i] for i in chosen],
            [candles.high[i] for i in chosen],
            color=colour,
            linewidth=0.9,
        )
        price_axes.bar(chosen, bodies, 0.72, lows, color=colour, linewidth=0)
        volumes = [candles.volume[i] for i in chosen]
        volume_axes.bar(chosen, volumes, 0.72, color=colour, alpha=0.45, linewidth=0)


def _boxes(axes: Axes, began: int | None, entry: float, stop: float, reward: float) -> None:
    """Risk and reward as shaded bands, from the candle of the entry on, and at least over the
    right part of the picture."""
    start = 0.62
    if began is not None:
        left, right = axes.get_xlim()
        start = min(start, max(0.0, (began - left) / (right - left)))
    axes.axhspan(min(entry, stop), max(entry, stop), start, 1, color=DOWN, alpha=0.13, linewidth=0)
    axes.axhspan(
        min(entry, reward), max(entry, reward), start, 1, color=UP, alpha=0.11, linewidth=0
    )


def _fit(axes: Axes, candles: Candles, levels: Iterable[Level]) -> None:
    """Show every candle and every level, unless a level is so far that it would flatten all."""
    if not len(candles):
        prices = [float(level.price) for level in levels] or [1.0]
        low, high = min(prices), max(prices)
    else:
        low, high = min(candles.low), max(candles.high)
        reach = max(high - low, high * 0.002) * 3
        near = [float(level.price) for level in levels]
        near = [price for price in near if low - reach <= price <= high + reach]
        low, high = min([low, *near]), max([high, *near])
    room = (high - low) * 0.08 or abs(high) * 0.004 or 1e-9
    axes.set_ylim(low - room, high + room)
    _price_ticks(axes)


def _price_ticks(axes: Axes) -> None:
    low, high = axes.get_ylim()
    places = ticks(low, high)
    axes.set_yticks(places, [price_text(place, high - low) for place in places])
    axes.set_ylim(low, high)


def _lines(axes: Axes, levels: Sequence[Level]) -> int:
    """Lines over the whole width, labels in the right margin moved apart where they would touch.

    Axis labels under a level's label are left out. Answers the longest label's length.
    """
    low, high = axes.get_ylim()
    gap = 0.075 * (high - low)
    shown = [level for level in levels if low <= float(level.price) <= high]
    places = spread_out([float(level.price) for level in shown], low, high, gap)
    longest = 0
    for level, place in zip(shown, places, strict=True):
        words = f"{level.label} {price_text(float(level.price), high - low)}"
        longest = max(longest, len(words))
        axes.axhline(float(level.price), color=level.colour, linewidth=1.1, alpha=0.9)
        _label(axes, words, place, level.colour)
    kept = [tick for tick in axes.get_yticks() if all(abs(tick - p) > gap * 0.8 for p in places)]
    axes.set_yticks(kept, [price_text(tick, high - low) for tick in kept])
    axes.set_ylim(low, high)
    return longest


def _label(axes: Axes, words: str, place: float, colour: str) -> None:
    axes.annotate(
        words,
        xy=(1.0, place),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        color=GROUND,
        fontsize=7.6,
        fontweight="bold",
        va="center",
        ha="left",
        annotation_clip=False,
        zorder=6,
        bbox={"boxstyle": "round,pad=0.28", "facecolor": colour, "edgecolor": GROUND},
    )


def _widen_margin(panels: Iterable[Axes], longest: int) -> None:
    """Leave room on the right for a label of `longest` characters."""
    width = min(0.84, 0.955 - 0.0108 * longest)
    for axes in panels:
        left, bottom, _, height = axes.get_position().bounds
        axes.set_position((left, bottom, width, height))


def _place(candles: Candles, mark: Mark) -> int:
    """The number of the candle in which it happened; 0 before the first."""
    ms = mark.at.timestamp() * 1000
    return max(sum(1 for opened in candles.opened if opened <= ms) - 1, 0)


def _marks(axes: Axes, candles: Candles, marks: Sequence[Mark], side: Side) -> None:
    """Fills as arrows: into the market in the entry's colour, out of it in amber."""
    for mark in marks:
        buys = (mark.kind == "entry") == (side is Side.LONG)
        axes.scatter(
            [_place(candles, mark)],
            [float(mark.price)],
            marker="^" if buys else "v",
            s=70,
            color=ENTRY if mark.kind == "entry" else ACCENT,
            edgecolors=GROUND,
            linewidths=1.2,
            zorder=5,
        )


def _time_ticks(axes: Axes, moments: Sequence[datetime]) -> None:
    places, labels = times(moments)
    axes.set_xticks(places, labels)


def _png(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture = BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    # Light compression: the picture is sent once, and drawing should not wait for zlib.
    canvas.print_png(picture, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    return picture.getvalue()
