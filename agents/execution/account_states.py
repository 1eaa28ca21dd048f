"""Whether an exchange account may open new trades: paused while book and exchange differ."""

from collections.abc import Sequence

from agents.domain.ports import Clock, Memory
from agents.domain.user import Notice, NoticeKind
from agents.domain.venue import Connection, ConnectionState, FindingKind
from agents.execution.comparing import Gap
from agents.execution.figures import significant

READY, PAUSED, REFUSED = ConnectionState.READY, ConnectionState.PAUSED, ConnectionState.REFUSED


class AccountStates:
    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._states: dict[int, ConnectionState] = {}

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
        facts = {"exchange": connection.exchange, "state": str(to), "summary": said}
        key = f"account:{owner}:{to}:{self._clock.wall().isoformat()}"
        async with memory.transactions.transaction():
            if not await memory.connections.set_state(owner, connection.state, to, why):
                return
            await memory.audit.record(owner, "reconciliation", f"account {to}", {"why": why})
            await memory.notices.tell(Notice(owner, NoticeKind.ACCOUNT, key, facts))
        self._states[owner] = to

    async def _reword(self, connection: Connection, why: str) -> None:
        if why != connection.why:
            await self._memory.connections.set_state(connection.owner_id, PAUSED, PAUSED, why)

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
