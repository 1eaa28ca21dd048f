"""Whether an exchange account may open new trades: paused while book and exchange differ."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agents.domain.ports import Clock, Memory
from agents.domain.strategy import Mode
from agents.domain.user import Notice, NoticeKind
from agents.domain.venue import Connection, ConnectionState, FindingKind
from agents.execution.figures import significant
from agents.execution.venues.comparing import Gap

LASTS = timedelta(minutes=5)
READY, PAUSED, REFUSED = ConnectionState.READY, ConnectionState.PAUSED, ConnectionState.REFUSED


class AccountStates:
    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._states: dict[int, ConnectionState] = {}
        self._unseen: dict[int, datetime] = {}  # owners whose account does not answer, since when
        self._missed: set[int] = set()  # of these, who was told

    # --- moves --------------------------------------------------------------------------------

    async def judge(
        self, connection: Connection, believed: Sequence[Gap], raw: Sequence[Gap]
    ) -> None:
        """Pause for what is believed of what we hold; resume once nothing points to it."""
        wrong = [gap for gap in believed if _counts(gap)]
        if wrong and connection.state is READY:
            why = _why(connection.exchange, wrong)
            said = f"No new trades are opened at {connection.exchange}: {why}."
            await self._move(connection, PAUSED, why, said)
        elif connection.state is PAUSED and not any(_counts(gap) for gap in raw):
            said = f"Book and {connection.exchange} say the same again; new trades are possible."
            await self._move(connection, READY, "", said)
        elif wrong and connection.state is PAUSED:
            await self._reword(connection, _why(connection.exchange, wrong))

    async def _move(self, connection: Connection, to: ConnectionState, why: str, said: str) -> None:
        owner, memory = connection.owner_id, self._memory
        async with memory.transactions.transaction():
            if not await memory.connections.set_state(owner, connection.state, to, why):
                return
            await memory.audit.record(owner, "reconciliation", f"account {to}", {"why": why})
            await self._tell(connection, str(to), said)
        self._states[owner] = to

    async def _reword(self, connection: Connection, why: str) -> None:
        if why != connection.why:
            await self._memory.connections.set_state(connection.owner_id, PAUSED, PAUSED, why)

    # --- silence ------------------------------------------------------------------------------

    async def unseen(self, owner_id: int) -> None:
        """The account could not be asked; told once when that lasts and real money is open."""
        since = self._unseen.setdefault(owner_id, self._clock.wall())
        lasts = self._clock.wall() - since >= LASTS
        connection = await self._memory.connections.of(owner_id)
        if not lasts or owner_id in self._missed or connection is None:
            return
        held = await self._memory.positions.of(owner_id, open_only=True, limit=10_000)
        live = sum(one.mode is Mode.LIVE for one in held)
        if live and connection.state is not REFUSED:
            self._missed.add(owner_id)
            minutes = int((self._clock.wall() - since).total_seconds() // 60)
            said = (
                f"What is true of your {connection.exchange} account can't be learned for "
                f"{minutes} minutes. Stops that rest there stay; {live} trade{'s' * (live != 1)} "
                "may not be closed from here until it answers, and nothing new is opened."
            )
            await self._tell(connection, "away", said)

    async def seen(self, connection: Connection) -> None:
        self._unseen.pop(connection.owner_id, None)
        if connection.owner_id in self._missed:
            self._missed.discard(connection.owner_id)
            await self._tell(connection, "back", f"{connection.exchange} answers again.")

    async def _tell(self, connection: Connection, what: str, said: str) -> None:
        facts = {"exchange": connection.exchange, "state": what, "summary": said}
        key = f"account:{connection.owner_id}:{what}:{self._clock.wall().isoformat()}"
        await self._memory.notices.tell(Notice(connection.owner_id, NoticeKind.ACCOUNT, key, facts))

    # --- how they stand -----------------------------------------------------------------------

    def count(self, connections: Sequence[Connection]) -> None:
        self._states = {one.owner_id: one.state for one in connections}

    def health(self) -> tuple[str, bool, str]:
        if not self._states:
            return "accounts", True, "none connected"
        found = list(self._states.values())
        parts = [f"{len(found)} connected"]
        parts += [f"{found.count(state)} {state}" for state in (PAUSED, REFUSED) if state in found]
        return "accounts", all(state is READY for state in found), ", ".join(parts)


def _counts(gap: Gap) -> bool:
    """Whether it is about what we hold, and its owner has not said that it is all right."""
    return gap.touches and not gap.accepted


def _why(exchange: str, gaps: Sequence[Gap]) -> str:
    said = [_difference(exchange, gap) for gap in gaps[:3]]
    more = f" and {len(gaps) - 3} more" if len(gaps) > 3 else ""
    return "; ".join(said) + more


def _difference(exchange: str, gap: Gap) -> str:
    size = f"{significant(gap.quantity, 6)} {gap.symbol.partition('/')[0]}"
    if gap.kind is FindingKind.MISSING:
        return f"{size} of trade #{gap.position_id} is not there any more"
    return f"{exchange} holds {size} ({gap.side}) more than the book knows of"
