"""Everything that a handler may use, handed in at start."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from agents.decision.words.reading import Reading
from agents.domain.errors import MarketUnavailable
from agents.domain.grants import Feature
from agents.domain.market import Instrument, Universe
from agents.domain.ports import Clock, Market, Memory
from agents.domain.risk import Costs, Limits, TapRules
from agents.domain.user import Identity, Place, Standing, User
from agents.domain.venue import KeyCheck
from agents.execution.bounds.accounts import Accounts
from agents.execution.bounds.bounding import Bounding
from agents.execution.bounds.modes import Modes
from agents.execution.leaving.hands import Hands
from agents.execution.leaving.panic import Panic
from agents.execution.proposals.approvals import Approvals
from agents.execution.venues.connections import Connecting
from agents.execution.venues.truth import Truth
from agents.signals.desk import SignalDesk
from agents.watch import Watch
from handlers.model_keys import ModelKeys

Reader = Callable[[int, str], Awaitable[Reading]]
"""Reads a sentence of the user with that id: the built-in reader, or a model."""

PartHealth = tuple[str, bool, str]
"""A part of the machine, whether it works, and a sentence about it."""


class People(Protocol):
    """Groups and channels as the platforms know them. Raises DeliveryDelayed (ask again) and
    DeliveryRefused (the place is not to be seen)."""

    async def standing(self, place: Place, person: Identity) -> Standing: ...
    async def find_place(self, platform: str, said: str) -> Place | None: ...
    def start_link(self, platform: str, words: str) -> str: ...
    def platforms(self) -> Sequence[str]:
        """The names of those that are connected."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports and services behind the conversation.

    `advisor` is the desk's model, empty without one; `own_model` is asked with users' own keys.
    Only `page_owner` and `operators` come in without an invitation while `invite_only`.
    `paper_balance` is what a new account starts with, quote currency. `address` is where people
    reach the web server (`https://desk.example`), empty where they can't. Channels of those who
    lack Feature.CHANNELS get signals after `channel_delay` seconds. `exchange` is the one that the
    desk's market is at, and `key_check` asks it about keys; there is none on a played market,
    and no `truth` about exchange accounts either.
    """

    clock: Clock
    market: Market
    memory: Memory
    approvals: Approvals
    hands: Hands
    panic: Panic
    accounts: Accounts
    bounding: Bounding
    watch: Watch
    read: Reader
    health: Callable[[], Sequence[PartHealth]]
    limits: Limits
    tap_rules: TapRules
    costs: Costs
    keys: ModelKeys
    people: People
    signals: SignalDesk
    modes: Modes
    operators: tuple[Identity, ...] = ()
    page_owner: Identity | None = None
    invite_only: bool = True
    advisor: str = ""
    own_model: str = ""
    paper_balance: Decimal = Decimal(10_000)
    address: Callable[[], str] = str
    free_features: frozenset[Feature] = frozenset(Feature)
    channel_delay: int = 0
    key_check: KeyCheck | None = None
    exchange: str = ""
    truth: Truth | None = None

    @property
    def connecting(self) -> Connecting:
        return Connecting(self.memory, self.clock, self.hands)

    async def allows(self, person: User, feature: Feature) -> bool:
        """Whether a person has a feature: everybody does, or an operator granted it."""
        if feature in self.free_features or person.operator:
            return True
        return await self.memory.grants.has(person.id, feature)

    async def model_for(self, user_id: int) -> str:
        """The model that judges for a user; empty where the rules decide alone."""
        own = await self.keys.usable(user_id)
        if own is None:
            return self.advisor
        return self.own_model if own else ""

    async def universe(self) -> Universe:
        """What can be traded; nothing while the market can't be reached."""
        try:
            return await self.market.universe()
        except MarketUnavailable:
            return Universe(())

    async def instrument(self, symbol: str) -> Instrument | None:
        """The steps of a symbol; None while they are unknown."""
        return (await self.universe()).by_symbol.get(symbol)

    def price(self, symbol: str) -> Decimal | None:
        """The newest price, quote currency."""
        tick = self.market.last(symbol)
        return tick.price if tick else None


Facts = Mapping[str, Any]
