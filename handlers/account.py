"""/start, /help, /settings and /cancel: who one is here, and how one is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from agents.domain.user import NoticeKind, User
from handlers import dialogue, digests, key_settings, quiet, sharing, texts, times
from handlers.chat import Button, Reply, Rows, bold, code, lines, text
from handlers.desk import Desk
from handlers.paging import rows_of
from handlers.turn import Answer, Turn
from handlers.veil import disarm

T = TypeVar("T")
LEVELS = ("on", "silent", "off")
_LEVEL_SIGNS = {"on": "🔔", "silent": "🔕", "off": "🚫"}
_MUST = ("on", "silent")  # what asks or warns can be quiet, and can't be missed


@dataclass(frozen=True, slots=True)
class Group:
    """Notices that are switched together; `name` is what is stored, `levels` what is allowed.
    Those without a button are switched in words: a page of buttons has no room for more."""

    name: str
    label: str
    kinds: tuple[NoticeKind, ...]
    levels: tuple[str, ...] = LEVELS
    button: bool = True


K = NoticeKind
GROUPS: tuple[Group, ...] = (
    Group("proposals", "Proposals", (K.PROPOSAL,), _MUST),
    Group("sent", "Orders sent", (K.ORDER_SENT,)),
    Group("fills", "Fills", (K.FILLED, K.PARTLY_CLOSED)),
    Group("exits", "Closed trades", (K.CLOSED,)),
    Group("stops", "Stops moved", (K.STOP_MOVED,)),
    Group("failures", "Failed orders", (K.ORDER_FAILED,), _MUST),
    Group("pauses", "Strategies paused", (K.STRATEGY_PAUSED,), _MUST),
    Group("market", "Market faults", (K.MARKET,)),
    Group("signals", "Signals heard", (K.SIGNAL_HEARD,), button=False),
    Group("anomalies", "Numbers out of line", (K.ANOMALY,), button=False),
)
_GROUP_OF = {kind: group for group in GROUPS for kind in group.kinds}


def level_of(user: User, kind: NoticeKind) -> str:
    """`on`, `silent` or `off` for a kind of notice; what is in no group is always on."""
    group = _GROUP_OF.get(kind)
    level = user.notices.get(group.name, "on") if group else "on"
    return level if group is None or level in group.levels else "on"


async def start(desk: Desk, turn: Turn) -> Answer:
    """/start: where notices go from now on, and the greeting. With the code of a shared strategy,
    as its address says it, that is opened."""
    if turn.incoming.private and (shared := sharing.code_of_start(turn.words)):
        return await sharing.open_(desk, replace(turn, words=shared))
    if turn.incoming.private:
        await desk.memory.users.add_place(turn.user.id, turn.place)
    return [texts.greeting(turn.user.name, desk.market.name)]


async def cancel(desk: Desk, turn: Turn) -> Answer:
    """/cancel: drop the question that is open here."""
    step = await dialogue.end(desk, turn)
    if step is None:
        return [
            texts.said("There was nothing to cancel. /close closes a trade, /pause a strategy.")
        ]
    await disarm(desk.memory.notes, turn.incoming, step.facts.get("token", ""))
    return [texts.said("Cancelled; nothing was done.")]


# --- /settings ----------------------------------------------------------------------------------


async def settings(desk: Desk, turn: Turn) -> Answer:
    """/settings; /settings zone CITY; /settings KIND on, silent or off; /settings key KEY."""
    words = turn.words.split()
    if not words:
        return [await _settings(desk, turn.user)]
    if words[0].lower() == "key":
        return await key_settings.key(desk, turn, " ".join(words[1:]))
    if words[0].lower() in {"zone", "timezone", "time", "tz"}:
        said = " ".join(word for word in words[1:] if word.lower() != "zone")
        return await _to_zone(desk, turn, times.find_zone(said)) if said else [_zones()]
    if len(words) == 2 and words[1].lower() in LEVELS:
        return await _named_level(desk, turn, words[0].lower(), words[1].lower())
    return await _to_zone(desk, turn, times.find_zone(turn.words))


async def _settings(desk: Desk, user: User, *, edits: bool = False) -> Reply:
    here = times.moment(desk.clock.wall(), user.zone, desk.clock.wall())
    words = lines(
        bold("⚙️ Settings"),
        text(f"Time zone: {user.zone}, where it is {here}. Change it with ")
        + code("/settings zone Berlin"),
        await key_settings.line(desk, user.id),
        f"{await quiet.line(desk, user.id)}. {await digests.line(desk, user.id)}.",
        "Notices, tap to change:",
        "🔔 on, 🔕 without a sound, 🚫 off",
    )
    others = (
        Button("🕰 Time zone", "zones"),
        Button("🌙 Quiet hours", "quiet"),
        Button("📰 Digest", "digest"),
    )
    return Reply(words, (*_switches(user), others), edits=edits)


def _switches(user: User) -> Rows:
    """A button for each group that has one, which goes on to its next level."""
    made = []
    for index, group in enumerate(GROUPS):
        if not group.button:
            continue
        level = level_of(user, group.kinds[0])
        following = (group.levels.index(level) + 1) % len(group.levels)
        made.append(Button(f"{_LEVEL_SIGNS[level]} {group.label}", "notice", index, following))
    return rows_of(made)


async def notice(desk: Desk, turn: Turn) -> Answer:
    """A switch was tapped: `id` is the group, `version` its new level."""
    group = _at(GROUPS, turn.tap.id)
    level = _at(group.levels, turn.tap.version) if group else None
    if group is None or level is None:
        return [texts.said(texts.NOT_MINE)]
    await desk.memory.users.set_notice(turn.user.id, group.name, level)
    return [await _settings(desk, await desk.memory.users.get(turn.user.id), edits=True)]


async def _named_level(desk: Desk, turn: Turn, name: str, level: str) -> Answer:
    group = next((one for one in GROUPS if name in {one.name, one.label.lower()}), None)
    if group is None:
        known = ", ".join(one.name for one in GROUPS)
        return [texts.said(f"I know no notices called {name[:30]!r}. There are {known}.")]
    if level not in group.levels:
        return [texts.said(f"{group.label} can be on or silent; they are never off.")]
    await desk.memory.users.set_notice(turn.user.id, group.name, level)
    return [texts.said(f"{_LEVEL_SIGNS[level]} {group.label}: {level}.")]


async def zones(desk: Desk, turn: Turn) -> Answer:
    return [_zones()]


def _zones() -> Reply:
    made = [Button(f"🕰 {zone}", "zone", index) for index, zone in enumerate(times.COMMON_ZONES)]
    return Reply(lines("Tap one, or write /settings zone and your city."), rows_of(made))


async def zone(desk: Desk, turn: Turn) -> Answer:
    chosen = _at(times.COMMON_ZONES, turn.tap.id)
    if chosen is None:
        return [texts.said(texts.NOT_MINE)]
    return await _to_zone(desk, turn, chosen)


async def _to_zone(desk: Desk, turn: Turn, chosen: str) -> Answer:
    await desk.memory.users.set_zone(turn.user.id, chosen)
    here = times.moment(desk.clock.wall(), chosen, desk.clock.wall())
    return [texts.said(f"🕰 Your time zone is {chosen}: it is {here} there.")]


def _at(rows: Sequence[T], index: int) -> T | None:
    return rows[index] if 0 <= index < len(rows) else None
