"""/digest, and what a digest says."""

from datetime import timedelta

import pytest

from agents.domain.autonomy import Autonomy, AutonomyKind
from agents.domain.digest import PREFERENCE, Digest
from agents.domain.user import NoticeKind
from agents.reporting.digests import Digests
from handlers import texts
from tests.support.clock import START
from tests.support.conversation import Conversation, plain

NOW = START + timedelta(seconds=1)  # the first tick took one


async def present(talk: Conversation) -> Digest | None:
    stored = await talk.desk.memory.preferences.read((await talk.user()).id, PREFERENCE)
    return Digest.from_json(stored)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("daily 08:00", Digest("08:00", None, NOW)),
        ("daily", Digest("08:00", None, NOW)),
        ("daily at 7.30", Digest("07:30", None, NOW)),
        ("daily 9 pm", Digest("21:00", None, NOW)),
        ("weekly mon 08:00", Digest("08:00", "mon", NOW)),
        ("weekly on Friday at 18:15", Digest("18:15", "fri", NOW)),
        ("weekly", Digest("08:00", "mon", NOW)),
    ],
)
async def test_it_is_set(talk: Conversation, said: str, wanted: Digest) -> None:
    assert f"at {wanted.at}, UTC time" in plain(await talk.say(f"/digest {said}"))
    assert await present(talk) == wanted
    assert wanted.at in plain(await talk.say("/settings"))
    assert "No digest is sent" in plain(await talk.say("/digest off"))
    assert await present(talk) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("hourly", "I can't read 'hourly'"),
        ("daily noon", "I can't read the time 'noon'"),
        ("daily 26:00", "I can't read the time '26:00'"),
        ("weekly mon tue 08:00", "comes on one day"),
        ("weekly funday 08:00", "I can't read the time"),
    ],
)
async def test_what_makes_no_sense_is_said(talk: Conversation, said: str, told: str) -> None:
    assert told in plain(await talk.say(f"/digest {said}"))
    assert await present(talk) is None


async def test_by_taps(talk: Conversation) -> None:
    await talk.say("/settings")
    await talk.press("Digest")
    await talk.press("Mondays")
    assert await present(talk) == Digest("08:00", "mon", NOW)
    await talk.press("Off")
    assert await present(talk) is None
    assert plain(await talk.tap_data("digest_set:99:0")) == texts.NOT_MINE


async def test_a_day_in_which_nothing_happened(talk: Conversation) -> None:
    said = plain(await talk.say("/digest now"))
    assert "No trade was closed." in said and "Nothing is open." in said
    assert "Nothing was proposed." in said


async def test_a_day(talk: Conversation) -> None:
    """Two trades, one of them by itself, one open, a veto and an expiry; and what came before the
    period is left out."""
    world = talk.world
    await talk.position()
    await world.tick("61300")
    world.clock.advance(25 * 3600)
    await world.tick("60000")
    since = world.clock.wall()

    manual = await talk.strategy(symbols=("BTC/USDT",))
    await world.opened(manual)
    await world.tick("59000")
    await world.tick("60000")
    vetoed = await world.propose(manual)
    await talk.desk.approvals.veto(vetoed.owner_id, vetoed.id, 1)
    await world.propose(manual)
    world.clock.advance(901)
    await world.tick("60000")
    await world.desk.every_second()

    alone = await talk.strategy()
    autopilot = Autonomy(AutonomyKind.AUTOPILOT)
    await world.memory.strategies.set_autonomy(alone.owner_id, alone.id, autonomy=autopilot)
    await world.propose(alone)
    world.clock.advance(11)
    world.market.tick("60000", after=0)
    await world.desk.every_second()
    await world.settle()  # its order is on its way beside the look
    await world.tick("60000")
    await world.tick("61300")
    await world.tick("61300")
    await world.tick("60000")
    await world.opened(manual)

    facts = {"period": "day", "since": since.isoformat(), "until": world.clock.wall().isoformat()}
    reply = await talk.notices.render(NoticeKind.DIGEST, facts, 1)
    assert reply is not None
    said = reply.words.plain()
    trades = [one for one in world.positions if one.closed_at and one.closed_at >= since]
    net = sum(one.net() for one in trades)
    assert f"Net of fees {net:+,.2f} USDT" in " ".join(said.split())
    assert f"Trades closed {len(trades)}" in " ".join(said.split())
    assert "Vetoed" in said and "Expired" in said and "Open now: 1" in said
    assert "Ran by itself" in said and "🤖 Without a tap" in said and "LONG BTC/USDT: +" in said
    assert reply.picture is not None and reply.picture.kind == "equity"


async def test_a_digest_that_comes_late_says_so(talk: Conversation) -> None:
    await talk.say("/settings zone Berlin")
    await talk.say("/digest weekly wed 08:00")
    talk.world.clock.advance(timedelta(days=5, hours=3).total_seconds())
    await Digests(talk.desk.memory, talk.world.clock).tell_due()
    [reply] = await talk.told()
    assert "🗓 Your week to Wed 4 Mar 08:00. Sent late" in reply.words.plain()
