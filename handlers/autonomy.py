"""/autonomy: whether a strategy asks, waits for a veto, or runs by itself."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from agents.domain.autonomy import MANUAL, Autonomy, AutonomyKind
from agents.domain.desks import Right
from agents.domain.errors import AskUser
from agents.domain.proposal import ProposalState
from agents.domain.strategy import RunKind, Strategy, StrategyState
from handlers import confirm, drafting, markers, numbers, saying, strategies, texts
from handlers.chat import Button, Reply, Rows, Words, bold, code, lines, text
from handlers.desk import Desk
from handlers.paging import rows_of
from handlers.strategy_card import strategy_card
from handlers.turn import Answer, Turn

LET = "let_run"  # the question whether a strategy may go by itself
_LIVING = (StrategyState.ACTIVE, StrategyState.PAUSED, StrategyState.DRAFT)
_MOST = 8  # strategies in the overview
USUAL = 300  # seconds of a veto window, where none is said
_SURE, _RISK = Decimal("0.7"), Decimal(1)

PRESETS: tuple[tuple[str, Autonomy], ...] = (
    ("🙋 Manual", MANUAL),
    ("⚖️ Assisted", Autonomy(AutonomyKind.ASSISTED, confidence=_SURE, risk=_RISK)),
    ("⏱ Veto 5 min", Autonomy(AutonomyKind.VETO, window=USUAL)),
    ("🤖 Autopilot", Autonomy(AutonomyKind.AUTOPILOT)),
)
_KINDS = {
    "manual": AutonomyKind.MANUAL,
    "ask": AutonomyKind.MANUAL,
    "off": AutonomyKind.MANUAL,
    "assisted": AutonomyKind.ASSISTED,
    "veto": AutonomyKind.VETO,
    "autopilot": AutonomyKind.AUTOPILOT,
    "auto": AutonomyKind.AUTOPILOT,
}
_BOUND = re.compile(r"(confidence|risk)\s*:?\s*(\S+?)(?:,?\s+|$)", re.IGNORECASE)
_HOW = (
    "/autonomy 1 manual",
    "/autonomy 1 assisted confidence 70% risk 1%",
    "/autonomy 1 veto 5m",
    "/autonomy 1 autopilot",
)


async def autonomy(desk: Desk, turn: Turn) -> Answer:
    """/autonomy; /autonomy N; /autonomy N and how far it may go."""
    words = turn.words.split()
    at = next((index for index, word in enumerate(words) if word.lower() in _KINDS), None)
    if not words:
        return [await _overview(desk, turn)]
    if at is None:
        return [_of(await strategies.find(desk, turn, turn.words))]
    strategy = await _meant(desk, turn, " ".join(words[:at]))
    return await _change(desk, turn, strategy, parsed(words[at].lower(), words[at + 1 :]))


async def _meant(desk: Desk, turn: Turn, said: str) -> Strategy:
    if said:
        return await strategies.find(desk, turn, said)
    mine = await desk.memory.strategies.of(turn.user.id, _LIVING)
    if len(mine) == 1:
        return mine[0]
    if not mine:
        raise AskUser("You have no strategy yet. Write one in a sentence first.")
    raise AskUser(f"Which one? Write its number, like {_HOW[2]}; /strategies lists them.")


def parsed(kind: str, words: Sequence[str]) -> Autonomy:
    """What follows the number of a strategy. Raises AskUser."""
    rest = " ".join(words)
    match _KINDS[kind]:
        case AutonomyKind.ASSISTED:
            return _assisted(rest)
        case AutonomyKind.VETO:
            said = re.sub(r"\b(window|after|of|in)\b", "", rest, flags=re.IGNORECASE)
            return Autonomy(AutonomyKind.VETO, window=saying.window(said, USUAL))
        case plain:
            if rest:
                raise AskUser(f"I don't know what {rest[:30]!r} means after {kind}.")
            return Autonomy(plain)


def _assisted(rest: str) -> Autonomy:
    found = {name.lower(): value for name, value in _BOUND.findall(rest)}
    if left := _BOUND.sub("", rest).replace("and", "").strip(" ,"):
        raise AskUser(f"I can't read {left[:30]!r}. Write it like {_HOW[1]}.")
    sure = saying.percent(found.get("confidence", "70%"))
    risk = saying.percent(found.get("risk", "1%"))
    if sure is None or not 1 <= sure <= 100:
        raise AskUser("A confidence lies between 1% and 100%, like confidence 70%.")
    if risk is None or not 0 < risk <= 100:
        raise AskUser("A risk is a part of your equity, like risk 1%.")
    return Autonomy(AutonomyKind.ASSISTED, confidence=sure / 100, risk=risk)


# --- looking ------------------------------------------------------------------------------------


async def _overview(desk: Desk, turn: Turn) -> Reply:
    mine = await desk.memory.strategies.of(turn.user.id, _LIVING)
    shown = mine[:_MOST]
    said = [f"#{one.number} {one.name}: {saying.autonomy(one.autonomy)}." for one in shown]
    if len(mine) > _MOST:
        said.append(f"… and {len(mine) - _MOST} more; /autonomy N shows one.")
    words = lines(
        bold("🤖 Autonomy"),
        *(said or ["You have no strategy yet. Write one in a sentence first."]),
        "Whatever runs by itself passes the same limits as your tap. Change it with",
        *(code(example) for example in _HOW),
    )
    return Reply(words, rows_of(_opener(one) for one in shown))


def _opener(strategy: Strategy) -> Button:
    return Button(f"🤖 #{strategy.number} {strategy.name[:20]}", "autonomy", strategy.id)


def _of(strategy: Strategy) -> Reply:
    words = lines(
        bold(f"🤖 #{strategy.number} {strategy.name}"),
        f"It {saying.autonomy(strategy.autonomy)}.",
        "What shall it do with a proposal?",
    )
    return Reply(words, _presets(strategy))


def _presets(strategy: Strategy) -> Rows:
    return rows_of(
        Button(label, "let", strategy.id, index) for index, (label, _) in enumerate(PRESETS)
    )


async def opened(desk: Desk, turn: Turn) -> Answer:
    """The Autonomy button of a strategy."""
    return [_of(await desk.memory.strategies.get(turn.user.id, turn.tap.id))]


async def tapped(desk: Desk, turn: Turn) -> Answer:
    """One of the ways was tapped: `version` is which."""
    strategy = await desk.memory.strategies.get(turn.user.id, turn.tap.id)
    if turn.tap.version >= len(PRESETS):
        return [texts.said(texts.NOT_MINE)]
    return await _change(desk, turn, strategy, PRESETS[turn.tap.version][1])


# --- changing -----------------------------------------------------------------------------------


async def _change(desk: Desk, turn: Turn, strategy: Strategy, wanted: Autonomy) -> Answer:
    """Asking goes at once; whatever trades without a tap needs a Yes."""
    name = f"#{strategy.number} {strategy.name}"
    if strategy.state is StrategyState.ARCHIVED:
        return [texts.said(f"{name} is archived and trades no more; nothing was changed.")]
    if strategy.autonomy == wanted:
        return [texts.said(f"{name} {saying.autonomy(wanted)} already.")]
    if wanted == MANUAL:
        return await _set(desk, turn, strategy, wanted, edits=False)
    _keep_the_votes(turn)
    facts = {"strategy_id": strategy.id, "autonomy": wanted.as_json()}
    return await confirm.ask(desk, turn, LET, facts, await _question(desk, strategy, wanted))


def _keep_the_votes(turn: Turn) -> None:
    """Raises AskUser where several members must approve, and one of them alone, who does not make
    that rule, would do away with it."""
    if turn.group is None or turn.group.rule.approvals == 1:
        return
    if turn.role is None or not turn.role.may(Right.LEAD):
        raise AskUser(
            f"{turn.group.rule.approvals} must approve each trade of this desk: only its owner "
            "lets a strategy trade without their votes. Nothing was changed."
        )


async def _question(desk: Desk, strategy: Strategy, wanted: Autonomy) -> Words:
    limits = await desk.bounding.book.of(strategy.owner_id)
    risk = min(strategy.spec.risk_percent, limits.risk_percent)
    most = f"at most {numbers.percent(risk)} of equity at risk a trade; "
    bound = "" if strategy.spec.size else most
    said: list[Words | str] = [
        bold(f"🤖 Let #{strategy.number} {strategy.name} trade without your tap?"),
        f"{markers.mode(strategy.mode)}. From now on it {saying.autonomy(wanted)}.",
        texts.sentence(f"{bound}no limit changes, and when the price has moved it asks you"),
    ]
    signals = strategy.run is RunKind.ON_SIGNAL  # those are judged on their pillars
    alone = not (signals or await desk.model_for(strategy.owner_id))
    if alone and wanted.kind is AutonomyKind.ASSISTED:
        said.append("No model is connected to state a confidence, so it will ask each time.")
    return lines(*said)


async def let_run(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to the question."""
    _keep_the_votes(turn)
    strategy = await desk.memory.strategies.get(turn.user.id, facts["strategy_id"])
    return await _set(desk, turn, strategy, Autonomy.from_json(facts["autonomy"]), edits=True)


async def _set(
    desk: Desk, turn: Turn, strategy: Strategy, wanted: Autonomy, *, edits: bool
) -> Answer:
    memory, owner = desk.memory, turn.user.id
    async with memory.transactions.transaction():
        await memory.strategies.set_autonomy(owner, strategy.id, wanted)
        stored = {"strategy_id": strategy.id, "autonomy": wanted.as_json()}
        await memory.audit.record(owner, f"user:{turn.person.id}", "autonomy", stored)
        stopped = await _ask_instead(desk, strategy)
    now = await memory.strategies.get(owner, strategy.id)
    said = f"🤖 #{now.number} {now.name} {saying.autonomy(wanted)}."
    asks = " What was counting down asks you now." * (stopped > 0)
    card = strategy_card(await drafting.shown(desk, now), redraw=True)
    return [Reply(text(said + asks), edits=edits), card]


async def _ask_instead(desk: Desk, strategy: Strategy) -> int:
    """What counts down goes on as a question; how many that were."""
    waiting = await desk.memory.proposals.of_strategy(strategy.id, (ProposalState.PENDING,))
    counting = [one for one in waiting if one.runs_at is not None]
    for proposal in counting:
        await desk.approvals.ask_instead(proposal, "the autonomy was changed")
    return len(counting)
