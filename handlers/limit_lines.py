"""How much of each limit is used, line by line: `▰▰▱▱▱▱ Daily loss: 1.2 % of 6 %`."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from agents.domain.limits import RULES, of_rule
from agents.domain.money import HUNDRED, ZERO
from agents.domain.risk import Limits
from agents.execution.bounds.accounts import AccountView
from agents.execution.bounds.limits import Correlation, related
from agents.execution.figures import percent, plain
from handlers.limit_words import LABELS, said

_CELLS = 6
_TENTH = Decimal("0.1")


def bar(part: Decimal) -> str:
    """A part of one as a row of cells, full from one on; any use at all is seen."""
    filled = int((min(max(part, ZERO), Decimal(1)) * _CELLS).to_integral_value(ROUND_HALF_EVEN))
    filled = max(filled, 1) if part > 0 else filled
    return "▰" * filled + "▱" * (_CELLS - filled)


class _Look:
    """An account, or all with real money, beside its limits."""

    def __init__(
        self, view: AccountView, limits: Limits, correlation: Correlation, now: datetime
    ) -> None:
        self.view = view
        self.limits = limits
        self.now = now
        self._correlation = correlation

    def percent_of(self, amount: Decimal) -> Decimal:
        """Of equity, in percent."""
        return amount / self.view.equity * HUNDRED if self.view.equity > 0 else ZERO

    def most(self, groups: Iterable[Iterable[str]]) -> tuple[Decimal, str]:
        """The largest exposure of a group of symbols, in percent of equity, and which it is."""
        held = self.view.exposure
        sums = [(sum((held.get(one, ZERO) for one in group), ZERO), group) for group in groups]
        worth, group = max(sums, key=lambda item: item[0], default=(ZERO, ()))
        return self.percent_of(worth), ", ".join(sorted(group)) if worth else ""

    def coins(self) -> list[list[str]]:
        """The symbols held, by coin."""
        found: dict[str, list[str]] = {}
        for symbol in self.view.exposure:
            found.setdefault(symbol.partition("/")[0], []).append(symbol)
        return list(found.values())

    def together(self) -> list[list[str]]:
        """For each symbol held, those that are one risk with it."""
        held = self.view.exposure.keys() | set(self.view.held)
        return [sorted(related(one, held, self._correlation)) for one in sorted(held)]

    def count_together(self) -> int:
        groups = self.together()
        return max((sum(one in group for one in self.view.held) for group in groups), default=0)


def lines_of(
    view: AccountView, limits: Limits, correlation: Correlation, now: datetime
) -> list[str]:
    """A line for each limit; `now` is market time."""
    look = _Look(view, limits, correlation, now)
    return [_line(rule.name, look) for rule in RULES]


def _line(name: str, look: _Look) -> str:
    told = _TELLERS.get(name)
    if told is None:
        held = said(name, of_rule(look.limits, next(one for one in RULES if one.name == name)))
        return f"• {LABELS[name]}: {held}"
    return told(look)


def _part(name: str, used: Decimal, most: Decimal, more: str = "") -> str:
    """A percentage of a percentage."""
    shown = used.quantize(_TENTH, ROUND_DOWN) if used >= 1 else used
    return f"{bar(used / most)} {LABELS[name]}: {percent(shown)} of {percent(most)}{more}"


def _count(name: str, used: int, most: int, more: str = "") -> str:
    return f"{bar(Decimal(used) / most)} {LABELS[name]}: {used} of {most}{more}"


def _risk(look: _Look) -> str:
    return f"• {LABELS['risk']}: {percent(look.limits.risk_percent)} at most"


def _exposure(
    name: str, field: str, groups: Callable[[_Look], list[list[str]]]
) -> Callable[[_Look], str]:
    def told(look: _Look) -> str:
        used, which = look.most(groups(look))
        return _part(name, used, getattr(look.limits, field), f" ({which})" if which else "")

    return told


def _total(look: _Look) -> str:
    used = look.percent_of(look.view.total_exposure)
    return _part("exposure", used, look.limits.exposure_total_percent)


def _leverage(look: _Look) -> str:
    used = look.percent_of(look.view.total_exposure) / HUNDRED
    shown, most = used.quantize(_TENTH, ROUND_DOWN), look.limits.leverage
    return f"{bar(used / most)} {LABELS['leverage']}: {plain(shown)}x of {plain(most)}x"


def _loss(
    name: str, field: str, flatten: str, used: Callable[[AccountView], Decimal], then: str
) -> Callable[[_Look], str]:
    """`then` says what follows once it is reached."""

    def told(look: _Look) -> str:
        lost, most = max(used(look.view), ZERO), getattr(look.limits, field)
        closes = " (then all is closed)" if getattr(look.limits, flatten) else ""
        reached = f" ⛔ reached: {then}" if lost >= most else closes
        return _part(name, lost, most, reached)

    return told


def _cooldown(look: _Look) -> str:
    limits, view = look.limits, look.view
    rest = f", then {limits.cooldown_minutes} min of rest"
    if view.last_loss and view.losses >= limits.losses_in_a_row:
        until = view.last_loss + timedelta(minutes=limits.cooldown_minutes)
        rest = f", rests until {until:%H:%M} UTC" if look.now < until else rest
    used = min(view.losses, limits.losses_in_a_row)
    row = f"{used} of {limits.losses_in_a_row} losses in a row"
    return f"{bar(Decimal(used) / limits.losses_in_a_row)} {LABELS['cooldown']}: {row}{rest}"


_TELLERS: Mapping[str, Callable[[_Look], str]] = {
    "risk": _risk,
    "symbol": _exposure(
        "symbol", "exposure_symbol_percent", lambda look: [[one] for one in look.view.exposure]
    ),
    "coin": _exposure("coin", "exposure_coin_percent", _Look.coins),
    "correlated exposure": _exposure(
        "correlated exposure", "exposure_correlated_percent", _Look.together
    ),
    "exposure": _total,
    "leverage": _leverage,
    "positions": lambda look: _count(
        "positions", look.view.open_positions, look.limits.open_positions
    ),
    "correlated": lambda look: _count(
        "correlated", look.count_together(), look.limits.correlated_positions
    ),
    "trades": lambda look: _count("trades", look.view.trades_today, look.limits.trades_a_day),
    "daily loss": _loss(
        *("daily loss", "daily_loss_percent", "daily_loss_flatten"),
        lambda view: view.day_loss_percent,
        "no new trades until 00:00 UTC",
    ),
    "weekly loss": _loss(
        *("weekly loss", "weekly_loss_percent", "weekly_loss_flatten"),
        lambda view: view.week_loss_percent,
        "no new trades until Monday, 00:00 UTC",
    ),
    "drawdown": _loss(
        *("drawdown", "drawdown_percent", "drawdown_flatten"),
        lambda view: view.drawdown_percent,
        "strategies are paused",
    ),
    "cooldown": _cooldown,
}
