"""Commands, unknown ones, late ones, forged buttons, and text that means a command."""

import re

import pytest

from agents.domain.errors import DeliveryRefused, LimitBreach, RuleError, TryAgain
from agents.domain.strategy import StrategyState
from handlers import commands, texts
from tests.support.conversation import Conversation, buttons, plain

CONTRACT = (
    *("start", "help", "new", "strategies", "proposals", "status", "balance", "profit", "daily"),
    *("trades", "performance", "chart", "why", "close", "panic", "pause", "resume", "settings"),
    *("costs", "cancel"),
)


def test_the_commands_of_the_contract_are_listed() -> None:
    listed = [row.name for row in commands.COMMANDS if not row.hidden]
    assert [name for name in CONTRACT if name not in listed] == []
    assert all(row.description and len(row.description) <= 60 for row in commands.COMMANDS)
    assert all(re.fullmatch(r"[a-z]{1,32}", row.name) for row in commands.COMMANDS)


async def test_help_lists_each_command_once_and_fits_a_message(talk: Conversation) -> None:
    await talk.say("/start")
    said = plain(await talk.say("/help"))
    names = [row.name for row in commands.COMMANDS if not row.hidden]
    for name in names:
        assert len(re.findall(rf"^/{name}\b", said, re.MULTILINE)) == 1, name
    assert len(re.findall("^/", said, re.MULTILINE)) == len(names)
    assert len(said) < 4000 and "\n\n\n" not in said and said == said.strip()


def test_no_verb_means_two_things() -> None:
    verbs = [row.verb for row in commands.PRESSES]
    assert len(verbs) == len(set(verbs))
    assert all(row.label for row in commands.PRESSES if row.money)


@pytest.mark.parametrize("name", [row.name for row in commands.COMMANDS])
async def test_every_command_answers_a_newcomer(talk: Conversation, name: str) -> None:
    await talk.say("/start")
    assert await talk.say(f"/{name}")
    assert await talk.say(f"/{name} btc")
    assert await talk.say(f"/{name.upper()}@SomeBot 😀 <b>&</b> \u202e x")


async def test_the_menu_comes_from_the_table(talk: Conversation) -> None:
    menu = dict(talk.router.commands())
    assert set(CONTRACT) <= set(menu) and "positions" not in menu


@pytest.mark.parametrize(
    ("said", "near"),
    [("/statu", "/status"), ("/ballance", "/balance"), ("/stratgies", "/strategies")],
)
async def test_an_unknown_command_gets_suggestions(
    talk: Conversation, said: str, near: str
) -> None:
    answer = plain(await talk.say(said))
    assert f"There is no {said}" in answer and near in answer
    assert answer.count(" or ") <= 2


async def test_a_command_like_no_other_points_to_help(talk: Conversation) -> None:
    assert "/help" in plain(await talk.say("/qqqqqqqq"))
    assert "/help" in plain(await talk.say("/"))
    assert len(plain(await talk.say("/" + "x" * 4000))) < 200


# --- plain text that a command answers ----------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("what is my balance", "No account yet"),
        ("What's my balance?", "No account yet"),
        ("how much money do i have", "No account yet"),
        ("show me the trades", "no trades yet"),
        ("my positions", "Status at"),
        ("status", "Status at"),
        ("how is it going?", "Status at"),
        ("what's happening", "Status at"),
        ("list my strategies", "no strategies yet"),
        ("pnl", "no trades yet"),
        ("how am i doing?", "no trades yet"),
        ("help", "What I can do"),
        ("hi", "Welcome"),
        ("Hello!", "Welcome"),
        ("close btc", "no open positions"),
        ("close my btc position", "no open positions"),
        ("panic", "Stop everything?"),
        ("close everything", "Stop everything?"),
        ("why btc?", "Nothing was decided about BTC/USDT"),
        ("why did you not buy btc?", "Nothing was decided about BTC/USDT"),
        ("pause all", "no active strategy"),
        ("chart btc 15m", "BTC/USDT · 15m"),
        ("settings", "Settings"),
    ],
)
async def test_an_obvious_question_is_answered(talk: Conversation, said: str, answer: str) -> None:
    await talk.say("/start")
    assert answer in plain(await talk.say(said))


@pytest.mark.parametrize(
    "said", ["thank you so much", "who are you", "what is the meaning of life?", "🚀🚀🚀", "?"]
)
async def test_other_talk_gets_a_hint(talk: Conversation, said: str) -> None:
    assert texts.NOT_A_STRATEGY in plain(await talk.say(said))


@pytest.mark.parametrize("said", ["", "   ", "\n\n"])
async def test_no_words_get_a_hint(talk: Conversation, said: str) -> None:
    assert "I got no words" in plain(await talk.say(said))


async def test_too_many_words_are_counted(talk: Conversation) -> None:
    assert "5,001 characters" in plain(await talk.say("x" * 5001))
    assert "5,009 characters" in plain(await talk.say("/new " + "buy btc x" * 5 + "y" * 4964))


@pytest.mark.parametrize(
    "said",
    [
        "שלום קנה ביטקוין",
        "\u202eesrever\u202c",
        "<script>alert(1)</script>",
        "a" * 5000,
        "\x00\x01",
        "🏳️‍🌈" * 300,
        "buy btc'; drop table strategies; --",
    ],
)
async def test_no_text_breaks_anything(talk: Conversation, said: str) -> None:
    assert await talk.say(said)
    assert await talk.say(f"/new {said}"[:5000])


# --- buttons that are not ours ------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    ["", "rubbish", "approve", "approve:x:y", "unknown:1:1", "yes_:1:1", "late_:1:1", "a:1:2:3"],
)
async def test_a_forged_button_gets_the_truth(talk: Conversation, data: str) -> None:
    await talk.say("/start")
    assert plain(await talk.tap_data(data)) == texts.NOT_MINE


@pytest.mark.parametrize("verb", [row.verb for row in commands.PRESSES])
@pytest.mark.parametrize("late", [0, 900])
async def test_no_button_with_wrong_numbers_breaks_or_does_anything(
    talk: Conversation, verb: str, late: float
) -> None:
    await talk.say("/start")
    before = talk.world.memory.rows("orders")
    for number in (0, 7, 10**18, 10**24):
        assert await talk.tap_data(f"{verb}:{number}:{number}", late=late)
        assert await talk.tap_data(f"late_{verb}:{number}:1", late=late)
    assert talk.world.memory.rows("orders") == before


async def test_a_number_too_large_for_any_database_is_only_unknown(talk: Conversation) -> None:
    await talk.say("/start")
    assert "no proposal" in plain(await talk.say(f"/why {10**30}"))
    assert "no strategy" in plain(await talk.say(f"/strategies {10**30}"))


async def test_another_users_things_are_not_there(talk: Conversation) -> None:
    proposal = await talk.proposal()
    strategy = proposal.strategy_id
    bob = await talk.stranger_in()
    for verb in ("approve", "veto", "halve", "tighten", "details", "proposal", "veto_other"):
        said = plain(await talk.tap_data(f"{verb}:{proposal.id}:1", bob))
        assert "not yours" in said and "BTC" not in said
    for verb in ("activate", "edit", "discard", "pause", "archive", "once", "strategy"):
        assert "not yours" in plain(await talk.tap_data(f"{verb}:{strategy}:1", bob))
    assert "no strategies yet" in plain(await talk.say("/strategies", bob))
    assert "no proposal #1" in plain(await talk.say("/why 1", bob))
    assert talk.world.proposals[0].state == "pending"


# --- what comes late ----------------------------------------------------------------------------


async def test_a_late_command_about_money_asks_again(talk: Conversation) -> None:
    strategy = await talk.strategy()
    said = plain(await talk.say("/pause 1", late=840))
    assert "You wrote /pause 1 14 minutes ago" in said
    assert (await _state(talk)) is StrategyState.ACTIVE
    await talk.press("Yes")
    assert (await _state(talk)) is StrategyState.PAUSED
    assert strategy.number == 1


async def test_a_late_command_that_is_declined_does_nothing(talk: Conversation) -> None:
    await talk.strategy()
    await talk.say("/pause 1", late=840)
    assert texts.NOTHING_DONE in plain(await talk.press("No"))
    assert plain(await talk.press("Yes")) == texts.OVER
    assert (await _state(talk)) is StrategyState.ACTIVE


async def test_a_late_look_is_only_a_look(talk: Conversation) -> None:
    assert "Status at" in plain(await talk.say("/status", late=90_000))


async def test_a_late_yes_asks_once_more(talk: Conversation) -> None:
    await talk.strategy()
    await talk.say("/panic")
    said = await talk.press("Yes", late=600)
    assert "You tapped Yes 10 minutes ago" in plain(said)
    assert (await _state(talk)) is StrategyState.ACTIVE
    answer = await talk.tap(buttons(*said)[0])
    assert "everything is being stopped" in plain(answer)
    assert (await _state(talk)) is StrategyState.PAUSED


async def test_a_late_typed_yes_does_nothing(talk: Conversation) -> None:
    await talk.strategy()
    await talk.say("/panic")
    assert "too late" in plain(await talk.say("yes", late=600))
    assert (await _state(talk)) is StrategyState.ACTIVE


async def _state(talk: Conversation) -> StrategyState:
    [strategy] = await talk.desk.memory.strategies.of((await talk.user()).id)
    return strategy.state


# --- errors into words --------------------------------------------------------------------------


def test_errors_say_what_to_do() -> None:
    wrong = RuleError("'<' can't follow '<'.", "rsi(14) < < 30", 10, "<")
    said = texts.of_error(wrong).words
    assert said.spans[-1].text == "rsi(14) < < 30\n          ^"
    assert said.spans[-1].style == "pre"
    breach = texts.of_error(LimitBreach("daily loss", "today's loss is 600"))
    assert breach.words.plain() == "⛔ Limit “daily loss”: Today's loss is 600."
    assert texts.of_error(TryAgain("wait a bit")).words.plain() == "⏳ Wait a bit."
    assert texts.of_error(DeliveryRefused("no right")).words.plain() == "⚠️ No right."


async def test_an_unreachable_market_is_said(talk: Conversation) -> None:
    await talk.say("/start")
    talk.world.market.reachable = False
    assert "can't be reached" in plain(await talk.say("/chart btc"))
    assert "Status at" in plain(await talk.say("/status"))
