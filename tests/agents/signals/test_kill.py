"""The process dies at every point on a signal's way; it is judged once and told once."""

from contextlib import suppress

import pytest

from agents.domain.heard import HeardState
from agents.domain.signal import SignalReading, SignalUpdate, UpdateKind
from agents.domain.user import NoticeKind
from tests.support.line import Model
from tests.support.memory import Killed
from tests.support.signals import Ear, signal, update

POINTS = (
    "signal.stored",
    "signal.taken",
    "proposal.storing",
    "proposal.stored",
    "signal.deciding",
    "signal.decided",
)


async def survives(reading: SignalReading, point: str, model: Model | None = None) -> Ear:
    here = await Ear(model=model).start()
    here.world.dies_at_next = point
    with suppress(Killed):  # where it does not pass that point, it lives
        await here.hear(reading)
    assert here.world.memory.session.dead is (point in here.world.points)
    if here.world.memory.session.dead:
        await here.world.kill()
        await here.start()
    await here.desk.work()
    await here.desk.work()
    return here


@pytest.mark.parametrize("point", POINTS)
async def test_one_proposal_one_decision_one_message(point: str) -> None:
    here = await survives(signal(), point)
    assert point in here.world.points
    [heard] = here.world.memory.rows("heard")
    assert heard.state is HeardState.PROPOSED
    [proposal], [decision] = here.world.proposals, here.world.memory.rows("decisions")
    assert (heard.proposal_id, heard.decision_id) == (proposal.id, decision.id)
    assert here.world.told(NoticeKind.SIGNAL_HEARD) == [{"heard_id": heard.id}]
    assert len(here.world.told(NoticeKind.PROPOSAL)) == 1
    assert not here.world.orders


@pytest.mark.parametrize("point", POINTS)
async def test_one_that_is_dropped_is_dropped_once(point: str) -> None:
    here = await survives(signal(symbol=None, written="QQQ"), point)
    [heard] = here.world.memory.rows("heard")
    assert heard.state is HeardState.DROPPED
    assert here.world.told(NoticeKind.SIGNAL_HEARD) == [{"heard_id": heard.id}]


@pytest.mark.parametrize("point", POINTS)
async def test_one_that_a_model_refuses(point: str) -> None:
    model = Model()
    model.says("hold", reasons=("no",))
    here = await survives(signal(), point, model)
    [heard] = here.world.memory.rows("heard")
    assert heard.state is HeardState.DROPPED and not here.world.proposals
    assert len(here.world.memory.rows("decisions")) == 1


@pytest.mark.parametrize("point", ["signal.stored", "signal.taken", "signal.deciding"])
async def test_an_update_is_offered_once(point: str) -> None:
    here = await Ear().start()
    await here.traded()
    here.world.dies_at_next = point
    with pytest.raises(Killed):
        await here.hear(update(SignalUpdate(UpdateKind.CLOSE)), answers="41")
    await here.world.kill()
    await here.start()
    await here.desk.work()
    heard = here.world.memory.rows("heard")[-1]
    assert heard.state is HeardState.UPDATE_OFFERED
    assert len(here.world.told(NoticeKind.SIGNAL_HEARD)) == 2
