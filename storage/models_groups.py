"""The tables of what people have in common: desks, votes, links, shares, preferences, grants."""

from tortoise.fields import BigIntField, IntField
from tortoise.models import Model

from storage.columns import Document, Moment, Words


class DeskRow(Model):
    """A group that trades together. `account_id` is the user that owns what the desk trades.
    `ended` is 0 while it is open and its own id afterwards, so that a place has one open desk."""

    id = BigIntField(primary_key=True)
    account_id = BigIntField()
    platform = Words()
    chat = Words()
    thread = Words()
    title = Words()
    approvals_needed = IntField()
    vetoes_needed = IntField()
    created_by = BigIntField()
    created_at = Moment()
    closed_at = Moment(null=True)
    ended = BigIntField()

    class Meta:
        table = "desks"
        unique_together = (("account_id",), ("platform", "chat", "thread", "ended"))


class DeskMemberRow(Model):
    id = BigIntField(primary_key=True)
    desk_id = BigIntField()
    user_id = BigIntField()
    role = Words()
    since = Moment()
    left_at = Moment(null=True)

    class Meta:
        table = "desk_members"
        unique_together = (("desk_id", "user_id"),)
        indexes = (("user_id",),)


class VoteRow(Model):
    id = BigIntField(primary_key=True)
    proposal_id = BigIntField()
    version = IntField()
    user_id = BigIntField()
    vote = Words()
    at = Moment()

    class Meta:
        table = "votes"
        unique_together = (("proposal_id", "version", "user_id"),)


class LinkCodeRow(Model):
    """A code that joins another platform's account to the user who asked for it."""

    id = BigIntField(primary_key=True)
    code = Words(unique=True)
    user_id = BigIntField()
    created_at = Moment()
    used_by = Words(null=True)
    used_at = Moment(null=True)

    class Meta:
        table = "link_codes"


class ShareRow(Model):
    """A strategy's rules as they were when they were shared. `shared_by` is a name or empty."""

    id = BigIntField(primary_key=True)
    code = Words(unique=True)
    owner_id = BigIntField()
    strategy_id = BigIntField()
    version = IntField()
    name = Words()
    spec = Words()
    shared_by = Words()
    created_at = Moment()
    opened = IntField()
    ended_at = Moment(null=True)

    class Meta:
        table = "shares"
        indexes = (("owner_id",),)


class PreferenceRow(Model):
    """What a user set by name: quiet hours, digests. One row for each."""

    id = BigIntField(primary_key=True)
    user_id = BigIntField()
    name = Words()
    value = Document()
    at = Moment()

    class Meta:
        table = "preferences"
        unique_together = (("user_id", "name"),)
        indexes = (("name",),)


class GrantRow(Model):
    """Something that the operator lets a user have: a feed, premium data points."""

    id = BigIntField(primary_key=True)
    user_id = BigIntField()
    feature = Words()
    granted_by = BigIntField()
    at = Moment()

    class Meta:
        table = "grants"
        unique_together = (("user_id", "feature"),)
