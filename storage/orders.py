"""Order intents and the fills that brokers reported for them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.domain.errors import NotFound
from agents.domain.order import (
    ORDER_MOVES,
    UNSETTLED,
    Fill,
    OrderIntent,
    OrderKind,
    OrderPurpose,
    OrderSide,
    OrderState,
)
from agents.domain.strategy import Mode
from storage.models import FillRow, OrderRow
from storage.rows import Repository

_MOVABLE = frozenset({"filled", "error", "quantity", "venue_id", "sent_at"})
_UNSETTLED = tuple(state.value for state in OrderState if state in UNSETTLED)


class Orders(Repository):
    """Satisfies `agents.domain.ports.Orders`."""

    async def add(self, intent: OrderIntent) -> OrderIntent | None:
        number = await self.insert(
            OrderRow,
            ("key",),
            key=intent.key,
            client_id=intent.client_id,
            owner_id=intent.owner_id,
            strategy_id=intent.strategy_id,
            account_id=intent.account_id,
            symbol=intent.symbol,
            mode=intent.mode.value,
            purpose=intent.purpose.value,
            side=intent.side.value,
            quantity=intent.quantity,
            created_at=intent.created_at,
            proposal_id=intent.proposal_id,
            position_id=intent.position_id,
            trigger=intent.trigger,
            reason=intent.reason,
            state=intent.state.value,
            filled=intent.filled,
            error=intent.error,
            kind=intent.kind.value,
            price=intent.price,
            pair=intent.pair,
            target=intent.target,
            venue_id=intent.venue_id,
            sent_at=intent.sent_at,
        )
        return None if number is None else replace(intent, id=number)

    async def get(self, intent_id: int) -> OrderIntent:
        row = await OrderRow.get_or_none(id=intent_id, using_db=self.db)
        if row is None:
            raise NotFound("There is no such order.")
        return _intent(row)

    async def by_client_id(self, client_id: str) -> OrderIntent | None:
        row = await OrderRow.get_or_none(client_id=client_id, using_db=self.db)
        return _intent(row) if row else None

    async def move(self, intent: OrderIntent, to: OrderState, **changes: Any) -> bool:
        """Raises ValueError for a move that ORDER_MOVES does not know, and for changes to fields
        that no move may touch. PART_FILLED may follow itself. A move that writes `filled` also
        expects the amount that `intent` had, so that no part is counted twice."""
        again = to is intent.state is OrderState.PART_FILLED
        if to not in ORDER_MOVES[intent.state] and not again:
            raise ValueError(f"an order can't go from {intent.state} to {to}")
        if unknown := changes.keys() - _MOVABLE:
            raise ValueError(f"a move can't change {', '.join(sorted(unknown))}")
        present = OrderRow.filter(id=intent.id, state=intent.state.value)
        if "filled" in changes:
            present = present.filter(filled=intent.filled)
        return await present.using_db(self.db).update(state=to.value, **changes) == 1

    async def in_states(self, states: Collection[OrderState]) -> Sequence[OrderIntent]:
        """Of all owners, oldest first."""
        query = OrderRow.filter(state__in=[state.value for state in states])
        return [_intent(row) for row in await query.using_db(self.db).order_by("id")]

    async def of_position(self, position_id: int) -> Sequence[OrderIntent]:
        """Oldest first; the entry is among them when it names the position."""
        query = OrderRow.filter(position_id=position_id)
        return [_intent(row) for row in await query.using_db(self.db).order_by("id")]

    async def resting(self, position_id: int) -> Sequence[OrderIntent]:
        query = OrderRow.filter(position_id=position_id, state__in=_UNSETTLED)
        waiting = query.exclude(kind=OrderKind.MARKET.value)
        return [_intent(row) for row in await waiting.using_db(self.db).order_by("id")]

    async def of_account(
        self, account_id: int, since: datetime | None = None
    ) -> Sequence[OrderIntent]:
        """With `since` those created from then on."""
        query = OrderRow.filter(account_id=account_id)
        if since is not None:
            query = query.filter(created_at__gte=since)
        return [_intent(row) for row in await query.using_db(self.db).order_by("id")]

    async def by_venue_id(
        self, owner_id: int, venue_id: str, symbol: str | None = None
    ) -> OrderIntent | None:
        if not venue_id:
            return None
        query = OrderRow.filter(owner_id=owner_id, venue_id=venue_id)
        if symbol is not None:
            query = query.filter(symbol=symbol)
        row = await query.using_db(self.db).order_by("-id").first()
        return _intent(row) if row else None

    async def unsettled_of(self, owner_id: int, mode: Mode) -> Sequence[OrderIntent]:
        query = OrderRow.filter(owner_id=owner_id, mode=mode.value, state__in=_UNSETTLED)
        return [_intent(row) for row in await query.using_db(self.db).order_by("id")]

    async def add_fill(self, intent: OrderIntent, fill: Fill) -> bool:
        number = await self.insert(
            FillRow,
            ("client_id", "trade_id"),
            order_id=intent.id,
            account_id=intent.account_id,
            client_id=fill.client_id,
            trade_id=fill.trade_id,
            symbol=fill.symbol,
            side=fill.side.value,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            at=fill.at,
            mark=fill.mark,
            fee_value=fill.fee_value,
            heard_at=fill.heard_at,
        )
        return number is not None

    async def fills(self, account_id: int) -> Sequence[tuple[OrderIntent, Fill]]:
        rows = await FillRow.filter(account_id=account_id).using_db(self.db).order_by("at", "id")
        orders = await OrderRow.filter(account_id=account_id).using_db(self.db)
        intents = {row.id: _intent(row) for row in orders}
        return [(intents[row.order_id], _fill(row)) for row in rows]

    async def fill(self, client_id: str, trade_id: str) -> Fill | None:
        row = await FillRow.get_or_none(client_id=client_id, trade_id=trade_id, using_db=self.db)
        return _fill(row) if row else None

    async def entries_since(self, account_id: int, since: datetime) -> int:
        """Whatever became of them; the moment itself counts."""
        query = OrderRow.filter(
            account_id=account_id, purpose=OrderPurpose.ENTRY.value, created_at__gte=since
        )
        return await query.using_db(self.db).count()

    async def entries_of_owner_since(self, owner_id: int, mode: Mode, since: datetime) -> int:
        query = OrderRow.filter(owner_id=owner_id, mode=mode.value, created_at__gte=since)
        entries = query.filter(purpose=OrderPurpose.ENTRY.value)
        return await entries.using_db(self.db).count()


def _intent(row: OrderRow) -> OrderIntent:
    return OrderIntent(
        key=row.key,
        owner_id=row.owner_id,
        strategy_id=row.strategy_id,
        account_id=row.account_id,
        symbol=row.symbol,
        mode=Mode(row.mode),
        purpose=OrderPurpose(row.purpose),
        side=OrderSide(row.side),
        quantity=row.quantity,
        created_at=row.created_at,
        proposal_id=row.proposal_id,
        position_id=row.position_id,
        trigger=row.trigger,
        reason=row.reason,
        state=OrderState(row.state),
        filled=row.filled,
        error=row.error,
        kind=OrderKind(row.kind),
        price=row.price,
        pair=row.pair,
        target=row.target,
        venue_id=row.venue_id,
        sent_at=row.sent_at,
        id=row.id,
    )


def _fill(row: FillRow) -> Fill:
    return Fill(
        client_id=row.client_id,
        trade_id=row.trade_id,
        symbol=row.symbol,
        side=OrderSide(row.side),
        price=row.price,
        quantity=row.quantity,
        fee=row.fee,
        fee_currency=row.fee_currency,
        at=row.at,
        mark=row.mark,
        fee_value=row.fee_value,
        heard_at=row.heard_at,
    )
