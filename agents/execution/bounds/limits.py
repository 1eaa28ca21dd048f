"""Limits in code. Each refusal names its rule and the numbers; no text can change them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.errors import LimitBreach
from agents.domain.limits import allows
from agents.domain.market import Instrument
from agents.domain.money import HUNDRED, ZERO
from agents.domain.proposal import Plan
from agents.domain.risk import Limits
from agents.domain.strategy import Side, StrategySpec
from agents.execution.bounds.accounts import AccountView
from agents.execution.bounds.sizing import Cap
from agents.execution.figures import money, percent, plain, significant

DRAWDOWN = "drawdown"
HALT = "halt"
HEADROOM = Decimal("0.99")
"""The part of the free money that is spent: the rest is for fees, and for a price that goes on."""

ALIKE = Decimal("0.8")
"""Coins whose returns correlate above this are one risk."""

Correlation = Callable[[str, str], Decimal | None]
"""How the returns of two symbols correlate, -1 to 1; None while that is not known."""


def unknown(one: str, other: str) -> Decimal | None:
    """No candles are known."""
    return None


def related(symbol: str, others: Iterable[str], correlation: Correlation) -> frozenset[str]:
    """Those of `others` that are one risk with `symbol`: the same coin in any currency, and coins
    whose returns correlate with it. Those of which nobody knows count as well: it is not shown
    that they go their own way."""
    return frozenset(other for other in others if _one_risk(symbol, other, correlation))


def _one_risk(one: str, other: str, correlation: Correlation) -> bool:
    if _coin(one) == _coin(other):
        return True
    found = correlation(one, other)
    return found is None or found > ALIKE


def _coin(symbol: str) -> str:
    return symbol.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one trade: the account's, tightened by what the strategy says."""

    limits: Limits
    leverage: Decimal
    max_positions: int

    @classmethod
    def of(cls, limits: Limits, spec: StrategySpec, instrument: Instrument) -> "Bounds":
        leverage = min(limits.leverage, Decimal(spec.leverage), Decimal(instrument.top_leverage))
        return cls(limits, leverage, spec.max_positions)


@dataclass(frozen=True, slots=True)
class Holding:
    """What the owner's strategies hold, or are about to, on a perpetual with real money: at the
    exchange it is one position. `leverage` is None where it is not known yet; `by_hand` is what
    no strategy opened."""

    side: Side
    leverage: int | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """What may be traded in one symbol at a moment of market time, and all that this hangs on.

    `related` are the symbols held that are one risk with this one; `stop` is what forbids every
    trade whatever its size, and `free` is what the exchange account has for it in real money,
    quote currency, None where nothing is asked of it. `there` is what is held in the symbol where
    all of it is one position.
    """

    view: AccountView
    bounds: Bounds
    symbol: str
    at: datetime
    related: frozenset[str] = field(default=frozenset())
    stop: LimitBreach | None = None
    free: Decimal | None = None
    there: tuple[Holding, ...] = ()

    @property
    def limits(self) -> Limits:
        return self.bounds.limits

    def halted(self) -> LimitBreach | None:
        """The limit that allows no new trade of any size at present."""
        return (
            self.stop
            or self._symbols()
            or self._hours()
            or lost(self.view, self.limits)
            or self._cooldown()
            or self._trades()
            or self._positions()
            or self._correlated()
        )

    def breach(self, plan: Plan) -> LimitBreach | None:
        """The limit that this plan breaks as it stands, at its planned entry."""
        if stop := self.halted():
            return stop
        if mixed := self.one_way(plan):
            return mixed
        if plan.leverage > self.bounds.leverage:
            words = f"a leverage of {plan.leverage}x is more than the {plain(self.bounds.leverage)}"
            return LimitBreach("leverage", f"{words}x allowed")
        for cap in self.caps(plan.entry, plan.stop):
            if plan.quantity > cap.quantity:
                allowed = significant(max(cap.quantity, ZERO), 5)
                words = f"{plain(plan.quantity)} is more than the {allowed} allowed by {cap.phrase}"
                return LimitBreach(cap.rule, words)
        return None

    def one_way(self, plan: Plan) -> LimitBreach | None:
        """Set where the exchange would net this trade with another one, or change its leverage."""
        for one in self.there:
            whose = "a position of your own" if one.by_hand else "another live trade of yours"
            if one.side is not plan.side:
                words = f"{whose} is {one.side} there, and the exchange keeps one"
                return LimitBreach("one way", f"{words} position in {self.symbol}")
            if one.leverage is not None and one.leverage != plan.leverage:
                words = f"{whose} in {self.symbol} has {one.leverage}x, this one"
                return LimitBreach("one way", f"{words} {plan.leverage}x; the exchange keeps one")
        return None

    def caps(self, entry: Decimal, stop: Decimal) -> tuple[Cap, ...]:
        """How much each limit on size still allows at this entry and stop."""
        limits, view = self.limits, self.view
        risk = view.risked * limits.risk_percent / HUNDRED
        by_risk = f"the risk limit of {percent(limits.risk_percent)} per trade"
        return (
            Cap("risk per trade", risk / abs(entry - stop), by_risk),
            *self._exposure_caps(entry),
            Cap(
                "leverage",
                (view.equity * self.bounds.leverage - view.total_exposure) / entry,
                f"the leverage limit of {plain(self.bounds.leverage)}x",
            ),
            *self._free_cap(entry),
        )

    def _exposure_caps(self, entry: Decimal) -> tuple[Cap, ...]:
        limits = self.limits
        coin = {symbol for symbol in self.view.exposure if _coin(symbol) == _coin(self.symbol)}
        alike = coin | (self.related & self.view.exposure.keys())
        rows = (
            ("exposure per symbol", {self.symbol}, limits.exposure_symbol_percent, "per symbol"),
            ("exposure per coin", coin, limits.exposure_coin_percent, "per coin"),
            (
                "correlated exposure",
                alike,
                limits.exposure_correlated_percent,
                "in coins that move together",
            ),
            ("total exposure", self.view.exposure, limits.exposure_total_percent, "in all"),
        )
        return tuple(
            Cap(
                rule,
                (self.view.equity * most / HUNDRED - self._held(symbols)) / entry,
                f"the exposure limit of {percent(most)} {where}",
            )
            for rule, symbols, most, where in rows
        )

    def _held(self, symbols: Iterable[str]) -> Decimal:
        return sum((self.view.exposure.get(symbol, ZERO) for symbol in symbols), ZERO)

    def _free_cap(self, entry: Decimal) -> tuple[Cap, ...]:
        if self.free is None:
            return ()
        margin = Decimal(max(1, int(self.bounds.leverage)))
        spent = self.free * HEADROOM - self.view.opening / margin
        phrase = f"the {money(self.free)} that is free on the exchange account"
        return (Cap("free balance", spent * margin / entry, phrase),)

    # --- what allows nothing ------------------------------------------------------------------

    def _symbols(self) -> LimitBreach | None:
        if allows(self.limits.symbols, self.symbol):
            return None
        named = ", ".join(sorted(self.limits.symbols or ())) or "none"
        return LimitBreach("symbols", f"{self.symbol} is not among the allowed symbols: {named}")

    def _hours(self) -> LimitBreach | None:
        hours = self.limits.hours
        if hours is None or not hours.end_before(self.at):
            return None
        if not hours.cover(self.at):
            return LimitBreach("hours", f"it is {self.at:%H:%M} UTC, outside of the trading hours")
        words = f"the trading hours end within the grace time of {hours.grace} minutes"
        return LimitBreach("hours", words)

    def _cooldown(self) -> LimitBreach | None:
        view, limits = self.view, self.limits
        if view.last_loss is None or view.losses < limits.losses_in_a_row:
            return None
        until = view.last_loss + timedelta(minutes=limits.cooldown_minutes)
        if self.at >= until:
            return None
        row = "trade" if view.losses == 1 else f"{view.losses} trades"
        return LimitBreach(
            "cooldown",
            f"the last {row} lost money; after {limits.losses_in_a_row} in a row nothing is "
            f"entered for {limits.cooldown_minutes} minutes, until {until:%H:%M} UTC",
        )

    def _trades(self) -> LimitBreach | None:
        made, most = self.view.trades_today, self.limits.trades_a_day
        if made < most:
            return None
        return LimitBreach(
            "trades a day",
            f"{made} {'trade was' if made == 1 else 'trades were'} made today; the limit of {most} "
            f"a day holds until 00:00 UTC",
        )

    def _positions(self) -> LimitBreach | None:
        mine = self.view.own_positions
        if mine >= self.bounds.max_positions:
            return self._too_many(mine, "the strategy's", self.bounds.max_positions)
        if self.view.open_positions >= self.limits.open_positions:
            most = self.limits.open_positions
            return self._too_many(self.view.open_positions, "the account's", most)
        return None

    def _too_many(self, count: int, whose: str, most: int) -> LimitBreach:
        said = f"{_positions(count)} open or being opened; {whose} limit is {most}"
        return LimitBreach("open positions", said)

    def _correlated(self) -> LimitBreach | None:
        alike = [symbol for symbol in self.view.held if symbol in self.related]
        if len(alike) < self.limits.correlated_positions:
            return None
        return LimitBreach(
            "correlated positions",
            f"{_positions(len(alike))} open or being opened in coins that move with "
            f"{_coin(self.symbol)} ({', '.join(sorted(set(alike)))}); the limit is "
            f"{self.limits.correlated_positions}",
        )


def lost(view: AccountView, limits: Limits) -> LimitBreach | None:
    """The limit on losses that is reached."""
    return drawdown(view, limits) or daily_loss(view, limits) or weekly_loss(view, limits)


def drawdown(view: AccountView, limits: Limits) -> LimitBreach | None:
    if view.drawdown_percent < limits.drawdown_percent:
        return None
    return LimitBreach(
        DRAWDOWN,
        f"the account is {percent(view.drawdown_percent)} below its peak of {money(view.peak)}; "
        f"the drawdown limit is {percent(limits.drawdown_percent)}",
    )


def daily_loss(view: AccountView, limits: Limits) -> LimitBreach | None:
    if view.day_loss_percent < limits.daily_loss_percent:
        return None
    return LimitBreach(
        "daily loss",
        f"today's loss is {money(-view.day_profit)} ({percent(view.day_loss_percent)}); the limit "
        f"of {percent(limits.daily_loss_percent)} a day holds until 00:00 UTC",
    )


def weekly_loss(view: AccountView, limits: Limits) -> LimitBreach | None:
    if view.week_loss_percent < limits.weekly_loss_percent:
        return None
    return LimitBreach(
        "weekly loss",
        f"this week's loss is {money(-view.week_profit)} ({percent(view.week_loss_percent)}); the "
        f"limit of {percent(limits.weekly_loss_percent)} a week holds until Monday, 00:00 UTC",
    )


def _positions(count: int) -> str:
    return "1 position is" if count == 1 else f"{count} positions are"
