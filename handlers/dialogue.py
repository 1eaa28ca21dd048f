"""Questions that wait for an answer, as stored data: one for each person and place.

A step has a kind, which names who goes on with it, and facts as JSON values. Its serial number
is in the step's buttons, so that those of an earlier question answer nothing. A restart changes
nothing; a new question takes the place of the old one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.chat import Button
from handlers.desk import Desk
from handlers.turn import Turn


@dataclass(frozen=True, slots=True)
class Step:
    """What is being waited for. `account` is the user whose business it is: in a group desk's
    place the desk's, or the person's own."""

    kind: str
    facts: Mapping[str, Any]
    serial: int
    account: int = 0

    def button(self, label: str, verb: str, choice: int = 0) -> Button:
        """A button that answers this step and no other."""
        return Button(label, verb, self.serial, choice)


_EACH = 10_000  # serials of one person before those of the next begin
_PEOPLE = 200_000


def _name(turn: Turn) -> str:
    return f"talk:{turn.person.id}:{turn.place}"


def _first(turn: Turn) -> int:
    """In a place that others see each person's questions have numbers of their own."""
    return 0 if turn.incoming.private else turn.person.id % _PEOPLE * _EACH


def asked_of(serial: int, user_id: int) -> bool:
    """Whether the question of that number, in a group, was put to this person."""
    return serial // _EACH == user_id % _PEOPLE


async def _stored(desk: Desk, turn: Turn) -> Mapping[str, Any]:
    """What is stored here, as it was before this update changed it: an update that is handled
    again, because the process died before its answers were stored, finds what it found then."""
    stored: Mapping[str, Any] = await desk.memory.notes.read(_name(turn)) or {}
    if stored.get("key") != turn.incoming.key:
        return stored
    return {**stored["before"], "serial": stored["serial"]}


async def _store(desk: Desk, turn: Turn, note: Mapping[str, Any]) -> None:
    before = {**await _stored(desk, turn)}
    before.pop("before", None)
    whole = {**note, "key": turn.incoming.key, "before": before}
    await desk.memory.notes.write(_name(turn), whole)


async def present(desk: Desk, turn: Turn) -> Step | None:
    """The question that is open here about the account that is spoken about: one about a desk
    that is no more is no question about the person's own account."""
    step = await asked(desk, turn)
    return step if step is None or step.account in {0, turn.user.id} else None


async def asked(desk: Desk, turn: Turn) -> Step | None:
    """The question that is open here, whichever account it is about."""
    stored = await _stored(desk, turn)
    if not stored.get("kind"):
        return None
    return Step(stored["kind"], stored["facts"], stored["step"], stored.get("account", 0))


async def ask(desk: Desk, turn: Turn, kind: str, facts: Mapping[str, Any]) -> Step:
    """Make this the open question."""
    serial = (await _stored(desk, turn)).get("serial", _first(turn)) + 1
    account = turn.user.id
    note = {"kind": kind, "facts": dict(facts), "step": serial, "serial": serial}
    await _store(desk, turn, {**note, "account": account})
    return Step(kind, facts, serial, account)


async def end(desk: Desk, turn: Turn) -> Step | None:
    """Close the open question, and answer which that was. Its serial is not given again."""
    step = await present(desk, turn)
    if step is not None:
        serial = (await _stored(desk, turn))["serial"]
        await _store(desk, turn, {"serial": serial})
    return step


async def answered(desk: Desk, turn: Turn) -> Step | None:
    """The open question, closed now, when the tapped button belongs to it."""
    step = await present(desk, turn)
    if step is None or step.serial != turn.tap.id:
        return None
    return await end(desk, turn)
