"""Conversations at random: whatever is said and tapped, in whatever order, however late."""

import random
from collections import Counter

import pytest

from agents.domain.order import OrderPurpose
from handlers.commands import COMMANDS
from tests.support.conversation import ADA, Conversation, buttons, conversation

SAID = (
    *(
        "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R",
        "long eth rsi < 30",
        "buy btc",
    ),
    *("stop 2%", "5m", "1%", "yes", "no", "half", "close btc", "close btc 30%", "on 15m", "2R"),
    *(
        "call it 🚀 <b>x</b>",
        "hi",
        "why btc",
        "pause all",
        "what is my balance?",
        "",
        "\u202e",
        "9",
    ),
)
WORDS = ("", "", "1", "2", "btc", "all", "#1", "zone Tokyo", "fills silent", "btc half", "x" * 99)
STEPS = 70


@pytest.mark.parametrize("seed", range(25))
async def test_any_order_of_anything(seed: int) -> None:
    dice = random.Random(seed)
    talk = await conversation()
    talk.candles()
    talk.world.market.tick("60000")
    for _ in range(STEPS):
        await step(talk, dice)
        await talk.told()
    entries = Counter(
        order.proposal_id for order in talk.world.orders if order.purpose is OrderPurpose.ENTRY
    )
    assert all(count == 1 for count in entries.values())
    assert all(one.quantity >= 0 for one in talk.world.positions)
    closed = Counter(order.key for order in talk.world.orders)
    assert all(count == 1 for count in closed.values())


async def step(talk: Conversation, dice: random.Random) -> None:
    late = dice.choice((0, 0, 0, 0, 300))
    match dice.choice(
        ("say", "command", "tap", "tap", "tap", "tick", "propose", "wait", "restart")
    ):
        case "say":
            await talk.say(dice.choice(SAID), late=late)
        case "command":
            name = dice.choice(COMMANDS).name
            await talk.say(f"/{name} {dice.choice(WORDS)}", late=late)
        case "tap":
            if shown := buttons(*talk.shown[-12:]):
                update = talk.incoming(ADA, **tapped(dice.choice(shown)), late=late)
                for _ in range(dice.choice((1, 1, 2))):  # the second arrival of one update
                    await talk.handle(update)
        case "tick":
            price = 60_000 + dice.choice((-700, -300, -20, 0, 20, 300, 1300))
            await talk.world.tick(price)
        case "propose":
            active = await talk.desk.memory.strategies.active()
            if active and "BTC/USDT" in active[-1].spec.symbols:
                await talk.world.try_to_propose(active[-1])
        case "wait":
            talk.world.clock.advance(dice.choice((1, 61, 1000)))
            await talk.desk.approvals.expire_due()
        case _:
            talk.world.market.forget_listeners()
            await talk.start()


def tapped(button) -> dict:
    from handlers.chat import Tap

    return {"tap": Tap.parse(button.data), "tap_data": button.data}
