"""A ledger of cash and coins in plain fractions, that shares no code with what it checks.

Cash is what the exchange's account in quote currency would hold; `elsewhere` is what was paid out
of other coins, at its worth. A trade's coins are positive when bought and negative when sold
short. What a trade brought is the cash that it moved, less what it cost elsewhere.
"""

from dataclasses import dataclass, field
from fractions import Fraction

_PLACES = 10**18


@dataclass
class Trade:
    long: bool
    cash: Fraction = Fraction(0)
    elsewhere: Fraction = Fraction(0)
    coins: Fraction = Fraction(0)
    funding: Fraction = Fraction(0)
    bought: Fraction = Fraction(0)  # coins that entered in all, what a fee took of them left out
    cost: Fraction = Fraction(0)  # what they came to
    received: Fraction = Fraction(0)  # what exits came to
    gained: Fraction = Fraction(0)  # exact once flat; of exits that left something open, rounded
    fees: Fraction = Fraction(0)
    price: Fraction = Fraction(0)  # of its last fill

    @property
    def net(self) -> Fraction:
        return self.cash + self.funding - self.elsewhere


@dataclass
class Ledger:
    """`step`, `least` (coins) and `least_cost` are what an order must be at least; `coming` says
    whether an order of the trade may still be filled."""

    spot: bool
    step: Fraction
    least: Fraction
    least_cost: Fraction
    trades: dict[int, Trade] = field(default_factory=dict)

    def enter(
        self, number: int, *, long: bool, price: str, amount: str, fee: "Fee", coming: bool
    ) -> None:
        trade = self.trades.setdefault(number, Trade(long))
        moved = Fraction(amount) - self._in_coins(fee)
        trade.bought += moved
        trade.cost += Fraction(price) * moved
        trade.coins += moved if long else -moved
        trade.cash += Fraction(price) * Fraction(amount) * (-1 if long else 1)
        trade.price = Fraction(price)
        self._charge(trade, fee, price)
        if not coming:
            self.settle(number)

    def leave(self, number: int, *, price: str, amount: str, fee: "Fee", coming: bool) -> None:
        trade = self.trades[number]
        moved = Fraction(amount) + self._in_coins(fee)
        trade.coins += -moved if trade.long else moved
        trade.received += Fraction(price) * moved
        trade.cash += Fraction(price) * Fraction(amount) * (1 if trade.long else -1)
        trade.price = Fraction(price)
        self._charge(trade, fee, price)
        if self.is_flat(trade):
            self._close(trade)
        else:
            gain = (Fraction(price) - trade.cost / trade.bought) * moved
            trade.gained += _rounded(gain if trade.long else -gain)
        if not coming:
            self.settle(number)

    def settle(self, number: int) -> None:
        """Nothing more is coming: what can't be sold is lost, and the trade is over."""
        trade = self.trades[number]
        if trade.coins and self.spot and self._is_too_small(trade):
            self._close(trade)

    def _is_too_small(self, trade: Trade) -> bool:
        sold = trade.coins // self.step * self.step
        return sold < self.least or sold * trade.price < self.least_cost

    def _close(self, trade: Trade) -> None:
        self._write_off(trade)
        trade.gained = (trade.received - trade.cost) * (1 if trade.long else -1)

    def _write_off(self, trade: Trade) -> None:
        """What can't be sold is lost, at the average that it came to."""
        lost = _rounded(trade.cost * trade.coins / trade.bought)
        trade.bought -= trade.coins
        trade.cost -= lost
        trade.fees += lost
        trade.coins = Fraction(0)

    def fund(self, number: int, amount: str) -> None:
        self.trades[number].funding += Fraction(amount)

    def is_flat(self, trade: Trade) -> bool:
        """Nothing is left that could be sold; of a perpetual, nothing at all."""
        return abs(trade.coins) < self.step if self.spot else not trade.coins

    def _in_coins(self, fee: "Fee") -> Fraction:
        """A fee in the coin of a perpetual comes out of another wallet."""
        return Fraction(fee.amount) if fee.coin == "base" and self.spot else Fraction(0)

    def _charge(self, trade: Trade, fee: "Fee", price: str) -> None:
        if fee.coin == "quote":
            trade.cash -= Fraction(fee.amount)
            trade.fees += Fraction(fee.amount)
        elif fee.coin == "base":
            worth = Fraction(fee.amount) * Fraction(price)
            trade.fees += worth
            if not self.spot:
                trade.elsewhere += worth
        else:
            trade.elsewhere += Fraction(fee.worth)
            trade.fees += Fraction(fee.worth)


@dataclass(frozen=True)
class Fee:
    """`coin` is "quote", "base" or "third"; `worth` in quote for a third coin."""

    coin: str
    amount: str
    worth: str = "0"


def _rounded(value: Fraction) -> Fraction:
    """To 18 decimals, half to even."""
    return Fraction(round(value * _PLACES), _PLACES)
