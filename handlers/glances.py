"""What can be said of an update at once, with its acknowledgement: reads, and changes nothing."""

from handlers import approvals, desks, seats, strangers
from handlers.chat import Glance, Incoming
from handlers.commands import Command, Press
from handlers.desk import Desk
from handlers.gate import Stopped, gate, is_personal, seated

_ON_CARDS = frozenset({"approve", "veto", "halve", "tighten", "next_candle"})


async def glance(desk: Desk, incoming: Incoming, row: Command | Press | None) -> Glance:
    """What the sender may be told before the update is handled. `row` is what it means, None
    where it is no command and no button of ours."""
    if incoming.private or row is None:
        return Glance()
    person = await desk.memory.users.find(incoming.sender)
    if person is None:
        return await _of_stranger(desk, incoming, row)
    turn = await seated(desk, incoming, person)
    passed = await gate(desk, turn, row)
    if isinstance(passed, Stopped):
        return Glance(passed.words if incoming.tap else "", personal=incoming.discreet)
    if turn.group is not None and isinstance(row, Press) and row.verb in _ON_CARDS:
        return Glance(await approvals.overtaken(desk, turn))
    if _is_wish(row) and turn.group is not None:
        return Glance(await desks.wish(desk, turn.group, incoming.sender))
    return Glance(personal=await is_personal(desk, turn, row))


async def _of_stranger(desk: Desk, incoming: Incoming, row: Command | Press) -> Glance:
    group = await desk.memory.desks.at(incoming.place)
    if incoming.tap is None:
        return Glance(personal=incoming.discreet and not strangers.asks_to_join(incoming))
    if group is None:
        return Glance()
    if _is_wish(row):
        return Glance(await desks.wish(desk, group, incoming.sender))
    return Glance(seats.NO_ROLE)


def _is_wish(row: Command | Press) -> bool:
    return isinstance(row, Press) and row.verb == desks.JOIN
