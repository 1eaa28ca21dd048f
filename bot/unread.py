"""Taps that were stored and are not handled yet, for what would run by itself meanwhile."""

from agents.domain.mail import Inbox, InboxItem
from agents.domain.proposal import Proposal

_PAGE = 1_000
_LATE = "late_"
# What stops a proposal, or makes another one of it.
_STOPPING = frozenset({"veto", "next_candle", "halve", "tighten"})


class Unread:
    """Ask it whether somebody has stopped a proposal, and was not heard yet."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def __call__(self, proposal: Proposal) -> bool:
        waiting = await self._inbox.pending(_PAGE)
        return any(_stops(item, proposal) for item in waiting)


def _stops(item: InboxItem, proposal: Proposal) -> bool:
    tap = item.payload.get("tap") if isinstance(item.payload, dict) else None
    if not isinstance(tap, list) or len(tap) != len(("verb", "id", "version")):
        return False
    verb = str(tap[0]).removeprefix(_LATE)
    return verb in _STOPPING and tap[1:] == [proposal.id, proposal.version]
