"""What an operator's monitoring reads of real money: orders, looks at accounts, stops."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agents.domain.order import OrderPurpose
from agents.domain.ports import Memory
from agents.domain.strategy import Mode
from agents.execution.venues.receipts import Receipt

_MOST = 10_000  # open positions of one owner


class MoneyMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._began = time.monotonic()
        self._looks: dict[int, tuple[float, int]] = {}  # by owner: when, and what differed
        self._orders = Counter(
            "parley_orders", "Orders sent", ["exchange", "outcome"], registry=registry
        )
        self._order_seconds = Histogram(
            "parley_order_seconds",
            "From sending an order to the exchange's answer",
            ["exchange"],
            registry=registry,
        )
        self._age = Gauge(
            "parley_reconciliation_age_seconds",
            "Since the account that waits longest was compared with the book",
            registry=registry,
        )
        self._differences = Gauge(
            "parley_reconciliation_differences",
            "What differs between book and exchanges and waits for its owner",
            registry=registry,
        )
        self._guards = Gauge(
            "parley_guards",
            "Open positions with real money by where their stop is",
            ["where"],
            registry=registry,
        )

    def order_sent(self, exchange: str, outcome: str, seconds: float) -> None:
        self._orders.labels(exchange, outcome).inc()
        self._order_seconds.labels(exchange).observe(seconds)

    def looked(self, receipt: Receipt) -> None:
        """An exchange account was compared with the book."""
        self._looks[receipt.owner_id] = (time.monotonic(), len(receipt.findings))

    async def count(self, memory: Memory) -> None:
        """Read the gauges from the database."""
        now, connected = time.monotonic(), await memory.connections.all()
        seen = [self._looks.get(one.owner_id, (self._began, 0)) for one in connected]
        self._age.set(max((now - at for at, _ in seen), default=0.0))
        self._differences.set(sum(count for _, count in seen))
        resting = local = 0
        for owner in {one.owner_id for one in connected}:
            held, stops = await _live(memory, owner), await _stops(memory, owner)
            resting += len(held & stops)
            local += len(held - stops)
        self._guards.labels("exchange").set(resting)
        self._guards.labels("here").set(local)


async def _live(memory: Memory, owner_id: int) -> set[int]:
    """Ids of open positions with real money."""
    held = await memory.positions.of(owner_id, open_only=True, limit=_MOST)
    return {one.id for one in held if one.mode is Mode.LIVE}


async def _stops(memory: Memory, owner_id: int) -> set[int | None]:
    """Ids of positions whose stop rests at the exchange."""
    orders = await memory.orders.unsettled_of(owner_id, Mode.LIVE)
    return {one.position_id for one in orders if one.rests and one.purpose is OrderPurpose.STOP}
