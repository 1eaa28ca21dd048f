"""Posts and record agree: after a kill at any point, and after any course of events."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.position import PositionState
from agents.domain.proposal import ProposalState, Trailing
from agents.domain.publishing import Channel, Moment
from tests.agents.execution.test_kill import Step, Story, noted
from tests.support.desk import FREE, World, levels
from tests.support.memory import Killed
from tests.support.publishing import (
    EARLY,
    LATE,
    a_channel,
    check_agreement,
    entries,
    publish,
    publishing,
    signals,
)


class PublishedStory(Story):
    """The same trades, each published in two channels: when proposed, and when approved."""

    def steps(self) -> list[Step]:
        return [self.begin, *super().steps()]

    async def begin(self) -> None:
        for place, moment in ((EARLY, Moment.PROPOSAL), (LATE, Moment.APPROVAL)):
            channel = await a_channel(self.world, place)
            for strategy in (self.strategy, self.other, self.third):
                await publish(self.world, strategy, channel, moment)


Told = list[list[tuple[str, int]]]


async def told(story: Story) -> Told:
    """What each record says, of which signal, and that all of it agrees."""
    said: Told = []
    for place in (EARLY, LATE):
        channel = await a_channel(story.world, place)
        check_agreement(story.world, channel)
        chain = entries(story.world, channel)
        said.append([(entry.kind, entry.body["signal"]) for entry in chain])
        check_closed(story.world, channel)
    return said


def check_closed(world: World, channel: Channel) -> None:
    """Each trade that was published is in the record with the R that it made."""
    results = {position.proposal_id: position.r_multiple() for position in world.positions}
    for signal in signals(world, channel):
        closed = [body for kind, body in signal.facts["story"] if kind == "closed"]
        if signal.proposal_id in results:
            [body] = closed
            assert abs(Decimal(body["r"]) - results[signal.proposal_id]) < Decimal("0.0001")
        else:
            assert closed == []


async def the_story(dies_at: int = -1, again: int | None = None) -> PublishedStory:
    world = publishing(World(costs=FREE))
    story = PublishedStory(world)
    world.dies_at, story.again = dies_at, again
    await story.run()
    return story


async def test_the_story_is_published_in_two_channels() -> None:
    story = await the_story()
    assert story.kills == 0
    early, late = await told(story)
    count = len(story.world.proposals)
    assert [number for kind, number in early if kind == "signal"] == list(range(1, count + 1))
    assert {kind for kind, _ in early} >= {"filled", "target", "stop_moved", "closed", "not_taken"}
    assert 0 < len([kind for kind, _ in late if kind == "signal"]) < count


@pytest.mark.parametrize("again", [None, 1])
async def test_a_kill_at_any_point_loses_nothing_and_doubles_nothing(again: int | None) -> None:
    whole = await the_story()
    wanted = await told(whole)
    for index, point in enumerate(whole.world.points):
        with noted(f"killed at {index}, {point}"):
            story = await the_story(index, again)
            assert story.kills >= 1
            assert [sorted(one) for one in await told(story)] == [sorted(one) for one in wanted]


DEEDS = ("propose", "approve", "halve", "tighten", "veto", "up", "down", "far up", "far down",
         "close", "half", "expire", "kill", "unpublish", "publish")  # fmt: skip
_MOVES = {"up": 300, "down": -300, "far up": 700, "far down": -700}


class Course:
    """Any course of events around one strategy that is published, or not at the moment."""

    def __init__(self) -> None:
        self.world = publishing(World(costs=FREE))
        self.price = Decimal(60_000)

    async def begin(self) -> None:
        await self.world.start()
        self.strategy = await self.world.strategy(await self.world.user())
        self.channel = await a_channel(self.world)
        await publish(self.world, self.strategy, self.channel)
        await self.world.tick(self.price)

    async def do(self, deed: str) -> None:
        if deed in _MOVES:
            self.price += _MOVES[deed]
        else:
            await getattr(self, f"_{deed}")()
        await self.world.tick(self.price)
        await self.world.desk.every_second()

    async def _propose(self) -> None:
        entry = self.price
        plan = levels(
            price=str(entry),
            stop=str(entry - 600),
            targets=((str(entry + 600), "0.4"), (str(entry + 1200), "0.6")),
            trailing=Trailing(distance=Decimal(500), breakeven_r=Decimal("0.5")),
        )
        await self.world.try_to_propose(self.strategy, plan)

    async def _on_card(self, deed: str) -> None:
        for proposal in self.world.proposals[-1:]:
            if proposal.state is ProposalState.PENDING:
                act = getattr(self.world.desk.approvals, deed)
                at = (self.world.clock.wall(),) if deed == "approve" else ()
                await act(proposal.owner_id, proposal.id, proposal.version, *at)

    async def _approve(self) -> None:
        await self._on_card("approve")

    async def _halve(self) -> None:
        await self._on_card("halve")

    async def _tighten(self) -> None:
        await self._on_card("tighten")

    async def _veto(self) -> None:
        await self._on_card("veto")

    async def _close(self, part: Decimal | None = None) -> None:
        for position in self.world.positions:
            if position.state is PositionState.OPEN:
                hands = self.world.desk.hands
                await hands.close(position.owner_id, position.id, part or Decimal(1))

    async def _half(self) -> None:
        await self._close(Decimal("0.5"))

    async def _expire(self) -> None:
        self.world.clock.wait(901)

    async def _kill(self) -> None:
        await self.world.kill()
        with suppress(Killed):
            await self.world.start()

    async def _unpublish(self) -> None:
        owner, channels = self.strategy.owner_id, self.world.memory.channels
        for publication in await channels.publications(owner):
            await channels.end(owner, publication.id, self.world.clock.wall())

    async def _publish(self) -> None:
        await publish(self.world, self.strategy, self.channel)


@settings(max_examples=120, deadline=None)
@given(deeds=st.lists(st.sampled_from(DEEDS), max_size=25))
async def test_whatever_happens_posts_and_record_agree(deeds: list[str]) -> None:
    course = Course()
    await course.begin()
    for deed in ["propose", "approve", *deeds]:
        await course.do(deed)
        check_agreement(course.world, course.channel)
