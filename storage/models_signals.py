"""The tables of signals: channels and what is published there, the record, and what comes in."""

from tortoise.fields import BigIntField, IntField
from tortoise.models import Model

from storage.columns import Document, Moment, Words


class ChannelRow(Model):
    """A channel or group that signals are published to. `delay` is in seconds."""

    id = BigIntField(primary_key=True)
    platform = Words()
    chat = Words()
    thread = Words()
    title = Words()
    added_by = BigIntField()
    delay = IntField()
    created_at = Moment()
    lost_at = Moment(null=True)
    lost_reason = Words()

    class Meta:
        table = "channels"
        unique_together = (("platform", "chat", "thread"),)


class PublicationRow(Model):
    """A strategy whose signals go to a channel. `moment` is `proposal` or `approval`."""

    id = BigIntField(primary_key=True)
    channel_id = BigIntField()
    strategy_id = BigIntField()
    owner_id = BigIntField()
    publisher_id = BigIntField()
    identity = Words()
    moment = Words()
    created_at = Moment()
    ended_at = Moment(null=True)

    class Meta:
        table = "publications"
        unique_together = (("channel_id", "strategy_id"),)
        indexes = (("strategy_id",), ("owner_id",))


class SignalRow(Model):
    """A published signal. `number` counts a channel's signals from 1."""

    id = BigIntField(primary_key=True)
    channel_id = BigIntField()
    number = IntField()
    owner_id = BigIntField()
    strategy_id = BigIntField()
    proposal_id = BigIntField()
    position_id = BigIntField(null=True)
    state = Words()
    facts = Document()
    created_at = Moment()

    class Meta:
        table = "signals"
        unique_together = (("channel_id", "proposal_id"), ("channel_id", "number"))
        indexes = (("proposal_id",), ("position_id",))


class RecordRow(Model):
    """An entry of a channel's record. `body` is the canonical JSON of its facts."""

    id = BigIntField(primary_key=True)
    channel_id = BigIntField()
    number = IntField()
    key = Words()
    kind = Words()
    body = Words()
    previous = Words()
    hash = Words()
    at = Moment()

    class Meta:
        table = "record"
        unique_together = (("channel_id", "number"), ("channel_id", "key"))


class ListenRow(Model):
    """A group in which signals are read for an account."""

    id = BigIntField(primary_key=True)
    owner_id = BigIntField()
    platform = Words()
    chat = Words()
    thread = Words()
    title = Words()
    created_by = BigIntField()
    created_at = Moment()
    ended_at = Moment(null=True)

    class Meta:
        table = "listens"
        unique_together = (("owner_id", "platform", "chat", "thread"),)
        indexes = (("platform", "chat"),)


class HeardRow(Model):
    """A signal that came in. `source` names the group, hook or person, `key` what can't come twice
    from it, `answers` the key of the message that it replies to. `said_at` is human time, and
    `market_at` the market time at which it came."""

    id = BigIntField(primary_key=True)
    owner_id = BigIntField()
    source = Words()
    key = Words()
    answers = Words()
    words = Words()
    reading = Document()
    state = Words()
    reason = Words()
    verdict = Document()
    strategy_id = BigIntField(null=True)
    decision_id = BigIntField(null=True)
    proposal_id = BigIntField(null=True)
    platform = Words()
    chat = Words()
    thread = Words()
    said_at = Moment()
    market_at = Moment()

    class Meta:
        table = "heard"
        unique_together = (("owner_id", "source", "key"),)
        indexes = (("state", "id"), ("owner_id", "id"), ("proposal_id",))


class HookRow(Model):
    """A webhook. Secrets are stored as hashes. A changed one is good for a while longer."""

    id = BigIntField(primary_key=True)
    owner_id = BigIntField()
    number = IntField()
    name = Words()
    secret_hash = Words(unique=True)
    earlier_hash = Words(null=True)
    earlier_until = Moment(null=True)
    created_at = Moment()
    used_at = Moment(null=True)
    ended_at = Moment(null=True)

    class Meta:
        table = "hooks"
        unique_together = (("owner_id", "number"),)
        indexes = (("earlier_hash",),)
