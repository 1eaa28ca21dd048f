"""/connect: a user's own account at an exchange, by steps or in one message, in private alone.

What carries key material was sealed at the door (handlers/veil.py). It is opened here for the one
check with the exchange; the steps, the question and the memory hold it sealed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents.domain.errors import AskUser, OperatorNeeded, Refused, TryAgain
from agents.domain.strategy import Mode
from agents.domain.venue import Credentials, KeyCheck, KeyReport
from agents.execution.venues.connections import NewKey, baseline_of, objection
from handlers import confirm, connecting_words, dialogue, markers, texts
from handlers.chat import Button, Reply, Words, lines, text
from handlers.connecting_parts import FULL, Parts, is_name, named
from handlers.desk import Desk
from handlers.dialogue import Step
from handlers.turn import Answer, Turn
from handlers.veil import arm, disarm, token_of

STEP = "connect"  # the question for key, secret and password
CONNECT = "connect_with"  # the question whether to connect with a key that was checked
DISCONNECT = "disconnect"


# --- /connect -----------------------------------------------------------------------------------


async def connect(desk: Desk, turn: Turn) -> Answer:
    """/connect; /connect EXCHANGE; /connect EXCHANGE KEY SECRET [PASSWORD], sealed by the door."""
    if not turn.incoming.private:
        return [_in_a_group(turn)]
    await over(desk, turn)  # an earlier question for a key
    check = desk.key_check
    if check is None or not desk.exchange:
        return [_refused(turn, connecting_words.NO_EXCHANGE)]
    if not turn.words:
        return await _opening(desk, turn)
    try:
        name, said = _named(desk, turn.words)
        nothing = _nothing(check, check.known(name.lower() or desk.exchange))
    except AskUser as unknown:
        return [_refused(turn, f"{unknown} Nothing was stored.")]
    return await _taking(desk, turn, nothing, nothing.fitted(said))


async def begin(desk: Desk, turn: Turn) -> Answer:
    """The button that begins: a key for the desk's own exchange."""
    check = desk.key_check
    if check is None or not desk.exchange or not turn.incoming.private:
        said = connecting_words.PRIVATELY if desk.exchange else connecting_words.NO_EXCHANGE
        return [texts.said(said)]
    return await _taking(desk, turn, _nothing(check, check.known(desk.exchange)), ())


async def check_again(desk: Desk, turn: Turn) -> Answer:
    """The exchange could not be asked; ask it again."""
    step = await dialogue.present(desk, turn)
    if step is None or step.kind != STEP or step.serial != turn.tap.id:
        return [confirm.agreed(texts.OVER)]
    parts = _parts(desk, step)
    if parts is None or not parts.is_whole:
        return [confirm.agreed(connecting_words.LOCKED)]
    [first, *others] = await _checked(desk, turn, parts)
    return [replace(first, edits=True), *others]


async def stop(desk: Desk, turn: Turn) -> Answer:
    """The button that ends the question for a key."""
    step = await dialogue.present(desk, turn)
    if step is None or step.kind != STEP or step.serial != turn.tap.id:
        return [confirm.agreed(texts.OVER)]
    await over(desk, turn)
    return [confirm.agreed(texts.NOTHING_DONE)]


async def said(desk: Desk, turn: Turn, step: Step, words: str) -> Answer:
    """A text while a key is awaited: its next part, or several parts."""
    parts = _parts(desk, step)
    if parts is None or desk.key_check is None:
        await over(desk, turn)
        return [_refused(turn, connecting_words.LOCKED)]
    if parts.is_whole:  # it could not be checked, and is sent anew
        anew = replace(parts, said=())
        if wrong := anew.complaint(anew.split(words)):
            return [await _still_waits(desk, turn, parts, wrong)]
        parts = anew
    return await _taking(desk, turn, parts, parts.split(words))


async def _still_waits(desk: Desk, turn: Turn, parts: Parts, wrong: str) -> Reply:
    """What was said is no key, so the one that was sent before still waits to be checked."""
    step = await _await(desk, turn, parts)
    words = lines(wrong, "The key that you sent before still waits to be checked.")
    return Reply(words, (_again(step),), removes=_carrier(turn))


def _again(step: Step) -> tuple[Button, ...]:
    return (step.button("🔁 Check again", "check_key"), step.button("🚫 Cancel", "no_key"))


async def over(desk: Desk, turn: Turn) -> None:
    """No key is awaited any more; what is said next is a plain text."""
    step = await dialogue.present(desk, turn)
    if step is not None and step.kind == STEP:
        await dialogue.end(desk, turn)
        await disarm(desk.memory.notes, turn.incoming, step.facts["token"])
    await disarm(desk.memory.notes, turn.incoming, token_of(turn.incoming))


# --- the steps ----------------------------------------------------------------------------------


async def _opening(desk: Desk, turn: Turn) -> Answer:
    connection = await desk.connecting.of(turn.user.id)
    if connection is None:
        return [Reply(connecting_words.opening(desk.exchange), ((_begin(desk.exchange),),))]
    words = connecting_words.state(connection, turn.user.zone, desk.clock.wall())
    rows = ((Button("🔑 Another key", "connect"), Button("🔌 Disconnect", "disconnect")),)
    return [Reply(words, rows)]


def _begin(exchange: str) -> Button:
    return Button(f"🔗 {markers.exchange(exchange)}", "connect")


async def _taking(desk: Desk, turn: Turn, parts: Parts, more: Sequence[str]) -> Answer:
    """Ask for what is missing, or have the exchange look at what is whole."""
    try:
        await desk.connecting.check_place(turn.user.id, parts.exchange)
    except AskUser as no:
        await over(desk, turn)
        return [_refused(turn, str(no))]
    wrong = parts.complaint(more)
    if not wrong:
        parts = replace(parts, said=(*parts.said, *more))
    if parts.is_whole:
        answer = await _checked(desk, turn, parts)
        return [replace(one, removes=_carrier(turn)) for one in answer]
    step = await _await(desk, turn, parts)
    words = connecting_words.next_part(parts.exchange, parts.next, wrong)
    removes = _carrier(turn) if more else ""
    return [Reply(words, ((step.button("🚫 Cancel", "no_key"),),), removes=removes)]


async def _await(desk: Desk, turn: Turn, parts: Parts) -> Step:
    """Wait for the rest; what is said next is sealed at the door."""
    token = await arm(desk.memory.notes, turn.incoming)
    sealed = desk.keys.seals.seal(json.dumps(parts.said)) if parts.said else ""
    facts = {"exchange": parts.exchange, "wanted": parts.wanted, "sealed": sealed, "token": token}
    return await dialogue.ask(desk, turn, STEP, facts)


# --- the check ----------------------------------------------------------------------------------


async def _checked(desk: Desk, turn: Turn, parts: Parts) -> Answer:
    """What the exchange says of a whole key: a refusal, or the question whether to connect."""
    exchange = parts.exchange
    try:
        report = await _asked(desk, exchange, parts.credentials)
    except TryAgain as fault:
        step = await _await(desk, turn, parts)
        return [Reply(connecting_words.unreached(exchange, fault), (_again(step),))]
    except (Refused, AskUser) as no:
        await over(desk, turn)
        return [Reply(connecting_words.not_taken(exchange, no), ((_begin(desk.exchange),),))]
    await over(desk, turn)
    if no_ := objection(report):
        return [texts.said(f"⛔ {no_}")]
    return await _offered(desk, turn, parts, report)


async def _asked(desk: Desk, exchange: str, credentials: Credentials) -> KeyReport:
    if desk.key_check is None:
        raise Refused(connecting_words.NO_EXCHANGE)
    return await desk.key_check.check(exchange, credentials)


async def _offered(desk: Desk, turn: Turn, parts: Parts, report: KeyReport) -> Answer:
    earlier = await desk.connecting.of(turn.user.id)
    missing = await _missing(desk, turn.user.id, report)
    credentials = parts.credentials
    words = connecting_words.summary(parts.exchange, credentials.key[-4:], report, earlier, missing)
    facts = {"exchange": parts.exchange, "sealed": desk.keys.seals.seal(credentials.written())}
    return await confirm.ask(desk, turn, CONNECT, facts, words, "✅ Yes, connect")


async def _missing(desk: Desk, owner_id: int, report: KeyReport) -> list[str]:
    """Symbols of open trades with real money that the account does not hold."""
    missing = []
    for position in await desk.memory.positions.of(owner_id, open_only=True, limit=1_000):
        coin = report.holdings.get(position.symbol.partition("/")[0])
        there = any(one.symbol == position.symbol for one in report.positions)
        held = there or (coin is not None and coin.total >= position.quantity)
        if position.mode is Mode.LIVE and not held:
            missing.append(position.symbol)
    return list(dict.fromkeys(missing))


async def connect_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes: the exchange is asked once more, for what the account holds now is its owner's own."""
    exchange, opened = facts["exchange"], _opened(desk, facts["sealed"])
    if opened is None:
        return [confirm.agreed(connecting_words.LOCKED)]
    credentials, asked_at = Credentials.read(opened), desk.clock.now()
    try:
        report = await _asked(desk, exchange, credentials)
    except TryAgain as fault:
        words = lines(connecting_words.unreached(exchange, fault), "Try again?")
        return await confirm.ask(desk, turn, CONNECT, facts, words, "🔁 Yes, try again")
    except Refused as no:
        return [confirm.agreed(connecting_words.not_taken(exchange, no))]
    if no_ := objection(report):
        return [confirm.agreed(f"⛔ {no_}")]
    made = NewKey(
        exchange,
        facts["sealed"],
        credentials.key[-4:],
        report.restricted,
        baseline_of(report),
        asked_at,
        tuple(one for one in report.orders if not one.ours),
    )
    stored = await desk.connecting.connect(turn.user.id, made)
    if desk.truth is not None:
        desk.truth.reconciliation.soon(turn.user.id)
    return [confirm.agreed(connecting_words.connected(stored))]


# --- /disconnect --------------------------------------------------------------------------------


async def disconnect(desk: Desk, turn: Turn) -> Answer:
    """/disconnect, and its button: asks once."""
    connection = await desk.connecting.of(turn.user.id)
    if connection is None:
        return [texts.said("No exchange is connected. /connect connects one.")]
    business = await desk.connecting.business(turn.user.id)
    words = connecting_words.disconnecting(connection, business)
    if business.has_trades:
        return [Reply(words)]
    return await confirm.ask(desk, turn, DISCONNECT, {}, words, "🔌 Yes, disconnect")


async def disconnect_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    gone, paused = await desk.connecting.disconnect(turn.user.id)
    return [confirm.agreed(connecting_words.disconnected(gone, paused))]


# --- keys where none was asked for ----------------------------------------------------------------


def stray(turn: Turn) -> Reply:
    """Something that looks like a key, in a sentence or before others."""
    said = connecting_words.STRAY if turn.incoming.private else connecting_words.BURNT
    return _refused(turn, said)


def _in_a_group(turn: Turn) -> Reply:
    """Keys are for a private chat; one that was sent here is burnt."""
    if not turn.words or is_name(turn.words):
        return texts.said(connecting_words.PRIVATELY)
    return _refused(turn, connecting_words.BURNT)


def _refused(turn: Turn, said: str | Words) -> Reply:
    """The message that said it is taken away, if it can have carried a key."""
    return Reply(text(said) if isinstance(said, str) else said, removes=_carrier(turn))


def _carrier(turn: Turn) -> str:
    """The message that carried a part of a key; a tap, and a command alone, carry none."""
    written = turn.incoming.text
    bare = written is not None and written.startswith("/") and is_name(turn.words or "none")
    return "" if written is None or bare else turn.incoming.message_id


# --- what is sealed -------------------------------------------------------------------------------


def opened(desk: Desk, sealed: str) -> str:
    """Raises AskUser for what was sealed with another secret."""
    found = _opened(desk, sealed)
    if found is None:
        raise AskUser(connecting_words.LOCKED)
    return found


def _opened(desk: Desk, sealed: str) -> str | None:
    """None for what was sealed with another secret."""
    try:
        return desk.keys.seals.open(sealed)
    except OperatorNeeded:
        return None


def _named(desk: Desk, words: str) -> tuple[str, list[str]]:
    """The exchange, empty where none is named, and the parts of a key. Raises AskUser."""
    return (words, []) if is_name(words) else named(opened(desk, words))


def _nothing(check: KeyCheck, exchange: str) -> Parts:
    """Before anything of the key is said."""
    return Parts(exchange, len(FULL) if check.needs_password(exchange) else len(FULL) - 1)


def _parts(desk: Desk, step: Step) -> Parts | None:
    """What the step knows; None where it can't be opened any more."""
    sealed = step.facts["sealed"]
    opened = _opened(desk, sealed) if sealed else "[]"
    if opened is None:
        return None
    return Parts(step.facts["exchange"], step.facts["wanted"], tuple(json.loads(opened)))
