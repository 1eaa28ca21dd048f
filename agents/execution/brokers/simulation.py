"""A broker that makes trouble: slippage, delay, partial fills and rejections, all by chance.

Chance is a hash of the client order id: the same order has the same luck in every process, so a
restart repeats what would have been and no second draw is made for it.
"""

import hashlib
from datetime import timedelta
from decimal import Decimal

from agents.domain.errors import OrderRejected
from agents.domain.market import Tick
from agents.domain.money import ONE, ZERO, ceil_to, floor_to
from agents.domain.order import OrderIntent, OrderPurpose, OrderSide
from agents.domain.ports import Market
from agents.domain.risk import Costs, Simulation
from agents.domain.strategy import Mode
from agents.execution.brokers.paper import quoted
from agents.execution.brokers.tickbroker import TickBroker, Waiting

_TWO = Decimal(2)
_FIRST_PART = (Decimal("0.3"), Decimal("0.4"))  # of the order: from 30 % to 70 %


def luck(client_id: str, what: str) -> Decimal:
    """From 0 to below 1, the same for the same order and question."""
    digest = hashlib.sha256(f"{client_id} {what}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8], "big")) / 2**64


class SimulatedBroker(TickBroker):
    """Half the spread and slippage are paid as on paper, but the slippage is random: between
    nothing and twice the usual."""

    def __init__(self, market: Market, costs: Costs, trouble: Simulation) -> None:
        super().__init__(Mode.SIMULATION, market)
        self._costs = costs
        self._trouble = trouble

    def consider(self, intent: OrderIntent) -> None:
        """What is partly filled was taken by an earlier process, and a liquidation is no wish."""
        if intent.filled or intent.purpose is OrderPurpose.LIQUIDATION:
            return
        if luck(intent.client_id, "reject") < self._trouble.reject:
            raise OrderRejected("The simulated exchange rejects some orders by chance.")

    def due(self, order: Waiting, tick: Tick) -> Decimal:
        """Nothing before the delay is over, and of some orders only a part at first."""
        delay = timedelta(seconds=float(self._trouble.latency))
        first = self._first_part(order)
        part_came = bool(first) and order.filled >= first
        if tick.at < order.intent.created_at + delay * (2 if part_came else 1):
            return ZERO
        return order.left if part_came or not first else first - order.filled

    def price(self, order: Waiting, quantity: Decimal, tick: Tick) -> Decimal:
        intent, step = order.intent, order.instrument.price_step
        drawn = luck(intent.client_id, f"slippage {order.filled.normalize():f}") * _TWO
        near = quoted(intent.side, tick, self._costs)
        slippage = tick.price * self._trouble.slippage * drawn
        if intent.side is OrderSide.BUY:
            return ceil_to(near + slippage, step)
        return max(floor_to(near - slippage, step), step)

    def fee(self, value: Decimal) -> Decimal:
        return value * self._costs.fee

    def _first_part(self, order: Waiting) -> Decimal:
        """Zero for an order that is filled at once."""
        intent = order.intent
        if luck(intent.client_id, "partial") >= self._trouble.partial:
            return ZERO
        least, span = _FIRST_PART
        share = least + span * luck(intent.client_id, "part")
        part = order.instrument.amount(intent.quantity * min(share, ONE))
        return part if order.instrument.min_amount <= part < intent.quantity else ZERO
