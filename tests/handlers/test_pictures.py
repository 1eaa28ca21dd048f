"""Pictures are drawn for their owner, from what is stored."""

import pytest

from agents.domain.errors import NotFound
from handlers.chat import Picture
from tests.support.conversation import Conversation

PNG = b"\x89PNG\r\n\x1a\n"


async def test_every_picture_that_is_asked_for_can_be_drawn(talk: Conversation) -> None:
    await talk.position()
    await talk.proposal()
    await talk.world.tick("61300")
    await talk.world.tick("61300")
    await talk.told()
    for command in ("/chart btc 5m", "/chart", "/profit", "/performance"):
        await talk.say(command)
    pictures = {reply.picture.kind: reply.picture for reply in talk.shown if reply.picture}
    assert set(pictures) == {"proposal", "position", "chart", "equity"}
    for picture in pictures.values():
        assert (await talk.pictures(picture, 1)).startswith(PNG)


async def test_an_open_position_and_a_market_without_candles(talk: Conversation) -> None:
    await talk.position()
    talk.world.market.candles.clear()
    assert (await talk.pictures(Picture("position", {"position_id": 1}), 1)).startswith(PNG)


async def test_nobody_sees_the_pictures_of_another(talk: Conversation) -> None:
    await talk.position()
    bob = await talk.user(await talk.stranger_in())
    for picture in (
        Picture("proposal", {"proposal_id": 1}),
        Picture("position", {"position_id": 1}),
        Picture("nothing", {}),
    ):
        with pytest.raises(NotFound):
            await talk.pictures(picture, bob.id)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("/chart eth", "ETH/USDT · 15m"),
        ("/chart 1h btc", "BTC/USDT · 1h"),
        ("/chart ETHUSDT 7m", "ETH/USDT · 7m"),
        ("/chart", "Which market"),
        ("/chart 5m", "Which market"),
        ("/chart foo", "no market called"),
        ("/chart btc 99w", "no market called"),
    ],
)
async def test_the_market_and_its_timeframe(talk: Conversation, said: str, title: str) -> None:
    await talk.say("/start")
    [reply] = await talk.say(said)
    assert title in reply.words.plain()
