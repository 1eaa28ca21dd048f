"""/hooks: addresses to which TradingView and others send signals. Each is shown once."""

import secrets
from datetime import timedelta

from agents.domain.errors import AskUser, NotFound
from agents.domain.grants import Feature
from agents.domain.hooks import GRACE, LONGEST_NAME, MOST, Hook, hashed
from agents.signals.settings import opened
from handlers import texts, times
from handlers.chat import Reply, Words, bold, code, lines, pre, text
from handlers.desk import Desk
from handlers.tables import clipped
from handlers.turn import Answer, Turn

_USAGE = "/hooks new NAME makes one, /hooks rotate N gives it a new address, /hooks end N ends it."
TEMPLATE = (
    '{"symbol": "{{ticker}}",\n'
    ' "side": "{{strategy.order.action}}",\n'
    ' "price": {{close}},\n'
    ' "sl": {{plot("Stop")}},\n'
    ' "tp": {{plot("Target")}},\n'
    ' "time": "{{timenow}}"}'
)


async def hooks(desk: Desk, turn: Turn) -> Answer:
    """/hooks lists them; /hooks new NAME, /hooks rotate N, /hooks end N."""
    verb, _, rest = turn.words.strip().partition(" ")
    rest = rest.strip()
    match verb.lower():
        case "":
            return [await _listed(desk, turn)]
        case "new" | "add":
            return [await _new(desk, turn, rest)]
        case "rotate" | "renew":
            return [await _rotated(desk, turn, _number(rest))]
        case "end" | "off" | "delete" | "stop":
            return [await _ended(desk, turn, _number(rest))]
    raise AskUser(f"I don't know /hooks {texts.echo(verb)}. {_USAGE}")


async def _listed(desk: Desk, turn: Turn) -> Reply:
    mine = await desk.memory.hooks.of(turn.user.id)
    if not mine:
        return texts.said(
            bold("🔗 You have no webhooks."),
            "With one, TradingView and others send you signals; each is judged before it becomes a "
            "proposal. /hooks new TradingView makes one.",
        )
    wall = desk.clock.wall()
    rows = [_row(hook, wall - hook.used_at if hook.used_at else None) for hook in mine]
    return texts.said(bold("🔗 Your webhooks"), *rows, _USAGE)


def _row(hook: Hook, unused: timedelta | None) -> Words:
    used = f"last signal {times.age(unused)} ago" if unused is not None else "no signal yet"
    return bold(f"{hook.number} {clipped(hook.name, 30)}") + text(f": {used}")


async def _new(desk: Desk, turn: Turn, name: str) -> Reply:
    if not await desk.allows(turn.person, Feature.FEEDS):
        raise AskUser("Signals by webhook are something that the operator grants; ask for it.")
    if len(await desk.memory.hooks.of(turn.user.id)) >= MOST:
        raise AskUser(f"{MOST} webhooks are the most; end one with /hooks end and its number.")
    secret, wall = secrets.token_urlsafe(32), desk.clock.wall()
    named = clipped(" ".join(name.split()), LONGEST_NAME) or "Webhook"
    async with desk.memory.transactions.transaction():
        hook = await desk.memory.hooks.add(turn.user.id, named, hashed(secret), wall)
        await opened(desk.memory, turn.user.id, desk.clock.now())
        await _note(desk, turn, "hook", hook.number)
    return _shown(desk, hook, secret, "It is shown this once; whoever has it can send you signals.")


async def _rotated(desk: Desk, turn: Turn, number: int) -> Reply:
    hook = await desk.memory.hooks.get(turn.user.id, number)
    secret, until = secrets.token_urlsafe(32), desk.clock.wall() + GRACE
    async with desk.memory.transactions.transaction():
        if not await desk.memory.hooks.rotate(turn.user.id, number, hashed(secret), until):
            raise NotFound("There is no such webhook, or it is not yours.")
        await _note(desk, turn, "hook rotated", number)
    return _shown(desk, hook, secret, "The one before works for another 24 hours.")


async def _ended(desk: Desk, turn: Turn, number: int) -> Reply:
    async with desk.memory.transactions.transaction():
        if not await desk.memory.hooks.end(turn.user.id, number, desk.clock.wall()):
            raise NotFound(f"There is no webhook {number} of yours. /hooks lists them.")
        await _note(desk, turn, "hook ended", number)
    return texts.said(f"🔗 Webhook {number} is ended: its address takes nothing any more.")


async def _note(desk: Desk, turn: Turn, what: str, number: int) -> None:
    facts = {"number": number}
    await desk.memory.audit.record(turn.user.id, f"user:{turn.person.id}", what, facts)


def _shown(desk: Desk, hook: Hook, secret: str, remark: str) -> Reply:
    """The address, for the eyes of the person alone."""
    words = [
        bold(f"🔗 The address of webhook {hook.number} “{hook.name}”"),
        code(f"{desk.address()}/hook/{secret}"),
        text(remark),
        text("For TradingView: put it into an alert's webhook URL, and this into its message:"),
        pre(TEMPLATE),
        text("Plot your stop and target under these names, or write the numbers."),
    ]
    if not desk.address().startswith("https://"):
        words.append(
            text(
                "TradingView reaches public addresses only, and this is none: the operator sets "
                "one with PARLEY_PUBLIC_URL."
            )
        )
    return Reply(lines(*words), personal=True)


def _number(said: str) -> int:
    number = said.strip().lstrip("#")
    if not (number.isdecimal() and len(number) <= 6):
        raise AskUser("Which one? Say its number; /hooks lists them.")
    return int(number)
