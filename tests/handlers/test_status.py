"""/status, the sign of life, and /why."""

from dataclasses import replace
from datetime import timedelta

from agents.decision.rules import Check, parse_rule
from agents.domain.decision import Action, Decision, ModelCall, Snapshot
from agents.domain.market import MarketState
from handlers.status import condition
from handlers.why import conditions
from tests.support.conversation import Conversation, plain


async def test_what_is_watched_and_how_near(talk: Conversation) -> None:
    await talk.strategy(side="long", entry_short=None)
    said = plain(await talk.say("/status"))
    assert "🟢 Market scripted is live." in said
    assert "👁 #1 Dips · 5m" in said
    assert "◻️ rsi(14) 48.21, waits for < 35; next look in 4:59" in said


async def test_both_sides_are_watched(talk: Conversation) -> None:
    await talk.strategy()
    said = plain(await talk.say("/status"))
    assert "BTC/USDT long" in said and "BTC/USDT short" in said


def test_conditions_in_words() -> None:
    assert condition(Check("rsi(14)", 31.2, "< 35", True)) == "✅ rsi(14) 31.2, wanted < 35"
    unknown = Check("ema(9)", None, "crosses above ema(21)", None, 61234.56)
    assert condition(unknown) == "❔ ema(9) unknown, waits for crosses above ema(21) (61,234.6)"


async def test_missing_candles_are_named(talk: Conversation) -> None:
    talk.world.market.candles.clear()
    await talk.strategy()
    assert "BTC/USDT: ⚠️" in plain(await talk.say("/status"))


async def test_what_is_wrong_is_said(talk: Conversation) -> None:
    talk.health.append(("database", False, "the disk is full"))
    talk.health.append(("model", True, "ready"))
    talk.world.market.state = MarketState.RECONNECTING
    said = plain(await talk.say("/status"))
    assert "🟠 Market scripted is reconnecting" in said
    assert "⚠️ database: the disk is full" in said and "model" not in said


async def test_an_old_price_is_said_where_something_is_watched(talk: Conversation) -> None:
    talk.world.clock.advance(600)
    assert "⚪ Market scripted is there" in plain(await talk.say("/status"))
    await talk.strategy()
    assert "🟠 Market scripted: the last price is 10 minutes old." in plain(
        await talk.say("/status")
    )
    await talk.say("/pause 1")
    assert "⚪ Market scripted is there" in plain(await talk.say("/status"))


async def test_a_market_with_a_time_of_its_own_says_it(talk: Conversation) -> None:
    talk.world.clock.wait(7200)
    assert "its time is 12:00" in plain(await talk.say("/status"))


async def test_positions_and_proposals_are_there(talk: Conversation) -> None:
    await talk.position()
    await talk.proposal()
    talk.world.market.tick("60600")
    [reply] = await talk.say("/status")
    said = reply.words.plain()
    assert "#1 LONG BTC/USDT · paper" in said and "🟢 +" in said and "R\n" in said
    assert "now 60,600.00" in said and "stop 59,400.00 · target 61,200.00" in said
    assert "⏳ Waiting for you" in said and "#2 LONG BTC/USDT, expires in 14:5" in said
    assert [row[0].verb for row in reply.rows] == ["proposal", "close", "status"]
    [refreshed] = await talk.press("Refresh")
    assert refreshed.edits


async def test_paused_ones_say_why(talk: Conversation) -> None:
    await talk.strategy()
    await talk.say("/pause 1")
    assert "⏸ #1 Dips is paused: paused by you" in plain(await talk.say("/status"))


async def test_many_strategies_are_paged(talk: Conversation) -> None:
    for _ in range(15):
        await talk.strategy()
    [reply] = await talk.say("/status")
    assert "Page 1 of 2" in reply.words.plain() and len(reply.words.plain()) < 2000
    assert "#15 Dips" in plain(await talk.press("More"))


async def test_a_page_of_long_rules_fits_a_message(talk: Conversation) -> None:
    rule = " and ".join(f"rsi({number}) < {number}.123456 * ema(200)@4h" for number in range(2, 40))
    for _ in range(3):
        await talk.strategy(
            entry_long=rule, entry_short=rule, symbols=[f"C{number}/USDT" for number in range(20)]
        )
    for command in ("/status", "/strategies", "/why c1"):
        for reply in await talk.say(command):
            assert len(reply.words.plain()) < 2000


# --- /why ---------------------------------------------------------------------------------------


async def decide(talk: Conversation, strategy, minutes: int, action: Action, rsi: float, why: str):
    closed = talk.world.clock.now() + timedelta(minutes=minutes)
    snapshot = Snapshot("BTC/USDT", "5m", closed, {"rsi(14)": rsi})
    made = Decision(
        strategy.id,
        strategy.owner_id,
        strategy.version,
        "BTC/USDT",
        "5m",
        closed,
        action,
        why,
        closed,
    )
    [stored] = await talk.desk.memory.decisions.store([snapshot], [made])
    return stored


async def test_why_nothing_happened(talk: Conversation) -> None:
    assert "nothing was decided" in plain(await talk.say("/why"))
    strategy = await talk.strategy()
    assert "No candle has closed" in plain(await talk.say("/why"))
    await decide(talk, strategy, 0, Action.HOLD, 41.2, "rsi(14) 41.2, waits for < 35")
    said = plain(await talk.say("/why"))
    assert "12:00 BTC/USDT ◻️ held: rsi(14) 41.2, waits for < 35" in said


async def test_why_a_symbol(talk: Conversation) -> None:
    strategy = await talk.strategy()
    await decide(talk, strategy, 0, Action.MISSED, 50, "nobody was looking")
    await decide(talk, strategy, 5, Action.BLOCKED, 50, "a gap of 3 candles")
    await decide(talk, strategy, 10, Action.HOLD, 41.2, "")
    said = plain(await talk.say("/why BTCUSDT"))
    assert said.index("12:10") < said.index("12:05") < said.index("12:00")
    assert "was missed: nobody was looking" in said and "was blocked" in said
    assert "❌ rsi(14) 41.2  < 35" in said and "❌ rsi(14) 41.2  > 65" in said


async def test_why_an_unknown_symbol(talk: Conversation) -> None:
    assert "no market called 'FOO'" in plain(await talk.say("/why FOO"))
    assert "Nothing was decided about ETH/USDT yet" in plain(await talk.say("/why eth"))


async def test_why_a_proposal(talk: Conversation) -> None:
    proposal = await talk.proposal()
    snapshot = Snapshot("BTC/USDT", "5m", proposal.closed, {"rsi(14)": 31.2})
    await talk.desk.memory.decisions.store([snapshot], [])
    await talk.press("Approve")
    await talk.world.tick("60000")
    said = plain(await talk.say(f"/why #{proposal.id}"))
    assert "✅ rsi(14) 31.2  < 35" in said and "> 65" not in said
    assert "✅ Approved at 12:00 · filled at" in said and "Trade #1 is open from" in said
    await talk.world.tick("61300")
    await talk.world.tick("61300")
    assert "USDT, +1.89R" in plain(await talk.say(f"/why {proposal.id}"))


async def test_why_names_the_model(talk: Conversation) -> None:
    strategy = await talk.strategy()
    at = talk.world.clock.wall()
    call = await talk.desk.memory.model_calls.add(
        ModelCall(
            "advise",
            "claude-x",
            strategy.owner_id,
            strategy.id,
            at,
            "timeout",
            1200,
            error="no answer in 20 s",
        )
    )
    decision = await decide(talk, strategy, 0, Action.HOLD, 31.2, "the model gave no usable answer")
    await talk.desk.memory.decisions.store([], [])
    proposal = await talk.world.propose(strategy)
    rows = talk.world.database.table("decisions")
    rows.put(
        proposal.decision_id, replace(decision, id=proposal.decision_id, model_call_id=call.id)
    )
    said = plain(await talk.say("/why 1"))
    assert "Model claude-x: timeout, 1,200 tokens, $0." in said and "no answer in 20 s" in said


def test_each_condition_with_its_value() -> None:
    rule = parse_rule(
        "rsi(14) < 35 and not (close > ema(200)) and rsi(14) between 20 and 40 "
        "and ema(9) crosses above ema(21)",
        "5m",
    )
    values = {"rsi(14)": 31.2, "close": 60000.0, "ema(200)": 61000.0, "ema(9)": None}
    assert list(conditions(rule, values)) == [
        "✅ rsi(14) 31.2  < 35",
        "✅ close 60,000  not > ema(200)",
        "✅ rsi(14) 31.2  between 20 and 40",
        "• ema(9) unknown  crosses above ema(21)",
    ]
