"""/quiet: hours that are read, kept, and kept to."""

import pytest

from agents.domain.quiet import QuietHours, QuietRule
from agents.domain.strategy import WEEKDAYS, Window
from agents.domain.user import NoticeKind
from agents.execution.proposals.proposing import Declined
from handlers import quiet, texts
from tests.support.conversation import Conversation, plain

NOON = "/quiet 11:00-13:00"  # the clock of these tests says 12:00


async def present(talk: Conversation) -> QuietHours | None:
    return await quiet.of(talk.desk, (await talk.user()).id)


def hours(begin: str, end: str, zone: str = "UTC", *days: str) -> Window:
    return Window(**{"from": begin, "to": end, "tz": zone, "days": days})


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("22:00-07:00 Berlin hold", QuietHours(hours("22:00", "07:00", "Europe/Berlin"))),
        ("22-7", QuietHours(hours("22:00", "07:00"))),
        ("10pm to 6:30am new york", QuietHours(hours("22:00", "06:30", "America/New_York"))),
        ("12am - 12pm", QuietHours(hours("00:00", "12:00"))),
        ("hold 22:00–07:00 mon-fri", QuietHours(hours("22:00", "07:00", "UTC", *WEEKDAYS[:5]))),
        (
            "00:00-24:00 on sat, sun silent",
            QuietHours(hours("00:00", "24:00", "UTC", "sat", "sun"), QuietRule.SILENT),
        ),
        (
            "22:00-07:00 weekends London silent",
            QuietHours(hours("22:00", "07:00", "Europe/London", "sat", "sun"), QuietRule.SILENT),
        ),
    ],
)
async def test_hours_in_which_nothing_runs_are_set_at_once(
    talk: Conversation, said: str, wanted: QuietHours
) -> None:
    assert "🌙 Quiet hours:" in plain(await talk.say(f"/quiet {said}"))
    assert await present(talk) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("22:00-07:00 veto 10m", QuietHours(hours("22:00", "07:00"), QuietRule.VETO, 600)),
        ("22:00-07:00 veto window 90s", QuietHours(hours("22:00", "07:00"), QuietRule.VETO, 90)),
        (
            "veto 22:00-07:00 Tokyo",
            QuietHours(hours("22:00", "07:00", "Asia/Tokyo"), QuietRule.VETO, 600),
        ),
        ("22:00-07:00 autopilot", QuietHours(hours("22:00", "07:00"), QuietRule.AUTOPILOT)),
    ],
)
async def test_hours_in_which_proposals_run_need_a_yes(
    talk: Conversation, said: str, wanted: QuietHours
) -> None:
    assert "Let proposals run in quiet hours?" in plain(await talk.say(f"/quiet {said}"))
    assert await present(talk) is None
    await talk.press("Yes")
    assert await present(talk) == wanted
    [audited] = await talk.desk.memory.audit.recent(1, 9)
    assert (audited["what"], audited["facts"]) == ("quiet hours", {"quiet": wanted.as_json()})
    assert "no quiet hours" in plain(await talk.say("/quiet off"))
    assert await present(talk) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("hold", "a beginning and an end"),
        ("25:00-07:00", "I can't read the time '25:00'"),
        ("22:00-22:00", "begin and end at the same time"),
        ("22:00-07:00 Atlantis", "no time zone called 'Atlantis'"),
        ("22:00-07:00 veto 2h", "30 seconds to 60 minutes"),
        ("22:00-07:00 hold 5m", "Only a veto window takes a time"),
    ],
)
async def test_what_makes_no_sense_is_said(talk: Conversation, said: str, told: str) -> None:
    assert told in plain(await talk.say(f"/quiet {said}"))
    assert await present(talk) is None


async def test_the_users_own_zone_is_meant(talk: Conversation) -> None:
    await talk.say("/settings zone Kolkata")
    await talk.say("/quiet 22:00-07:00")
    found = await present(talk)
    assert found is not None and found.hours.tz == "Asia/Kolkata"
    assert "Quiet hours: 22:00–07:00 Asia/Kolkata, nothing is" in plain(await talk.say("/settings"))


async def test_by_taps(talk: Conversation) -> None:
    await talk.say("/settings")
    await talk.press("Quiet hours")
    await talk.press("22–07 silent")
    assert (await present(talk)) == QuietHours(hours("22:00", "07:00"), QuietRule.SILENT)
    await talk.press("Off")
    assert await present(talk) is None
    assert plain(await talk.tap_data("quiet_set:99:0")) == texts.NOT_MINE


# --- what they do -------------------------------------------------------------------------------


async def test_nothing_makes_a_sound_in_them(talk: Conversation) -> None:
    await talk.say(f"{NOON} silent")
    await talk.proposal()
    assert talk.shown[-1].silent
    await talk.press("Approve")
    await talk.world.tick("60000")
    assert all(one.silent for one in await talk.told() if not one.edits)
    talk.world.clock.wait(3600)
    await talk.world.tick("61300")
    await talk.world.tick("61300")
    told = await talk.told()
    assert [one.silent for one in told if "Closed LONG" in plain([one])] == [False]


async def test_what_went_wrong_makes_one(talk: Conversation) -> None:
    await talk.say(f"{NOON} hold")
    user = await talk.user()
    loud = {kind for kind in NoticeKind if not await quiet.hushed(talk.desk, user, kind)}
    wrong = {NoticeKind.ORDER_FAILED, NoticeKind.PANIC, NoticeKind.OPERATOR, NoticeKind.ALARM}
    for_channels = {kind for kind in loud if kind.startswith("signal_")}
    assert loud == wrong | for_channels and NoticeKind.SIGNAL_HEARD not in loud


async def test_held_signals_make_no_card(talk: Conversation) -> None:
    strategy = await talk.strategy()
    await talk.say(f"{NOON} hold")
    answer = await talk.world.try_to_propose(strategy)
    assert isinstance(answer, Declined) and "hold back proposals" in answer.reason
    assert await talk.told() == []


async def test_a_countdown_of_theirs_ends_with_them(talk: Conversation) -> None:
    await talk.say(f"{NOON} veto 10m")
    await talk.press("Yes")
    await talk.proposal()
    assert "(quiet hours, veto window)" in talk.shown[-1].words.plain()
    await talk.say("/quiet off")
    talk.world.clock.wait(700)
    talk.world.market.tick("60000", after=0)
    await talk.world.desk.every_second()
    assert not talk.world.orders
    assert "Version 2: the quiet hours were changed" in plain(await talk.told())
