"""From what a signal says to the levels of a trade, or to the reason why there is none."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from agents.decision.plan import (
    ExitPlan,
    Levels,
    NoLevels,
    Reader,
    stop_price,
    target_prices,
    trailing_of,
)
from agents.decision.rules import Context
from agents.decision.rules.moment import getter
from agents.decision.rules.tree import Value
from agents.domain.errors import ParleyError
from agents.domain.market import Instrument, Universe
from agents.domain.money import HUNDRED, ONE
from agents.domain.proposal import PlannedTarget
from agents.domain.signal import (
    ProblemName,
    SignalKind,
    SignalReading,
    SignalTarget,
    problems,
)
from agents.domain.strategy import Side, StrategySpec
from agents.domain.symbols import DOLLARS, resolve
from agents.execution.figures import plain, significant

FARTHEST = Decimal("0.5")  # stop distances between the entry and the market
WIDEST_STOP = Decimal(50)  # percent of the price
WILDEST_TARGET = 10  # times the price
_SHARE = Decimal("0.0001")


class Dropped(ParleyError):
    """The signal is not proposed; the message says why."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The levels of a trade on a signal. `leverage` is at most the strategy's. `notes` say what
    was filled in or cut."""

    levels: Levels
    leverage: int
    notes: tuple[str, ...]


# --- what can be said without looking at the market's candles -----------------------------------


def readable(reading: SignalReading) -> SignalReading:
    """The reading with its side. Raises Dropped when it is not sure what the signal says."""
    if reading.kind is not SignalKind.SIGNAL:
        raise Dropped("it is no signal")
    if reading.faults:
        raise Dropped(f"it can't be read for certain: {'; '.join(reading.faults)}")
    side = reading.side or reading.fitting_side
    if side is None:
        raise Dropped("it does not say whether to go long or short")
    return replace(reading, side=side)


def in_time(reading: SignalReading, age: timedelta, longest: timedelta) -> None:
    """Raises Dropped for a signal that has expired."""
    for found in problems(reading, None, age=age, longest=longest):
        if found.name is ProblemName.EXPIRED:
            raise Dropped(f"{found.name}: {found.words}")


def instrument_of(reading: SignalReading, universe: Universe) -> Instrument:
    """Raises UnknownSymbol with suggestions."""
    found = universe.by_symbol.get(reading.symbol or "")
    return found or resolve(reading.symbol or reading.written, universe)


def allowed(spec: StrategySpec, side: Side, instrument: Instrument) -> None:
    """Raises Dropped for what the strategy does not take."""
    if not spec.side.allows(side):
        raise Dropped(f"your settings take {spec.side} only, and this is a {side}")
    if not spec.takes(instrument.symbol):
        raise Dropped(f"your settings take {', '.join(spec.named)} only")
    if instrument.quote not in DOLLARS:
        raise Dropped(f"{instrument.symbol} is not quoted in dollars, as your account is")


def checked(
    reading: SignalReading,
    price: Decimal,
    spec: StrategySpec,
    age: timedelta,
    longest: timedelta,
) -> None:
    """Raises Dropped for levels that make no sense at the market's price, naming the first."""
    own_stop = spec.stop is not None or spec.trailing is not None
    for found in problems(reading, price, age=age, longest=longest):
        if not (own_stop and found.name is ProblemName.NO_STOP):
            raise Dropped(f"{found.name}: {found.words}")
    if too_far := _too_far(reading, price):
        raise Dropped(f"{ProblemName.FAR_FROM_MARKET}: {too_far}")
    if wild := [one.price for one in reading.targets if one.price > price * WILDEST_TARGET]:
        times = f"{WILDEST_TARGET} times the price {plain(price)}"
        raise Dropped(
            f"{ProblemName.IMPOSSIBLE}: the target {significant(wild[0])} is over {times}"
        )
    stop = reading.stop_from(price)
    if stop is not None and abs(price - stop) / price * HUNDRED > WIDEST_STOP:
        away = f"{abs(price - stop) / price * HUNDRED:.0f} %"
        raise Dropped(f"the stop {plain(stop)} is {away} away from the price {plain(price)}")


def _too_far(reading: SignalReading, price: Decimal) -> str:
    """Why the market is too far from the entry to enter now, measured by the signal's own stop;
    empty when it is not."""
    if not reading.entries:
        return ""
    nearest = min(max(price, min(reading.entries)), max(reading.entries))
    stop = reading.stop_from(nearest)
    if stop is None or stop == nearest:
        return ""
    distances = abs(price - nearest) / abs(nearest - stop)
    if distances <= FARTHEST:
        return ""
    return (
        f"the price {plain(price)} is {distances:.1f} stop distances from the entry"
        f" {plain(nearest)}; {FARTHEST} is the most"
    )


# --- the levels ---------------------------------------------------------------------------------


def planned(
    reading: SignalReading,
    spec: StrategySpec,
    context: Context,
    price: Decimal,
    instrument: Instrument,
) -> Planned:
    """An entry at the market's `price`, with the signal's stop and targets; those of the strategy
    stand in for what it does not name. Raises Dropped, and RuleError for a strategy's level that
    can't be read."""
    side = reading.side or Side.LONG
    plan, read = ExitPlan.of(spec), _reader(context)
    notes: list[str] = []
    stop = reading.stop_from(price)
    if stop is None:
        stop = _own_stop(plan, side, price, read, instrument)
        notes.append(f"The signal names no stop: yours ({plan.first_stop(side)}) is used.")
    targets, note = _shared(reading.targets, instrument)
    if not targets:
        targets = _own_targets(plan, side, price, stop, read, instrument)
        note = "The signal names no target: yours are used." if targets else ""
    trailing = trailing_of(plan, read)
    if isinstance(trailing, NoLevels):
        raise Dropped(trailing.reason)
    leverage, capped = _leverage(reading, spec)
    notes += filter(None, (note, capped))
    levels = Levels(side, price, instrument.price(stop), targets, trailing)
    return Planned(levels, leverage, tuple(notes))


def _reader(context: Context) -> Reader:
    def read(value: Value) -> float:
        return getter(value)(context, 0, 0)

    return read


def _own_stop(
    plan: ExitPlan, side: Side, price: Decimal, read: Reader, instrument: Instrument
) -> Decimal:
    found = stop_price(plan, side, price, read, instrument)
    if isinstance(found, NoLevels):
        raise Dropped(f"it names no stop, and {found.reason}")
    return found


def _own_targets(
    plan: ExitPlan,
    side: Side,
    price: Decimal,
    stop: Decimal,
    read: Reader,
    instrument: Instrument,
) -> tuple[PlannedTarget, ...]:
    prices = target_prices(plan, side, price, stop, read, instrument)
    pairs = zip(prices, plan.targets, strict=True)
    return tuple(PlannedTarget(at, share) for at, (_, share) in pairs if at is not None)


def _shared(
    targets: tuple[SignalTarget, ...], instrument: Instrument
) -> tuple[tuple[PlannedTarget, ...], str]:
    """Targets with shares from 0 to 1, and a note where those of the signal can't be used."""
    said = [target.share for target in targets if target.share is not None]
    total, note = sum(said, Decimal(0)), ""
    if targets and len(said) == len(targets) and 0 < total <= HUNDRED and min(said) > 0:
        shares = [share / HUNDRED for share in said]
    else:
        shares = list(_equal(len(targets)))
        if said:
            note = "The signal's shares don't make a whole: equal parts are used."
    planned = zip(targets, shares, strict=True)
    return tuple(PlannedTarget(instrument.price(one.price), part) for one, part in planned), note


def _equal(count: int) -> Iterator[Decimal]:
    """`count` shares that add up to exactly one."""
    share = (ONE / count).quantize(_SHARE) if count else ONE
    for _ in range(count - 1):
        yield share
    if count:
        yield ONE - share * (count - 1)


def _leverage(reading: SignalReading, spec: StrategySpec) -> tuple[int, str]:
    """At most the strategy's own, and a note where that is less than the signal wants."""
    wanted = reading.leverage
    if wanted is None:
        return spec.leverage, ""
    if wanted > spec.leverage:
        return (
            spec.leverage,
            f"The signal says {plain(wanted)}x: your cap of {spec.leverage}x holds.",
        )
    return max(1, int(wanted)), ""
