"""Users, strategies, model calls, notices, notes and the audit, in memory."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.domain.autonomy import Autonomy
from agents.domain.decision import ModelCall
from agents.domain.errors import NotFound
from agents.domain.ports import NoticeListener
from agents.domain.strategy import (
    STRATEGY_MOVES,
    Mode,
    RunKind,
    Strategy,
    StrategySpec,
    StrategyState,
)
from agents.domain.user import Identity, Notice, Place, User
from tests.support.memory_core import Repository, Session, Table, statement
from tests.support.memory_trading import known, owned


class MemoryUsers(Repository):
    @property
    def _rows(self) -> Table[int, User]:
        return self.table("users")

    @statement
    def find(self, identity: Identity) -> User | None:
        number = self.table("identities").rows.get(identity)
        return self._rows.rows[number] if number else None

    @statement
    def get(self, user_id: int) -> User:
        return known(self._rows, user_id)

    @statement
    def everyone(self) -> Sequence[User]:
        return list(self._rows)

    @statement
    def join(
        self, identity: Identity, name: str, home: Place, *, operator: bool, at: datetime
    ) -> User:
        number = self.table("identities").rows.get(identity)
        if number is None:
            number = self._rows.next_id()
            self._rows.put(number, User(number, name, "UTC", operator, at))
            self.table("identities").put(identity, number)
        present = replace(self._rows.rows[number], name=name, operator=operator)
        self._rows.put(number, present)
        self._add_place(number, home)
        return self._rows.rows[number]

    @statement
    def places(self, user_id: int) -> Sequence[Place]:
        return list(self.table("places").rows.get(user_id, ()))

    @statement
    def add_place(self, user_id: int, place: Place) -> None:
        self._add_place(user_id, place)

    def _add_place(self, user_id: int, place: Place) -> None:
        places = self.table("places").rows.get(user_id, ())
        if place not in places:
            self.table("places").put(user_id, (*places, place))

    @statement
    def drop_place(self, user_id: int, place: Place) -> None:
        places = self.table("places").rows.get(user_id, ())
        self.table("places").put(user_id, tuple(item for item in places if item != place))

    @statement
    def set_zone(self, user_id: int, zone: str) -> None:
        self._rows.put(user_id, replace(known(self._rows, user_id), zone=zone))

    @statement
    def set_notice(self, user_id: int, kind: str, level: str) -> None:
        user = known(self._rows, user_id)
        self._rows.put(user_id, replace(user, notices={**user.notices, kind: level}))

    @statement
    def invite(self, code: str, by: int, at: datetime) -> None:
        if code not in self.table("invitations").rows:
            self.table("invitations").put(code, None)

    @statement
    def redeem(self, code: str, identity: Identity, at: datetime) -> bool:
        codes = self.table("invitations")
        if code not in codes.rows or codes.rows[code] is not None:
            return False
        codes.put(code, identity)
        return True


class MemoryStrategies(Repository):
    @property
    def _rows(self) -> Table[int, Strategy]:
        return self.table("strategies")

    @statement
    def draft(
        self, owner_id: int, name: str, spec: StrategySpec, sentence: str, mode: Mode, at: datetime
    ) -> Strategy:
        row = Strategy(
            id=self._rows.next_id(),
            owner_id=owner_id,
            number=1 + sum(item.owner_id == owner_id for item in self._rows),
            name=name,
            version=1,
            state=StrategyState.DRAFT,
            mode=mode,
            run=RunKind.CONTINUOUS,
            spec=spec,
            sentence=sentence,
            created_at=at,
        )
        self.table("specs").put((row.id, 1), spec)
        return self._rows.put(row.id, row)

    @statement
    def get(self, owner_id: int, strategy_id: int) -> Strategy:
        return owned(self._rows, owner_id, strategy_id)

    @statement
    def of(
        self, owner_id: int, states: Collection[StrategyState] | None = None
    ) -> Sequence[Strategy]:
        found = [row for row in self._rows if row.owner_id == owner_id]
        return [row for row in found if states is None or row.state in states]

    @statement
    def move(
        self,
        owner_id: int,
        strategy_id: int,
        to: StrategyState,
        at: datetime,
        *,
        reason: str = "",
    ) -> bool:
        row: Strategy = owned(self._rows, owner_id, strategy_id)
        if to not in STRATEGY_MOVES[row.state]:
            return False
        since = at if to is StrategyState.ACTIVE else row.activated_at
        moved = replace(row, state=to, activated_at=since, pause_reason=reason)
        self._rows.put(row.id, moved)
        return True

    @statement
    def revise(
        self,
        owner_id: int,
        strategy_id: int,
        version: int,
        spec: StrategySpec,
        sentence: str,
        at: datetime,
    ) -> bool:
        row: Strategy = owned(self._rows, owner_id, strategy_id)
        if row.version != version:
            return False
        self.table("specs").put((row.id, version + 1), spec)
        self._rows.put(row.id, replace(row, version=version + 1, spec=spec, sentence=sentence))
        return True

    @statement
    def spec_at(self, owner_id: int, strategy_id: int, version: int) -> StrategySpec:
        owned(self._rows, owner_id, strategy_id)
        if (strategy_id, version) not in self.table("specs").rows:
            raise NotFound
        return self.table("specs").rows[(strategy_id, version)]

    @statement
    def rename(self, owner_id: int, strategy_id: int, name: str) -> None:
        self._rows.put(strategy_id, replace(owned(self._rows, owner_id, strategy_id), name=name))

    @statement
    def set_run(self, owner_id: int, strategy_id: int, run: str) -> None:
        row = owned(self._rows, owner_id, strategy_id)
        self._rows.put(strategy_id, replace(row, run=RunKind(run)))

    @statement
    def set_autonomy(self, owner_id: int, strategy_id: int, autonomy: Autonomy) -> None:
        row = owned(self._rows, owner_id, strategy_id)
        self._rows.put(strategy_id, replace(row, autonomy=autonomy))

    @statement
    def set_mode(self, owner_id: int, strategy_id: int, was: Mode, to: Mode) -> bool:
        row: Strategy = owned(self._rows, owner_id, strategy_id)
        if row.mode is not was:
            return False
        self._rows.put(strategy_id, replace(row, mode=to))
        return True

    @statement
    def set_schedule(
        self, owner_id: int, strategy_id: int, schedule: str, *, waits_flat: bool
    ) -> None:
        row = owned(self._rows, owner_id, strategy_id)
        self._rows.put(strategy_id, replace(row, schedule=schedule, waits_flat=waits_flat))

    @statement
    def due(self, timeframe: str) -> Sequence[Strategy]:
        active = [row for row in self._rows if row.state is StrategyState.ACTIVE]
        by_candles = [row for row in active if row.run is not RunKind.ON_SIGNAL]
        return [row for row in by_candles if row.spec.timeframe == timeframe]

    @statement
    def active(self) -> Sequence[Strategy]:
        return [row for row in self._rows if row.state is StrategyState.ACTIVE]


class MemoryModelCalls(Repository):
    @statement
    def add(self, call: ModelCall) -> ModelCall:
        row = replace(call, id=self.table("model_calls").next_id())
        return self.table("model_calls").put(row.id, row)

    @statement
    def get(self, owner_id: int, call_id: int) -> ModelCall:
        return owned(self.table("model_calls"), owner_id, call_id)

    @statement
    def of(self, owner_id: int, since: datetime) -> Sequence[ModelCall]:
        mine = [row for row in self.table("model_calls") if row.owner_id == owner_id]
        return [row for row in mine if row.asked_at >= since]


class MemoryNotices(Repository):
    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.listeners: list[NoticeListener] = []

    async def tell(self, notice: Notice) -> None:
        async with self.session.transaction():
            await self._store(notice)
            for listener in self.listeners:
                await listener(notice)

    @statement
    def _store(self, notice: Notice) -> None:
        if notice.key not in self.table("notices").rows:
            self.table("notices").put(notice.key, notice)


class MemoryNotes(Repository):
    @statement
    def read(self, name: str) -> Any:
        return json.loads(self.table("notes").rows.get(name, "null"))

    @statement
    def write(self, name: str, value: Any) -> None:
        self.table("notes").put(name, json.dumps(value, default=str))

    @statement
    def erase(self, name: str) -> None:
        if name in self.table("notes").rows:
            self.table("notes").drop(name)


class MemoryPreferences(Repository):
    @statement
    def read(self, user_id: int, name: str) -> Any:
        return json.loads(self.table("preferences").rows.get((user_id, name), "null"))

    @statement
    def write(self, user_id: int, name: str, value: Any, at: datetime) -> None:
        self.table("preferences").put((user_id, name), json.dumps(value, default=str))

    @statement
    def everyone(self, name: str) -> Sequence[tuple[int, Any]]:
        rows = sorted(self.table("preferences").rows.items())
        found = [(user, json.loads(value)) for (user, called), value in rows if called == name]
        return [(user, value) for user, value in found if value is not None]


class MemoryAudit(Repository):
    @statement
    def record(self, owner_id: int, actor: str, what: str, facts: Mapping[str, Any]) -> None:
        table = self.table("audit")
        row = {"owner_id": owner_id, "actor": actor, "what": what, "facts": dict(facts)}
        table.put(table.next_id(), row)

    @statement
    def recent(self, owner_id: int, limit: int) -> Sequence[Mapping[str, Any]]:
        mine = [row for row in self.table("audit") if row["owner_id"] == owner_id]
        return mine[::-1][:limit]
