from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from storage.columns import Document, Moment, Words


class Migration(migrations.Migration):
    dependencies = [("storage", "0003_groups")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ChannelRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("platform", Words(generated=False, null=False, unique=False)),
                ("chat", Words(generated=False, null=False, unique=False)),
                ("thread", Words(generated=False, null=False, unique=False)),
                ("title", Words(generated=False, null=False, unique=False)),
                ("added_by", fields.BigIntField()),
                ("delay", fields.IntField()),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("lost_at", Moment(null=True, generated=False, unique=False)),
                ("lost_reason", Words(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "channels",
                "app": "storage",
                "unique_together": (("platform", "chat", "thread"),),
                "pk_attr": "id",
                "table_description": "A channel or group that signals are published to. `delay` is in seconds.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HeardRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("owner_id", fields.BigIntField()),
                ("source", Words(generated=False, null=False, unique=False)),
                ("key", Words(generated=False, null=False, unique=False)),
                ("answers", Words(generated=False, null=False, unique=False)),
                ("words", Words(generated=False, null=False, unique=False)),
                ("reading", Document(generated=False, null=False, unique=False)),
                ("state", Words(generated=False, null=False, unique=False)),
                ("reason", Words(generated=False, null=False, unique=False)),
                ("verdict", Document(generated=False, null=False, unique=False)),
                ("strategy_id", fields.BigIntField(null=True)),
                ("decision_id", fields.BigIntField(null=True)),
                ("proposal_id", fields.BigIntField(null=True)),
                ("platform", Words(generated=False, null=False, unique=False)),
                ("chat", Words(generated=False, null=False, unique=False)),
                ("thread", Words(generated=False, null=False, unique=False)),
                ("said_at", Moment(generated=False, null=False, unique=False)),
                ("market_at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "heard",
                "app": "storage",
                "unique_together": (("owner_id", "source", "key"),),
                "indexes": [
                    Index(fields=["state", "id"]),
                    Index(fields=["owner_id", "id"]),
                    Index(fields=["proposal_id"]),
                ],
                "pk_attr": "id",
                "table_description": "A signal that came in. `source` names the group, hook or person, `key` what can't come twice",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HookRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("owner_id", fields.BigIntField()),
                ("number", fields.IntField()),
                ("name", Words(generated=False, null=False, unique=False)),
                ("secret_hash", Words(unique=True, generated=False, null=False)),
                ("earlier_hash", Words(null=True, generated=False, unique=False)),
                ("earlier_until", Moment(null=True, generated=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("used_at", Moment(null=True, generated=False, unique=False)),
                ("ended_at", Moment(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "hooks",
                "app": "storage",
                "unique_together": (("owner_id", "number"),),
                "indexes": [Index(fields=["earlier_hash"])],
                "pk_attr": "id",
                "table_description": "A webhook. Secrets are stored as hashes. A changed one is good for a while longer.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ListenRow",
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
                ("title", Words(generated=False, null=False, unique=False)),
                ("created_by", fields.BigIntField()),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("ended_at", Moment(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "listens",
                "app": "storage",
                "unique_together": (("owner_id", "platform", "chat", "thread"),),
                "indexes": [Index(fields=["platform", "chat"])],
                "pk_attr": "id",
                "table_description": "A group in which signals are read for an account.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PublicationRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("channel_id", fields.BigIntField()),
                ("strategy_id", fields.BigIntField()),
                ("owner_id", fields.BigIntField()),
                ("publisher_id", fields.BigIntField()),
                ("identity", Words(generated=False, null=False, unique=False)),
                ("moment", Words(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("ended_at", Moment(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "publications",
                "app": "storage",
                "unique_together": (("channel_id", "strategy_id"),),
                "indexes": [Index(fields=["strategy_id"]), Index(fields=["owner_id"])],
                "pk_attr": "id",
                "table_description": "A strategy whose signals go to a channel. `moment` is `proposal` or `approval`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecordRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("channel_id", fields.BigIntField()),
                ("number", fields.IntField()),
                ("key", Words(generated=False, null=False, unique=False)),
                ("kind", Words(generated=False, null=False, unique=False)),
                ("body", Words(generated=False, null=False, unique=False)),
                ("previous", Words(generated=False, null=False, unique=False)),
                ("hash", Words(generated=False, null=False, unique=False)),
                ("at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "record",
                "app": "storage",
                "unique_together": (("channel_id", "number"), ("channel_id", "key")),
                "pk_attr": "id",
                "table_description": "An entry of a channel's record. `body` is the canonical JSON of its facts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SignalRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("channel_id", fields.BigIntField()),
                ("number", fields.IntField()),
                ("owner_id", fields.BigIntField()),
                ("strategy_id", fields.BigIntField()),
                ("proposal_id", fields.BigIntField()),
                ("position_id", fields.BigIntField(null=True)),
                ("state", Words(generated=False, null=False, unique=False)),
                ("facts", Document(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "signals",
                "app": "storage",
                "unique_together": (("channel_id", "proposal_id"), ("channel_id", "number")),
                "indexes": [Index(fields=["proposal_id"]), Index(fields=["position_id"])],
                "pk_attr": "id",
                "table_description": "A published signal. `number` counts a channel's signals from 1.",
            },
            bases=["Model"],
        ),
    ]
