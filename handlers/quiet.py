"""/quiet: hours in which nothing makes a sound, and what happens with proposals in them."""

import re
from collections.abc import Mapping
from typing import Any

from agents.domain.errors import AskUser
from agents.domain.proposal import ProposalState
from agents.domain.quiet import PREFERENCE, RULE, QuietHours, QuietRule
from agents.domain.strategy import Window
from agents.domain.user import NoticeKind, User
from handlers import confirm, saying, texts, times
from handlers.chat import Button, Reply, Words, bold, code, lines
from handlers.desk import Desk
from handlers.paging import rows_of
from handlers.turn import Answer, Turn

SET = "set_quiet"  # the question whether proposals may run in quiet hours
USUAL = 600  # seconds of a veto window, where none is said
_LOUD = frozenset(
    {NoticeKind.ORDER_FAILED, NoticeKind.PANIC, NoticeKind.OPERATOR, NoticeKind.ALARM}
)
_FOR_READERS = frozenset(  # of a channel, who have hours of their own
    {NoticeKind.SIGNAL_POST, NoticeKind.SIGNAL_CHANGED, NoticeKind.SIGNAL_UPDATE}
)

_RANGE = re.compile(
    r"(?P<from>\d{1,2}(?:[:.]\d{2})?\s?(?:am|pm)?)\s*(?:-|–|—|\bto\b|\buntil\b)\s*"
    r"(?P<to>\d{1,2}(?:[:.]\d{2})?\s?(?:am|pm)?)(?![\w:])",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"\b(?P<rule>hold|silent|silently|veto|autopilot|auto)\b"
    r"(?:\s+(?:window\s+)?(?P<span>\d{1,5}\s?(?:s|secs?|seconds?|m|mins?|minutes?|h|hours?)?"
    r"|\d{1,2}:\d{2})\b)?",
    re.IGNORECASE,
)
_RULES = {
    "hold": QuietRule.HOLD,
    "silent": QuietRule.SILENT,
    "silently": QuietRule.SILENT,
    "veto": QuietRule.VETO,
    "autopilot": QuietRule.AUTOPILOT,
    "auto": QuietRule.AUTOPILOT,
}
_OFF = frozenset({"off", "none", "never", "no"})
_PRESETS = (
    ("🌙 22–07 hold", "22:00-07:00 hold"),
    ("🔕 22–07 silent", "22:00-07:00 silent"),
    ("⏱ 22–07 veto 10 min", "22:00-07:00 veto 10m"),
    ("🚫 Off", "off"),
)
_HOW = (
    "/quiet 22:00-07:00 Berlin hold",
    "/quiet 22:00-07:00 mon-fri veto 10m",
    "/quiet off",
)


async def of(desk: Desk, user_id: int) -> QuietHours | None:
    return QuietHours.from_json(await desk.memory.preferences.read(user_id, PREFERENCE))


async def hushed(desk: Desk, user: User, kind: NoticeKind) -> bool:
    """Whether a message to `user` comes without a sound now. What went wrong with money sounds."""
    if kind in _LOUD | _FOR_READERS:
        return False
    quiet = await of(desk, user.id)
    return quiet is not None and quiet.cover(desk.clock.wall())


async def line(desk: Desk, user_id: int) -> str:
    """What /settings says."""
    return f"Quiet hours: {await _present(desk, user_id)}"


async def _present(desk: Desk, user_id: int) -> str:
    said = await of(desk, user_id)
    return saying.quiet(said) if said else "none"


async def quiet(desk: Desk, turn: Turn) -> Answer:
    """/quiet; /quiet FROM-TO [ZONE] [DAYS] [RULE]; /quiet off."""
    if not turn.words:
        return [await _page(desk, turn)]
    return await _wanted(desk, turn, turn.words)


async def opened(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn)]


async def tapped(desk: Desk, turn: Turn) -> Answer:
    if turn.tap.id >= len(_PRESETS):
        return [texts.said(texts.NOT_MINE)]
    return await _wanted(desk, turn, _PRESETS[turn.tap.id][1])


async def _page(desk: Desk, turn: Turn) -> Reply:
    words = lines(
        bold("🌙 Quiet hours"),
        f"Now: {await _present(desk, turn.user.id)}.",
        "Nothing makes a sound in them, but an order that fails. Proposals meanwhile:",
        "• hold: none is made",
        "• silent: as always, without a sound",
        "• veto 10m: they run after that time unless vetoed",
        "• autopilot: they run at once",
        "Change it with",
        *(code(example) for example in _HOW),
    )
    made = [Button(label, "quiet_set", index) for index, (label, _) in enumerate(_PRESETS)]
    return Reply(words, rows_of(made))


# --- reading ------------------------------------------------------------------------------------


def parsed(said: str, zone: str) -> QuietHours:
    """Quiet hours in words; `zone` where they name none. Raises AskUser."""
    hours = _RANGE.search(said)
    if hours is None:
        raise AskUser(f"I need a beginning and an end, like {_HOW[0]}.")
    begin = saying.clock(hours["from"])
    end = "24:00" if hours["to"].strip() in {"24", "24:00"} else saying.clock(hours["to"])
    if begin == end:
        raise AskUser("These hours begin and end at the same time; for all day write 00:00-24:00.")
    rest = f"{said[: hours.start()]} {said[hours.end() :]}"
    rule, window, rest = _rule(rest)
    days, rest = _days(rest)
    named = times.find_zone(rest) if rest.strip() else zone
    told = Window.model_validate({"from": begin, "to": end, "tz": named, "days": days})
    return QuietHours(told, rule, window)


def _rule(said: str) -> tuple[QuietRule, int | None, str]:
    """The rule with its window, and what else was said; hold where none is named."""
    found = _RULE.search(said)
    if found is None:
        return QuietRule.HOLD, None, said
    rule = _RULES[found["rule"].lower()]
    rest = f"{said[: found.start()]} {said[found.end() :]}"
    if rule is QuietRule.VETO:
        return rule, saying.window(found["span"] or "", USUAL), rest
    if found["span"]:
        raise AskUser(f"Only a veto window takes a time; leave out {found['span']!r}.")
    return rule, None, rest


def _days(said: str) -> tuple[tuple[str, ...], str]:
    """The days that are named, and the other words."""
    days: list[str] = []
    rest: list[str] = []
    joined = re.sub(r"\s*,\s*", ",", said)
    for word in joined.split():
        found = saying.days(word)
        if found is None:
            rest.append(word)
        else:
            days.extend(one for one in found if one not in days)
    return tuple(days), " ".join(word for word in rest if word.lower() not in {"on", "in", "and"})


# --- changing -----------------------------------------------------------------------------------


async def _wanted(desk: Desk, turn: Turn, said: str) -> Answer:
    """At once where nothing trades without a tap because of it; else after a Yes."""
    if said.strip().lower() in _OFF:
        return await _set(desk, turn, None, edits=False)
    wanted = parsed(said, turn.user.zone)
    if wanted.rule in {QuietRule.HOLD, QuietRule.SILENT}:
        return await _set(desk, turn, wanted, edits=False)
    return await confirm.ask(desk, turn, SET, wanted.as_json(), _question(wanted))


def _question(wanted: QuietHours) -> Words:
    return lines(
        bold("🌙 Let proposals run in quiet hours?"),
        f"{saying.quiet(wanted)}: also those of strategies that ask you at other times. What an "
        "assisted strategy is in doubt about, it still asks.",
        "No limit changes, and when the price has moved it asks you.",
    )


async def set_quiet(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to the question."""
    return await _set(desk, turn, QuietHours.from_json(facts), edits=True)


async def _set(desk: Desk, turn: Turn, wanted: QuietHours | None, *, edits: bool) -> Answer:
    memory, owner = desk.memory, turn.user.id
    stored = wanted.as_json() if wanted else None
    async with memory.transactions.transaction():
        await memory.preferences.write(owner, PREFERENCE, stored, desk.clock.wall())
        facts = {"quiet": stored}
        await memory.audit.record(owner, f"user:{turn.person.id}", "quiet hours", facts)
        await _ask_instead(desk, owner)
    said = f"🌙 Quiet hours: {saying.quiet(wanted)}." if wanted else "🌙 There are no quiet hours."
    return [Reply(lines(said), edits=edits)]


async def _ask_instead(desk: Desk, owner: int) -> None:
    """What counts down because of the quiet hours of before goes on as a question."""
    waiting = await desk.memory.proposals.of(owner, (ProposalState.PENDING,), limit=1_000)
    for proposal in waiting:
        if proposal.runs_at is not None and proposal.course.why.startswith(RULE):
            await desk.approvals.ask_instead(proposal, "the quiet hours were changed")
