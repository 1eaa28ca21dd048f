"""What no command about money can read: each is answered in a sentence, and changes nothing."""

import pytest

from agents.domain.risk import Limits
from agents.domain.strategy import Mode, StrategyState
from tests.support.conversation import Conversation

ODD = (
    *("abc", "-5", "−5", "1,5", "1.5.5", "1e5", "NaN", "½", "٣ ٣", "1 2", "5%%", "5€", "9" * 25),
    *("0.00000000001", "🙂", "<b>x</b>", "* _ `", "\u202e5", "a" * 300, "/panic", "'; --"),
)
COMMANDS = (
    *("/mode 1", "/mode 1 live", "/limits", "/limits keep", "/schedule 1", "/schedule 1 every"),
    *("/limits risk", "/limits daily loss", "/limits leverage", "/limits positions"),
    *("/limits trades", "/limits cooldown", "/limits hours", "/limits symbols", "/journal"),
    *("/close", "/close 1", "/close btc", "/performance", "/pause", "/resume", "/why", "/chart"),
)


@pytest.mark.parametrize("command", COMMANDS)
async def test_odd_words_are_answered_and_change_nothing(talk: Conversation, command: str) -> None:
    await talk.position()
    orders = len(talk.world.orders)
    for odd in ODD:
        for reply in await talk.say(f"{command} {odd}"):  # each is checked by the conversation
            assert not any(button.verb == "yes" for row in reply.rows for button in row), odd
    [strategy] = await talk.desk.memory.strategies.of(1)
    assert (strategy.mode, strategy.state) == (Mode.PAPER, StrategyState.ACTIVE)
    assert not strategy.schedule
    assert await talk.desk.bounding.book.of(1) == Limits()
    assert len(talk.world.orders) == orders
