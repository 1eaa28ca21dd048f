"""An update that is handled again, because the process died before its answers were stored."""

import pytest

from agents.domain.position import PositionState
from agents.domain.strategy import StrategyState
from tests.support.conversation import ADA, Conversation, plain

SENTENCE = "Buy BTC on 5m when RSI(14) drops below 35, stop 1%, target 2R, risk 1%"
NO_TIMEFRAME = "long ETH when the 9 ema crosses above the 21 ema, stop 1%, target 2R"


async def twice(talk: Conversation, text: str = "", press: str = ""):
    """What the update was answered the first and the second time."""
    if press:
        tap = talk.button(press)
        update = talk.incoming(ADA, tap=tap_of(tap), tap_data=tap.data)
    else:
        update = talk.incoming(ADA, text=text)
    first = await talk.handle(update)
    await talk.start()
    return first, await talk.handle(update)


def tap_of(button):
    from handlers.chat import Tap

    return Tap.parse(button.data)


async def test_a_sentence_that_asks_asks_the_same(talk: Conversation) -> None:
    first, again = await twice(talk, NO_TIMEFRAME)
    assert plain(first) == plain(again)
    await talk.press("15m")
    [draft] = await talk.desk.memory.strategies.of(1)
    assert draft.spec.timeframe == "15m"


@pytest.mark.parametrize("press", ["", "15m"])
async def test_an_answer_drafts_once(talk: Conversation, press: str) -> None:
    await talk.say(NO_TIMEFRAME)
    first, again = await twice(talk, "15m", press)
    assert plain(first) == plain(again) and "#1 ETH long 15m" in plain(again)
    assert len(await talk.desk.memory.strategies.of(1)) == 1


async def test_an_edit_asks_and_is_done_once(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    await twice(talk, press="Edit")
    first, again = await twice(talk, "stop 2%")
    assert plain(first) == plain(again)
    first, again = await twice(talk, press="Yes")
    assert plain(first) == plain(again) and "version 2" in plain(again)
    [strategy] = await talk.desk.memory.strategies.of(1)
    assert (strategy.version, strategy.spec.stop) == (2, "2%")


@pytest.mark.parametrize(("part", "left"), [("", "0"), (" half", "0.08333")])
async def test_a_close_is_sent_once(talk: Conversation, part: str, left: str) -> None:
    await talk.position()
    await talk.say(f"/close btc{part}")
    await twice(talk, press="Yes")
    await talk.world.tick("60000")
    await talk.world.tick("60000")
    [position] = talk.world.positions
    assert str(position.quantity.normalize() + 0) == left
    assert len([order for order in talk.world.orders if order.reduces]) == 1


async def test_a_panic_goes_on(talk: Conversation) -> None:
    await talk.position()
    await talk.say("/panic")
    first, again = await twice(talk, press="Yes")
    assert "everything is being stopped" in plain(first)
    assert "everything is being stopped" in plain(again)
    await talk.world.tick("60000")
    assert talk.world.positions[0].state is PositionState.CLOSED


async def test_an_approval_trades_once(talk: Conversation) -> None:
    await talk.proposal()
    _, again = await twice(talk, press="Approve")
    assert "Approved" in plain(again)
    assert len(talk.world.orders) == 1


async def test_activating_says_what_is_true(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    _, again = await twice(talk, press="Activate")
    assert "active already" in plain(again)
    [strategy] = await talk.desk.memory.strategies.of(1)
    assert strategy.state is StrategyState.ACTIVE
