"""Updates to earlier signals: matched to a trade, offered, and done only by a tap."""

import asyncio
from decimal import Decimal

import pytest

from agents.domain.errors import NotFound
from agents.domain.heard import HeardState
from agents.domain.order import OrderPurpose
from agents.domain.position import PositionState
from agents.domain.signal import SignalUpdate, UpdateKind
from agents.domain.user import NoticeKind, Place
from agents.execution.leaving.hands import HandVerdict
from agents.execution.leaving.stops import StopVerdict
from agents.signals.updates import Effect
from tests.support.memory import Killed
from tests.support.signals import Ear, signal, update

D = Decimal
TO_ENTRY = SignalUpdate(UpdateKind.STOP_TO_ENTRY)
CLOSE = SignalUpdate(UpdateKind.CLOSE)


async def trading() -> Ear:
    """An open trade on a signal of the group, 300 in profit."""
    here = await Ear().start()
    await here.traded()
    await here.world.tick("60300")
    return here


async def offered(here: Ear, **more: str) -> int:
    heard = await here.hear(update(TO_ENTRY), answers="41", **more)
    assert heard.state is HeardState.UPDATE_OFFERED, heard.reason
    return heard.id


async def test_a_reply_means_the_signal_that_it_answers() -> None:
    here = await trading()
    number = await offered(here)
    heard = await here.world.memory.heard.by_id(number)
    entry = here.world.positions[0].entry_price
    assert heard.verdict["position_id"] == here.world.positions[0].id
    assert D(heard.verdict["stop"]) == entry
    assert {"heard_id": number} in here.world.told(NoticeKind.SIGNAL_HEARD)
    assert here.world.positions[0].stop == D(59_400)  # nothing is done blindly
    assert len(here.world.orders) == 1


async def test_without_a_reply_the_symbol_or_the_only_trade_is_meant() -> None:
    here = await trading()
    by_symbol = await here.hear(update(CLOSE, symbol="BTC/USDT", written="#BTC"))
    assert by_symbol.state is HeardState.UPDATE_OFFERED
    alone = await here.hear(update(CLOSE))
    assert alone.state is HeardState.UPDATE_OFFERED


@pytest.mark.parametrize(
    ("reading", "more"),
    [
        (update(CLOSE, symbol="ETH/USDT", written="#ETH"), {}),
        (update(CLOSE, written="#QQQ"), {}),
        (update(CLOSE, symbol="ETH/USDT", written="#ETH"), {"answers": "41"}),
        (update(CLOSE), {"source": "telegram:-200", "place": Place("telegram", "-200")}),
        (update(SignalUpdate(UpdateKind.REPORT)), {"answers": "41"}),
    ],
)
async def test_what_means_none_of_ours_is_left_alone(reading, more) -> None:
    here = await trading()
    told = len(here.world.memory.told)
    heard = await here.hear(reading, **more)
    assert heard.state is HeardState.DROPPED
    assert len(here.world.memory.told) == told


async def test_a_named_price_is_where_the_stop_would_go() -> None:
    here = await trading()
    moved = SignalUpdate(UpdateKind.MOVE_STOP, price=D(60_050))
    heard = await here.hear(update(moved), answers="41")
    assert heard.verdict["stop"] == "60050"


async def test_a_proposal_that_still_waits_is_named() -> None:
    here = await Ear().start()
    await here.hear(signal(), key="41")
    heard = await here.hear(update(CLOSE), answers="41")
    assert heard.state is HeardState.DROPPED
    assert heard.reason == "proposal #1 on that signal still waits for you"
    assert here.world.told(NoticeKind.SIGNAL_HEARD)[-1] == {"heard_id": heard.id}


async def test_a_tap_moves_the_stop_once() -> None:
    here = await trading()
    number = await offered(here)
    done = await here.desk.apply(here.owner, number, Effect.STOP, here.owner)
    assert done.stop is not None and done.stop.verdict is StopVerdict.MOVED
    position = here.world.positions[0]
    assert position.stop == position.entry_price
    again = await here.desk.apply(here.owner, number, Effect.CLOSE, here.owner)
    assert again.over and len(here.world.orders) == 1
    audit = [row["what"] for row in here.world.memory.rows("audit")]
    assert "signal update" in audit
    await here.world.tick("59990")
    await here.world.tick("59990")
    assert here.world.positions[0].state is PositionState.CLOSED


@pytest.mark.parametrize(("effect", "left"), [(Effect.HALF, "0.5"), (Effect.CLOSE, "0")])
async def test_a_tap_closes_half_or_all_once(effect: Effect, left: str) -> None:
    here = await trading()
    number, before = await offered(here), here.world.positions[0].quantity
    made = await asyncio.gather(
        *(here.desk.apply(here.owner, number, effect, here.owner) for _ in range(3))
    )
    assert [one.over for one in made].count(False) == 1
    await here.world.tick("60300")
    rest = here.world.positions[0].quantity / before
    assert abs(rest - D(left)) < D("0.01")
    closes = [one for one in here.world.orders if one.purpose is OrderPurpose.CLOSE]
    assert len(closes) == 1


async def test_ignored_is_ignored() -> None:
    here = await trading()
    number = await offered(here)
    done = await here.desk.apply(here.owner, number, Effect.IGNORE, here.owner)
    assert not done.over and done.stop is None and done.close is None
    assert (await here.world.memory.heard.by_id(number)).state is HeardState.IGNORED
    assert here.world.positions[0].stop == D(59_400) and len(here.world.orders) == 1


async def test_what_is_refused_at_present_may_be_tapped_again() -> None:
    here = await trading()
    number = await offered(here)
    await here.world.tick("59800")
    refused = await here.desk.apply(here.owner, number, Effect.STOP, here.owner)
    assert refused.stop is not None and refused.stop.verdict is StopVerdict.REFUSED
    assert (await here.world.memory.heard.by_id(number)).state is HeardState.UPDATE_OFFERED
    await here.world.tick("60200")
    done = await here.desk.apply(here.owner, number, Effect.STOP, here.owner)
    assert done.stop is not None and done.stop.verdict is StopVerdict.MOVED


async def test_a_trade_that_is_over_is_not_touched() -> None:
    here = await trading()
    number = await offered(here)
    await here.world.desk.hands.close(here.owner, here.world.positions[0].id)
    await here.world.tick("60300")
    done = await here.desk.apply(here.owner, number, Effect.HALF, here.owner)
    assert done.close is not None and done.close.verdict is HandVerdict.ALREADY
    late = await here.hear(update(CLOSE), answers="41")
    assert late.reason == "no trade on that signal is open"


async def test_a_strangers_tap_finds_nothing() -> None:
    here = await trading()
    number, stranger = await offered(here), await here.world.user("Bob")
    with pytest.raises(NotFound):
        await here.desk.apply(stranger, number, Effect.CLOSE, stranger)
    assert len(here.world.orders) == 1


KILLS = [
    *((effect, "update.applying") for effect in Effect if effect is not Effect.IGNORE),
    *((effect, "update.applied") for effect in Effect if effect is not Effect.IGNORE),
    *((effect, "exit.stored") for effect in (Effect.HALF, Effect.CLOSE)),
    *((Effect.STOP, point) for point in ("stop.moving", "stop.moved")),
]


@pytest.mark.parametrize(("effect", "point"), KILLS)
async def test_killed_at_a_tap_it_is_done_once(effect: Effect, point: str) -> None:
    here = await trading()
    number, before = await offered(here), here.world.positions[0].quantity
    here.world.dies_at_next = point
    with pytest.raises(Killed):
        await here.desk.apply(here.owner, number, effect, here.owner)
    await here.world.kill()
    await here.start()
    await here.desk.apply(here.owner, number, effect, here.owner)
    await here.world.desk.every_minute()
    await here.world.tick("60300")
    await here.world.tick("60300")
    position = here.world.positions[0]
    if effect is Effect.STOP:
        assert position.stop == position.entry_price
        assert len(here.world.told(NoticeKind.STOP_MOVED)) == 1
        await here.world.tick("59990")
        await here.world.tick("59990")
        assert here.world.positions[0].state is PositionState.CLOSED
        return
    left = D("0.5") if effect is Effect.HALF else D(0)
    assert abs(position.quantity / before - left) < D("0.01")
    assert len([one for one in here.world.orders if one.purpose is OrderPurpose.CLOSE]) == 1
