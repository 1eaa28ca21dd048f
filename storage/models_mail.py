"""The tables of the mail: what goes out, where cards stand, what came in."""

from tortoise.fields import BigIntField, IntField
from tortoise.models import Model

from storage.columns import Document, Moment, Words


class OutboxRow(Model):
    id = BigIntField(primary_key=True)
    owner_id = BigIntField()
    platform = Words()
    chat = Words()
    thread = Words()
    kind = Words()
    key = Words()
    facts = Document()
    card = Words()
    replies_to = Words()
    created_at = Moment()
    next_try_at = Moment()
    attempts = IntField()
    state = Words()
    message_id = Words()
    error = Words()

    class Meta:
        table = "outbox"
        unique_together = (("key", "platform", "chat", "thread"),)
        indexes = (
            ("platform", "state", "chat", "thread", "id"),
            ("created_at",),
        )


class CardRow(Model):
    id = BigIntField(primary_key=True)
    card = Words()
    platform = Words()
    chat = Words()
    thread = Words()
    message_id = Words()
    version = IntField()

    class Meta:
        table = "cards"
        unique_together = (("card", "platform", "chat", "thread"),)


class InboxRow(Model):
    id = BigIntField(primary_key=True)
    platform = Words()
    key = Words()
    payload = Document()
    received_at = Moment()
    state = Words()
    attempts = IntField()
    error = Words()

    class Meta:
        table = "inbox"
        unique_together = (("platform", "key"),)
        indexes = (("state", "id"), ("received_at",))
