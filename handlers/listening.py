"""/listen: where signals are read for an account, and what becomes of them."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError

from agents.domain.desks import Right
from agents.domain.errors import AskUser, DeliveryRefused, Moved, NotFound
from agents.domain.grants import Feature
from agents.domain.heard import Heard, HeardState, Listen
from agents.domain.market import TIMEFRAMES
from agents.domain.strategy import ANY_SYMBOL, Sides, Strategy, StrategySpec
from agents.domain.symbols import resolve
from agents.domain.user import Hearing, Membership, Place, Standing
from agents.signals.settings import PREFERENCE, SignalSettings, opened, settings_of, standing
from handlers import bringing, heard, markers, numbers, texts, times
from handlers.chat import Reply, Words, bold, text
from handlers.desk import Desk
from handlers.tables import clipped
from handlers.turn import Answer, Turn

_NAMED = re.compile(r"@\S{3,80}|https?://\S+|<#\d+>|-\d{5,20}")  # a name, a link, a number
_MOST_COINS = 20
_LONGEST_WORDS = 500
_LATEST = 5
_OLDEST = 24 * 60  # minutes
_STAFF = (Membership.ADMIN, Membership.OWNER)
_USAGE = "\n".join(
    (
        "/listen in a group that you administer reads it, /listen off there ends it.",
        "/listen test TEXT judges a signal now.",
        "/listen risk 0.5% – or leverage 3x, positions 2",
        "/listen only BTC ETH – or only long, any",
        "/listen above 60 – the least score",
        "/listen within 30m – how old a signal may be",
        "/listen on 15m – the candles that judge it",
        "/listen words … – your guidance for the model",
    )
)


async def listen(desk: Desk, turn: Turn) -> Answer:
    """/listen in a group begins, /listen off ends; in private it shows and changes the rest."""
    verb, _, rest = turn.words.strip().partition(" ")
    verb, rest = verb.lower(), rest.strip()
    if verb == "test":
        return await _test(desk, turn, rest)
    if verb in {"off", "stop", "end"}:
        return await _end(desk, turn, rest)
    if _NAMED.fullmatch(turn.words.strip()):
        return await _begin_elsewhere(desk, turn, turn.words.strip())
    if verb and verb != "here":
        return await _set(desk, turn, verb, rest)
    if turn.incoming.private:
        return [await _overview(desk, turn)]
    return await _begin(desk, turn, turn.place)


async def _test(desk: Desk, turn: Turn, words: str) -> Answer:
    if not turn.incoming.private:
        return [texts.said(texts.PRIVATE_ONLY)]
    return await bringing.test(desk, turn, words)


# --- where ----------------------------------------------------------------------------------------


async def _begin_elsewhere(desk: Desk, turn: Turn, said: str) -> Answer:
    """A channel or group that was named, in private."""
    if not turn.incoming.private:
        return [texts.said(texts.PRIVATE_ONLY)]
    try:
        place = await desk.people.find_place(turn.place.platform, said)
    except DeliveryRefused:
        place = None
    if place is None:
        raise NotFound(
            f"I don't see {texts.echo(said)}. Make me an administrator there, and write it again."
        )
    return await _begin(desk, turn, place)


async def _begin(desk: Desk, turn: Turn, place: Place) -> Answer:
    there = await _allowed(desk, turn, place)
    if there.hears is Hearing.NEVER:
        raise AskUser(
            f"I am not shown what people write in {there.title}, so I can't read its signals. "
            "Forward them to me in our private chat, paste them there, or use a webhook: /hooks."
        )
    if not await desk.allows(turn.person, Feature.FEEDS):
        raise AskUser("Signals of groups are something that the operator grants; ask for it.")
    strategy, made = await opened(desk.memory, turn.user.id, desk.clock.now())
    wanted = Listen(
        turn.user.id, place, clipped(there.title, 80), turn.person.id, desk.clock.wall()
    )
    new = await desk.memory.heard.listen(wanted)
    if new:
        actor, facts = f"user:{turn.person.id}", {"place": str(place), "title": there.title}
        await desk.memory.audit.record(turn.user.id, actor, "listen", facts)
    said = _begun(there, strategy, new=new, made=made)
    if turn.group is not None and not new:  # what a desk's members may see
        said += _settings(strategy, await settings_of(desk.memory, turn.user.id))
    return [texts.said(*said)]


def _begun(there: Standing, strategy: Strategy, *, new: bool, made: bool) -> list[Words | str]:
    since = "from now on" if new else "already"
    name = f"#{strategy.number} {strategy.name}"
    with_it = f"Strategy {name} is made for them" if made else f"Strategy {name} takes them"
    said: list[Words | str] = [
        bold(f"👂 I read the signals of {there.title} {since}."),
        f"{with_it}: each is judged on trend, momentum, volume and structure; a good one becomes "
        "a proposal, and nothing is traded before it is approved or /autonomy allows it.",
        "/listen off there ends it.",
    ]
    if there.hears is Hearing.STAFF:
        said.append("⚠️ I am not shown what people write there yet: make me an administrator.")
    return said


async def _end(desk: Desk, turn: Turn, said: str) -> Answer:
    """/listen off in the group, or in private with its number in the list."""
    listens = await desk.memory.heard.listens(turn.user.id)
    if not turn.incoming.private:
        await _allowed(desk, turn, turn.place)
        found = [one for one in listens if one.place == turn.place]
    elif said.isdecimal():
        found = list(listens[int(said) - 1 : int(said)]) if int(said[:4]) > 0 else []
    else:
        found = list(listens) if len(listens) == 1 else []
    if not found:
        if not turn.incoming.private:  # where else is nobody's business here
            return [texts.said("I read no signals here.")]
        if not listens:
            return [texts.said("I read signals nowhere, so there is nothing to end.")]
        how = "Say which one, for example /listen off 1."
        return [texts.said("I read no signals there.", *_where(listens), how)]
    for one in found:
        await desk.memory.heard.unlisten(turn.user.id, one.place, desk.clock.wall())
    actor, facts = f"user:{turn.person.id}", {"place": str(found[0].place)}
    await desk.memory.audit.record(turn.user.id, actor, "listen off", facts)
    return [texts.said(f"🙉 I read no more signals of {found[0].title}.")]


async def _allowed(desk: Desk, turn: Turn, place: Place) -> Standing:
    """How the person stands there. Raises AskUser for who may not decide that."""
    if turn.group is not None and not (turn.role and turn.role.may(Right.TRADE)):
        raise AskUser("Only the owner and the traders of this desk decide what it reads.")
    there = await desk.people.standing(place, turn.incoming.sender)
    if turn.group is None and there.membership not in _STAFF:
        raise AskUser(f"Only an administrator of {there.title} decides that I read there.")
    return there


# --- the overview ---------------------------------------------------------------------------------


async def _overview(desk: Desk, turn: Turn) -> Reply:
    owner = turn.user.id
    listens = await desk.memory.heard.listens(owner)
    strategy = await standing(desk.memory, owner)
    kept = await settings_of(desk.memory, owner)
    recent = await desk.memory.heard.recent(owner, _LATEST)
    parts: list[Words | str] = [bold("👂 Signals"), *_where(listens)]
    if strategy is not None:
        parts += _settings(strategy, kept)
    parts += [_line(desk, turn, one) for one in recent]
    return texts.said(*parts, _USAGE)


def _where(listens: Sequence[Listen]) -> list[str]:
    return [f"{number}. {one.title}" for number, one in enumerate(listens, 1)] or [
        "I read in no group yet. Forward me a signal, or paste it here, and I judge it."
    ]


def _settings(strategy: Strategy, kept: SignalSettings) -> list[Words | str]:
    spec = strategy.spec
    coins = "any coin" if spec.takes_any else ", ".join(spec.named)
    said: list[Words | str] = [
        bold(f"#{strategy.number} {strategy.name}") + text(f" · {markers.STATES[strategy.state]}"),
        f"{coins} · {markers.SIDES[spec.side]} · judged on {spec.timeframe} candles",
        f"Risk {numbers.percent(spec.risk_percent)} a trade · leverage {spec.leverage}x at most · "
        f"{spec.max_positions} positions at most",
        f"Proposed from a score of {kept.above}; expired after {times.age(kept.longest)}.",
    ]
    return [*said, *([f"Your words: {clipped(spec.guidance, 300)}"] if spec.guidance else [])]


def _line(desk: Desk, turn: Turn, one: Heard) -> str:
    at = times.moment(one.said_at, turn.user.zone, desk.clock.wall())
    reason = f": {clipped(one.reason, 100)}" if one.state is HeardState.DROPPED else ""
    name = one.verdict.get("symbol") or heard.name_of(one.reading, one.verdict.get("side", ""))
    return f"{at} {name} {_STATES[one.state]}{reason}"


_STATES: Mapping[HeardState, str] = {
    HeardState.NEW: "waits",
    HeardState.JUDGING: "waits",
    HeardState.PROPOSED: "proposed",
    HeardState.DROPPED: "dropped",
    HeardState.UPDATE_OFFERED: "update, waits for you",
    HeardState.APPLIED: "update, done",
    HeardState.IGNORED: "update, ignored",
    HeardState.FAILED: "failed",
}


# --- settings -------------------------------------------------------------------------------------


async def _set(desk: Desk, turn: Turn, verb: str, said: str) -> Answer:
    if verb not in _CHANGES and verb not in _KEPT:
        raise AskUser(f"I don't know /listen {texts.echo(verb)}. There are\n{_USAGE}")
    if not turn.incoming.private:
        await _allowed(desk, turn, turn.place)
    strategy, _ = await opened(desk.memory, turn.user.id, desk.clock.now())
    if verb in _KEPT:
        kept = _KEPT[verb](await settings_of(desk.memory, turn.user.id), said)
        await desk.memory.preferences.write(
            turn.user.id, PREFERENCE, kept.as_json(), desk.clock.wall()
        )
    else:
        changes = await _CHANGES[verb](desk, said)
        strategy = await _revised(desk, turn, strategy, changes, f"/listen {verb} {said}")
    shown = _settings(strategy, await settings_of(desk.memory, turn.user.id))
    if strategy.spec.guidance and not turn.incoming.private and turn.group is None:
        shown.pop()  # a person's own words are not for the group
    return [texts.said(bold("✅ Changed for signals that come from now on."), *shown)]


async def _revised(
    desk: Desk, turn: Turn, strategy: Strategy, changes: Mapping[str, object], said: str
) -> Strategy:
    """The next version; the present one where nothing changes. Raises AskUser and Moved."""
    try:
        spec = StrategySpec.model_validate({**strategy.spec.as_json(), **changes})
    except ValidationError as fault:
        raise AskUser(f"{_first(fault)} /listen shows how to write it.") from fault
    if spec == strategy.spec:
        return strategy
    found, owner = desk.memory.strategies, turn.user.id
    sentence = f"{strategy.sentence}\n{said}"[-texts.LONGEST :]
    now = desk.clock.now()
    if not await found.revise(owner, strategy.id, strategy.version, spec, sentence, now):
        raise Moved("The strategy has changed in the meantime; write it again.")
    return await found.get(owner, strategy.id)


def _first(fault: ValidationError) -> str:
    found = fault.errors()[0]
    name = str(found["loc"][0]).replace("_", " ") if found["loc"] else "that"
    return f"{name.capitalize()}: {found['msg'].rstrip('.')}."


def _number(said: str, like: str) -> Decimal:
    try:
        found = Decimal(said.strip().rstrip("%x").replace(",", "."))
    except InvalidOperation:
        raise AskUser(f"Write it like {like}.") from None
    if not found.is_finite():
        raise AskUser(f"Write it like {like}.")
    return found


def _whole(said: str, low: int, high: int, like: str) -> int:
    found = _number(said, like)
    if found != found.to_integral_value() or not low <= found <= high:
        raise AskUser(f"That goes from {low} to {high}: {like}.")
    return int(found)


async def _risk(desk: Desk, said: str) -> Mapping[str, object]:
    like = "/listen risk 0.5%"
    found = _number(said, like)
    if not 0 < found <= desk.limits.risk_percent:
        most = numbers.percent(desk.limits.risk_percent)
        raise AskUser(f"The risk of a trade is more than 0% and at most {most}: {like}.")
    return {"risk_percent": found, "size": None}


async def _only(desk: Desk, said: str) -> Mapping[str, object]:
    """Coins, a side, or both: `only long BTC ETH`."""
    changes: dict[str, object] = {}
    coins: list[str] = []
    for word in said.replace(",", " ").split():
        side = word.lower().removesuffix("s")
        if side in set(Sides):
            changes["side"] = side
        elif side not in {"and", "only"}:
            coins.append(resolve(word, await desk.universe()).symbol)
    if len(set(coins)) > _MOST_COINS:
        raise AskUser(f"That are more than {_MOST_COINS} coins; /listen any takes every one.")
    if coins:
        changes["symbols"] = tuple(dict.fromkeys(coins))
    if not changes:
        raise AskUser("Which ones? Write it like /listen only BTC ETH, or /listen only long.")
    return changes


async def _any(desk: Desk, said: str) -> Mapping[str, object]:
    return {"symbols": (ANY_SYMBOL,), "side": Sides.BOTH}


async def _leverage(desk: Desk, said: str) -> Mapping[str, object]:
    return {"leverage": _whole(said, 1, 20, "/listen leverage 5x")}


async def _positions(desk: Desk, said: str) -> Mapping[str, object]:
    return {"max_positions": _whole(said, 1, 20, "/listen positions 3")}


async def _timeframe(desk: Desk, said: str) -> Mapping[str, object]:
    if said.lower() not in TIMEFRAMES:
        raise AskUser(f"Candles are one of {', '.join(TIMEFRAMES)}: /listen on 15m.")
    return {"timeframe": said.lower()}


async def _words(desk: Desk, said: str) -> Mapping[str, object]:
    if len(said) > _LONGEST_WORDS:
        raise AskUser(f"That has {len(said)} characters; {_LONGEST_WORDS} is the most.")
    return {"guidance": said or None}


def _above(kept: SignalSettings, said: str) -> SignalSettings:
    return SignalSettings(_whole(said, 0, 100, "/listen above 60"), kept.minutes)


def _within(kept: SignalSettings, said: str) -> SignalSettings:
    bare = said.strip().lower().removesuffix("minutes").removesuffix("min").removesuffix("m")
    return SignalSettings(kept.above, _whole(bare, 1, _OLDEST, "/listen within 30m"))


_CHANGES: Mapping[str, Callable[[Desk, str], Awaitable[Mapping[str, object]]]] = {
    "risk": _risk,
    "only": _only,
    "any": _any,
    "leverage": _leverage,
    "positions": _positions,
    "on": _timeframe,
    "timeframe": _timeframe,
    "words": _words,
}
_KEPT: Mapping[str, Callable[[SignalSettings, str], SignalSettings]] = {
    "above": _above,
    "within": _within,
}
