"""/hooks: addresses that are shown once, changed and ended."""

import json
import re
from datetime import timedelta

import pytest

from agents.domain.hooks import MOST, hashed
from agents.domain.user import Identity
from agents.signals.webhook import open_body
from handlers.hooks import TEMPLATE
from tests.support.conversation import ADA, Conversation, conversation, plain

ADDRESS = re.compile(r"https://desk\.example/hook/(\S{43})")


def secret_in(said: str) -> str:
    found = ADDRESS.search(said)
    assert found, said
    return found[1]


async def found(talk: Conversation, secret: str, later: timedelta = timedelta(0)) -> bool:
    at = talk.world.clock.wall() + later
    return await talk.desk.memory.hooks.by_secret(hashed(secret), at) is not None


async def test_a_new_one_is_shown_once_and_to_its_owner_alone(talk: Conversation) -> None:
    (reply,) = await talk.say("/hooks new TradingView")
    assert reply.personal
    secret = secret_in(reply.words.plain())
    assert "TradingView" in reply.words.plain()
    assert await found(talk, secret)
    assert secret not in plain(await talk.say("/hooks"))
    assert "1 TradingView: no signal yet" in plain(talk.shown[-1:])
    strategies = await talk.desk.memory.strategies.of((await talk.user()).id)
    assert [strategy.name for strategy in strategies] == ["Signals"]


async def test_the_template_is_a_body_that_is_read(talk: Conversation) -> None:
    filled = (
        TEMPLATE.replace("{{ticker}}", "BTCUSDT.P")
        .replace("{{strategy.order.action}}", "buy")
        .replace("{{close}}", "60000")
        .replace('{{plot("Stop")}}', "59000")
        .replace('{{plot("Target")}}', "62000")
        .replace("{{timenow}}", "2026-01-01T10:00:00Z")
    )
    json.loads(filled)
    body = open_body(filled.encode(), "text/plain", await talk.desk.universe())
    assert body.reading.symbol == "BTC/USDT"
    assert body.reading.stop == 59000
    assert not body.reading.faults
    assert body.time is not None


async def test_a_changed_address_works_beside_the_earlier_for_a_day(talk: Conversation) -> None:
    first = secret_in(plain(await talk.say("/hooks new A")))
    second = secret_in(plain(await talk.say("/hooks rotate 1")))
    assert first != second
    assert await found(talk, first, timedelta(hours=23))
    assert not await found(talk, first, timedelta(hours=24))
    assert await found(talk, second, timedelta(hours=24))


async def test_an_ended_one_takes_nothing(talk: Conversation) -> None:
    secret = secret_in(plain(await talk.say("/hooks new A")))
    assert "ended" in plain(await talk.say("/hooks end 1"))
    assert not await found(talk, secret)
    assert "no webhooks" in plain(await talk.say("/hooks"))
    assert "no such webhook" in plain(await talk.say("/hooks rotate 1")).lower()


async def test_nobody_touches_the_webhook_of_another(talk: Conversation) -> None:
    secret = secret_in(plain(await talk.say("/hooks new A")))
    bob = await talk.stranger_in()
    assert "no webhooks" in plain(await talk.say("/hooks", bob))
    for words in ("/hooks end 1", "/hooks rotate 1"):
        assert "no" in plain(await talk.say(words, bob)).lower()
    assert await found(talk, secret)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("/hooks dance", "I don't know /hooks"),
        ("/hooks end", "Which one?"),
        ("/hooks rotate ²", "Which one?"),
        ("/hooks end 7", "no webhook 7"),
        ("/hooks rotate 99999999999999", "Which one?"),
    ],
)
async def test_what_was_said_wrong_is_told(talk: Conversation, words: str, part: str) -> None:
    assert part in plain(await talk.say(words))


async def test_there_is_a_limit(talk: Conversation) -> None:
    for number in range(MOST):
        await talk.say(f"/hooks new {number}")
    assert f"{MOST} webhooks are the most" in plain(await talk.say("/hooks new one more"))
    assert len(await talk.desk.memory.hooks.of((await talk.user()).id)) == MOST


async def test_in_a_group_nothing_is_shown(talk: Conversation) -> None:
    await talk.say("/start")
    said = await talk.say("/hooks new A", chat="group", private=False)
    assert not ADDRESS.search(plain(said))
    assert list(await talk.desk.memory.hooks.of((await talk.user()).id)) == []


async def test_where_the_operator_grants_it_a_stranger_asks_for_it() -> None:
    talk = await conversation(free=frozenset())
    await talk.say("/start", ADA)
    bob = await talk.stranger_in()
    assert isinstance(bob, Identity)
    assert "operator grants" in plain(await talk.say("/hooks new A", bob))
