"""What differs between our book and an exchange account: pure arithmetic on what both say.

Perpetuals are compared by signed quantity for each symbol, for an account holds one position of
each. On spot what counts are coins: what the account holds, less what was its owner's own when
it was connected (the baseline), against what our positions bought. Dollars of any kind, and the
currencies of accounts, are what is traded with, and nobody's find.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from agents.domain.market import Instrument, InstrumentKind, Universe
from agents.domain.money import ZERO, floor_to
from agents.domain.order import OrderIntent
from agents.domain.position import Position
from agents.domain.strategy import Side
from agents.domain.symbols import DOLLARS
from agents.domain.venue import FindingKind, VenueOrder, VenueState


@dataclass(frozen=True, slots=True)
class Book:
    """What we say of one owner's real money: open positions and unsettled orders. `money` are the
    currencies of the accounts that trade."""

    positions: tuple[Position, ...] = ()
    orders: tuple[OrderIntent, ...] = ()
    money: frozenset[str] = frozenset()

    @property
    def moving(self) -> set[str]:
        """Symbols with an order on its way, whose quantities are about to change."""
        return {order.symbol for order in self.orders if not order.rests}

    @property
    def symbols(self) -> set[str]:
        held = {position.symbol for position in self.positions}
        return held | {order.symbol for order in self.orders}


@dataclass(frozen=True, slots=True)
class Known:
    """What is needed to compare. `baseline` is coin → amount that is the owner's own; `accepted`
    symbols and signed quantities of positions that were there before, or that the owner said to
    leave alone; `sold` are symbols
    in which somebody else's hand sold, so that fewer coins may be fewer of ours; `orders` are
    quantities of open orders that the owner said to leave alone, by symbol and the exchange's own
    name, which some exchanges count anew for each symbol."""

    universe: Universe
    price: Callable[[str], Decimal | None]
    baseline: Mapping[str, Decimal] = field(default_factory=dict)
    accepted: frozenset[tuple[str, Decimal]] = frozenset()
    sold: frozenset[str] = frozenset()
    orders: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that does not match. `quantity` in base currency, positive.

    `touches` says that it is about a symbol in which we hold something; `accepted` that its owner
    knows of it; `covered`, on spot, that coins are fewer and yet enough for what we hold, so that
    what went may be the owner's own.
    """

    kind: FindingKind
    key: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal | None = None
    position_id: int | None = None
    venue_id: str = ""
    touches: bool = False
    accepted: bool = False
    covered: bool = False

    @property
    def same(self) -> tuple[str, Decimal]:
        """By what a gap is known again at the next look."""
        return self.key, self.quantity


def compare(book: Book, state: VenueState, known: Known) -> list[Gap]:
    """Everything above dust that does not match."""
    coins, positions = _coins(book, state, known), _positions(book, state, known)
    return [*coins, *positions, *_orders(state, known)]


def signed(positions: Sequence[Position]) -> Decimal:
    return sum((one.quantity * one.side.sign for one in positions), ZERO)


def side_of(quantity: Decimal) -> Side:
    return Side.LONG if quantity > 0 else Side.SHORT


def is_dust(quantity: Decimal, instrument: Instrument | None, price: Decimal | None) -> bool:
    """Whether so little could not be traded there anyway."""
    if instrument is None:
        return not quantity
    small = abs(quantity) < max(instrument.amount_step, instrument.min_amount)
    return small or (price is not None and abs(quantity) * price < instrument.min_cost)


def _is_spot(symbol: str, universe: Universe) -> bool:
    """Of a symbol that is no longer offered: whether the others are."""
    found = universe.by_symbol.get(symbol)
    known = (found,) if found else universe.instruments[:1]
    return any(one.kind is InstrumentKind.SPOT for one in known)


def _orders(state: VenueState, known: Known) -> Iterator[Gap]:
    """Those that are not ours; of one that its owner knows, less may be left by now."""
    for order in state.orders:
        if not order.ours:
            gap = foreign_order(order)
            name = order.symbol, order.venue_id
            accepted = gap.quantity <= known.orders.get(name, ZERO)
            yield replace(gap, accepted=accepted)


def foreign_order(order: VenueOrder) -> Gap:
    return Gap(
        FindingKind.ORDER,
        f"order:{order.symbol}:{order.venue_id}",
        order.symbol,
        str(order.side),
        order.quantity - order.filled,
        order.price,
        venue_id=order.venue_id,
    )


# --- perpetuals -----------------------------------------------------------------------------------


def _positions(book: Book, state: VenueState, known: Known) -> Iterator[Gap]:
    there = {one.symbol: one for one in state.positions}
    ours = {one.symbol for one in book.positions if not _is_spot(one.symbol, known.universe)}
    for symbol in sorted({*there, *ours}):
        mine = [one for one in book.positions if one.symbol == symbol]
        found = there.get(symbol)
        held = found.quantity * found.side.sign if found else ZERO
        price = known.price(symbol) or (found.entry_price if found else None)
        if _same(mine, held, known.universe.by_symbol.get(symbol), price):
            continue
        entry = found.entry_price if found else price
        yield from _apart(symbol, mine, held, entry, known)


def _same(
    mine: Sequence[Position], held: Decimal, instrument: Instrument | None, price: Decimal | None
) -> bool:
    """Whether nothing differs but dust. What is open on a perpetual can always be closed, so of
    a trade of ours nothing above a step is. Longs and shorts of ours can't both be there."""
    apart = held - signed(mine)
    if not mine or instrument is None:
        return is_dust(apart, instrument, price)
    return abs(apart) < instrument.amount_step and len({one.side for one in mine}) == 1


def _apart(
    symbol: str, mine: Sequence[Position], held: Decimal, entry: Decimal | None, known: Known
) -> Iterator[Gap]:
    """What is missing of ours, and what is there besides; both when it was turned around."""
    apart = held - signed(mine)
    if (symbol, apart) in known.accepted:
        yield _besides(symbol, apart, entry, touches=bool(mine), accepted=True)
        return
    there = [one for one in mine if held and one.side is side_of(held)]
    gone = [one for one in mine if one not in there]
    if gone:
        yield from _missing(gone, abs(signed(gone)), known)
    more = held - signed(there)
    if more * held < 0:
        yield from _missing(there, abs(more), known)
    elif more:
        yield _besides(symbol, more, entry, touches=bool(mine))


def _besides(
    symbol: str,
    signed_quantity: Decimal,
    entry: Decimal | None,
    *,
    touches: bool,
    accepted: bool = False,
) -> Gap:
    side = side_of(signed_quantity)
    return Gap(
        FindingKind.POSITION,
        f"position:{symbol}:{side}",
        symbol,
        str(side),
        abs(signed_quantity),
        entry,
        touches=touches,
        accepted=accepted,
    )


def _missing(mine: Sequence[Position], less: Decimal, known: Known) -> Iterator[Gap]:
    """Which of our positions lack something: the one that has exactly so much, else the newest."""
    exact = [one for one in mine if one.quantity == less]
    for position in exact[-1:] or sorted(mine, key=lambda one: -one.id):
        quantity = min(less, position.quantity)
        if quantity <= 0:
            return
        less -= quantity
        yield Gap(
            FindingKind.MISSING,
            f"missing:{position.id}",
            position.symbol,
            str(position.side),
            quantity,
            known.price(position.symbol),
            position_id=position.id,
            touches=True,
        )


# --- spot -----------------------------------------------------------------------------------------


def _coins(book: Book, state: VenueState, known: Known) -> Iterator[Gap]:
    by_coin: dict[str, list[Position]] = {}
    for position in book.positions:
        if not _is_spot(position.symbol, known.universe):
            continue
        by_coin.setdefault(position.symbol.partition("/")[0], []).append(position)
    money = {state.quote, *DOLLARS, *(book.money - by_coin.keys())}
    for coin in sorted({*state.holdings, *by_coin, *known.baseline} - money):
        mine = by_coin.get(coin, [])
        instrument = _instrument(coin, mine, state.quote, known.universe)
        if instrument is None or instrument.kind is not InstrumentKind.SPOT:
            continue  # it can't be traded here, or is margin, and so is nobody's business
        total = state.holdings[coin].total if coin in state.holdings else ZERO
        yield from _coin(instrument, mine, total, known)


def _coin(
    instrument: Instrument, mine: Sequence[Position], total: Decimal, known: Known
) -> Iterator[Gap]:
    coin, ours, price = instrument.base, signed(mine), known.price(instrument.symbol)
    apart = total - known.baseline.get(coin, ZERO) - ours
    if is_dust(apart, instrument, price):
        return
    if apart > 0:
        quantity, touches = floor_to(apart, instrument.amount_step), bool(mine)
        key = f"holding:{coin}"
        yield Gap(
            FindingKind.HOLDING,
            key,
            instrument.symbol,
            str(Side.LONG),
            quantity,
            price,
            touches=touches,
        )
        return
    sold = any(one in known.sold for one in {instrument.symbol, *(one.symbol for one in mine)})
    lacking = min(-apart, ours) if sold else max(ours - total, ZERO)
    if mine and not is_dust(lacking, instrument, price):
        yield from _missing(mine, lacking, known)
        return
    yield Gap(
        FindingKind.MISSING,
        f"own:{coin}",
        instrument.symbol,
        str(Side.LONG),
        -apart,
        price,
        covered=True,
    )


def _instrument(
    coin: str, mine: Sequence[Position], quote: str, universe: Universe
) -> Instrument | None:
    """The market in which a coin is traded: that of our position, else against the quote."""
    symbol = mine[-1].symbol if mine else f"{coin}/{quote}"
    found = universe.by_symbol.get(symbol)
    return found or next(iter(universe.by_base.get(coin, ())), None)
