"""A broker of paper: fills at the market's next tick, with spread, slippage and fee.

What an order of some size costs beyond the best price is not known without the whole book. It is
reckoned by the square-root law of market impact: `impact` x the square root of the order's value
beyond what is offered at the best price, in units of 100,000 of quote currency. With 6 basis
points for the first 100,000 no fill was better than the recorded books of `python -m bot
paper-check` allowed; thin markets cost more, which only their candles' range tells.
"""

from collections.abc import Callable
from decimal import Decimal

from agents.domain.market import Instrument, Tick
from agents.domain.money import ONE, ZERO, ceil_to, floor_to
from agents.domain.order import OrderSide
from agents.domain.ports import Market
from agents.domain.risk import Costs
from agents.domain.strategy import Mode
from agents.execution.tickbroker import TickBroker, Waiting

CandleRange = Callable[[str], Decimal | None]
_TWO = Decimal(2)
_UNIT = Decimal(100_000)


def no_range(_: str) -> Decimal | None:
    """No candle is known: slippage is its floor."""
    return None


class PaperBroker(TickBroker):
    """`candle_range` gives the last candle's high minus low of a symbol, quote currency."""

    def __init__(
        self,
        mode: Mode,
        market: Market,
        costs: Costs,
        candle_range: CandleRange = no_range,
    ) -> None:
        super().__init__(mode, market)
        self._costs = costs
        self._candle_range = candle_range

    def price(self, order: Waiting, quantity: Decimal, tick: Tick) -> Decimal:
        span = self._candle_range(tick.symbol)
        return fill_price(order.intent.side, tick, order.instrument, self._costs, span, quantity)

    def fee(self, value: Decimal) -> Decimal:
        return value * self._costs.fee


def fill_price(
    side: OrderSide,
    tick: Tick,
    instrument: Instrument,
    costs: Costs,
    candle_range: Decimal | None,
    quantity: Decimal = ZERO,
) -> Decimal:
    """What a market order gets at `tick`: ask or bid (half the spread where there are none),
    slippage on top, rounded against the trader; never below one price step."""
    near = quoted(side, tick, costs)
    slippage = max(
        tick.price * costs.slippage_floor,
        costs.slippage_of_range * (candle_range or 0),
        near * costs.impact * _beyond(side, tick, near, quantity),
    )
    if side is OrderSide.BUY:
        return ceil_to(near + slippage, instrument.price_step)
    return max(floor_to(near - slippage, instrument.price_step), instrument.price_step)


def quoted(side: OrderSide, tick: Tick, costs: Costs) -> Decimal:
    """The best price on offer: ask or bid, else half the usual spread away from the last price."""
    half = costs.spread / _TWO
    if side is OrderSide.BUY:
        return tick.ask if tick.ask is not None else tick.price * (ONE + half)
    return tick.bid if tick.bid is not None else tick.price * (ONE - half)


def _beyond(side: OrderSide, tick: Tick, price: Decimal, quantity: Decimal) -> Decimal:
    """The square root of what is wanted beyond the best price, in units."""
    offered = tick.ask_size if side is OrderSide.BUY else tick.bid_size
    return (max(quantity - (offered or ZERO), ZERO) * price / _UNIT).sqrt()
