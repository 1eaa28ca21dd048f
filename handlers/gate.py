"""Who may do what in a group: there others read along, and at a desk not everybody may."""

from dataclasses import dataclass, replace

from agents.domain.desks import Right
from agents.domain.user import User
from handlers import dialogue, doors, rights, seats, texts
from handlers.chat import Incoming, Reply, text
from handlers.commands import Command, Press
from handlers.desk import Desk
from handlers.turn import Answer, Turn

NOT_ASKED = "That question was put to somebody else."
_FOR_GUESTS = frozenset({"help", "start", "desk", "desk_join", "chart", "record", "connect"})
NO_DESK = "There is no desk here, so nothing was done. Write to me in our private chat."


@dataclass(frozen=True, slots=True)
class Stopped:
    """`words` are for the person alone; `answer` is all that is said in the place. `gone` is true
    for a member who is not in the group any more."""

    words: str
    answer: Answer = ()
    gone: bool = False


async def seated(desk: Desk, incoming: Incoming, person: User) -> Turn:
    """The turn of a person: about the desk's account in a desk's place, elsewhere about their
    own."""
    words = (incoming.text or "").strip()
    seat = await seats.seat_at(desk, incoming.place, person, private=incoming.private)
    speaker = person if seat.group else None
    return Turn(seat.account, incoming, words, speaker, seat.group, seat.role)


async def gate(desk: Desk, turn: Turn, row: Command | Press) -> Turn | Stopped:
    """The turn as it may go on, perhaps about the person's own account. Changes nothing."""
    if turn.incoming.private:
        return turn
    if _is_answer(row) and not dialogue.asked_of(turn.tap.id, turn.person.id):
        return Stopped(NOT_ASKED)
    right = await _right(desk, turn, row)
    if (right is None or turn.group is None) and await _is_closed_to(desk, turn, row):
        said = Reply(text(doors.ONLY_A_GUEST), personal=True)
        return Stopped(doors.ONLY_A_GUEST, [] if turn.incoming.tap else [said])
    if is_public(row) and (right is None or turn.group is None):
        return replace(turn, user=turn.person, speaker=None)  # where, and what one is there, stay
    return await gate_for(desk, turn, right)


def _is_answer(row: Command | Press) -> bool:
    return isinstance(row, Press) and row.verb in rights.ANSWERS


async def _right(desk: Desk, turn: Turn, row: Command | Press) -> Right | None:
    """What it needs at a desk; None where it is about the person's own account."""
    if isinstance(row, Command):
        return rights.OF_COMMANDS.get(row.name)
    if _is_answer(row) and await _asked_privately(desk, turn):
        return None
    return rights.OF_BUTTONS.get(row.verb)


async def gate_for(desk: Desk, turn: Turn, right: Right | None) -> Turn | Stopped:
    """As `gate`, for what needs `right` at a desk; None is nothing of a desk's."""
    if turn.group is not None and right is not None:
        return await _at_the_desk(desk, turn, right)
    if not turn.incoming.discreet:  # the others would see the person's own account
        return Stopped(NO_DESK) if turn.incoming.tap else Stopped("", [_only_in_private()])
    return replace(turn, user=turn.person, speaker=None, group=None, role=None)


async def _is_closed_to(desk: Desk, turn: Turn, row: Command | Press) -> bool:
    """Who came in by a role at a desk has nothing of their own here."""
    name = row.name if isinstance(row, Command) else row.verb
    return name not in _FOR_GUESTS and await doors.is_guest(desk, turn.person)


def _only_in_private() -> Reply:
    return texts.said(texts.PRIVATE_ONLY)


async def _at_the_desk(desk: Desk, turn: Turn, right: Right) -> Turn | Stopped:
    seat = seats.Seat(turn.person, turn.user, turn.group, turn.role)
    words = await seats.refusal(desk, seat, right, turn.incoming)
    if not words:
        return turn
    gone = words == seats.LEFT
    if turn.incoming.tap is not None:
        return Stopped(words, gone=gone)
    return Stopped(words, [Reply(text(words), personal=True)], gone)


async def _asked_privately(desk: Desk, turn: Turn) -> bool:
    """An answer to a question about the person's own account, asked so that nobody else saw it."""
    step = await dialogue.asked(desk, turn)
    return step is not None and step.account == turn.person.id


def is_public(row: Command | Press | None) -> bool:
    """Whether it is answered in groups, too, whoever asks."""
    if isinstance(row, Command):
        return row.group
    return row is not None and row.verb in rights.ANYBODY


async def is_personal(desk: Desk, turn: Turn, row: Command | Press | None) -> bool:
    """Whether what is answered is for the person alone, where the platform can do that."""
    if turn.incoming.private or not turn.incoming.discreet or is_public(row):
        return False
    return turn.group is None or (row is not None and await _right(desk, turn, row) is None)
