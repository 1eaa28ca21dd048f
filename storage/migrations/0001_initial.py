from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from storage.columns import Document, Moment, Money, Words


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AuditRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("owner_id", fields.BigIntField()),
                ("actor", Words(generated=False, null=False, unique=False)),
                ("what", Words(generated=False, null=False, unique=False)),
                ("facts", Document(generated=False, null=False, unique=False)),
                ("at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "audit",
                "app": "storage",
                "indexes": [Index(fields=["owner_id", "id"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CardRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("card", Words(generated=False, null=False, unique=False)),
                ("platform", Words(generated=False, null=False, unique=False)),
                ("chat", Words(generated=False, null=False, unique=False)),
                ("thread", Words(generated=False, null=False, unique=False)),
                ("message_id", Words(generated=False, null=False, unique=False)),
                ("version", fields.IntField()),
            ],
            options={
                "table": "cards",
                "app": "storage",
                "unique_together": (("card", "platform", "chat", "thread"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="InboxRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("platform", Words(generated=False, null=False, unique=False)),
                ("key", Words(generated=False, null=False, unique=False)),
                ("payload", Document(generated=False, null=False, unique=False)),
                ("received_at", Moment(generated=False, null=False, unique=False)),
                ("state", Words(generated=False, null=False, unique=False)),
                ("attempts", fields.IntField()),
                ("error", Words(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "inbox",
                "app": "storage",
                "unique_together": (("platform", "key"),),
                "indexes": [Index(fields=["state", "id"]), Index(fields=["received_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="InvitationRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("code", Words(unique=True, generated=False, null=False)),
                ("invited_by", fields.BigIntField()),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("used_by", Words(null=True, generated=False, unique=False)),
                ("used_at", Moment(null=True, generated=False, unique=False)),
            ],
            options={"table": "invitations", "app": "storage", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ModelCallRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("purpose", Words(generated=False, null=False, unique=False)),
                ("model", Words(generated=False, null=False, unique=False)),
                ("owner_id", fields.BigIntField()),
                ("strategy_id", fields.BigIntField(null=True)),
                ("asked_at", Moment(generated=False, null=False, unique=False)),
                ("outcome", Words(generated=False, null=False, unique=False)),
                ("input_tokens", fields.IntField()),
                ("output_tokens", fields.IntField()),
                ("cached_tokens", fields.IntField()),
                ("cost", Money(generated=False, null=False, unique=False)),
                ("milliseconds", fields.IntField()),
                ("prompt", Words(generated=False, null=False, unique=False)),
                ("answer", Words(generated=False, null=False, unique=False)),
                ("error", Words(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "model_calls",
                "app": "storage",
                "indexes": [Index(fields=["owner_id", "asked_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NoteRow",
            fields=[
                (
                    "name",
                    Words(
                        primary_key=True, unique=True, db_index=True, generated=False, null=False
                    ),
                ),
                ("value", Document(generated=False, null=False, unique=False)),
                ("written_at", Moment(generated=False, null=False, unique=False)),
            ],
            options={"table": "notes", "app": "storage", "pk_attr": "name"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OutboxRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("owner_id", fields.BigIntField()),
                ("platform", Words(generated=False, null=False, unique=False)),
                ("chat", Words(generated=False, null=False, unique=False)),
                ("thread", Words(generated=False, null=False, unique=False)),
                ("kind", Words(generated=False, null=False, unique=False)),
                ("key", Words(generated=False, null=False, unique=False)),
                ("facts", Document(generated=False, null=False, unique=False)),
                ("card", Words(generated=False, null=False, unique=False)),
                ("replies_to", Words(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("next_try_at", Moment(generated=False, null=False, unique=False)),
                ("attempts", fields.IntField()),
                ("state", Words(generated=False, null=False, unique=False)),
                ("message_id", Words(generated=False, null=False, unique=False)),
                ("error", Words(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "outbox",
                "app": "storage",
                "unique_together": (("key", "platform", "chat", "thread"),),
                "indexes": [
                    Index(fields=["platform", "state", "chat", "thread", "id"]),
                    Index(fields=["created_at"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SnapshotRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("symbol", Words(generated=False, null=False, unique=False)),
                ("timeframe", Words(generated=False, null=False, unique=False)),
                ("closed", Moment(generated=False, null=False, unique=False)),
                ("points", Document(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "snapshots",
                "app": "storage",
                "unique_together": (("symbol", "timeframe", "closed"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="UserRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("name", Words(generated=False, null=False, unique=False)),
                ("zone", Words(generated=False, null=False, unique=False)),
                ("operator", fields.BooleanField()),
                ("notices", Document(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
            ],
            options={"table": "users", "app": "storage", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdentityRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "user",
                    fields.ForeignKeyField(
                        "storage.UserRow",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("platform", Words(generated=False, null=False, unique=False)),
                ("account", Words(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "identities",
                "app": "storage",
                "unique_together": (("platform", "account"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PlaceRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "user",
                    fields.ForeignKeyField(
                        "storage.UserRow",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("platform", Words(generated=False, null=False, unique=False)),
                ("chat", Words(generated=False, null=False, unique=False)),
                ("thread", Words(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "places",
                "app": "storage",
                "unique_together": (("user_id", "platform", "chat", "thread"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StrategyRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "storage.UserRow",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.IntField()),
                ("name", Words(generated=False, null=False, unique=False)),
                ("version", fields.IntField()),
                ("state", Words(generated=False, null=False, unique=False)),
                ("mode", Words(generated=False, null=False, unique=False)),
                ("run", Words(generated=False, null=False, unique=False)),
                ("timeframe", Words(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("activated_at", Moment(null=True, generated=False, unique=False)),
                ("pause_reason", Words(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "strategies",
                "app": "storage",
                "unique_together": (("owner_id", "number"),),
                "indexes": [Index(fields=["timeframe", "state"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AccountRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "storage.UserRow",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "strategy",
                    fields.ForeignKeyField(
                        "storage.StrategyRow",
                        source_field="strategy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("mode", Words(generated=False, null=False, unique=False)),
                ("currency", Words(generated=False, null=False, unique=False)),
                ("start", Money(generated=False, null=False, unique=False)),
                ("balance", Money(generated=False, null=False, unique=False)),
                ("peak", Money(generated=False, null=False, unique=False)),
                ("opened_at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "accounts",
                "app": "storage",
                "unique_together": (("strategy_id", "mode"),),
                "indexes": [Index(fields=["owner_id"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DecisionRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "strategy",
                    fields.ForeignKeyField(
                        "storage.StrategyRow",
                        source_field="strategy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("owner_id", fields.BigIntField()),
                ("version", fields.IntField()),
                ("symbol", Words(generated=False, null=False, unique=False)),
                ("timeframe", Words(generated=False, null=False, unique=False)),
                ("closed", Moment(generated=False, null=False, unique=False)),
                ("action", Words(generated=False, null=False, unique=False)),
                ("reason", Words(generated=False, null=False, unique=False)),
                ("decided_at", Moment(generated=False, null=False, unique=False)),
                ("model_call_id", fields.BigIntField(null=True)),
            ],
            options={
                "table": "decisions",
                "app": "storage",
                "unique_together": (("strategy_id", "symbol", "closed"),),
                "indexes": [Index(fields=["strategy_id", "closed"]), Index(fields=["closed"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OrderRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("key", Words(unique=True, generated=False, null=False)),
                ("client_id", Words(unique=True, generated=False, null=False)),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "storage.UserRow",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "strategy",
                    fields.ForeignKeyField(
                        "storage.StrategyRow",
                        source_field="strategy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "storage.AccountRow",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("symbol", Words(generated=False, null=False, unique=False)),
                ("mode", Words(generated=False, null=False, unique=False)),
                ("purpose", Words(generated=False, null=False, unique=False)),
                ("side", Words(generated=False, null=False, unique=False)),
                ("quantity", Money(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("proposal_id", fields.BigIntField(null=True)),
                ("position_id", fields.BigIntField(null=True)),
                ("trigger", Money(null=True, generated=False, unique=False)),
                ("reason", Words(generated=False, null=False, unique=False)),
                ("state", Words(generated=False, null=False, unique=False)),
                ("filled", Money(generated=False, null=False, unique=False)),
                ("error", Words(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "orders",
                "app": "storage",
                "indexes": [
                    Index(fields=["state"]),
                    Index(fields=["position_id"]),
                    Index(fields=["proposal_id"]),
                    Index(fields=["account_id", "purpose", "created_at"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FillRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "order",
                    fields.ForeignKeyField(
                        "storage.OrderRow",
                        source_field="order_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("account_id", fields.BigIntField()),
                ("client_id", Words(generated=False, null=False, unique=False)),
                ("trade_id", Words(generated=False, null=False, unique=False)),
                ("symbol", Words(generated=False, null=False, unique=False)),
                ("side", Words(generated=False, null=False, unique=False)),
                ("price", Money(generated=False, null=False, unique=False)),
                ("quantity", Money(generated=False, null=False, unique=False)),
                ("fee", Money(generated=False, null=False, unique=False)),
                ("fee_currency", Words(generated=False, null=False, unique=False)),
                ("at", Moment(generated=False, null=False, unique=False)),
                ("mark", Money(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "fills",
                "app": "storage",
                "unique_together": (("client_id", "trade_id"),),
                "indexes": [
                    Index(fields=["account_id", "at"]),
                    Index(fields=["order_id"]),
                    Index(fields=["at"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PositionRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "storage.UserRow",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "strategy",
                    fields.ForeignKeyField(
                        "storage.StrategyRow",
                        source_field="strategy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("strategy_name", Words(generated=False, null=False, unique=False)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "storage.AccountRow",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("proposal_id", fields.BigIntField()),
                ("symbol", Words(generated=False, null=False, unique=False)),
                ("timeframe", Words(generated=False, null=False, unique=False)),
                ("mode", Words(generated=False, null=False, unique=False)),
                ("side", Words(generated=False, null=False, unique=False)),
                ("quantity", Money(generated=False, null=False, unique=False)),
                ("entered", Money(generated=False, null=False, unique=False)),
                ("entry_price", Money(generated=False, null=False, unique=False)),
                ("initial_stop", Money(generated=False, null=False, unique=False)),
                ("stop", Money(generated=False, null=False, unique=False)),
                ("targets", Words(generated=False, null=False, unique=False)),
                ("trailing", Words(generated=False, null=False, unique=False)),
                ("best", Money(generated=False, null=False, unique=False)),
                ("realised", Money(generated=False, null=False, unique=False)),
                ("fees", Money(generated=False, null=False, unique=False)),
                ("opened_at", Moment(generated=False, null=False, unique=False)),
                ("state", Words(generated=False, null=False, unique=False)),
                ("closed_at", Moment(null=True, generated=False, unique=False)),
                ("exit_price", Money(null=True, generated=False, unique=False)),
                ("exit_reason", Words(generated=False, null=False, unique=False)),
                ("version", fields.IntField()),
            ],
            options={
                "table": "positions",
                "app": "storage",
                "unique_together": (("proposal_id",),),
                "indexes": [
                    Index(fields=["state", "id"]),
                    Index(fields=["owner_id", "id"]),
                    Index(fields=["account_id", "state"]),
                    Index(fields=["opened_at"]),
                    Index(fields=["closed_at"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ProposalRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "storage.UserRow",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "strategy",
                    fields.ForeignKeyField(
                        "storage.StrategyRow",
                        source_field="strategy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("strategy_version", fields.IntField()),
                ("strategy_name", Words(generated=False, null=False, unique=False)),
                (
                    "decision",
                    fields.ForeignKeyField(
                        "storage.DecisionRow",
                        source_field="decision_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("symbol", Words(generated=False, null=False, unique=False)),
                ("timeframe", Words(generated=False, null=False, unique=False)),
                ("closed", Moment(generated=False, null=False, unique=False)),
                ("mode", Words(generated=False, null=False, unique=False)),
                ("plan", Words(generated=False, null=False, unique=False)),
                ("equity", Money(generated=False, null=False, unique=False)),
                ("confidence", Document(generated=False, null=False, unique=False)),
                ("reasons", Document(generated=False, null=False, unique=False)),
                ("advised_by", Words(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("expires_at", Moment(generated=False, null=False, unique=False)),
                ("state", Words(generated=False, null=False, unique=False)),
                ("version", fields.IntField()),
                ("outcome", Words(generated=False, null=False, unique=False)),
                ("veto_reason", Words(null=True, generated=False, unique=False)),
                ("resolved_by", fields.BigIntField(null=True)),
                ("resolved_at", Moment(null=True, generated=False, unique=False)),
                ("changes", Document(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "proposals",
                "app": "storage",
                "unique_together": (("decision_id",),),
                "indexes": [
                    Index(fields=["state", "expires_at"]),
                    Index(fields=["owner_id", "id"]),
                    Index(fields=["strategy_id"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StrategyVersionRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "strategy",
                    fields.ForeignKeyField(
                        "storage.StrategyRow",
                        source_field="strategy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.IntField()),
                ("spec", Words(generated=False, null=False, unique=False)),
                ("sentence", Words(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "strategy_versions",
                "app": "storage",
                "unique_together": (("strategy_id", "version"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
