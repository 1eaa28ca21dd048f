"""What is proposed while the words of a command are typed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.desks import Role, Rule
from agents.domain.errors import MarketUnavailable
from agents.domain.strategy import StrategyState
from agents.domain.user import Identity, Place
from handlers.commands import COMMANDS
from handlers.suggesting import KINDS, LONGEST, MOST, suggest
from tests.support.conversation import ADA, Conversation, conversation

HOME = Place("chatter", "home-ada")
STRANGER = Identity("chatter", "nobody")


async def words(talk: Conversation, command: str, typed: str = "", **more: Any) -> list[str]:
    person, place = more.get("person", ADA), more.get("place", HOME)
    return [said for _, said in await talk.router.suggest(person, place, command, typed)]


async def labels(talk: Conversation, command: str, typed: str = "") -> list[str]:
    return [label for label, _ in await talk.router.suggest(ADA, HOME, command, typed)]


def test_every_kind_in_the_table_is_known() -> None:
    named = {kind for row in COMMANDS for kind in row.suggests.split()}
    assert named and named <= KINDS
    assert all(row.usage for row in COMMANDS if row.suggests)


async def test_own_strategies_by_number_and_name(talk: Conversation) -> None:
    first, second = await talk.strategy(), await talk.strategy()
    mine = await talk.world.memory.strategies.of((await talk.user()).id)
    assert await words(talk, "strategies") == [str(one.number) for one in mine]
    [label] = await labels(talk, "strategies", f"#{second.number}")
    assert label.startswith(f"#{second.number} {second.name}") and "active" in label
    assert await words(talk, "strategies", first.name[:3].lower()) == ["1", "2"]
    assert await words(talk, "strategies", first.name[2:5].upper()) == ["1", "2"]
    assert await words(talk, "strategies", "no such name") == []


async def test_pause_and_resume_take_what_they_can_change(talk: Conversation) -> None:
    await talk.strategy()
    await talk.strategy()
    paused = await talk.strategy()
    await talk.say(f"/pause {paused.number}")
    assert await words(talk, "pause") == ["1", "2", "all"]
    assert await words(talk, "resume") == ["3"]
    assert await words(talk, "pause", "al") == ["all"]
    assert (await labels(talk, "pause"))[-1] == "All 2"
    mine = await talk.world.memory.strategies.of((await talk.user()).id)
    assert [one.state for one in mine].count(StrategyState.PAUSED) == 1


async def test_what_is_chosen_is_understood(talk: Conversation) -> None:
    """The words of each suggestion, said to the command, name just that thing."""
    await talk.strategy()
    await talk.strategy()
    [_, number, _] = await words(talk, "pause")
    assert "#2" in (await talk.say(f"/pause {number}"))[0].words.plain()
    assert await words(talk, "resume") == ["2"]
    chosen = (await words(talk, "chart", "bitcoin"))[0]
    assert chosen == "BTC/USDT"
    [reply] = await talk.say(f"/chart {chosen} 5m")
    assert reply.picture is not None


async def test_open_positions(talk: Conversation) -> None:
    assert await words(talk, "close") == []
    position = await talk.position()
    [label] = await labels(talk, "close")
    assert label.startswith(f"#{position.id} LONG BTC/USDT")
    assert await words(talk, "close", "btc") == [str(position.id)]
    assert await words(talk, "close", "btcus") == [str(position.id)]
    assert await words(talk, "close", "eth") == []
    [question] = await talk.say(f"/close {position.id}")
    assert "Close LONG BTC/USDT" in question.words.plain()


async def test_symbols_in_any_spelling(talk: Conversation) -> None:
    await talk.user()
    for typed in ("bitcoin", "BTCUSDT", "xbt", "$btc", "b", "btc/us"):
        assert (await words(talk, "chart", typed))[0] == "BTC/USDT", typed
    assert "ETH/USDT" in await words(talk, "chart", "ether")
    assert (await words(talk, "chart", ""))[0] in {"BTC/USDT", "ETH/USDT"}
    await talk.strategy()
    assert (await words(talk, "chart", ""))[0] == "BTC/USDT"
    assert await words(talk, "chart", "btc 1") == [
        f"BTC/USDT {frame}" for frame in ("1m", "15m", "1h", "12h", "1d", "1w")
    ]
    assert await words(talk, "chart", "nothing 1") == []


async def test_why_knows_proposals_and_symbols(talk: Conversation) -> None:
    proposal = await talk.proposal()
    assert (await words(talk, "why"))[0] == str(proposal.id)
    assert (await labels(talk, "why"))[0] == f"#{proposal.id} LONG BTC/USDT · pending"
    assert "BTC/USDT" in await words(talk, "why", "btc")
    assert await words(talk, "why", str(proposal.id)) == [str(proposal.id)]


async def test_strangers_and_others_learn_nothing(talk: Conversation) -> None:
    await talk.position()
    bob = await talk.stranger_in()
    for command in ("strategies", "pause", "close", "why", "chart"):
        assert await words(talk, command, person=STRANGER) == []
    for command in ("strategies", "pause", "close"):
        assert await words(talk, command, person=bob) == []
    assert await words(talk, "balance") == [] and await words(talk, "no_command") == []


async def test_at_a_desk_its_members_see_what_is_the_desks(talk: Conversation) -> None:
    room = Place("chatter", "room")
    bob, eve = await talk.stranger_in("bob"), await talk.stranger_in("eve")
    desks, at = talk.desk.memory.desks, talk.world.clock.wall()
    desk = await desks.open(room, "Traders", (await talk.user(bob)).id, Rule(), at)
    assert desk is not None
    await talk.strategy()  # Ada's own, who is no member
    theirs = await talk.world.strategy(desk.account_id)
    await desks.seat(desk.id, (await talk.user(eve)).id, Role.VIEWER, at)
    for member in (bob, eve):
        assert await words(talk, "pause", person=member, place=room) == [str(theirs.number)]
        assert await words(talk, "pause", person=member) == []
    assert await words(talk, "pause", place=room) == []
    assert await words(talk, "pause") == ["1"]


async def test_no_more_than_a_platform_shows(talk: Conversation) -> None:
    for _ in range(MOST + 3):
        await talk.strategy()
    shown = await words(talk, "pause")
    assert len(shown) == MOST and shown[-1] == "all"
    assert all(len(label) <= LONGEST for label in await labels(talk, "pause"))


class Broken:
    """A market, or a memory, that is away."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        raise self._fault


@pytest.mark.parametrize("fault", [MarketUnavailable("away"), RuntimeError("a fault of ours")])
async def test_faults_are_silence(talk: Conversation, fault: Exception) -> None:
    await talk.user()
    away = replace(talk.desk, market=Broken(fault))
    assert list(await suggest(away, ADA, HOME, "chart", "b")) == []
    lost = replace(talk.desk, memory=Broken(fault))
    assert list(await suggest(lost, ADA, HOME, "pause", "")) == []


TALK: list[Conversation] = []


@given(st.sampled_from(COMMANDS), st.text(max_size=150))
@settings(max_examples=150, deadline=None)
async def test_anything_may_be_typed(row: Any, typed: str) -> None:
    if not TALK:
        TALK.append(await conversation())
        await TALK[0].position()
    found = await TALK[0].router.suggest(ADA, HOME, row.name, typed)
    assert len(found) <= MOST
    assert all(label and words and len(label) <= LONGEST >= len(words) for label, words in found)
    assert len({words for _, words in found}) == len(found)
