"""Signals in the conversation: where is listened, what is brought, what is told, what is tapped."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.grants import Feature
from agents.domain.heard import HeardState
from agents.domain.position import PositionState
from agents.domain.strategy import RunKind, Sides, StrategyState
from agents.domain.user import Hearing, Identity, Membership, Place, Standing
from handlers.chat import Reply
from handlers.router import Router
from tests.support.conversation import ADA, Conversation, buttons, conversation, plain
from tests.support.signals import rising

D = Decimal
GROUP = Place("chatter", "-100")
EVE = Identity("chatter", "eve")
TEXT = """📡 VIP #BTCUSDT LONG
Entry: 59900 - 60100
Targets: 60600 - 61200
Stop loss: 59400
Leverage: 20x"""


async def talking(**more: Any) -> Conversation:
    talk = await conversation(**more)
    await talk.user()
    rising(talk.world)
    talk.world.market.tick("60000")
    return talk


def seated(talk: Conversation, who: Identity, as_: Membership, place: Place = GROUP) -> None:
    talk.people.known[place, who] = Standing("Calls", "group", True, as_, True)


async def in_group(talk: Conversation, text: str, who: Identity = ADA, **more: Any) -> list[Reply]:
    told = {"private": False, "addressed": text.startswith("/"), **more}
    number = str(more.pop("message_id", 900 + talk._said))
    return await talk.say(text, who, chat=GROUP.chat, **{**told, "message_id": number})


async def listening(talk: Conversation) -> None:
    seated(talk, ADA, Membership.ADMIN)
    said = plain(await in_group(talk, "/listen"))
    assert "I read the signals of Calls from now on" in said, said


async def overheard(talk: Conversation, text: str, **more: Any) -> list[Reply]:
    """What a member says in the group, and what is told to Ada of it."""
    assert await in_group(talk, text, EVE, **more) == []
    await talk.desk.signals.idle()
    return await talk.told()


async def strategies(talk: Conversation) -> Sequence[Any]:
    return await talk.desk.memory.strategies.of((await talk.user()).id)


# --- where is listened ----------------------------------------------------------------------------


async def test_listen_makes_a_strategy_that_only_proposes() -> None:
    talk = await talking()
    await listening(talk)
    [strategy] = await strategies(talk)
    assert (strategy.run, strategy.state) == (RunKind.ON_SIGNAL, StrategyState.ACTIVE)
    said = plain(await talk.say("/strategies 1"))
    assert "any coin · long and short" in said and "Runs: on signals that come in" in said
    assert "Trade once" not in "".join(one.label for one in buttons(*talk.shown))
    assert "waits for signals" in plain(await talk.say("/status"))
    assert "any coin" in plain(await talk.say("/strategies"))
    assert "already" in plain(await in_group(talk, "/listen"))
    assert len(await strategies(talk)) == 1


@pytest.mark.parametrize("as_", [Membership.MEMBER, Membership.ABSENT])
async def test_only_who_runs_the_group_decides(as_: Membership) -> None:
    talk = await talking()
    seated(talk, ADA, as_)
    assert "Only an administrator of Calls" in plain(await in_group(talk, "/listen"))
    assert "Only an administrator" in plain(await in_group(talk, "/listen off"))
    assert "Only an administrator" in plain(await in_group(talk, "/listen risk 2%"))
    assert await talk.desk.memory.heard.listeners(GROUP) == []
    assert not await strategies(talk)


async def test_strangers_get_no_answer() -> None:
    talk = await talking()
    seated(talk, EVE, Membership.OWNER)
    assert await in_group(talk, "/listen", EVE) == []
    assert await talk.desk.memory.heard.listeners(GROUP) == []


@pytest.mark.parametrize(
    ("hears", "said", "listens"),
    [
        (Hearing.ALL, "from now on", 1),
        (Hearing.STAFF, "make me an administrator", 1),
        (Hearing.NEVER, "not shown what people write in Calls", 0),
    ],
)
async def test_it_says_where_it_is_shown_nothing(hears: Hearing, said: str, listens: int) -> None:
    talk = await talking()
    known = Standing("Calls", "group", True, Membership.ADMIN, True, hears)
    talk.people.known[GROUP, ADA] = known
    assert said in plain(await in_group(talk, "/listen"))
    assert len(await talk.desk.memory.heard.listeners(GROUP)) == listens


async def test_off_ends_it_there_and_in_private() -> None:
    talk = await talking()
    await listening(talk)
    assert "1. Calls" in plain(await talk.say("/listen"))
    assert "no more signals of Calls" in plain(await in_group(talk, "/listen off"))
    assert "no signals here" in plain(await in_group(talk, "/listen off"))
    await listening(talk)
    assert "no signals there" in plain(await talk.say("/listen off 7"))
    assert "no more signals of Calls" in plain(await talk.say("/listen off 1"))
    assert await overheard(talk, TEXT) == []


async def test_a_channel_is_named_in_private() -> None:
    talk = await talking()
    place = Place("chatter", "-300")
    assert "I don't see" in plain(await talk.say("/listen @calls"))
    talk.people.names["@calls"] = place
    assert "Only an administrator" in plain(await talk.say("/listen @calls"))
    seated(talk, ADA, Membership.OWNER, place)
    assert "from now on" in plain(await talk.say("/listen @calls"))
    [listen] = await talk.desk.memory.heard.listeners(place)
    assert listen.title == "Calls"


# --- what is heard --------------------------------------------------------------------------------


async def test_a_members_signal_is_told_quietly_and_proposed() -> None:
    talk = await talking()
    await listening(talk)
    await talk.told()
    replies = await overheard(talk, TEXT)
    card, heard = replies
    assert "LONG BTC/USDT" in card.words.plain() and buttons(card)
    words = heard.words.plain()
    assert words.startswith("📡 Heard: LONG BTC/USDT from Calls")
    assert "Score " in words and "(trend " in words and "→ proposed as #1" in words
    assert heard.silent and not buttons(heard) and heard.replies_to == "proposal:1"
    assert "your cap of 5x holds" in card.words.plain()
    assert not talk.world.orders


async def test_no_candle_brings_it_again_and_the_card_does_not_say_so() -> None:
    talk = await talking()
    await listening(talk)
    await talk.told()
    card, _ = await overheard(talk, TEXT)
    labels = [one.label for one in buttons(card)]
    assert "🔎 Details" in labels and not any("Next candle" in label for label in labels)
    said = plain(await talk.tap_data("next_candle:1:1"))
    assert "no candle brings it again" in said
    assert talk.world.proposals[0].state == "pending"


async def test_its_notices_are_switched_off_in_words() -> None:
    talk = await talking()
    await listening(talk)
    await talk.told()
    assert "Signals heard: off" in plain(await talk.say("/settings signals off"))
    assert "Heard:" not in plain(await overheard(talk, TEXT))
    assert len(talk.world.proposals) == 1


async def test_chatter_is_left_alone() -> None:
    talk = await talking()
    await listening(talk)
    await talk.told()
    for words in ("gm everyone", "BTC to the moon 🚀", "what do you think of ETH?", "60000"):
        assert await overheard(talk, words) == []
    assert await talk.desk.memory.heard.recent((await talk.user()).id, 9) == []


async def test_where_nobody_listens_nothing_is_read() -> None:
    talk = await talking()
    assert await overheard(talk, TEXT) == []
    assert await talk.desk.memory.heard.recent((await talk.user()).id, 9) == []


async def test_one_that_makes_no_sense_is_dropped_with_the_reason() -> None:
    talk = await talking()
    await listening(talk)
    await talk.told()
    [reply] = await overheard(talk, TEXT.replace("59400", "61400"))
    assert "→ dropped: " in reply.words.plain() and reply.silent
    assert not talk.world.proposals
    assert "dropped" in plain(await talk.say("/listen"))


async def test_a_fault_while_overhearing_is_silent() -> None:
    talk = await talking()
    await listening(talk)
    talk.world.database.fails = OSError("disk full")
    assert await in_group(talk, TEXT, EVE) == []
    talk.world.database.fails = None


# --- what is brought ------------------------------------------------------------------------------


async def test_a_forwarded_signal_is_judged_and_answered() -> None:
    talk = await talking()
    answer = await talk.say(TEXT, forwarded="Whales")
    first, made = answer
    assert "from a message of Whales" in first.words.plain()
    assert "→ proposed as #1" in first.words.plain() and not first.silent
    assert "Strategy #1 Signals is made for this" in made.words.plain()
    told = plain(await talk.told())
    assert "Heard:" not in told and "LONG BTC/USDT" in told
    assert len(await talk.say(TEXT, forwarded="Whales")) == 1


async def test_a_forwarded_command_is_no_command() -> None:
    talk = await talking()
    position = await talk.position()
    for words in ("/panic", "/close all", "close everything", "yes"):
        said = plain(await talk.say(words, forwarded="Eve"))
        assert "I read no signal" in said or "no trade on that signal" in said
    assert len(await strategies(talk)) == 1
    assert talk.world.positions[0].id == position.id
    assert len(talk.world.orders) == 1


async def test_an_old_one_that_is_forwarded_has_expired() -> None:
    talk = await talking()
    written = talk.world.clock.wall().replace(year=2020)
    answer = plain(await talk.say(TEXT, forwarded="Whales", written_at=written))
    assert "→ dropped: expired" in answer and not talk.world.proposals


async def test_the_same_update_again_gives_the_same_answer() -> None:
    talk = await talking()
    first = await talk.say(TEXT, forwarded="Whales", key="u-again")
    again = await talk.say(TEXT, forwarded="Whales", key="u-again")
    assert again[0].words == first[0].words
    assert len(talk.world.proposals) == 1


async def test_a_pasted_signal_is_offered_and_judged_on_a_yes() -> None:
    talk = await talking()
    asked = await talk.say(TEXT)
    assert "That reads as a signal: LONG BTC/USDT" in plain(asked)
    assert not await strategies(talk)
    answer = plain(await talk.press("Judge it"))
    assert "→ proposed as #1" in answer


async def test_a_pasted_signal_may_be_a_strategy_or_nothing() -> None:
    talk = await talking()
    await talk.say(TEXT)
    await talk.press("Draft a strategy")
    assert "As a strategy" in plain(talk.shown)
    await talk.say("/cancel")
    await talk.say(TEXT)
    assert "nothing was done" in plain(await talk.press("No")).lower()
    assert "over" in plain(await talk.press("Judge it"))
    assert not talk.world.proposals


@pytest.mark.parametrize(
    "sentence",
    [
        "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%",
        "long btc above 65k, stop 63.5k, tp 70k and 75k",
        "Long ETH on 1m when ema 9 crosses above ema 21, stop 0.8%, target 1.5R",
    ],
)
async def test_a_strategy_is_still_drafted(sentence: str) -> None:
    talk = await talking()
    assert "reads as a signal" not in plain(await talk.say(sentence))


async def test_listen_test_judges_a_text() -> None:
    talk = await talking()
    assert "→ proposed as #1" in plain(await talk.say(f"/listen test {TEXT}"))
    assert "I read no signal" in plain(await talk.say("/listen test hello there"))
    assert "/listen test LONG" in plain(await talk.say("/listen test"))


async def test_without_a_market_it_is_stored_and_told_later() -> None:
    talk = await talking()
    talk.world.market.reachable = False
    said = plain(await talk.say(TEXT.replace("#BTCUSDT", "#BTC/USDT"), forwarded="Whales"))
    assert "judged as soon as the market answers" in said
    talk.world.market.reachable = True
    await talk.desk.signals.work()
    assert "→ " in plain(await talk.told())


# --- settings -------------------------------------------------------------------------------------


async def test_settings_are_said_in_words() -> None:
    talk = await talking()
    for words, shown in (
        ("risk 1%", "Risk 1% a trade"),
        ("only long BTC eth", "BTC/USDT, ETH/USDT · long"),
        ("leverage 3x", "leverage 3x at most"),
        ("positions 2", "2 positions at most"),
        ("on 1h", "judged on 1h candles"),
        ("above 60", "Proposed from a score of 60"),
        ("within 45m", "expired after 45 min"),
        ("words only with the trend", "Your words: only with the trend"),
    ):
        assert shown in plain(await talk.say(f"/listen {words}")), words
    [strategy] = await strategies(talk)
    spec = strategy.spec
    assert (spec.risk_percent, spec.side, spec.leverage) == (D(1), Sides.LONG, 3)
    assert spec.symbols == ("BTC/USDT", "ETH/USDT") and spec.guidance == "only with the trend"
    assert "any coin · long and short" in plain(await talk.say("/listen any"))
    overview = plain(await talk.say("/listen"))
    assert "score of 60" in overview and "Risk 1%" in overview


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("risk 50%", "at most 2%"),
        ("risk much", "/listen risk 0.5%"),
        ("risk 0", "more than 0%"),
        ("risk nan", "/listen risk 0.5%"),
        ("above 101", "from 0 to 100"),
        ("leverage 125x", "from 1 to 20"),
        ("positions 0", "from 1 to 20"),
        ("on 7m", "15m"),
        ("only QQQQ", "I know no market"),
        ("only", "Which ones?"),
        ("within 9999999", "from 1 to 1440"),
        ("louder", "/listen off"),
        ("risk -1%", "more than 0%"),
    ],
)
async def test_bad_settings_are_refused_in_a_sentence(words: str, said: str) -> None:
    talk = await talking()
    assert said in plain(await talk.say(f"/listen {words}"))


async def test_a_strategy_on_signals_keeps_its_kind() -> None:
    talk = await talking()
    await listening(talk)
    [strategy] = await strategies(talk)
    assert "runs on signals" in plain(await talk.tap_data(f"once:{strategy.id}:1"))
    assert (await strategies(talk))[0].run is RunKind.ON_SIGNAL
    await talk.say("/pause 1")
    assert "I judge each signal as it comes" in plain(await talk.say("/resume 1"))


async def test_it_is_edited_like_any_other() -> None:
    talk = await talking()
    await listening(talk)
    await talk.say("/strategies 1")
    await talk.press("Edit")
    await talk.say("stop 2%, risk 1%")
    await talk.press("Yes")
    [strategy] = await strategies(talk)
    assert (strategy.spec.stop, strategy.run) == ("2%", RunKind.ON_SIGNAL)


# --- updates to earlier ones ----------------------------------------------------------------------


async def trading(**more: Any) -> Conversation:
    """Ada's open trade on Eve's signal, message 41, and the price 300 higher."""
    talk = await talking(**more)
    await listening(talk)
    await overheard(talk, TEXT, message_id="41")
    await talk.press("Approve")
    await talk.world.tick("60000")
    await talk.world.tick("60300")
    await talk.told()
    assert talk.world.positions[0].state is PositionState.OPEN
    return talk


async def test_move_sl_to_entry_is_offered_and_done_by_a_tap() -> None:
    talk = await trading()
    [offer] = await overheard(talk, "move sl to entry", answers="41")
    assert "An update from Calls on #1 LONG BTC/USDT" in offer.words.plain() and offer.silent
    assert [one.label for one in buttons(offer)] == [
        "🛡 Move stop to entry",
        "✂️ Close half",
        "🔴 Close now",
        "🙈 Ignore",
    ]
    assert talk.world.positions[0].stop == D(59_400)
    [done] = await talk.press("Move stop to entry")
    position = talk.world.positions[0]
    assert position.stop == position.entry_price
    assert done.edits and not buttons(done) and "the stop was moved" in done.words.plain()
    assert "Stop is now" in plain(await talk.told())
    assert "answered before" in plain(await talk.press("Close now"))
    assert len(talk.world.orders) == 1


@pytest.mark.parametrize(("label", "orders"), [("Close half", 2), ("Close now", 2), ("Ignore", 1)])
async def test_the_other_buttons(label: str, orders: int) -> None:
    talk = await trading()
    await overheard(talk, "close now", answers="41")
    for _ in range(2):
        await talk.press(label)
    await talk.world.tick("60300")
    assert len(talk.world.orders) == orders


async def test_an_old_update_says_how_old_it_is() -> None:
    talk = await trading()
    [fresh] = await overheard(talk, "close now", answers="41")
    assert "That was said" not in fresh.words.plain()
    [old] = await overheard(talk, "close now", answers="41", late=7_200)
    assert "That was said 2 h" in old.words.plain() and buttons(old)


async def test_a_late_tap_does_nothing_and_says_so() -> None:
    talk = await trading()
    await overheard(talk, "close now", answers="41")
    assert "nothing was done" in plain(await talk.press("Close now", late=600))
    assert len(talk.world.orders) == 1
    await talk.press("Close now")
    assert len(talk.world.orders) == 2


async def test_somebody_elses_tap_finds_nothing() -> None:
    talk = await trading()
    await overheard(talk, "close now", answers="41")
    bob = await talk.stranger_in()
    button = talk.button("Close now")
    assert "not one of mine" in plain(await talk.tap(button, bob))
    assert len(talk.world.orders) == 1


async def test_an_update_without_a_trade_is_said_only_to_who_brought_it() -> None:
    talk = await talking()
    await listening(talk)
    await talk.told()
    assert await overheard(talk, "move sl to entry") == []
    said = plain(await talk.say("BTC: move sl to entry", forwarded="Whales"))
    assert "no trade on that signal is open" in said


async def test_a_forwarded_update_is_offered() -> None:
    talk = await trading()
    [offer] = await talk.say("#BTCUSDT move sl to entry", forwarded="Whales")
    assert buttons(offer) and not offer.silent


# --- why ------------------------------------------------------------------------------------------


async def test_the_card_of_a_signal_fits_below_its_picture() -> None:
    talk = await talking()
    await listening(talk)
    await overheard(talk, TEXT)
    [card] = [reply for reply in talk.shown if reply.picture]
    assert "Trend " in plain([card]) and "Structure " in plain([card])
    assert len(plain([card])) < 1024 - 100  # what a caption holds, with room for votes


async def test_why_and_details_show_pillars_and_text() -> None:
    talk = await talking()
    await listening(talk)
    await overheard(talk, TEXT)
    for said in (plain(await talk.say("/why 1")), plain(await talk.press("Details"))):
        assert "Judged on four pillars" in said
        for pillar in ("Trend ", "Momentum ", "Volume ", "Structure "):
            assert said.count(f"{pillar}") == 1, pillar
        assert "The signal, said" in said and "VIP #BTCUSDT LONG" in said
    assert "proposed a long" in plain(await talk.say("/why BTC"))


async def test_why_of_one_that_was_dropped() -> None:
    talk = await talking()
    await talk.say("/listen above 99")
    await talk.say(TEXT, forwarded="Whales")
    said = plain(await talk.say("/why BTC"))
    assert "held" in said and "from 99 on" in said and "rsi(14)" in said
    heard = (await talk.desk.memory.heard.recent((await talk.user()).id, 1))[0]
    assert heard.state is HeardState.DROPPED


# --- what the operator grants ---------------------------------------------------------------------


async def test_feeds_are_heard_by_whom_the_operator_let() -> None:
    talk = await talking()
    bob = await talk.stranger_in()
    talk.desk = replace(talk.desk, free_features=frozenset())
    talk.router = Router(talk.desk)
    seated(talk, bob, Membership.ADMIN)
    assert "the operator grants" in plain(await in_group(talk, "/listen", bob))
    owner = (await talk.user(bob)).id
    wall = talk.world.clock.wall()
    await talk.desk.memory.grants.grant(owner, Feature.FEEDS, 1, wall)
    assert "from now on" in plain(await in_group(talk, "/listen", bob))
    await in_group(talk, TEXT, EVE)
    assert len(await talk.desk.memory.heard.recent(owner, 9)) == 1
    await talk.desk.memory.grants.revoke(owner, Feature.FEEDS)
    await in_group(talk, TEXT, EVE)
    assert len(await talk.desk.memory.heard.recent(owner, 9)) == 1


async def test_own_words_are_not_said_in_a_group() -> None:
    talk = await talking()
    await listening(talk)
    await talk.say("/listen words never on my birthday")
    assert "birthday" in plain(await talk.say("/listen risk 0.4%"))
    said = plain(await in_group(talk, "/listen risk 0.5%"))
    assert "Risk 0.5%" in said and "birthday" not in said


async def test_where_else_is_listened_is_not_said_in_a_group() -> None:
    talk = await talking()
    await listening(talk)
    other = Place("chatter", "-101")
    seated(talk, ADA, Membership.ADMIN, other)
    said = plain(await talk.say("/listen off", private=False, chat=other.chat))
    assert "I read no signals here" in said and "Calls" not in said
