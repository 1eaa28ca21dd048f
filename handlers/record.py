"""/record: what a channel's record says, whether it is whole, and corrections of it.

Everything comes from the record alone, never from what the desk knows besides. Entries that are
younger than the channel's delay are shown to nobody but its owner, and to them in private only.
"""

from asyncio import to_thread  # long chains take longer than the loop may be held
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.chain import Fault, verify_chain
from agents.domain.errors import AskUser, DeliveryRefused, NotFound
from agents.domain.publishing import Channel
from agents.domain.record import Entry, RecordKind, record_key
from agents.domain.strategy import Mode
from agents.reporting.record import Outcome, Totals, outcomes, totals
from handlers import markers, numbers, tables, texts, times
from handlers.chat import Picture, Reply, Words, bold, code, lines, pre, text
from handlers.desk import Desk
from handlers.tables import clipped
from handlers.turn import Answer, Turn

PICTURE = "record"
_LONGEST = 500  # characters of a correction
_CORRECTIONS = 3  # shown
_FAULTS = 8  # named
_HOW_TO_CORRECT = "Write /record correct 12 and what is wrong with signal 12."
_VERBS = ("verify", "correct")


@dataclass(frozen=True, slots=True)
class Shown:
    """A channel's record as far as this person may see it here. `whole` is true for its owner in
    private, who sees what others do not see yet."""

    channel: Channel
    entries: Sequence[Entry]
    whole: bool
    zone: str
    now: datetime

    @property
    def until(self) -> datetime:
        return self.now - timedelta(seconds=self.channel.delay)


async def record(desk: Desk, turn: Turn) -> Answer:
    """/record, /record N or @channel; then nothing, verify, or correct N TEXT."""
    said, verb, rest = _split(turn.words)
    channel = await _channel(desk, turn, said)
    if channel is None:
        return [await _choice(desk, turn, verb)]
    if verb == "correct":
        return await _correct(desk, turn, channel, rest)
    shown = await _shown(desk, turn, channel)
    if verb == "verify":
        return [await _verified(desk, shown)]
    return [await _summary(shown)]


def _split(words: str) -> tuple[str, str, str]:
    """(which channel, what to do, the rest); each may be empty."""
    first, _, rest = words.strip().partition(" ")
    if first.lower() in _VERBS:
        return "", first.lower(), rest.strip()
    verb, _, after = rest.strip().partition(" ")
    if verb.lower() in _VERBS:
        return first, verb.lower(), after.strip()
    return words.strip(), "", ""


# --- which channel ------------------------------------------------------------------------------


async def _channel(desk: Desk, turn: Turn, said: str) -> Channel | None:
    """The channel that is meant; None where there are several."""
    if said:
        return await _named(desk, turn, said)
    here = await desk.memory.channels.at(turn.place)
    if here is not None:
        return here
    if not turn.incoming.private:  # the others need not know which are somebody's
        raise AskUser("Nothing is published here. Name a channel: /record @channel.")
    mine = await _mine(desk, turn)
    if not mine:
        raise AskUser(
            "Nothing is published here, and you have no channels. Name one: /record @channel, or "
            "publish a strategy's signals with /publish."
        )
    return mine[0] if len(mine) == 1 else None


async def _named(desk: Desk, turn: Turn, said: str) -> Channel:
    number, mine = said.lstrip("#"), await _mine(desk, turn)
    if number.isdecimal():  # of one's own: nobody finds other channels by counting
        for channel in mine:
            if channel.id == int(number):
                return channel
        raise NotFound(f"You have no channel {texts.echo(number)}. Name it: /record @channel.")
    if named := [one for one in mine if one.title.lower() == said.lower()]:
        return named[0]
    try:
        place = await desk.people.find_place(turn.place.platform, said)
    except DeliveryRefused:  # the bot was thrown out: its title and its number still name it
        place = None
    found = await desk.memory.channels.at(place) if place else None
    if found is None:
        raise NotFound(
            f"I see no channel {texts.echo(said)!r} with a record. Say it as @name, by its title "
            "or by its number; /record alone lists yours."
        )
    return found


async def _mine(desk: Desk, turn: Turn) -> list[Channel]:
    """Those that the person added, and those that the account publishes in."""
    added = await desk.memory.channels.added_by(turn.person.id)
    published = await desk.memory.channels.publications(turn.user.id)
    found = {channel.id: channel for channel in added}
    for publication in published:
        if publication.channel_id not in found:
            found[publication.channel_id] = await desk.memory.channels.get(publication.channel_id)
    return [found[number] for number in sorted(found)]


async def _choice(desk: Desk, turn: Turn, verb: str) -> Reply:
    """Each with what was wanted of it."""
    rest = {"": "", "verify": " verify", "correct": " correct 12 …"}[verb]
    rows = [
        code(f"/record {channel.id}{rest}") + text(f" {channel.title}")
        for channel in await _mine(desk, turn)
    ]
    return texts.said("Which channel's record?", *rows)


async def _shown(desk: Desk, turn: Turn, channel: Channel) -> Shown:
    mine = channel in await _mine(desk, turn)
    whole = mine and turn.incoming.private
    shown = Shown(channel, (), whole, turn.person.zone, desk.clock.wall())
    until = shown.now if whole else shown.until
    entries = await desk.memory.record.entries(channel.id, until)
    return replace(shown, entries=entries)


# --- /record ------------------------------------------------------------------------------------


async def _summary(shown: Shown) -> Reply:
    if not shown.entries:
        return texts.said(_title(shown, ()), "Nothing is in its record yet.", *_held_back(shown))
    made = await to_thread(outcomes, shown.entries)
    found = await to_thread(totals, shown.entries)
    words = lines(
        _title(shown, made),
        pre(tables.table(list(_rows(found)))),
        *_corrections(made, found),
        *_held_back(shown),
        "Every published signal counts, and no entry can be taken out. "
        f"/record {shown.channel.id} verify checks it.",
    )
    facts = {"channel_id": shown.channel.id, "entries": len(shown.entries)}
    return Reply(words, picture=Picture(PICTURE, facts) if found.closed else None)


def _title(shown: Shown, made: Sequence[Outcome]) -> Words:
    """With whose money it was, where the signals say so."""
    modes = {mode for one in made if (mode := _mode(one)) is not None}
    named = "".join(f" · {markers.mode(mode)}" for mode in Mode if mode in modes)
    since = f" · since {_day(shown.entries[0].at, shown.zone)}" if shown.entries else ""
    return bold(f"📒 {_name(shown.channel)}") + text(named + since)


def _name(channel: Channel) -> str:
    return clipped(channel.title, 60)


def _mode(outcome: Outcome) -> Mode | None:
    said = outcome.facts.get("mode")
    return Mode(said) if said in set(Mode) else None


def _day(at: datetime, zone: str) -> str:
    local = at.astimezone(times.zoned(zone))
    return f"{local.day} {local:%b} {local.year}"


def _rows(found: Totals) -> Iterator[tuple[str, str]]:
    yield "Signals", f"{found.signals:,}"
    yield "  closed", f"{found.closed:,}"
    yield "  open", f"{found.open:,}"
    yield "  waiting", f"{found.waiting:,}"
    yield "  not taken", f"{found.not_taken:,}"
    if found.unknown:
        yield "  result unreadable", f"{found.unknown:,}"
    if not found.closed:
        return
    yield "Won / lost", f"{found.wins:,} / {found.losses:,}"
    yield "Won of closed", numbers.fraction(Decimal(found.wins) / found.closed)
    for name, value in (
        ("Sum", found.total),
        ("Average", found.average),
        ("Median", found.median),
        ("Best", found.best),
        ("Worst", found.worst),
    ):
        if value is not None:
            yield name, numbers.multiple(value)
    lost = "1 loss" if found.streak == 1 else f"{found.streak} lost in a row"
    yield "Worst run", lost if found.streak else "no loss"
    yield "Deepest fall", numbers.multiple(-found.drawdown)


def _corrections(made: Sequence[Outcome], found: Totals) -> Iterator[Words | str]:
    """The newest of them in words."""
    told = [(one.number, said) for one in made for said in one.corrections if said]
    yield from (f"✏️ #{number}: {clipped(said, 120)}" for number, said in told[-_CORRECTIONS:])
    if found.corrections > _CORRECTIONS:
        yield f"{found.corrections} corrections in all."


def _held_back(shown: Shown) -> Iterator[str]:
    if not shown.channel.delay:
        return
    late = times.short(timedelta(seconds=shown.channel.delay))
    if shown.whole:
        yield f"You see all of it; others see each entry {late} later."
    else:
        yield f"What is younger than {late} is not shown yet."


# --- /record verify -----------------------------------------------------------------------------


async def _verified(desk: Desk, shown: Shown) -> Reply:
    if not shown.entries:
        return texts.said(_title(shown, ()), "Nothing is in its record yet.", *_held_back(shown))
    faults = await to_thread(verify_chain, shown.entries)
    head = shown.entries[-1].hash
    return texts.said(
        _verdict(shown, faults),
        *(f"• {fault}" for fault in faults[:_FAULTS]),
        *([f"and {len(faults) - _FAULTS} more"] if len(faults) > _FAULTS else []),
        text("Head: ") + code(head),
        "Each signal's post shows the head of its time. Compare, and check it without me:",
        code(_address(desk, shown)),
        code(f"python -m bot verify FILE --head {head[:16]}"),
        *_held_back(shown),
    )


def _verdict(shown: Shown, faults: Sequence[Fault]) -> Words:
    count = f"{len(shown.entries):,} entries" if len(shown.entries) > 1 else "1 entry"
    if faults:
        return bold(f"⛔ The record of {_name(shown.channel)} is broken: {count}.")
    return bold(f"✅ The record of {_name(shown.channel)} is whole: {count}.")


def _address(desk: Desk, shown: Shown) -> str:
    return f"{desk.address()}/record/{shown.channel.id}-{record_key(shown.entries)}.jsonl"


# --- /record correct ----------------------------------------------------------------------------


async def _correct(desk: Desk, turn: Turn, channel: Channel, said: str) -> Answer:
    """One more entry, about a signal: nothing else ever changes a record."""
    if channel not in await _mine(desk, turn):
        raise AskUser("Only who publishes in a channel may correct its record.")
    first, _, rest = said.partition(" ")
    number, words = first.lstrip("#"), " ".join(rest.split())
    if not (number.isdecimal() and words):
        raise AskUser(f"Say which signal, and what is wrong. {_HOW_TO_CORRECT}")
    if len(words) > _LONGEST:
        raise AskUser(f"That has {len(words)} characters; {_LONGEST} is the most for a correction.")
    known = {one.number for one in outcomes(await desk.memory.record.entries(channel.id))}
    if int(number) not in known:
        raise NotFound(f"There is no signal #{texts.echo(number)} in {_name(channel)}.")
    return [await _corrected(desk, turn, channel, int(number), words)]


async def _corrected(desk: Desk, turn: Turn, channel: Channel, signal: int, words: str) -> Reply:
    key = f"correction:{turn.place.platform}:{turn.incoming.key}"
    facts = {"signal": signal, "text": words}
    memory, now = desk.memory, desk.clock.wall()
    async with memory.transactions.transaction():
        entry = await memory.record.append(channel.id, key, RecordKind.CORRECTION, facts, now)
        if entry is None:  # this message came a second time
            return texts.said("That correction is in the record already.")
        told = {"channel": channel.id, **facts, "entry": entry.number}
        actor = f"user:{turn.person.id}"
        await memory.audit.record(turn.user.id, actor, "record_corrected", told)
    return texts.said(
        bold(f"✏️ Signal #{signal} of {_name(channel)} is corrected."),
        f"It is entry {entry.number} of the record and stays, like what it corrects.",
    )
