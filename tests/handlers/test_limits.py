"""/limits: shown with what is used, lowered at once, raised only by its owner and later."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agents.domain.decision import Advice
from agents.domain.limits import PREFERENCE
from agents.domain.market import Universe
from agents.domain.risk import Limits
from agents.domain.strategy import WEEKDAYS, Mode, Window
from agents.domain.windows import Hours
from handlers.limit_lines import bar
from handlers.limit_words import EXAMPLES, LABELS, named, said, value
from tests.handlers.test_desks import BOB, GROUP, Room
from tests.support.conversation import ADA, Conversation, plain
from tests.support.market import instrument

D = Decimal
UNIVERSE = Universe((instrument(), instrument("ETH/USDT")))
DAY = 86_400


async def present(talk: Conversation) -> Limits:
    return await talk.desk.bounding.book.of((await talk.user()).id)


def weekdays(begin: str, end: str, zone: str = "UTC") -> Window:
    return Window(**{"from": begin, "to": end, "tz": zone, "days": WEEKDAYS[:5]})


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "name", "wanted"),
    [
        ("risk 0.5", "risk", {"risk_percent": D("0.5")}),
        ("Risk per trade 0.5 %", "risk", {"risk_percent": D("0.5")}),
        ("exposure 200 %", "exposure", {"exposure_total_percent": D(200)}),
        ("exposure per coin 90", "coin", {"exposure_coin_percent": D(90)}),
        ("correlated exposure 80", "correlated exposure", {"exposure_correlated_percent": D(80)}),
        ("correlated 2", "correlated", {"correlated_positions": 2}),
        ("leverage 3x", "leverage", {"leverage": D(3)}),
        ("trades 5", "trades", {"trades_a_day": 5}),
        (
            "daily loss 3",
            "daily loss",
            {"daily_loss_percent": D(3), "daily_loss_flatten": False},
        ),
        (
            "daily 3% flatten",
            "daily loss",
            {"daily_loss_percent": D(3), "daily_loss_flatten": True},
        ),
        (
            "drawdown flatten",
            "drawdown",
            {"drawdown_percent": D(20), "drawdown_flatten": True},
        ),
        ("cooldown 3 60", "cooldown", {"losses_in_a_row": 3, "cooldown_minutes": 60}),
        (
            "cooldown 3 losses 60 minutes",
            "cooldown",
            {"losses_in_a_row": 3, "cooldown_minutes": 60},
        ),
        ("symbols btc, ETH/USDT", "symbols", {"symbols": frozenset({"BTC", "ETH/USDT"})}),
        (
            "hours 08:00-22:00 mon-fri flatten",
            "hours",
            {"hours": Hours((weekdays("08:00", "22:00"),), flatten=True)},
        ),
        (
            "hours 08:00-12:00 14:00-24:00 Berlin mon-fri grace 15m",
            "hours",
            {
                "hours": Hours(
                    (
                        weekdays("08:00", "12:00", "Europe/Berlin"),
                        weekdays("14:00", "24:00", "Europe/Berlin"),
                    ),
                    grace=15,
                )
            },
        ),
        ("hours off", "hours", None),
    ],
)
def test_what_is_meant(words: str, name: str, wanted: dict[str, Any] | None) -> None:
    found, rest = named(words)
    assert found == name
    assert value(found, rest, Limits(), "UTC", UNIVERSE) == wanted


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_example_is_one(name: str) -> None:
    """And what is said back names the same numbers."""
    found, rest = named(EXAMPLES[name])
    wanted = value(found, rest, Limits(), "UTC", UNIVERSE)
    assert found == name and wanted is not None
    assert said(name, wanted)
    assert LABELS[name]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("loss 3", "I know no limit called 'loss 3'. There are risk, symbol"),
        ("daily loss much", "from 0 to 100 with at most four decimals, and 'much' is not that"),
        ("daily loss -3", "needs a percentage"),
        ("daily loss 0", "needs a percentage"),
        ("trades 2.5", "Trades a day needs a whole number above 0, and '2.5' is not that"),
        ("leverage NaN", "Leverage needs a number above 0"),
        ("exposure 1e9", "needs a number above 0"),
        ("symbols DOGEX", "Nothing called 'DOGEX' is traded here"),
        ("cooldown 3", "a number of losses in a row and the minutes of rest"),
        ("hours weekdays", "Hours needs a beginning and an end"),
        ("hours 08:00-08:00", "begin and end at the same time"),
        ("hours 08:00-16:00 grace 9h", "240 minutes at most"),
        ("hours 08:00-16:00 Atlantis", "no time zone called 'Atlantis'"),
        ("drawdown 50", "The operator allows no more than this for drawdown: 20 %"),
        ("symbol 301", "The operator allows no more than this for exposure per symbol: 300 %"),
    ],
)
async def test_what_makes_no_sense_is_said_with_an_example(
    talk: Conversation, words: str, told: str
) -> None:
    answer = plain(await talk.say(f"/limits {words}"))
    assert told in answer
    assert "/limits " in answer or "grace 15m" in answer or "00:00" in answer or "no " in answer
    assert await present(talk) == Limits()


# --- showing ------------------------------------------------------------------------------------


async def test_a_loss_that_has_reached_its_limit_says_what_that_means(talk: Conversation) -> None:
    await talk.position()
    talk.world.market.tick("59700")
    for name in ("daily loss", "weekly loss", "drawdown"):
        await talk.say(f"/limits {name} 0.4")
    shown = plain(await talk.say("/limits"))
    assert "Daily loss: 0.6 % of 0.4 % ⛔ reached: no new trades until 00:00 UTC" in shown
    assert "Weekly loss: 0.6 % of 0.4 % ⛔ reached: no new trades until Monday" in shown
    assert "Drawdown: 0.6 % of 0.4 % ⛔ reached: strategies are paused" in shown


@pytest.mark.parametrize(
    "words",
    [
        *("positions 1 2", "trades 5%", "trades 5%%", "trades 1 2", "leverage 1 2", "leverage 3%"),
        *("leverage 0.00000000001", "slippage 0.00000000001", "daily loss 1 2", "risk 0,5"),
        *("daily loss 0.00000000001", "risk ٣", "positions ٣", "cooldown ٣ ٦٠"),
    ],
)
async def test_a_number_that_could_be_another_changes_nothing(
    talk: Conversation, words: str
) -> None:
    assert "is not that" in plain(await talk.say(f"/limits {words}"))
    assert await present(talk) == Limits()


async def test_each_is_shown_with_what_is_used(talk: Conversation) -> None:
    await talk.position()
    talk.world.market.tick("59700")
    shown = plain(await talk.say("/limits"))
    assert "📄 Paper · #1 Dips" in shown
    assert "▰▱▱▱▱▱ Daily loss: 0.6 % of 6 %" in shown
    assert "▰▰▱▱▱▱ Exposure per symbol: 100 % of 300 % (BTC/USDT)" in shown
    assert "▰▱▱▱▱▱ Open positions: 1 of 5" in shown
    assert "▰▱▱▱▱▱ Trades a day: 1 of 50" in shown
    assert "Cooldown: 0 of 5 losses in a row, then 60 min of rest" in shown


async def test_a_page_for_each_account(talk: Conversation) -> None:
    await talk.position()
    await talk.position()
    first = await talk.say("/limits")
    assert "Page 1 of 2" in plain(first)
    second = await talk.press("More")
    assert "#2 Dips" in plain(second) and second[0].edits


async def test_real_money_is_one_page(talk: Conversation) -> None:
    owner = (await talk.user()).id
    for _ in range(2):
        await talk.world.strategy(owner, mode=Mode.LIVE)
    shown = plain(await talk.say("/limits"))
    assert "🔴 LIVE · all your accounts together" in shown
    assert "Page" not in shown


async def test_real_money_that_can_not_be_added_up_is_a_page_for_each(talk: Conversation) -> None:
    owner = (await talk.user()).id
    for symbol in ("BTC/USDT", "ETH/EUR", "BTC/USDC"):
        await talk.world.strategy(owner, mode=Mode.LIVE, symbols=(symbol,))
    first = plain(await talk.say("/limits"))
    assert "🔴 LIVE · all your accounts in USDT together" in first and "Page 1 of 2" in first
    assert "🔴 LIVE · all your accounts in EUR together" in plain(await talk.press("More"))


async def test_without_an_account_the_limits_alone(talk: Conversation) -> None:
    assert "• Daily loss: 6 %" in plain(await talk.say("/limits"))


@pytest.mark.parametrize(
    ("part", "cells"),
    [("-1", 0), ("0", 0), ("0.001", 1), ("0.5", 3), ("0.99", 6), ("1", 6), ("7", 6)],
)
def test_a_bar(part: str, cells: int) -> None:
    assert bar(D(part)) == "▰" * cells + "▱" * (6 - cells)


async def test_only_operators_see_the_ceilings(talk: Conversation) -> None:
    assert "PARLEY_MAX_RISK_PERCENT" in plain(await talk.say("/limits ceiling"))
    bob = await talk.stranger_in()
    assert "Only operators" in plain(await talk.say("/limits ceiling", bob))


# --- changing -----------------------------------------------------------------------------------


async def test_stricter_holds_at_once(talk: Conversation) -> None:
    answer = plain(await talk.say("/limits daily loss 3"))
    assert answer == "🛡 Daily loss: 3 %, from now on. It was 6 %."
    assert (await present(talk)).daily_loss_percent == 3
    assert plain(await talk.say("/limits daily loss")).startswith("Daily loss: 3 %.")


async def test_looser_is_asked_about_waits_and_is_told(talk: Conversation) -> None:
    await talk.say("/limits daily loss 3")
    asked = plain(await talk.say("/limits daily loss 4"))
    assert "From 3 % to 4 %." in asked and "from 3 Mar 12:00 on, 1 day from now" in asked
    assert (await present(talk)).daily_loss_percent == 3
    answer = plain(await talk.press("Yes"))
    assert "Daily loss goes from 3 % to 4 % from 3 Mar 12:00 on" in answer
    await talk.start()
    assert (await present(talk)).daily_loss_percent == 3
    assert "⏳ Daily loss 4 % from 3 Mar 12:00 on" in plain(await talk.say("/limits"))
    talk.world.clock.wait(DAY)
    await talk.world.desk.every_second()
    assert (await present(talk)).daily_loss_percent == 4
    assert "🛡 Daily loss: 4 %" in plain(await talk.told())


async def test_no_changes_nothing(talk: Conversation) -> None:
    await talk.say("/limits daily loss 3")
    await talk.say("/limits daily loss 4")
    await talk.press("No")
    talk.world.clock.wait(DAY)
    assert (await present(talk)).daily_loss_percent == 3


@pytest.mark.parametrize("by", ["button", "words"])
async def test_what_waits_is_taken_back(talk: Conversation, by: str) -> None:
    await talk.say("/limits daily loss 3")
    await talk.say("/limits daily loss off")
    await talk.press("Yes")
    if by == "button":
        await talk.say("/limits")
        answer = await talk.press("Keep daily loss")
    else:
        answer = await talk.say("/limits keep daily loss")
    assert plain(answer) == "🛡 Daily loss stays 3 %."
    talk.world.clock.wait(DAY)
    assert (await present(talk)).daily_loss_percent == 3
    assert "Nothing waits there" in plain(await talk.say("/limits cancel daily loss"))


async def test_half_by_a_tap_and_not_twice(talk: Conversation) -> None:
    await talk.say("/limits")
    button = talk.button("Daily loss 3 %")
    assert "3 %, from now on" in plain(await talk.tap(button))
    assert "so nothing was changed" in plain(await talk.tap(button))
    assert (await present(talk)).daily_loss_percent == 3
    assert "not one of mine" in plain(await talk.tap_data("limit_half:99:0"))


# --- nobody else --------------------------------------------------------------------------------


async def test_at_a_desk_only_its_owner_changes_them(talk: Conversation) -> None:
    await talk.say("/start")
    room = Room(talk)
    await room.say("/desk")
    await room.let_in(BOB, "Trader")
    group = await talk.desk.memory.desks.at(GROUP)
    assert group is not None
    account = group.account_id
    assert "Daily loss" in plain(await room.say("/limits", BOB))
    assert "only its owner does that" in plain(await room.say("/limits daily loss 3", BOB))
    assert await talk.desk.bounding.book.of(account) == Limits()
    await room.say("/limits daily loss 3")
    assert (await talk.desk.bounding.book.of(account)).daily_loss_percent == 3
    assert await talk.desk.bounding.book.of((await talk.user()).id) == Limits()
    await room.say("/limits daily loss 4")
    await room.press("Yes", BOB)
    talk.world.clock.wait(DAY)
    assert (await talk.desk.bounding.book.of(account)).daily_loss_percent == 3


WORDS = some.lists(
    some.sampled_from(
        [
            *("raise", "my", "limits", "daily", "loss", "to", "50", "%", "risk", "100", "now"),
            *("yes", "off", "exposure", "/limits", "drawdown", "99", "ignore", "ceiling", "1000"),
        ]
    ),
    min_size=1,
    max_size=7,
).map(" ".join)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=some.lists(WORDS, min_size=1, max_size=6))
async def test_no_text_of_anybody_allows_more(talk: Conversation, lines: list[str]) -> None:
    """Not at once, whatever the owner writes, and never, whatever others write."""
    owner = (await talk.user()).id
    await talk.desk.bounding.book.tighten(owner, "user", "risk", {"risk_percent": D("0.5")})
    bob = await talk.stranger_in("bob")
    before = await present(talk)
    others = await talk.desk.memory.preferences.read(owner, PREFERENCE)
    for line in lines:
        await talk.say(line, bob)
    assert await talk.desk.memory.preferences.read(owner, PREFERENCE) == others
    for line in lines:
        await talk.say(line, ADA)
    after = await present(talk)
    assert after.risk_percent <= before.risk_percent
    assert after.daily_loss_percent <= before.daily_loss_percent
    assert after.drawdown_percent <= before.drawdown_percent
    assert after.exposure_total_percent <= before.exposure_total_percent


async def test_no_model_answer_reaches_a_limit(talk: Conversation) -> None:
    """Its reasons and its wishes are stored as text beside a proposal, and nothing else."""
    strategy = await talk.strategy()
    advice = Advice(
        action="enter_long",
        confidence=1,
        size_factor=D(1),
        reasons=("/limits risk 100", "yes"),
        invalidation="/limits drawdown 99",
    )
    await talk.world.try_to_propose(strategy, advice=advice, reasons=advice.reasons)
    assert await talk.desk.memory.preferences.read((await talk.user()).id, PREFERENCE) is None
    assert await present(talk) == Limits()


async def test_a_limit_to_keep_has_to_be_named_and_a_half_fits_its_button(
    talk: Conversation,
) -> None:
    assert "Which limit shall stay" in plain(await talk.say("/limits keep"))
    await talk.say("/limits drawdown 10 flatten")
    await talk.say("/limits")
    assert talk.button("Drawdown").label == "➗ Drawdown 5 %"
