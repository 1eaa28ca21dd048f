"""What was found at exchanges and does not match the book."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agents.domain.errors import NotFound, TryAgain
from agents.domain.venue import Finding, FindingKind, FindingState
from storage.models_venues import FindingRow
from storage.rows import Repository

_KNOWN = (FindingState.OPEN, FindingState.IGNORED)
_TRIES = 20


class Findings(Repository):
    """Satisfies `agents.domain.venue.Findings`."""

    async def note(self, finding: Finding) -> Finding | None:
        """What was adopted, closed or gone and is there again becomes a new version, too."""
        fresh = replace(finding, state=FindingState.OPEN, version=1)
        number = await self.insert(FindingRow, ("owner_id", "key"), **_columns(fresh))
        return replace(fresh, id=number) if number is not None else await self._again(fresh)

    async def _again(self, fresh: Finding) -> Finding | None:
        for _ in range(_TRIES):
            row = await FindingRow.get(owner_id=fresh.owner_id, key=fresh.key, using_db=self.db)
            known = _finding(row)
            if known.state in _KNOWN and known.quantity == fresh.quantity:
                return None
            new = replace(fresh, id=known.id, version=known.version + 1)
            if await self._update(known, **_columns(new)):
                return new
        raise TryAgain("A finding is being changed by others; it is tried again by itself.")

    async def get(self, owner_id: int, finding_id: int) -> Finding:
        row = await FindingRow.get_or_none(id=finding_id, owner_id=owner_id, using_db=self.db)
        if row is None:
            raise NotFound("There is no such finding, or it is not yours.")
        return _finding(row)

    async def open(self, owner_id: int) -> Sequence[Finding]:
        """Oldest first."""
        return await self.of(owner_id, [FindingState.OPEN])

    async def of(self, owner_id: int, states: Sequence[FindingState]) -> Sequence[Finding]:
        """Oldest first."""
        query = FindingRow.filter(owner_id=owner_id, state__in=[state.value for state in states])
        return [_finding(row) for row in await query.using_db(self.db).order_by("id")]

    async def move(self, finding: Finding, to: FindingState) -> bool:
        return await self._update(finding, state=to.value)

    async def _update(self, known: Finding, **changes: Any) -> bool:
        present = FindingRow.filter(
            id=known.id, owner_id=known.owner_id, version=known.version, state=known.state.value
        )
        return await present.using_db(self.db).update(**changes) == 1


def _columns(finding: Finding) -> dict[str, Any]:
    """Every column but the id."""
    return {
        "owner_id": finding.owner_id,
        "key": finding.key,
        "kind": finding.kind.value,
        "symbol": finding.symbol,
        "side": finding.side,
        "quantity": finding.quantity,
        "price": finding.price,
        "found_at": finding.found_at,
        "state": finding.state.value,
        "position_id": finding.position_id,
        "venue_id": finding.venue_id,
        "version": finding.version,
    }


def _finding(row: FindingRow) -> Finding:
    return Finding(
        owner_id=row.owner_id,
        key=row.key,
        kind=FindingKind(row.kind),
        symbol=row.symbol,
        side=row.side,
        quantity=row.quantity,
        price=row.price,
        found_at=row.found_at,
        state=FindingState(row.state),
        position_id=row.position_id,
        venue_id=row.venue_id,
        version=row.version,
        id=row.id,
    )
