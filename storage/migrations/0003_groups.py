from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from storage.columns import Document, Moment, Words


class Migration(migrations.Migration):
    dependencies = [("storage", "0002_page_messages")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DeskMemberRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("desk_id", fields.BigIntField()),
                ("user_id", fields.BigIntField()),
                ("role", Words(generated=False, null=False, unique=False)),
                ("since", Moment(generated=False, null=False, unique=False)),
                ("left_at", Moment(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "desk_members",
                "app": "storage",
                "unique_together": (("desk_id", "user_id"),),
                "indexes": [Index(fields=["user_id"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DeskRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("account_id", fields.BigIntField()),
                ("platform", Words(generated=False, null=False, unique=False)),
                ("chat", Words(generated=False, null=False, unique=False)),
                ("thread", Words(generated=False, null=False, unique=False)),
                ("title", Words(generated=False, null=False, unique=False)),
                ("approvals_needed", fields.IntField()),
                ("vetoes_needed", fields.IntField()),
                ("created_by", fields.BigIntField()),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("closed_at", Moment(null=True, generated=False, unique=False)),
                ("ended", fields.BigIntField()),
            ],
            options={
                "table": "desks",
                "app": "storage",
                "unique_together": (("account_id",), ("platform", "chat", "thread", "ended")),
                "pk_attr": "id",
                "table_description": "A group that trades together. `account_id` is the user that owns what the desk trades.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GrantRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("user_id", fields.BigIntField()),
                ("feature", Words(generated=False, null=False, unique=False)),
                ("granted_by", fields.BigIntField()),
                ("at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "grants",
                "app": "storage",
                "unique_together": (("user_id", "feature"),),
                "pk_attr": "id",
                "table_description": "Something that the operator lets a user have: a feed, premium data points.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LinkCodeRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("code", Words(unique=True, generated=False, null=False)),
                ("user_id", fields.BigIntField()),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("used_by", Words(null=True, generated=False, unique=False)),
                ("used_at", Moment(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "link_codes",
                "app": "storage",
                "pk_attr": "id",
                "table_description": "A code that joins another platform's account to the user who asked for it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PreferenceRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("user_id", fields.BigIntField()),
                ("name", Words(generated=False, null=False, unique=False)),
                ("value", Document(generated=False, null=False, unique=False)),
                ("at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "preferences",
                "app": "storage",
                "unique_together": (("user_id", "name"),),
                "indexes": [Index(fields=["name"])],
                "pk_attr": "id",
                "table_description": "What a user set by name: quiet hours, digests. One row for each.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ShareRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("code", Words(unique=True, generated=False, null=False)),
                ("owner_id", fields.BigIntField()),
                ("strategy_id", fields.BigIntField()),
                ("version", fields.IntField()),
                ("name", Words(generated=False, null=False, unique=False)),
                ("spec", Words(generated=False, null=False, unique=False)),
                ("shared_by", Words(generated=False, null=False, unique=False)),
                ("created_at", Moment(generated=False, null=False, unique=False)),
                ("opened", fields.IntField()),
                ("ended_at", Moment(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "shares",
                "app": "storage",
                "indexes": [Index(fields=["owner_id"])],
                "pk_attr": "id",
                "table_description": "A strategy's rules as they were when they were shared. `shared_by` is a name or empty.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="VoteRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("proposal_id", fields.BigIntField()),
                ("version", fields.IntField()),
                ("user_id", fields.BigIntField()),
                ("vote", Words(generated=False, null=False, unique=False)),
                ("at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "votes",
                "app": "storage",
                "unique_together": (("proposal_id", "version", "user_id"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddIndex(
            model_name="PlaceRow",
            index=Index(fields=["platform", "chat", "thread"]),
        ),
        ops.AddField(
            model_name="ProposalRow",
            name="autonomy",
            field=Words(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name="ProposalRow",
            name="runs_at",
            field=Moment(null=True, generated=False, unique=False),
        ),
        ops.AddIndex(
            model_name="ProposalRow",
            index=Index(fields=["state", "runs_at"]),
        ),
        ops.AddField(
            model_name="StrategyRow",
            name="autonomy",
            field=Document(null=True, generated=False, unique=False),
        ),
    ]
