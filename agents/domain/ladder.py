"""From trying to real money: what a strategy must have shown before each step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.domain.money import ZERO
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Mode

RUNGS: tuple[Mode, ...] = (Mode.VALIDATION, Mode.SIMULATION, Mode.PAPER, Mode.LIVE)
"""From the bottom to the top. Going down is always allowed."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """How many closed trades a strategy needs before paper, and how many on paper before real
    money; these with a profit net of fees. 0 asks for nothing."""

    trades: int = 10
    paper_trades: int = 25


@dataclass(frozen=True, slots=True)
class Shown:
    """What a strategy has shown in one mode: closed trades, and their profit net of fees and
    funding, quote currency."""

    trades: int = 0
    profit: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: `said` is it in words, with the numbers."""

    said: str
    open: bool


def shown(positions: Sequence[Position]) -> dict[Mode, Shown]:
    """What the closed ones of `positions` show, by their mode."""
    found: dict[Mode, Shown] = {}
    for position in positions:
        if position.state is PositionState.CLOSED:
            before = found.get(position.mode, Shown())
            found[position.mode] = Shown(before.trades + 1, before.profit + position.net())
    return found


def climbs(was: Mode, to: Mode) -> bool:
    return RUNGS.index(to) > RUNGS.index(was)


def gates(ladder: Ladder, was: Mode, to: Mode, record: Mapping[Mode, Shown]) -> list[Gate]:
    """The conditions of going from `was` up to `to`; none for going down or staying.

    Trades in simulation and on paper count for the first; those of validation never happened.
    """
    if not climbs(was, to):
        return []
    found = []
    if was in {Mode.VALIDATION, Mode.SIMULATION} and to in {Mode.PAPER, Mode.LIVE}:
        found += _tried(ladder, record)
    if to is Mode.LIVE:
        found += _earned(ladder, record)
    return found


def _tried(ladder: Ladder, record: Mapping[Mode, Shown]) -> list[Gate]:
    if not ladder.trades:
        return []
    have = sum(record.get(mode, Shown()).trades for mode in (Mode.SIMULATION, Mode.PAPER))
    said = f"{min(have, ladder.trades)} of {ladder.trades} closed trades"
    return [Gate(said, have >= ladder.trades)]


def _earned(ladder: Ladder, record: Mapping[Mode, Shown]) -> list[Gate]:
    if not ladder.paper_trades:
        return []
    on_paper = record.get(Mode.PAPER, Shown())
    have = min(on_paper.trades, ladder.paper_trades)
    said = f"{have} of {ladder.paper_trades} closed paper trades"
    profit = f"a paper profit net of fees, so far {on_paper.profit:+,.2f}"
    return [
        Gate(said, on_paper.trades >= ladder.paper_trades),
        Gate(profit, on_paper.profit > 0),
    ]
