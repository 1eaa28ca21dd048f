"""/settings and /cancel."""

import pytest

from handlers import texts
from tests.support.conversation import Conversation, buttons, plain


@pytest.mark.parametrize(
    "said", ["/settings zone Kolkata", "/settings timezone asia/kolkata", "/settings mumbai"]
)
async def test_the_time_zone(talk: Conversation, said: str) -> None:
    await talk.say("/start")
    assert "Your time zone is Asia/Kolkata: it is 17:30 there" in plain(await talk.say(said))
    assert (await talk.user()).zone == "Asia/Kolkata"
    assert "Status at 17:30" in plain(await talk.say("/status"))


async def test_a_zone_by_tap(talk: Conversation) -> None:
    await talk.say("/settings")
    await talk.press("Time zone")
    await talk.press("New_York")
    assert (await talk.user()).zone == "America/New_York"
    assert "Tap one" in plain(await talk.say("/settings zone"))


async def test_an_unknown_zone(talk: Conversation) -> None:
    await talk.say("/start")
    assert "Did you mean Europe/London" in plain(await talk.say("/settings zone Londno"))
    assert (await talk.user()).zone == "UTC"


async def test_switches_go_round(talk: Conversation) -> None:
    await talk.say("/settings")
    for level in ("silent", "off", "on"):
        [page] = await talk.press("Fills")
        assert page.edits
        assert (await talk.user()).notices["fills"] == level
    for level in ("silent", "on"):
        await talk.press("Proposals")
        assert (await talk.user()).notices["proposals"] == level
    assert any("🔔 Fills" in button.label for button in buttons(talk.shown[-1]))


@pytest.mark.parametrize("data", ["notice:99:0", "notice:0:9", "zone:99:0"])
async def test_forged_switches(talk: Conversation, data: str) -> None:
    await talk.say("/start")
    assert plain(await talk.tap_data(data)) == texts.NOT_MINE
