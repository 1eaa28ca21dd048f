"""Which account is spoken about in a place, and what the person who speaks may do there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from agents.domain.desks import GroupDesk, Right, Role
from agents.domain.errors import DeliveryDelayed, DeliveryRefused
from agents.domain.proposal import ProposalState
from agents.domain.user import Identity, Membership, Notice, NoticeKind, Place, User
from agents.execution.telling import card_changed
from handlers.chat import Incoming, Reply, text
from handlers.desk import Desk

_HOW_TO_JOIN = "Write /desk join here, and its owner can give you one."
NO_ROLE = f"You have no role at this desk, so nothing was changed. {_HOW_TO_JOIN}"
NO_ROLE_YET = f"You have no role at this desk yet. {_HOW_TO_JOIN}"
LEFT = "You are not in this group any more: your role at its desk has ended, nothing was changed."
_WHO = {
    Right.LOOK: "everybody with a role looks",
    Right.VOTE: "its owner, traders and approvers do that",
    Right.TRADE: "its owner and traders do that",
    Right.LEAD: "only its owner does that",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """`account` is the desk's in a desk's place and the person's own elsewhere. `role` is None
    for who is no member."""

    person: User
    account: User
    group: GroupDesk | None = None
    role: Role | None = None


async def seat_at(desk: Desk, place: Place, person: User, *, private: bool = False) -> Seat:
    """Where a person sits who speaks in a place."""
    group = None if private else await desk.memory.desks.at(place)
    if group is None:
        return Seat(person, person)
    account = await desk.memory.users.get(group.account_id)
    return Seat(person, account, group, await role_of(desk, group, person.id))


async def account_here(
    desk: Desk, place: Place, sender: Identity, *, private: bool = False
) -> User | None:
    """Whose strategies, trades and settings are meant where `sender` speaks; None for who may
    not see them."""
    person = await desk.memory.users.find(sender)
    if person is None:
        return None
    seat = await seat_at(desk, place, person, private=private)
    return seat.account if seat.group is None or seat.role is not None else None


async def role_of(desk: Desk, group: GroupDesk, user_id: int) -> Role | None:
    members = await desk.memory.desks.members(group.id)
    return next((member.role for member in members if member.user_id == user_id), None)


def denied(role: Role | None, right: Right) -> str:
    """Why a role may not do that; empty where it may."""
    if role is None:
        return NO_ROLE_YET if right is Right.LOOK else NO_ROLE
    if role.may(right):
        return ""
    article = "an" if role.value[0] in "aeiou" else "a"
    return f"You are {article} {role} at this desk, so nothing was changed: {_WHO[right]}."


async def refusal(desk: Desk, seat: Seat, right: Right, incoming: Incoming) -> str:
    """Why this person may not do that now; empty where they may. Reads, and changes nothing.

    Before a vote or a trade the platform is asked whether the person is still there: in some
    groups one can write without being in them.
    """
    if seat.group is None:
        return ""
    if words := denied(seat.role, right):
        return words
    if right is Right.LOOK:
        return ""
    here = (incoming.place, incoming.sender)
    return "" if await is_present(desk, seat.group, seat.person.id, here) else LEFT


# --- who is still there ---------------------------------------------------------------------------


async def is_present(
    desk: Desk, group: GroupDesk, user_id: int, here: tuple[Place, Identity] | None = None
) -> bool:
    """False for who was asked for and is in none of the desk's places any more. What can't be
    asked at the moment is believed as it is stored. `here` is asked first."""
    asked = False
    async for place, identity in _ways(desk, group, user_id, here):
        try:
            found = await desk.people.standing(place, identity)
        except DeliveryDelayed:
            return True
        except DeliveryRefused:  # the place is lost, which says nothing about the person
            continue
        if found.membership is not Membership.ABSENT:
            return True
        asked = True
    return not asked


async def _ways(
    desk: Desk, group: GroupDesk, user_id: int, here: tuple[Place, Identity] | None
) -> AsyncIterator[tuple[Place, Identity]]:
    if here is not None:
        yield here
    identities = await desk.memory.links.identities(user_id)
    for place in await desk.memory.users.places(group.account_id):
        for identity in identities:
            if identity.platform == place.platform and (place, identity) != here:
                yield place, identity


async def without_the_gone(desk: Desk, group: GroupDesk, proposal_id: int, version: int) -> None:
    """Ends the roles of those who voted on a proposal and have left its group since, so that
    their votes do not count."""
    members = {member.user_id for member in await desk.memory.desks.members(group.id)}
    for vote in await desk.memory.desks.votes(proposal_id, version):
        if vote.user_id in members and not await is_present(desk, group, vote.user_id):
            await end_role(desk, group, vote.user_id, "left the group")


async def end_role(desk: Desk, group: GroupDesk, user_id: int, why: str, by: int = 0) -> bool:
    """False for who had none."""
    memory, wall = desk.memory, desk.clock.wall()
    async with memory.transactions.transaction():
        if not await memory.desks.leave(group.id, user_id, wall):
            return False
        facts = {"user_id": user_id, "why": why}
        await memory.audit.record(group.account_id, f"user:{by or user_id}", "role ended", facts)
        await _keep_led(desk, group, user_id)
        await redraw_waiting(desk, group)
    return True


async def _keep_led(desk: Desk, group: GroupDesk, left: int) -> None:
    """A desk whose last owner is gone goes to its first trader, or else to its first approver."""
    members, wall = await desk.memory.desks.members(group.id), desk.clock.wall()
    if any(one.role is Role.OWNER for one in members):
        return
    heirs = [one for role in (Role.TRADER, Role.APPROVER) for one in members if one.role is role]
    if not heirs:
        return
    await desk.memory.desks.seat(group.id, heirs[0].user_id, Role.OWNER, wall)
    facts = {"user_id": heirs[0].user_id, "role": str(Role.OWNER), "why": "the owner left"}
    await desk.memory.audit.record(group.account_id, f"user:{left}", "role", facts)
    heir, gone = [await desk.memory.users.get(one) for one in (heirs[0].user_id, left)]
    said = f"👑 {heir.name} owns this desk now, since {gone.name} is not in the group any more."
    key = f"heir:{group.id}:{heir.id}:{wall.isoformat()}"
    told = Reply(text(said)).as_json()
    await desk.memory.notices.tell(Notice(group.account_id, NoticeKind.REPLY, key, told))


async def redraw_waiting(desk: Desk, group: GroupDesk) -> None:
    """The cards of what is voted on show who may vote, and how many are needed; what has vetoes
    enough by now ends."""
    await desk.approvals.recount(group.account_id)
    states = (ProposalState.PENDING,)
    for proposal in await desk.memory.proposals.of(group.account_id, states):
        notice = card_changed(proposal, f"voters at {desk.clock.wall()}")
        await desk.memory.notices.tell(notice)
