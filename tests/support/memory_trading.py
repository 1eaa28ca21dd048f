"""Decisions, proposals, orders and positions, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.domain.decision import Decision, Snapshot
from agents.domain.errors import NotFound
from agents.domain.order import (
    ORDER_MOVES,
    UNSETTLED,
    Fill,
    OrderIntent,
    OrderPurpose,
    OrderState,
)
from agents.domain.position import Position, PositionState, Trailed
from agents.domain.proposal import PROPOSAL_MOVES, Proposal, ProposalState
from agents.domain.strategy import Mode
from tests.support.memory_core import Repository, Table, statement

MOVABLE = {"filled", "error", "quantity", "venue_id", "sent_at"}


def owned(table: Table[int, Any], owner_id: int, row_id: int) -> Any:
    row = table.rows.get(row_id)
    if row is None or row.owner_id != owner_id:
        raise NotFound
    return row


def known(table: Table[int, Any], row_id: int) -> Any:
    if row_id not in table.rows:
        raise NotFound
    return table.rows[row_id]


def newest_first(rows: Collection[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: -row.id)


class MemoryDecisions(Repository):
    @statement
    def store(
        self, snapshots: Sequence[Snapshot], decisions: Sequence[Decision]
    ) -> Sequence[Decision]:
        for snapshot in snapshots:
            key = (snapshot.symbol, snapshot.timeframe, snapshot.closed)
            known = self.table("snapshots").rows.get(key, snapshot)
            merged = {**known.values, **snapshot.values}
            self.table("snapshots").put(key, replace(snapshot, values=merged))
        return [stored for decision in decisions if (stored := self._add(decision))]

    def _add(self, decision: Decision) -> Decision | None:
        table, key = self.table("decisions"), _candle(decision)
        if any(_candle(row) == key for row in table):
            return None
        row = replace(decision, id=table.next_id())
        return table.put(row.id, row)

    @statement
    def decided(
        self, strategy_ids: Collection[int], symbol: str, closed: datetime
    ) -> Collection[int]:
        keys = {(number, symbol, closed) for number in strategy_ids}
        return {row.strategy_id for row in self.table("decisions") if _candle(row) in keys}

    @statement
    def last_closed(self, strategy_ids: Collection[int]) -> Mapping[tuple[int, str], datetime]:
        newest: dict[tuple[int, str], datetime] = {}
        for row in self.table("decisions"):
            if row.strategy_id in strategy_ids:
                key = (row.strategy_id, row.symbol)
                newest[key] = max(newest.get(key, row.closed), row.closed)
        return newest

    @statement
    def get(self, owner_id: int, decision_id: int) -> Decision:
        return owned(self.table("decisions"), owner_id, decision_id)

    @statement
    def recent(
        self, owner_id: int, strategy_id: int, limit: int, *, not_hold: bool = False
    ) -> Sequence[Decision]:
        found = [
            row
            for row in self.table("decisions")
            if (row.owner_id, row.strategy_id) == (owner_id, strategy_id)
            and not (not_hold and row.action == "hold")
        ]
        return sorted(found, key=lambda row: (row.closed, row.id), reverse=True)[:limit]

    @statement
    def snapshot(self, symbol: str, timeframe: str, closed: datetime) -> Snapshot | None:
        return self.table("snapshots").rows.get((symbol, timeframe, closed))


def _candle(decision: Decision) -> tuple[int, str, datetime]:
    return decision.strategy_id, decision.symbol, decision.closed


class MemoryProposals(Repository):
    @property
    def _rows(self) -> Table[int, Proposal]:
        return self.table("proposals")

    @statement
    def add(self, proposal: Proposal) -> Proposal | None:
        if any(row.decision_id == proposal.decision_id for row in self._rows):
            return None
        row = replace(proposal, id=self._rows.next_id())
        return self._rows.put(row.id, row)

    @statement
    def get(self, owner_id: int, proposal_id: int) -> Proposal:
        return owned(self._rows, owner_id, proposal_id)

    @statement
    def by_id(self, proposal_id: int) -> Proposal:
        return known(self._rows, proposal_id)

    @statement
    def of(
        self, owner_id: int, states: Collection[ProposalState] | None = None, limit: int = 50
    ) -> Sequence[Proposal]:
        found = [row for row in self._rows if row.owner_id == owner_id]
        return newest_first([row for row in found if states is None or row.state in states])[:limit]

    @statement
    def move(self, proposal: Proposal, to: ProposalState, **changes: Any) -> bool:
        if to is not proposal.state and to not in PROPOSAL_MOVES[proposal.state]:
            raise ValueError(f"no proposal goes from {proposal.state} to {to}")
        row = self._present(proposal)
        if row is None:
            return False
        self._rows.put(row.id, replace(row, state=to, **changes))
        return True

    @statement
    def revise(self, proposal: Proposal, new: Proposal) -> bool:
        if new.state not in PROPOSAL_MOVES[proposal.state]:
            raise ValueError(f"no proposal goes from {proposal.state} to {new.state}")
        row = self._present(proposal)
        if row is None:
            return False
        self._rows.put(row.id, replace(new, id=row.id, version=row.version + 1))
        return True

    @statement
    def hold(self, proposal: Proposal) -> bool:
        return self._present(proposal) is not None

    def _present(self, proposal: Proposal) -> Proposal | None:
        row = self._rows.rows.get(proposal.id)
        same = row and (row.version, row.state) == (proposal.version, proposal.state)
        return row if same else None

    @statement
    def of_strategy(
        self, strategy_id: int, states: Collection[ProposalState]
    ) -> Sequence[Proposal]:
        mine = [row for row in self._rows if row.strategy_id == strategy_id]
        return [row for row in mine if row.state in states]

    @statement
    def in_state(self, state: ProposalState) -> Sequence[Proposal]:
        return [row for row in self._rows if row.state is state]

    @statement
    def expired(self, wall: datetime) -> Sequence[Proposal]:
        pending = [row for row in self._rows if row.state is ProposalState.PENDING]
        return [row for row in pending if row.expires_at <= wall]

    @statement
    def counting(self) -> Sequence[Proposal]:
        pending = [row for row in self._rows if row.state is ProposalState.PENDING]
        found = [(row.runs_at, row.id, row) for row in pending if row.runs_at is not None]
        return [row for _, _, row in sorted(found)]


class MemoryOrders(Repository):
    @property
    def _rows(self) -> Table[int, OrderIntent]:
        return self.table("orders")

    @statement
    def add(self, intent: OrderIntent) -> OrderIntent | None:
        if any(row.key == intent.key for row in self._rows):
            return None
        row = replace(intent, id=self._rows.next_id())
        return self._rows.put(row.id, row)

    @statement
    def get(self, intent_id: int) -> OrderIntent:
        return known(self._rows, intent_id)

    @statement
    def by_client_id(self, client_id: str) -> OrderIntent | None:
        return next((row for row in self._rows if row.client_id == client_id), None)

    @statement
    def move(self, intent: OrderIntent, to: OrderState, **changes: Any) -> bool:
        again = to is intent.state is OrderState.PART_FILLED
        if to not in ORDER_MOVES[intent.state] and not again:
            raise ValueError(f"no order goes from {intent.state} to {to}")
        if changes.keys() - MOVABLE:
            raise ValueError(f"no move changes {changes}")
        row = self._rows.rows.get(intent.id)
        if row is None or row.state is not intent.state:
            return False
        if "filled" in changes and row.filled != intent.filled:
            return False
        self._rows.put(row.id, replace(row, state=to, **changes))
        return True

    @statement
    def in_states(self, states: Collection[OrderState]) -> Sequence[OrderIntent]:
        return [row for row in self._rows if row.state in states]

    @statement
    def of_position(self, position_id: int) -> Sequence[OrderIntent]:
        return [row for row in self._rows if row.position_id == position_id]

    @statement
    def resting(self, position_id: int) -> Sequence[OrderIntent]:
        mine = [row for row in self._rows if row.position_id == position_id and row.rests]
        return [row for row in mine if row.state in UNSETTLED]

    @statement
    def of_account(self, account_id: int, since: datetime | None = None) -> Sequence[OrderIntent]:
        mine = [row for row in self._rows if row.account_id == account_id]
        return [row for row in mine if since is None or row.created_at >= since]

    @statement
    def by_venue_id(
        self, owner_id: int, venue_id: str, symbol: str | None = None
    ) -> OrderIntent | None:
        named = [row for row in self._rows if (row.owner_id, row.venue_id) == (owner_id, venue_id)]
        found = [row for row in named if venue_id and symbol in {None, row.symbol}]
        return found[-1] if found else None

    @statement
    def unsettled_of(self, owner_id: int, mode: Mode) -> Sequence[OrderIntent]:
        mine = [row for row in self._rows if (row.owner_id, row.mode) == (owner_id, mode)]
        return [row for row in mine if row.state in UNSETTLED]

    @statement
    def add_fill(self, intent: OrderIntent, fill: Fill) -> bool:
        key = (fill.client_id, fill.trade_id)
        if key in self.table("fills").rows:
            return False
        self.table("fills").put(key, (intent.id, fill))
        return True

    @statement
    def fills(self, account_id: int) -> Sequence[tuple[OrderIntent, Fill]]:
        found = [(self._rows.rows[number], fill) for number, fill in self.table("fills")]
        return [(intent, fill) for intent, fill in found if intent.account_id == account_id]

    @statement
    def fill(self, client_id: str, trade_id: str) -> Fill | None:
        found = self.table("fills").rows.get((client_id, trade_id))
        return found[1] if found else None

    @statement
    def entries_since(self, account_id: int, since: datetime) -> int:
        entries = [row for row in self._rows if row.purpose is OrderPurpose.ENTRY]
        mine = [row for row in entries if row.account_id == account_id]
        return sum(row.created_at >= since for row in mine)

    @statement
    def entries_of_owner_since(self, owner_id: int, mode: Mode, since: datetime) -> int:
        entries = [row for row in self._rows if row.purpose is OrderPurpose.ENTRY]
        mine = [row for row in entries if (row.owner_id, row.mode) == (owner_id, mode)]
        return sum(row.created_at >= since for row in mine)


class MemoryPositions(Repository):
    @property
    def _rows(self) -> Table[int, Position]:
        return self.table("positions")

    @statement
    def add(self, position: Position) -> Position:
        if any(row.proposal_id == position.proposal_id for row in self._rows):
            raise ValueError("a proposal opens one position")
        row = replace(position, id=self._rows.next_id())
        return self._rows.put(row.id, row)

    @statement
    def get(self, owner_id: int, position_id: int) -> Position:
        return owned(self._rows, owner_id, position_id)

    @statement
    def by_id(self, position_id: int) -> Position:
        return known(self._rows, position_id)

    @statement
    def by_proposal(self, proposal_id: int) -> Position | None:
        return next((row for row in self._rows if row.proposal_id == proposal_id), None)

    @statement
    def save(self, position: Position) -> bool:
        row = self._rows.rows.get(position.id)
        if row is None or row.version != position.version:
            return False
        self._rows.put(row.id, replace(position, version=row.version + 1))
        return True

    @statement
    def save_stops(self, stops: Mapping[int, Trailed]) -> None:
        for number, at in stops.items():
            row = self._rows.rows[number]
            if row.version == at.version:
                self._rows.put(number, replace(row, stop=at.stop, best=at.best))

    @statement
    def still_open(self, timeframe: str | None = None) -> Sequence[Position]:
        on_it = {row.id for row in self.table("strategies") if row.spec.timeframe == timeframe}
        return [
            row
            for row in _open(list(self._rows), open_only=True)
            if timeframe in {None, row.timeframe} or row.strategy_id in on_it
        ]

    @statement
    def held_since(self, since: datetime) -> Sequence[Position]:
        return [row for row in self._rows if row.closed_at is None or row.closed_at >= since]

    @statement
    def count_open(self) -> int:
        return len(_open(list(self._rows), open_only=True))

    @statement
    def of(
        self, owner_id: int, *, open_only: bool = False, limit: int = 100, offset: int = 0
    ) -> Sequence[Position]:
        found = [row for row in self._rows if row.owner_id == owner_id]
        return newest_first(_open(found, open_only))[offset : offset + limit]

    @statement
    def of_account(
        self, account_id: int, *, open_only: bool = False, since: datetime | None = None
    ) -> Sequence[Position]:
        mine = [row for row in self._rows if row.account_id == account_id]
        if since is None:
            return _open(mine, open_only)
        return [row for row in mine if row.closed_at is None or row.closed_at >= since]

    @statement
    def of_owner_mode(self, owner_id: int, mode: Mode, since: datetime) -> Sequence[Position]:
        mine = [row for row in self._rows if (row.owner_id, row.mode) == (owner_id, mode)]
        closed = PositionState.CLOSED
        return [
            row
            for row in mine
            if row.state is not closed or (row.closed_at is not None and row.closed_at >= since)
        ]


def _open(rows: list[Position], open_only: bool) -> list[Position]:
    return [row for row in rows if not open_only or row.state is not PositionState.CLOSED]
