"""From a sentence to a draft: what was understood, what is asked, one thing at a time."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from agents.domain.risk import Limits
from agents.domain.strategy import Mode, Sides, StrategyState
from agents.domain.symbols import DEFAULT_UNIVERSE
from handlers import texts
from handlers.chat import Style
from tests.support.conversation import ADA, Conversation, buttons, conversation, plain
from tests.support.desk import World

WHOLE = "Long ETH on 1m when ema 9 crosses above ema 21, stop 0.8%, target 1.5R, risk 0.4%"
MANAGED = (
    f"{WHOLE}, sell half when RSI(14) is above 70, move the stop to entry when RSI(14) is above 60"
)
NO_TIMEFRAME = "long ETH when the 9 ema crosses above the 21 ema, stop 1%, target 2R"


async def drafts(talk: Conversation):
    return await talk.desk.memory.strategies.of((await talk.user()).id)


async def test_a_sentence_becomes_a_draft(talk: Conversation) -> None:
    [card] = await talk.say(WHOLE)
    [draft] = await drafts(talk)
    assert draft.state is StrategyState.DRAFT and draft.mode is Mode.PAPER
    assert draft.spec.symbols == ("ETH/USDT",) and draft.spec.side is Sides.LONG
    assert draft.spec.stop == "0.8%" and draft.spec.risk_percent == Decimal("0.4")
    assert draft.sentence == WHOLE
    assert card.card == f"strategy:{draft.id}"
    assert [button.label for button in buttons(card)] == ["▶️ Activate", "✏️ Edit", "🗑 Discard"]


async def test_the_card_shows_all_that_was_understood(talk: Conversation) -> None:
    [card] = await talk.say(WHOLE)
    said = card.words.plain()
    assert said.startswith("📄 Paper · #1 ETH long 1m")
    for part in (
        "ETH/USDT · long · 1m candles",
        "Enter long when EMA(9) crosses above EMA(21).",
        "Risk 0.4% a trade = 40.00 of 10,000.00 USDT · leverage 1x · 1 position at most",
    ):
        assert part in said
    [rules] = [span.text for span in card.words.spans if span.style is Style.PRE]
    assert rules == "entry long: ema(9) crosses above ema(21)\nstop: 0.8%\ntarget: 1.5R"


async def test_the_card_shows_what_is_done_with_an_open_trade(talk: Conversation) -> None:
    [card] = await talk.say(MANAGED)
    said = card.words.plain()
    for part in (
        "Close 50% of what is open when RSI(14) is above 70, once a trade.",
        "Move the stop to the entry when RSI(14) is above 60, once a trade.",
    ):
        assert part in said
    [draft] = await drafts(talk)
    assert [str(step) for step in draft.spec.manage] == [
        "close 50% when rsi(14) > 70",
        "stop to entry when rsi(14) > 60",
    ]


@pytest.mark.parametrize("sentence", ["whole", "managed"])
async def test_the_rule_text_of_a_card_drafts_the_same_again(
    talk: Conversation, sentence: str
) -> None:
    [card] = await talk.say({"whole": WHOLE, "managed": MANAGED}[sentence])
    [rules] = [span.text for span in card.words.spans if span.style is Style.PRE]
    await talk.say(f"/new\nETH/USDT 1m\n{rules}\nrisk 0.4%")
    first, second = await drafts(talk)
    assert first.spec == second.spec


@pytest.mark.parametrize(
    ("label", "symbol"), [("Buy BTC", "BTC"), ("Short SOL", "SOL"), ("Long ETH", "ETH")]
)
async def test_an_example_is_drafted_as_if_it_was_typed(
    talk: Conversation, label: str, symbol: str
) -> None:
    await talk.say("/start")
    replies = await talk.press(label)
    asked = "Which coin" in plain(replies) or "no market" in plain(replies)
    assert asked if symbol == "SOL" else f"#1 {symbol}" in plain(replies)


async def test_assumptions_and_refusals_are_listed(talk: Conversation) -> None:
    said = plain(await talk.say("long btc 15m rsi < 30 use 500x, sl 1% tp 2%, wagyu beef"))
    assert "Refused:" in said and "500" in said
    assert "Not used:" in said and "wagyu" in said
    assert "Assumed:" in said


async def test_what_the_desk_allows_less_of_is_said() -> None:
    talk = await conversation(world=World(limits=Limits(risk_percent=Decimal("0.3"))))
    said = plain(await talk.say("long btc 15m rsi(14) < 30 10x, sl 1% tp 2%, risk 1%"))
    assert "this desk limits risk to 0.3% and leverage to 5x" in said


# --- what is missing ----------------------------------------------------------------------------


async def test_what_is_missing_is_asked_with_suggestions(talk: Conversation) -> None:
    [asked] = await talk.say(NO_TIMEFRAME)
    assert "timeframe" in asked.words.plain()
    assert "👉 5m" in [button.label for button in buttons(asked)]
    assert await drafts(talk) == []


async def test_a_tap_answers(talk: Conversation) -> None:
    await talk.say(NO_TIMEFRAME)
    await talk.press("15m")
    [draft] = await drafts(talk)
    assert draft.spec.timeframe == "15m"


async def test_a_word_answers_after_a_restart(talk: Conversation) -> None:
    await talk.say(NO_TIMEFRAME)
    await talk.world.kill()
    await talk.start()
    await talk.say("1h")
    [draft] = await drafts(talk)
    assert draft.spec.timeframe == "1h" and draft.spec.stop == "1%"


async def test_one_thing_after_another(talk: Conversation) -> None:
    await talk.say("buy btc")
    answers = {"timeframe": "5m", "stop": "1%", "when": "rsi(14) < 30", "profit": "2R", "out": "2R"}
    for _ in range(6):
        asked = talk.shown[-1].words.plain().partition("❓")[2].split("\n")[0].lower()
        if not asked:
            break
        await talk.say(next(answers[word] for word in answers if word in asked))
    [draft] = await drafts(talk)
    assert (draft.spec.timeframe, draft.spec.stop) == ("5m", "1%")
    assert draft.spec.entry_long == "rsi(14) < 30"


async def test_a_button_of_an_earlier_question_answers_nothing(talk: Conversation) -> None:
    await talk.say(NO_TIMEFRAME)
    old = talk.button("15m")
    await talk.say("/cancel")
    assert plain(await talk.tap(old)) == texts.OVER
    await talk.say("short btc when rsi > 70, stop 1%, target 2R")
    assert plain(await talk.tap(old)) == texts.OVER
    assert await drafts(talk) == []


async def test_a_command_in_between_leaves_the_question(talk: Conversation) -> None:
    await talk.say(NO_TIMEFRAME)
    assert "Status at" in plain(await talk.say("/status"))
    await talk.say("5m")
    assert len(await drafts(talk)) == 1


async def test_a_new_sentence_replaces_the_question(talk: Conversation) -> None:
    await talk.say(NO_TIMEFRAME)
    said = plain(await talk.say(WHOLE))
    assert "I dropped the earlier one." in said and "#1 ETH long 1m" in said
    await talk.say("5m")
    assert len(await drafts(talk)) == 1


async def test_cancel_ends_the_question(talk: Conversation) -> None:
    await talk.say(NO_TIMEFRAME)
    assert "Cancelled" in plain(await talk.say("/cancel"))
    assert "nothing to cancel" in plain(await talk.say("/cancel"))


async def test_an_answer_that_is_no_answer_is_asked_again(talk: Conversation) -> None:
    await talk.say(NO_TIMEFRAME)
    assert "❓" in plain(await talk.say("purple"))
    assert "5,001 characters" in plain(await talk.say("y" * 5001))
    assert await drafts(talk) == []


async def test_places_have_questions_of_their_own(talk: Conversation) -> None:
    await talk.say(NO_TIMEFRAME)
    assert texts.NOT_A_STRATEGY in plain(await talk.say("5m", chat="elsewhere"))
    await talk.say("5m")
    assert len(await drafts(talk)) == 1


# --- rules, symbols -----------------------------------------------------------------------------


async def test_a_wrong_rule_is_pointed_at(talk: Conversation) -> None:
    [said] = await talk.say("BTC/USDT 5m\nentry long: rsi(14 < 30\nstop: 1%\ntarget: 2R")
    marked = said.words.spans[-1]
    assert marked.style is Style.PRE and "^" in marked.text and "rsi(14 < 30" in marked.text
    assert await drafts(talk) == []


async def test_an_unknown_symbol_gets_suggestions(talk: Conversation) -> None:
    said = plain(await talk.say("buy BTTC on 5m when rsi(14) < 30, stop 1%, target 2R"))
    assert "BTTC" in said and "BTC/USDT" in said + str(buttons(*talk.shown))


@pytest.mark.parametrize("spelling", ["BTCUSDT", "btc/usdt", "BTC-PERP", "$btc", "bitcoin", "XBT"])
async def test_every_spelling_is_the_same_symbol(talk: Conversation, spelling: str) -> None:
    await talk.say(f"buy {spelling} on 5m when rsi(14) < 30, stop 1%, target 2R")
    [draft] = await drafts(talk)
    assert draft.spec.symbols == ("BTC/USDT",)


async def test_an_update_that_comes_twice_drafts_once(talk: Conversation) -> None:
    await talk.say("/start")
    update = talk.incoming(ADA, text=WHOLE)
    first, again = await talk.handle(update), await talk.handle(update)
    assert first == again
    assert len(await drafts(talk)) == 1


async def test_every_sample_sentence_gets_an_answer(shared_data: Path) -> None:
    """Whatever traders type: a draft, a question or a hint, and each card fits."""
    talk = await conversation(world=World(instruments=DEFAULT_UNIVERSE.instruments))
    lines = (shared_data / "text" / "sentences.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        sentence = json.loads(line)["text"]
        assert await talk.say(sentence), sentence
        await talk.say("/cancel")
    assert len(await drafts(talk)) > len(lines) / 2


async def test_a_sentence_with_an_unknown_coin_is_not_mixed_with_the_one_before(
    talk: Conversation,
) -> None:
    await talk.say("buy when rsi(14) < 35 on 5m, stop 1%, target 2R")
    said = plain(await talk.say("Buy DOGGO on 1h when rsi(14) < 30, stop 2%, target 3R"))
    assert "I dropped the earlier one" in said
    assert "rsi(14) < 30" in said and "rsi(14) < 35" not in said
