"""A desk that trades real money with a paper broker behind it: for what limits look at."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from agents.domain.limits import Value
from agents.domain.market import Instrument
from agents.domain.risk import Limits
from agents.domain.strategy import Mode
from agents.domain.venue import Connection, ConnectionState
from agents.execution.bounds.limits import Holding
from tests.support.desk import FREE, World
from tests.support.market import instrument


@dataclass
class KnownFree:
    """What is free at the exchange, as a test says; None while nobody knows, and `answer` once
    it was asked."""

    amount: Decimal | None = Decimal(1_000_000)
    opened_by_hand: dict[str, Holding] = field(default_factory=dict)
    answer: Decimal | None = None
    asked: int = 0

    def free(self, owner_id: int) -> Decimal | None:
        return self.amount

    async def ask(self, owner_id: int) -> None:
        self.asked += 1
        self.amount = self.answer

    def by_hand(self, owner_id: int, symbol: str) -> Holding | None:
        return self.opened_by_hand.get(symbol)


def limited(**changes: Any) -> Limits:
    return replace(Limits(), **changes)


def real_world(
    limits: Limits | None = None, *, besides: tuple[Instrument, ...] = (), **more: Any
) -> World:
    """Without costs; `besides` the usual it offers these, and `more` is what the desk is opened
    with."""
    told = {"funds": KnownFree(), "correlation": lambda one, other: Decimal(0), **more}
    modes, usual = (Mode.PAPER, Mode.LIVE), (instrument(), instrument("ETH/USDT"))
    return World(
        limits or Limits(), costs=FREE, instruments=(*usual, *besides), modes=modes, more=told
    )


async def connected(world: World, state: ConnectionState = ConnectionState.READY) -> int:
    """A user with a connected account, whose id that is."""
    owner = await world.user()
    why = "" if state is ConnectionState.READY else "book and exchange differ"
    await world.memory.connections.connect(
        Connection(owner, "binance", "sealed", ends="abcd", state=state, why=why)
    )
    return owner


async def hold_to(world: World, owner: int, name: str, value: Value) -> None:
    """The owner's own limit."""
    await world.desk.bounding.book.tighten(owner, f"user:{owner}", name, value)
