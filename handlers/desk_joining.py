"""Coming to a desk: somebody taps Join, and its owner chooses a role."""

from collections.abc import Mapping, Sequence
from typing import Any

from agents.domain.desks import GroupDesk, Member, Role
from agents.domain.user import Identity
from handlers import confirm, doors, seats, texts
from handlers.chat import Button, Incoming, Reply, bold, lines
from handlers.desk import Desk
from handlers.turn import Answer, Turn

JOIN = "desk_join"
_ROLES = (Role.TRADER, Role.APPROVER, Role.VIEWER)  # as the buttons number them, from 1
_LABELS = ("🛠 Trader", "🗳 Approver", "👀 Viewer")
_LONGEST_NAME = 60
_MOST = 30  # wishes that wait at one desk


def _name(group: GroupDesk) -> str:
    return f"desk_wishes:{group.id}"


async def _wishes(desk: Desk, group: GroupDesk) -> Mapping[str, Any]:
    """`last` number given, and `open`: number → [platform, account, name]."""
    return await desk.memory.notes.read(_name(group)) or {"last": 0, "open": {}}


async def _of(desk: Desk, group: GroupDesk, identity: Identity) -> bool:
    wishes = (await _wishes(desk, group))["open"].values()
    return any((one[0], one[1]) == (identity.platform, identity.account) for one in wishes)


async def waiting(desk: Desk, group: GroupDesk) -> list[str]:
    """The names of those who wait for a role."""
    return [one[2] for one in (await _wishes(desk, group))["open"].values()]


async def numbered(desk: Desk, group: GroupDesk, name: str) -> int | None:
    """The only wish of somebody of that name."""
    wishes = (await _wishes(desk, group))["open"]
    found = [int(number) for number, one in wishes.items() if one[2].casefold() == name.casefold()]
    return found[0] if len(found) == 1 else None


async def roster(desk: Desk, members: Sequence[Member]) -> dict[int, str]:
    """The members' names, by their user ids."""
    return {
        one.user_id: (await desk.memory.users.get(one.user_id)).name or f"member {one.user_id}"
        for one in members
    }


async def _owners(desk: Desk, group: GroupDesk) -> str:
    members = await desk.memory.desks.members(group.id)
    known = await roster(desk, [one for one in members if one.role is Role.OWNER])
    return " or ".join(known.values()) or "the owner"


async def _role(desk: Desk, group: GroupDesk, identity: Identity) -> Role | None:
    person = await desk.memory.users.find(identity)
    return await seats.role_of(desk, group, person.id) if person else None


async def wish(desk: Desk, group: GroupDesk, identity: Identity) -> str:
    """What somebody who taps Join is told at once."""
    if role := await _role(desk, group, identity):
        return f"You are {_article(role)} {role} of this desk already."
    owners = await _owners(desk, group)
    if await _of(desk, group, identity):
        return f"You have asked already; {owners} chooses your role."
    return f"Asked. {owners} chooses your role."


async def asked_by(desk: Desk, group: GroupDesk, incoming: Incoming) -> Answer:
    """Somebody wants to join, known or not; asked once only."""
    if await _role(desk, group, incoming.sender) or await _of(desk, group, incoming.sender):
        return []
    who = incoming.sender
    if who.account == incoming.place.chat:  # an anonymous administrator, as all of them are
        return [texts.said("Ask as yourself: who speaks as the group can't have a role here.")]
    name = " ".join(incoming.sender_name.split())[:_LONGEST_NAME] or who.account
    async with desk.memory.transactions.transaction():
        wishes = await _wishes(desk, group)
        if len(wishes["open"]) >= _MOST:
            return [
                texts.said("Too many wait for a role here; the owner has to answer them first.")
            ]
        number = wishes["last"] + 1
        more = {**wishes["open"], str(number): [who.platform, who.account, name]}
        await desk.memory.notes.write(_name(group), {"last": number, "open": more})
    return [await _question(desk, group, number, name)]


async def _question(desk: Desk, group: GroupDesk, number: int, name: str) -> Reply:
    roles = [Button(label, "desk_seat", number, at) for at, label in enumerate(_LABELS, 1)]
    return Reply(
        lines(
            bold(f"🙋 {name} asks to join the desk."),
            f"{await _owners(desk, group)}, choose a role: traders run strategies and vote, "
            "approvers vote, viewers look.",
        ),
        (tuple(roles), (Button("🚫 No", "desk_seat", number, 0),)),
    )


async def seat_tapped(desk: Desk, turn: Turn) -> Answer:
    """The owner chose: `id` is the wish, `version` the role, 0 for none."""
    if turn.group is None or turn.tap.version > len(_ROLES):
        return [texts.said(texts.NOT_MINE)]
    role = _ROLES[turn.tap.version - 1] if turn.tap.version else None
    return await settle(desk, turn, turn.group, turn.tap.id, role)


async def settle(
    desk: Desk, turn: Turn, group: GroupDesk, number: int, role: Role | None
) -> Answer:
    """Answer a wish: with a role, or without one."""
    memory, wall, actor = desk.memory, desk.clock.wall(), f"user:{turn.person.id}"
    async with memory.transactions.transaction():
        wishes = await _wishes(desk, group)
        found = wishes["open"].get(str(number))
        if found is None:
            return [confirm.agreed("That was answered already. /desk shows who is here.")]
        rest = {key: one for key, one in wishes["open"].items() if key != str(number)}
        await memory.notes.write(_name(group), {**wishes, "open": rest})
        platform, account, name = found
        if role is None:
            return [confirm.agreed(f"🚫 {name} got no role.")]
        member = await memory.desks.let_in(Identity(platform, account), name, wall)
        await doors.let_in_as_guest(desk, member)
        await memory.desks.seat(group.id, member.id, role, wall)
        facts = {"user_id": member.id, "role": str(role), "identity": f"{platform}:{account}"}
        await memory.audit.record(group.account_id, actor, "role", facts)
        await seats.redraw_waiting(desk, group)
    return [confirm.agreed(f"✅ {name} is {_article(role)} {role} of the desk now.")]


def _article(role: Role) -> str:
    return "an" if role.value[0] in "aeiou" else "a"
