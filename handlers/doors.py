"""Who comes in: operators and invited people. Strangers get one polite line, once."""

from dataclasses import dataclass, replace

from agents.domain.user import Identity, User
from agents.linking import GUEST
from handlers import linking, texts
from handlers.chat import Incoming
from handlers.desk import Desk
from handlers.turn import Answer

_LONGEST_NAME = 60
_LONGEST_CODE = 40
ONLY_A_GUEST = (
    "You have a role at a desk here: talk to me in its group. For strategies of your own you need "
    "an invitation code; if you have one, send it here."
)
_PRIVATELY = (
    texts.said("Write to me in a private chat first, so that I know where to reach you."),
)


@dataclass(frozen=True, slots=True)
class Outside:
    """Nobody known; `answer` is all they get."""

    answer: Answer = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who came in just now; `answer` welcomes them."""

    user: User
    answer: Answer


async def admit(desk: Desk, incoming: Incoming) -> User | Joined | Outside:
    """The user behind an update, taken in where allowed."""
    user = await desk.memory.users.find(incoming.sender)
    if user is None:
        return await _stranger(desk, incoming)
    if user.operator != await _may_operate(desk, user, incoming.sender):
        user = await _join(desk, incoming) if incoming.private else replace(user, operator=False)
    elif incoming.private and incoming.place not in await desk.memory.users.places(user.id):
        if await is_guest(desk, user):
            return await _guest(desk, incoming)
        await desk.memory.users.add_place(user.id, incoming.place)
    return user


async def let_in_as_guest(desk: Desk, user: User) -> None:
    """A role at a desk lets somebody unknown in to that desk, and to nothing else here."""
    if desk.invite_only and not await desk.memory.users.places(user.id):
        await desk.memory.preferences.write(user.id, GUEST, True, desk.clock.wall())


async def is_guest(desk: Desk, user: User) -> bool:
    """Whether somebody is here by a role at a desk alone."""
    if user.operator or not desk.invite_only:
        return False
    return await desk.memory.preferences.read(user.id, GUEST) is True


async def _guest(desk: Desk, incoming: Incoming) -> Joined | Outside:
    """In private a guest is a stranger, whom an invitation or an account elsewhere lets in."""
    if incoming.text is None:
        return Outside()
    if linked := await linking.joined(desk, incoming):
        return Joined(*linked)
    async with desk.memory.transactions.transaction():
        if await _has_invitation(desk, incoming):
            user = await _join(desk, incoming)
            await desk.memory.preferences.write(user.id, GUEST, False, desk.clock.wall())
            return Joined(user, [texts.greeting(user.name, desk.market.name)])
    return Outside([texts.said(ONLY_A_GUEST)])


def is_operator(desk: Desk, identity: Identity) -> bool:
    return identity == desk.page_owner or identity in desk.operators


async def _may_operate(desk: Desk, user: User, sender: Identity) -> bool:
    """Whether any of the person's accounts is an operator's."""
    if is_operator(desk, sender):
        return True
    return user.operator and any(
        is_operator(desk, one) for one in await desk.memory.links.identities(user.id)
    )


async def _stranger(desk: Desk, incoming: Incoming) -> User | Joined | Outside:
    if incoming.text is None:
        return Outside()
    if not incoming.private:  # without a private chat nothing could ever be told to them
        return Outside(_PRIVATELY) if is_operator(desk, incoming.sender) else Outside()
    if linked := await linking.joined(desk, incoming):
        return Joined(*linked)
    if is_operator(desk, incoming.sender) or not desk.invite_only:
        return await _join(desk, incoming)
    async with desk.memory.transactions.transaction():  # a code is not used up by half a joining
        if await _has_invitation(desk, incoming):
            user = await _join(desk, incoming)
            return Joined(user, [texts.greeting(user.name, desk.market.name)])
    return await _turned_away(desk, incoming)


async def _has_invitation(desk: Desk, incoming: Incoming) -> bool:
    """Whether the text is a good code, alone or after /start."""
    words = (incoming.text or "").split()
    if words and words[0].lower() == "/start":
        words = words[1:]
    if len(words) != 1 or len(words[0]) > _LONGEST_CODE:
        return False
    code = words[0].strip(".,!“”\"'`").upper()
    return await desk.memory.users.redeem(code, incoming.sender, desk.clock.wall())


async def _join(desk: Desk, incoming: Incoming) -> User:
    known = await desk.memory.users.find(incoming.sender)
    operator = (
        await _may_operate(desk, known, incoming.sender)
        if known
        else is_operator(desk, incoming.sender)
    )
    name = " ".join(incoming.sender_name.split())[:_LONGEST_NAME]
    return await desk.memory.users.join(
        incoming.sender,
        name,
        incoming.place,
        operator=operator,
        at=desk.clock.wall(),
    )


async def _turned_away(desk: Desk, incoming: Incoming) -> Outside:
    """The polite line the first time, silence ever after."""
    note = f"stranger:{incoming.sender}"
    if await desk.memory.notes.read(note):
        return Outside()
    await desk.memory.notes.write(note, desk.clock.wall().isoformat())
    return Outside([texts.said(texts.STRANGER)])
