"""Joining the accounts that one person has on several platforms."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agents.domain.limits import PREFERENCE as LIMITS
from agents.domain.limits import joined, owns_as_json, owns_from_json
from agents.domain.linking import CODE_LASTS
from agents.domain.ports import Clock, Memory
from agents.domain.position import PositionState
from agents.domain.proposal import FINAL, ProposalState
from agents.domain.strategy import Mode, StrategyState
from agents.domain.user import Identity, Place, User

_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without letters that look alike
_CODE_LENGTH = 10
GUEST = "guest"  # the preference of who came in by a role at a desk, and by nothing else
_WAITING = frozenset(ProposalState) - FINAL
_RUNNING = (StrategyState.ACTIVE,)


class LinkState(StrEnum):
    LINKED = "linked"
    BAD_CODE = "bad code"  # unknown, used, or too old
    SAME = "same"  # it is the same account already
    BUSY = "busy"  # the joining account has something open: `why` says what
    TWO_KEYS = "two keys"  # both have a connected exchange account, and one can have only one
    OTHER_KEY = "other key"  # real trades of the other account are open under another key


@dataclass(frozen=True, slots=True)
class Linked:
    """What came of a code. `user` is the account that stays, `moved` how many strategies came."""

    state: LinkState
    user: User | None = None
    moved: int = 0
    why: str = ""


def new_code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))


class Linking:
    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock

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
            moved = await self._joined(joining, keeping, identity)
            if place is not None:
                await self._memory.users.add_place(keeping, place)
            await self._memory.audit.record(
                keeping, str(identity), "linked", {"identity": str(identity), "strategies": moved}
            )
            return Linked(LinkState.LINKED, await self._memory.users.get(keeping), moved)

    async def _joined(self, joining: User | None, keeping: int, identity: Identity) -> int:
        if joining is None:
            await self._memory.links.add(keeping, identity)
            return 0
        moved = len(await self._memory.strategies.of(joining.id))
        await self._memory.preferences.write(joining.id, GUEST, False, self._clock.wall())
        await self._keep_limits(joining.id, keeping)
        await self._memory.links.merge(joining.id, keeping)
        return moved

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
