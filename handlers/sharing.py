"""/share and /open: a strategy's rules for whoever has the code, as a draft of their own.

What goes along is the name and the spec as it was when it was shared: rules, settings and
guidance. Nothing else of the sharer does: no balance, key, trade, sentence or version before.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from agents.domain.errors import AskUser, NotFound
from agents.domain.sharing import Share
from agents.domain.strategy import Strategy
from handlers import drafting, strategies, texts
from handlers.chat import Reply, Words, bold, code, italic, lines, text
from handlers.desk import Desk
from handlers.strategy_card import Remarks, rule_text, strategy_card
from handlers.tables import clipped
from handlers.turn import Answer, Turn

START = "share_"  # before the code, in an address that opens a chat
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without letters that look alike
_LENGTH = 16  # 79 bits: nobody finds one by trying
_TRIES = 5
_CODE = re.compile(rf"[{_ALPHABET}]{{{_LENGTH}}}")
_OFF = ("off", "stop", "end")
_GUIDANCE = 300  # characters shown
_HOW = "/share 2 lets others copy your strategy #2; /share 2 off ends that."
_UNKNOWN = (
    "That code opens nothing: it may be mistyped, or whoever shared the strategy has ended it. "
    "Ask for a new one."
)


# --- /share -------------------------------------------------------------------------------------


async def share(desk: Desk, turn: Turn) -> Answer:
    """/share N, /share N named, /share N off; alone it lists what is shared."""
    if not turn.words:
        return [await _listed(desk, turn)]
    which, _, option = turn.words.rpartition(" ")
    if option.lower() in {*_OFF, "named"} and which:
        strategy = await strategies.find(desk, turn, which)
    else:
        strategy, option = await strategies.find(desk, turn, turn.words), ""
    if option.lower() in _OFF:
        return [await _ended(desk, turn, strategy)]
    shared = await _shared(desk, turn, strategy, turn.person.name if option else "")
    return [await _told(desk, turn, strategy, shared)]


async def _listed(desk: Desk, turn: Turn) -> Reply:
    rows = [
        code(one.code) + text(f" {clipped(one.name, 30)}, {_opened(one.opened)}")
        for one in await desk.memory.shares.of(turn.user.id)
    ]
    if not rows:
        return texts.said("You share nothing.", _HOW)
    return texts.said(bold("🔗 What you share"), *rows[-20:], _HOW)


def _opened(times: int) -> str:
    return "not opened yet" if not times else f"opened {times} time{'s' * (times > 1)}"


async def _shared(desk: Desk, turn: Turn, strategy: Strategy, by: str) -> Share:
    """The share of the strategy as it is now: the one that there is, or a new one."""
    shares = desk.memory.shares
    async with desk.memory.transactions.transaction():
        for known in await shares.of_strategy(turn.user.id, strategy.id):
            if (known.version, known.name, known.by) == (strategy.version, strategy.name, by):
                return known
        made = await _new(desk, strategy, by)
        told = {"strategy_id": strategy.id, "version": strategy.version, "code": _hidden(made.code)}
        await _audit(desk, turn.user.id, f"user:{turn.person.id}", "shared", told)
        return made


async def _new(desk: Desk, strategy: Strategy, by: str) -> Share:
    for _ in range(_TRIES):
        made = Share(
            code="".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)),
            owner_id=strategy.owner_id,
            strategy_id=strategy.id,
            version=strategy.version,
            name=strategy.name,
            spec=strategy.spec,
            created_at=desk.clock.wall(),
            by=by,
        )
        if await desk.memory.shares.add(made):
            return made
    raise RuntimeError("every code that was made is taken")


async def _told(desk: Desk, turn: Turn, strategy: Strategy, shared: Share) -> Reply:
    link = desk.people.start_link(turn.place.platform, START + shared.code)
    opened = f" It was {_opened(shared.opened)}." if shared.opened else ""
    return texts.said(
        bold(f"🔗 #{strategy.number} {strategy.name} can be copied"),
        code(link or f"/open {shared.code}"),
        *([text("or ") + code(f"/open {shared.code}")] if link else []),
        "Whoever sends me that gets a draft of their own: rules and settings, never your balance, "
        "keys or trades.",
        *_guidance_goes_along(shared),
        _signed(strategy, shared),
        f"/share {strategy.number} off ends it.{opened}",
    )


def _guidance_goes_along(shared: Share) -> Iterator[Words]:
    if shared.spec.guidance:
        words = clipped(shared.spec.guidance, _GUIDANCE)
        yield text("Its guidance goes along as you wrote it: ") + italic(f"“{words}”")


def _signed(strategy: Strategy, shared: Share) -> str:
    if shared.by:
        return f"It says that {shared.by} shared it."
    return f"It does not say who shared it; /share {strategy.number} named does."


async def _ended(desk: Desk, turn: Turn, strategy: Strategy) -> Reply:
    name = f"#{strategy.number} {strategy.name}"
    async with desk.memory.transactions.transaction():
        now = desk.clock.wall()
        count = await desk.memory.shares.end(turn.user.id, strategy.id, now)
        if not count:
            return texts.said(f"{name} is not shared.")
        told = {"strategy_id": strategy.id, "codes": count}
        await _audit(desk, turn.user.id, f"user:{turn.person.id}", "share_ended", told)
    return texts.said(f"🔗 {name} can't be copied any more. Drafts that were made of it stay.")


# --- /open --------------------------------------------------------------------------------------


async def open_(desk: Desk, turn: Turn) -> Answer:
    """/open CODE, or an address that was tapped: a draft of what is shared."""
    if not turn.words:
        raise AskUser("Send the code along: /open and the code that you were given.")
    shared = await desk.memory.shares.peek(_code_in(turn.words))
    if shared is None:
        raise NotFound(_UNKNOWN)
    strategy = await _draft(desk, turn, shared)
    last = lines(bold(f"📨 {_from(shared)}"), "Look it over before you activate it.")
    return [strategy_card(await drafting.shown(desk, strategy, last))]


def code_of_start(words: str) -> str:
    """The words for `open_` in those after /start; empty where they are no shared strategy's."""
    return words.strip() if words.strip().lower().startswith(START) else ""


def _code_in(said: str) -> str:
    """The code in what somebody sent: alone, in an address, in small letters."""
    words = said.strip().rpartition("=")[2].strip(" .,!<>“”\"'`").upper()
    words = words.removeprefix(START.upper())
    return words if _CODE.fullmatch(words) else ""


def _from(shared: Share) -> str:
    return f"Shared by {shared.by}." if shared.by else "A shared strategy."


async def _draft(desk: Desk, turn: Turn, shared: Share) -> Strategy:
    """The draft and the count of it; the one that is there where the message comes again."""
    memory = desk.memory
    async with memory.transactions.transaction():
        rules = rule_text(shared.spec) or shared.name
        before = await memory.strategies.of(turn.user.id)
        strategy = await drafting.stored(
            desk, turn, rules, shared.spec, Remarks(), name=clipped(shared.name, 40)
        )
        if strategy.id not in {one.id for one in before}:
            await _counted(desk, turn, shared, strategy)
        return strategy


async def _counted(desk: Desk, turn: Turn, shared: Share, strategy: Strategy) -> None:
    """The opener's audit says what was opened, the sharer's that it was, and not by whom."""
    told = {"code": _hidden(shared.code), "strategy_id": strategy.id}
    await _audit(desk, turn.user.id, f"user:{turn.person.id}", "share_opened", told)
    if shared.owner_id != turn.user.id:
        await desk.memory.shares.count(shared.code)
        theirs = {"code": _hidden(shared.code), "strategy_id": shared.strategy_id}
        await _audit(desk, shared.owner_id, "somebody with the code", "share_opened", theirs)


def _hidden(shared: str) -> str:
    return f"{shared[:4]}…"


async def _audit(
    desk: Desk, owner_id: int, actor: str, what: str, facts: Mapping[str, Any]
) -> None:
    await desk.memory.audit.record(owner_id, actor, what, facts)
