"""/publish, /unpublish and /channel: whose signals go where, when, and how late."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.domain.errors import AskUser, DeliveryDelayed, DeliveryRefused
from agents.domain.grants import Feature
from agents.domain.publishing import Channel, Moment, Publication
from agents.domain.strategy import Strategy
from agents.domain.user import Identity, Membership, Place, Standing
from handlers import paging, strategies, texts
from handlers.chat import Button, Reply, Words, bold, code, text
from handlers.desk import Desk
from handlers.turn import Answer, Turn

LONGEST_DELAY = 24 * 3600
_HERE = "here"
_MOMENT = re.compile(r"\bon\s+(proposals?|approvals?)\b", re.IGNORECASE)
_DELAY = re.compile(r"\b(?:delay(?:ed)?|after)\s+(?:by\s+)?(\S+(?:\s+[a-z]+)?)", re.IGNORECASE)
_AT_ONCE = re.compile(r"\b(?:at once|no delay|without delay)\b", re.IGNORECASE)
_LENGTH = re.compile(r"(\d{1,6})\s*(s|sec|seconds?|m|min|minutes?|h|hours?)?\b", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600}
_WHEN = {Moment.PROPOSAL: "as soon as they are proposed", Moment.APPROVAL: "once approved"}


def _how(number: int = 2) -> str:
    """With the number of a strategy in the example."""
    return (
        f"Write it like /publish {number} @channel, and add “on approval” or “delay 15m” if you "
        f"like. In a group, write /publish {number} here."
    )


_HOW = _how()


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in a command: a strategy, a place, and options. `delay` is in seconds."""

    which: str
    place: str
    moment: Moment
    delay: int | None

    @classmethod
    def of(cls, words: str) -> "Said":
        """Raises AskUser for a delay that can't be read."""
        moment = _MOMENT.search(words)
        delay = _delay(words)
        for option in (_MOMENT, _DELAY, _AT_ONCE):
            words = option.sub(" ", words)
        which, _, place = words.strip(" ,.").partition(" ")
        chosen = moment[1].lower().rstrip("s") if moment else Moment.PROPOSAL
        return cls(which, place.strip(" ,."), Moment(chosen), delay)


def _delay(words: str) -> int | None:
    if _AT_ONCE.search(words):
        return 0
    asked = _DELAY.search(words)
    if asked is None:
        return None
    length = _LENGTH.match(asked[1])
    if length is None:
        raise AskUser(f"I can't read the delay {texts.echo(asked[1])!r}; write it like delay 15m.")
    seconds = int(length[1]) * _UNITS[(length[2] or "m")[0].lower()]
    if seconds > LONGEST_DELAY:
        raise AskUser("A day is the longest delay; write it like delay 15m or delay 2h.")
    return seconds


# --- /publish -----------------------------------------------------------------------------------


async def publish(desk: Desk, turn: Turn) -> Answer:
    """/publish lists; with a strategy and a place it publishes there."""
    said = Said.of(turn.words)
    if not turn.incoming.private and turn.speaker is None and said.place.lower() != _HERE:
        return [texts.said(texts.PRIVATE_ONLY)]
    if not said.which:
        return [await _listed(desk, turn)]
    strategy = await strategies.find(desk, turn, said.which)
    if not said.place:
        raise AskUser(f"Where shall I publish {_named(strategy)}? {_how(strategy.number)}")
    place, who, standing = await _allowed(desk, turn, said.place)
    channel = await _channel(desk, turn, place, standing, said.delay)
    await desk.memory.channels.publish(
        turn.user.id,
        channel.id,
        strategy.id,
        turn.person.id,
        who,
        said.moment,
        desk.clock.wall(),
    )
    await _noted(desk, turn, "publish", strategy, channel)
    return [_published(strategy, channel, said.moment)]


def _published(strategy: Strategy, channel: Channel, moment: Moment) -> Reply:
    return texts.said(
        bold(f"📣 {_named(strategy)} is published in {channel.title}"),
        f"Signals go out {_WHEN[moment]}{f', {_late(channel)}' * (channel.delay > 0)}; fills, "
        "targets, stop and result follow under each.",
        "Your sizes and balances are never shown. Every signal stays in the channel's record.",
        text("To end it: ") + code(f"/unpublish {strategy.number}"),
    )


async def _allowed(desk: Desk, turn: Turn, said: str) -> tuple[Place, Identity, Standing]:
    """The place that is meant, who the person is there, and how they stand. Raises AskUser with
    what is missing."""
    place = turn.place if said.lower() == _HERE else await _found(desk, said)
    if said.lower() == _HERE and turn.incoming.private:
        raise AskUser(f"Here is between the two of us. {_HOW}")
    who = await _identity(desk, turn, place)
    try:
        standing = await desk.people.standing(place, who)
    except DeliveryRefused as no:
        raise AskUser(_unseen(said)) from no
    _check(standing, said)
    return place, who, standing


def _check(standing: Standing, said: str) -> None:
    if standing.membership is Membership.ABSENT:  # who is not there is not told what it is called
        raise AskUser(
            f"You are not in {texts.echo(said)}, as far as I can see, so I don't publish there for "
            "you. Ask its owner for the right to post, then send this again."
        )
    if standing.kind == "private":
        raise AskUser(f"That is a private chat, and signals go to channels and groups. {_HOW}")
    if not standing.bot_may_post:
        raise AskUser(
            f"I may not post in {standing.title}. Give me the right to post messages there, then "
            "send this again."
        )
    if not standing.person_may_post:
        raise AskUser(
            f"You may not post in {standing.title}, so I don't publish there for you. Ask its "
            "owner for the right to post, then send this again."
        )


async def _found(desk: Desk, said: str) -> Place:
    """The place of that name on any platform. A platform that can't be asked now is only said to
    be away where none of the others knows the name."""
    away: DeliveryDelayed | None = None
    for platform in desk.people.platforms():
        try:
            place = await desk.people.find_place(platform, said)
        except DeliveryDelayed as delay:
            away = delay
            continue
        except DeliveryRefused:
            continue
        if place is not None:
            return place
    if away is not None:
        raise away
    raise AskUser(_unseen(said))


async def _known(desk: Desk, turn: Turn, said: str) -> Channel | None:
    """A channel by its title, which also names one that the bot has lost, or by its place."""
    mine = list(await desk.memory.channels.added_by(turn.person.id))
    for publication in await desk.memory.channels.publications(turn.user.id):
        mine.append(await desk.memory.channels.get(publication.channel_id))
    named = {one.id: one for one in mine if one.title.lower() == said.lower()}
    if len(named) == 1:
        return next(iter(named.values()))
    place = turn.place if said.lower() == _HERE else await _found(desk, said)
    return await desk.memory.channels.at(place)


def _unseen(said: str) -> str:
    return (
        f"I can't see {texts.echo(said)!r}. Add me there with the right to post messages, and "
        "write its @name, its link or its number."
    )


async def _identity(desk: Desk, turn: Turn, place: Place) -> Identity:
    """The person on the place's platform."""
    sender = turn.incoming.sender
    if sender.platform == place.platform:
        return sender
    for identity in await desk.memory.links.identities(turn.person.id):
        if identity.platform == place.platform:
            return identity
    raise AskUser(
        "I don't know who you are there: send me /link here, and its code there, then send this "
        "again."
    )


# --- how late -----------------------------------------------------------------------------------


async def _least(desk: Desk, turn: Turn) -> int:
    """The shortest delay, in seconds, that the operator lets this person choose."""
    return 0 if await desk.allows(turn.person, Feature.CHANNELS) else desk.channel_delay


async def _channel(
    desk: Desk, turn: Turn, place: Place, standing: Standing, delay: int | None
) -> Channel:
    """The channel of a place. A delay that was said becomes its delay."""
    memory, least = desk.memory, await _least(desk, turn)
    known = await memory.channels.at(place)
    if delay is not None:
        await _may_delay(desk, turn, known, delay)
    elif known is not None and known.delay < least:
        raise AskUser(
            f"Your signals go out {_length(least)} late at least, and those of {known.title} "
            f"{_late(known)}. The operator can let you publish at once: ask for it."
        )
    wanted = least if delay is None else delay
    channel = await memory.channels.open(
        place, standing.title, turn.person.id, wanted, desk.clock.wall()
    )
    if delay is None or delay == channel.delay:
        return channel
    await memory.channels.set_delay(channel.id, delay)
    return await memory.channels.get(channel.id)


async def _may_delay(desk: Desk, turn: Turn, channel: Channel | None, delay: int) -> None:
    """Raises AskUser where the operator or who added the channel has to be asked."""
    mine = channel is None or channel.added_by == turn.person.id
    if not (mine or turn.person.operator):
        raise AskUser("Its delay is set by who added the channel, or by the operator.")
    least = await _least(desk, turn)
    if delay < least:
        raise AskUser(
            f"Your signals go out {_length(least)} late at least. The operator can let you publish "
            "at once: ask for it."
        )


async def channel(desk: Desk, turn: Turn) -> Answer:
    """/channel lists those that were added; /channel NAME delay 15m."""
    said = Said.of(f"it {turn.words}")
    if not said.place:
        return [await _channels(desk, turn)]
    known = await _known(desk, turn, said.place)
    if known is None:
        raise AskUser(f"Nothing is published there yet. {_HOW}")
    if said.delay is not None:
        await _may_delay(desk, turn, known, said.delay)
        await desk.memory.channels.set_delay(known.id, said.delay)
        known = await desk.memory.channels.get(known.id)
    return [texts.said(bold(f"📣 {known.title}"), f"Signals go out {_late(known)}.")]


async def _channels(desk: Desk, turn: Turn) -> Reply:
    mine = await desk.memory.channels.added_by(turn.person.id)
    if not mine:
        return texts.said(f"You have added no channel yet. {_HOW}")
    rows = [f"{one.title}: {_late(one)}{_lost(one)}" for one in mine]
    how = text("Change it with ") + code("/channel @name delay 15m")
    return texts.said(bold("📣 Your channels"), *rows, how)


def _late(channel: Channel) -> str:
    return f"{_length(channel.delay)} late" if channel.delay else "at once"


def _length(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    said = ((hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{count} {unit}" for count, unit in said if count)


def _lost(channel: Channel) -> str:
    return "" if channel.lost_at is None else " · ⚠️ I can't post there any more"


# --- listing and ending -------------------------------------------------------------------------


async def _listed(desk: Desk, turn: Turn, *, edits: bool = False) -> Reply:
    found = await desk.memory.channels.publications(turn.user.id)
    if not found:
        words = texts.said(bold("📣 Nothing is published"), _HOW).words
        return Reply(words, edits=edits)
    rows: list[Words | str] = [bold("📣 Published")]
    buttons: list[Button] = []
    for publication in found[-_MOST:]:
        strategy = await desk.memory.strategies.get(turn.user.id, publication.strategy_id)
        where = await desk.memory.channels.get(publication.channel_id)
        rows.append(f"{_named(strategy)} in {_line(publication, where)}")
        buttons.append(
            Button(f"🚫 #{strategy.number} {where.title[:24]}", "unpublish", publication.id)
        )
    if len(found) > _MOST:
        rows.append(f"and {len(found) - _MOST} more; /unpublish N @channel ends one by name.")
    return Reply(texts.said(*rows).words, paging.rows_of(buttons), edits=edits)


_MOST = 10  # publications in a list, two buttons in a row


def _line(publication: Publication, channel: Channel) -> str:
    return f"{channel.title} · on {publication.moment} · {_late(channel)}{_lost(channel)}"


async def unpublish(desk: Desk, turn: Turn) -> Answer:
    """/unpublish N, from one channel or from all."""
    said = Said.of(turn.words)
    if not turn.incoming.private and turn.speaker is None and said.place.lower() != _HERE:
        return [texts.said(texts.PRIVATE_ONLY)]
    if not said.which:
        return [await _listed(desk, turn)]
    strategy = await strategies.find(desk, turn, said.which)
    every = await desk.memory.channels.publications(turn.user.id)
    ours = [one for one in every if one.strategy_id == strategy.id]
    if said.place:
        meant = await _known(desk, turn, said.place)
        ours = [one for one in ours if meant is not None and one.channel_id == meant.id]
    if not ours:
        raise AskUser(f"{_named(strategy)} is not published there. /publish lists what is.")
    titles = [await _end(desk, turn, publication) for publication in ours]
    return [_ended(strategy, titles)]


async def unpublish_tapped(desk: Desk, turn: Turn) -> Answer:
    publication = await desk.memory.channels.publication(turn.user.id, turn.tap.id)
    strategy = await desk.memory.strategies.get(turn.user.id, publication.strategy_id)
    title = await _end(desk, turn, publication)
    return [await _listed(desk, turn, edits=True), _ended(strategy, [title])]


async def _end(desk: Desk, turn: Turn, publication: Publication) -> str:
    """The channel's title."""
    where = await desk.memory.channels.get(publication.channel_id)
    if await desk.memory.channels.end(turn.user.id, publication.id, desk.clock.wall()):
        strategy = await desk.memory.strategies.get(turn.user.id, publication.strategy_id)
        await _noted(desk, turn, "unpublish", strategy, where)
    return where.title


def _ended(strategy: Strategy, titles: Sequence[str]) -> Reply:
    return texts.said(
        bold(f"🚫 {_named(strategy)} is no longer published in {', '.join(titles)}"),
        "What is open there is followed to its end; the record stays.",
    )


async def _noted(desk: Desk, turn: Turn, what: str, strategy: Strategy, channel: Channel) -> None:
    facts = {"strategy_id": strategy.id, "channel_id": channel.id, "place": str(channel.place)}
    await desk.memory.audit.record(turn.user.id, f"user:{turn.person.id}", what, facts)


def _named(strategy: Strategy) -> str:
    return f"#{strategy.number} {strategy.name}"
