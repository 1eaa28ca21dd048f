"""One account of the exchange: its key, wallets, positions and what its open orders hold back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tests.support.venue.records import (
    ZERO,
    Balance,
    Kind,
    Market,
    Order,
    Position,
    Side,
)

Mark = Callable[[str], Decimal]
"""The price of a symbol."""


@dataclass
class Setting:
    """Of one perpetual."""

    leverage: int = 20
    isolated: bool = False


@dataclass(eq=False)
class Account:
    """`key` and `secret` are the API key. A `unified` account has one wallet for all kinds.
    Fees are taken in `fee_coin` while there is enough of it, at `fee_share` of the rate."""

    key: str
    secret: str
    wallets: dict[Kind, dict[str, Decimal]]
    reads: bool = True
    trades_spot: bool = True
    trades_perpetuals: bool = True
    withdraws: bool = False
    restricted: bool = True
    unified: bool = False
    hedged: bool = False
    fee_coin: str = ""
    fee_share: Decimal = Decimal("0.75")
    positions: dict[str, Position] = field(default_factory=dict)
    settings: dict[str, Setting] = field(default_factory=dict)
    open: dict[int, Order] = field(default_factory=dict)
    created: int = 0

    def setting(self, symbol: str) -> Setting:
        return self.settings.setdefault(symbol, Setting())

    def position(self, symbol: str) -> Position:
        return self.positions.setdefault(symbol, Position(symbol))

    def total(self, kind: Kind, coin: str) -> Decimal:
        return self.wallets[kind].get(coin, ZERO)

    def add(self, kind: Kind, coin: str, amount: Decimal) -> None:
        wallet = self.wallets[kind]
        wallet[coin] = wallet.get(coin, ZERO) + amount

    def orders(self, kind: Kind, symbol: str = "") -> list[Order]:
        """Open ones, the oldest first."""
        found = (one for one in self.open.values() if one.kind is kind)
        return [one for one in found if not symbol or one.symbol == symbol]

    # --- spot -----------------------------------------------------------------------------------

    def locked(self, coin: str, markets: Mapping[tuple[Kind, str], Market]) -> Decimal:
        """What resting spot orders hold back of a coin; of a pair only the larger part."""
        held: dict[tuple[str, int], Decimal] = {}
        for order in self.orders(Kind.SPOT):
            locked_coin, amount = lock_of(order, markets[Kind.SPOT, order.symbol])
            if locked_coin == coin:
                group = ("pair", order.pair) if order.pair is not None else ("order", order.id)
                held[group] = max(held.get(group, ZERO), amount)
        return sum(held.values(), ZERO)

    def balances(
        self, kind: Kind, markets: Mapping[tuple[Kind, str], Market]
    ) -> dict[str, Balance]:
        """Spot: what is locked by orders; perpetuals: whole, margin is told apart."""
        found = {}
        for coin, total in self.wallets[kind].items():
            locked = self.locked(coin, markets) if kind is Kind.SPOT else ZERO
            found[coin] = Balance(total - locked, locked)
        return found

    # --- perpetuals -----------------------------------------------------------------------------

    def profit(self, coin: str, markets: Iterable[Market], mark: Mark) -> Decimal:
        """What open positions have won or lost."""
        return sum(
            (
                self.positions[one.name].profit(mark(one.name))
                for one in markets
                if one.kind is Kind.PERPETUAL and one.quote == coin and one.name in self.positions
            ),
            ZERO,
        )

    def held_margin(self, symbol: str, mark: Mark) -> Decimal:
        position = self.positions.get(symbol)
        if position is None or not position.quantity:
            return ZERO
        setting = self.setting(symbol)
        if setting.isolated:
            return position.margin
        return abs(position.quantity) * mark(symbol) / setting.leverage

    def order_margin(self, symbol: str) -> Decimal:
        """Of resting orders that would make the position larger."""
        position = self.positions.get(symbol)
        now = position.quantity if position else ZERO
        sums = {Side.BUY: ZERO, Side.SELL: ZERO}
        for order in self.orders(Kind.PERPETUAL, symbol):
            if order.ask.reduce_only or order.ask.close_all or order.price is None:
                continue
            if order.waits:
                continue
            closes = max(ZERO, -now * order.side.sign)
            sums[order.side] += max(ZERO, order.left - closes) * order.price
        return max(sums.values()) / self.setting(symbol).leverage

    def available(self, coin: str, markets: Iterable[Market], mark: Mark) -> Decimal:
        """What new orders of perpetuals may take as margin."""
        ours = [one for one in markets if one.kind is Kind.PERPETUAL and one.quote == coin]
        used = sum((self.held_margin(one.name, mark) for one in ours), ZERO)
        used += sum((self.order_margin(one.name) for one in ours), ZERO)
        free = self.total(Kind.PERPETUAL, coin) + self._shared_profit(ours, mark) - used
        return max(ZERO, free)

    def _shared_profit(self, markets: Iterable[Market], mark: Mark) -> Decimal:
        cross = [one for one in markets if not self.setting(one.name).isolated]
        return sum(
            (
                self.positions[one.name].profit(mark(one.name))
                for one in cross
                if one.name in self.positions
            ),
            ZERO,
        )

    def liquidation(self, market: Market, markets: Iterable[Market], mark: Mark) -> Decimal | None:
        """The price at which the position is taken away; None for none.

        Binance's formula in the first tier: (WB - s·q·E) / (q·(m - s)), with the wallet of the
        position, its sign, quantity and entry, and the rate of maintenance margin.
        """
        position = self.positions.get(market.name)
        if position is None or not position.quantity:
            return None
        sign = 1 if position.quantity > 0 else -1
        size = abs(position.quantity)
        wallet = position.margin
        if not self.setting(market.name).isolated:
            wallet = self._cross_wallet(market, markets, mark)
        price = (wallet - sign * size * position.entry) / (size * (market.maintenance - sign))
        return price if price > 0 else None

    def _cross_wallet(self, market: Market, markets: Iterable[Market], mark: Mark) -> Decimal:
        wallet = self.total(Kind.PERPETUAL, market.quote)
        for one in markets:
            position = self.positions.get(one.name)
            if one.kind is not Kind.PERPETUAL or one.quote != market.quote or position is None:
                continue
            if self.setting(one.name).isolated:
                wallet -= position.margin
            elif one.name != market.name:
                wallet += position.profit(mark(one.name))
                wallet -= abs(position.quantity) * mark(one.name) * one.maintenance
        return wallet


def lock_of(order: Order, market: Market) -> tuple[str, Decimal]:
    """Which coin a resting spot order holds back, and how much."""
    if order.side is Side.SELL:
        return market.base, order.left
    price = order.price or order.trigger
    return market.quote, order.left * price if price is not None else ZERO
