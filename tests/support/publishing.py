"""A world whose trades are published in channels, and what must hold of channel and record."""

from typing import Any

from agents.domain.mail import OutboxItem
from agents.domain.publishing import Channel, Moment, Signal, SignalState
from agents.domain.record import GENESIS, Entry
from agents.domain.strategy import Strategy
from agents.domain.user import Identity, NoticeKind, Place
from agents.publishing.publisher import Publisher
from tests.support.desk import World
from tests.support.memory import InMemory
from tests.support.memory_mail import MemoryOutbox

EARLY = Place("telegram", "-1001")  # told of each proposal
LATE = Place("telegram", "-1002")  # told of what was approved
ADA_THERE = Identity("telegram", "Ada")
_ENDS = {SignalState.CLOSED, SignalState.NOT_TAKEN}


def publishing(world: World) -> World:
    """`world`, in each of whose processes a publisher listens from the beginning."""

    def listen(memory: InMemory) -> None:
        outbox = MemoryOutbox(memory.session)
        memory.when_told(Publisher(memory, outbox, world.clock).follow)

    world.opened_memory = listen
    return world


async def a_channel(world: World, place: Place = EARLY, delay: int = 0) -> Channel:
    at = world.clock.wall()
    return await world.memory.channels.open(place, "Signals", 1, delay, at)


async def publish(
    world: World, strategy: Strategy, channel: Channel, moment: Moment = Moment.PROPOSAL
) -> None:
    at = world.clock.wall()
    owner = strategy.owner_id
    await world.memory.channels.publish(
        owner, channel.id, strategy.id, owner, ADA_THERE, moment, at
    )


def entries(world: World, channel: Channel) -> list[Entry]:
    return [entry for entry in world.memory.rows("record") if entry.channel == channel.id]


def kinds(world: World, channel: Channel) -> list[str]:
    return [entry.kind for entry in entries(world, channel)]


def signals(world: World, channel: Channel) -> list[Signal]:
    return [row for row in world.memory.rows("signals") if row.channel_id == channel.id]


def items(world: World, channel: Channel) -> list[OutboxItem]:
    rows: list[OutboxItem] = world.memory.rows("outbox")
    return [row for row in rows if row.place == channel.place]


def check_agreement(world: World, channel: Channel) -> None:
    """Record, signals and messages of a channel tell the same, each thing once."""
    chain = entries(world, channel)
    last = GENESIS
    for number, entry in enumerate(chain, 1):
        assert (entry.number, entry.previous, entry.hash) == (number, last, entry.computed())
        last = entry.hash
    every = signals(world, channel)
    assert [signal.number for signal in every] == list(range(1, len(every) + 1))
    mail = items(world, channel)
    for signal in every:
        mine = [entry for entry in chain if entry.body["signal"] == signal.number]
        _check_signal(signal, mine, [i for i in mail if i.facts["signal_id"] == signal.id])
    assert len(chain) == sum(1 + len(signal.facts["story"]) for signal in every)
    assert len(mail) == sum(1 + 2 * len(signal.facts["story"]) for signal in every)


def _check_signal(signal: Signal, chain: list[Entry], mail: list[OutboxItem]) -> None:
    first, *rest = chain
    assert first.kind == "signal" and first.hash == signal.facts["head"]
    published: dict[str, Any] = {"signal": signal.number, **signal.facts["levels"]}
    assert dict(first.body) == published
    told = [[entry.kind, {k: v for k, v in entry.body.items() if k != "signal"}] for entry in rest]
    assert told == [list(one) for one in signal.facts["story"]]
    post, *updates = mail
    assert post.kind is NoticeKind.SIGNAL_POST and post.card == f"signal:{signal.id}"
    redraws = [item for item in updates if item.kind is NoticeKind.SIGNAL_CHANGED]
    replies = [item for item in updates if item.kind is NoticeKind.SIGNAL_UPDATE]
    counts = list(range(1, len(rest) + 1))
    assert [item.facts["story"] for item in redraws] == counts
    assert [item.facts["story"] for item in replies] == counts
    assert all(item.replies_to == post.card for item in replies)
    if rest and rest[-1].kind in {"closed", "not_taken"}:
        assert signal.state in _ENDS
