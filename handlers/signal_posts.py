"""A published signal as a channel sees it: the post, what follows under it, and its chart.

The post is laid out so that programs which copy signals can read it: pair and side, Entry, each
Target with its share, Stop, Leverage, Timeframe. Nothing of the account is in it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.domain.errors import DeliveryRefused, NotFound, PlaceGone
from agents.domain.market import Instrument
from agents.domain.publishing import Channel, Publication, Signal, card_of_signal
from agents.domain.record import RecordKind
from agents.domain.strategy import Mode
from agents.domain.user import Notice, NoticeKind
from agents.publishing import entries, rights
from handlers import markers, numbers, texts
from handlers.chat import Picture, Reply, Words, bold, lines, text
from handlers.desk import Desk, Facts

_HEAD = 32  # characters of a hash that are shown: too many to be met by trying
_DIGITS = 8  # significant, of a price without a known step
_NO_RIGHT = "I no longer have the right to post there."

_NOT_TAKEN = {
    "vetoed": "❌ Not taken: vetoed",
    "expired": "⌛ Not taken: nobody decided in time",
    "refused": "⛔ Not taken: refused by a limit or the broker",
    "cancelled": "🚫 Not taken: cancelled",
}


@dataclass(frozen=True, slots=True)
class Post:
    """A signal with its first `story` follow-ups, as a post shows it."""

    signal: Signal
    story: int
    instrument: Instrument | None

    @property
    def levels(self) -> Mapping[str, Any]:
        return entries.present(self.signal, self.story)

    @property
    def followed(self) -> Sequence[Sequence[Any]]:
        found: Sequence[Sequence[Any]] = self.signal.facts["story"][: self.story]
        return found

    def price(self, value: str) -> str:
        """On the instrument's step and without separators, so that programs read it alike."""
        if self.instrument is None:
            return numbers.significant(Decimal(value), _DIGITS).replace(",", "")
        return numbers.price(Decimal(value), self.instrument).replace(",", "")


# --- at delivery --------------------------------------------------------------------------------


async def posted(desk: Desk, facts: Facts) -> Reply:
    """A new signal, once it is asked again whether the bot and its publisher may post there.

    Raises PlaceGone where the bot may not, and NotFound (there is nothing to say) where the
    publisher may not: then the publication has ended and its owner is told.
    """
    post = await _post(desk, facts)
    await _may_post(desk, post.signal)
    return _reply(post, edits=False)


async def changed(desk: Desk, facts: Facts) -> Reply:
    """The post as it is after one more follow-up; sent anew where somebody deleted it."""
    return _reply(await _post(desk, facts), edits=True)


async def followed_up(desk: Desk, facts: Facts) -> Reply:
    """The newest follow-up, said under the post."""
    post = await _post(desk, facts)
    if not post.followed:
        raise NotFound
    kind, body = post.followed[-1]
    words = lines(_title(post, numbered=True), _line(post, kind, body))
    return Reply(words, replies_to=card_of_signal(post.signal.id))


async def _post(desk: Desk, facts: Facts) -> Post:
    signal = await desk.memory.channels.signal(facts["signal_id"])
    if signal.facts["withheld"]:
        raise NotFound  # what follows was put before the post could be withheld
    instrument = await desk.instrument(signal.facts["levels"]["symbol"])
    return Post(signal, facts["story"], instrument)


def _reply(post: Post, *, edits: bool) -> Reply:
    closed = any(kind == RecordKind.CLOSED for kind, _ in post.followed)
    return Reply(
        lines(*_body(post)),
        picture=Picture(
            "signal", {"signal_id": post.signal.id, "closed": closed, "story": post.story}
        ),
        card=card_of_signal(post.signal.id),
        edits=edits,
    )


# --- who may post -------------------------------------------------------------------------------


async def _may_post(desk: Desk, signal: Signal) -> None:
    channel = await desk.memory.channels.get(signal.channel_id)
    found = desk.memory.channels.publication(signal.owner_id, signal.facts["publication"])
    publication = await found
    try:
        standing = await desk.people.standing(channel.place, publication.identity)
    except PlaceGone:
        raise
    except DeliveryRefused as no:
        raise PlaceGone(str(no)) from no
    if not standing.bot_may_post:
        raise PlaceGone(_NO_RIGHT)
    if not standing.person_may_post:
        notice = await _ended(desk, signal, publication, channel)
        await rights.withhold(desk.memory, desk.clock, signal, publication, notice)
        raise NotFound


async def _ended(desk: Desk, signal: Signal, publication: Publication, channel: Channel) -> Notice:
    strategy = await desk.memory.strategies.get(publication.owner_id, publication.strategy_id)
    reply = texts.said(
        bold(f"📣 #{strategy.number} {strategy.name} is no longer published in {channel.title}"),
        "You may not post there any more. "
        f"Signal #{signal.number} was not posted, and the record says so.",
        f"Once you may post there again, send /publish {strategy.number} and its name.",
    )
    key = f"unpublished:{publication.id}:{publication.created_at.isoformat()}"
    return Notice(publication.owner_id, NoticeKind.REPLY, key, reply.as_json())


# --- words --------------------------------------------------------------------------------------


def _title(post: Post, *, numbered: bool = False) -> Words:
    """The first line says whose money it is."""
    levels = post.signal.facts["levels"]
    trade = f"{levels['side'].upper()} {levels['symbol']}"
    number = f" · #{post.signal.number}" if numbered else ""
    return bold(f"{markers.mode(Mode(levels['mode']))} · {trade}{number}")


def _body(post: Post) -> Iterator[Words | str]:
    levels = post.levels
    yield _title(post)
    yield f"Entry: {post.price(levels['entry'])}"
    yield from _targets(post)
    yield f"Stop: {post.price(levels['stop'])}"
    yield f"Leverage: {levels['leverage']}x"
    yield f"Timeframe: {levels['timeframe']}"
    yield from _trailing(post)
    yield _confidence(levels["confidence"])
    yield text(f"#{post.signal.number} · record {post.signal.facts['head'][:_HEAD]}…")
    if post.followed:
        yield ""
    for kind, body in post.followed:
        yield _line(post, kind, body)


def _targets(post: Post) -> Iterator[str]:
    targets = post.levels["targets"]
    for number, (price, share) in enumerate(targets, 1):
        part = "" if Decimal(share) == 1 else f" ({numbers.fraction(Decimal(share))})"
        yield f"Target {number}: {post.price(price)}{part}"


def _trailing(post: Post) -> Iterator[str]:
    trail = post.levels["trailing"]
    if "percent" in trail:
        yield f"Trailing: {numbers.percent(Decimal(trail['percent']))} behind the best price"
    elif "distance" in trail:
        yield f"Trailing: {post.price(trail['distance'])} behind the best price"
    if "breakeven_r" in trail:
        yield f"Break-even: after {numbers.distance(Decimal(trail['breakeven_r']))}"


def _confidence(sure: str | None) -> str:
    if sure is None:
        return "Confidence: by rules, no model"
    return f"Confidence: {numbers.fraction(Decimal(sure))}"


def _line(post: Post, kind: str, body: Mapping[str, Any]) -> str:
    return _LINES[kind](post, body) if kind in _LINES else f"ℹ️ {body.get('text', kind)}"


def _filled(post: Post, body: Mapping[str, Any]) -> str:
    return f"✅ Filled at {post.price(body['price'])}"


def _target(post: Post, body: Mapping[str, Any]) -> str:
    at, part = post.price(body["price"]), numbers.fraction(Decimal(body["share"]))
    if not body["target"]:
        return f"✂️ {part} closed by hand at {at}"
    return f"🎯 Target {body['target']} hit at {at}, {part} closed"


def _stop_moved(post: Post, body: Mapping[str, Any]) -> str:
    return f"🛡 Stop moved to {post.price(body['stop'])}"


def _closed(post: Post, body: Mapping[str, Any]) -> str:
    result = Decimal(body["r"])
    at, r = post.price(body["price"]), numbers.multiple(result)
    return f"{markers.result(result)} Closed at {at}: {r} ({body['reason']})"


def _not_taken(_: Post, body: Mapping[str, Any]) -> str:
    return _NOT_TAKEN.get(body["reason"], f"🚫 Not taken: {body['reason']}")


def _correction(post: Post, body: Mapping[str, Any]) -> str:
    if "entry" not in body:
        return f"✎ {texts.sentence(body['text'])}"
    return (
        f"✎ New levels: entry {post.price(body['entry'])}, stop {post.price(body['stop'])}"
        + "".join(f", target {post.price(price)}" for price, _ in body["targets"])
    )


_LINES: Mapping[str, Callable[[Post, Mapping[str, Any]], str]] = {
    RecordKind.FILLED: _filled,
    RecordKind.TARGET: _target,
    RecordKind.STOP_MOVED: _stop_moved,
    RecordKind.CLOSED: _closed,
    RecordKind.NOT_TAKEN: _not_taken,
    RecordKind.CORRECTION: _correction,
}
