"""People of a desk's group whom nobody has let in: they may ask to join, and read why not more."""

from handlers import desk_joining, seats
from handlers.chat import Incoming, Reply, text
from handlers.desk import Desk
from handlers.turn import Answer

_ASKING = ("/desk join", "/desk")
_UNKNOWN = (
    "This is a private trading desk, and I don't know you here yet. If you have a code (an "
    "invitation, or one of /link), send it to me in our private chat."
)


def asks_to_join(incoming: Incoming) -> bool:
    return _words(incoming) in _ASKING


def _words(incoming: Incoming) -> str:
    return " ".join((incoming.text or "").lower().split()).partition("@")[0]


async def at_a_desk(desk: Desk, incoming: Incoming) -> Answer:
    """Whoever taps Join asks for a role. Any other tap was answered with its acknowledgement, and
    who writes a command is told how to come in: once, but each time where nobody else sees it and
    the person waits for an answer."""
    group = None if incoming.private else await desk.memory.desks.at(incoming.place)
    waits = incoming.discreet and incoming.tap is None
    if group is None:
        return [Reply(text(_UNKNOWN), personal=True)] if waits else []
    tapped = incoming.tap is not None and incoming.tap.verb == desk_joining.JOIN
    if tapped or asks_to_join(incoming):
        told = Reply(text(await desk_joining.wish(desk, group, incoming.sender)), personal=True)
        return await desk_joining.asked_by(desk, group, incoming) or ([told] if waits else [])
    if waits:
        return [Reply(text(seats.NO_ROLE_YET), personal=True)]
    note, said = f"stranger:{incoming.sender}:{incoming.place}", _words(incoming)
    if incoming.tap is not None or not said.startswith("/") or await desk.memory.notes.read(note):
        return []
    await desk.memory.notes.write(note, desk.clock.wall().isoformat())
    return [Reply(text(seats.NO_ROLE_YET), personal=True)]
