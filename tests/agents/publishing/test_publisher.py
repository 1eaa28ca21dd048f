"""What a channel is told of a trade: each thing once, with the fact, and nothing private."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.proposal import Trailing, VetoReason
from agents.domain.publishing import Channel, Moment, SignalState
from agents.domain.strategy import Strategy
from agents.domain.user import Notice, NoticeKind
from agents.publishing.entries import filled
from agents.publishing.rights import NO_RIGHT, withhold
from tests.support.desk import FREE, World, levels
from tests.support.publishing import (
    EARLY,
    LATE,
    a_channel,
    check_agreement,
    entries,
    items,
    kinds,
    publish,
    publishing,
    signals,
)

D = Decimal


async def desk(moment: Moment = Moment.PROPOSAL, delay: int = 0) -> tuple[World, Strategy, Channel]:
    """One strategy, published in one channel."""
    world = publishing(World(costs=FREE))
    await world.start()
    strategy = await world.strategy(await world.user())
    channel = await a_channel(world, delay=delay)
    await publish(world, strategy, channel, moment)
    return world, strategy, channel


async def traded(world: World, strategy: Strategy, *prices: str) -> None:
    """A trade with two targets and a stop that goes to the entry, and the prices that follow."""
    plan = levels(
        targets=(("60600", "0.5"), ("61200", "0.5")), trailing=Trailing(breakeven_r=D("0.5"))
    )
    await world.opened(strategy, plan)
    for price in prices:
        await world.tick(price)
        await world.desk.every_second()


async def test_a_trade_from_the_proposal_to_its_last_target() -> None:
    world, strategy, channel = await desk()
    await traded(world, strategy, "60600", "60600", "61200", "61200")
    signal, first, *between, closed = entries(world, channel)
    assert signal.body["signal"] == 1 and signal.body["symbol"] == "BTC/USDT"
    assert (signal.body["side"], signal.body["entry"], signal.body["stop"]) == (
        "long",
        "60000",
        "59400",
    )
    assert signal.body["targets"] == [["60600", "0.5"], ["61200", "0.5"]]
    assert (signal.body["leverage"], signal.body["timeframe"], signal.body["mode"]) == (
        5,
        "5m",
        "paper",
    )
    assert (first.kind, first.body["price"]) == ("filled", "60000")
    assert [(one.kind, one.body.get("target"), one.body.get("stop")) for one in between] in (
        [("stop_moved", None, "60000"), ("target", 1, None)],
        [("target", 1, None), ("stop_moved", None, "60000")],
    )
    assert closed.kind == "closed"
    assert (closed.body["reason"], D(closed.body["r"])) == ("target 2", D("1.5"))
    [last] = signals(world, channel)
    assert last.state is SignalState.CLOSED
    check_agreement(world, channel)


async def test_on_approval_nothing_is_said_of_what_was_only_proposed() -> None:
    world, strategy, channel = await desk(Moment.APPROVAL)
    proposal = await world.propose(strategy)
    await world.desk.approvals.veto(proposal.owner_id, proposal.id, 1, VetoReason.OTHER)
    assert entries(world, channel) == [] and items(world, channel) == []
    second = await world.propose(strategy)
    assert (await world.approve(second)).done
    await world.tick("60000")
    assert kinds(world, channel) == ["signal", "filled"]
    check_agreement(world, channel)


@pytest.mark.parametrize("ending", ["vetoed", "expired", "cancelled"])
async def test_what_is_not_taken_is_said(ending: str) -> None:
    world, strategy, channel = await desk()
    proposal = await world.propose(strategy)
    if ending == "vetoed":
        await world.desk.approvals.veto(proposal.owner_id, proposal.id, 1)
    elif ending == "expired":
        world.clock.wait(901)
        await world.desk.every_second()
    else:
        await world.desk.hands.pause(proposal.owner_id, strategy.id)
    _, last = entries(world, channel)
    assert (last.kind, last.body) == ("not_taken", {"signal": 1, "reason": ending})
    check_agreement(world, channel)


async def test_new_levels_are_said_and_half_the_size_is_nobodys_business() -> None:
    world, strategy, channel = await desk()
    proposal = await world.propose(strategy)
    owner = proposal.owner_id
    await world.desk.approvals.halve(owner, proposal.id, 1)
    assert kinds(world, channel) == ["signal"]
    await world.desk.approvals.tighten(owner, proposal.id, 2)
    _, correction = entries(world, channel)
    assert correction.kind == "correction" and correction.body["stop"] == "59700"
    approved = await world.memory.proposals.get(owner, proposal.id)
    assert (await world.approve(approved)).done
    await world.tick("60000")
    await world.tick("59700")
    await world.tick("59700")
    assert kinds(world, channel) == ["signal", "correction", "filled", "closed"]
    closed = entries(world, channel)[-1]
    assert (closed.body["reason"], D(closed.body["r"])) == ("stop", D(-1))
    check_agreement(world, channel)


async def test_a_part_closed_by_hand_and_then_all() -> None:
    world, strategy, channel = await desk()
    position = await world.opened(strategy)
    await world.desk.hands.close(position.owner_id, position.id, D("0.5"))
    await world.tick("60000")
    await world.desk.hands.close(position.owner_id, position.id)
    await world.tick("60000")
    *_, part, closed = entries(world, channel)
    assert (part.kind, part.body["target"], part.body["share"]) == ("target", 0, "0.5")
    assert (part.body["reason"], closed.body["reason"]) == ("by hand", "by hand")
    check_agreement(world, channel)


async def test_nothing_private_is_in_record_or_mail() -> None:
    world, strategy, channel = await desk()
    await traded(world, strategy, "60600", "60600", "61200", "61200")
    said = [dict(entry.body) for entry in entries(world, channel)]
    said += [dict(item.facts) for item in items(world, channel)]
    plain = json.dumps(said)
    [position] = world.positions
    for secret in ("Ada", "Dips", "10000", "quantity", "equity", "profit", "fee"):
        assert secret not in plain
    assert str(position.entered) not in plain


async def test_what_is_published_nowhere_leaves_no_trace() -> None:
    world, strategy, channel = await desk()
    other = await world.strategy(strategy.owner_id)
    await world.opened(other)
    assert entries(world, channel) == [] and items(world, channel) == []


async def test_an_ended_publication_ends_its_signals_and_starts_none() -> None:
    world, strategy, channel = await desk()
    await world.opened(strategy)
    [publication] = await world.memory.channels.publications(strategy.owner_id)
    await world.memory.channels.end(strategy.owner_id, publication.id, world.clock.wall())
    await world.tick("61200")
    await world.tick("61200")
    assert kinds(world, channel) == ["signal", "filled", "closed"]
    await world.propose(strategy)
    assert len(signals(world, channel)) == 1
    check_agreement(world, channel)


async def test_a_lost_channel_gets_no_post_and_its_record_goes_on() -> None:
    world, strategy, channel = await desk()
    await world.opened(strategy)
    await world.memory.channels.lost(EARLY, "bot was kicked", world.clock.wall())
    told = len(items(world, channel))
    await world.tick("61200")
    await world.tick("61200")
    assert kinds(world, channel) == ["signal", "filled", "closed"]
    assert len(items(world, channel)) == told
    await world.propose(strategy)
    assert len(signals(world, channel)) == 1


async def test_a_delay_is_kept_by_each_message_and_by_their_order() -> None:
    world, strategy, channel = await desk(delay=900)
    begun = world.clock.wall()
    await world.opened(strategy)
    await world.memory.channels.set_delay(channel.id, 0)
    await world.tick("61200")
    await world.tick("61200")
    post, *rest = items(world, channel)
    assert post.next_try_at - post.created_at == timedelta(seconds=900)
    assert post.created_at - begun < timedelta(seconds=5)
    assert all(item.next_try_at >= post.next_try_at for item in rest)
    assert [item.id for item in rest] == sorted(item.id for item in rest)
    check_agreement(world, channel)


async def test_two_channels_number_their_own() -> None:
    world, strategy, channel = await desk()
    second = await a_channel(world, LATE)
    await world.opened(strategy)
    await publish(world, strategy, second, Moment.APPROVAL)
    for price in ("59400", "59400", "60000"):
        await world.tick(price)
    await world.opened(strategy)
    assert [signal.number for signal in signals(world, channel)] == [1, 2]
    assert [signal.number for signal in signals(world, second)] == [1]
    check_agreement(world, channel)
    check_agreement(world, second)


async def test_a_withheld_signal_stays_in_the_record_and_is_told_once() -> None:
    world, strategy, channel = await desk()
    await world.opened(strategy)
    [signal] = signals(world, channel)
    [publication] = await world.memory.channels.publications(strategy.owner_id)
    notice = Notice(strategy.owner_id, NoticeKind.REPLY, "unpublished:1", {})
    for _ in range(2):
        await withhold(world.memory, world.clock, signal, publication, notice)
    assert world.told(NoticeKind.REPLY) == [{}]
    assert await world.memory.channels.publications(strategy.owner_id) == []
    told = len(items(world, channel))
    await world.tick("59400")
    await world.tick("59400")
    assert kinds(world, channel) == ["signal", "filled", "correction", "closed"]
    assert entries(world, channel)[2].body["text"] == NO_RIGHT
    assert len(items(world, channel)) == told


async def test_a_fill_that_comes_after_all_was_given_up_is_said() -> None:
    world, strategy, channel = await desk()
    proposal = await world.propose(strategy)
    await world.desk.approvals.veto(proposal.owner_id, proposal.id, 1)
    [signal] = signals(world, channel)
    [late] = filled(signal, D(60_010))
    assert (late.body, late.state) == ({"price": "60010"}, SignalState.FILLED)
    assert await world.memory.channels.change_signal(signal, late.state)
    [signal] = signals(world, channel)
    assert filled(signal, D(60_020)) == []
