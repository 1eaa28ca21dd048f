"""/panic: one confirmation, then everything is flat and paused, and each step is told."""

from collections.abc import Mapping
from typing import Any

from agents.domain.proposal import ProposalState
from agents.domain.strategy import StrategyState
from agents.execution.leaving.panic import PanicReport
from handlers import confirm
from handlers.chat import Words, bold, lines
from handlers.desk import Desk
from handlers.turn import Answer, Turn

PANIC = "panic"  # act of the table of acts


async def panic(desk: Desk, turn: Turn) -> Answer:
    """/panic: ask once, with what it would do."""
    memory, user = desk.memory, turn.user.id
    positions = await memory.positions.of(user, open_only=True, limit=1_000)
    waiting = (ProposalState.PENDING, ProposalState.APPROVED, ProposalState.ORDERED)
    proposals = await memory.proposals.of(user, waiting, 1_000)
    active = await memory.strategies.of(user, (StrategyState.ACTIVE,))
    words = lines(
        bold("🚨 Stop everything?"),
        f"• close {_count(len(positions), 'position')} at the market",
        f"• cancel {_count(len(proposals), 'waiting proposal')}",
        f"• pause {_count(len(active), 'active strategy', 'active strategies')}",
    )
    return await confirm.ask(desk, turn, PANIC, {}, words, "🚨 Yes, stop everything")


async def panic_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    report = await desk.panic.panic(turn.user.id)
    return [confirm.agreed(begun(report))]


def begun(report: PanicReport) -> Words:
    """What the first sweep did; the rest is told by notices until all is flat."""
    return lines(bold("🚨 Panic: everything is being stopped."), *_counted(report))


def _counted(report: PanicReport) -> list[str]:
    return [
        f"Paused: {_count(report.strategies, 'strategy', 'strategies')}.",
        f"Cancelled: {_count(report.proposals, 'proposal')}.",
        f"Closing: {_count(report.positions, 'position')}"
        + ("." if report.left else ", all flat."),
        *([_still(report.open, report.orders)] if report.left else []),
        *_waiting(report.waits),
    ]


def _still(positions: int, orders: int) -> str:
    """What is not yet flat."""
    parts = [_count(positions, "position")] if positions or not orders else []
    parts += [_count(orders, "order")] if orders else []
    return f"{' and '.join(parts)} not yet flat; I go on until everything is."


def _waiting(seconds: int) -> list[str]:
    if not seconds:
        return []
    return [f"⏳ The exchange asks to wait {_count(seconds, 'second')}; I go on by myself."]


def told(facts: Mapping[str, Any]) -> Words:
    """The notice of a panic: under way, or over."""
    left = facts.get("left", 0)
    if left:
        return lines(bold("🚨 Panic under way"), *_left(facts, left))
    return lines(
        bold("✅ Panic over: everything is flat."),
        f"Closed {_count(facts.get('positions', 0), 'position')}, cancelled "
        f"{_count(facts.get('proposals', 0), 'proposal')}, paused "
        f"{_count(facts.get('strategies', 0), 'strategy', 'strategies')}.",
        "/resume starts a strategy again.",
    )


def _left(facts: Mapping[str, Any], left: int) -> list[str]:
    """What is done and what is not yet, as the facts count it."""
    still_open, orders = facts.get("open", left), facts.get("orders", 0)
    flat = max(facts.get("positions", 0) - still_open, 0)
    done = [f"Flat: {_count(flat, 'position')}."] if flat else []
    return [
        *done,
        _still(still_open, orders),
        *_waiting(facts.get("wait", 0)),
    ]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
