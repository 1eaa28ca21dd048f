"""/halt: the operator stops all new trades of everybody, and lets them go on."""

from collections.abc import Mapping
from typing import Any

from agents.domain.errors import AskUser
from handlers import confirm, texts, times
from handlers.chat import Reply, bold, lines
from handlers.desk import Desk, Facts
from handlers.turn import Answer, Turn

FLATTEN = "halt_flatten"  # acts of the table of acts
LIFT = "halt_lift"
_OFF = frozenset({"off", "end", "lift", "resume"})
_FLATTEN = "flatten"


async def halt(desk: Desk, turn: Turn) -> Answer:
    """/halt [WHY], /halt off, /halt flatten."""
    first, _, rest = turn.words.strip().partition(" ")
    if first.lower() in _OFF:
        return await _lift(desk, turn)
    flatten = first.lower() == _FLATTEN
    answer = await _begin(desk, turn, rest if flatten else turn.words, flatten=flatten)
    return [*answer, *(await _ask_flatten(desk, turn) if flatten else ())]


async def _begin(desk: Desk, turn: Turn, why: str, *, flatten: bool) -> Answer:
    more = "" if flatten else "; /halt flatten closes what is open, too"
    if await desk.bounding.halts.begin(turn.person.id, texts.echo(why)):
        return [
            texts.said(
                bold("⛔ All new trades are stopped, for everybody."),
                "Open positions keep their stops. Everybody who trades is told.",
                f"/halt off lets all go on{more}.",
            )
        ]
    found = await desk.bounding.halts.present()
    since = times.moment(found.at, turn.user.zone, desk.clock.wall()) if found else "before"
    return [texts.said(f"⛔ All new trades are stopped since {since}. /halt off lets them go on.")]


async def _ask_flatten(desk: Desk, turn: Turn) -> Answer:
    owners = await desk.bounding.halts.holders()
    if not owners:
        return [texts.said("Nobody has open positions.")]
    people = "1 account has" if len(owners) == 1 else f"{len(owners)} accounts have"
    words = lines(
        bold("🚨 Close everything of everybody at the market?"),
        f"{people} open positions. Their strategies are paused, and what waits is cancelled.",
    )
    return await confirm.ask(desk, turn, FLATTEN, {}, words, "🚨 Yes, close everything")


async def flatten_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes: a panic of each who has open positions. What is left is gone on with."""
    _only_operators(turn)
    owners = await desk.bounding.halts.holders()
    left = 0
    for owner in owners:
        left += (await desk.panic.panic(owner)).left
    whose = "1 account" if len(owners) == 1 else f"{len(owners)} accounts"
    rest = f" Not yet flat: {left}; it goes on until all is." if left else ""
    return [confirm.agreed(f"🚨 Closing everything of {whose}.{rest}")]


async def _lift(desk: Desk, turn: Turn) -> Answer:
    """At once; one that was said long ago is asked about."""
    late = desk.clock.wall() - turn.incoming.sent_at
    if late.total_seconds() > desk.tap_rules.stale_seconds:
        words = lines(f"You wrote /halt off {times.age(late)} ago.", "Shall all trades go on now?")
        return await confirm.ask(desk, turn, LIFT, {}, words)
    return [texts.said(await _lifted(desk, turn))]


async def lift_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    _only_operators(turn)
    return [confirm.agreed(await _lifted(desk, turn))]


async def _lifted(desk: Desk, turn: Turn) -> str:
    if await desk.bounding.halts.lift(turn.person.id):
        return "🟢 Trades go on. Everybody who trades is told."
    return "Nothing was stopped."


def _only_operators(turn: Turn) -> None:
    if not turn.person.operator:
        raise AskUser("Only operators do that.")


def told(facts: Facts) -> Reply:
    """The notice to everybody who trades."""
    if not facts["on"]:
        return texts.said("🟢 The operator lets trades go on. Signals are proposed again.")
    why = [texts.sentence(f"the reason: {facts['reason']}")] if facts["reason"] else []
    return texts.said(
        bold("⛔ The operator has stopped all new trades."),
        *why,
        "Open positions keep their stops and targets; /close and /panic work as always.",
    )
