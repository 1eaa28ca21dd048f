"""Joining the accounts that one person has on several platforms."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agents.domain.limits import PEAKS, joined, owns_as_json, owns_from_json
from agents.domain.limits import PREFERENCE as LIMITS
from agents.domain.linking import CODE_LASTS
from agents.domain.ports import Clock, Memory
from agents.domain.position import PositionState
from agents.domain.proposal import FINAL, ProposalState
from agents.domain.strategy import Mode, Strategy, StrategyState
from agents.domain.user import Identity, Place, User

_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without letters that look alike
_CODE_LENGTH = 10
GUEST = "guest"  # the preference of who came in by a role at a desk, and by nothing else
_WAITING = frozenset(ProposalState) - FINAL
_RUNNING = (StrategyState.ACTIVE,)
_OTHER = "its real money was in another exchange account"


class LinkState(StrEnum):
    LINKED = "linked"
    BAD_CODE = "bad code"  # unknown, used, or too old
    SAME = "same"  # it is the same account already
    BUSY = "busy"  # the joining account has something open: `why` says what
    TWO_KEYS = "two keys"  # both have a connected exchange account, and one can have only one
    OTHER_KEY = "other key"  # real trades of the other account are open under another key


@dataclass(frozen=True, slots=True)
class Linked:
    """What came of a code. `user` is the account that stays, `moved` how many strategies came,
    and `joined` the number of the account that is no more. `to_paper` are strategies that traded
    real money of an exchange account that is not connected any more."""

    state: LinkState
    user: User | None = None
    moved: int = 0
    why: str = ""
    joined: int = 0
    to_paper: tuple[str, ...] = ()


def _nobody(owner_id: int) -> None:
    """Nothing is known by owner here."""


def new_code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))


class Linking:
    """`changed` hears of both owners once two accounts are one: what is known of either elsewhere
    is to be read anew."""

    def __init__(
        self, memory: Memory, clock: Clock, changed: Callable[[int], object] = _nobody
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._changed = changed

    async def offer(self, user_id: int) -> str:
        """A code for the other platform, good once and for a quarter of an hour."""
        code = new_code()
        await self._memory.links.offer(code, user_id, self._clock.wall())
        return code

    async def identities(self, user_id: int) -> Sequence[Identity]:
        return await self._memory.links.identities(user_id)

    async def take(self, code: str, identity: Identity, place: Place | None) -> Linked:
        """Join `identity`, with all that it has here, to the account that offered `code`, which
        is told things at `place` from now on, unless that is None."""
        taken = await self._take(code, identity, place)
        if taken.state is LinkState.LINKED and taken.joined and taken.user is not None:
            self._changed(taken.joined)
            self._changed(taken.user.id)
        return taken

    async def _take(self, code: str, identity: Identity, place: Place | None) -> Linked:
        async with self._memory.transactions.transaction():
            keeping = await self._memory.links.holder(code, self._clock.wall() - CODE_LASTS)
            if keeping is None:
                return Linked(LinkState.BAD_CODE)
            joining = await self._memory.users.find(identity)
            if joining is not None and joining.id == keeping:
                return Linked(LinkState.SAME, joining)
            if joining is not None:
                await self._memory.links.hold(joining.id, keeping)
                if refused := await self.refusal(joining, keeping):
                    return refused
            await self._memory.links.use(code, identity, self._clock.wall())
            found = await self._joined(joining, keeping, identity)
            if place is not None:
                await self._memory.users.add_place(keeping, place)
            await self._memory.audit.record(
                *(keeping, str(identity), "linked"),
                {"identity": str(identity), "strategies": found.moved},
            )
            return replace(found, user=await self._memory.users.get(keeping))

    async def _joined(self, joining: User | None, keeping: int, identity: Identity) -> Linked:
        if joining is None:
            await self._memory.links.add(keeping, identity)
            return Linked(LinkState.LINKED)
        to_paper = await self._without_key(joining.id, keeping)
        moved = len(await self._memory.strategies.of(joining.id))
        wall = self._clock.wall()
        await self._memory.preferences.write(joining.id, GUEST, False, wall)
        await self._memory.preferences.write(joining.id, PEAKS, {}, wall)  # no looser limit comes
        await self._keep_limits(joining.id, keeping)
        await self._memory.links.merge(joining.id, keeping)
        return Linked(LinkState.LINKED, None, moved, joined=joining.id, to_paper=to_paper)

    async def _without_key(self, joining: int, keeping: int) -> tuple[str, ...]:
        """Strategies of one of them that has no key must not trade what they were given of one
        exchange account in the other's: they go to paper, paused. Their names."""
        names: list[str] = []
        connections = self._memory.connections
        for owner, other in ((joining, keeping), (keeping, joining)):
            has_key = await connections.of(owner) is not None
            gets_one = owner == joining or await connections.of(other) is not None
            if not has_key and gets_one:
                names += [one.name for one in await self._to_paper(owner)]
        return tuple(names)

    async def _to_paper(self, owner_id: int) -> list[Strategy]:
        """Those that were live; an archived one, too, for it may be wanted back."""
        memory, now = self._memory, self._clock.now()
        live = [one for one in await memory.strategies.of(owner_id) if one.mode is Mode.LIVE]
        for strategy in live:
            if strategy.state is StrategyState.ACTIVE:
                paused = StrategyState.PAUSED
                await memory.strategies.move(owner_id, strategy.id, paused, now, reason=_OTHER)
            await memory.strategies.set_mode(owner_id, strategy.id, Mode.LIVE, Mode.PAPER)
            facts = {"strategy_id": strategy.id, "from": "live", "to": "paper", "why": _OTHER}
            await memory.audit.record(owner_id, "linking", "mode", facts)
        return live

    async def _keep_limits(self, joining: int, keeping: int) -> None:
        """The account that stays is held to what both were held to."""
        preferences = self._memory.preferences
        theirs = owns_from_json(await preferences.read(joining, LIMITS))
        if theirs:
            both = joined(owns_from_json(await preferences.read(keeping, LIMITS)), theirs)
            await preferences.write(keeping, LIMITS, owns_as_json(both), self._clock.wall())

    async def refusal(self, joining: User, keeping: int) -> Linked | None:
        """Why these two can't become one now; None where they can."""
        if why := await self.open_business(joining.id):
            return Linked(LinkState.BUSY, joining, why=why)
        if await self._memory.connections.of(joining.id) is None:
            return None
        if await self._memory.connections.of(keeping) is not None:
            return Linked(LinkState.TWO_KEYS, joining)
        held = await self._memory.positions.of_owner_mode(keeping, Mode.LIVE, self._clock.now())
        sent = await self._memory.orders.unsettled_of(keeping, Mode.LIVE)
        if sent or any(one.state is not PositionState.CLOSED for one in held):
            return Linked(LinkState.OTHER_KEY, joining)
        return None

    async def open_business(self, user_id: int) -> str:
        """Why an account can't move now: its trades are being watched under its own name."""
        memory = self._memory
        if positions := await memory.positions.of(user_id, open_only=True):
            return _counted(len(positions), "trade is open", "trades are open")
        if waiting := await memory.proposals.of(user_id, _WAITING):
            return _counted(len(waiting), "proposal waits", "proposals wait")
        if active := await memory.strategies.of(user_id, _RUNNING):
            return _counted(len(active), "strategy is active", "strategies are active")
        return ""

    async def leave(self, user_id: int, identity: Identity) -> bool:
        """Take an identity away from an account; False for the last one."""
        async with self._memory.transactions.transaction():
            mine = await self._memory.links.identities(user_id)
            if identity not in mine or len(mine) < 2:
                return False
            await self._memory.links.remove(user_id, identity)
            others = {one.platform for one in mine if one != identity}
            for place in await self._memory.users.places(user_id):
                if place.platform == identity.platform and identity.platform not in others:
                    await self._memory.users.drop_place(user_id, place)
            await self._memory.audit.record(
                user_id, str(identity), "unlinked", {"identity": str(identity)}
            )
            return True


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
