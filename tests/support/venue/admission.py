"""Whether an order is taken: its shape, its name, its moment, and what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.support.venue.account import Account
from tests.support.venue.records import (
    ZERO,
    Ask,
    Kind,
    Market,
    Quote,
    Refused,
    Side,
    Why,
)
from tests.support.venue.rules import (
    check_moment,
    check_name,
    check_reduce,
    check_shape,
    growth,
    takes,
)

Gate = Callable[[Account, Ask], None]


class Admission:
    """Each of the `gates` may raise Refused as well."""

    def __init__(
        self, markets: Mapping[tuple[Kind, str], Market], quotes: Mapping[str, Quote]
    ) -> None:
        self._markets = markets
        self._quotes = quotes
        self.gates: list[Gate] = []

    def check(self, account: Account, ask: Ask) -> Ask:
        """The order as it will be taken. Raises Refused."""
        market = self._markets.get((ask.kind, ask.symbol))
        if market is None:
            raise Refused(Why.UNKNOWN_MARKET)
        quote = self._quotes[market.name]
        if ask.kind is Kind.PERPETUAL and ask.one_way is account.hedged:
            raise Refused(Why.POSITION_MODE)
        if ask.cost is not None:
            best = quote.ask if ask.side is Side.BUY else quote.bid
            ask = replace(ask, quantity=ask.cost / best // market.step * market.step)
        check_shape(ask, market, quote)
        check_name(ask, account)
        check_moment(ask, quote)
        for gate in tuple(self.gates):
            gate(account, ask)
        if ask.kind is Kind.PERPETUAL:
            check_reduce(ask, account)
        if len(account.orders(ask.kind, ask.symbol)) >= market.max_orders:
            raise Refused(Why.TOO_MANY)
        self.check_means(account, ask)
        return ask

    def check_means(self, account: Account, ask: Ask) -> None:
        """Coins for spot, margin for what makes a perpetual position larger."""
        market = self._markets[ask.kind, ask.symbol]
        if ask.kind is Kind.SPOT:
            self._check_coins(account, ask, market)
        elif not (ask.reduce_only or ask.close_all or ask.algo):
            held = account.position(ask.symbol).quantity
            larger = growth(ask.side, ask.quantity, held)
            price = ask.price or self._quotes[ask.symbol].last
            needed = larger * price / account.setting(ask.symbol).leverage
            free = account.available(
                market.quote, self._markets.values(), lambda name: self._quotes[name].last
            )
            if needed > free:
                raise Refused(Why.NO_MARGIN)

    def _check_coins(self, account: Account, ask: Ask, market: Market) -> None:
        coin = market.base if ask.side is Side.SELL else market.quote
        needed = ask.quantity
        if ask.side is Side.BUY:
            price = ask.price or ask.trigger
            got = takes(self._quotes[market.name], ask.side, ask.quantity, None)
            whole = sum((at * part for at, part in got), ZERO)
            needed = whole if price is None else ask.quantity * price
        if needed > account.total(Kind.SPOT, coin) - account.locked(coin, self._markets):
            raise Refused(Why.NO_FUNDS)
