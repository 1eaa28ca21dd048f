"""A broker of paper: fills at the market's next tick, with spread, slippage and fee.

What an order costs beyond the best price is not known without the whole book. Where it is larger
than what is offered there, it pays `impact` x (1/3 + the square root of the value beyond, in
units of 100,000 of quote currency) on top of the usual slippage: the square-root law of market
impact, and something at once, for behind a small best price there may be a hole. With 3 basis
points no fill was better than a recorded book of BTC/USDT and ETH/USDT allowed, by more than one
basis point on the worst of 55,000 (`python -m bot paper-check`, orders of 100 to 100,000 USDT).
Thin markets cost more, which only their candles' range tells.
"""

from collections.abc import Callable
from decimal import Decimal

from agents.domain.market import Instrument, Tick
from agents.domain.money import ONE, ZERO, ceil_to, floor_to
from agents.domain.order import OrderSide
from agents.domain.ports import Market
from agents.domain.risk import Costs
from agents.domain.strategy import Mode
from agents.execution.brokers.tickbroker import TickBroker, Waiting

CandleRange = Callable[[str], Decimal | None]
_TWO = Decimal(2)
_UNIT = Decimal(100_000)
_OFFERED = Decimal(25_000)  # quote currency, where a market does not say its sizes
_AT_ONCE = ONE / 3


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
    )
    slippage += near * costs.impact * _beyond(side, tick, near, quantity)
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
    """How far an order goes beyond the best price, zero where it doesn't."""
    size = tick.ask_size if side is OrderSide.BUY else tick.bid_size
    offered = _OFFERED if size is None else size * price
    beyond = quantity * price - offered
    return _AT_ONCE + (beyond / _UNIT).sqrt() if beyond > 0 else ZERO
