"""What is proposed while somebody types the words of a command: labels, and the words behind them.

Nobody is answered but who may see it: a stranger is told nothing, and at a group's desk its
members see what is the desk's.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from agents.domain.errors import ParleyError
from agents.domain.market import TIMEFRAMES, Universe
from agents.domain.strategy import StrategyState
from agents.domain.symbols import COIN_NAMES, find, suggestions
from agents.domain.user import Identity, Place
from handlers import markers
from handlers.commands import COMMANDS
from handlers.desk import Desk
from handlers.seats import account_here

log = logging.getLogger(__name__)

Suggestion = tuple[str, str]

MOST = 25  # suggestions that every platform shows
LONGEST = 100  # characters of a label, and of the words
ALL = "all"
_TYPED = 100
_LIVING = (StrategyState.ACTIVE, StrategyState.PAUSED, StrategyState.DRAFT)
_STATES: Mapping[str, tuple[StrategyState, ...]] = {
    "pause": (StrategyState.ACTIVE,),
    "resume": (StrategyState.PAUSED,),
}
_TAKE_ALL = frozenset({"pause", "resume", "close"})

Source = Callable[[Desk, int, str, str], Awaitable[Iterable[Suggestion]]]
"""(desk, the account's user id, command, what was typed) to what fits, best first."""


async def suggest(
    desk: Desk, person: Identity, place: Place, command: str, typed: str
) -> Sequence[Suggestion]:
    """At most 25 (label, words), best first; none for strangers. Never raises."""
    row = next((row for row in COMMANDS if row.name == command), None)
    if row is None or not row.suggests:
        return ()
    try:
        account = await account_here(desk, place, person)
        if account is None:
            return ()
        said = " ".join(typed[:_TYPED].split())
        said += " " if said and typed[-1:].isspace() else ""
        found: list[Suggestion] = []
        for kind in row.suggests.split():
            found += await _SOURCES[kind](desk, account.id, command, said)
    except ParleyError:
        return ()  # what can't be read now is typed without help
    except Exception:
        log.exception("Nothing could be suggested.", extra={"command": command})
        return ()
    return _shown(found)


def _shown(found: Iterable[Suggestion]) -> Sequence[Suggestion]:
    """Each once, in labels that fit."""
    unique = {words: label for label, words in reversed(list(found)) if len(words) <= LONGEST}
    return [(_fit(label), words) for words, label in reversed(unique.items())][:MOST]


def _fit(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"


def _ranked(typed: str, number: int, names: Sequence[str]) -> int | None:
    """How well something fits: by its number, by how a name begins, by a part of one; None where
    it does not."""
    wanted = typed.strip().lstrip("#").casefold()
    if not wanted:
        return 3
    if wanted.isdecimal():
        if str(number) == wanted:
            return 0
        return 1 if str(number).startswith(wanted) else None
    known = [name.casefold() for name in names]
    if any(name.startswith(wanted) for name in known):
        return 1
    return 2 if any(wanted in name for name in known) else None


Candidate = tuple[int, Sequence[str], str]
"""A number, the names that it goes by, and its label."""


def _fitting(typed: str, candidates: Iterable[Candidate]) -> list[Suggestion]:
    ranked = [
        (rank, label, str(number))
        for number, names, label in candidates
        if (rank := _ranked(typed, number, names)) is not None
    ]
    ranked.sort(key=lambda one: one[0])
    return [(label, words) for _, label, words in ranked]


def _with_all(command: str, typed: str, count: int, found: list[Suggestion]) -> list[Suggestion]:
    """Where all of them can be meant, the offer of it stands below the single ones."""
    meant = ALL.startswith(typed.strip().casefold())
    if command not in _TAKE_ALL or count < 2 or not meant:
        return found
    return [*found[: MOST - 1], (f"All {count}", ALL)]


# --- where they come from -----------------------------------------------------------------------


async def _strategies(desk: Desk, account_id: int, command: str, typed: str) -> list[Suggestion]:
    """Those that the command can do something with, by number or name."""
    states = _STATES.get(command, _LIVING)
    mine = await desk.memory.strategies.of(account_id, states)
    mine = sorted(mine, key=lambda one: (states.index(one.state), one.number))
    found = _fitting(
        typed,
        (
            (one.number, [one.name], f"#{one.number} {one.name} · {markers.STATES[one.state]}")
            for one in mine
        ),
    )
    return _with_all(command, typed, len(mine), found)


async def _positions(desk: Desk, account_id: int, command: str, typed: str) -> list[Suggestion]:
    mine = await desk.memory.positions.of(account_id, open_only=True)
    found = _fitting(
        typed,
        (
            (
                one.id,
                [one.symbol, one.symbol.replace("/", ""), one.strategy_name],
                f"#{one.id} {markers.trade(one)} · {one.mode} · {one.strategy_name}",
            )
            for one in mine
        ),
    )
    return _with_all(command, typed, len(mine), found)


async def _proposals(desk: Desk, account_id: int, command: str, typed: str) -> list[Suggestion]:
    """The latest ones."""
    return _fitting(
        typed,
        (
            (
                one.id,
                [one.symbol, one.symbol.replace("/", "")],
                f"#{one.id} {markers.trade(one)} · {one.state}",
            )
            for one in await desk.memory.proposals.of(account_id, limit=MOST)
        ),
    )[: MOST // 2]


async def _symbols(desk: Desk, account_id: int, command: str, typed: str) -> list[Suggestion]:
    """By ticker, by name (`bitcoin`), in any spelling; with nothing typed those of the account's
    own strategies first; nothing once a second word has begun."""
    if " " in typed or typed.strip().lstrip("#").isdecimal():
        return []
    universe = await desk.universe()
    if not typed:
        known = [*await _own_symbols(desk, account_id), *universe.by_symbol]
        return [(symbol, symbol) for symbol in known if symbol in universe]
    return [(symbol, symbol) for symbol in _spelled(typed, universe)]


async def _own_symbols(desk: Desk, account_id: int) -> list[str]:
    mine = await desk.memory.strategies.of(account_id, _LIVING)
    return [symbol for one in mine for symbol in one.spec.symbols]


def _spelled(typed: str, universe: Universe) -> list[str]:
    """What it means, what begins so, what is called so, what holds it, what looks like it."""
    meant = find(typed, universe)
    begun, name = typed.upper().lstrip("$"), typed.casefold()
    coins = {coin for called, coin in COIN_NAMES.items() if called.startswith(name)}
    every = universe.by_symbol
    return [
        *([meant.symbol] if meant else ()),
        *(symbol for symbol in every if symbol.startswith(begun)),
        *(symbol for symbol in every if symbol.replace("/", "").startswith(begun)),
        *(symbol for symbol, one in every.items() if one.base in coins),
        *(symbol for symbol in every if begun in symbol),
        *suggestions(typed, universe),
    ]


async def _timeframes(desk: Desk, account_id: int, command: str, typed: str) -> list[Suggestion]:
    """After a symbol."""
    symbol, space, begun = typed.partition(" ")
    meant = find(symbol, await desk.universe()) if space else None
    if meant is None:
        return []
    fitting = (frame for frame in TIMEFRAMES if frame.startswith(begun.strip().casefold()))
    return [(f"{meant.symbol} · {frame}", f"{meant.symbol} {frame}") for frame in fitting]


_SOURCES: Mapping[str, Source] = {
    "strategies": _strategies,
    "positions": _positions,
    "proposals": _proposals,
    "symbols": _symbols,
    "timeframes": _timeframes,
}
KINDS = frozenset(_SOURCES)
