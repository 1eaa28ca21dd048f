"""A conversation with the desk for each test that asks for one."""

import pytest

from tests.support.conversation import Conversation, conversation


@pytest.fixture
async def talk() -> Conversation:
    """The operator has said nothing yet; the market trades BTC at 60,000."""
    made = await conversation()
    made.candles()
    made.world.market.tick("60000")
    return made
