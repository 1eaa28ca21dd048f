"""The ladder: how a strategy goes from trying to real money, and back down.

Positions, orders and accounts keep the mode in which they were begun: what is open when the mode
changes is finished in its own, and what waits for a tap is cancelled.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agents.domain.errors import AskUser, Moved
from agents.domain.ladder import RUNGS, Gate, Ladder, Shown, climbs, gates, shown
from agents.domain.money import ZERO
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.strategy import Mode, RunKind, Strategy, StrategySpec
from agents.domain.venue import Connection, ConnectionState
from agents.execution.bounds.accounts import START_BALANCE
from agents.execution.proposals.approvals import Approvals

CLONE_RISK = Decimal("0.25")
"""Percent of equity that a clone with real money risks a trade at most, until its owner says
more."""
LEAST = Decimal(10)  # quote currency: below that no exchange takes an order

Free = Callable[[int], Awaitable[Decimal | None]]
"""What is free on a user's exchange account, quote currency; None while it is not known."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a strategy is from a mode. `free` is what its account could start with, quote
    currency; only for real money, and None while the exchange does not say. `in_all` is what is
    free there, also what other strategies are to trade with."""

    to: Mode
    gates: tuple[Gate, ...]
    free: Decimal | None = None
    in_all: Decimal | None = None

    @property
    def open(self) -> bool:
        return all(gate.open for gate in self.gates)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change of mode as it was asked for. `amount` is what a real account starts with, where
    one was named, and `shown` what was said without: it does not start with more. `clone`
    makes a new strategy of it, and leaves this one where it is."""

    to: Mode
    amount: Decimal | None = None
    clone: bool = False
    shown: Decimal | None = None

    def as_json(self) -> dict[str, Any]:
        amounts = {"amount": _text(self.amount), "shown": _text(self.shown)}
        return {"to": self.to.value, "clone": self.clone, **amounts}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Wanted":
        amount, shown = _number(stored["amount"]), _number(stored.get("shown"))
        return cls(Mode(stored["to"]), amount, stored["clone"], shown)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _number(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


@dataclass(frozen=True, slots=True)
class Modes:
    """`modes` are those for which there is a broker here; `start` is what an account of played
    money begins with."""

    memory: Memory
    clock: Clock
    approvals: Approvals
    ladder: Ladder
    free: Free
    modes: frozenset[Mode]
    start: Decimal = START_BALANCE
    first: Mode = field(default=Mode.PAPER)

    async def record(self, strategy: Strategy) -> dict[Mode, Shown]:
        """What the strategy has shown so far, by mode."""
        memory = self.memory
        found: list[Position] = []
        for account in await memory.accounts.of(strategy.owner_id):
            if account.strategy_id == strategy.id:
                found += await memory.positions.of_account(account.id)
        return shown(found)

    async def progress(self, strategy: Strategy, to: Mode, *, clone: bool = False) -> Progress:
        """The conditions of going there, those that are met with the others. A `clone` shares
        what is free with the one it is made of."""
        was = strategy.mode
        if clone and strategy.run is RunKind.ON_SIGNAL:  # what was taken over is live, and has
            was = min(was, Mode.PAPER, key=RUNGS.index)  # shown nothing
        conditions = gates(self.ladder, was, to, await self.record(strategy))
        if to is not Mode.LIVE:
            return Progress(to, tuple(conditions))
        connection = await self.memory.connections.of(strategy.owner_id)
        conditions += [*await self._personal(strategy), self._reachable(connection)]
        free = await self.free(strategy.owner_id) if connection else None
        spare = None if free is None else await self._spare(strategy, free, clone=clone)
        return Progress(to, tuple(conditions), spare, free)

    async def next(self, strategy: Strategy) -> Progress | None:
        """The next rung up; None at the top."""
        up = RUNGS.index(strategy.mode) + 1
        return await self.progress(strategy, RUNGS[up]) if up < len(RUNGS) else None

    def _reachable(self, connection: Connection | None) -> Gate:
        if Mode.LIVE not in self.modes:
            return Gate(
                "a market of a real exchange, which only the operator can choose", open=False
            )
        if connection is None:
            return Gate("an exchange account of yours, by /connect", open=False)
        if connection.state is ConnectionState.READY:
            return Gate(f"your {connection.exchange} account is connected", open=True)
        return Gate(f"your {connection.exchange} account in order: {connection.why}", open=False)

    async def _personal(self, strategy: Strategy) -> list[Gate]:
        if await self.memory.desks.of_account(strategy.owner_id) is None:
            return []
        return [Gate("an account of one person: a group's desk trades no real money", open=False)]

    async def _spare(self, strategy: Strategy, free: Decimal, *, clone: bool) -> Decimal:
        """What of that is not meant for other strategies."""
        but = None if clone else strategy.id
        return max(ZERO, free - await self._promised(strategy.owner_id, but))

    async def _promised(self, owner_id: int, but: int | None) -> Decimal:
        """What strategies with real money, `but` one, have for trades that are not open yet."""
        memory, promised = self.memory, ZERO
        living = {one.id for one in await memory.strategies.of(owner_id) if _trades(one)}
        for account in await memory.accounts.of(owner_id):
            if account.mode is Mode.LIVE and account.strategy_id in living - {but}:
                held = await memory.positions.of_account(account.id, open_only=True)
                used = sum((one.entry_price * one.quantity / one.leverage for one in held), ZERO)
                promised += max(ZERO, account.balance - used)
        return promised

    async def change(self, strategy: Strategy, wanted: Wanted, actor: str) -> Strategy:
        """The strategy as it is afterwards, or its clone.

        Raises AskUser when a condition is not met, and Moved when its mode was changed meanwhile.
        """
        if wanted.to not in self.modes:
            raise AskUser(f"Nothing trades in {wanted.to} mode here. Nothing was changed.")
        progress = await self.progress(strategy, wanted.to, clone=wanted.clone)
        if not progress.open:
            missing = "; ".join(gate.said for gate in progress.gates if not gate.open)
            raise AskUser(f"Not yet: {missing}. Nothing was changed.")
        async with self.memory.transactions.transaction():
            if wanted.to is Mode.LIVE:  # of two at once the second sees what the first was given
                await self.memory.links.hold(strategy.owner_id, strategy.owner_id)
            amount = self._amount(wanted, await self._left(strategy, wanted, progress))
            if wanted.clone:
                return await self._cloned(strategy, amount, actor)
            return await self._moved(strategy, wanted.to, amount, actor)

    async def _left(self, strategy: Strategy, wanted: Wanted, progress: Progress) -> Decimal | None:
        """What is still to be given of what was free a moment ago."""
        if progress.in_all is None:
            return None
        return await self._spare(strategy, progress.in_all, clone=wanted.clone)

    def _amount(self, wanted: Wanted, free: Decimal | None) -> Decimal:
        if wanted.to is not Mode.LIVE:
            return self.start
        if free is None:
            raise AskUser(
                "The exchange does not say at the moment what is free on your account. Nothing was "
                "changed; try again in a minute."
            )
        amount = wanted.amount
        if amount is None:
            amount = free if wanted.shown is None else min(free, wanted.shown)
        if amount > free:
            raise AskUser(f"Only {free:,.2f} is free on your account for it. Nothing was changed.")
        if amount < LEAST:
            raise AskUser(f"It needs at least {LEAST} to trade with. Nothing was changed.")
        return amount

    async def _moved(self, strategy: Strategy, to: Mode, amount: Decimal, actor: str) -> Strategy:
        memory, owner = self.memory, strategy.owner_id
        if not await memory.strategies.set_mode(owner, strategy.id, strategy.mode, to):
            raise Moved(f"Strategy #{strategy.number} has changed meanwhile; look at it again.")
        await self.approvals.cancel_for(owner, strategy.id, f"the strategy went to {to}")
        account = await memory.accounts.open(owner, strategy.id, to, amount, self.clock.now())
        if to is Mode.LIVE and account.balance != amount:  # it had real money before
            await memory.accounts.allot(owner, account.id, amount)
        facts = {"strategy_id": strategy.id, "from": strategy.mode.value, "to": to.value}
        if climbs(strategy.mode, to) and to is Mode.LIVE:
            facts |= {"amount": str(amount), "confirmed": "the risks, by typing LIVE"}
        await memory.audit.record(owner, actor, "mode", facts)
        return await memory.strategies.get(owner, strategy.id)

    async def _cloned(self, strategy: Strategy, amount: Decimal, actor: str) -> Strategy:
        """A draft of its own with real money, and less at risk than the one it came from."""
        memory, owner = self.memory, strategy.owner_id
        spec = StrategySpec.model_validate(
            {**strategy.spec.as_json(), "risk_percent": min(strategy.spec.risk_percent, CLONE_RISK)}
        )
        if spec.size is not None:
            spec = spec.model_copy(update={"size": spec.size / 2})
        name = f"{strategy.name[:34]} live"
        now = self.clock.now()
        made = await memory.strategies.draft(owner, name, spec, strategy.sentence, Mode.LIVE, now)
        await memory.accounts.open(owner, made.id, Mode.LIVE, amount, now)
        facts = {"strategy_id": made.id, "of": strategy.id, "to": Mode.LIVE.value}
        facts |= {"amount": str(amount), "confirmed": "the risks, by typing LIVE"}
        await memory.audit.record(owner, actor, "clone as live", facts)
        return made


def _trades(strategy: Strategy) -> bool:
    return strategy.mode is Mode.LIVE and strategy.state.value in {"active", "paused", "draft"}
