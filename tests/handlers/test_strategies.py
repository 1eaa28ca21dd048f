"""Strategies: activated, edited, paused, resumed, archived; and lists of them."""

import pytest

from agents.domain.strategy import RunKind, StrategyState
from handlers import texts
from handlers.strategies import next_look
from tests.support.conversation import Conversation, buttons, plain

SENTENCE = "Buy BTC on 5m when RSI(14) drops below 35, stop 1%, target 2R, risk 1%"


async def only(talk: Conversation):
    [strategy] = await talk.desk.memory.strategies.of((await talk.user()).id)
    return strategy


async def test_activate(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    [card] = await talk.press("Activate")
    assert card.edits and card.card == "strategy:1"
    assert "🟢 Active" in card.words.plain() and "next look in" in card.words.plain()
    assert (await only(talk)).state is StrategyState.ACTIVE
    labels = [button.label for button in buttons(card)]
    assert "⏸ Pause" in labels and "▶️ Activate" not in labels


async def test_activate_twice_says_what_is_true(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    button = talk.button("Activate")
    await talk.tap(button)
    assert "is active already" in plain(await talk.tap(button))
    assert "is active already" in plain(await talk.tap(button, late=900))
    assert (await only(talk)).state is StrategyState.ACTIVE


async def test_a_late_activate_asks_first(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    said = await talk.press("Activate", late=900)
    assert "You tapped Activate 15 minutes ago" in plain(said) and "draft now" in plain(said)
    assert (await only(talk)).state is StrategyState.DRAFT
    done = await talk.press("Yes, activate")
    assert done[0].edits and not done[0].rows
    assert (await only(talk)).state is StrategyState.ACTIVE


async def test_discard(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    [card] = await talk.press("Discard")
    assert "Discarded" in card.words.plain() and card.rows == ()
    assert (await only(talk)).state is StrategyState.ARCHIVED


async def test_an_old_version_is_not_activated(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    old = talk.button("Activate")
    await talk.press("Edit")
    await talk.say("stop 2%")
    await talk.press("Yes")
    said = await talk.tap(old)
    assert "version 1; this is version 2" in plain(said)
    assert (await only(talk)).state is StrategyState.DRAFT
    assert said[-1].card == "strategy:1" and "stop: 2%" in plain(said)


async def test_words_that_nobody_can_judge_are_not_activated(talk: Conversation) -> None:
    await talk.say("buy btc on 15m when it looks strong, stop 1%, target 2R")
    if buttons(*talk.shown)[-1].verb == "pick":
        pytest.skip("the reader asks for the rule itself")
    said = plain(await talk.press("Activate"))
    assert "no model is connected" in said
    assert (await only(talk)).state is StrategyState.DRAFT


# --- editing ------------------------------------------------------------------------------------


async def test_an_edit_shows_the_difference_and_asks(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    await talk.press("Edit")
    [asked] = await talk.say("stop 2%, target 3R")
    said = asked.words.plain()
    assert "- 1%\n+ 2%" in said and "2R" in said and "3R" in said
    assert (await only(talk)).version == 1
    done = await talk.press("Yes")
    assert "version 2" in plain(done) and done[-1].card == "strategy:1"
    strategy = await only(talk)
    assert (strategy.version, strategy.spec.stop) == (2, "2%")
    assert strategy.sentence == f"{SENTENCE}\nstop 2%, target 3R"
    before = await talk.desk.memory.strategies.spec_at(strategy.owner_id, strategy.id, 1)
    assert before.stop == "1%"


async def test_no_leaves_everything(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    await talk.press("Edit")
    await talk.say("stop 2%")
    assert texts.NOTHING_DONE in plain(await talk.say("no"))
    assert (await only(talk)).version == 1


async def test_what_changes_nothing_is_asked_again(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    await talk.press("Edit")
    assert "nothing to change" in plain(await talk.say("make it purple"))
    await talk.say("stop 2%")
    await talk.say("yes")
    assert (await only(talk)).spec.stop == "2%"


@pytest.mark.parametrize("said", ["exit 3R", "close all", "pause"])
async def test_an_order_among_the_words_of_an_edit_is_part_of_it(
    talk: Conversation, said: str
) -> None:
    await talk.say(SENTENCE)
    await talk.press("Edit")
    answer = plain(await talk.say(said))
    assert "no open positions" not in answer and "no active" not in answer
    assert "Status at" in plain(await talk.say("status"))


async def test_an_edit_of_what_has_changed_is_refused(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    await talk.press("Edit")
    await talk.say("stop 2%")
    yes = talk.button("Yes")
    strategy = await only(talk)
    assert await talk.desk.memory.strategies.revise(
        strategy.owner_id, strategy.id, 1, strategy.spec, "other", talk.world.clock.now()
    )
    assert "changed in the meantime" in plain(await talk.tap(yes))
    assert (await only(talk)).spec.stop == "1%"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("call it Dips & <Rips>", "Dips & <Rips>"),
        ("rename to שלום", "שלום"),
        ("name: 🚀 rocket", "🚀 rocket"),
        ("call it " + "x" * 200, "x" * 40),
    ],
)
async def test_rename(talk: Conversation, said: str, name: str) -> None:
    await talk.say(SENTENCE)
    await talk.press("Edit")
    assert name in plain(await talk.say(said))
    assert (await only(talk)).name == name
    assert name in plain(await talk.say("/strategies 1"))


async def test_edit_survives_a_restart(talk: Conversation) -> None:
    await talk.say(SENTENCE)
    await talk.press("Edit")
    await talk.start()
    await talk.say("stop 2%")
    await talk.start()
    await talk.press("Yes")
    assert (await only(talk)).spec.stop == "2%"


# --- pausing ------------------------------------------------------------------------------------


async def test_pause_and_resume_by_number(talk: Conversation) -> None:
    await talk.strategy()
    assert "is paused" in plain(await talk.say("/pause 1"))
    assert (await only(talk)).state is StrategyState.PAUSED
    assert "no active strategy" in plain(await talk.say("/pause"))
    assert "paused by you" in plain(await talk.say("/strategies"))
    assert "active again" in plain(await talk.say("/resume"))
    assert (await only(talk)).state is StrategyState.ACTIVE
    assert "is active already; nothing was changed" in plain(await talk.say("/resume 1"))
    assert (await only(talk)).state is StrategyState.ACTIVE


async def test_pause_cancels_what_waits(talk: Conversation) -> None:
    await talk.proposal()
    await talk.say("/pause")
    [card] = await talk.told()
    assert "🚫 Cancelled" in card.words.plain() and card.rows == ()


async def test_which_one_is_asked(talk: Conversation) -> None:
    await talk.strategy()
    await talk.strategy()
    assert "/pause 2" in plain(await talk.say("/pause"))
    await talk.say("/pause all")
    states = {one.state for one in await talk.desk.memory.strategies.of(1)}
    assert states == {StrategyState.PAUSED}
    assert "Which one do you mean" in plain(await talk.say("/resume dips"))


@pytest.mark.parametrize("said", ["9", "#9", "nothing like it", "-1", "٣"])
async def test_an_unknown_strategy_is_said(talk: Conversation, said: str) -> None:
    await talk.strategy()
    assert "/strategies lists them" in plain(await talk.say(f"/pause {said}"))


async def test_buttons_of_a_card(talk: Conversation) -> None:
    await talk.strategy()
    await talk.say("/strategies 1")
    assert "Trade once" in str(buttons(*await talk.press("Pause"), *await talk.press("Resume")))
    [card] = await talk.press("Trade once")
    assert "one trade, then it pauses" in card.words.plain()
    assert (await only(talk)).run is RunKind.ONCE
    await talk.press("Keep trading")
    assert (await only(talk)).run is RunKind.CONTINUOUS
    [card] = await talk.press("Archive")
    assert card.rows == () and "Archived" in card.words.plain()
    assert "is archived already" in plain(await talk.tap_data("archive:1:1"))
    assert "is archived already" in plain(await talk.tap_data("pause:1:1"))
    assert "archived" in plain(await talk.tap_data("edit:1:1"))


async def test_the_list_is_paged(talk: Conversation) -> None:
    for _ in range(14):
        await talk.strategy()
    [first] = await talk.say("/strategies")
    assert "Strategies (14)" in first.words.plain() and "Page 1 of 3" in first.words.plain()
    [second] = await talk.press("More")
    assert second.edits and "#7 Dips" in second.words.plain()
    [card] = await talk.press("#12")
    assert card.card == "strategy:12"


async def test_next_look_counts_peoples_seconds(talk: Conversation) -> None:
    strategy = await talk.strategy()
    talk.world.clock.wait(100)
    assert "next look in 4:59" in next_look(talk.desk, strategy)


@pytest.mark.parametrize("which", ["1", "#1", "Dips"])
async def test_pause_twice_stays_paused_and_resume_twice_stays_active(
    talk: Conversation, which: str
) -> None:
    await talk.strategy()
    states = []
    for command in ("/pause", "/pause", "/resume", "/resume"):
        said = plain(await talk.say(f"{command} {which}"))
        [strategy] = await talk.desk.memory.strategies.of(1)
        states.append((strategy.state, "already" in said))
    paused, active = StrategyState.PAUSED, StrategyState.ACTIVE
    assert states == [(paused, False), (paused, True), (active, False), (active, True)]
