"""People of a desk's group whom nobody has let in: they may ask to join, and read why not more."""

from handlers import desk_joining, seats
from handlers.chat import Incoming, Reply, text
from handlers.desk import Desk
from handlers.turn import Answer

_ASKING = ("/desk join", "/desk")


async def at_a_desk(desk: Desk, incoming: Incoming) -> Answer:
    """Whoever taps Join asks for a role. Any other tap was answered with its acknowledgement, and
    who writes a command is told once how to come in."""
    group = None if incoming.private else await desk.memory.desks.at(incoming.place)
    if group is None:
        return []
    said = " ".join((incoming.text or "").lower().split()).partition("@")[0]
    tapped = incoming.tap is not None and incoming.tap.verb == desk_joining.JOIN
    if tapped or said in _ASKING:
        return await desk_joining.asked_by(desk, group, incoming)
    note = f"stranger:{incoming.sender}:{incoming.place}"
    if incoming.tap is not None or not said.startswith("/") or await desk.memory.notes.read(note):
        return []
    await desk.memory.notes.write(note, desk.clock.wall().isoformat())
    return [Reply(text(seats.NO_ROLE), personal=True)]
