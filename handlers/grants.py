"""/grant, /revoke and /grants: what the operator lets single people have."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from agents.domain.errors import AskUser, NotFound
from agents.domain.grants import Feature
from agents.domain.user import Identity, Notice, NoticeKind, User
from handlers import texts
from handlers.chat import Words, bold, code, text
from handlers.desk import Desk
from handlers.tables import clipped
from handlers.turn import Answer, Turn

MEANING = {
    Feature.FEEDS: "signals of groups and webhooks",
    Feature.CHANNELS: "channels that get signals at once",
    Feature.PREMIUM: "premium data points",
}
_KNOWN = ", ".join(Feature)
_MOST = 40  # people in a list


async def grant(desk: Desk, turn: Turn) -> Answer:
    """/grant NAME FEATURE."""
    return await _each(desk, turn, "/grant", _granted)


async def revoke(desk: Desk, turn: Turn) -> Answer:
    """/revoke NAME FEATURE."""
    return await _each(desk, turn, "/revoke", _revoked)


async def _each(
    desk: Desk,
    turn: Turn,
    command: str,
    act: Callable[[Desk, Turn, User, Feature], Awaitable[str]],
) -> Answer:
    name, features = _split(turn.words)
    if not name or not features:
        raise AskUser(f"Say who and what: {command} Bob feeds. There are {_KNOWN}.")
    person = await _person(desk, name)
    async with desk.memory.transactions.transaction():
        return [texts.said(*[await act(desk, turn, person, feature) for feature in features])]


def _split(words: str) -> tuple[str, list[Feature]]:
    """A name of one or more words, and the features that follow it."""
    parts = words.replace(",", " ").split()
    found: list[Feature] = []
    while parts and parts[-1].lower() in set(Feature):
        found.insert(0, Feature(parts.pop().lower()))
    return " ".join(parts), list(dict.fromkeys(found))


async def _person(desk: Desk, said: str) -> User:
    """By number, name, or account on a platform. AskUser where it could be several."""
    platform, _, account = said.partition(":")
    if account and (known := await desk.memory.users.find(Identity(platform.lower(), account))):
        return known
    everyone = await desk.memory.users.everyone()
    number = said.lstrip("#")
    if number.isdecimal():
        found = [user for user in everyone if user.id == int(number)]
    else:
        found = [user for user in everyone if user.name.lower() == said.lower()]
    if len(found) > 1:
        several = ", ".join(f"#{user.id} {user.name}" for user in found[:6])
        raise AskUser(f"There are several: {several}. Say the number.")
    if not found:
        raise NotFound(f"I know nobody called {texts.echo(said)!r}; /grants lists people.")
    return found[0]


async def _granted(desk: Desk, turn: Turn, person: User, feature: Feature) -> str:
    now = desk.clock.wall()
    if not await desk.memory.grants.grant(person.id, feature, turn.person.id, now):
        return f"{_name(person)} has {feature} already."
    await _audit(desk, turn, person, feature, "granted")
    await _tell(desk, turn, person, feature, f"🎁 You have {feature} now: {MEANING[feature]}.")
    return f"🎁 {_name(person)} has {feature}: {MEANING[feature]}.{_anyway(desk, feature)}"


async def _revoked(desk: Desk, turn: Turn, person: User, feature: Feature) -> str:
    if not await desk.memory.grants.revoke(person.id, feature):
        return f"{_name(person)} was not granted {feature}.{_anyway(desk, feature)}"
    await _audit(desk, turn, person, feature, "revoked")
    said = f"{_name(person)} has {feature} no longer."
    if await desk.allows(person, feature):
        return f"{_name(person)} is not granted {feature} any more.{_anyway(desk, feature)}"
    ended = f"You no longer have {feature} ({MEANING[feature]})."
    await _tell(desk, turn, person, feature, f"{ended} Ask the operator if you miss it.")
    return f"{said}{await _slowed(desk, person)}" if feature is Feature.CHANNELS else said


async def _slowed(desk: Desk, person: User) -> str:
    """Channels that got signals at once, or sooner than others', get them late from now on."""
    count = 0
    for channel in await desk.memory.channels.added_by(person.id):
        if channel.delay < desk.channel_delay:
            await desk.memory.channels.set_delay(channel.id, desk.channel_delay)
            count += 1
    verb = "gets" if count == 1 else "get"
    return f" {count} of their channels {verb} signals late now." if count else ""


def _anyway(desk: Desk, feature: Feature) -> str:
    return " Everybody has it here." if feature in desk.free_features else ""


def _name(person: User) -> str:
    return f"{clipped(person.name, 30) or 'somebody'} (#{person.id})"


async def _audit(desk: Desk, turn: Turn, person: User, feature: Feature, what: str) -> None:
    """In the books of both."""
    actor, facts = f"user:{turn.person.id}", {"user": person.id, "feature": feature.value}
    for owner in dict.fromkeys((turn.person.id, person.id)):
        await desk.memory.audit.record(owner, actor, what, facts)


async def _tell(desk: Desk, turn: Turn, person: User, feature: Feature, words: str) -> None:
    if person.id == turn.person.id:
        return
    key = f"grant:{turn.place.platform}:{turn.incoming.key}:{person.id}:{feature}"
    facts = texts.said(words).as_json()
    await desk.memory.notices.tell(Notice(person.id, NoticeKind.REPLY, key, facts))


# --- /grants ------------------------------------------------------------------------------------


async def listed(desk: Desk, turn: Turn) -> Answer:
    """/grants: what everybody has, and who was granted more."""
    everyone = [
        user for user in await desk.memory.users.everyone() if not await _is_desk(desk, user)
    ]
    given: dict[int, list[str]] = {}
    for one in await desk.memory.grants.all():
        given.setdefault(one.user_id, []).append(one.feature.value)
    free = ", ".join(feature for feature in Feature if feature in desk.free_features)
    return [
        texts.said(
            bold("🎁 Who has what"),
            f"Everybody has: {free or 'nothing of these'}. Operators have all.",
            *_features(desk),
            *_people(everyone, given),
            text("Change it with ") + code("/grant NAME FEATURE"),
            text("Take it back with ") + code("/revoke NAME FEATURE"),
        )
    ]


async def _is_desk(desk: Desk, user: User) -> bool:
    """A group's shared account: what its people have is theirs."""
    return await desk.memory.desks.of_account(user.id) is not None


def _features(desk: Desk) -> Iterator[str]:
    """What those mean that have to be granted."""
    wanted = [feature for feature in Feature if feature not in desk.free_features]
    yield from (f"{feature}: {MEANING[feature]}" for feature in wanted)


def _people(everyone: Sequence[User], given: dict[int, list[str]]) -> Iterator[Words]:
    for user in everyone[:_MOST]:
        had = "all" if user.operator else ", ".join(given.get(user.id, ())) or "nothing more"
        yield text(f"#{user.id} {clipped(user.name, 30) or 'somebody'}: {had}")
    if len(everyone) > _MOST:
        yield text(f"and {len(everyone) - _MOST} more")
