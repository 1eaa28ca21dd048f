"""What is told to the owner of a trade becomes, in the same transaction, what a channel is told.

For each fact of a published signal there is one entry in the channel's record and one message for
its post: written with the fact, so that a kill between them leaves all of it or nothing, and under
keys of their own, so that nothing is told twice. Who may still post there is asked at delivery;
see `agents.publishing.rights`.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.domain.errors import NotFound
from agents.domain.mail import Outbox
from agents.domain.ports import Clock, Memory
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.publishing import (
    Channel,
    Moment,
    Publication,
    Signal,
    SignalState,
    card_of_signal,
)
from agents.domain.record import RecordKind
from agents.domain.trail import ids
from agents.domain.user import Notice, NoticeKind
from agents.publishing import entries
from agents.publishing.entries import Happening

log = logging.getLogger(__name__)
Facts = Mapping[str, Any]
_OURS = (NotFound, LookupError, ValueError, ArithmeticError)


class Publisher:
    """`follow` is a listener for notices."""

    def __init__(self, memory: Memory, outbox: Outbox, clock: Clock) -> None:
        self._memory = memory
        self._outbox = outbox
        self._clock = clock
        self._trade: Mapping[NoticeKind, Callable[[Signal, Facts], Awaitable[list[Happening]]]] = {
            NoticeKind.PROPOSAL_CHANGED: self._proposal,
            NoticeKind.FILLED: self._filled,
            NoticeKind.PARTLY_CLOSED: self._reduced,
            NoticeKind.CLOSED: self._closed,
            NoticeKind.STOP_MOVED: self._stop_moved,
        }

    async def follow(self, notice: Notice) -> None:
        """Within the transaction of a notice. What can't be understood of a trade is logged and
        left out: a fill must not be lost for a post's sake. What the database raises is raised."""
        proposal_id = notice.facts.get("proposal_id")
        if not proposal_id or notice.kind not in {NoticeKind.PROPOSAL, *self._trade}:
            return
        if notice.kind in {NoticeKind.PROPOSAL, NoticeKind.PROPOSAL_CHANGED}:
            await self._begin(notice, proposal_id)
        if notice.kind in self._trade:
            for signal in await self._memory.channels.signals_of(proposal_id):
                await self._go_on(signal, notice)

    # --- new signals --------------------------------------------------------------------------

    async def _begin(self, notice: Notice, proposal_id: int) -> None:
        """A signal in each channel whose moment this is."""
        published = await self._memory.channels.of_proposal(proposal_id)
        if not published:
            return
        proposal = await self._memory.proposals.by_id(proposal_id)
        moment = _moment(notice.kind, proposal)
        for publication in published:
            if publication.moment is moment:
                await self._publish(publication, proposal)

    async def _publish(self, publication: Publication, proposal: Proposal) -> None:
        channel = await self._memory.channels.get(publication.channel_id)
        if channel.lost_at is not None:
            return  # the bot can't post there: a signal that nobody could see is none
        try:
            facts = await self._levels(proposal)
        except _OURS:
            log.exception("A signal can't be published.", extra=ids(proposal))
            return
        now = self._clock.wall()
        stored = await self._memory.channels.add_signal(
            Signal(
                channel_id=channel.id,
                owner_id=proposal.owner_id,
                strategy_id=proposal.strategy_id,
                proposal_id=proposal.id,
                state=SignalState.WAITING,
                facts={"publication": publication.id, **facts},
                created_at=now,
            )
        )
        if stored is not None:
            await self._post(channel, stored, now)

    async def _levels(self, proposal: Proposal) -> dict[str, Any]:
        spec = await self._memory.strategies.spec_at(
            proposal.owner_id, proposal.strategy_id, proposal.strategy_version
        )
        said = entries.levels(proposal, spec.leverage)
        return {"levels": said, "stop": said["stop"], "story": [], "withheld": ""}

    async def _post(self, channel: Channel, signal: Signal, now: datetime) -> None:
        """The record's entry, and the post that shows its hash."""
        body = {"signal": signal.number, **signal.facts["levels"]}
        key = card_of_signal(signal.id)
        entry = await self._memory.record.append(channel.id, key, RecordKind.SIGNAL, body, now)
        posts_at = now + timedelta(seconds=channel.delay)
        head = entry.hash if entry else await self._memory.record.head(channel.id)
        facts = {**signal.facts, "head": head, "posts_at": posts_at.isoformat()}
        await self._memory.channels.change_signal(signal, signal.state, facts=facts)
        await self._outbox.put(
            signal.owner_id,
            channel.place,
            NoticeKind.SIGNAL_POST,
            key,
            {"signal_id": signal.id, "story": 0},
            at=now,
            card=key,
            not_before=posts_at,
        )

    # --- what follows -------------------------------------------------------------------------

    async def _go_on(self, signal: Signal, notice: Notice) -> None:
        held = notice.facts.get("position_id", signal.position_id)
        signal = replace(signal, position_id=held)
        for happening in await self._happenings(notice, signal):
            signal = await self._tell(signal, happening)

    async def _happenings(self, notice: Notice, signal: Signal) -> Sequence[Happening]:
        try:
            return await self._trade[notice.kind](signal, notice.facts)
        except _OURS:
            log.exception("A signal can't be followed up.", extra=_trail(signal))
            return ()

    async def _proposal(self, signal: Signal, facts: Facts) -> list[Happening]:
        proposal = await self._memory.proposals.by_id(facts["proposal_id"])
        if proposal.state in entries.NOT_TAKEN:
            return entries.not_taken(signal, proposal.state)
        if proposal.state is ProposalState.PENDING:
            return entries.changed(signal, proposal)
        return []

    async def _filled(self, signal: Signal, facts: Facts) -> list[Happening]:
        return entries.filled(signal, await self._price(facts))

    async def _reduced(self, signal: Signal, facts: Facts) -> list[Happening]:
        intent = await self._memory.orders.by_client_id(facts["client_id"])
        position = await self._memory.positions.by_id(facts["position_id"])
        if intent is None:
            raise NotFound
        told = entries.reduced(signal, intent, await self._price(facts), position)
        return [*told, *entries.stop_moved(signal, Decimal(facts["stop"]))]

    async def _closed(self, signal: Signal, facts: Facts) -> list[Happening]:
        intent = await self._memory.orders.by_client_id(facts["client_id"])
        position = await self._memory.positions.by_id(facts["position_id"])
        if intent is None:
            raise NotFound
        return entries.closed(signal, intent, await self._price(facts), position)

    async def _stop_moved(self, signal: Signal, facts: Facts) -> list[Happening]:
        return entries.stop_moved(signal, Decimal(facts["stop"]))

    async def _price(self, facts: Facts) -> Decimal:
        fill = await self._memory.orders.fill(facts["client_id"], facts["trade_id"])
        if fill is None:
            raise NotFound
        return fill.price

    async def _tell(self, signal: Signal, happening: Happening) -> Signal:
        """One entry more, the post redrawn and a reply under it; the signal afterwards."""
        now = self._clock.wall()
        key = f"{card_of_signal(signal.id)}:{happening.name}"
        body = {"signal": signal.number, **happening.body}
        appended = self._memory.record.append(signal.channel_id, key, happening.kind, body, now)
        if await appended is None:
            return signal  # it is told already
        story = [*signal.facts["story"], [happening.kind.value, dict(happening.body)]]
        facts = {**signal.facts, **happening.changes, "story": story}
        await self._memory.channels.change_signal(
            signal, happening.state, facts=facts, position_id=signal.position_id
        )
        after = await self._memory.channels.signal(signal.id)
        await self._follow_up(after, key, now)
        return after

    async def _follow_up(self, signal: Signal, key: str, now: datetime) -> None:
        channel = await self._memory.channels.get(signal.channel_id)
        if signal.facts["withheld"] or channel.lost_at is not None:
            return  # the record goes on, whoever can be told of it
        card = card_of_signal(signal.id)
        posts_at = datetime.fromisoformat(signal.facts["posts_at"])
        not_before = max(posts_at, now + timedelta(seconds=channel.delay))
        facts = {"signal_id": signal.id, "story": len(signal.facts["story"])}
        for kind, own in ((NoticeKind.SIGNAL_CHANGED, ""), (NoticeKind.SIGNAL_UPDATE, ":said")):
            await self._outbox.put(
                signal.owner_id,
                channel.place,
                kind,
                f"{key}{own}",
                facts,
                at=now,
                card="" if own else card,
                replies_to=card if own else "",
                not_before=not_before,
            )


def _moment(kind: NoticeKind, proposal: Proposal) -> Moment | None:
    if kind is NoticeKind.PROPOSAL:
        return Moment.PROPOSAL
    return Moment.APPROVAL if proposal.state is ProposalState.ORDERED else None


def _trail(signal: Signal) -> dict[str, object]:
    told: dict[str, object] = {
        "signal": signal.id,
        "proposal": signal.proposal_id,
        "strategy": signal.strategy_id,
    }
    return told | ({"position": signal.position_id} if signal.position_id else {})
