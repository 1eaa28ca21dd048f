"""The tables of real money: connected exchange accounts, what was found there, funding."""

from tortoise.fields import BigIntField, BooleanField, IntField
from tortoise.models import Model

from storage.columns import Document, Moment, Money, Words


class ConnectionRow(Model):
    """A user's exchange account. `sealed` is encrypted."""

    id = BigIntField(primary_key=True)
    owner_id = BigIntField()
    exchange = Words()
    sealed = Words()
    ends = Words()
    state = Words()
    why = Words()
    baseline = Document()
    restricted = BooleanField(null=True)
    connected_at = Moment(null=True)
    seen_until = Moment(null=True)

    class Meta:
        table = "connections"
        unique_together = (("owner_id",),)


class FindingRow(Model):
    """Something at an exchange that does not match the book."""

    id = BigIntField(primary_key=True)
    owner_id = BigIntField()
    key = Words()
    kind = Words()
    symbol = Words()
    side = Words()
    quantity = Money()
    price = Money(null=True)
    found_at = Moment()
    state = Words()
    position_id = BigIntField(null=True)
    venue_id = Words()
    version = IntField()

    class Meta:
        table = "findings"
        unique_together = (("owner_id", "key"),)
        indexes = (("owner_id", "state"),)


class FundingRow(Model):
    """A funding payment, received or paid."""

    id = BigIntField(primary_key=True)
    account_id = BigIntField()
    position_id = BigIntField()
    venue_id = Words()
    symbol = Words()
    amount = Money()
    rate = Money(null=True)
    at = Moment()

    class Meta:
        table = "funding"
        unique_together = (("account_id", "venue_id"),)
        indexes = (("position_id",), ("account_id", "at"))
