from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from storage.columns import Document, Moment, Money, Words


class Migration(migrations.Migration):
    dependencies = [("storage", "0004_signals")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ConnectionRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("owner_id", fields.BigIntField()),
                ("exchange", Words(generated=False, null=False, unique=False)),
                ("sealed", Words(generated=False, null=False, unique=False)),
                ("ends", Words(generated=False, null=False, unique=False)),
                ("state", Words(generated=False, null=False, unique=False)),
                ("why", Words(generated=False, null=False, unique=False)),
                ("baseline", Document(generated=False, null=False, unique=False)),
                ("restricted", fields.BooleanField(null=True)),
                ("connected_at", Moment(null=True, generated=False, unique=False)),
                ("seen_until", Moment(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "connections",
                "app": "storage",
                "unique_together": (("owner_id",),),
                "pk_attr": "id",
                "table_description": "A user's exchange account. `sealed` is encrypted.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FindingRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("owner_id", fields.BigIntField()),
                ("key", Words(generated=False, null=False, unique=False)),
                ("kind", Words(generated=False, null=False, unique=False)),
                ("symbol", Words(generated=False, null=False, unique=False)),
                ("side", Words(generated=False, null=False, unique=False)),
                ("quantity", Money(generated=False, null=False, unique=False)),
                ("price", Money(null=True, generated=False, unique=False)),
                ("found_at", Moment(generated=False, null=False, unique=False)),
                ("state", Words(generated=False, null=False, unique=False)),
                ("position_id", fields.BigIntField(null=True)),
                ("venue_id", Words(generated=False, null=False, unique=False)),
                ("version", fields.IntField()),
            ],
            options={
                "table": "findings",
                "app": "storage",
                "unique_together": (("owner_id", "key"),),
                "indexes": [Index(fields=["owner_id", "state"])],
                "pk_attr": "id",
                "table_description": "Something at an exchange that does not match the book.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FundingRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("account_id", fields.BigIntField()),
                ("position_id", fields.BigIntField()),
                ("venue_id", Words(generated=False, null=False, unique=False)),
                ("symbol", Words(generated=False, null=False, unique=False)),
                ("amount", Money(generated=False, null=False, unique=False)),
                ("rate", Money(null=True, generated=False, unique=False)),
                ("at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "funding",
                "app": "storage",
                "unique_together": (("account_id", "venue_id"),),
                "indexes": [Index(fields=["position_id"]), Index(fields=["account_id", "at"])],
                "pk_attr": "id",
                "table_description": "A funding payment, received or paid.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="FillRow",
            name="fee_value",
            field=Money(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="FillRow",
            name="heard_at",
            field=Moment(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="kind",
            field=Words(db_default="market", generated=False, null=False, unique=False),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="pair",
            field=Words(db_default="", generated=False, null=False, unique=False),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="price",
            field=Money(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="sent_at",
            field=Moment(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="target",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="venue_id",
            field=Words(db_default="", generated=False, null=False, unique=False),
        ),
        ops.AddIndex(
            model_name="OrderRow",
            index=Index(fields=["owner_id", "venue_id"]),
        ),
        ops.AddIndex(
            model_name="OrderRow",
            index=Index(fields=["owner_id", "mode", "state"]),
        ),
        ops.AddIndex(
            model_name="OrderRow",
            index=Index(fields=["owner_id", "mode", "purpose", "created_at"]),
        ),
        ops.AddField(
            model_name="PositionRow",
            name="entry_value",
            field=Money(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="PositionRow",
            name="exit_value",
            field=Money(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="PositionRow",
            name="funding",
            field=Money(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="PositionRow",
            name="leverage",
            field=fields.IntField(db_default=1),
        ),
        ops.AddField(
            model_name="PositionRow",
            name="liquidation",
            field=Money(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="PositionRow",
            name="step",
            field=Money(null=True, generated=False, unique=False),
        ),
        ops.AddIndex(
            model_name="PositionRow",
            index=Index(fields=["owner_id", "mode", "state", "closed_at"]),
        ),
        ops.AddField(
            model_name="StrategyRow",
            name="schedule",
            field=Words(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="StrategyRow",
            name="waits_flat",
            field=fields.BooleanField(db_default=False),
        ),
    ]
