"""Rounds of a kill test of real money: a phase of a trade, a fault, a SIGKILL, and what is true
after it."""

import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

from tests.support.live_bareness import Spells
from tests.support.live_checks import LiveBooks, restless
from tests.support.live_crew import KEY, PRICES, Died, LiveCrew
from tests.support.live_troubles import POINTS, Fault, Weather, expel
from tests.support.telegram_world import Message
from tests.support.venue.faults import Op
from tests.support.venue.records import Kind, Order

PATIENCE = 40.0
"""Seconds until a desk that has not recovered is called broken: less than until its next look of
the minute, so that nothing is mended by that alone."""
_BACKLOG = 12  # messages that may wait for their turn in a chat before a round is begun


class Broken(AssertionError):
    """What is not true after a round."""


@dataclass
class Rounds:
    """`number` of the round, and what makes it happen again is in `told`."""

    crew: LiveCrew
    seed: int
    number: int = 0
    told: str = ""
    point: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.weather = Weather(self.crew, self.chance)
        self.spells = Spells(self.crew)
        self._phases: Mapping[str, Callable[[str], Awaitable[None]]] = {
            "entry": self._enter,
            "stop": self._stop_out,
            "target": self._reach_target,
            "close": self._close,
            "half": self._half,
            "expel": self._expel,
            "trail": self._trail,
            "sl": self._move_stop,
            "panic": self._panic,
        }

    async def begin(self) -> None:
        await self.crew.start()
        await self.crew.begin()

    # --- one round ----------------------------------------------------------------------------

    async def round(self) -> None:
        """Raises Broken, with everything that is needed to see why."""
        self.number += 1
        coin, phase = self._choose()
        fault, after = self.weather.fault(), self.chance.choice((0.05, 0.2, 0.5, 1.0, 2.0))
        after = self.chance.uniform(0, after)
        lasts = self.chance.random() < 0.3  # the fault lasts until the desk runs again
        self.told = (
            f"seed {self.seed}, round {self.number}: {phase} {coin}, {fault.name}, killed "
            f"{f'at {self.point} or ' if self.point else ''}after {after:.2f} s"
            f"{', the fault lasts' if lasts else ''}"
        )
        try:
            await self._go(coin, phase, fault, after, lasts=lasts)
        except Exception as broken:
            log = self.crew.log[-6_000:]
            raise Broken(f"{self.told}\n{broken!r}\n--- log of the desk\n{log}") from broken
        self._count(phase)

    async def _go(self, coin: str, phase: str, fault: Fault, after: float, *, lasts: bool) -> None:
        if phase == "entry":
            await self._ready()
        since = self.crew.engine.ledger.seq
        await fault.begin()
        await self._phases[phase](coin)
        at_point = not await self.crew.passes(2.0 if self.point else after)
        self._count("died at its point", at_point)
        await self._killed()
        if self.crew.kind is Kind.PERPETUAL and self.chance.random() < 0.2:
            rate = self.chance.choice(("0.0001", "-0.0002"))
            self.crew.engine.fund(f"{coin}USDT", rate)
        if not lasts:
            await self._answers(fault, since)
        self.point = self._next_point()
        await self.crew.start(self.point)
        if lasts:
            await self.crew.passes(self.chance.uniform(0.5, 2.0))
            await self._answers(fault, since)
        await self._recovered()

    async def _killed(self) -> None:
        await self.crew.kill()
        self.spells.killed()

    async def _answers(self, fault: Fault, since: int) -> None:
        """From here on the exchange answers, whatever was wrong before."""
        await fault.end()
        self.weather.clear()
        if fault.name != "none":
            self.spells.excuse(since)

    def _count(self, what: str, more: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + more

    async def _recovered(self) -> None:
        """A desk that dies again meanwhile, at its point, is started again."""
        try:
            await self._settled()
        except Died:
            self.spells.killed()
            self._count("died again")
            self.point = ""
            await self.crew.start()
            await self._settled()
        if bare := self.spells.too_long():
            raise Broken("\n".join(bare))

    async def _settled(self) -> None:
        """Raises Died and Broken."""
        try:
            await self.crew.until(lambda: not self._wrong(), PATIENCE)
        except TimeoutError:
            raise Broken("; ".join(self._wrong()) or "it took too long") from None

    def _wrong(self) -> list[str]:
        if found := restless(self.crew):
            return found
        if self.crew.engine.open_orders(KEY) and not self.spells.runs:
            return ["the desk has not asked the exchange anything"]
        books = LiveBooks(self.crew)
        if waiting := books.undelivered():
            return [f"{waiting} messages wait"] if waiting > _BACKLOG else books.faults()
        return [*books.faults(), *books.lies()]

    def _choose(self) -> tuple[str, str]:
        held = [coin for coin in PRICES if self._held(coin)]
        coin = self.chance.choice(held if held and self.chance.random() < 0.6 else list(PRICES))
        point = self.point.partition(":")[0]
        wanted = [name for name, points in POINTS.items() if not point or point in points]
        possible = ["entry"]
        if self._held(coin):
            possible = ["stop", "target", "target", "close", "half", "expel", "sl"]
            possible += ["trail"] * (2 if self.crew.trails else 0)
        if held:
            possible.append("panic")
        fitting = [name for name in possible if name in wanted] or possible
        return coin, self.chance.choice(fitting)

    def _next_point(self) -> str:
        if self.chance.random() < 0.4:
            return ""
        held = any(self._held(coin) for coin in PRICES)
        names = [name for name in POINTS if name == "entry" or held]
        times = self.chance.choice((1, 1, 1, 2, 3))
        return f"{self.chance.choice(POINTS[self.chance.choice(names)])}:{times}"

    # --- phases -------------------------------------------------------------------------------

    def _held(self, coin: str) -> list[Order]:
        """What rests for a coin, while the desk holds some of it."""
        return self.crew.engine.open_orders(KEY, symbol=f"{coin}USDT")

    async def _enter(self, coin: str) -> None:
        """By a signal, or by a tap where a proposal waits. Mostly what is killed has begun to send
        the order."""
        before = len(self.crew.venue.asked)
        if (card := self._waiting(coin)) is not None:
            self.crew.telegram.tap(self.crew.ann.chat, self.crew.ann.user, card.id, "Approve")
        else:
            await self.crew.signal(coin)
        if self.chance.random() < 0.8:
            with suppress(Died, TimeoutError):  # at its point; or the signal was dropped
                await self.crew.until(lambda: self._ordered(before), 6)

    def _waiting(self, coin: str) -> Message | None:
        """The card of a coin's proposal that asks."""
        acts = [
            f"approve:{row['id']}:"
            for row in self.crew.rows(
                "SELECT id FROM proposals WHERE state = 'pending'"
                f" AND symbol = '{coin}/USDT' ORDER BY id DESC LIMIT 1"
            )
        ]
        cards = [
            message
            for message in self.crew.ann.messages
            for row in message.keyboard
            for button in row
            if acts and button["callback_data"].startswith(acts[0])
        ]
        return cards[-1] if cards else None

    def _ordered(self, before: int) -> bool:
        return any(one.op is Op.ORDER for one in self.crew.venue.asked[before:])

    def _prices(self, coin: str, *, stops: bool) -> list[Decimal]:
        orders = [one for one in self._held(coin) if one.type.is_stop is stops]
        return sorted(one.trigger or one.price or Decimal(0) for one in orders)

    async def _beyond(self, coin: str, *, stops: bool) -> None:
        """The price passes the nearest stop or target by a little."""
        prices = self._prices(coin, stops=stops)
        if prices:
            now = self.crew.engine.price(f"{coin}USDT")
            nearest = min(prices, key=lambda price: abs(price - now))
            sign = 1 if nearest > now else -1
            self.crew.engine.move(f"{coin}USDT", nearest * (10_000 + sign * 2) / 10_000)

    async def _stop_out(self, coin: str) -> None:
        await self._beyond(coin, stops=True)

    async def _reach_target(self, coin: str) -> None:
        await self._beyond(coin, stops=False)

    async def _trail(self, coin: str) -> None:
        """The price runs a part of its way to the nearest target, or as far as one is."""
        now = self.crew.engine.price(f"{coin}USDT")
        part = self.chance.choice((Decimal("0.2"), Decimal("0.5"), Decimal("0.9")))
        goals = self._prices(coin, stops=False)
        stops = self._prices(coin, stops=True) or [now]
        farthest = 2 * now - min(stops, key=lambda price: abs(price - now))
        goal = min(goals, key=lambda price: abs(price - now), default=farthest)
        self.crew.engine.move(f"{coin}USDT", now + (goal - now) * part)

    async def _move_stop(self, coin: str) -> None:
        """By hand: a part of its way to the price, or to the entry, which may be refused."""
        held = self.crew.rows(
            "SELECT id, stop FROM positions WHERE state = 'open'"
            f" AND symbol = '{coin}/USDT' ORDER BY id"
        )
        if not held:
            return
        position, now = self.chance.choice(held), self.crew.engine.price(f"{coin}USDT")
        part = self.chance.choice((Decimal("0.3"), Decimal("0.7")))
        stop = Decimal(position["stop"])
        where = (stop + (now - stop) * part).quantize(Decimal("0.01"))
        self.crew.ann.say(f"/sl {position['id']} {self.chance.choice((where, where, 'entry'))}")

    async def _close(self, coin: str) -> None:
        await self._hand(f"/close {coin}")

    async def _half(self, coin: str) -> None:
        await self._hand(f"/close {coin} half")

    async def _hand(self, words: str) -> None:
        """A command that asks first."""
        said = self.crew.ann.say(words)
        try:
            question = await self.crew.until(lambda: self._question(said), 3)
        except (Died, TimeoutError):  # it is answered by the next process, and stays a question
            return
        self.crew.telegram.tap(self.crew.ann.chat, self.crew.ann.user, question.id, "Yes")

    def _question(self, after: int) -> object:
        found = [
            message
            for message in self.crew.ann.messages
            if message.id > after and any("Yes" in label for label in message.buttons)
        ]
        return found[-1] if found else None

    async def _expel(self, coin: str) -> None:
        expel(self.crew, coin)

    async def _panic(self, coin: str) -> None:
        await self._hand("/panic")

    async def _ready(self) -> None:
        """After a panic the strategy is to trade again."""
        with suppress(Died):  # its point may lie in that
            if self.crew.rows("SELECT id FROM strategies WHERE state = 'paused'"):
                self.crew.ann.say("/resume 1")
                active = "SELECT id FROM strategies WHERE state = 'active'"
                await self.crew.until(lambda: self.crew.rows(active), 10)

    # --- afterwards ---------------------------------------------------------------------------

    async def finish(self) -> LiveBooks:
        """Everything is closed and told; the books then. Raises Broken."""
        await self._killed()
        await self.crew.start()
        try:
            await self._flattened()
        except Exception as broken:
            log = self.crew.log[-6_000:]
            raise Broken(f"seed {self.seed}, the end: {broken!r}\n{log}") from broken
        return LiveBooks(self.crew)

    async def _flattened(self) -> None:
        crew = self.crew
        await crew.until(lambda: not self._wrong(), PATIENCE)
        said = crew.ann.say("/panic")
        question = await crew.until(lambda: self._question(said), PATIENCE)
        crew.telegram.tap(crew.ann.chat, crew.ann.user, question.id, "Yes")
        try:
            await crew.until(self._over, 2 * PATIENCE)
        except TimeoutError:
            books = LiveBooks(crew)
            wrong = [*self._wrong(), *books.lies(), f"{books.undelivered()} messages wait"]
            raise Broken("; ".join(wrong)) from None

    def _over(self) -> bool:
        if restless(self.crew):
            return False
        books = LiveBooks(self.crew)
        left = books.open or books.undelivered() or self.crew.engine.open_orders(KEY)
        return not (left or books.faults() or books.lies())
