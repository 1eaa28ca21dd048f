"""A signal whose publisher lost the right to post there between the trade and the post."""

from agents.domain.ports import Clock, Memory
from agents.domain.publishing import Publication, Signal, card_of_signal
from agents.domain.record import RecordKind
from agents.domain.user import Notice

NO_RIGHT = "not posted: its publisher may not post in the channel any more"


async def withhold(
    memory: Memory, clock: Clock, signal: Signal, publication: Publication, notice: Notice
) -> None:
    """End the publication, telling its owner once with `notice`. The signal stays in the record
    with all that follows, and an entry more says that it was not posted."""
    now = clock.wall()
    async with memory.transactions.transaction():
        if await memory.channels.end(publication.owner_id, publication.id, now):
            await memory.notices.tell(notice)
        for present in await memory.channels.signals_of(signal.proposal_id):
            if present.id == signal.id and not present.facts["withheld"]:
                await _withheld(memory, clock, present)


async def _withheld(memory: Memory, clock: Clock, signal: Signal) -> None:
    key = f"{card_of_signal(signal.id)}:withheld"
    body = {"signal": signal.number, "text": NO_RIGHT}
    await memory.record.append(signal.channel_id, key, RecordKind.CORRECTION, body, clock.wall())
    facts = {**signal.facts, "withheld": NO_RIGHT}
    await memory.channels.change_signal(signal, signal.state, facts=facts)
