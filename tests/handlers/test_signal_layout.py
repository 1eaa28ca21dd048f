"""What a channel is told can be read by a program: the desk's own reader of signal texts."""

from decimal import Decimal
from hashlib import sha256

import pytest

from agents.domain.proposal import Trailing
from agents.domain.signal import SignalKind
from agents.domain.strategy import Side
from agents.domain.symbols import DEFAULT_UNIVERSE
from agents.execution.proposals.levels import PriceLevels
from agents.signals.reading import read_signal
from tests.handlers.test_publishing import delivered, desk
from tests.support.conversation import Conversation
from tests.support.desk import levels

D = Decimal
LONG = levels(targets=(("60600", "0.25"), ("61200", "0.35"), ("63000", "0.4")))
SHORT = levels(Side.SHORT, stop="60600", targets=(("58800", "1"),))
BARE = levels(targets=())
TRAILED = levels(trailing=Trailing(percent=D(2), breakeven_r=D(1)))
BEHIND = levels(trailing=Trailing(distance=D("310.5")))


async def published(plan: PriceLevels, symbol: str = "BTC/USDT") -> Conversation:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    [strategy] = talk.world.memory.rows("strategies")
    await talk.world.propose(strategy, plan, symbol=symbol)
    return talk


@pytest.mark.parametrize("plan", [LONG, SHORT, BARE, TRAILED, BEHIND])
async def test_a_post_says_what_is_proposed(plan: PriceLevels) -> None:
    talk = await published(plan)
    [post] = await delivered(talk)
    read = read_signal(post.words.plain(), await talk.world.market.universe())
    assert (read.kind, read.faults) == (SignalKind.SIGNAL, ())
    assert (read.symbol, read.side) == ("BTC/USDT", plan.side)
    assert (read.entries, read.stop, read.leverage) == ((plan.price,), plan.stop, D(5))
    assert [target.price for target in read.targets] == [target.price for target in plan.targets]
    if len(plan.targets) > 1:
        percent = [one.share * 100 for one in plan.targets]
        assert [target.share for target in read.targets] == percent


async def test_a_post_that_is_over_is_not_taken_for_a_new_signal() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    [strategy] = talk.world.memory.rows("strategies")
    await talk.world.opened(strategy, LONG)
    for price in ("60600", "60600", "61200", "61200", "63000", "63000"):
        await talk.world.tick(price)
    *_, redrawn, _ = await delivered(talk)
    read = read_signal(redrawn.words.plain(), await talk.world.market.universe())
    assert (read.kind, read.symbol, read.faults) == (SignalKind.UPDATE, "BTC/USDT", ())


async def test_what_follows_is_read_as_news_of_it() -> None:
    talk = await desk()
    await talk.say("/publish 1 @signals")
    [strategy] = talk.world.memory.rows("strategies")
    await talk.world.opened(strategy, LONG)
    for price in ("60600", "60600", "59400", "59400"):
        await talk.world.tick(price)
    universe = await talk.world.market.universe()
    replies = [one for one in await delivered(talk) if one.replies_to]
    kinds = [read_signal(one.words.plain(), universe).kind for one in replies]
    assert SignalKind.SIGNAL not in kinds
    assert kinds[1:] == [SignalKind.UPDATE] * 3


def test_no_hash_is_taken_for_a_level() -> None:
    """The record's head stands in the post, and looks like numbers here and there."""
    for seed in range(300):
        shown = sha256(str(seed).encode()).hexdigest()[:32]
        text = f"BTC/USDT LONG\nEntry: 60000\nTarget 1: 61200\nStop: 59400\n#1 · record {shown}…"
        read = read_signal(text, DEFAULT_UNIVERSE)
        assert (read.kind, read.faults) == (SignalKind.SIGNAL, ()), shown
        assert (read.entries, read.stop) == ((D(60000),), D(59400))
        assert [target.price for target in read.targets] == [D(61200)]
