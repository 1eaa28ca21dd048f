"""What a fill does to an account: coins change hands, fees are taken, positions grow and close."""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

from tests.support.venue.account import Account
from tests.support.venue.ledger import Ledger
from tests.support.venue.records import (
    ZERO,
    Fill,
    Kind,
    Market,
    Order,
    Quote,
    Side,
    Status,
    What,
)
from tests.support.venue.rules import growth

SATOSHI = Decimal("0.00000001")


class Settlement:
    def __init__(self, ledger: Ledger, quotes: Mapping[str, Quote]) -> None:
        self._ledger = ledger
        self._quotes = quotes

    def fill(
        self, account: Account, market: Market, order: Order, price: Decimal, quantity: Decimal,
        maker: bool,
    ) -> Fill:  # fmt: skip
        """Fill so much of an order, and tell it."""
        fee, coin = self._fee(account, market, order.side, price, quantity, maker)
        realised = ZERO
        if market.kind is Kind.SPOT:
            swap(account, market, order.side, price, quantity)
        else:
            realised = self._trade(account, market, order.side, price, quantity)
            account.add(Kind.PERPETUAL, market.quote, realised)
        account.add(market.kind, coin, -fee)
        order.filled += quantity
        order.cost += price * quantity
        done = order.left <= 0
        order.status = Status.FILLED if done else Status.PART_FILLED
        if done:
            account.open.pop(order.id, None)
        fill = Fill(
            self._ledger.new_id(), self._ledger.seq + 1, self._ledger.stamp(), account.key,
            market.kind, market.name, order.id, order.client_id, order.side, price, quantity,
            fee, coin, maker, realised, order.pair,
        )  # fmt: skip
        self._note(account, market, fill)
        return fill

    def _note(self, account: Account, market: Market, fill: Fill) -> None:
        self._ledger.fills.append(fill)
        if market.kind is not Kind.PERPETUAL:
            return
        earn = self._ledger.earn
        if fill.realised:
            earn(account, market.name, "realised", fill.realised, market.quote, fill.id)
        earn(account, market.name, "fee", -fill.fee, fill.fee_coin, fill.id)

    def _fee(
        self, account: Account, market: Market, side: Side, price: Decimal, quantity: Decimal,
        maker: bool,
    ) -> tuple[Decimal, str]:  # fmt: skip
        """(amount, coin): a spot buy pays in what it buys, all else in quote currency."""
        rate = market.maker if maker else market.taker
        third = self._third_coin(account, market, price * quantity * rate)
        if third is not None:
            return third, account.fee_coin
        if market.kind is Kind.SPOT and side is Side.BUY:
            return _whole(quantity * rate), market.base
        return _whole(price * quantity * rate), market.quote

    def _third_coin(self, account: Account, market: Market, fee: Decimal) -> Decimal | None:
        coin = account.fee_coin
        quote = self._quotes.get(f"{coin}{market.quote}")
        if not coin or quote is None:
            return None
        amount = _whole(fee * account.fee_share / quote.last)
        return amount if account.total(market.kind, coin) >= amount else None

    def _trade(
        self, account: Account, market: Market, side: Side, price: Decimal, quantity: Decimal
    ) -> Decimal:
        """Change the position; the profit that was realised."""
        position = account.position(market.name)
        held = position.quantity
        grows = growth(side, quantity, held)
        closes = quantity - grows
        realised = ZERO
        if closes:
            realised = (price - position.entry) * closes * (1 if held > 0 else -1)
            position.margin -= position.margin * closes / abs(held)
            position.quantity += closes * side.sign
        if grows:
            old = abs(position.quantity)
            position.entry = (old * position.entry + grows * price) / (old + grows)
            position.margin += grows * price / account.setting(market.name).leverage
            position.quantity += grows * side.sign
        if not position.quantity:
            position.entry = position.margin = ZERO
        position.realised += realised
        position.updated = self._ledger.stamp()
        return realised

    def fund(self, account: Account, market: Market, rate: Decimal) -> None:
        """Longs pay shorts when the rate is positive."""
        position = account.positions.get(market.name)
        if position is None or not position.quantity:
            return
        cost = position.quantity * self._quotes[market.name].last
        amount = -_whole(cost * rate) if cost * rate >= 0 else _whole(-cost * rate)
        account.add(Kind.PERPETUAL, market.quote, amount)
        income = self._ledger.earn(account, market.name, "funding", amount, market.quote, rate=rate)
        self._ledger.tell(
            What.FUNDING, account.key, income=income, kind=Kind.PERPETUAL, symbol=market.name
        )


def swap(account: Account, market: Market, side: Side, price: Decimal, quantity: Decimal) -> None:
    """Coins change hands, before fees."""
    account.add(Kind.SPOT, market.base, quantity * side.sign)
    account.add(Kind.SPOT, market.quote, -price * quantity * side.sign)


def _whole(amount: Decimal) -> Decimal:
    return amount.quantize(SATOSHI, ROUND_DOWN)
