"""The stand-in exchange itself, without any dialect. Everything here happens at once: a call is
one moment of the exchange, and what it did is in the ledger when it returns.

Tests query `orders`, `fills`, `incomes`, `events`, `taken` (how often a client order id was
accepted), `positions(key)`, `balances(key)` and `bareness(key)`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

from agents.domain.ports import Clock
from tests.support.venue.account import Account
from tests.support.venue.admission import Admission, Gate
from tests.support.venue.cover import Bare, Cover
from tests.support.venue.ledger import Ledger
from tests.support.venue.matching import Matching, Slicing
from tests.support.venue.records import (
    ZERO,
    Ask,
    Balance,
    Event,
    Fill,
    Income,
    Kind,
    Market,
    Order,
    Pair,
    Position,
    Quote,
    Refused,
    Status,
    What,
    Why,
)
from tests.support.venue.rules import check_moment, check_pair, check_shape
from tests.support.venue.settlement import Settlement

Number = Decimal | int | str


def number(written: Number) -> Decimal:
    return written if isinstance(written, Decimal) else Decimal(str(written))


def spelled(symbol: str) -> str:
    """BTCUSDT of BTC/USDT and BTC/USDT:USDT, too."""
    return symbol.partition(":")[0].replace("/", "")


class Engine:
    """`gates` may refuse an order by raising Refused; `listeners` hear each event at once."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.ledger = Ledger(clock)
        self.markets: dict[tuple[Kind, str], Market] = {}
        self.quotes: dict[str, Quote] = {}
        self.accounts: dict[str, Account] = {}
        self.paths: dict[str, Iterator[Decimal]] = {}
        self.funding: dict[str, Decimal] = {}
        settlement = Settlement(self.ledger, self.quotes)
        self._settlement = settlement
        self._matching = Matching(self.ledger, settlement, self.quotes, self.markets, self.accounts)
        self._admission = Admission(self.markets, self.quotes)
        self._depth = 0
        self._cover = Cover(self.ledger, self.markets, self.quotes)

    # --- what tests ask -------------------------------------------------------------------------

    @property
    def orders(self) -> list[Order]:
        return self.ledger.orders

    @property
    def fills(self) -> list[Fill]:
        return self.ledger.fills

    @property
    def incomes(self) -> list[Income]:
        return self.ledger.incomes

    @property
    def events(self) -> list[Event]:
        return self.ledger.events

    @property
    def taken(self) -> Counter[str]:
        return self.ledger.taken

    @property
    def listeners(self) -> list[Callable[[Event], None]]:
        return self.ledger.listeners

    @property
    def gates(self) -> list[Gate]:
        return self._admission.gates

    @property
    def slicing(self) -> Slicing:
        """How fills are cut into parts; set its fields."""
        return self._matching.slicing

    def now(self) -> int:
        """The exchange's time, ms."""
        return self.ledger.now()

    def account(self, key: str) -> Account:
        return self.accounts[key]

    def positions(self, key: str) -> dict[str, Position]:
        """Open ones by symbol."""
        return {name: one for name, one in self.accounts[key].positions.items() if one.quantity}

    def balances(self, key: str, kind: Kind = Kind.SPOT) -> dict[str, Balance]:
        return self.accounts[key].balances(kind, self.markets)

    def open_orders(self, key: str, kind: Kind | None = None, symbol: str = "") -> list[Order]:
        """Conditional ones included."""
        kinds = [kind] if kind else list(Kind)
        name = spelled(symbol)
        return [one for each in kinds for one in self.accounts[key].orders(each, name)]

    def liquidation(self, key: str, symbol: str) -> Decimal | None:
        market = self.market(Kind.PERPETUAL, symbol)
        return self.accounts[key].liquidation(market, self.markets.values(), self.price)

    def available(self, key: str, coin: str = "USDT") -> Decimal:
        """Margin that new orders of perpetuals may take."""
        return self.accounts[key].available(coin, self.markets.values(), self.price)

    def bareness(self, key: str) -> list[Bare]:
        """When something that the desk opened was not covered by resting stops."""
        return self._cover.bareness(key)

    def price(self, symbol: str) -> Decimal:
        return self.quotes[spelled(symbol)].last

    def market(self, kind: Kind, symbol: str) -> Market:
        found = self.markets.get((kind, spelled(symbol)))
        if found is None:
            raise Refused(Why.UNKNOWN_MARKET)
        return found

    # --- setting up -----------------------------------------------------------------------------

    def add_market(self, market: Market, price: Number) -> Market:
        """Spot and perpetual of one symbol share their price."""
        self.markets[market.kind, market.name] = market
        spread = market.tick * 2
        self.quotes.setdefault(market.name, Quote(number(price), spread=spread, gap=market.tick))
        return market

    def add_account(
        self,
        key: str,
        secret: str,
        spot: Mapping[str, Number] | None = None,
        perpetual: Mapping[str, Number] | None = None,
        *,
        unified: bool = False,
    ) -> Account:
        """With what it holds. A unified account has what `spot` and `perpetual` hold together."""
        first = {coin: number(amount) for coin, amount in (spot or {}).items()}
        second = {coin: number(amount) for coin, amount in (perpetual or {}).items()}
        if unified:
            for coin, amount in second.items():
                first[coin] = first.get(coin, ZERO) + amount
            second = first
        wallets = {Kind.SPOT: first, Kind.PERPETUAL: second}
        account = Account(key, secret, wallets, unified=unified, created=self.now())
        self.accounts[key] = account
        return account

    # --- orders ---------------------------------------------------------------------------------

    def place(self, key: str, ask: Ask) -> Order:
        """Raises Refused."""
        account = self.accounts[key]
        with self._moment():
            ask = self._admission.check(account, ask)
            order = self._take(account, ask)
            self._matching.begin(order)
            return order

    def place_pair(self, key: str, first: Ask, second: Ask, name: str = "") -> Pair:
        """A bracket of spot; both or none. Raises Refused."""
        account = self.accounts[key]
        with self._moment():
            quote = self.quotes[first.symbol]
            check_pair(first, second, quote)
            asks = [self._admission.check(account, one) for one in (first, second)]
            number_ = self.ledger.new_id()
            orders = []
            for ask in asks:
                orders.append(self._take(account, ask, number_, name or f"list_{number_}"))
            for order in orders:
                self._matching.begin(order)
            return Pair(number_, name or f"list_{number_}", (orders[0], orders[1]))

    def cancel(
        self, key: str, kind: Kind, symbol: str, order_id: int | None = None, client_id: str = "",
        *, algo: bool = False,
    ) -> Order:  # fmt: skip
        """An open order, and its pair with it. Raises Refused when it is not open."""
        with self._moment():
            order = self.find(key, kind, symbol, order_id, client_id, algo=algo, live=True)
            self._matching.end(order, Status.CANCELED)
            return order

    def cancel_all(self, key: str, kind: Kind, symbol: str, *, algo: bool = False) -> list[Order]:
        with self._moment():
            found = [one for one in self.accounts[key].orders(kind, symbol) if one.ask.algo is algo]
            for order in found:
                self._matching.end(order, Status.CANCELED)
            return found

    def replace(
        self, key: str, ask: Ask, order_id: int | None = None, client_id: str = ""
    ) -> tuple[Order, Order | Refused]:
        """Cancel an order and place another in one moment. Raises Refused when the first is not
        open; then nothing is placed."""
        with self._moment():
            gone = self.cancel(key, ask.kind, ask.symbol, order_id, client_id)
            try:
                return gone, self.place(key, ask)
            except Refused as refusal:
                return gone, refusal

    def amend(
        self, key: str, order: Order, quantity: Decimal | None = None, *,
        price: Decimal | None = None, trigger: Decimal | None = None,
    ) -> Order:  # fmt: skip
        """Change an open order in place. Raises Refused."""
        account = self.accounts[key]
        with self._moment():
            if not order.live:
                raise Refused(Why.UNKNOWN_ORDER)
            ask = replace(
                order.ask,
                quantity=quantity or order.quantity,
                price=price or order.price,
                trigger=trigger or order.trigger,
            )
            if (ask.quantity, ask.price, ask.trigger) == (
                order.quantity, order.price, order.trigger,
            ):  # fmt: skip
                raise Refused(Why.SAME)
            market, quote = self.market(ask.kind, ask.symbol), self.quotes[ask.symbol]
            check_shape(ask, market, quote)
            check_moment(ask, quote)
            del account.open[order.id]
            try:
                self._admission.check_means(
                    account, replace(ask, quantity=ask.quantity - order.filled)
                )
            finally:
                account.open[order.id] = order
            order.ask, order.quantity = ask, ask.quantity
            self.ledger.tell(What.CHANGED, key, order=order)
            if not order.waits:
                self._matching.begin(order)
            return order

    def find(
        self, key: str, kind: Kind, symbol: str, order_id: int | None = None, client_id: str = "",
        *, algo: bool = False, live: bool = False,
    ) -> Order:  # fmt: skip
        """The newest one that fits. Raises Refused."""
        for order in reversed(self.ledger.orders):
            if (order.account, order.kind, order.ask.algo) != (key, kind, algo):
                continue
            if symbol and order.symbol != spelled(symbol):
                continue
            named = order.id == order_id if order_id is not None else order.client_id == client_id
            if named and (order.live or not live):
                return order
        raise Refused(Why.UNKNOWN_ORDER)

    def expel(self, order: Order, why: str = "by the exchange") -> None:
        """The exchange cancels an order of its own accord."""
        with self._moment():
            self._matching.end(order, Status.EXPIRED, why)

    # --- the world ------------------------------------------------------------------------------

    def move(
        self, symbol: str, price: Number, *, spread: Number | None = None,
        size: Number | None = None, levels: int | None = None,
    ) -> None:  # fmt: skip
        """The price jumps; what lies between is passed in order, and stops fill at the new price.
        `size` is the depth of each of the `levels`."""
        quote = self.quotes[spelled(symbol)]
        with self._moment():
            old, quote.last = quote.last, number(price)
            quote.spread = quote.spread if spread is None else number(spread)
            quote.size = quote.size if size is None else number(size)
            quote.levels = quote.levels if levels is None else levels
            self.ledger.tell(What.MOVED, symbol=spelled(symbol))
            self._go_on()
            self._matching.reach(spelled(symbol), old)

    def settle(self, rounds: int = 1) -> None:
        """One more part of each order that is being filled, so many times."""
        with self._moment():
            for _ in range(rounds):
                self._go_on()

    def follow(self, symbol: str, path: Iterable[Number]) -> None:
        """Each step() moves the price one further along the path, until it ends."""
        self.paths[spelled(symbol)] = (number(one) for one in path)

    def step(self) -> bool:
        """Whether any path went on."""
        moved = False
        for symbol, path in list(self.paths.items()):
            price = next(path, None)
            if price is None:
                del self.paths[symbol]
            else:
                self.move(symbol, price)
                moved = True
        return moved

    def fund(self, symbol: str, rate: Number) -> None:
        """Funding is paid on all positions in a symbol, at its price now."""
        market = self.market(Kind.PERPETUAL, symbol)
        self.funding[market.name] = number(rate)
        with self._moment():
            for account in self.accounts.values():
                self._settlement.fund(account, market, number(rate))

    def deposit(self, key: str, coin: str, amount: Number, kind: Kind = Kind.SPOT) -> None:
        """Coins come (or go, when negative) by hand."""
        account = self.accounts[key]
        with self._moment():
            account.add(kind, coin, number(amount))
            income = self.ledger.earn(account, "", "transfer", number(amount), coin)
            self.ledger.tell(What.BALANCE, key, income=income, kind=kind)

    def set_leverage(self, key: str, symbol: str, leverage: int) -> None:
        market = self.market(Kind.PERPETUAL, symbol)
        if not 1 <= leverage <= market.max_leverage:
            raise Refused(Why.BAD_LEVERAGE)
        self.accounts[key].setting(market.name).leverage = leverage

    def set_isolated(self, key: str, symbol: str, isolated: bool) -> None:
        account, market = self.accounts[key], self.market(Kind.PERPETUAL, symbol)
        setting = account.setting(market.name)
        if setting.isolated is isolated:
            raise Refused(Why.SAME)
        if account.orders(Kind.PERPETUAL, market.name) or account.position(market.name).quantity:
            raise Refused(Why.IN_USE)
        setting.isolated = isolated

    def set_hedged(self, key: str, hedged: bool) -> None:
        account = self.accounts[key]
        if account.hedged is hedged:
            raise Refused(Why.SAME)
        if account.orders(Kind.PERPETUAL) or self.positions(key):
            raise Refused(Why.IN_USE)
        account.hedged = hedged

    def answered(self, key: str, note: str = "") -> None:
        """A door says that the account had its answer."""
        self.ledger.tell(What.ANSWERED, key, note=note)

    # --- within ---------------------------------------------------------------------------------

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """One moment: nobody sees what is between its beginning and its end."""
        self.ledger.stamp()
        self.ledger.held = True
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._cover.look(self.accounts)
                self.ledger.held = False

    def _go_on(self) -> None:
        for account in self.accounts.values():
            for order in list(account.open.values()):
                self._matching.go_on(order)

    def _take(self, account: Account, ask: Ask, pair: int | None = None, name: str = "") -> Order:
        order = self.ledger.open(account, ask)
        order.pair, order.pair_name = pair, name
        if ask.client_id:
            self.ledger.taken[ask.client_id] += 1
        self.ledger.tell(What.ACCEPTED, account.key, order=order)
        return order
