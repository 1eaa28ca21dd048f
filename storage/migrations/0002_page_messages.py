from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from storage.columns import Document, Moment, Words


class Migration(migrations.Migration):
    dependencies = [("storage", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PageMessageRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("key", Words(null=True, generated=False, unique=False)),
                ("mine", fields.BooleanField()),
                ("body", Document(generated=False, null=False, unique=False)),
                ("picture", fields.BinaryField(null=True)),
                ("reply_to", fields.BigIntField()),
                ("at", Moment(generated=False, null=False, unique=False)),
            ],
            options={
                "table": "page_messages",
                "app": "storage",
                "unique_together": (("key",),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
