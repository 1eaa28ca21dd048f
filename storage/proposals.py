"""Proposals and their one outcome: each move is a compare-and-set in the database."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from agents.domain.errors import NotFound
from agents.domain.proposal import (
    PROPOSAL_MOVES,
    Plan,
    Proposal,
    ProposalState,
    VetoReason,
)
from agents.domain.strategy import Mode
from storage.models import ProposalRow
from storage.rows import Repository

_MOVABLE = frozenset({"outcome", "veto_reason", "resolved_by", "resolved_at"})


class Proposals(Repository):
    """Satisfies `agents.domain.ports.Proposals`."""

    async def add(self, proposal: Proposal) -> Proposal | None:
        number = await self.insert(ProposalRow, ("decision_id",), **_columns(proposal))
        return None if number is None else replace(proposal, id=number)

    async def get(self, owner_id: int, proposal_id: int) -> Proposal:
        return _found(
            await ProposalRow.get_or_none(id=proposal_id, owner_id=owner_id, using_db=self.db)
        )

    async def by_id(self, proposal_id: int) -> Proposal:
        return _found(await ProposalRow.get_or_none(id=proposal_id, using_db=self.db))

    async def of(
        self, owner_id: int, states: Collection[ProposalState] | None = None, limit: int = 50
    ) -> Sequence[Proposal]:
        query = ProposalRow.filter(owner_id=owner_id)
        if states is not None:
            query = query.filter(state__in=[state.value for state in states])
        return [
            _proposal(row) for row in await query.using_db(self.db).order_by("-id").limit(limit)
        ]

    async def of_strategy(
        self, strategy_id: int, states: Collection[ProposalState]
    ) -> Sequence[Proposal]:
        query = ProposalRow.filter(
            strategy_id=strategy_id, state__in=[state.value for state in states]
        )
        return [_proposal(row) for row in await query.using_db(self.db).order_by("id")]

    async def move(self, proposal: Proposal, to: ProposalState, **changes: Any) -> bool:
        """Raises ValueError for a move that PROPOSAL_MOVES does not know, and for changes to
        fields that no move may touch. A move to the present state only adds to what is known of
        it: the reason of a veto."""
        _allow(proposal, to)
        if unknown := changes.keys() - _MOVABLE:
            raise ValueError(f"a move can't change {', '.join(sorted(unknown))}")
        return await self._swap(proposal, state=to.value, **changes)

    async def revise(self, proposal: Proposal, new: Proposal) -> bool:
        """The new version keeps id, owner, decision and the time of creation. Raises ValueError
        for a state that PROPOSAL_MOVES does not know."""
        _allow(proposal, new.state)
        if not PROPOSAL_MOVES[proposal.state]:
            raise ValueError(f"a proposal that is {proposal.state} has no next version")
        changes = _columns(replace(new, version=proposal.version + 1))
        for fixed in ("owner_id", "strategy_id", "decision_id", "created_at"):
            del changes[fixed]
        return await self._swap(proposal, **changes)

    async def _swap(self, proposal: Proposal, **changes: Any) -> bool:
        present = ProposalRow.filter(
            id=proposal.id,
            owner_id=proposal.owner_id,
            version=proposal.version,
            state=proposal.state.value,
        )
        return await present.using_db(self.db).update(**changes) == 1

    async def hold(self, proposal: Proposal) -> bool:
        """A write that changes nothing: it waits for whoever is changing the row, and whoever
        comes later waits for the end of this transaction."""
        return await self._swap(proposal, version=proposal.version)

    async def in_state(self, state: ProposalState) -> Sequence[Proposal]:
        """Of all owners, oldest first."""
        rows = await ProposalRow.filter(state=state.value).using_db(self.db).order_by("id")
        return [_proposal(row) for row in rows]

    async def expired(self, wall: datetime) -> Sequence[Proposal]:
        """Pending ones whose time is over, of all owners, oldest first."""
        query = ProposalRow.filter(state=ProposalState.PENDING.value, expires_at__lte=wall)
        return [_proposal(row) for row in await query.using_db(self.db).order_by("id")]

    async def counting(self) -> Sequence[Proposal]:
        """Pending ones that are to run by themselves, of all owners, the next one first."""
        query = ProposalRow.filter(state=ProposalState.PENDING.value, runs_at__isnull=False)
        return [_proposal(row) for row in await query.using_db(self.db).order_by("runs_at", "id")]


def _allow(proposal: Proposal, to: ProposalState) -> None:
    if to is not proposal.state and to not in PROPOSAL_MOVES[proposal.state]:
        raise ValueError(f"a proposal can't go from {proposal.state} to {to}")


def _found(row: ProposalRow | None) -> Proposal:
    if row is None:
        raise NotFound("There is no such proposal, or it is not yours.")
    return _proposal(row)


@cache
def _plans() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def _columns(proposal: Proposal) -> dict[str, Any]:
    """Every column but the id."""
    return {
        "owner_id": proposal.owner_id,
        "strategy_id": proposal.strategy_id,
        "strategy_version": proposal.strategy_version,
        "strategy_name": proposal.strategy_name,
        "decision_id": proposal.decision_id,
        "symbol": proposal.symbol,
        "timeframe": proposal.timeframe,
        "closed": proposal.closed,
        "mode": proposal.mode.value,
        "plan": _plans().dump_json(proposal.plan).decode(),
        "equity": proposal.equity,
        "confidence": proposal.confidence,
        "reasons": proposal.reasons,
        "advised_by": proposal.advised_by,
        "created_at": proposal.created_at,
        "expires_at": proposal.expires_at,
        "state": proposal.state.value,
        "version": proposal.version,
        "outcome": proposal.outcome,
        "veto_reason": proposal.veto_reason,
        "resolved_by": proposal.resolved_by,
        "resolved_at": proposal.resolved_at,
        "changes": proposal.changes,
        "runs_at": proposal.runs_at,
        "autonomy": proposal.autonomy or None,
    }


def _proposal(row: ProposalRow) -> Proposal:
    return Proposal(
        owner_id=row.owner_id,
        strategy_id=row.strategy_id,
        strategy_version=row.strategy_version,
        strategy_name=row.strategy_name,
        decision_id=row.decision_id,
        symbol=row.symbol,
        timeframe=row.timeframe,
        closed=row.closed,
        mode=Mode(row.mode),
        plan=_plans().validate_json(row.plan),
        equity=row.equity,
        confidence=row.confidence,
        reasons=tuple(row.reasons),
        advised_by=row.advised_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        state=ProposalState(row.state),
        version=row.version,
        outcome=row.outcome,
        veto_reason=VetoReason(row.veto_reason) if row.veto_reason else None,
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
        changes=tuple(row.changes),
        runs_at=row.runs_at,
        autonomy=row.autonomy or "",
        id=row.id,
    )
