"""/sl: a stop moved by hand, nearer to the price."""

from decimal import Decimal

import pytest

from agents.domain.strategy import Side
from tests.support.conversation import Conversation, plain
from tests.support.desk import levels

D = Decimal


@pytest.mark.parametrize(
    ("said", "stop"),
    [
        ("/sl btc 59800", "59800"),
        ("/sl 1 59,800.50", "59800.5"),
        ("/sl BTCUSDT $59800", "59800"),
        ("/sl 59800", "59800"),
        ("/sl #1 1%", "59697"),
        ("/sl entry", "60000"),
        ("/sl btc BE", "60000"),
    ],
)
async def test_moved(talk: Conversation, said: str, stop: str) -> None:
    await talk.position()
    entry = talk.world.positions[0].entry_price
    await talk.world.tick("60300")
    words = plain(await talk.say(said))
    wanted = entry if stop == "60000" else D(stop)
    assert talk.world.positions[0].stop == wanted
    assert words.startswith("🛡 The stop of #1 is at ") and f"{wanted:,.2f}"[:-1] in words
    assert "Stop moved for LONG BTC/USDT" in plain(await talk.told())


async def test_a_short(talk: Conversation) -> None:
    short = levels(Side.SHORT, stop="60600", targets=(("57000", "1"),))
    await talk.world.opened(await talk.strategy(), short)
    await talk.world.tick("59700")
    await talk.say("/sl btc 1%")
    assert talk.world.positions[0].stop == D("60297")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/sl btc 50000", "already, which is as near or nearer, and stays there"),
        ("/sl btc 60900", "would be hit at once"),
        ("/sl btc soon", "I can't read 'soon' as a price. Where to? Write a price"),
        ("/sl btc -3", "I can't read '-3' as a price"),
        ("/sl btc 0", "I can't read '0' as a price"),
        ("/sl btc nan", "I can't read 'nan' as a price"),
        ("/sl btc 130%", "A distance is more than 0% and less than 100%"),
        ("/sl btc x%", "A distance is more than 0% and less than 100%"),
        ("/sl eth 59800", "no open position 'eth'"),
        ("/sl", "The stop of #1 LONG BTC/USDT is at "),
        ("/sl 1", "Where to? Write a price, entry, or a distance"),
        ("/sl btc", "Where to? Write a price, entry, or a distance"),
    ],
)
async def test_not_moved(talk: Conversation, said: str, answer: str) -> None:
    await talk.position()
    stop = talk.world.positions[0].stop
    assert answer in plain(await talk.say(said))
    assert talk.world.positions[0].stop == stop


async def test_nothing_is_open(talk: Conversation) -> None:
    assert plain(await talk.say("/sl btc entry")) == "You have no open positions."


async def test_several_of_one_coin(talk: Conversation) -> None:
    await talk.position()
    await talk.world.opened(await talk.strategy())
    assert "/sl 2 or /sl 1" in plain(await talk.say("/sl btc 59800"))


async def test_what_is_on_its_way_out_keeps_its_stop(talk: Conversation) -> None:
    position = await talk.position()
    await talk.desk.hands.close(1, position.id)
    assert "is exiting already" in plain(await talk.say("/sl btc entry"))


async def test_nobody_elses(talk: Conversation) -> None:
    await talk.position()
    bob = await talk.stranger_in()
    assert plain(await talk.say("/sl 1 entry", bob)) == "You have no open positions."
