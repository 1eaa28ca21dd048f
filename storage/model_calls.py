"""What was asked of a model, what it answered, and what that cost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from agents.domain.decision import ModelCall
from agents.domain.errors import NotFound
from storage.models import ModelCallRow
from storage.rows import Repository


class ModelCalls(Repository):
    """Satisfies `agents.domain.ports.ModelCalls`."""

    async def add(self, call: ModelCall) -> ModelCall:
        number = await self.insert(
            ModelCallRow,
            purpose=call.purpose,
            model=call.model,
            owner_id=call.owner_id,
            strategy_id=call.strategy_id,
            asked_at=call.asked_at,
            outcome=call.outcome,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            cached_tokens=call.cached_tokens,
            cost=call.cost,
            milliseconds=call.milliseconds,
            prompt=call.prompt,
            answer=call.answer,
            error=call.error,
        )
        return replace(call, id=number or 0)

    async def get(self, owner_id: int, call_id: int) -> ModelCall:
        row = await ModelCallRow.get_or_none(id=call_id, owner_id=owner_id, using_db=self.db)
        if row is None:
            raise NotFound("There is no such model call, or it is not yours.")
        return _call(row)

    async def of(self, owner_id: int, since: datetime) -> Sequence[ModelCall]:
        """Oldest first; the moment itself counts."""
        query = ModelCallRow.filter(owner_id=owner_id, asked_at__gte=since)
        return [_call(row) for row in await query.using_db(self.db).order_by("asked_at", "id")]


def _call(row: ModelCallRow) -> ModelCall:
    return ModelCall(
        purpose=row.purpose,
        model=row.model,
        owner_id=row.owner_id,
        strategy_id=row.strategy_id,
        asked_at=row.asked_at,
        outcome=row.outcome,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cached_tokens=row.cached_tokens,
        cost=row.cost,
        milliseconds=row.milliseconds,
        prompt=row.prompt,
        answer=row.answer,
        error=row.error,
        id=row.id,
    )
