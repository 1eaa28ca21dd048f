"""How long something that the desk opened lay without resting stops for all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tests.support.venue.account import Account
from tests.support.venue.ledger import Ledger
from tests.support.venue.records import OURS, ZERO, Kind, Market, Order, Quote, Side, What


@dataclass(frozen=True)
class Bare:
    """`uncovered` is the largest quantity without a stop. `until` and `until_seq` are None while
    it lasts; times in ms. `answered` counts the account's requests that were answered meanwhile:
    that of the order that opened it, if it was told, and not the one that ended it."""

    kind: Kind
    symbol: str
    since: int
    until: int | None
    since_seq: int
    until_seq: int | None
    uncovered: Decimal
    answered: int

    @property
    def ms(self) -> int:
        return 0 if self.until is None else self.until - self.since


@dataclass(frozen=True)
class Sample:
    seq: int
    at: int
    kind: Kind
    symbol: str
    uncovered: Decimal


class Cover:
    """Looks after every operation, in between the exchange shows nobody anything."""

    def __init__(
        self, ledger: Ledger, markets: Mapping[tuple[Kind, str], Market],
        quotes: Mapping[str, Quote],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._markets = markets
        self._quotes = quotes
        self._opened: dict[tuple[str, Kind, str], Decimal] = {}
        self._read = 0
        self.samples: dict[str, list[Sample]] = {}

    def look(self, accounts: Mapping[str, Account]) -> None:
        """Read the fills that came, and note what is uncovered now."""
        for fill in self._ledger.fills[self._read :]:
            if fill.client_id.startswith(OURS) or self._is_child(fill.order_id):
                key = (fill.account, fill.kind, fill.symbol)
                got = fill.quantity * fill.side.sign
                market = self._markets[fill.kind, fill.symbol]
                if fill.kind is Kind.SPOT and fill.fee_coin == market.base:
                    got -= fill.fee
                self._opened[key] = self._opened.get(key, ZERO) + got
        self._read = len(self._ledger.fills)
        for name, kind, symbol in self._opened:
            self._note(accounts[name], kind, symbol)

    def _is_child(self, order_id: int) -> bool:
        """Of a conditional order of ours: what it became has a name of the exchange."""
        return any(
            one.child == order_id and one.client_id.startswith(OURS)
            for one in self._ledger.orders
            if one.child is not None
        )

    def _note(self, account: Account, kind: Kind, symbol: str) -> None:
        uncovered = self._uncovered(account, kind, symbol)
        samples = self.samples.setdefault(account.key, [])
        last = next(
            (one for one in reversed(samples) if (one.kind, one.symbol) == (kind, symbol)), None
        )
        if uncovered != (last.uncovered if last else ZERO):
            seq, at = self._ledger.seq, self._ledger.stamp()
            samples.append(Sample(seq, at, kind, symbol, uncovered))

    def _uncovered(self, account: Account, kind: Kind, symbol: str) -> Decimal:
        held = self._held(account, kind, symbol)
        side = Side.SELL if held > 0 else Side.BUY
        covered = ZERO
        for order in account.orders(kind, symbol):
            if order.side is side and _guards(order):
                covered += abs(held) if order.ask.close_all else order.left
        bare = max(ZERO, abs(held) - covered)
        market = self._markets[kind, symbol]
        least = market.step if kind is Kind.PERPETUAL else self._least(market)
        return bare if bare >= least else ZERO

    def _held(self, account: Account, kind: Kind, symbol: str) -> Decimal:
        """Of what the desk opened, what is still there; signed."""
        opened = self._opened[account.key, kind, symbol]
        if kind is Kind.SPOT:
            there = account.total(kind, self._markets[kind, symbol].base)
        else:
            there = account.position(symbol).quantity
        held = ZERO
        if opened * there > 0:
            held = min(opened, there) if there > 0 else max(opened, there)
        self._opened[account.key, kind, symbol] = held
        return held

    def _least(self, market: Market) -> Decimal:
        """The smallest quantity that can be sold at all."""
        cheapest = market.min_notional / self._quotes[market.name].last
        return max(market.step, market.min_quantity, cheapest)

    def bareness(self, account: str) -> list[Bare]:
        spans: list[Bare] = []
        begun: dict[tuple[Kind, str], tuple[Sample, Decimal]] = {}
        for sample in self.samples.get(account, []):
            key = (sample.kind, sample.symbol)
            first, most = begun.get(key, (sample, ZERO))
            if sample.uncovered:
                begun[key] = (first, max(most, sample.uncovered))
            elif key in begun:
                del begun[key]
                spans.append(self._span(account, first, sample, most))
        rest = (self._span(account, first, None, most) for first, most in begun.values())
        return sorted([*spans, *rest], key=lambda one: one.since_seq)

    def _span(self, account: str, first: Sample, last: Sample | None, most: Decimal) -> Bare:
        until = last.seq if last else self._ledger.seq
        answered = sum(
            1
            for event in self._ledger.events[first.seq : until]
            if event.what is What.ANSWERED and event.account == account
        )
        return Bare(
            first.kind, first.symbol, first.at, last.at if last else None, first.seq,
            last.seq if last else None, most, answered,
        )  # fmt: skip


def _guards(order: Order) -> bool:
    """A stop that rests, or an order that is closing right now."""
    return order.type.is_stop or bool(order.portions)
