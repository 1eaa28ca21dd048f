"""One desk in two places: its cards stand in both, and votes from both count."""

from datetime import datetime, timedelta

from agents.domain.desks import GroupDesk, Right
from agents.linking import new_code
from handlers import seats, texts
from handlers.chat import Reply, bold, code, lines, text
from handlers.desk import Desk
from handlers.turn import Answer, Turn

CODE_LASTS = timedelta(minutes=15)
_LONGEST_CODE = 20
_BAD = (
    "That code is not known, was used already, or is older than 15 minutes. Write /desk link in "
    "the desk's own place, and enter the new code here."
)


def _name(said: str) -> str:
    return f"desk_code:{said[:_LONGEST_CODE].strip().upper()}"


async def offered(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    """/desk link, in the desk's place: a code for another one."""
    if rest:
        return [
            texts.said(
                "There is a desk here already. Enter the code in the place where it shall stand "
                "too, or end this desk first with /desk close."
            )
        ]
    made = new_code()
    facts = {"account": group.account_id, "at": desk.clock.wall().isoformat()}
    await desk.memory.notes.write(_name(made), facts)
    words = lines(
        bold("🔗 One desk, two places"),
        text("Write in the other place, within 15 minutes: ") + code(f"/desk link {made}"),
        "The cards then stand in both, and votes from both count. You must be known to me there "
        "as the same person: /link in our private chat joins your accounts.",
    )
    return [Reply(words, personal=True)]


async def linked(desk: Desk, turn: Turn, rest: str) -> Answer:
    """/desk link CODE, in a place that is no desk."""
    group = await _meant(desk, rest)
    if group is None:
        return [texts.said(_BAD)]
    role = await seats.role_of(desk, group, turn.person.id)
    if seats.denied(role, Right.LEAD) or not await seats.is_present(desk, group, turn.person.id):
        return [
            texts.said(
                f"Only the owner of {group.title} can bring it here. If that is you, join your "
                "accounts first: write /link in our private chat there, and send the code to me "
                "in our private chat here."
            )
        ]
    async with desk.memory.transactions.transaction():
        await desk.memory.notes.erase(_name(rest))
        await desk.memory.users.add_place(group.account_id, turn.place)
        actor, facts = f"user:{turn.person.id}", {"place": str(turn.place)}
        await desk.memory.audit.record(group.account_id, actor, "place linked", facts)
        await seats.redraw_waiting(desk, group)
    return [
        texts.said(
            bold(f"🔗 {group.title} stands here too."),
            "Proposals are shown in both places and have one outcome; each person votes once.",
        )
    ]


async def unlinked(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    """/desk unlink: the desk stands here no more, and goes on elsewhere."""
    async with desk.memory.transactions.transaction():
        places = await desk.memory.users.places(group.account_id)
        if len(places) < 2:
            return [
                texts.said("This is its only place. End the desk with /desk close, if you want.")
            ]
        await desk.memory.users.drop_place(group.account_id, turn.place)
        actor, facts = f"user:{turn.person.id}", {"place": str(turn.place)}
        await desk.memory.audit.record(group.account_id, actor, "place unlinked", facts)
    return [
        texts.said(
            f"🔗 {group.title} stands here no more; it goes on where it stands besides. Buttons of "
            "its cards here do nothing from now on."
        )
    ]


async def _meant(desk: Desk, said: str) -> GroupDesk | None:
    """The desk whose code that is, while the code is good."""
    found = await desk.memory.notes.read(_name(said))
    if not found:
        return None
    if desk.clock.wall() - datetime.fromisoformat(found["at"]) > CODE_LASTS:
        return None
    return await desk.memory.desks.of_account(found["account"])
