"""The table of the browser page's conversation."""

from tortoise.fields import BigIntField, BinaryField, BooleanField
from tortoise.models import Model

from storage.columns import Document, Moment, Words


class PageMessageRow(Model):
    id = BigIntField(primary_key=True)
    key = Words(null=True)
    mine = BooleanField()
    body = Document()
    picture = BinaryField(null=True)
    reply_to = BigIntField()
    at = Moment()

    class Meta:
        table = "page_messages"
        unique_together = (("key",),)
