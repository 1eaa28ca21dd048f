"""A desk at random: whoever says and taps whatever, only who may changes anything."""

import random
from collections import Counter
from typing import Any

import pytest

from agents.domain.desks import Role
from agents.domain.order import OrderPurpose
from agents.domain.user import Identity
from handlers.chat import Tap
from handlers.commands import COMMANDS, PRESSES
from tests.handlers.test_at_random import SAID, WORDS
from tests.handlers.test_desks import BOB, CID, DAN, EVE, IN_GROUP, Room
from tests.support.conversation import ADA, buttons, conversation

STEPS = 60
DESK_WORDS = (
    "",
    "rule 2 of 3",
    "rule 1",
    "role Cid trader",
    "role Cid approver",
    "link",
    "add Eve",
)
POWERLESS = (None, Role.VIEWER)
OWNED = ("strategies", "proposals", "orders", "positions", "votes", "desks", "desk_members")


@pytest.mark.parametrize("seed", range(12))
async def test_anybody_does_anything(seed: int) -> None:
    dice = random.Random(seed)
    talk = await conversation()
    talk.candles()
    talk.world.market.tick("60000")
    await talk.say("/start")
    room = Room(talk)
    await room.say("/desk")
    for who, role in ((BOB, "Trader"), (CID, "Approver"), (DAN, "Viewer")):
        await room.let_in(who, role)
    await room.say("/desk rule 2 of 3")
    for _ in range(STEPS):
        await step(room, dice)
        await talk.told()
    entries = Counter(
        order.proposal_id for order in talk.world.orders if order.purpose is OrderPurpose.ENTRY
    )
    assert all(count == 1 for count in entries.values())
    for number in filter(None, entries):
        votes = await talk.desk.memory.desks.votes(number, (await voted(room, number)).version)
        assert {vote.ballot for vote in votes} == {"approve"} and votes


async def voted(room: Room, number: int) -> Any:
    return await room.talk.desk.memory.proposals.by_id(number)


async def step(room: Room, dice: random.Random) -> None:
    who = dice.choice((ADA, BOB, CID, DAN, DAN, EVE, EVE))
    before, role = everything(room), (await room.roles()).get(who.account.title())
    match dice.choice(("say", "command", "desk", "tap", "tap", "tap", "forged", "tick", "propose")):
        case "say":
            await room.say(dice.choice(SAID), who, discreet=dice.random() < 0.2)
        case "command":
            name = dice.choice([row.name for row in COMMANDS if row.name != "desk"])
            await room.say(f"/{name} {dice.choice(WORDS)}", who)
        case "desk":
            await room.say(f"/desk {dice.choice(DESK_WORDS)}", who)
        case "tap":
            if shown := buttons(*room.talk.shown[-12:]):
                await tapped(room, dice.choice(shown).data, who, dice.choice((0, 0, 300)))
        case "forged":
            verb = dice.choice([row.verb for row in PRESSES if row.verb != "desk_join"])
            await tapped(room, f"{verb}:{dice.randint(0, 4)}:{dice.randint(0, 3)}", who, 0)
        case "tick":
            await room.talk.world.tick(60_000 + dice.choice((-700, -20, 0, 20, 300, 1300)))
            return
        case _:
            await proposed(room)
            return
    if role in POWERLESS:
        assert everything(room) == before


async def tapped(room: Room, data: str, who: Identity, late: float) -> None:
    """Who may not is told so at once, wherever nothing is answered."""
    update = room.talk.incoming(who, tap=Tap.parse(data), tap_data=data, late=late, **IN_GROUP)
    await room.talk.router.glance(update)
    await room.talk.handle(update)


async def proposed(room: Room) -> None:
    account = (await room.group()).account_id
    waiting = await room.talk.desk.memory.proposals.of(account)
    if sum(one.state == "pending" for one in waiting) < 2:
        strategy = await room.talk.world.strategy(account)
        await room.talk.world.try_to_propose(strategy)


def everything(room: Room) -> dict[str, list[Any]]:
    return {name: room.talk.world.memory.rows(name) for name in OWNED}
