"""The tables. Rows become the domain's types in the repository beside them.

A change here needs a migration, which `tortoise -c storage.schema.TOOL makemigrations` writes;
the tests check that both agree. Known faults of that tool: an added column that may not be null
needs `db_default`, an index on it belongs into `Meta.indexes`, and altering a column on SQLite
drops the indexes and constraints of its table, so that the migration must make them again.
"""

from typing import Any

from tortoise.fields import BigIntField, BooleanField, ForeignKeyField, IntField
from tortoise.fields.base import OnDelete
from tortoise.models import Model

from storage.columns import Document, Moment, Money, Words

KEEP = OnDelete.RESTRICT


def _to(table: str, **options: Any) -> Any:
    """A reference that never deletes: what was traded stays."""
    return ForeignKeyField(f"storage.{table}", related_name=False, on_delete=KEEP, **options)


class UserRow(Model):
    id = BigIntField(primary_key=True)
    name = Words()
    zone = Words()
    operator = BooleanField()
    notices = Document()
    created_at = Moment()

    class Meta:
        table = "users"


class IdentityRow(Model):
    id = BigIntField(primary_key=True)
    user = _to("UserRow")
    user_id: int
    platform = Words()
    account = Words()

    class Meta:
        table = "identities"
        unique_together = (("platform", "account"),)


class PlaceRow(Model):
    id = BigIntField(primary_key=True)
    user = _to("UserRow")
    user_id: int
    platform = Words()
    chat = Words()
    thread = Words()

    class Meta:
        table = "places"
        unique_together = (("user_id", "platform", "chat", "thread"),)
        indexes = (("platform", "chat", "thread"),)


class InvitationRow(Model):
    id = BigIntField(primary_key=True)
    code = Words(unique=True)
    invited_by = BigIntField()
    created_at = Moment()
    used_by = Words(null=True)
    used_at = Moment(null=True)

    class Meta:
        table = "invitations"


class StrategyRow(Model):
    id = BigIntField(primary_key=True)
    owner = _to("UserRow")
    owner_id: int
    number = IntField()
    name = Words()
    version = IntField()
    state = Words()
    mode = Words()
    run = Words()
    timeframe = Words()
    created_at = Moment()
    activated_at = Moment(null=True)
    pause_reason = Words()
    autonomy = Document(null=True)
    schedule = Words(null=True)
    waits_flat = BooleanField(db_default=False)

    class Meta:
        table = "strategies"
        unique_together = (("owner_id", "number"),)
        indexes = (("timeframe", "state"),)


class StrategyVersionRow(Model):
    id = BigIntField(primary_key=True)
    strategy = _to("StrategyRow")
    strategy_id: int
    version = IntField()
    spec = Words()
    sentence = Words()
    created_at = Moment()

    class Meta:
        table = "strategy_versions"
        unique_together = (("strategy_id", "version"),)


class SnapshotRow(Model):
    id = BigIntField(primary_key=True)
    symbol = Words()
    timeframe = Words()
    closed = Moment()
    points = Document()

    class Meta:
        table = "snapshots"
        unique_together = (("symbol", "timeframe", "closed"),)


class DecisionRow(Model):
    id = BigIntField(primary_key=True)
    strategy = _to("StrategyRow")
    strategy_id: int
    owner_id = BigIntField()
    version = IntField()
    symbol = Words()
    timeframe = Words()
    closed = Moment()
    action = Words()
    reason = Words()
    decided_at = Moment()
    model_call_id = BigIntField(null=True)

    class Meta:
        table = "decisions"
        unique_together = (("strategy_id", "symbol", "closed"),)
        indexes = (("strategy_id", "closed"), ("closed",))


class ProposalRow(Model):
    id = BigIntField(primary_key=True)
    owner = _to("UserRow")
    owner_id: int
    strategy = _to("StrategyRow")
    strategy_id: int
    strategy_version = IntField()
    strategy_name = Words()
    decision = _to("DecisionRow")
    decision_id: int
    symbol = Words()
    timeframe = Words()
    closed = Moment()
    mode = Words()
    plan = Words()
    equity = Money()
    confidence = Document()
    reasons = Document()
    advised_by = Words()
    created_at = Moment()
    expires_at = Moment()
    state = Words()
    version = IntField()
    outcome = Words()
    veto_reason = Words(null=True)
    resolved_by = BigIntField(null=True)
    resolved_at = Moment(null=True)
    changes = Document()
    runs_at = Moment(null=True)
    autonomy = Words(null=True)

    class Meta:
        table = "proposals"
        unique_together = (("decision_id",),)
        indexes = (
            ("state", "expires_at"),
            ("owner_id", "id"),
            ("strategy_id",),
            ("state", "runs_at"),
        )


class AccountRow(Model):
    id = BigIntField(primary_key=True)
    owner = _to("UserRow")
    owner_id: int
    strategy = _to("StrategyRow")
    strategy_id: int
    mode = Words()
    currency = Words()
    start = Money()
    balance = Money()
    peak = Money()
    opened_at = Moment()

    class Meta:
        table = "accounts"
        unique_together = (("strategy_id", "mode"),)
        indexes = (("owner_id",),)


class OrderRow(Model):
    id = BigIntField(primary_key=True)
    key = Words(unique=True)
    client_id = Words(unique=True)
    owner = _to("UserRow")
    owner_id: int
    strategy = _to("StrategyRow")
    strategy_id: int
    account = _to("AccountRow")
    account_id: int
    symbol = Words()
    mode = Words()
    purpose = Words()
    side = Words()
    quantity = Money()
    created_at = Moment()
    proposal_id = BigIntField(null=True)
    position_id = BigIntField(null=True)
    trigger = Money(null=True)
    reason = Words()
    state = Words()
    filled = Money()
    error = Words()
    kind = Words(db_default="market")
    price = Money(null=True)
    pair = Words(db_default="")
    target = IntField(null=True)
    venue_id = Words(db_default="")
    sent_at = Moment(null=True)

    class Meta:
        table = "orders"
        indexes = (
            ("owner_id", "venue_id"),
            ("owner_id", "mode", "state"),
            ("owner_id", "mode", "purpose", "created_at"),
            ("state",),
            ("position_id",),
            ("proposal_id",),
            ("account_id", "purpose", "created_at"),
        )


class FillRow(Model):
    id = BigIntField(primary_key=True)
    order = _to("OrderRow")
    order_id: int
    account_id = BigIntField()
    client_id = Words()
    trade_id = Words()
    symbol = Words()
    side = Words()
    price = Money()
    quantity = Money()
    fee = Money()
    fee_currency = Words()
    at = Moment()
    mark = Money(null=True)
    fee_value = Money(null=True)
    heard_at = Moment(null=True)

    class Meta:
        table = "fills"
        unique_together = (("client_id", "trade_id"),)
        indexes = (("account_id", "at"), ("order_id",), ("at",))


class PositionRow(Model):
    id = BigIntField(primary_key=True)
    owner = _to("UserRow")
    owner_id: int
    strategy = _to("StrategyRow")
    strategy_id: int
    strategy_name = Words()
    account = _to("AccountRow")
    account_id: int
    proposal_id = BigIntField()
    symbol = Words()
    timeframe = Words()
    mode = Words()
    side = Words()
    quantity = Money()
    entered = Money()
    entry_price = Money()
    initial_stop = Money()
    stop = Money()
    targets = Words()
    trailing = Words()
    best = Money()
    realised = Money()
    fees = Money()
    opened_at = Moment()
    state = Words()
    closed_at = Moment(null=True)
    exit_price = Money(null=True)
    exit_reason = Words()
    version = IntField()
    funding = Money(null=True)
    leverage = IntField(db_default=1)
    liquidation = Money(null=True)
    entry_value = Money(null=True)
    exit_value = Money(null=True)
    step = Money(null=True)

    class Meta:
        table = "positions"
        unique_together = (("proposal_id",),)
        indexes = (
            ("state", "id"),
            ("owner_id", "id"),
            ("owner_id", "mode", "state", "closed_at"),
            ("account_id", "state"),
            ("opened_at",),
            ("closed_at",),
        )


class ModelCallRow(Model):
    id = BigIntField(primary_key=True)
    purpose = Words()
    model = Words()
    owner_id = BigIntField()
    strategy_id = BigIntField(null=True)
    asked_at = Moment()
    outcome = Words()
    input_tokens = IntField()
    output_tokens = IntField()
    cached_tokens = IntField()
    cost = Money()
    milliseconds = IntField()
    prompt = Words()
    answer = Words()
    error = Words()

    class Meta:
        table = "model_calls"
        indexes = (("owner_id", "asked_at"),)


class NoteRow(Model):
    name = Words(primary_key=True)
    value = Document()
    written_at = Moment()

    class Meta:
        table = "notes"


class AuditRow(Model):
    id = BigIntField(primary_key=True)
    owner_id = BigIntField()
    actor = Words()
    what = Words()
    facts = Document()
    at = Moment()

    class Meta:
        table = "audit"
        indexes = (("owner_id", "id"),)
