"""A broker that sends nothing: what the rules alone would have got, at the next tick and without
any cost. The trades that come of it are a report, not a promise."""

from agents.domain.ports import Market
from agents.domain.strategy import Mode
from agents.execution.brokers.tickbroker import TickBroker


class ValidationBroker(TickBroker):
    """Fills at the market's next price; no spread, no slippage, no fee, no order."""

    def __init__(self, market: Market) -> None:
        super().__init__(Mode.VALIDATION, market)
