"""How orders meet the price: taking from the book, resting, firing, and being liquidated."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.support.venue.account import Account, lock_of
from tests.support.venue.ledger import Ledger
from tests.support.venue.records import (
    ZERO,
    Ask,
    Kind,
    Market,
    Order,
    OrderType,
    Quote,
    Side,
    Status,
    What,
)
from tests.support.venue.rules import crosses, fires, growth, portions, takes
from tests.support.venue.settlement import Settlement


@dataclass
class Slicing:
    """Into how many parts a fill is cut, and how many of them come at once; the others come one
    by one with each move of a price or call of settle()."""

    parts: int = 1
    at_once: int = 1


class Matching:
    def __init__(
        self, ledger: Ledger, settlement: Settlement, quotes: Mapping[str, Quote],
        markets: Mapping[tuple[Kind, str], Market], accounts: Mapping[str, Account],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._settlement = settlement
        self._quotes = quotes
        self._markets = markets
        self._accounts = accounts
        self.slicing = Slicing()

    # --- one order ------------------------------------------------------------------------------

    def begin(self, order: Order) -> None:
        """What happens to an order at once, when it was taken or fired."""
        if order.waits:
            return
        if order.at_market or self._crosses(order):
            self._cut(order)
            count = len(order.portions) if order.ask.immediate else self.slicing.at_once
            for _ in range(min(count, len(order.portions))):
                self._next(order)
        if order.ask.immediate and order.live:
            self.end(order, Status.EXPIRED, "immediate or cancel")
        order.rested = order.live and not order.portions

    def go_on(self, order: Order) -> None:
        """One more part of what has begun."""
        if order.live and order.portions and (order.at_market or self._crosses(order)):
            self._next(order)

    def end(self, order: Order, status: Status, why: str = "") -> None:
        """Take an open order off the book, and with it the other one of its pair."""
        if not order.live:
            return
        account = self._accounts[order.account]
        order.status, order.why = status, why
        order.portions = []
        account.open.pop(order.id, None)
        what = {Status.CANCELED: What.CANCELED, Status.REJECTED: What.REJECTED}
        self._ledger.tell(what.get(status, What.EXPIRED), order.account, order=order, note=why)
        if order.pair is not None and status is not Status.EXPIRED:
            self.end_sibling(order, status)

    def end_sibling(self, order: Order, status: Status = Status.EXPIRED) -> None:
        for other in list(self._accounts[order.account].open.values()):
            if order.pair is not None and other.pair == order.pair and other is not order:
                self.end(other, status, "the other of its pair")

    def _cut(self, order: Order) -> None:
        market = self._markets[order.kind, order.symbol]
        order.portions = portions(order.left, self.slicing.parts, market.step)

    def _crosses(self, order: Order) -> bool:
        quote = self._quotes[order.symbol]
        return order.price is not None and crosses(order.side, order.price, quote)

    def _next(self, order: Order) -> None:
        """Fill one portion, or end what can't be filled."""
        if not order.live or not order.portions:
            return
        quantity = self._allowed(order, order.portions.pop(0))
        if quantity <= 0:
            self.end(order, Status.EXPIRED, "reduce only")
            return
        self.end_sibling(order)
        for price, part in self._prices(order, quantity):
            if not self._fill(order, price, part):
                return
            quantity -= part
        if quantity > 0 and order.at_market:
            self.end(order, Status.EXPIRED, "nothing left in the book")
        if order.live and not order.portions:
            order.rested = True

    def _prices(self, order: Order, quantity: Decimal) -> list[tuple[Decimal, Decimal]]:
        if order.rested and order.price is not None:
            return [(order.price, quantity)]
        quote = self._quotes[order.symbol]
        limit = None if order.at_market else order.price
        return takes(quote, order.side, quantity, limit)

    def _allowed(self, order: Order, quantity: Decimal) -> Decimal:
        """A reducing order never does more than close."""
        if order.kind is Kind.SPOT or not (order.ask.reduce_only or order.ask.close_all):
            return quantity
        held = self._accounts[order.account].position(order.symbol).quantity
        return quantity - growth(order.side, quantity, held)

    def _fill(self, order: Order, price: Decimal, quantity: Decimal) -> bool:
        account = self._accounts[order.account]
        market = self._markets[order.kind, order.symbol]
        if not self._can_pay(account, market, order, price * quantity):
            self.end(order, Status.EXPIRED, "insufficient balance")
            return False
        maker = order.rested
        fill = self._settlement.fill(account, market, order, price, quantity, maker)
        self._ledger.tell(What.FILLED, account.key, order=order, fill=fill)
        if market.kind is Kind.PERPETUAL and not account.position(market.name).quantity:
            self._closed(account, market.name)
        return True

    def _can_pay(self, account: Account, market: Market, order: Order, cost: Decimal) -> bool:
        if market.kind is Kind.PERPETUAL or order.side is Side.SELL:
            return True
        own = lock_of(order, market)[1]
        free = account.total(Kind.SPOT, market.quote) - account.locked(market.quote, self._markets)
        return cost <= free + own

    def _closed(self, account: Account, symbol: str) -> None:
        """Orders that may only reduce end with the position; conditional ones outlive it."""
        for order in account.orders(Kind.PERPETUAL, symbol):
            if order.ask.close_all or (order.ask.reduce_only and not order.ask.algo):
                self.end(order, Status.EXPIRED, "the position is closed")

    # --- the price moves ------------------------------------------------------------------------

    def reach(self, symbol: str, old: Decimal) -> None:
        """What the new price of a symbol does, in the order in which it was passed."""
        for account in self._accounts.values():
            passed = [
                (abs((one.trigger if one.waits else one.price) - old), one)  # type: ignore[operator]
                for one in account.open.values()
                if one.symbol == symbol and self._is_reached(one)
            ]
            for _, order in sorted(passed, key=lambda one: (one[0], one[1].id)):
                self._liquidate(account, symbol, old, self._level(order))
                self._meet(order)
            self._liquidate(account, symbol, old, None)

    def _is_reached(self, order: Order) -> bool:
        if order.waits and order.trigger is not None:
            last = self._quotes[order.symbol].last
            return fires(order.type, order.side, order.trigger, last)
        return not order.at_market and not order.portions and self._crosses(order)

    def _level(self, order: Order) -> Decimal:
        return (order.trigger if order.waits else order.price) or ZERO

    def _meet(self, order: Order) -> None:
        if order.waits:
            self._fire(order)
        elif order.live:
            self._cut(order)
            for _ in range(min(self.slicing.at_once, len(order.portions))):
                self._next(order)

    def _fire(self, order: Order) -> None:
        order.fired = True
        if order.ask.close_all:
            held = self._accounts[order.account].position(order.symbol).quantity
            order.quantity = abs(held)
        self.end_sibling(order)
        if order.ask.algo:
            self._spawn(order)
        else:
            self._ledger.tell(What.FIRED, order.account, order=order)
            self.begin(order)

    def _spawn(self, order: Order) -> None:
        """A conditional order becomes an order of its own, or fails."""
        account = self._accounts[order.account]
        if self._allowed(order, order.quantity) <= 0:
            order.quantity = order.quantity or order.ask.quantity
            self.end(order, Status.REJECTED, "Reduce Only reject")
            return
        account.open.pop(order.id)
        type_ = OrderType.LIMIT if order.type.limited else OrderType.MARKET
        ask = replace(
            order.ask, type=type_, trigger=None, algo=False, client_id=order.ask.child_id,
            quantity=order.quantity, reduce_only=order.ask.reduce_only or order.ask.close_all,
        )  # fmt: skip
        child = self._ledger.open(account, ask)
        child.parent, order.child = order.id, child.id
        order.status = Status.TRIGGERED
        self._ledger.tell(What.FIRED, order.account, order=order)
        self._ledger.tell(What.ACCEPTED, order.account, order=child)
        self.begin(child)

    def _liquidate(
        self, account: Account, symbol: str, old: Decimal, before: Decimal | None
    ) -> None:
        """Take a position away whose liquidation price was passed, before the level `before`."""
        market = self._markets.get((Kind.PERPETUAL, symbol))
        if market is None:
            return
        level = account.liquidation(market, self._markets.values(), self._mark)
        held = account.position(symbol).quantity
        if level is None or (self._mark(symbol) - level) * (1 if held > 0 else -1) > 0:
            return
        if before is not None and abs(level - old) > abs(before - old):
            return
        side = Side.SELL if held > 0 else Side.BUY
        for order in account.orders(Kind.PERPETUAL, symbol):
            self.end(order, Status.EXPIRED, "liquidation")
        ask = Ask(
            Kind.PERPETUAL, symbol, side, OrderType.MARKET, abs(held), reduce_only=True, forced=True
        )  # fmt: skip
        order = self._ledger.open(account, ask, f"autoclose-{self._ledger.seq}")
        fill = self._settlement.fill(account, market, order, level, abs(held), False)
        short = -account.total(Kind.PERPETUAL, market.quote)
        account.add(Kind.PERPETUAL, market.quote, max(ZERO, short))
        self._ledger.tell(What.LIQUIDATED, account.key, order=order, fill=fill)

    def _mark(self, symbol: str) -> Decimal:
        return self._quotes[symbol].last
