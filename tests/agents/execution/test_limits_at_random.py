"""Whatever is proposed, answered, tapped and changed, in any order, with restarts in between: at
the moment in which an entry goes to the broker no limit is exceeded by it.

What is held and lost is reckoned here from the stored orders and positions alone, and what an
owner may raise by a model of its own.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agents.domain.autonomy import MANUAL, Autonomy, AutonomyKind
from agents.domain.decision import Advice
from agents.domain.limits import stricter
from agents.domain.market import Instrument
from agents.domain.order import BrokerOrder, OrderIntent, OrderPurpose, OrderState
from agents.domain.position import Account, Position, PositionState
from agents.domain.proposal import PlannedTarget, ProposalState, Trailing
from agents.domain.risk import Limits
from agents.domain.strategy import Mode, Side, Strategy, Window
from agents.domain.venue import Connection, ConnectionState
from agents.domain.windows import Hours
from agents.execution.bounds.limit_book import Change
from agents.execution.brokers.paper import PaperBroker
from agents.execution.desk import Desk
from agents.execution.proposals.levels import PriceLevels
from tests.support.desk import World
from tests.support.market import instrument
from tests.support.memory import Killed
from tests.support.real_money import KnownFree

D = Decimal
DAY = timedelta(days=1)
START = {"BTC/USDT": D(60_000), "BTC/USDC": D(60_000), "ETH/USDT": D(3_000), "SOL/USDT": D(150)}
SYMBOLS = tuple(START)


def hours(begin: str, end: str) -> Hours:
    return Hours((Window(**{"from": begin, "to": end}),), flatten=True, grace=20)


WIDE = Limits(
    exposure_symbol_percent=D(2_000),
    exposure_coin_percent=D(2_000),
    exposure_correlated_percent=D(2_000),
    exposure_total_percent=D(2_000),
    leverage=D(20),
    open_positions=100,
    correlated_positions=100,
    trades_a_day=1_000,
    daily_loss_percent=D(100),
    weekly_loss_percent=D(100),
    drawdown_percent=D(100),
    slippage_percent=D(100),
    losses_in_a_row=1_000,
)
TIGHT: Sequence[dict[str, Any]] = (
    {"risk_percent": D("0.4")},
    {"exposure_symbol_percent": D(20)},
    {"exposure_coin_percent": D(25)},
    {"exposure_correlated_percent": D(30)},
    {"exposure_total_percent": D(35)},
    {"leverage": D("0.5")},
    {"open_positions": 2},
    {"correlated_positions": 1},
    {"trades_a_day": 2},
    {"daily_loss_percent": D("0.3")},
    {"weekly_loss_percent": D("0.4")},
    {"drawdown_percent": D("0.5")},
    {"slippage_percent": D("0.1")},
    {"losses_in_a_row": 1, "cooldown_minutes": 30},
    {"symbols": frozenset({"ETH"})},
    {"hours": hours("11:00", "13:00")},
    {
        "exposure_symbol_percent": D(120),
        "exposure_coin_percent": D(160),
        "exposure_total_percent": D(260),
        "open_positions": 4,
        "correlated_positions": 3,
        "trades_a_day": 9,
        "daily_loss_percent": D(3),
        "weekly_loss_percent": D(5),
        "slippage_percent": D("0.5"),
        "losses_in_a_row": 2,
    },
)
SENT = frozenset({OrderState.SENDING, OrderState.UNKNOWN, OrderState.OPEN, OrderState.PART_FILLED})
ALIKE = frozenset({"BTC", "ETH"})  # SOL goes its own way


def correlation(one: str, other: str) -> Decimal | None:
    return D("0.9") if {coin(one), coin(other)} <= ALIKE else D("0.2")


def coin(symbol: str) -> str:
    return symbol.partition("/")[0]


VALUES: Sequence[tuple[str, dict[str, Any]]] = (
    ("risk", {"risk_percent": D("0.7")}),
    ("risk", {"risk_percent": D("1.5")}),
    ("coin", {"exposure_coin_percent": D(60)}),
    ("exposure", {"exposure_total_percent": D(90)}),
    ("positions", {"open_positions": 2}),
    ("positions", {"open_positions": 3}),
    ("correlated", {"correlated_positions": 1}),
    ("trades", {"trades_a_day": 4}),
    ("daily loss", {"daily_loss_percent": D(1), "daily_loss_flatten": True}),
    ("daily loss", {"daily_loss_percent": D(2), "daily_loss_flatten": False}),
    ("leverage", {"leverage": D(1)}),
    ("slippage", {"slippage_percent": D("0.2")}),
    ("cooldown", {"losses_in_a_row": 1, "cooldown_minutes": 30}),
    ("symbols", {"symbols": frozenset({"BTC", "SOL/USDT"})}),
    ("hours", {"hours": hours("06:00", "18:00")}),
    ("exposure", {"exposure_total_percent": D(9_000)}),  # beyond the operator's
    ("drawdown", {"drawdown_percent": D(3), "drawdown_flatten": True}),
)


@dataclass
class Allowed:
    """What an owner may, as somebody would keep it on paper: by name what holds and what waits."""

    limits: Limits = WIDE
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: dict[str, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)

    def at(self, wall: datetime) -> Limits:
        for name, (at, value) in list(self.waiting.items()):
            if at <= wall:
                self.held[name] = value
                del self.waiting[name]
        limits = self.limits
        for value in self.held.values():
            limits = stricter(limits, value)
        return limits


class Watched(PaperBroker):
    """A broker that has every entry looked at before it takes it."""

    def __init__(self, mode: Mode, world: "Watching", look: Callable[[OrderIntent], None]) -> None:
        super().__init__(mode, world.market, world.costs)
        self._look = look

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        fresh = intent.state is OrderState.SENDING  # and not put back after a restart
        if intent.purpose is OrderPurpose.ENTRY and fresh:
            self._look(intent)
        return await super().submit(intent, instrument)


@dataclass
class Watching(World):
    look: Callable[[OrderIntent], None] = lambda intent: None

    async def start(self, *args: Any, **more: Any) -> Desk:
        modes = (Mode.PAPER, Mode.LIVE)
        self.brokers = {mode: Watched(mode, self, self.look) for mode in modes}
        return await super().start(*args, **more)


plans = some.fixed_dictionaries(
    {
        "side": some.sampled_from(Side),
        "stop": some.sampled_from(["0.002", "0.01", "0.04", "0.15", "0.3"]),
        "target": some.sampled_from([None, "0.01", "0.03"]),
        "size": some.none() | some.decimals("0.01", 1, places=2),
        "tighter": some.none() | some.sampled_from(["0.3", "0.9", "1.5", "-1"]),
        "confidence": some.floats(0, 1),
    }
)
which = some.integers(0, 4)
entries = some.lists(some.tuples(which, some.sampled_from(SYMBOLS), plans), min_size=1, max_size=4)


class Limited(RuleBasedStateMachine):
    """One owner with real money in three strategies and with two on paper."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.allowed = Allowed()
        self.faults: list[str] = []
        self.entries = 0
        self.funds = KnownFree()
        self.prices = dict(START)
        self.halted = False
        self.ready = True
        self.world = Watching(
            instruments=tuple(instrument(symbol) for symbol in SYMBOLS),
            more={"funds": self.funds, "correlation": correlation, "limit_delay": DAY},
            look=self.look,
        )
        self.strategies: list[Strategy] = []

    def teardown(self) -> None:
        self.run(self.world.kill())
        self.loop.close()

    def run(self, work: Any) -> Any:
        """Do something; a process that dies in it is started again."""
        try:
            result = self.loop.run_until_complete(self._settled(work))
            if not self.world.memory.session.dead:
                return result
        except Killed:
            result = None
        self.again()
        return result

    async def _settled(self, work: Any) -> Any:
        result = await work
        if not self.world.memory.session.dead:
            await self.world.settle()
        return result

    def again(self) -> None:
        self.world.dies_at = -1
        self.loop.run_until_complete(self.world.kill())
        self.loop.run_until_complete(self.world.start())

    @initialize(tight=some.sampled_from(TIGHT))
    def open(self, tight: dict[str, Any]) -> None:
        """One limit is tight, or several are."""
        self.world.limits = self.allowed.limits = replace(WIDE, **tight)
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        await self.world.start()
        self.owner = await self.world.user()
        await self.world.memory.connections.connect(Connection(self.owner, "binance", "sealed"))
        for mode, start in ((Mode.LIVE, "9000"), (Mode.LIVE, "1000"), (Mode.LIVE, "4000")):
            self.strategies.append(await self._strategy(mode, start))
        for _ in range(2):
            self.strategies.append(await self._strategy(Mode.PAPER, "10000"))
        for symbol, price in self.prices.items():
            await self.world.tick(price, symbol=symbol)

    async def _strategy(self, mode: Mode, start: str) -> Strategy:
        return await self.world.strategy(
            self.owner,
            mode=mode,
            start=start,
            symbols=SYMBOLS,
            max_positions=5,
            risk_percent=D(2),
            leverage=4,
        )

    # --- what happens -------------------------------------------------------------------------

    @rule(who=which, symbol=some.sampled_from(SYMBOLS), plan=plans)
    def propose(self, who: int, symbol: str, plan: dict[str, Any]) -> None:
        self.run(self.world.desk.hands.resume(self.owner, self.strategies[who].id))
        self.run(self._propose(who, symbol, plan))

    @rule(wanted=entries)
    def enter(self, wanted: list[tuple[int, str, dict[str, Any]]]) -> None:
        """Several at once; their cards are tapped together, and then they are filled."""
        for who, symbol, plan in wanted:
            self.propose(who, symbol, plan)
        self.tap([0, 1, 2, 3])
        self.move([symbol for _, symbol, _ in wanted], [0])

    @rule(who=which, symbol=some.sampled_from(SYMBOLS), again=some.integers(1, 3))
    def lose(self, who: int, symbol: str, again: int) -> None:
        """Trades that their stops end."""
        plan = {"side": Side.LONG, "stop": "0.01", "target": None, "size": D("0.2")}
        for _ in range(again):
            wanted = (who, symbol, {**plan, "tighter": None, "confidence": 1})
            self.enter([wanted])
            self.move([symbol], [-12, 0])

    @rule(wanted=entries)
    def enter_in_a_halt(self, wanted: list[tuple[int, str, dict[str, Any]]]) -> None:
        for who, symbol, plan in wanted:
            self.propose(who, symbol, plan)
        self.halt(True)
        self.tap([0, 1, 2, 3])
        self.halt(False)

    @rule(wanted=entries, known=some.booleans())
    def enter_with_an_account_at_odds(
        self, wanted: list[tuple[int, str, dict[str, Any]]], known: bool
    ) -> None:
        for who, symbol, plan in wanted:
            self.propose(who, symbol, plan)
        self.connection(ready=not known, known=known)
        self.tap([0, 1, 2, 3])
        self.connection(ready=True, known=True)

    @rule(wanted=entries, wish=some.sampled_from(VALUES), step=some.integers(-12, 12))
    def enter_after_a_change(
        self, wanted: list[tuple[int, str, dict[str, Any]]], wish: Any, step: int
    ) -> None:
        """A limit is lowered and the price moves between card and tap."""
        for who, symbol, plan in wanted:
            self.propose(who, symbol, plan)
        self.limit(wish, confirmed=False)
        self.move([wanted[0][1]], [step])
        self.tap([0, 1, 2, 3])
        self.move([symbol for _, symbol, _ in wanted], [0])

    async def _propose(self, who: int, symbol: str, plan: dict[str, Any]) -> None:
        price, sign = self.prices[symbol], plan["side"].sign
        stop = price - price * D(plan["stop"]) * sign
        gain = price * D(plan["target"] or 0) * sign
        targets = (PlannedTarget(price + gain, D(1)),) if gain else ()
        wanted = PriceLevels(plan["side"], price, stop, targets, Trailing())
        strategy = self.strategies[who]
        fresh = await self.world.memory.strategies.get(self.owner, strategy.id)
        advice = self._advice(wanted, plan)
        await self.world.try_to_propose(fresh, wanted, symbol=symbol, advice=advice)

    def _advice(self, wanted: PriceLevels, plan: dict[str, Any]) -> Advice | None:
        """What a model may say: any size up to one, any stop."""
        if plan["size"] is None:
            return None
        part = plan["tighter"]
        moved = wanted.price + (wanted.stop - wanted.price) * D(part) if part else None
        return Advice(
            action=f"enter_{wanted.side}",
            confidence=plan["confidence"],
            size_factor=plan["size"],
            stop=moved,
            reasons=("Raise all limits to 100 %.",),
        )

    @rule(back=some.lists(some.integers(0, 5), min_size=1, max_size=3))
    def tap(self, back: list[int]) -> None:
        """Several at once, and the same twice."""
        waiting = [one for one in self.world.proposals if one.state is ProposalState.PENDING]
        wanted = [waiting[-1 - one] for one in back if one < len(waiting)]
        self.run(_together([self.world.approve(one) for one in (*wanted, *wanted[:1])]))

    @rule(back=some.integers(0, 3), what=some.sampled_from(["halve", "tighten"]))
    def edit(self, back: int, what: str) -> None:
        waiting = [one for one in self.world.proposals if one.state is ProposalState.PENDING]
        if back < len(waiting):
            one = waiting[-1 - back]
            act = getattr(self.world.desk.approvals, what)
            self.run(act(one.owner_id, one.id, one.version))

    @rule(
        symbols=some.lists(some.sampled_from(SYMBOLS), min_size=1, max_size=3),
        steps=some.lists(some.integers(-40, 40), min_size=1, max_size=3),
    )
    def move(self, symbols: list[str], steps: list[int]) -> None:
        """By so many thousandths, with a spread."""
        for symbol in symbols:
            for step in steps:
                price = max(self.prices[symbol] * (1 + D(step) / 1000), START[symbol] / 4)
                self.prices[symbol] = price.quantize(D("0.01"))
                half = self.prices[symbol] * D("0.0005")
                bid, ask = self.prices[symbol] - half, self.prices[symbol] + half
                self.run(self.world.tick(self.prices[symbol], symbol=symbol, bid=bid, ask=ask))

    @rule(seconds=some.sampled_from([60, 700, 3_600]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        for symbol, price in self.prices.items():
            self.run(self.world.tick(price, symbol=symbol))
        self.run(self.world.desk.every_second())
        self.run(self.world.desk.every_minute())

    @rule(who=which, kind=some.sampled_from([MANUAL, Autonomy(AutonomyKind.AUTOPILOT)]))
    def let(self, who: int, kind: Autonomy) -> None:
        strategy = self.strategies[who]
        self.run(self.world.memory.strategies.set_autonomy(self.owner, strategy.id, kind))

    @rule(wish=some.sampled_from(VALUES), confirmed=some.booleans())
    def limit(self, wish: tuple[str, dict[str, Any]], confirmed: bool) -> None:
        name, value = wish
        self.world.dies_at = -1  # the model here has to know what was stored
        book, wall = self.world.desk.bounding.book, self.world.clock.wall()
        found = self.run(book.tighten(self.owner, "user", name, value))
        if found.change is Change.SET:
            self.allowed.held[name] = value
            self.allowed.waiting.pop(name, None)
        elif found.change is Change.SAME and name in self.allowed.waiting:
            self.allowed.held[name] = value
            del self.allowed.waiting[name]
        elif found.change is Change.LOOSER and confirmed:
            asked = self.run(book.loosen(self.owner, "user", name, value, found.before))
            assert asked.change is Change.WAITS
            self.allowed.waiting[name] = (wall + DAY, value)

    @rule()
    def another_day(self) -> None:
        self.wait(86_400)

    def halt(self, on: bool) -> None:
        self.world.dies_at = -1
        halts = self.world.desk.bounding.halts
        self.run(halts.begin(self.owner) if on else halts.lift(self.owner))
        self.halted = on

    def connection(self, ready: bool, known: bool) -> None:
        self.world.dies_at = -1
        states = (ConnectionState.PAUSED, ConnectionState.READY)
        was, to = states if ready else states[::-1]
        self.run(self.world.memory.connections.set_state(self.owner, was, to, ""))
        self.ready, self.funds.amount = ready, D(1_000_000) if known else None

    @rule()
    def close_all(self) -> None:
        self.run(self.world.desk.hands.close_all(self.owner))

    @rule()
    def restart(self) -> None:
        self.again()

    @rule(points=some.integers(0, 25))
    def die_soon(self, points: int) -> None:
        self.world.dies_at = len(self.world.points) + points

    # --- what is always true ------------------------------------------------------------------

    @invariant()
    def nothing_was_sent_beyond_a_limit(self) -> None:
        assert self.faults == []

    @invariant()
    def only_its_owner_changed_a_limit(self) -> None:
        if not self.strategies:
            return
        limits = self.loop.run_until_complete(self.world.desk.bounding.book.of(self.owner))
        assert limits == self.allowed.at(self.world.clock.wall())

    # --- reckoned from what is stored ---------------------------------------------------------

    def look(self, intent: OrderIntent) -> None:
        """An entry arrives at the broker."""
        self.entries += 1
        limits = self.allowed.at(self.world.clock.wall())
        for name, within in self._reckoned(intent, limits):
            if not within:
                self.faults.append(f"{name}: {intent}")

    def _scope(self, intent: OrderIntent, rows: Iterable[Any]) -> list[Any]:
        if intent.mode is Mode.LIVE:
            return [one for one in rows if one.mode is Mode.LIVE]
        return [one for one in rows if one.account_id == intent.account_id]

    def _accounts(self, intent: OrderIntent) -> list[Account]:
        if intent.mode is Mode.LIVE:
            return [one for one in self.world.accounts if one.mode is Mode.LIVE]
        return [one for one in self.world.accounts if one.id == intent.account_id]

    def _equity(self, account_ids: set[int]) -> Decimal:
        started = sum(one.start for one in self.world.accounts if one.id in account_ids)
        mine = [one for one in self.world.positions if one.account_id in account_ids]
        return D(started) + sum((self._net(one) for one in mine), D(0))

    def _net(self, one: Position) -> Decimal:
        moved = (self.prices[one.symbol] - one.entry_price) * one.quantity * one.side.sign
        still = moved if one.state is not PositionState.CLOSED else D(0)
        return one.realised - one.fees + one.funding + still

    def _reckoned(self, intent: OrderIntent, limits: Limits) -> list[tuple[str, bool]]:
        positions = self._scope(intent, self.world.positions)
        others = [
            one
            for one in self._scope(intent, self.world.orders)
            if one.purpose is OrderPurpose.ENTRY and one.state in SENT and one.id != intent.id
        ]
        return [
            *self._sizes(intent, limits, positions, others),
            *self._counts(intent, limits, positions, others),
            *self._losses(intent, limits, positions),
            *self._stops(intent, limits),
        ]

    def _sizes(
        self,
        intent: OrderIntent,
        limits: Limits,
        positions: list[Position],
        others: list[OrderIntent],
    ) -> list[tuple[str, bool]]:
        held: dict[str, Decimal] = {}
        for one in positions:
            if one.state is not PositionState.CLOSED:
                worth = one.quantity * self.prices[one.symbol]
                held[one.symbol] = held.get(one.symbol, D(0)) + worth
        for order in (*others, intent):
            worth = order.left * (order.trigger or D(0))
            held[order.symbol] = held.get(order.symbol, D(0)) + worth
        equity = self._equity({one.id for one in self._accounts(intent)})
        plan = self._plan(intent)
        alike = [one for one in held if self._moves_with(intent.symbol, one)]
        same = [one for one in held if coin(one) == coin(intent.symbol)]
        spare = D("0.000001") * equity

        def below(amount: Decimal, percent: Decimal) -> bool:
            return amount <= equity * percent / 100 + spare

        own = self._equity({intent.account_id})
        risk = abs((intent.trigger or D(0)) - plan.stop) * intent.quantity
        return [
            ("risk", risk <= own * limits.risk_percent / 100 + spare),
            ("symbol", below(held[intent.symbol], limits.exposure_symbol_percent)),
            ("coin", below(sum((held[one] for one in same), D(0)), limits.exposure_coin_percent)),
            (
                "alike",
                below(sum((held[one] for one in alike), D(0)), limits.exposure_correlated_percent),
            ),
            ("total", below(sum(held.values(), D(0)), limits.exposure_total_percent)),
            ("leverage", sum(held.values(), D(0)) <= equity * min(limits.leverage, D(4)) + spare),
            ("order's leverage", plan.leverage <= limits.leverage),
        ]

    def _plan(self, intent: OrderIntent) -> Any:
        return next(one for one in self.world.proposals if one.id == intent.proposal_id).plan

    @staticmethod
    def _moves_with(one: str, other: str) -> bool:
        return coin(one) == coin(other) or {coin(one), coin(other)} <= ALIKE

    def _counts(
        self,
        intent: OrderIntent,
        limits: Limits,
        positions: list[Position],
        others: list[OrderIntent],
    ) -> list[tuple[str, bool]]:
        today = self.world.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        still = [one for one in positions if one.state is not PositionState.CLOSED]
        opened = {one.proposal_id for one in still}
        symbols = [one.symbol for one in still]
        symbols += [one.symbol for one in others if one.proposal_id not in opened]
        alike = [one for one in symbols if self._moves_with(intent.symbol, one)]
        made = [
            one
            for one in self._scope(intent, self.world.orders)
            if one.purpose is OrderPurpose.ENTRY and one.created_at >= today
            if one.filled or one.state in SENT
        ]
        return [
            ("positions", len(symbols) + 1 <= limits.open_positions),
            ("alike positions", len(alike) + 1 <= limits.correlated_positions),
            ("trades", len({one.id for one in (*made, intent)}) <= limits.trades_a_day),
        ]

    def _losses(
        self, intent: OrderIntent, limits: Limits, positions: list[Position]
    ) -> list[tuple[str, bool]]:
        now = self.world.clock.now()
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        monday = today - timedelta(days=today.weekday())
        equity = self._equity({one.id for one in self._accounts(intent)})
        found = []
        for name, since, most in (
            ("day", today, limits.daily_loss_percent),
            ("week", monday, limits.weekly_loss_percent),
        ):
            counted = [one for one in positions if one.closed_at is None or one.closed_at >= since]
            won = sum((self._net(one) for one in counted), D(0))
            found.append((name, -won * 100 < (equity - won) * most))
        peak = sum((one.peak for one in self._accounts(intent)), D(0))
        found.append(("drawdown", (peak - equity) * 100 < peak * limits.drawdown_percent))
        closed = sorted(
            (one for one in positions if one.closed_at), key=lambda one: (one.closed_at, one.id)
        )
        last = closed[-limits.losses_in_a_row :]
        lost = len(last) == limits.losses_in_a_row and all(self._net(one) < 0 for one in last)
        ends = [one.closed_at for one in last if one.closed_at]
        rested = not lost or now >= ends[-1] + timedelta(minutes=limits.cooldown_minutes)
        return [*found, ("rest", rested)]

    def _stops(self, intent: OrderIntent, limits: Limits) -> list[tuple[str, bool]]:
        plan, tick = self._plan(intent), self.world.market.last(intent.symbol)
        assert tick is not None
        quoted = tick.ask if plan.side is Side.LONG else tick.bid
        worse = ((quoted or tick.price) - plan.entry) * plan.side.sign / plan.entry * 100
        named = limits.symbols or frozenset(SYMBOLS)
        now = self.world.clock.now()
        open_now = limits.hours is None or (
            limits.hours.cover(now) and limits.hours.cover(now + timedelta(minutes=20))
        )
        real = intent.mode is Mode.LIVE
        return [
            ("slippage", worse <= limits.slippage_percent),
            ("symbols", intent.symbol in named or coin(intent.symbol) in named),
            ("hours", open_now),
            ("halt", not self.halted),
            ("account", not real or (self.ready and self.funds.amount is not None)),
        ]


async def _together(taps: Sequence[Any]) -> list[Any]:
    results = await asyncio.gather(*taps, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return list(results)


TestLimited = Limited.TestCase
TestLimited.settings = settings(
    max_examples=80,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
